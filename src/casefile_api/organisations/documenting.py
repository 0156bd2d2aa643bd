"""What the OpenAPI document says of the answers about organisations, units, staff and code lists."""

from typing import Any

from casefile_api.access.caller import OrganisationKind
from casefile_api.web.documenting import refusals

_TEXT: dict[str, Any] = {"type": "string"}
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_OPEN_DAY: dict[str, Any] = {"type": ["string", "null"], "format": "date"}
_WORDS: dict[str, Any] = {"type": "array", "items": _TEXT}
_KIND: dict[str, Any] = {"type": "string", "enum": [kind.value for kind in OrganisationKind]}


def _thing(required: dict[str, Any], **optional: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


ORGANISATION = _thing(
    {"id": _TEXT, "kind": _KIND, "name": _TEXT, "valid_from": _DAY, "valid_until": _OPEN_DAY, "etag": _TEXT},
    force_code=_TEXT,
    cps_area=_TEXT,
    remit=_TEXT,
)
UNIT = _thing(
    {
        "id": _TEXT,
        "organisation": _TEXT,
        "kind": _TEXT,
        "name": _TEXT,
        "valid_from": _DAY,
        "valid_until": _OPEN_DAY,
        "etag": _TEXT,
    }
)
STAFF = _thing(
    {"staff_id": _TEXT, "name": _TEXT, "roles": _WORDS, "active": {"type": "boolean"}},
    rank=_TEXT,
    unit=_TEXT,
    etag=_TEXT,
)
CODE_LIST_HEAD = {
    "name": _TEXT,
    "title": _TEXT,
    "count": {"type": "integer", "description": "how many values it has"},
    "changed_on": {**_OPEN_DAY, "description": "the newest day on which a value begins or ends to hold"},
    "digest": {**_TEXT, "description": "changes when anything in the list does"},
}
CODE_LIST = _thing({**CODE_LIST_HEAD, "etag": _TEXT})
CODE = _thing({"code": _TEXT, "title": _TEXT, "valid_from": _OPEN_DAY, "valid_to": _OPEN_DAY})
ME = _thing(
    {
        "organisation": _TEXT,
        "kind": _KIND,
        "client_id": _TEXT,
        "unit": {"type": ["string", "null"]},
        "roles": _WORDS,
        "scopes": _WORDS,
        "staff": {"type": ["object", "null"], "properties": {"staff_id": _TEXT, "name": _TEXT, "rank": _TEXT}},
    }
)


def shown(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Document an answer that shows one thing, with its tag."""
    return {
        200: {
            "description": "As it is now",
            "headers": {"ETag": {"schema": _TEXT}},
            "content": {"application/json": {"schema": schema}},
        }
    }


def listed(schema: dict[str, Any], **also: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Document an answer that is one page of a list; `also` names members beside the items."""
    page = _thing({**also, "items": {"type": "array", "items": schema}, "next_cursor": {"type": ["string", "null"]}})
    answer = shown(page)
    answer[200]["headers"]["Link"] = {"schema": _TEXT, "description": 'rel="next", where there is a next page'}
    return {**answer, **refusals("invalid")}
