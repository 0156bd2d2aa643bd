"""Migrations go up, down and up again, keep what they should, and make exactly the tables the code describes."""

from itertools import pairwise
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.database import Database, driver_url
from tests.databases import ScratchDatabase
from tests.house_rules import sources
from tests.house_rules.database_rights import FILE, rights_in, written_down
from tests.logs import LogInHand

REVISIONS = sorted(path.stem.split("_")[0] for path in (sources.ROOT / "migrations" / "versions").glob("[0-9]*.py"))


def migrate(owner_url: str, act: str, revision: str = "") -> None:
    """One Alembic command on a database."""
    configuration = Config()
    configuration.set_main_option("script_location", str(sources.ROOT / "migrations"))
    engine = create_engine(driver_url(owner_url))
    try:
        with engine.connect() as connection:
            configuration.attributes["connection"] = connection
            command.check(configuration) if act == "check" else getattr(command, act)(configuration, revision)
            connection.commit()
    finally:
        engine.dispose()


def tables(owner_url: str) -> set[str]:
    with psycopg.connect(owner_url) as connection:
        found = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {name for (name,) in found} - {"alembic_version"}


def test_the_models_and_the_migrations_describe_the_same_tables(owner_database_url: str) -> None:
    migrate(owner_database_url, "check")


def test_everything_can_be_taken_back_and_made_again(owner_database_url: str) -> None:
    made = tables(owner_database_url)
    migrate(owner_database_url, "downgrade", "base")
    assert not tables(owner_database_url), "a downgrade leaves tables behind"
    migrate(owner_database_url, "upgrade", "head")
    assert tables(owner_database_url) == made


def test_each_step_down_and_up_keeps_what_was_there_before_it(scratch_database: ScratchDatabase) -> None:
    owner = scratch_database.owner_url
    with psycopg.connect(owner) as connection:
        connection.execute(
            "insert into organisation (id, kind, name, valid_from)"
            " values ('cps-nowhere', 'cps', 'Invented', '2020-01-01')"
        )
    for older, newer in reversed(list(pairwise(REVISIONS[1:]))):
        made = tables(owner)
        migrate(owner, "downgrade", older)
        migrate(owner, "upgrade", newer)
        assert tables(owner) == made, f"{newer} makes other tables the second time"
        assert kept(owner) == [("Invented",)], f"{newer}, taken back and made again, loses rows"
        migrate(owner, "downgrade", older)
    migrate(owner, "upgrade", "head")
    assert kept(owner) == [("Invented",)], "all of it, made again from the second step on, loses rows"


def kept(owner_url: str) -> list[tuple[str]]:
    with psycopg.connect(owner_url) as connection:
        return connection.execute("select name from organisation where id = 'cps-nowhere'").fetchall()


# What row-level security does not guard, and why: no row of these is a case's.
HOLDS_NO_CASE_DATA = {
    "audit_latecomer": "places of leaves and times",
    "audit_checkpoint": "public: signed roots of the log",
    "audit_leaf": "public: hashes of entries, in order",
    "audit_break": "what is wrong with the log",
    "audit_cosignature": "public: what witnesses signed",
    "audit_detached": "which stretches of the log were taken out",
    "audit_erasure": "which stretches of the log were erased, by whom",
    "audit_log": "public: the log's name",
    "audit_log_key": "public: keys that verify the log",
    "audit_pending": "ids of entries that have no leaf yet",
    "audit_retired_key": "public: keys that verified the log",
    "audit_self_check": "how far the log was checked",
    "audit_succession": "public: logs that were closed",
    "audit_thinned": "which checkpoints were thinned out",
    "audit_tile": "public: hashes of the tree",
    "audit_time_stamp": "public: time-stamps over checkpoints",
    "audit_witness": "public: who vouches for checkpoints",
    "client": "the register of clients, which tokens are issued by",
    "client_key": "public keys of clients",
    "file_standard_rule_set": "rules of each force, public to all that send files",
    "job_request": "ids of work to be done",
    "log_alarm": "why the log does not grow",
    "organisation": "reference data for all",
    "procrastinate_events": "ids of work done",
    "procrastinate_jobs": "ids of work to be done",
    "procrastinate_periodic_defers": "when work was last begun by the clock",
    "procrastinate_workers": "which workers live",
    "rate_bucket": "how much each client asked for",
    "refusal_tally": "counts of refusals of callers nobody knows",
    "revoked_token": "ids of tokens that are good no longer",
    "seen_assertion": "ids of assertions that were used",
    "staff": "the directory of staff, for all to name",
    "token_cutoff": "until when tokens are good no longer",
    "unit": "reference data for all",
    "used_key_proof": "hashes of proofs that were used",
    "working_time": "how far the clock was moved",
}


