"""Bodies that must be refused, each with the place the problem document must point to.

`spoil(content)` changes a good content; `raw` bodies are bytes that no JSON library would write.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.outside import cases

Json = Any
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class BadBody:
    """One way to be wrong."""

    name: str
    body: bytes
    pointer: str
    status: int = 422
    code: str = "invalid"


def _spoilt(name: str, pointer: str, spoil: Callable[[Json], None]) -> BadBody:
    body = cases.opening()
    spoil(body)
    return BadBody(name, json.dumps(body).encode(), pointer)


def _set(*path: str | int, value: Json) -> Callable[[Json], None]:
    def spoil(body: Json) -> None:
        for name in path[:-1]:
            body = body[name]
        body[path[-1]] = value

    return spoil


def _drop(*path: str | int) -> Callable[[Json], None]:
    def spoil(body: Json) -> None:
        for name in path[:-1]:
            body = body[name]
        del body[path[-1]]

    return spoil


def _again(body: Json) -> None:
    body["content"]["suspects"].append(body["content"]["suspects"][0])


def _raw(name: str, before: str, after: str, pointer: str) -> BadBody:
    text = json.dumps(cases.opening())
    assert before in text
    return BadBody(name, text.replace(before, after, 1).encode(), pointer)


def _deep(depth: int = 500) -> BadBody:
    text = json.dumps(cases.opening()).replace(
        '"extensions": {}', '"extensions": {"x": ' + "[" * depth + "]" * depth + "}"
    )
    return BadBody("nested 500 deep", text.encode(), "/content/extensions/x")


def _large() -> BadBody:
    body = cases.opening()
    body["content"]["extensions"] = {"filler": ["x" * 1000] * 2100}
    return BadBody("more than 2 MiB", json.dumps(body).encode(), "", 413, "too-large")


OFFENCE, SUSPECT = ("content", "offences", 0), ("content", "suspects", 0)
BAD_BODIES = [
    _spoilt("a number for a text", "/content/summary", _set("content", "summary", value=7)),
    _spoilt("a text for a list", "/content/suspects", _set("content", "suspects", value="s1")),
    _spoilt("a text for a truth", "/content/suspects/0/repeat_suspect",
            _set(*SUSPECT, "repeat_suspect", value="false")),
    _spoilt("an unknown field", "/content/summry", _set("content", "summry", value="x")),
    _spoilt("an unknown field of the envelope", "/colour", _set("colour", value="blue")),
    _spoilt("a missing field", "/urn", _drop("urn")),
    _spoilt("a suspect nobody has described", "/content/offences/0/suspect_ids/0",
            _set(*OFFENCE, "suspect_ids", value=["s9"])),
    _spoilt("a complainant nobody has described", "/content/offences/0/complainant_ids/0",
            _set(*OFFENCE, "complainant_ids", value=["c9"])),
    _spoilt("an attachment nobody has declared", "/content/material/0/attachment_ids/0",
            _set("content", "material", 0, "attachment_ids", value=["01900000-0000-7000-8000-000000000000"])),
    _spoilt("an unknown offence code", "/content/offences/0/cjs_code", _set(*OFFENCE, "cjs_code", value="XX99999")),
    _spoilt("an unknown kind of document", "/content/material/0/kind",
            _set("content", "material", 0, "kind", value="MG99")),
    _spoilt("the 30th of February", "/content/reported_on", _set("content", "reported_on", value="2026-02-30")),
    _spoilt("a date in another order", "/content/reported_on", _set("content", "reported_on", value="14/09/2026")),
    _spoilt("a secret case", "/content/classification", _set("content", "classification", value="secret")),
    _spoilt("the same suspect twice", "/content/suspects/1/id", _again),
    _spoilt("a null", "/content/issues", _set("content", "issues", value=None)),
    _spoilt("a fraction", "/content/extensions/x", _set("content", "extensions", value={"x": 1.5})),
    _spoilt("an integer no JSON reader agrees on", "/content/extensions/x",
            _set("content", "extensions", value={"x": 2**53})),
    _spoilt("a NUL", "/content/summary", _set("content", "summary", value="a\x00b")),
    _spoilt("a CPS unit that does not exist", "/cps_unit", _set("cps_unit", value="cps-nowhere-rasso")),
    _spoilt("another force's URN", "/urn", _set("urn", value="52AA0012326")),
    _spoilt("no URN", "/urn", _set("urn", value="hello")),
    _raw("half a surrogate pair", "Consent.", "\\ud800", "/content/defence_case"),
    _raw("a name twice", '"note": "opened"', '"note": "opened", "note": "again"', "/note"),
    _raw("half a document", '"note": "opened"', '"note": ', ""),
    BadBody("no JSON", b"urn=53BH0012326", ""),
    BadBody("nothing", b"", ""),
    BadBody("bytes that are no text", b'{"urn": "\xff\xfe"}', ""),
    BadBody("a list", b"[]", ""),
    _deep(),
    _large(),
]  # fmt: skip
