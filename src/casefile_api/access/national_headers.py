"""Headers that police systems send to national ones, understood here: why, for whom, in which activity and session.

They say more about a call; they give no right to anything. What they say goes to the erasable part of the log's entry,
the coded reason also stands for an `Access-Justification` that was not sent. Each is taken with and without `X-`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import unquote

from casefile_api.access.reason_codes import REASON_CODES
from casefile_api.errors import Fault, Invalid

HEADERS: Mapping[str, str] = {
    "justification": "Justification",
    "reason_code": "Reason-Code",
    "on_behalf_of": "On-Behalf-Of",
    "activity_code": "Activity-Code",
    "session_id": "Session-Id",
    "correlation_id": "Correlation-Id",
}
TEXT_MOST = 200
WORD_MOST = 128
_WORD = re.compile(r"[!-~]+")

Given = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class CallContext:
    """What the headers say. `said` goes to the log; `echo` is the correlation id as it is sent back."""

    justification_code: str | None = None
    justification_text: str | None = None
    said: dict[str, str] = field(default_factory=dict)
    echo: dict[str, str] = field(default_factory=dict)


NOTHING_SAID = CallContext()
_SPELLINGS = frozenset(spelling.lower() for name in HEADERS.values() for spelling in (name, f"X-{name}"))


def says_anything(names: Iterable[str]) -> bool:
    """Say whether one of these headers (their names in lower case) is among those that were sent."""
    return not _SPELLINGS.isdisjoint(names)


def read_context(headers: Given, on: date) -> CallContext:
    """Read the headers of a call made on a day; `headers` gives the values of one by its name.

    Raises Invalid naming each header that is malformed, too long, or said twice.
    """
    found: dict[str, tuple[str, str]] = {}
    faults = []
    for meaning, name in HEADERS.items():
        try:
            spoken = _spoken(headers, meaning, name, on)
        except _Malformed as fault:
            faults.append(fault.fault)
            continue
        if spoken is not None:
            found[meaning] = spoken
    if faults:
        raise Invalid("What the headers say of the call is malformed.", *faults)
    if not found:
        return NOTHING_SAID
    words = {meaning: value for meaning, (_, value) in found.items()}
    text, reason = words.pop("justification", None), REASON_CODES.get(words.get("reason_code", ""))
    return CallContext(
        justification_code=reason.justification if reason else None,
        justification_text=text,
        said=words,
        echo=dict([found["correlation_id"]]) if "correlation_id" in found else {},
    )


class _Malformed(Exception):
    def __init__(self, code: str, detail: str, header: str) -> None:
        super().__init__(code)
        self.fault = Fault(code, detail, header=header)


def _spoken(headers: Given, meaning: str, name: str, on: date) -> tuple[str, str] | None:
    """Return the spelling and the value of one header; None where it was not sent."""
    sent = [(spelling, value) for spelling in (name, f"X-{name}") for value in headers(spelling)]
    if not sent:
        return None
    if len(sent) > 1:
        raise _Malformed("repeated", "Send it once, in one spelling.", name)
    spelling, raw = sent[0]
    value = _text(raw.strip(), name) if meaning in {"justification", "on_behalf_of"} else _word(raw.strip(), name)
    if meaning == "reason_code" and not (value in REASON_CODES and REASON_CODES[value].holds_on(on)):
        raise _Malformed("unknown_code", "Use a code of /v1/code-lists/reason_code that holds today.", name)
    return spelling, value


def _word(raw: str, name: str) -> str:
    if len(raw) > WORD_MOST or not _WORD.fullmatch(raw):
        raise _Malformed("malformed", f"Send 1 to {WORD_MOST} printable ASCII characters without spaces.", name)
    return raw


def _text(raw: str, name: str) -> str:
    try:
        text = unquote(raw, errors="strict")
    except UnicodeDecodeError:
        raise _Malformed("malformed", "Percent-encode the text as UTF-8.", name) from None
    if not 0 < len(text) <= TEXT_MOST or not text.isprintable():
        raise _Malformed("malformed", f"Send 1 to {TEXT_MOST} printable characters, percent-encoded.", name)
    return text
