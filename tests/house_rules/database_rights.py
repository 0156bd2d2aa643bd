"""What each role of the database may do to each table, as the migrations left it; `database_rights.csv` says why.

`python -m tests.house_rules.database_rights URL` writes that file anew from a migrated database, at the owner's URL;
what a table is for is kept, and asked for where a table is new.
"""

import csv
import sys
from pathlib import Path

import psycopg

FILE = Path(__file__).with_name("database_rights.csv")
COLUMNS = ("table", "casefile_service", "casefile_worker", "why", "casefile_sequencer")
ROLES = (*COLUMNS[1:3], COLUMNS[4])
_RIGHTS = f"""
    with given as (
        select c.relname as name, a.grantee, lower(a.privilege_type) as may from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        union all
        select c.relname, a.grantee, lower(a.privilege_type) || '(' || p.attname || ')'
        from pg_class c join pg_attribute p on p.attrelid = c.oid, aclexplode(p.attacl) a
        where c.relnamespace = 'public'::regnamespace and not c.relispartition)
    select name, rolname, string_agg(may, ' ' order by may collate "C")
    from given join pg_roles r on r.oid = grantee
    where rolname in {ROLES} and name <> 'alembic_version' group by 1, 2
    """


def rights_in(owner: psycopg.Connection) -> dict[str, tuple[str, ...]]:
    """The rights of each role on each table."""
    found: dict[str, dict[str, str]] = {}
    for table, role, may in owner.execute(_RIGHTS).fetchall():
        found.setdefault(table, {})[role] = may
    return {table: tuple(may.get(role, "") for role in ROLES) for table, may in found.items()}


def written_down() -> dict[str, tuple[tuple[str, ...], str]]:
    """The rights that the file tells, and why; a table that the sequencer has nothing to do with ends before it."""
    with FILE.open(newline="") as file:
        lines = list(csv.DictReader(file, restval=""))
    return {line["table"]: (tuple(line[role] for role in ROLES), line["why"]) for line in lines}


def main(owner_url: str) -> None:
    """Write the file anew."""
    before = written_down() if FILE.exists() else {}
    with psycopg.connect(owner_url) as owner, FILE.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for table, (service, worker, sequencer) in sorted(rights_in(owner).items()):
            line = (table, service, worker, before.get(table, ((), ""))[1])
            lines.writerow((*line, sequencer) if sequencer else line)


if __name__ == "__main__":
    main(sys.argv[1])
