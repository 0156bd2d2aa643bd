"""The log in partitions, erasable under dual control, thinned, watched, and able to have a successor.

Entries lie in partitions by month (their ids begin with their time), leaves in partitions by leaf range, with what
searches find them by beside them. What the service's role may not do itself, functions of the owner do, each for one
purpose. Erasing is for the owner alone: the service cannot call it, and without a second
person's word nobody can.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

from migrations.grants import SERVICE_ROLE, grant, secure
from migrations.log_functions import FUNCTIONS, NAMES

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ENTRY_INDEXES = {"audit_entry_by_case": "(case_file_id)"}
# Searches go by `audit_search`: whoever writes an entry does not pay for them.
_SEARCHED_BEFORE = {
    "audit_entry_by_organisation": "(organisation, occurred_at)",
    "audit_entry_by_owner": "(owner, occurred_at)",
    "audit_entry_by_time": "(occurred_at)",
}
_REMIT = "(select casefile_remit())"
_FOUND_BY = {
    "audit_search_by_case": "(case_file_id, leaf_index)",
    "audit_search_by_organisation": "(organisation, leaf_index)",
    "audit_search_by_owner": "(owner, leaf_index)",
    "audit_search_by_person": "(staff_id, leaf_index)",
    "audit_search_by_client": "(client_id, leaf_index)",
    "audit_search_by_action": "(action, leaf_index)",
    "audit_search_by_operation": "(operation, leaf_index)",
    "audit_search_by_refusal": "(leaf_index) where outcome = 'refused'",
}
_LEAF_INDEXES = {"audit_leaf_by_entry": "(entry_id)", "ix_audit_leaf_leaf_hash": "(leaf_hash)"}
_NEW = (
    "audit_erasure", "audit_detached", "audit_succession", "audit_retired_key", "audit_thinned", "audit_self_check",
    "audit_break",
)  # fmt: skip


def upgrade() -> None:
    _create_tables()
    for function in FUNCTIONS:
        op.execute(function)
    op.execute("alter table audit_leaf drop constraint audit_leaf_entry_id_fkey")
    op.execute("alter table audit_leaf drop constraint audit_leaf_entry_id_key")
    op.execute("create index audit_leaf_by_entry on audit_leaf (entry_id)")
    for index in _SEARCHED_BEFORE:
        op.execute(f"drop index {index}")
    _divide("audit_entry", "id", _ENTRY_INDEXES, "id_at(date_trunc('month', now() at time zone 'UTC') + '1 month')")
    _divide("audit_leaf", "leaf_index", _LEAF_INDEXES, "leaf_range_end()")
    _create_search()
    op.execute("select make_audit_partitions()")
    for name in NAMES:
        op.execute(f"revoke execute on function {name} from public")
    for name in ("make_audit_partitions()", "thin_checkpoints(timestamptz)"):
        op.execute(f"grant execute on function {name} to {SERVICE_ROLE}")


def _divide(table: str, key: str, indexes: dict[str, str], end: str) -> None:
    """Make the table as it is the first partition of one of its name: nothing is copied."""
    first = f"{table}_first"
    op.execute(f"alter table {table} rename to {first}")
    for index in (f"{table}_pkey", *indexes):
        op.execute(f"alter index {index} rename to {index.replace(table, first)}")
    like = "including defaults including constraints including storage"
    op.execute(f"create table {table} (like {first} {like}) partition by range ({key})")
    op.execute(f"alter table {table} add primary key ({key})")
    for index, columns in indexes.items():
        op.execute(f"create index {index} on {table} {columns}")
    op.execute(f"select copy_security('{first}', '{table}')")
    op.execute(f"revoke all on {first} from {SERVICE_ROLE}")
    op.execute(
        f"""
        do $$ begin
            execute format('alter table {table} attach partition {first} for values from (minvalue) to (%L)', {end});
        end $$
        """
    )
    # What fits no other partition must be written all the same.
    op.execute(f"create table {table}_other partition of {table} default")


def _create_search() -> None:
    """What searches go by, in the order of the log: a page of any search is a walk along one index."""
    op.execute(
        """
        create table audit_search (
            leaf_index bigint primary key, id uuid not null, occurred_at timestamptz not null, operation varchar,
            action varchar not null, outcome varchar not null, organisation varchar, client_id varchar,
            staff_id varchar, case_file_id uuid, owner varchar) partition by range (leaf_index)
        """
    )
    for index, columns in _FOUND_BY.items():
        op.execute(f"create index {index} on audit_search {columns}")
    op.execute(
        """
        do $$ begin
            execute format(
                'create table audit_search_first partition of audit_search for values from (minvalue) to (%L)',
                leaf_range_end());
        end $$
        """
    )
    op.execute("create table audit_search_other partition of audit_search default")
    op.execute(
        """
        insert into audit_search
        select l.leaf_index, e.id, e.occurred_at, e.operation, e.action, e.outcome, e.organisation, e.client_id,
            e.staff_id, e.case_file_id, coalesce(e.owner, casefile_owner(e.case_file_id))
        from audit_leaf l join audit_entry e on e.id = l.entry_id
        """
    )
    secure("audit_search", f"({_REMIT} = 'all' or {_REMIT} in (organisation, owner))", added="false")
    grant("audit_search", "select, insert")


def _create_tables() -> None:
    op.create_table(
        "audit_erasure",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("case_file_id", sa.Uuid),
        sa.Column("log", sa.Integer, nullable=False),
        sa.Column("leaves", INT8MULTIRANGE, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("asked_organisation", sa.String, nullable=False),
        sa.Column("asked_staff_id", sa.String, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("confirmed_organisation", sa.String),
        sa.Column("confirmed_staff_id", sa.String),
        sa.Column("confirmed_at", _MOMENT),
        sa.Column("act", sa.LargeBinary),
        sa.CheckConstraint("kind in ('text', 'entries', 'case')", name="audit_erasure_kind"),
        sa.CheckConstraint("(kind = 'case') = (case_file_id is not null)", name="audit_erasure_case"),
        sa.CheckConstraint(
            "(confirmed_at is null) = (confirmed_staff_id is null) and (confirmed_at is null) = (act is null)"
            " and (confirmed_at is null) = (confirmed_organisation is null)",
            name="audit_erasure_confirmed_whole",
        ),
        sa.CheckConstraint(
            "confirmed_at is null or confirmed_organisation <> asked_organisation"
            " or confirmed_staff_id <> asked_staff_id",
            name="audit_erasure_by_two",
        ),
    )
    op.create_table(
        "audit_detached",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("period", sa.String, nullable=False),
        sa.Column("attached", sa.Boolean, nullable=False),
        sa.Column("log", sa.Integer, nullable=False),
        sa.Column("leaves", INT8MULTIRANGE, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("act", sa.LargeBinary, nullable=False),
        sa.Column("happened_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "audit_succession",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("tree_size", sa.BigInteger, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "audit_retired_key",
        sa.Column("verifier_key", sa.String, primary_key=True),
        sa.Column("retired_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "audit_thinned",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("gone", INT8MULTIRANGE, nullable=False),
        sa.CheckConstraint("id = 1", name="audit_thinned_one_row"),
    )
    op.create_table(
        "audit_self_check",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("next_leaf", sa.BigInteger, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("stepped_at", _MOMENT, nullable=False),
        sa.Column("completed_at", _MOMENT),
        sa.CheckConstraint("id = 1", name="audit_self_check_one_row"),
    )
    op.create_table(
        "audit_break",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("wrong", sa.String, nullable=False),
        sa.Column("found_at", _MOMENT, nullable=False),
        sa.Column("mended_at", _MOMENT),
    )
    for table in ("audit_erasure", "audit_detached", "audit_succession", "audit_retired_key"):
        grant(table, "select, insert")
    grant("audit_thinned", "select")
    for table in ("audit_self_check", "audit_break"):
        grant(table, "select, insert, update")


def downgrade() -> None:
    op.execute(
        """
        do $$ begin
            if exists (select from audit_succession) then
                raise exception 'this database holds a log that was closed, which older tables cannot hold';
            end if;
        end $$
        """
    )
    op.drop_table("audit_search")
    _join("audit_entry", "id", _ENTRY_INDEXES | _SEARCHED_BEFORE)
    _join("audit_leaf", "leaf_index", {"ix_audit_leaf_leaf_hash": _LEAF_INDEXES["ix_audit_leaf_leaf_hash"]})
    op.execute("alter table audit_leaf add constraint audit_leaf_entry_id_key unique (entry_id)")
    # An entry that was erased or detached has left its leaf behind.
    op.execute(
        "alter table audit_leaf add constraint audit_leaf_entry_id_fkey foreign key (entry_id)"
        " references audit_entry (id) not valid"
    )
    op.execute(
        """
        do $$ begin
            if not exists (
                select from audit_leaf l left join audit_entry e on e.id = l.entry_id where e.id is null) then
                alter table audit_leaf validate constraint audit_leaf_entry_id_fkey;
            end if;
        end $$
        """
    )
    for name in NAMES:
        op.execute(f"drop function {name}")
    for table in _NEW:
        op.drop_table(table)


def _join(table: str, key: str, indexes: dict[str, str]) -> None:
    """Make one table of all its partitions."""
    like = "including defaults including constraints including storage"
    op.execute(f"create table {table}_whole (like {table} {like})")
    op.execute(f"insert into {table}_whole select * from {table}")
    op.execute(f"select copy_security('{table}', '{table}_whole')")
    op.execute(f"drop table {table}")
    op.execute(f"alter table {table}_whole rename to {table}")
    op.execute(f"alter table {table} add primary key ({key})")
    for index, columns in indexes.items():
        op.execute(f"create index {index} on {table} {columns}")
