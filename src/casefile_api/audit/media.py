"""Which form of a search's answer is wanted, by `Accept` (RFC 9110 12.5.1)."""

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
_KNOWN = {
    "application/x-ndjson": NDJSON,
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "text/csv": CSV,
    "application/json": JSON,
    "application/*": JSON,
    "text/*": CSV,
    "*/*": JSON,
}


def wanted_media_type(accept: str | None) -> str:
    """The form that is wanted most; JSON where the header names nothing that we have."""
    best, chosen = 0.0, JSON
    for item in (accept or "").split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = _quality(parameters)
        if name in _KNOWN and quality > best:
            best, chosen = quality, _KNOWN[name]
    return chosen


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