def test_every_table_with_case_data_is_guarded_by_row_level_security(owner_database_url: str) -> None:
    with psycopg.connect(owner_database_url) as connection:
        found = connection.execute(
            "select relname, relrowsecurity from pg_class where relkind in ('r', 'p')"
            " and not relispartition and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'"
        ).fetchall()
    unguarded = {name for name, guarded in found if not guarded}
    assert unguarded - set(HOLDS_NO_CASE_DATA) == set(), "secure(…) it in its migration, or say why it needs no guard"
    assert set(HOLDS_NO_CASE_DATA) <= unguarded, "listed as unguarded, and guarded or gone"


def test_each_role_may_do_what_is_written_down_and_no_more(owner_database_url: str) -> None:
    written = written_down()
    with psycopg.connect(owner_database_url) as owner:
        found = rights_in(owner)
    differing = {table for table in {*found, *written} if found.get(table) != written.get(table, ((), ""))[0]}
    assert differing == set(), f"say it in {FILE.name}: python -m tests.house_rules.database_rights URL"
    assert [table for table, (_, why) in written.items() if not why] == []


ROWS_OF_THE_LOG = """
    select l.leaf_index, l.leaf_hash, e.id, e.entry, e.occurred_at, e.erasable, e.salt
    from audit_leaf l join audit_entry e on e.id = l.entry_id order by 1
"""


async def test_a_log_with_entries_goes_into_partitions_and_back_and_grows_on(
    scratch_database: ScratchDatabase, tmp_path: Path
) -> None:
    log = LogInHand.on(scratch_database.service_url, scratch_database.owner_url, tmp_path)
    log.write(20, looked_for="x")
    await log.step()
    log.write(3)
    before, waiting = log.rows(ROWS_OF_THE_LOG), log.rows("select entry_id from audit_pending order by 1")
    assert (len(before), len(waiting)) == (20, 3)
    for act, revision, kind in (("downgrade", "0015", "r"), ("upgrade", "head", "p")):
        migrate(scratch_database.owner_url, act, revision)
        assert log.rows("select relkind::text from pg_class where relname = 'audit_entry'") == [(kind,)]
        assert log.rows(ROWS_OF_THE_LOG) == before
        assert log.rows("select entry_id from audit_pending order by 1") == waiting

    batch = await log.step()

    assert batch is not None and batch.alarm is None and batch.entries == 3
    database = Database(log.settings)
    report = await verify_database(database, None, await believed_beside(database, log.settings))
    await database.close()
    assert report.whole and report.counts["entries"] == 23, [found.sentence for found in report.findings]


def test_who_acts_without_a_caller_is_a_role_and_not_a_word(owner_database_url: str) -> None:
    with psycopg.connect(owner_database_url) as connection:
        found = connection.execute(
            "select tablename, roles from pg_policies where policyname = 'unattended' and roles <> '{casefile_worker}'"
        ).fetchall()
        there = connection.execute("select count(*) from pg_policies where policyname = 'unattended'").fetchone()
    assert found == [], "secure(…, unattended=WORKER_ROLE)"
    assert there is not None and there[0] > 30
