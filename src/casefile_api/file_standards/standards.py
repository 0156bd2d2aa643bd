"""The file standards, read from the tables of a rule set and dated.

A standard is a list of rows: which requirement, how strictly, and in which cases. Rows may have a period, so a change
of national policy is a new row beside the old one; the `rule_set` names the day since which the rows in force are
what they are, and the force's own rules where it has any.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import cast

from casefile_api.file_standards.rule_sets import Rules, RuleSet, Table, day_of, package_rules
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
    owner: str

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


def find_standard(name: str, on: date, rules: Rules | None = None) -> Standard | None:
    """Return the named standard as it is on that day; None where there is none of that name.

    A day before its first row gives the first rows there are: a file is always judged by something.
    """
    if name not in NAMES:
        return None
    judged_by = rules or package_rules()
    table = judged_by.national.table("standards")[name]
    day = max(on, _first_day(table))
    rows = _rows(judged_by.national, name)
    label = f"{name}@{_since(rows, day).isoformat()}"
    added = _rows(judged_by.local, name) if judged_by.local else ()
    if judged_by.local and any(row.in_force(day) for row in added):
        label += f"+{judged_by.local.owner}@{_since(added, day).isoformat()}"
    in_force = tuple(rule for rule in (*rows, *added) if rule.in_force(day))
    return Standard(name, str(table["title"]), str(table["source"]), label, in_force)


def list_standards(on: date, rules: Rules | None = None) -> tuple[Standard, ...]:
    """Return every standard as it is on that day, in the order of a case."""
    return tuple(standard for name in NAMES if (standard := find_standard(name, on, rules)))


def check_rule_set(rule_set: RuleSet) -> None:
    """Read every row of every standard.

    Raises BrokenStandard where one is not written in the language, or says twice the same.
    """
    for name in rule_set.table("standards"):
        _rows(rule_set, name)
    wanted = {str(row["requirement"]) for table in rule_set.table("standards").values() for row in _listed(table)}
    unused = rule_set.table("requirements").keys() - wanted
    if unused:
        raise BrokenStandard(f"No standard wants {sorted(unused)[0]!r}.")


def _first_day(table: Table) -> date:
    return day_of(table, "valid_from") or date.min


def _listed(table: Table) -> Iterator[Table]:
    yield from cast(list[Table], table.get("rules", []))


def _since(rows: tuple[Rule, ...], day: date) -> date:
    return max(start for rule in rows for start in _starts(rule) if start <= day)


def _starts(rule: Rule) -> tuple[date, ...]:
    """Give the days from which the row changes what is in force: its first, and the one after its last."""
    if rule.valid_to is None:
        return (rule.valid_from,)
    return (rule.valid_from, date.fromordinal(rule.valid_to.toordinal() + 1))


@lru_cache(maxsize=256)
def _rows(rule_set: RuleSet, name: str) -> tuple[Rule, ...]:
    table = rule_set.table("standards").get(name, {})
    language = _language(rule_set)
    requirements = rule_set.table("requirements")
    rows = tuple(_rule(row, requirements, language, _first_day(table), rule_set.owner) for row in _listed(table))
    if len({(rule.code, rule.valid_from) for rule in rows}) < len(rows):
        raise BrokenStandard(f"{name} asks twice for the same.")
    return rows


@lru_cache(maxsize=64)
def _language(rule_set: RuleSet) -> Language:
    """A force's rules may use the national conditions; they cannot change them."""
    national = package_rules().national.table("conditions")
    return Language({**national, **rule_set.table("conditions")})


def _rule(row: Table, requirements: Mapping[str, Table], language: Language, first: date, owner: str) -> Rule:
    code = str(row.get("requirement"))
    if code not in requirements:
        raise BrokenStandard(f"There is no requirement {code!r}.")
    wanted = requirements[code]
    absent = {"title", "message", "mend", "prevents", "requires"} - wanted.keys()
    if absent:
        raise BrokenStandard(f"{code} has no {sorted(absent)[0]}.")
    if row.get("level") not in set(Level):
        raise BrokenStandard(f"{code} is required or advisory, nothing else.")
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
        conditions=tuple(str(cast(Table, condition).get("when", "a condition")) for condition in conditions),
        valid_from=day_of(row, "valid_from") or first,
        valid_to=day_of(row, "valid_to"),
        owner=owner,
    )
