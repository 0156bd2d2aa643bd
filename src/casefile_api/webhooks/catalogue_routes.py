"""The catalogue of events over HTTP: a list, each event with schema and example, and the whole as AsyncAPI."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response

from casefile_api import __version__
from casefile_api.errors import NotFound
from casefile_api.events import EVENT_TYPES
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.etags import tag_of, unchanged
from casefile_api.web.media_types import most_wanted
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute
from casefile_api.webhooks import asyncapi
from casefile_api.webhooks.catalogue import item_view, published_schema, type_view
from casefile_api.webhooks.catalogue_schemas import EventTypeList, EventTypeView

JSON_SCHEMA = "application/schema+json"
_BY_ACCEPT = {"Vary": "Authorization, Accept"}
_AS_JSON = {"application/json": "", "application/*": "", "*/*": ""}
_LIST_FORMS = {**_AS_JSON, asyncapi.MEDIA_TYPE: asyncapi.MEDIA_TYPE}
_TYPE_FORMS = {**_AS_JSON, JSON_SCHEMA: JSON_SCHEMA}
_DOCUMENT = {"type": "object", "additionalProperties": True}

router = APIRouter(prefix="/v1/event-types", route_class=GuardedRoute, tags=["Events and webhooks"])


@router.get(
    "",
    operation_id="list_event_types",
    summary="The catalogue of events",
    response_class=Response,
    responses={
        200: {
            "model": EventTypeList,
            "description": "A page of the catalogue; or all of it as an AsyncAPI 3.0 document, by `Accept`",
            "content": {asyncapi.MEDIA_TYPE: {"schema": _DOCUMENT}},
        }
    },
)
async def list_event_types(request: Request, reading: ReadingNow, page: AskedPage) -> Response:
    """List every event there is, in the order of the catalogue. As AsyncAPI the document is whole, whatever `limit`."""
    if most_wanted(request.headers.get("accept"), _LIST_FORMS):
        return _document(request, asyncapi.asyncapi_document(__version__), asyncapi.MEDIA_TYPE)
    (start,) = page.after(int) or (0,)
    rows, following = list(EVENT_TYPES.values()), max(start, 0) + page.limit
    shown = [_tagged(item_view(row)) for row in rows[max(start, 0) : following]]
    body, headers = page.body(shown, (following,) if following < len(rows) else None)
    return reading.answer(body, etag=tag_of(body), headers={**headers, **_BY_ACCEPT})


@router.get(
    "/{event_type}",
    operation_id="get_event_type",
    summary="One event of the catalogue",
    response_class=Response,
    responses={
        200: {
            "model": EventTypeView,
            "description": "The event with its schema and an example; or the schema alone, by `Accept`",
            "content": {JSON_SCHEMA: {"schema": _DOCUMENT}},
        }
    },
)
async def get_event_type(
    request: Request,
    reading: ReadingNow,
    event_type: Annotated[str, Path(max_length=80, description="the event's name")],
) -> Response:
    """Return what an event says, who is told, since when, its JSON Schema and an example."""
    row = EVENT_TYPES.get(event_type)
    if row is None:
        raise NotFound()
    public_url = reading.settings.public_url
    if most_wanted(request.headers.get("accept"), _TYPE_FORMS):
        return _document(request, published_schema(row, public_url), JSON_SCHEMA)
    view = _tagged(type_view(row, public_url))
    return reading.answer(view, etag=view["etag"], headers=_BY_ACCEPT)


def _tagged(view: dict[str, Any]) -> dict[str, Any]:
    return {**view, "etag": tag_of(view)}


def _document(request: Request, document: dict[str, Any], media_type: str) -> Response:
    """Answer with a document of another form, under the tag of its content."""
    tag = tag_of(document)
    headers = {"ETag": tag, **_BY_ACCEPT}
    if unchanged(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(document), media_type=media_type, headers=headers)
