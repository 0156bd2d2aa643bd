"""Webhook endpoints over HTTP: for systems, each organisation its own."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from casefile_api.identifiers import parse_id
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import MERGE_PATCH, JsonBody, PatchBody
from casefile_api.web.documenting import refusals
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute
from casefile_api.web.strict_json import merge_patch_nulls
from casefile_api.webhooks import commands, queries
from casefile_api.webhooks.schemas import (
    CreateEndpointRequest,
    DeliveryList,
    EndpointList,
    EndpointState,
    EndpointStatus,
    EndpointView,
    EndpointWithSecret,
    PatchEndpointRequest,
    Redelivering,
    RedeliverRequest,
    TestSent,
    endpoint_view,
)
from casefile_api.webhooks.watching import watch_endpoint

router = APIRouter(prefix="/v1/webhook-endpoints", route_class=GuardedRoute, tags=["Events and webhooks"])


@router.post(
    "", operation_id="create_webhook_endpoint", status_code=201, response_model=EndpointWithSecret, summary="Register"
)
async def create_webhook_endpoint(
    work: Work, body: Annotated[CreateEndpointRequest, JsonBody(CreateEndpointRequest)]
) -> Response:
    """Register a URL that is to be told of events. The secret is in this answer and never again."""
    return await commands.create_endpoint(work, body)


@router.get("", operation_id="list_webhook_endpoints", response_model=EndpointList, summary="List")
async def list_webhook_endpoints(
    reading: ReadingNow,
    page: AskedPage,
    state: Annotated[EndpointState | None, Query(description="only endpoints in this state")] = None,
    client_id: Annotated[
        str | None, Query(max_length=128, description="only endpoints that this client answers for")
    ] = None,
) -> Response:
    """List your organisation's endpoints, oldest first."""
    async with reading:
        body, headers = await queries.list_endpoints(reading, page, state, client_id)
    return reading.answer(body, headers=headers)


@router.get("/{endpoint_id}", operation_id="get_webhook_endpoint", response_model=EndpointView, summary="Read")
async def get_webhook_endpoint(endpoint_id: str, reading: ReadingNow) -> Response:
    """Read one endpoint: where it goes, what it is told, and how it stands (pending, active, failing, disabled)."""
    async with reading:
        view = endpoint_view(await queries.find_endpoint(reading, parse_id(endpoint_id)))
    return reading.answer(view, etag=tag_of(view))


@router.patch("/{endpoint_id}", operation_id="patch_webhook_endpoint", response_model=EndpointView, summary="Change")
async def patch_webhook_endpoint(
    endpoint_id: str,
    work: ConditionalWork,
    body: Annotated[
        PatchEndpointRequest, PatchBody({MERGE_PATCH: PatchEndpointRequest}, {MERGE_PATCH: merge_patch_nulls})
    ],
) -> Response:
    """Change an endpoint (merge patch). With another URL, or the URL of a disabled endpoint, it is verified again.

    `state: disabled` ends it for now; `client_id` hands it to another client of your organisation.
    """
    return await commands.patch_endpoint(work, parse_id(endpoint_id), body)


@router.delete("/{endpoint_id}", operation_id="delete_webhook_endpoint", status_code=204, summary="Remove")
async def delete_webhook_endpoint(endpoint_id: str, work: ConditionalWork) -> Response:
    """Remove an endpoint; nothing more is sent to it."""
    return await commands.delete_endpoint(work, parse_id(endpoint_id))


@router.post(
    "/{endpoint_id}/rotate-secret",
    operation_id="rotate_webhook_secret",
    response_model=EndpointWithSecret,
    summary="Rotate the secret",
)
async def rotate_webhook_secret(endpoint_id: str, work: ConditionalWork) -> Response:
    """Make a new secret. For 24 hours every webhook carries a signature of the old and one of the new."""
    return await commands.rotate(work, parse_id(endpoint_id))


@router.post(
    "/{endpoint_id}/test",
    operation_id="test_webhook_endpoint",
    status_code=202,
    response_model=TestSent,
    responses=refusals("wrong-state"),
    summary="Send a test",
)
async def test_webhook_endpoint(endpoint_id: str, work: Work) -> Response:
    """Send `webhook_endpoint.test` to this endpoint, whatever events it asked for."""
    return await commands.test_endpoint(work, parse_id(endpoint_id))


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="list_webhook_deliveries",
    response_model=DeliveryList,
    summary="List deliveries",
)
async def list_webhook_deliveries(
    endpoint_id: str,
    reading: ReadingNow,
    page: AskedPage,
    state: Annotated[
        Literal["waiting", "delivered", "given_up"] | None, Query(description="only deliveries in this state")
    ] = None,
) -> Response:
    """List what this endpoint was owed and every attempt at it, newest first."""
    async with reading:
        body, headers = await queries.list_deliveries(reading, parse_id(endpoint_id), page, state)
    return reading.answer(body, headers=headers)


@router.get(
    "/{endpoint_id}/status", operation_id="get_webhook_endpoint_status", response_model=EndpointStatus, summary="Watch"
)
async def get_webhook_endpoint_status(endpoint_id: str, reading: ReadingNow) -> Response:
    """See how one endpoint fares: what waits and since when, the next attempt, the last ones, the last hour and day."""
    async with reading:
        view = await watch_endpoint(reading, parse_id(endpoint_id))
    return reading.answer(view)


@router.post(
    "/{endpoint_id}/redeliver",
    operation_id="redeliver_webhooks",
    status_code=202,
    response_model=Redelivering,
    responses=refusals("wrong-state"),
    summary="Send again",
)
async def redeliver_webhooks(
    endpoint_id: str, work: Work, body: Annotated[RedeliverRequest, JsonBody(RedeliverRequest)]
) -> Response:
    """Send one event again (`event_id`), or all that this endpoint asked for since a time (`since`, `until`).

    With `state` only what was given up.
    """
    return await commands.redeliver(work, parse_id(endpoint_id), body)
