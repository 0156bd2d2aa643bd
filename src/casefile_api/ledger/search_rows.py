"""What searches of the log go by, filed in the order of the log when an entry gets its leaf (DPA 2018 s.62).

A page of any search is then a walk along one index that stops when the page is full, however long the log is; and who
writes an entry, before the answer, keeps none of these indexes. A row goes where its entry goes: a leaf whose entry was
erased or detached cannot be found by what the entry said.
"""

COLUMNS = (
    *("id", "occurred_at", "operation", "action", "outcome", "organisation", "client_id", "staff_id"),
    "case_file_id",
)
"""What is kept as the entry says it."""

# By the case file itself too, so that an attempt refused before its owner was looked up is found as well.
OWNER = "coalesce(e.owner, case when e.case_file_id is not null then casefile_owner(e.case_file_id) end)"
"""The force whose case file was touched, of an `audit_entry e`: what an oversight remit goes by."""

_OF_ENTRY = ", ".join(f"e.{name}" for name in COLUMNS)
FILED = f"insert into audit_search (leaf_index, {', '.join(COLUMNS)}, owner) select l.leaf_index, {_OF_ENTRY}, {OWNER}"
"""Files what a `from` clause brings: leaves `l`, each with its entry `e`."""

FOUND = (
    "s.leaf_index as found_at, " + ", ".join(f"s.{name} as found_{name}" for name in COLUMNS) + ","
    f" ({_OF_ENTRY}) is distinct from ({', '.join(f's.{name}' for name in COLUMNS)}) as found_differs,"
    f" s.owner is distinct from {OWNER} and s.owner is distinct from casefile_owner(e.case_file_id) as found_elsewhere"
)
"""What searches find an entry `e` by, where its row is `s`; and whether under another force than its case file's."""
