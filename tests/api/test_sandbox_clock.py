"""The sandbox's working time, as an integrator's operator moves it."""

from datetime import timedelta

import pytest

from tests.outside.client import Party, Sandbox
from tests.telling import as_moment

CLOCK = "/v1/sandbox/clock"


@pytest.fixture
def operator(sandbox: Sandbox) -> Party:
    return sandbox.person("operator")


def test_working_time_moves_forward_and_real_time_does_not(operator: Party) -> None:
    before = operator.get(CLOCK).json()
    after = operator.post(CLOCK, json={"advance": "PT2S"}).json()
    assert after["ahead_seconds"] == before["ahead_seconds"] + 2
    ahead = as_moment(after["working_time"]) - as_moment(after["real_time"])
    assert abs(ahead - timedelta(seconds=after["ahead_seconds"])) < timedelta(seconds=1)
    assert operator.get(CLOCK).json()["ahead_seconds"] == after["ahead_seconds"]


def test_a_repeated_call_moves_the_clock_once(operator: Party) -> None:
    first = operator.post(CLOCK, json={"advance": "PT1S"}, idempotency_key="tick").json()
    again = operator.post(CLOCK, json={"advance": "PT1S"}, idempotency_key="tick").json()
    assert first["ahead_seconds"] == again["ahead_seconds"] == operator.get(CLOCK).json()["ahead_seconds"]


@pytest.mark.parametrize("advance", ["", "P", "PT0S", "-P1D", "P1.5D", "21 days", "P99Y", "P999W", "P1H"])
def test_what_is_no_length_of_time_is_refused(operator: Party, advance: str) -> None:
    problem = operator.refused("POST", CLOCK, 422, "invalid", json={"advance": advance})
    assert problem["errors"][0]["pointer"] == "/advance"


def test_only_the_operators_people_move_the_clock(sandbox: Sandbox) -> None:
    for party in (sandbox.person("officer"), sandbox.system("operator"), sandbox.system("police-53")):
        party.refused("POST", CLOCK, 403, "not-permitted", json={"advance": "P1D"})
        party.refused("GET", CLOCK, 403, "not-permitted")
