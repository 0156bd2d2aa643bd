"""The whole log of a running sandbox, recomputed from its database: what every test that writes ends with.

Beside it, what is kept twice so that lists are quick is held against what it is kept from.
"""

import asyncio

import httpx2 as httpx
import psutil  # type: ignore[import-untyped]
import psycopg

from casefile_api.audit.findings import Report
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.database import Database
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.vault import Vault, read_master_key
from casefile_api.web.assembly import master_key_file
from tests.outside.client import PLANTED, Sandbox, refuse_planted


def verify_whole_log(sandbox: Sandbox) -> Report:
    """Entries, leaves, tiles, checkpoints, commitments and versions; fails with the first thing that is wrong."""
    addresses = PostgreSQL(DataDirectory(sandbox.directory)).addresses()
    settings = Settings(database_url=addresses.worker, data_dir=sandbox.directory)
    report = asyncio.run(_verify(settings))
    assert report.whole, "\n".join(found.sentence for found in report.findings[:10])
    look_for_planted(sandbox, addresses.owner)
    compare_units(addresses.owner)
    return report


# A row for the police unit and for each unit shared with, no other, and of each organisation one is the first.
_UNITS_BUT_ONCE = """
    with meant as (
        select id as case_file_id, organisation, police_unit as unit from case_file
        union select case_file_id, organisation, unit from case_file_share),
    listed as (select case_file_id, organisation, unit from case_file_party)
    (select * from meant except select * from listed) union all (select * from listed except select * from meant)
    union all select case_file_id, organisation, string_agg(unit, ' ') from case_file_party
    group by 1, 2 having count(*) filter (where first) <> 1
"""


def compare_units(owner_url: str) -> None:
    """Each case file is listed for exactly the units that have it."""
    with psycopg.connect(owner_url) as owner:
        assert owner.execute(_UNITS_BUT_ONCE).fetchall() == []


def look_for_planted(sandbox: Sandbox, owner_url: str) -> None:
    """Nothing personal that the tests sent is in what the program said, in an event, in an entry, or in the clear."""
    said = sandbox.directory.with_name(sandbox.directory.name + ".log")
    if said.exists():
        refuse_planted("the program's output", said.read_text(errors="replace"))
    folder = DataDirectory(sandbox.directory)
    for port in (*folder.known_ports("metrics"), *folder.known_ports("worker-metrics")):
        try:
            refuse_planted("/metrics", httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        except httpx.TransportError:  # it is stopped already
            continue
    for process in psutil.process_iter(["cmdline"]):
        refuse_planted("the arguments of a process", *(process.info["cmdline"] or ()))
    with psycopg.connect(owner_url) as owner:
        look_through_tables(owner)


# What a column holds in words; bytes as far as they are words. Larger ones are sealed contents.
_IN_WORDS = """
    select c.relname, a.attname, t.typname from pg_class c join pg_attribute a on a.attrelid = c.oid
    join pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and a.attnum > 0 and not a.attisdropped
      and t.typname in ('text', 'varchar', 'json', 'jsonb', '_text', '_varchar', 'bytea') order by 1, 2
"""
_LARGEST_WORDS = 20_000


def look_through_tables(owner: psycopg.Connection) -> int:
    """Nothing that was planted is in the clear in any column of any table; how many columns there are."""
    columns = owner.execute(_IN_WORDS).fetchall()
    for table, column, kind in columns:
        words, small = f'"{column}"::text', ""
        if kind == "bytea":
            words, small = f"encode(\"{column}\", 'escape')", f'octet_length("{column}") < {_LARGEST_WORDS} and '
        statement = f'select {words} from "{table}" where {small}{words} ~ %s limit 1'
        for (row,) in owner.execute(statement.encode(), ("|".join(PLANTED),)):
            refuse_planted(f"{table}.{column}", row)
    return len(columns)


async def _verify(settings: Settings) -> Report:
    database = Database(settings, role=WORKER_ROLE)
    try:
        vault = Vault(read_master_key(master_key_file(settings)))
        return await verify_database(database, vault, await believed_beside(database, settings))
    finally:
        await database.close()
