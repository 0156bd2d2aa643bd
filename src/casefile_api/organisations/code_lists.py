"""The lists of codes that police, CPS and courts use, each value with the time in which it holds.

Forces merge, units are renamed, offences come into force: so a code is looked up *on a date*. Lists are package data
(`reference/`, see its NOTICE), read once when first asked for; newer ones may take their place (`newer_lists`). Words
this service fixes itself are lower snake case; codes of a published list are written as there.
"""

import csv
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from types import MappingProxyType
from typing import TypeAlias

from casefile_api.access.reason_codes import LIST_NAME, LIST_TITLE, REASON_CODES

Detail: TypeAlias = "str | int | bool | list[str]"


def _nothing() -> Mapping[str, Detail]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CodeValue:
    """One code: what it means, from when to when (both included; None is unbounded), and what else the list says."""

    code: str
    title: str
    valid_from: date | None = None
    valid_to: date | None = None
    extra: Mapping[str, Detail] = field(default_factory=_nothing)

    def holds_on(self, on: date) -> bool:
        """Say whether the code may be used of something on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    def as_body(self) -> dict[str, object]:
        """Return the value as callers see it."""
        period = {
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }
        return {"code": self.code, "title": self.title, **period, **self.extra}


@dataclass(frozen=True)
class CodeList:
    """A named list of codes."""

    name: str
    title: str
    values: tuple[CodeValue, ...]

    @cached_property
    def by_code(self) -> Mapping[str, CodeValue]:
        """Return the values by their code."""
        return {value.code: value for value in self.values}

    @cached_property
    def _periods(self) -> Mapping[str, tuple[CodeValue, ...]]:
        """Return the values of codes that have several, each for its time."""
        if len(self.by_code) == len(self.values):
            return {}
        found: dict[str, list[CodeValue]] = {}
        for value in self.values:
            found.setdefault(value.code, []).append(value)
        return {code: tuple(values) for code, values in found.items() if len(values) > 1}

    @cached_property
    def digest(self) -> str:
        """Return what changes when anything in the list does."""
        bodies = [value.as_body() for value in self.values]
        return hashlib.sha256(json.dumps([self.title, bodies], default=list).encode()).hexdigest()

    @cached_property
    def changed_on(self) -> date | None:
        """Return the newest day on which a value of the list begins or ends to hold; None where nothing is dated."""
        days = (day for value in self.values for day in (value.valid_from, value.valid_to) if day)
        return max(days, default=None)

    def find(self, code: str, on: date) -> CodeValue | None:
        """Return the value that the code has on that day, or None where it has none."""
        for value in self._periods.get(code, ()):
            if value.holds_on(on):
                return value
        value_then = self.by_code.get(code)
        return value_then if value_then is not None and value_then.holds_on(on) else None


class _Lists(Mapping[str, CodeList]):
    """Every list by its name, each read when it is first wanted."""

    def __init__(self) -> None:
        self.newer: Mapping[str, CodeList] = {}

    def __getitem__(self, name: str) -> CodeList:
        if name in self.newer:
            return self.newer[name]
        return _LOADERS[name]() if name in _LOADERS else _published()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*_LOADERS, *_published()}))

    def __len__(self) -> int:
        return len(_LOADERS) + len(_published())


_LISTS = _Lists()
CODE_LISTS: Mapping[str, CodeList] = _LISTS


def replace_lists(newer: Mapping[str, CodeList]) -> None:
    """Put these lists in the place of the package's, before anything is answered by them."""
    _LISTS.newer = MappingProxyType(dict(newer))


def find(name: str, code: str, on: date) -> CodeValue | None:
    """Return the value of the code in the named list on that day, or None. An unknown list is a KeyError."""
    return CODE_LISTS[name].find(code, on)


def media_types_of(kind: str, on: date) -> frozenset[str]:
    """Return the media types in which a document of this kind is accepted."""
    return frozenset(value.code for value in CODE_LISTS["media_type"].values if _takes(value, kind, on))


def _takes(value: CodeValue, kind: str, on: date) -> bool:
    kinds = value.extra.get("kinds", [])
    return isinstance(kinds, list) and kind in kinds and value.holds_on(on)


def _reference(name: str) -> Traversable:
    return files("casefile_api.organisations").joinpath("reference", name)


