"""Which of several forms of an answer is wanted, by `Accept` (RFC 9110 12.5.1)."""

from collections.abc import Mapping


def most_wanted(accept: str | None, known: Mapping[str, str]) -> str | None:
    """Return the form wanted most, of those known by the names that a header may give; None where it names none."""
    best, chosen = 0.0, None
    for item in (accept or "").split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = _quality(parameters)
        if name in known and quality > best:
            best, chosen = quality, known[name]
    return chosen


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
