"""The catalogue of events: complete, impersonal, and asked for by patterns."""

import re

import pytest

from casefile_api.event_members import MEMBERS
from casefile_api.events import (
    EVENT_TYPES,
    Told,
    is_pattern,
    matches,
    matches_any,
    missing_members,
    sentence,
    unknown_members,
)

PROMISED = {
    "case_file": "opened version_added version_shared version_retracted corrected erased restricted"
    " restriction_changed restriction_lifted standing_changed linked unlinked split merged closed",
    "conflict": "declared withdrawn",
    "break_glass": "opened ended reported",
    "attachment": "declared available rejected deleted integrity_changed",
    "early_advice": "drafted edited not_sought response_date_moved escalated escalation_answered outcome_recorded"
    " submitted accepted returned approved refused appealed upheld overturned allocated"
    " transferred information_requested information_provided advised completed withdrawn finalised reopened",
    "action": "set started returned satisfied rejected cancelled disputed dispute_answered extension_requested"
    " extension_decided",
    "message": "sent read",
    "deadline": "approaching breached chased",
    "webhook_endpoint": "verification disabled failing recovered test",
    "audit": "checkpoint_published alarm_raised break_found successor_opened",
}


def test_every_promised_event_is_in_the_catalogue_and_no_other() -> None:
    promised = {f"{noun}.{verb}" for noun, verbs in PROMISED.items() for verb in verbs.split()}
    assert set(EVENT_TYPES) == promised


def test_what_came_later_than_the_first_version_says_so() -> None:
    """A row without `since` of its own claims to have been there from the beginning."""
    first = {name for name, row in EVENT_TYPES.items() if row.since == "0.1.0"}
    assert first == {f"{noun}.{verb}" for noun, verbs in PROMISED.items() for verb in verbs.split()}


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_an_event_holds_only_listed_members_and_its_sentence_only_what_it_holds(name: str) -> None:
    row = EVENT_TYPES[name]
    assert set(row.members) <= set(MEMBERS)
    assert len(set(row.members)) == len(row.members)
    assert set(re.findall(r"\{(\w+)\}", row.sentence)) <= set(row.members)


def test_events_of_a_case_carry_a_sequence_and_others_do_not() -> None:
    for row in EVENT_TYPES.values():
        assert ("sequence" in row.members) == row.of_a_case


def test_the_cps_is_never_told_of_what_was_not_shared() -> None:
    for name in ("case_file.opened", "case_file.version_added", "early_advice.drafted"):
        assert EVENT_TYPES[name].told is Told.POLICE_ONLY


def test_a_sentence_says_what_happened_in_words() -> None:
    said = sentence("case_file.version_shared", {"organisation": "Gloucestershire Constabulary", "version": 3})
    assert said == "Gloucestershire Constabulary shared version 3 with the CPS"


def test_members_outside_the_catalogue_are_found() -> None:
    assert unknown_members("message.sent", ["event_id", "text"]) == ["text"]
    assert missing_members("message.sent", ["event_id", "case_file_id", "sequence", "organisation"]) == [
        "early_advice_request_id",
        "message_id",
    ]


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ("*", "case_file.opened", True),
        ("case_file.*", "case_file.opened", True),
        ("case_file.opened", "case_file.opened", True),
        ("case_file.opened", "case_file.corrected", False),
        ("case.*", "case_file.opened", False),
        ("action.*", "early_advice.advised", False),
    ],
)
def test_a_pattern_takes_in_the_events_it_names(pattern: str, event: str, expected: bool) -> None:
    assert matches(pattern, event) is expected
    assert matches_any(["message.sent", pattern], event) is expected


@pytest.mark.parametrize("text", ["*", "early_advice.*", "early_advice.submitted", "webhook_endpoint.*"])
def test_a_pattern_of_the_catalogue_can_be_asked_for(text: str) -> None:
    assert is_pattern(text)


@pytest.mark.parametrize(
    "text", ["", "**", "early_advice", "early_advice.", "*.submitted", "case.*", "Case_file.*", ".*"]
)
def test_a_pattern_that_matches_nothing_is_refused(text: str) -> None:
    assert not is_pattern(text)
