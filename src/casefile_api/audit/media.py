"""Which form of a search's answer is wanted, by `Accept` (RFC 9110 12.5.1)."""

from casefile_api.web.media_types import most_wanted

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
    return most_wanted(accept, _KNOWN) or JSON
