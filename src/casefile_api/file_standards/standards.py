"""The file standards, read from their tables (`standards/`) and dated.

A standard is a list of rows: which requirement, how strictly, and in which cases. Rows may have a period, so a change
of national policy is a new row beside the old one; the `rule_set` names the day since which the rows in force are
what they are.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import cast

from casefile_api.file_standards.rules import BrokenStandard, Condition, Language


class StandardName(StrEnum):
    """What a file is sent for, in the order of a case."""

    EARLY_ADVICE = "early_advice"
    THRESHOLD_TEST = "threshold_test"
    FULL_CODE_TEST_GUILTY_PLEA = "full_code_test_guilty_plea"
    FULL_CODE_TEST = "full_code_test"
    FIRST_HEARING = "first_hearing"
    TRIAL = "trial"


NAMES = tuple(name.value for name in StandardName)


class Level(StrEnum):
    """How strictly a requirement is wanted: a file without what is required is not ready."""

    REQUIRED = "required"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a standard, with the requirement it asks for."""

    code: str
    level: Level
    title: str
    message: str
    mend: str
    prevents: tuple[str, ...]
    of_request: bool
    requires: Condition
    applies_when: tuple[Condition, ...]
    conditions: tuple[str, ...]
    valid_from: date
    valid_to: date | None

    def in_force(self, on: date) -> bool:
        """Say whether the row counts on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard as it is on a day."""

    name: str
    title: str
    source: str
    rule_set: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    source: str
    valid_from: date
    rules: tuple[Rule, ...]


def find_standard(name: str, on: date) -> Standard | None:
    """Return the named standard as it is on that day; None where there is none of that name.

    A day before its first row gives the first rows there are: a file is always judged by something.
    """
    if name not in NAMES:
        return None
    table = _table(name)
    day = max(on, table.valid_from)
    rules = tuple(rule for rule in table.rules if rule.in_force(day))
    since = max(start for rule in table.rules for start in _starts(rule) if start <= day)
    return Standard(name, table.title, table.source, f"{name}@{since.isoformat()}", rules)


def list_standards(on: date) -> tuple[Standard, ...]:
    """Return every standard as it is on that day, in the order of a case."""
    return tuple(standard for name in NAMES if (standard := find_standard(name, on)))


def _starts(rule: Rule) -> tuple[date, ...]:
    """Give the days from which the row changes what is in force: its first, and the one after its last."""
    if rule.valid_to is None:
        return (rule.valid_from,)
    return (rule.valid_from, date.fromordinal(rule.valid_to.toordinal() + 1))


@cache
def _table(name: str) -> _Table:
    language, requirements = _requirements()
    table = _read(f"{name}.toml")
    first = cast(date, table["valid_from"])
    rows = cast(list[dict[str, object]], table["rules"])
    rules = tuple(_rule(row, requirements, language, first) for row in rows)
    if len({(rule.code, rule.valid_from) for rule in rules}) < len(rules):
        raise BrokenStandard(f"{name} asks twice for the same.")
    return _Table(str(table["title"]), str(table["source"]), first, rules)


def _rule(
    row: Mapping[str, object], requirements: Mapping[str, Mapping[str, object]], language: Language, first: date
) -> Rule:
    code = str(row["requirement"])
    if code not in requirements:
        raise BrokenStandard(f"There is no requirement {code!r}.")
    wanted = requirements[code]
    conditions = [given["applies_when"] for given in (wanted, row) if "applies_when" in given]
    return Rule(
        code=code,
        level=Level(str(row["level"])),
        title=str(wanted["title"]),
        message=str(wanted["message"]),
        mend=str(wanted["mend"]),
        prevents=tuple(cast(list[str], wanted["prevents"])),
        of_request=bool(wanted.get("of_request", False)),
        requires=language.read(wanted["requires"]),
        applies_when=tuple(language.read(condition) for condition in conditions),
        conditions=tuple(str(cast(Mapping[str, object], condition)["when"]) for condition in conditions),
        valid_from=cast(date, row.get("valid_from", first)),
        valid_to=cast(date | None, row.get("valid_to")),
    )


@cache
def _requirements() -> tuple[Language, Mapping[str, Mapping[str, object]]]:
    table = cast(dict[str, Mapping[str, object]], _read("requirements.toml"))
    named = cast(Mapping[str, Mapping[str, object]], table.pop("conditions"))
    return Language(named), table


def _read(name: str) -> dict[str, object]:
    return tomllib.loads(files("casefile_api.file_standards").joinpath("standards", name).read_text("utf-8"))
