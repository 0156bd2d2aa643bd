"""Which form of an answer is wanted, of a search or of the keys, by `Accept` (RFC 9110 12.5.1)."""

from casefile_api.web.media_types import most_wanted

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
PLAIN = "text/plain; charset=utf-8"
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
_OF_KEYS = {"text/plain": PLAIN, "text/*": PLAIN, "*/*": PLAIN, "application/json": JSON, "application/*": JSON}


def wanted_media_type(accept: str | None) -> str:
    """The form that is wanted most; JSON where the header names nothing that we have."""
    return most_wanted(accept, _KNOWN) or JSON


def wanted_key_form(accept: str | None) -> str:
    """The form in which the log's keys are wanted; their text form where the header names nothing that we have."""
    return most_wanted(accept, _OF_KEYS) or PLAIN
