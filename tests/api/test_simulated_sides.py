"""The other side, played over the API: each request goes the way of its behaviour, and then there is nothing to do."""

from casefile_api.demo.behaviours import Playing
from casefile_api.demo.simulating import PlayedUnit
from tests.api.advising import path_of
from tests.outside.client import Sandbox

POLICE_UNIT, CPS_UNIT = "police-20-rasso", "cps-west-midlands-rasso"
ENDS = {
    "accepts": ("completed", ["submit", "accept", "approve", "allocate", "advise", "complete"]),
    "returns": ("completed", ["submit", "return", "submit", "accept", "approve", "allocate", "advise", "complete"]),
    "refuses": ("refused", ["submit", "accept", "refuse", "appeal", "uphold"]),
    "asks": (
        "completed",
        [
            *("submit", "accept", "approve", "allocate"),
            *("request-information", "provide-information", "advise", "complete"),
        ],
    ),
    "never": ("submitted", ["submit"]),
}


def played(sandbox: Sandbox, side: Playing, unit: str, script: str, said: list[str]) -> PlayedUnit:
    unit_played = PlayedUnit.of(sandbox.directory / "sandbox.json", side, unit, script)
    unit_played.tell = said.append
    return unit_played


def test_two_played_units_bring_every_request_to_the_end_of_its_script(sandbox: Sandbox) -> None:
    said: list[str] = []
    cps = played(sandbox, Playing.CPS, CPS_UNIT, "accepts, returns:3, refuses, asks, never", said)
    force = played(sandbox, Playing.FORCE, POLICE_UNIT, "appeals", said)
    before = set(force.open_requests())
    force.open_cases(len(ENDS), CPS_UNIT)
    cps.open_cases(0, CPS_UNIT)
    opened = set(force.open_requests()) - before
    assert len(opened) == len(ENDS)
    for _ in range(20):
        if force.look() + cps.look() == 0:
            break
    assert {cps.parts[request].name for request in opened} == set(ENDS)
    for request in opened:
        story = force.person("officer").get(path_of(request)).body
        steps = [step.text("step") for step in story.items("history")][1:]
        assert (story.text("state"), steps) == ENDS[cps.parts[request].name]
    force.wire.http.close()
    cps.wire.http.close()
