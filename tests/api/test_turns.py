"""A client whose requests do not come to an end takes four places, and none from others."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.client import Sandbox

TURNS = 4
_WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'early_advice_request'"


def waiting_for(watching: psycopg.Connection, number: int) -> int:
    """How many wait in the database, once there are so many."""
    until = time.monotonic() + 60
    while (found := int((watching.execute(_WAITING).fetchone() or (0,))[0])) < number and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_a_clients_burst_waits_in_its_own_line_and_others_are_answered(sandbox: Sandbox) -> None:
    busy, other = sandbox.party("force-53-rms"), sandbox.party("force-20-rms")
    assert [party.call("GET", "/v1/me").status_code for party in (busy, other)] == [200, 200]
    owner = PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner
    with (
        psycopg.connect(owner, autocommit=True) as watching,
        psycopg.connect(owner) as holding,
        ThreadPoolExecutor(12) as threads,
    ):
        holding.execute("lock table early_advice_request in access exclusive mode")
        asked = []
        for _ in range(12):
            asked.append(threads.submit(busy.call, "GET", "/v1/early-advice-requests"))
            assert other.call("GET", "/v1/me").status_code == 200
        assert waiting_for(watching, TURNS) == TURNS
        assert other.call("GET", "/v1/me").status_code == 200
        assert waiting_for(watching, TURNS) == TURNS, "the others of the burst wait without a connection"
        holding.rollback()
        assert [answer.result().status_code for answer in asked] == [200] * 12