def _rows(text: str) -> Iterable[list[str]]:
    rows = csv.reader(StringIO(text))
    next(rows)
    return rows


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def _published() -> Mapping[str, CodeList]:
    lists = json.loads(_reference("code_lists.json").read_text("utf-8"))
    return {name: CodeList(name, given["title"], _values(given["values"])) for name, given in lists.items()}


def _values(given: Iterable[dict[str, Detail]]) -> tuple[CodeValue, ...]:
    return tuple(value_of(dict(members)) for members in given)


def value_of(members: dict[str, Detail]) -> CodeValue:
    """Return a value as a list file writes it: code, title, days, and what else the list says."""
    code, title = str(members.pop("code")), str(members.pop("title"))
    first, last = (_day(str(members.pop(name, ""))) for name in ("valid_from", "valid_to"))
    return CodeValue(code, title, first, last, MappingProxyType(members))


@cache
def _offences() -> CodeList:
    """CJS offence codes. A code's commencement is that of the longest prefix that `offence_periods.json` knows."""
    given = json.loads(_reference("offence_periods.json").read_text("utf-8"))
    starts = {period["prefix"]: date.fromisoformat(period["valid_from"]) for period in given}
    text = gzip.decompress(_reference("offences.csv.gz").read_bytes()).decode("utf-8")
    values = [
        CodeValue(code, title or code, starts.get(code[:7]) or starts.get(code[:4]), None, _OffenceDetail(row))
        for row in _rows(text)
        for code, _, title, _, _ in [row]
    ]
    return CodeList("offence", "CJS offence codes", tuple(values))


class _OffenceDetail(Mapping[str, Detail]):
    """What the list says of an offence, kept as the row it was read from: there are thirty thousand."""

    __slots__ = ("_row",)
    _names = ("category", "recordable", "home_office_classification")

    def __init__(self, row: list[str]) -> None:
        self._row = row

    def __getitem__(self, name: str) -> Detail:
        if name == "recordable":
            return self._row[3] == "True"
        if name not in self._names:
            raise KeyError(name)
        return self._row[1] if name == "category" else self._row[4]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def _forces() -> CodeList:
    areas = {value.title: value.code for value in CODE_LISTS["cps_area"].values}
    values = []
    for code, name, usual in _rows(_reference("forces.csv").read_text("utf-8")):
        extra: dict[str, Detail] = {
            "organisation": f"police-{code}",
            "cps_areas": [areas[area] for area in usual.split("|") if area in areas],
        }
        values.append(CodeValue(code, name, extra=MappingProxyType(extra)))
    return CodeList("force", "Police forces, with the CPS Areas they usually work with", tuple(values))


@cache
def _police_units() -> CodeList:
    """The first four characters of a URN: force and unit."""
    values = []
    for force, force_name, unit, name in _rows(_reference("police_units.csv").read_text("utf-8")):
        extra: dict[str, Detail] = {"force": force, "force_name": force_name, "historic": "HISTORIC" in name.upper()}
        values.append(CodeValue(force + unit, name or force_name, extra=MappingProxyType(extra)))
    return CodeList("police_unit", "Police units, by the first four characters of a URN", tuple(values))


@cache
def _bank_holidays() -> CodeList:
    values = []
    for day in json.loads(_reference("bank_holidays.json").read_text("utf-8")):
        on = date.fromisoformat(day["date"])
        extra: dict[str, Detail] = {"substitute": day["substitute"]}
        values.append(CodeValue(day["date"], day["title"], on, on, MappingProxyType(extra)))
    return CodeList("bank_holiday", "Bank holidays, England and Wales", tuple(values))


def _reason_codes() -> CodeList:
    """Coded reasons for access, which the guard takes in a header."""
    values = [
        CodeValue(code, reason.title, reason.valid_from, reason.valid_to, {"justification": reason.justification})
        for code, reason in REASON_CODES.items()
    ]
    return CodeList(LIST_NAME, LIST_TITLE, tuple(values))


_LOADERS: Mapping[str, Callable[[], CodeList]] = {
    LIST_NAME: _reason_codes,
    "offence": _offences,
    "force": _forces,
    "police_unit": _police_units,
    "bank_holiday": _bank_holidays,
}
