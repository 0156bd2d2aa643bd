"""The feed's events as CloudEvents 1.0: the same facts under the attributes that event brokers know.

`source` and `id` together name an event; every organisation that is told has the same. `sequence` and `traceparent` are
the extensions of those names. Pure.
"""

import json
from typing import Any

from casefile_api.webhooks.catalogue import PATH

MEDIA_TYPE = "application/cloudevents-batch+json"


def cloud_event(body: bytes, public_url: str, traceparent: str | None) -> dict[str, Any]:
    """Return an event, given as it was written, with the attributes of a CloudEvent."""
    event, place = json.loads(body), public_url.rstrip("/")
    data = event["data"]
    attributes = {
        "specversion": "1.0",
        "id": data["event_id"],
        "source": f"{place}/v1/events",
        "type": event["type"],
        "time": event["timestamp"],
        "datacontenttype": "application/json",
        "dataschema": f"{place}{PATH}/{event['type']}",
    }
    if "case_file_id" in data:
        attributes |= {"subject": f"case-files/{data['case_file_id']}", "sequence": f"{data['sequence']:012}"}
    if traceparent is not None:
        attributes["traceparent"] = traceparent
    return {**attributes, "data": data}
