"""The catalogue of events as others read it: who is told in words, a JSON Schema and an example of each. Pure.

Everything here follows from the rows of `casefile_api.events`; nothing is written twice. The schemas are open: a member
that comes later breaks nobody who validates by them.
"""

from collections.abc import Mapping
from typing import Any

from casefile_api.event_members import MEMBERS
from casefile_api.events import EVENT_TYPES, EXAMPLE_STATES, EventType, Told, sentence

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
PATH = "/v1/event-types"
HAPPENED_AT = "2026-11-24T09:30:00Z"
_MEMBER = "EventMember."

_TOLD: Mapping[Told, str] = {
    Told.PARTIES: "the force, and every CPS Area the case was shared with",
    Told.POLICE_ONLY: "the force alone",
    Told.OWN_SIDE: "the side whose it is; the other once it is shared or issued",
    Told.ACTOR_AND_OWNER: "the force, and the organisation of the person who acted",
    Told.OWNER: "the force, also where its systems are not admitted to the case file",
    Told.ORGANISATION: "the endpoint's organisation",
    Told.OVERSIGHT: "oversight",
}


def told_words(row: EventType) -> str:
    """Who is told of an event, in words."""
    return _TOLD[row.told] if row.in_feed else "that endpoint alone; in no feed"


def example(row: EventType) -> dict[str, Any]:
    """One such event, whole: the body of a webhook, and an item of the feed."""
    data = {name: MEMBERS[name].example for name in row.members}
    if "state" in data:
        data["state"] = EXAMPLE_STATES[row.name]
    return {"type": row.name, "timestamp": HAPPENED_AT, "data": data}


def event_schema(row: EventType) -> dict[str, Any]:
    """The JSON Schema of an event, with an example."""
    whole = example(row)
    data = {
        "type": "object",
        "required": list(row.required),
        "properties": {name: _member_schema(name, whole["data"][name]) for name in row.members},
    }
    return {
        "title": row.name,
        "description": f"{sentence(row.name, {name: f'({name})' for name in row.members})}. Told: {told_words(row)}.",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": row.name},
            "timestamp": {"type": "string", "format": "date-time", "description": "when it happened, in UTC"},
            "data": data,
        },
        "examples": [whole],
    }


def _member_schema(name: str, shown: Any) -> dict[str, Any]:
    member = MEMBERS[name]
    form = {"format": member.format} if member.format else {}
    least = {"minimum": 0 if name == "tree_size" else 1} if member.type == "integer" else {}
    return {"type": member.type, **form, **least, "description": member.sentence, "examples": [shown]}


def published_schema(row: EventType, public_url: str) -> dict[str, Any]:
    """The JSON Schema of an event as a document of its own, which says where it is."""
    return {"$schema": JSON_SCHEMA, "$id": f"{public_url.rstrip('/')}{PATH}/{row.name}", **event_schema(row)}


def item_view(row: EventType) -> dict[str, Any]:
    """An event as it stands in the list of the catalogue."""
    return {
        "type": row.name,
        "sentence": sentence(row.name, {name: f"({name})" for name in row.members}),
        "told": row.told.value if row.in_feed else "endpoint",
        "told_to": told_words(row),
        "in_feed": row.in_feed,
        "of_a_case": row.of_a_case,
        "since": row.since,
        "href": f"{PATH}/{row.name}",
    }


def type_view(row: EventType, public_url: str) -> dict[str, Any]:
    """An event of the catalogue with its schema and an example."""
    return {**item_view(row), "schema": published_schema(row, public_url), "example": example(row)}


def openapi_webhooks() -> dict[str, Any]:
    """The `webhooks` section of the OpenAPI document (3.1): one POST for each event, as a receiver has to answer it."""
    return {row.name: {"post": _openapi_webhook(row)} for row in EVENT_TYPES.values()}


def openapi_components() -> dict[str, dict[str, Any]]:
    """What all webhooks have in common, as the OpenAPI document has it once: their headers, members of their data."""
    headers = {
        name: {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
        for name, words in SIGNED_HEADERS.items()
    }
    members = {f"{_MEMBER}{name}": _member_schema(name, member.example) for name, member in MEMBERS.items()}
    return {"parameters": headers, "schemas": members}


def _openapi_webhook(row: EventType) -> dict[str, Any]:
    schema = event_schema(row)
    for name in row.members:
        schema["properties"]["data"]["properties"][name] = {"$ref": f"#/components/schemas/{_MEMBER}{name}"}
    return {
        "operationId": f"told_{row.name.replace('.', '_')}",
        "tags": ["Events and webhooks"],
        "summary": row.name,
        "description": schema.pop("description"),
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in SIGNED_HEADERS],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "2XX": {"description": "It was taken."},
            "410": {"description": "Nothing more is wanted: the endpoint is disabled."},
            "default": {"description": "It is sent again later."},
        },
    }


SIGNED_HEADERS: Mapping[str, str] = {
    "webhook-id": "the event's id, `data.event_id`: the same on every retry",
    "webhook-timestamp": "when this attempt was made, in seconds since 1970",
    "webhook-signature": "one signature for each key that is valid, by spaces: `v1,…` or `v1a,…` (Standard Webhooks)",
}
