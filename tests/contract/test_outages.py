"""Every operation says 503 while the database is silent, and 429 to a client that asks too much."""

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from tests.contract import calls
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, Scene
from tests.outside import cases
from tests.outside.client import Party, Sandbox, check_problem
from tests.outside.receiver import Receiver, status
from tests.outside.running import RunningSandbox

pytestmark = pytest.mark.timeout(240)
BURST = 250
REVOCATIONS_ARE_TRUSTED_SECONDS = 30
TOKEN_ENDPOINTS = ("issue_token", "revoke_token", "introspect_token")


@pytest.fixture(scope="module")
def strict(shared_folder: Path, sandboxes: list[Sandbox]) -> Iterator[RunningSandbox]:
    """A sandbox with a low rate, whose database may be silenced."""
    rate = {"CASEFILE_RATE_PER_SECOND": "0.0001", "CASEFILE_RATE_BURST": str(BURST), "CASEFILE_PUBLIC_LOG": "false"}
    running = RunningSandbox(shared_folder / "strict", environment=rate)
    sandboxes.append(running.start())
    yield running
    running.stop()


@pytest.fixture(scope="module")
def callers(strict: RunningSandbox, sandboxes: list[Sandbox]) -> list[tuple[Row, Party]]:
    """For each operation somebody who may, with a token."""
    scene = Scene(sandboxes[-1])
    found = []
    for row in read_matrix():
        kind = next(kind for kind in ORGANISATIONS if row.may(kind))
        party = scene.person(row.may(kind)[0], kind)
        assert party.token
        found.append((row, party))
    return found


def test_without_a_token_the_log_is_closed_where_it_is_not_made_public(strict: RunningSandbox) -> None:
    sandbox = strict.connected[-1]
    for path in ("checkpoint", "public-key", "tile/0/000.p/1"):
        answer = sandbox.http.get(f"{sandbox.base_url}/v1/audit-log/{path}")
        check_problem(answer, 401, "not-authenticated")


def test_after_three_months_old_events_are_gone(strict: RunningSandbox) -> None:
    sandbox = strict.connected[-1]
    system = sandbox.system("police-52")
    for _ in range(2):
        cases.open_case(system)
    two = until(lambda: system.get("/v1/events").json(), lambda page: len(page["items"]) >= 2)
    old = system.get("/v1/events", params={"limit": 1}).json()["next_cursor"]
    assert system.get("/v1/events", params={"after": old}).json()["items"] == two["items"][1:]
    sandbox.person("operator", organisation="operator").post("/v1/sandbox/clock", {"advance": "P100D"})
    system.refused("GET", "/v1/events", 410, "gone", params={"after": old})


def test_an_endpoint_that_says_it_is_gone_is_sent_nothing_more(strict: RunningSandbox) -> None:
    system = strict.connected[-1].system("police-20")
    with Receiver() as receiver:
        receiver.always(status(410))
        body = {"url": receiver.url, "event_types": ["*"], "description": "gone"}
        endpoint = f"/v1/webhook-endpoints/{system.post('/v1/webhook-endpoints', body, expect=201).json()['id']}"
        until(lambda: system.get(endpoint).json(), lambda view: view["state"] == "disabled")
    system.refused("POST", f"{endpoint}/test", 409, "wrong-state")
    system.refused("POST", f"{endpoint}/redeliver", 409, "wrong-state", json={"since": "2026-01-01T00:00:00Z"})


def until(look: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """Looks until it is enough, half a minute at most."""
    deadline = time.monotonic() + 30
    while not enough(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def attempt(row: Row, party: Party) -> int:
    """A well-formed call on something that does not exist; gives the status."""
    how = calls.CALLS[row.operation]
    method, template = row.call.split(" ", 1)
    places = (
        "case_file_id",
        "request_id",
        "action_id",
        "attachment_id",
        "bundle_id",
        "endpoint_id",
        "unit",
        "staff_id",
        "conflict_id",
        "link_id",
        "break_glass_id",
        "escalation_id",
    )
    values = dict.fromkeys(places, str(uuid.uuid4()))
    values |= {"number": "1", "name": "media_type", "code": "stale", "tile": "0/000.p/1", "leaf_index": "0"}
    values |= {"schema_name": "case-file-content", "schema_version": "2", "problem_code": "unknown_code"}
    values["event_type"] = "case_file.opened"
    path = template.format(**values)
    if how.form:
        return int(party.sandbox.http.post(party.sandbox.base_url + path, data=dict(how.form(party))).status_code)
    scene = Scene(party.sandbox, leaf_hash="00" * 32)
    body = how.body(scene, party) if how.body else None
    params = how.params(scene) if how.params else None
    media_type = how.media_type if body is not None else None
    answer = party.call(method, path, json=body, params=params, media_type=media_type, if_match='"any"')
    if answer.status_code in (429, 503):
        check_problem(
            answer, answer.status_code, {429: "too-many-requests", 503: "dependency-unavailable"}[answer.status_code]
        )
        assert answer.headers.get("retry-after") or answer.status_code == 503
    return answer.status_code


def database_processes(running: RunningSandbox) -> list[psutil.Process]:
    return [process for process in running.processes() if "postgres" in process.name()]


@contextmanager
def database_gone(running: RunningSandbox) -> Iterator[None]:
    """The database is dead, and who would start it again is held; long enough that no token is believed any more."""
    assert running.program is not None
    running.program.send_signal(signal.SIGSTOP)
    try:
        for process in database_processes(running):
            process.kill()
        time.sleep(REVOCATIONS_ARE_TRUSTED_SECONDS + 3)
        yield
    finally:
        running.program.send_signal(signal.SIGCONT)


def test_while_the_database_is_gone_every_operation_says_so(
    strict: RunningSandbox, callers: list[tuple[Row, Party]]
) -> None:
    closed = {row.operation: (row, party) for row, party in callers if not row.open or row.operation in TOKEN_ENDPOINTS}
    with database_gone(strict), ThreadPoolExecutor(8) as pool:
        statuses = dict(zip(closed, pool.map(lambda pair: attempt(*pair), closed.values()), strict=True))
        assert strict.connected[-1].http.get(f"{strict.connected[-1].base_url}/readyz").status_code == 503
    assert {name: status for name, status in statuses.items() if status != 503} == {}
    wait_until_ready(strict.connected[-1])


def wait_until_ready(sandbox: Sandbox) -> None:
    deadline = time.monotonic() + 60
    while sandbox.http.get(f"{sandbox.base_url}/readyz").status_code != 200:
        assert time.monotonic() < deadline, "the service does not recover"
        time.sleep(0.2)


def use_up_the_rate(party: Party) -> None:
    while party.call("GET", "/v1/me").status_code != 429:
        pass


def test_a_client_that_asks_too_much_is_told_when_to_come_back(callers: list[tuple[Row, Party]]) -> None:
    limited = [pair for pair in callers if not pair[0].open or pair[0].operation in TOKEN_ENDPOINTS]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use_up_the_rate, {party.client_id: party for _, party in callers}.values()))
        answers = pool.map(lambda pair: attempt(*pair), limited)
        statuses = {row.operation: status for (row, _), status in zip(limited, answers, strict=True)}
    assert {name: status for name, status in statuses.items() if status != 429} == {}
