"""The catalogue of problem codes: each stable, with its level, what it means, the mend, and where the rule comes from.

One table, `problem_codes.toml`. What a check raises must be in it; `docs/problem-codes.md` and `/v1/problem-codes` are
written from it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import TypeAlias

Found: TypeAlias = Iterator[tuple[str, str]]


class ProblemLevel(StrEnum):
    """What a problem does: `shape` and `error` refuse a content, a `warning` is returned and kept with the version."""

    SHAPE = "shape"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """A row of the catalogue."""

    code: str
    level: ProblemLevel
    section: str
    meaning: str
    mend: str
    source: str

    @property
    def detail(self) -> str:
        """Return what a sender is told: what is wrong and what to do."""
        return f"{self.meaning} {self.mend}"

    def as_body(self) -> dict[str, str]:
        """Return the row as callers see it."""
        return asdict(self)


def _read() -> Mapping[str, ProblemCode]:
    text = files("casefile_api.case_files.checks").joinpath("problem_codes.toml").read_text("utf-8")
    rows = {
        code: ProblemCode(code, ProblemLevel(row["level"]), row["section"], row["meaning"], row["mend"], row["source"])
        for code, row in tomllib.loads(text).items()
    }
    return MappingProxyType(rows)


PROBLEM_CODES: Mapping[str, ProblemCode] = _read()


def codes_of(level: ProblemLevel) -> tuple[str, ...]:
    """Return the codes of a level, in the order of the catalogue."""
    return tuple(row.code for row in PROBLEM_CODES.values() if row.level is level)
