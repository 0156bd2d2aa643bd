"""The figures as a table: one line a figure, for a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = ("group", "measure", "key", "figure", "value")
_NAMES = ("code", "kind", "side", "state", "from_days")
"""Members by which the items of a list are told apart; text and not figures."""


def csv_of(told: Mapping[str, Any]) -> bytes:
    """Return the groups of an answer as CSV with a line of headings; null is empty."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for group in told["groups"]:
        lines.writerows((group["group"], *line) for line in _lines(group))
    return written.getvalue().encode()


def _lines(group: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    for measure, value in group.items():
        if measure != "group":
            yield from _figures(measure, "", value)


def _figures(measure: str, key: str, value: Any) -> Iterator[tuple[str, str, str, Any]]:
    if not isinstance(value, dict | list):
        yield measure, key, "count", "" if value is None else value
    elif isinstance(value, list):
        for item in value:
            yield from _figures(measure, key, item)
    else:
        named = next((str(value[name]) for name in _NAMES if name in value), "")
        for figure, one in value.items():
            if isinstance(one, list):
                yield from _figures(f"{measure}.{figure}", key, one)
            elif figure not in _NAMES:
                yield measure, named or key, figure, "" if one is None else one
