"""The catalogue as an AsyncAPI 3.0 document: the service sends, a receiver's URL is the channel. Pure."""

from typing import Any

from casefile_api.events import EVENT_TYPES, EventType, matches
from casefile_api.webhooks.catalogue import SIGNED_HEADERS, event_schema, example

ASYNCAPI = "3.0.0"
MEDIA_TYPE = "application/vnd.aai.asyncapi+json"
_CHANNEL = "webhooks"


def asyncapi_document(version: str) -> dict[str, Any]:
    """Return the document of a version of the API."""
    names = {row.name: _message_name(row) for row in EVENT_TYPES.values()}
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "casefile-api: events",
            "version": version,
            "description": "Everything that organisations are told: as webhooks (Standard Webhooks) and, in the same "
            "bodies, in the feed at /v1/events. Identifiers, states, numbers and times; nothing personal.",
        },
        "defaultContentType": "application/json",
        "channels": {
            _CHANNEL: {
                "address": "{endpoint}",
                "description": "the URL of a webhook endpoint, called by POST",
                "parameters": {"endpoint": {"description": "the URL that was registered at /v1/webhook-endpoints"}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names.values()},
            }
        },
        "operations": {f"tell_{noun}": _operation(noun, names) for noun in _nouns()},
        "components": {
            "messages": {names[row.name]: _message(row) for row in EVENT_TYPES.values()},
            "schemas": {"SignedHeaders": _signed_headers()},
        },
    }


def _nouns() -> list[str]:
    return list(dict.fromkeys(name.partition(".")[0] for name in EVENT_TYPES))


def _operation(noun: str, names: dict[str, str]) -> dict[str, Any]:
    told = [message for name, message in names.items() if matches(f"{noun}.*", name)]
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "summary": f"Tell of `{noun}.*`",
        "messages": [{"$ref": f"#/channels/{_CHANNEL}/messages/{message}"} for message in told],
    }


def _message(row: EventType) -> dict[str, Any]:
    schema = event_schema(row)
    return {
        "name": row.name,
        "title": row.name,
        "summary": schema["description"],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/SignedHeaders"},
        "payload": schema,
        "examples": [{"name": row.name, "payload": example(row)}],
    }


def _signed_headers() -> dict[str, Any]:
    members = {name: {"type": "string", "description": words} for name, words in SIGNED_HEADERS.items()}
    return {"type": "object", "required": list(members), "properties": members}


def _message_name(row: EventType) -> str:
    return "".join(part.title() for part in row.name.replace(".", "_").split("_"))
