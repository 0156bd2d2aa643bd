"""What lets somebody into a restricted case file, asked of the database itself: time runs out, and queues are held."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from casefile_api.case_files.admission import let_in
from casefile_api.case_files.run_out import tell_run_out
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.identifiers import new_id
from casefile_api.ledger.happenings import shown_to_systems
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER, Scope
from casefile_api.webhooks import queue

SENIOR, GATEKEEPER = "police-53/senior", "police-53/gatekeeper"
CASE = """
    insert into case_file (id, urn, organisation, police_unit, cps_unit, crime_references, newest_number, named_staff,
                           restricted, admitted, shut_out)
    values (%s, '53BH0000126', 'police-53', 'police-53-rasso', 'cps-south-west-rasso', '{}', 1, '{}', true,
            array['police-53/gatekeeper'], '{}')
"""
GLASS = """
    insert into case_file_break_glass (id, case_file_id, owner, organisation, principal, opened_at, until, opened_by,
                                       reason)
    values (%s, %s, 'police-53', 'police-53', %s, now() - interval '1 hour', now() + %s, '{}', 'sealed')
"""


@pytest.fixture
def database(owner_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(owner_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def case_file(database: psycopg.Connection) -> UUID:
    """A case file that admits the gatekeeper alone."""
    identifier = new_id()
    database.execute(CASE, (identifier,))
    return identifier


def sees(database: psycopg.Connection, case_file: UUID, *principals: str) -> bool:
    statement = f"select {let_in().replace(':principals', '%(principals)s')} from case_file c where c.id = %(id)s"
    row = database.execute(statement.encode(), {"id": case_file, "principals": list(principals)}).fetchone()
    return bool(row and row[0])


def test_the_person_or_a_role_is_admitted_and_nobody_else(database: psycopg.Connection, case_file: UUID) -> None:
    assert sees(database, case_file, GATEKEEPER, "police-53#gatekeeper")
    assert not sees(database, case_file, SENIOR, "police-53#senior_officer")
    database.execute("update case_file set admitted = array['police-53#officer']")
    assert sees(database, case_file, "police-53/any", "police-53#officer")
    assert not sees(database, case_file, GATEKEEPER, "police-53#gatekeeper")


def test_broken_glass_lets_one_person_in_until_its_time_is_up(database: psycopg.Connection, case_file: UUID) -> None:
    opening = new_id()
    database.execute(GLASS, (opening, case_file, SENIOR, timedelta(minutes=1)))
    assert sees(database, case_file, SENIOR) and not sees(database, case_file, "police-53/other")
    database.execute("update case_file_break_glass set until = now() - interval '1 second'")
    assert not sees(database, case_file, SENIOR)


def test_broken_glass_that_was_ended_lets_nobody_in(database: psycopg.Connection, case_file: UUID) -> None:
    database.execute(GLASS, (new_id(), case_file, SENIOR, timedelta(minutes=1)))
    database.execute("update case_file_break_glass set ended_at = now(), ended_by = '{}'")
    assert not sees(database, case_file, SENIOR)


def test_a_conflict_of_interest_wins_over_everything(database: psycopg.Connection, case_file: UUID) -> None:
    database.execute(GLASS, (new_id(), case_file, SENIOR, timedelta(minutes=1)))
    database.execute("update case_file set shut_out = %s", ([SENIOR, GATEKEEPER],))
    assert not sees(database, case_file, SENIOR) and not sees(database, case_file, GATEKEEPER)
    database.execute("update case_file set restricted = false, admitted = '{}'")
    assert not sees(database, case_file, SENIOR) and sees(database, case_file, "police-53/other")


def test_a_restricted_case_file_admits_somebody(database: psycopg.Connection, case_file: UUID) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        database.execute("update case_file set admitted = '{}'")


async def test_a_delivery_queued_before_the_restriction_is_held_until_the_systems_are_admitted(
    database: psycopg.Connection, case_file: UUID, owner_database_url: str
) -> None:
    endpoint, now = owe_one(database, case_file), datetime.now(UTC)
    async with await psycopg.AsyncConnection.connect(owner_database_url, autocommit=True) as connection:

        async def due() -> tuple[int, int]:
            found = await queue.find_due(connection, endpoint, now, most=10, in_hand=())
            return len(found), len(await queue.take_endpoints_with_work(connection, now, ()))

        assert await due() == (0, 0)
        database.execute("update case_file set admitted = array['police-53#system']")
        assert await due() == (1, 1)
        database.execute("update case_file set restricted = false, admitted = '{}'")
        assert await due() == (1, 1)


def owe_one(database: psycopg.Connection, case_file: UUID) -> UUID:
    """An endpoint that is owed an event of the case file, due a minute ago."""
    endpoint, event = new_id(), new_id()
    database.execute(
        "insert into webhook_endpoint (id, organisation, client_id, url, event_types, state, created_at, updated_at,"
        " fed_to) values (%s, 'police-53', 'rms', 'http://127.0.0.1:9/', array['*'], 'active', now(), now(), 0)",
        (endpoint,),
    )
    database.execute(
        "insert into event (event_id, organisation, type, case_file_id, sequence, occurred_at, recorded_at, body,"
        " actor_organisation) values (%s, 'police-53', 'case_file.opened', %s, 1, now(), now(), '{}', 'police-53')",
        (event, case_file),
    )
    database.execute(
        "insert into webhook_delivery (id, endpoint_id, event_id, organisation, event_type, case_file_id, position,"
        " state, due_at, created_at) values (%s, %s, %s, 'police-53', 'case_file.opened', %s, 1, 'waiting',"
        " now() - interval '1 minute', now())",
        (new_id(), endpoint, event, case_file),
    )
    return endpoint


@pytest.mark.parametrize("scope", [Scope("police-53", "police", ("police-53#system",)), WORKER])
def test_what_row_level_security_hides_is_not_taken_for_unrestricted(
    database: psycopg.Connection, case_file: UUID, database_url: str, scope: Scope
) -> None:
    asked = f"select {shown_to_systems('%(case)s::uuid', '%(organisation)s::text')}".encode()
    with psycopg.connect(database_url) as service:
        service.execute("select set_config(name, value, false) from unnest(%s::text[], %s::text[]) s(name, value)",
                        (list(scope.settings), list(scope.settings.values())))  # fmt: skip

        def shown(to: str, case: UUID | None = case_file) -> bool:
            row = service.execute(asked, {"case": case, "organisation": to}).fetchone()
            return bool(row and row[0])

        assert not shown("police-53") and shown("police-53", None)
        database.execute("update case_file set admitted = array['police-53#system']")
        assert shown("police-53") and not shown("cps-south-west")


async def test_broken_glass_that_ran_out_is_told_once(
    database: psycopg.Connection, case_file: UUID, database_url: str
) -> None:
    database.execute(GLASS, (new_id(), case_file, SENIOR, timedelta(minutes=-1)))
    database.execute(GLASS, (new_id(), case_file, GATEKEEPER, timedelta(minutes=1)))
    service = Database(Settings(database_url=database_url))
    assert [await tell_run_out(service, Clock()) for _ in range(2)] == [1, 0]
    await service.close()
    told = database.execute("select type, organisation, sequence from event").fetchall()
    assert told == [("break_glass.ended", "police-53", 1)]
    [act] = database.execute("select action, case_file_id, owner from audit_entry").fetchall()
    assert act == ("run_out_break_glass", case_file, "police-53")
