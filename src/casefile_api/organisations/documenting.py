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
_BESIDES: dict[str, dict[str, Any]] = {
    "category": {**_TEXT, "description": "document_kind, offence: the group it belongs to"},
    "cjs_code": {**_TEXT, "description": "gender: the code of the CJS exchange"},
    "cps_areas": {**_WORDS, "description": "force: the CPS Areas that serve it"},
    "cps_type_id": {"type": "integer", "description": "document_kind, mg_form: the number by which the CPS knows it"},
    "days": {"type": "integer", "description": "legal_clock: how long it runs"},
    "force": {**_TEXT, "description": "police_unit: the code of its force"},
    "force_name": {**_TEXT, "description": "police_unit: the name of its force"},
    "form": {**_TEXT, "description": "document_kind: the MG form it is, or any"},
    "from": {**_TEXT, "description": "legal_clock: what it runs from"},
    "historic": {"type": "boolean", "description": "police_unit: is no more, and is named in old references alone"},
    "home_office_classification": {**_TEXT, "description": "offence: its class for recorded crime"},
    "hours": {"type": "integer", "description": "legal_clock: how long it runs"},
    "justification": {**_TEXT, "description": "reason_code: the Access-Justification it stands for"},
    "kinds": {**_WORDS, "description": "media_type: the kinds of documents it is accepted for"},
    "months": {"type": "integer", "description": "bail_stage, legal_clock: how long it runs"},
    "organisation": {**_TEXT, "description": "force, cps_area: its id as an organisation"},
    "organisation_kinds": {**_WORDS, "description": "role: the kinds of organisation that give it"},
    "recordable": {"type": "boolean", "description": "offence: whether a conviction is recorded"},
    "substitute": {"type": "boolean", "description": "bank_holiday: whether it stands in for a day at the weekend"},
}
"""What only the values of some code lists say, and which."""
CODE = _thing({"code": _TEXT, "title": _TEXT, "valid_from": _OPEN_DAY, "valid_to": _OPEN_DAY}, **_BESIDES)
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
