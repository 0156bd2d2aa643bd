"""Headers of national systems are read in either spelling, and what has no one meaning is refused by name."""

import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

import pytest

from casefile_api.access import national_headers
from casefile_api.access.guard import JUSTIFICATIONS
from casefile_api.access.national_headers import HEADERS, TEXT_MOST, CallContext, read_context, says_anything
from casefile_api.access.reason_codes import LIST_NAME, REASON_CODES, ReasonCode
from casefile_api.errors import Invalid
from casefile_api.organisations.code_lists import CODE_LISTS
from tests.house_rules import sources

TODAY = date(2026, 11, 24)


def read(*sent: tuple[str, str]) -> CallContext:
    def headers(name: str) -> Sequence[str]:
        return [value for given, value in sent if given.lower() == name.lower()]

    return read_context(headers, TODAY)


ALL = {
    "Justification": quote("Für die Anklage"),
    "Reason-Code": "charging_decision",
    "On-Behalf-Of": quote("DS Zoë Ashdown"),
    "Activity-Code": "OP-LINDEN/4",
    "Session-Id": "s-81f0",
    "Correlation-Id": "5f0c-11",
}


@pytest.mark.parametrize("prefix", ["", "X-", "x-"])
def test_each_header_is_understood_with_and_without_its_prefix(prefix: str) -> None:
    context = read(*((prefix + name, value) for name, value in ALL.items()))

    assert (context.justification_code, context.justification_text) == ("charging-review", "Für die Anklage")
    assert context.said == {
        "reason_code": "charging_decision",
        "on_behalf_of": "DS Zoë Ashdown",
        "activity_code": "OP-LINDEN/4",
        "session_id": "s-81f0",
        "correlation_id": "5f0c-11",
    }
    assert list(context.echo.values()) == ["5f0c-11"]


def test_nothing_said_is_nothing() -> None:
    assert read() == CallContext()
    assert not says_anything(["authorization", "session", "x-request-id"])
    assert all(says_anything(["host", spelling]) for spelling in ("session-id", "x-reason-code"))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Justification", ""),
        ("Justification", "%ff"),
        ("Justification", "a%00b"),
        ("Justification", "a%0ab"),
        ("Justification", "x" * (TEXT_MOST + 1)),
        ("On-Behalf-Of", "%ff"),
        ("On-Behalf-Of", ""),
        ("Reason-Code", "curiosity"),
        ("Reason-Code", "CHARGING_DECISION"),
        ("Activity-Code", "two words"),
        ("Session-Id", "x" * 129),
        ("Session-Id", "é"),
        ("Correlation-Id", ""),
        ("Correlation-Id", "a\tb"),
    ],
)
def test_a_header_that_is_malformed_is_named(header: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read((f"X-{header}", value))

    assert [fault.header for fault in refusal.value.faults] == [header]
    assert not value or value not in str(refusal.value.faults)


@pytest.mark.parametrize("second", ["Session-Id", "X-Session-Id"])
def test_a_header_that_is_sent_twice_has_no_one_meaning(second: str) -> None:
    with pytest.raises(Invalid, match="headers"):
        read(("Session-Id", "one"), (second, "other"))


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        read(*((name, "\x01") for name in HEADERS.values()))

    assert len(refusal.value.faults) == len(HEADERS)


def test_a_code_is_taken_while_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {"old": ReasonCode("Old", "audit", None, date(2026, 11, 23)), "new": ReasonCode("New", "audit", TODAY)}
    monkeypatch.setattr(national_headers, "REASON_CODES", codes)

    assert read(("Reason-Code", "new")).justification_code == "audit"
    with pytest.raises(Invalid):
        read(("Reason-Code", "old"))


def test_the_codes_are_a_code_list_and_each_stands_for_a_justification() -> None:
    served = CODE_LISTS[LIST_NAME].by_code

    assert {code: value.extra["justification"] for code, value in served.items()} == {
        code: reason.justification for code, reason in REASON_CODES.items()
    }
    assert {reason.justification for reason in REASON_CODES.values()} == set(JUSTIFICATIONS)


def test_the_page_has_every_header_and_every_code() -> None:
    page = (sources.ROOT / "docs" / "national-headers.md").read_text()

    named = set(re.findall(r"^\| `([A-Z][A-Za-z-]+)` \|", page, re.MULTILINE))
    assert named == {*HEADERS.values(), "Access-Justification"}
    assert dict(re.findall(r"^\| `([a-z_]+)` \| .* \| `([a-z-]+)` \|$", page, re.MULTILINE)) == {
        code: reason.justification for code, reason in REASON_CODES.items()
    }
