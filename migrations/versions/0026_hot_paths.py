"""The policies that every read and write of a case file asks are asked of functions.

A condition that is written out in a policy is planned into each statement for each table it touches, with the policies
of the tables it looks at: starting such a plan cost ten times what running it does. A function has its plan once.
What is seen is the same; policies by which lists are searched stay written out, for the planner to use.
"""

from alembic import op

from migrations.grants import BREAKING, HELD, ORGANISATION, OWN, PRINCIPALS, SERVICE_ROLE, of_case

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_SEES_VERSION = f"""
    create function casefile_sees_version(wanted uuid, version integer) returns boolean
    language plpgsql stable security definer cost 1000 set search_path = pg_catalog, pg_temp as $$ begin
        return exists (select from public.case_file c where c.id = wanted
            and (c.organisation = {ORGANISATION} or exists (
                select from public.case_file_share s
                where s.case_file_id = c.id and s.number = version and s.organisation = {ORGANISATION}))
            and (c.id::text in ({HELD}, {BREAKING}) or (
                (not c.restricted or c.admitted && {PRINCIPALS} or exists (
                    select from public.case_file_break_glass g
                    where g.case_file_id = c.id and g.principal = any({PRINCIPALS}::text[]) and g.ended_at is null
                      and g.until > now()))
                and not c.shut_out && {PRINCIPALS})));
    end $$
    """
_OWNED = (
    f"exists (select from case_file f where f.id = case_file_version.case_file_id and f.organisation = {ORGANISATION})"
)
_SHARED = f"""exists (select from case_file_share s where s.case_file_id = case_file_version.case_file_id
    and s.number = case_file_version.number and s.organisation = {ORGANISATION})"""
_SEES, _SEES_VERSION_OF = "casefile_sees(case_file_id)", "casefile_sees_version(case_file_id, number)"
_REACHES = "casefile_request_reaches(request_id)"
_TOLD, _TOLD_BEFORE = f"({OWN} or {_SEES})", f"({OWN} or {of_case()})"

# Table, policy, and its conditions after and before: what is looked at, and what may be written.
_POLICIES: tuple[tuple[str, str, dict[str, tuple[str, str]]], ...] = (
    ("case_file_version", "seen", {"using": (_SEES_VERSION_OF, f"({_OWNED} or {_SHARED} and {of_case()})")}),
    ("case_file_version", "added", {"with check": (_SEES_VERSION_OF, _OWNED)}),
    ("case_file_request_position", "seen", {"using": (f"{_SEES} and {_REACHES}", f"{of_case()} and {_REACHES}")}),
    ("case_file_party", "added", {"with check": (_SEES, of_case())}),
    ("case_file_party", "changed", {"using": (_SEES, of_case()), "with check": (_SEES, of_case())}),
    ("case_key", "seen", {"using": (_SEES, of_case())}),
    (
        "event",
        "added",
        {"with check": (f"({_TOLD} or case_file_id is null)", f"({_TOLD_BEFORE} or case_file_id is null)")},
    ),
    ("event_sequence", "seen", {"using": (_TOLD, _TOLD_BEFORE)}),
    ("event_sequence", "added", {"with check": (_TOLD, _TOLD_BEFORE)}),
    ("event_sequence", "changed", {"using": (_TOLD, _TOLD_BEFORE), "with check": (_TOLD, _TOLD_BEFORE)}),
)


def upgrade() -> None:
    """Ask functions."""
    op.execute(_SEES_VERSION)
    op.execute("revoke execute on function casefile_sees_version from public")
    op.execute(f"grant execute on function casefile_sees_version to {SERVICE_ROLE}")
    _write(0)


def downgrade() -> None:
    """Write the conditions out again."""
    _write(1)
    op.execute("drop function casefile_sees_version")


def _write(place: int) -> None:
    for table, policy, conditions in _POLICIES:
        clauses = " ".join(f"{word} ({both[place]})" for word, both in conditions.items())
        op.execute(f"alter policy {policy} on {table} {clauses}")
