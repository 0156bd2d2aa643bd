"""Scripts of the other side: each behaviour does what its name says, holds back when it should, and ends."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from casefile_api.demo.answers import NotAsToldError, View
from casefile_api.demo.behaviours import BEHAVIOURS, Playing, Seen, next_act, read_script
from casefile_api.organisations.code_lists import CODE_LISTS

Json = Any
REASONS = [value.code for value in CODE_LISTS["triage_rejection_reason"].values]
TODAY = date(2026, 11, 24)


def seen(state: str, *taken: str, clocks: Sequence[Json] = (), actions: Sequence[Json] = ()) -> Seen:
    """A request in a state after these steps."""
    story = {
        "state": state,
        "history": [{"step": step} for step in taken],
        "clocks": list(clocks),
        "suspect_ids": ["s1"],
    }
    return Seen(View(story), [View(action) for action in actions], TODAY, "p1")


def act(side: Playing, word: str, view: Seen) -> str | None:
    """The step that a behaviour takes next."""
    done = next_act(side, read_script(word, side, REASONS)[0], view)
    return done.step if done else None


def late(kind: str, *, stopped: bool = False) -> Json:
    return {
        "kind": kind,
        "stopped_at": "2026-11-20T00:00:00Z" if stopped else None,
        "breached_at": "2026-11-19T00:00:00Z",
    }


def action(state: str, **more: Json) -> Json:
    return {"id": "a1", "state": state, "extension_requested_to": None, "clocks": [], **more}


@pytest.mark.parametrize(
    ("word", "view", "step"),
    [
        ("accepts", seen("submitted"), "accept"),
        ("accepts", seen("manager_review"), "approve"),
        ("accepts", seen("accepted"), "allocate"),
        ("accepts", seen("allocated"), "advise"),
        ("accepts", seen("appealed"), "overturn"),
        ("accepts", seen("returned"), None),
        ("accepts", seen("action_plan_open", actions=[action("open")]), None),
        ("accepts", seen("action_plan_open", actions=[action("returned")]), "satisfy"),
        ("accepts", seen("action_plan_open", actions=[action("disputed")]), "answer-dispute"),
        ("accepts", seen("action_plan_open", actions=[action("open", extension_requested_to="x")]), "decide-extension"),
        ("accepts", seen("action_plan_open", actions=[action("satisfied"), action("cancelled")]), "complete"),
        ("returns:3", seen("submitted"), "return"),
        ("returns:3", seen("submitted", "return"), "accept"),
        ("refuses", seen("submitted"), "accept"),
        ("refuses", seen("manager_review"), "refuse"),
        ("refuses", seen("appealed"), "uphold"),
        ("asks", seen("allocated"), "request-information"),
        ("asks", seen("allocated", "request-information"), "advise"),
        ("late", seen("submitted"), None),
        ("late", seen("submitted", clocks=[late("triage", stopped=True)]), None),
        ("late", seen("submitted", clocks=[late("triage")]), "accept"),
        ("late", seen("allocated", "accept"), "advise"),
        ("never", seen("submitted", clocks=[late("triage")]), None),
    ],
)
def test_the_cps_does_what_its_script_says(word: str, view: Seen, step: str | None) -> None:
    assert act(Playing.CPS, word, view) == step


@pytest.mark.parametrize(
    ("word", "view", "step"),
    [
        ("answers", seen("draft"), "submit"),
        ("answers", seen("returned"), "submit"),
        ("answers", seen("information_requested"), "provide-information"),
        ("answers", seen("action_plan_open", actions=[action("in_progress")]), "return"),
        ("answers", seen("refused"), None),
        ("appeals", seen("refused"), "appeal"),
        ("appeals", seen("refused", "appeal"), None),
        ("withdraws", seen("returned"), "withdraw"),
        ("late", seen("draft"), "submit"),
        ("late", seen("returned"), None),
        ("late", seen("returned", clocks=[late("police_response")]), "submit"),
        ("late", seen("action_plan_open", actions=[action("open", clocks=[late("action")])]), "return"),
        ("never", seen("returned"), None),
    ],
)
def test_the_force_does_what_its_script_says(word: str, view: Seen, step: str | None) -> None:
    assert act(Playing.FORCE, word, view) == step


def test_a_reason_is_named_by_its_place_or_its_code() -> None:
    by_place, by_code, first = read_script("returns:3, returns:NO_MG3, returns", Playing.CPS, REASONS)
    assert by_code.detail == by_place.detail == "NO_MG3"
    assert first.detail != ""


@pytest.mark.parametrize("text", ["accept", "", "returns:14", "returns:0", "returns:NONE", "never:2", "answers"])
def test_what_a_script_does_not_know_is_refused_with_what_it_knows(text: str) -> None:
    with pytest.raises(NotAsToldError):
        read_script(text, Playing.CPS, REASONS)


def test_both_sides_have_somebody_who_is_late_and_somebody_who_never_answers() -> None:
    assert all({"late", "never"} <= set(rows) for rows in BEHAVIOURS.values())
