"""Which operations have answered, and which of their documented refusals have been seen: the table of it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.outside.client import Exchange

OPENAPI = Path(__file__).parents[2] / "openapi" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
SUCCESS = "2xx"


@dataclass(frozen=True)
class Documented:
    """One operation of the committed OpenAPI document."""

    name: str
    method: str
    template: str
    pattern: re.Pattern[str]
    outcomes: frozenset[str]
    """`2xx`, the codes of its problems, and plain statuses where a refusal is no problem document"""


def documented(document: Any) -> list[Documented]:
    """Every operation with what it may answer."""
    return [
        Documented(operation["operationId"], method.upper(), path, _pattern(path), frozenset(_outcomes(operation)))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def read_document() -> Any:
    """The committed document."""
    return _read(OPENAPI.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(_written: int) -> Any:
    return yaml.load(OPENAPI.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def _pattern(path: str) -> re.Pattern[str]:
    pattern = re.escape(path).replace(r"\{tile_path\}", ".+")
    return re.compile("^" + re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", pattern) + "$")


def _outcomes(operation: Any) -> Iterable[str]:
    yield SUCCESS
    for status, answer in operation["responses"].items():
        if status.startswith(("4", "5")) and "application/problem+json" in answer.get("content", {}):
            yield from re.findall(r"`([a-z-]+)`:", answer["description"]) or [status]
        elif status.startswith(("4", "5")):
            yield status


def path_of(url: str) -> str:
    """The path of an address, without host and query."""
    return urlsplit(url).path


def seen(operations: list[Documented], exchanges: Iterable[Exchange]) -> dict[str, set[str]]:
    """Outcomes by operation: successes as `2xx` (a redirect is one), refusals by code, others by status."""
    found: dict[str, set[str]] = defaultdict(set)
    for exchange in set(exchanges):
        path = path_of(exchange.url)
        for operation in operations:
            if operation.method == exchange.method and operation.pattern.match(path):
                outcome = SUCCESS if exchange.status < 400 else exchange.code or str(exchange.status)
                found[operation.name].add(outcome)
    return found


def table(operations: list[Documented], found: dict[str, set[str]]) -> str:
    """A line for each operation: what was seen of what is documented."""
    lines = [f"{'operation':45} {'seen':>4} of  missing"]
    for operation in sorted(operations, key=lambda one: one.name):
        missing = sorted(operation.outcomes - found[operation.name])
        count = len(operation.outcomes & found[operation.name])
        lines.append(f"{operation.name:45} {count:4} {len(operation.outcomes):2}  {' '.join(missing) or '-'}")
    return "\n".join(lines)
