"""Rule sets: the tables of the file standards as one value with a digest, national or a force's own.

The national set comes with the package, until a newer one is loaded. A force may add rules of its own beside it: its
requirements and conditions have names that begin with `local_`, so none can take the place of a national one.
A verdict keeps the digests of the sets that gave it, and a set that was ever used is kept: so any verdict can be given
again.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias, cast

from casefile_api.canonical import canonical_json, sha256_hex
from casefile_api.file_standards.rules import BrokenStandard

NATIONAL = "national"
LOCAL_PREFIX = "local_"
STANDARD_NAMES = (
    "early_advice",
    "threshold_test",
    "full_code_test_guilty_plea",
    "full_code_test",
    "first_hearing",
    "trial",
)

Table: TypeAlias = Mapping[str, object]
Reader: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The tables of one owner. Two sets with the same digest say the same."""

    owner: str
    digest: str
    tables: Table = field(compare=False, repr=False)

    def table(self, name: str) -> Mapping[str, Table]:
        """Return the conditions, requirements, standards or samples by their names."""
        return cast(Mapping[str, Table], self.tables.get(name, {}))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a file is judged by: the national rules, and those that the force added."""

    national: RuleSet
    local: RuleSet | None = None


@cache
def package_rules() -> Rules:
    """Return the rules that come with the package."""
    root = files("casefile_api.file_standards").joinpath("standards")
    return Rules(make_rule_set(NATIONAL, _gathered(lambda name: root.joinpath(name).read_text("utf-8"))))


def read_rule_set(owner: str, path: Path) -> RuleSet:
    """Read a set from a folder of national tables, or from the one file of a force.

    Raises BrokenStandard where it is not written as it must be.
    """
    try:
        if owner == NATIONAL:
            return make_rule_set(owner, _gathered(lambda name: (path / name).read_text("utf-8")))
        return make_rule_set(owner, _of_force(tomllib.loads(path.read_text("utf-8"))))
    except tomllib.TOMLDecodeError as fault:
        raise BrokenStandard(f"This is not TOML: {fault}") from None
    except OSError as fault:
        raise BrokenStandard(f"It cannot be read: {fault.strerror} ({Path(str(fault.filename)).name}).") from None


def make_rule_set(owner: str, tables: Table) -> RuleSet:
    """Make a set of its tables; days become text, so that a set reads the same from a file and from the database.

    Raises BrokenStandard where a force's set has names that are not its own.
    """
    written = cast(Table, _plain(tables))
    if owner != NATIONAL:
        _refuse_national_names(written)
    return RuleSet(owner, sha256_hex(canonical_json(written)), written)


def day_of(row: Table, name: str) -> date | None:
    """Return a day of a row, or None where it has none."""
    value = row.get(name)
    try:
        return date.fromisoformat(str(value)) if value is not None else None
    except ValueError:
        raise BrokenStandard(f"{name} is a day: YYYY-MM-DD.") from None


def _gathered(read: Reader) -> Table:
    requirements = tomllib.loads(read("requirements.toml"))
    conditions = requirements.pop("conditions", {})
    standards = {name: tomllib.loads(read(f"{name}.toml")) for name in STANDARD_NAMES}
    samples = tomllib.loads(read("samples.toml"))
    return {"conditions": conditions, "requirements": requirements, "standards": standards, "samples": samples}


def _of_force(file: Mapping[str, object]) -> Table:
    unknown = file.keys() - {"conditions", "requirements", "rules", "samples"}
    if unknown:
        raise BrokenStandard(f"A force's rules have no table {sorted(unknown)[0]!r}.")
    standards: dict[str, dict[str, list[Table]]] = {}
    for row in cast(list[dict[str, object]], file.get("rules", [])):
        name = str(row.pop("standard", ""))
        if name not in STANDARD_NAMES:
            raise BrokenStandard(f"There is no standard {name!r}.")
        standards.setdefault(name, {"rules": []})["rules"].append(row)
    kept = {name: file.get(name, {}) for name in ("conditions", "requirements", "samples")}
    return {**kept, "standards": standards}


def _refuse_national_names(tables: Table) -> None:
    named = [*cast(Table, tables["conditions"]), *cast(Table, tables["requirements"])]
    for standard in cast(Mapping[str, Table], tables["standards"]).values():
        named += [str(row.get("requirement")) for row in cast(list[Table], standard["rules"])]
    foreign = [name for name in named if not name.startswith(LOCAL_PREFIX)]
    if foreign:
        raise BrokenStandard(f"A force adds rules and changes none: {foreign[0]!r} does not begin with {LOCAL_PREFIX}.")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
