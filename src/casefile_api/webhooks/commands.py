"""Registering, changing and ending webhook endpoints, and sending again what they missed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy import text

from casefile_api.clock import utc_text
from casefile_api.errors import Fault, Invalid, NotFound, WrongState
from casefile_api.events import matches_any
from casefile_api.identifiers import new_id
from casefile_api.ledger.happenings import shown_to_systems
from casefile_api.outward.addresses import AddressRefused, parse_destination
from casefile_api.outward.proxies import Proxy, places
from casefile_api.settings import Settings
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.etags import tag_of
from casefile_api.webhooks.choosing import chosen
from casefile_api.webhooks.models import WebhookEndpoint
from casefile_api.webhooks.owing import TEST, VERIFICATION, owe, owed_row
from casefile_api.webhooks.owning import refuse_foreign_client, refuse_foreign_units
from casefile_api.webhooks.queries import find_endpoint, newest_position
from casefile_api.webhooks.schemas import CreateEndpointRequest, PatchEndpointRequest, RedeliverRequest, endpoint_view
from casefile_api.webhooks.secrets import add_secret, rotate_secret
from casefile_api.webhooks.signing import Scheme
from casefile_api.webhooks.standing import begin_anew, end

LOOK_UP_SECONDS = 1.0
VERIFIED_AFTER = timedelta(seconds=1)
"""The verification goes out a moment after the answer, so that the receiver has the secret when it comes."""
SENT_AGAIN_AT_ONCE = 500

_SINCE = text(
    f"""
    select p.position, e.event_id, e.type, e.case_file_id
    from event e join event_position p on p.event_id = e.event_id and p.organisation = e.organisation
    where e.organisation = :organisation and e.endpoint_id is null and e.occurred_at >= :since
      and {chosen("e", "cast(:units as varchar[])", "cast(:case_types as varchar[])")}
      and (cast(:until as timestamptz) is null or e.occurred_at < :until)
      and (cast(:state as text) is null or exists (
            select from webhook_delivery d
            where d.endpoint_id = :endpoint and d.event_id = e.event_id and d.state = :state))
      and {shown_to_systems("e.case_file_id", "e.organisation")}
    order by p.position
    """
)
_ONE = text(
    f"""
    select coalesce(p.position, 0) as position, e.event_id, e.type, e.case_file_id
    from event e left join event_position p on p.event_id = e.event_id and p.organisation = e.organisation
    where e.organisation = :organisation and e.event_id = :event
      and (e.endpoint_id is null or e.endpoint_id = :endpoint)
      and {shown_to_systems("e.case_file_id", "e.organisation")}
    """
)
_FORGET_VERIFICATIONS = text(
    "update webhook_delivery set state = 'given_up'"
    " where endpoint_id = :endpoint and event_type = :type and state = 'waiting'"
)


async def judge_url(settings: Settings, url: str) -> Invalid | None:
    """Judge a URL before any transaction is open: its spelling, and where its name leads today.

    A name that is not known yet is let through; the connection is judged again whenever one is made.
    """
    try:
        destination = parse_destination(url, settings.webhook_exemptions)
        await places(destination, settings.webhook_exemptions, Proxy.of(settings), seconds=LOOK_UP_SECONDS)
    except AddressRefused as refused:
        if refused.code != "name_unknown":
            mend = refused.mend[:1].upper() + refused.mend[1:] + "."
            return Invalid("A webhook may not go to this URL.", Fault(refused.code, mend, pointer="/url"))
    return None


async def create_endpoint(work: UnitOfWork, wanted: CreateEndpointRequest) -> Response:
    """Register an endpoint, pending until it has proved itself; its secret is shown this once."""
    refused = await judge_url(work.settings, wanted.url)
    async with work:
        await work.first_time()
        if refused is not None:
            raise refused
        await refuse_foreign_units(work, wanted.units)
        endpoint = WebhookEndpoint(
            id=new_id(),
            organisation=work.caller.organisation,
            client_id=work.caller.client_id,
            url=wanted.url,
            event_types=list(wanted.event_types),
            units=list(wanted.units),
            case_types=list(wanted.case_types),
            description=wanted.description,
            state="pending",
            created_at=work.now,
            updated_at=work.now,
            fed_to=await newest_position(work),
            signature_scheme=wanted.signature_scheme.value,
            max_at_once=wanted.max_at_once,
            max_per_second=wanted.max_per_second,
        )
        work.session.add(endpoint)
        await work.session.flush()
        work.trail.about("webhook_endpoint", endpoint.id)
        made = await add_secret(work.session, work.vault, endpoint.id, work.now, wanted.signature_scheme)
        endpoint.public_keys = [made.public] if made.public else []
        await work.session.flush()
        await _ask_for_proof(work, endpoint)
        view = endpoint_view(endpoint)
        location = f"/v1/webhook-endpoints/{endpoint.id}"
        shown = {**view, "secret": made.shown_once, "previous_secret_expires_at": None}
        return work.answer_change(shown, status=201, etag=tag_of(view), location=location, kept=view)


async def patch_endpoint(work: UnitOfWork, endpoint_id: UUID, wanted: PatchEndpointRequest) -> Response:
    """Change an endpoint. A new URL, or any URL for a disabled one, makes it pending until it has proved itself.

    Whoever brings a disabled one back answers for it from then on, unless they name another client.
    """
    refused = await judge_url(work.settings, wanted.url) if wanted.url is not None else None
    async with work:
        endpoint = await _find_unchanged(work, endpoint_id)
        if refused is not None:
            raise refused
        await refuse_foreign_units(work, wanted.units or [])
        if wanted.client_id is not None:
            await refuse_foreign_client(work, wanted.client_id)
        before = endpoint_view(endpoint)
        anew = wanted.url is not None and (wanted.url != endpoint.url or endpoint.state == "disabled")
        if anew and endpoint.state == "disabled":
            endpoint.client_id = work.caller.client_id
        _take_over(endpoint, wanted)
        if anew:
            begin_anew(endpoint)
        if anew or endpoint_view(endpoint) != before:
            endpoint.updated_at = work.now
        await work.session.flush()
        if wanted.state is not None:
            await _end_by_owner(work, endpoint)
        elif anew:
            await _ask_for_proof(work, endpoint)
        work.unannounced()
        view = endpoint_view(endpoint)
        return work.answer_change(view, etag=tag_of(view))


async def delete_endpoint(work: UnitOfWork, endpoint_id: UUID) -> Response:
    """Remove an endpoint with its secrets and everything it was owed."""
    async with work:
        try:
            endpoint = await _find_unchanged(work, endpoint_id)
        except NotFound:
            await work.first_time()  # whose repetition of a lost answer finds the endpoint gone, has that answer again
            raise
        await work.session.delete(endpoint)
        await work.session.flush()
        work.unannounced()
        return work.no_content()


async def rotate(work: UnitOfWork, endpoint_id: UUID) -> Response:
    """Give an endpoint a new secret or key; it and the one before both sign for a day."""
    async with work:
        endpoint = await _find_unchanged(work, endpoint_id)
        scheme = Scheme(endpoint.signature_scheme)
        made, expires = await rotate_secret(work.session, work.vault, endpoint.id, work.now, scheme)
        endpoint.public_keys = [made.public, *endpoint.public_keys[:1]] if made.public else []
        endpoint.updated_at = work.now
        await work.session.flush()
        work.unannounced()
        view = endpoint_view(endpoint)
        shown = {**view, "secret": made.shown_once, "previous_secret_expires_at": utc_text(expires)}
        return work.answer_change(shown, etag=tag_of(view), kept=view)


async def test_endpoint(work: UnitOfWork, endpoint_id: UUID) -> Response:
    """Send an endpoint a test event, whatever events it asked for."""
    async with work:
        endpoint = await find_endpoint(work, endpoint_id, lock=True)
        await work.first_time()
        _refuse_disabled(endpoint)
        event_id = await _tell_alone(work, endpoint, TEST, work.now)
        return work.answer_change({"event_id": str(event_id), "state": endpoint.state}, status=202)


async def redeliver(work: UnitOfWork, endpoint_id: UUID, wanted: RedeliverRequest) -> Response:
    """Send an endpoint one event again, or all it asked for since a time."""
    async with work:
        endpoint = await find_endpoint(work, endpoint_id, lock=True)
        await work.first_time()
        _refuse_disabled(endpoint)
        rows = await _events_asked_for(work, endpoint, wanted)
        for start in range(0, len(rows), SENT_AGAIN_AT_ONCE):
            await owe(work.session, rows[start : start + SENT_AGAIN_AT_ONCE])
        work.unannounced()
        work.trail.details = {"events": len(rows)}
        return work.answer_change({"deliveries": len(rows)}, status=202)


async def _events_asked_for(
    work: UnitOfWork, endpoint: WebhookEndpoint, wanted: RedeliverRequest
) -> list[dict[str, Any]]:
    told = endpoint.organisation
    if wanted.event_id is not None:
        one = {"organisation": told, "event": wanted.event_id, "endpoint": endpoint.id}
        events = (await work.session.execute(_ONE, one)).all()
        if not events:
            fault = Fault("unknown_event", "Name an event of your organisation's feed.", pointer="/event_id")
            raise Invalid("There is no such event to send again.", fault)
    else:
        choice = {"units": endpoint.units, "case_types": endpoint.case_types}
        span = {"since": wanted.since, "until": wanted.until, "state": wanted.state}
        since = {"organisation": told, "endpoint": endpoint.id, **span, **choice}
        found = (await work.session.execute(_SINCE, since)).all()
        events = [event for event in found if matches_any(endpoint.event_types, event.type)]
    return [
        owed_row(endpoint.id, event.event_id, told, event.type, work.now, event.case_file_id, event.position)
        for event in events
    ]


def _take_over(endpoint: WebhookEndpoint, wanted: PatchEndpointRequest) -> None:
    """Write what is given into the endpoint; a choice taken away is an empty one."""
    for name in ("url", "event_types", "description", "client_id", "max_at_once", "max_per_second"):
        if name in wanted.model_fields_set:
            setattr(endpoint, name, getattr(wanted, name))
    for name in ("units", "case_types"):
        if name in wanted.model_fields_set:
            setattr(endpoint, name, list(getattr(wanted, name) or ()))


async def _end_by_owner(work: UnitOfWork, endpoint: WebhookEndpoint) -> None:
    """Disable an endpoint because its organisation says so; the event says it to the others it has."""
    ended = {"endpoint": endpoint.id, "reason": "by_owner", "by": work.caller.client_id, "now": work.now}
    if await end(work.session, ended) is None:
        return
    await work.session.refresh(endpoint)
    state, reason = endpoint.state, endpoint.reason
    await work.record(
        "webhook_endpoint.disabled",
        to=[endpoint.organisation],
        webhook_endpoint_id=endpoint.id,
        state=state,
        reason=reason,
    )


async def _find_unchanged(work: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """Find and lock an endpoint that is as the caller last saw it."""
    endpoint = await find_endpoint(work, endpoint_id, lock=True)
    await work.precondition(tag_of(endpoint_view(endpoint)))
    return endpoint


def _refuse_disabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.state == "disabled":
        raise WrongState("This endpoint is disabled: PATCH its url, the same or another, to have it verified again.")


async def _ask_for_proof(work: UnitOfWork, endpoint: WebhookEndpoint) -> None:
    """Send the endpoint a signed verification, a moment after the answer; one asked for before lapses."""
    lapsing = {"endpoint": endpoint.id, "type": VERIFICATION}
    await work.session.execute(_FORGET_VERIFICATIONS, lapsing)
    await _tell_alone(work, endpoint, VERIFICATION, work.now + VERIFIED_AFTER)


async def _tell_alone(work: UnitOfWork, endpoint: WebhookEndpoint, event_type: str, due_at: datetime) -> UUID:
    """Record an event for one endpoint alone: it is in no feed and goes to no other endpoint."""
    told = endpoint.organisation
    event_id = await work.record(
        event_type, to=[told], endpoint_id=endpoint.id, webhook_endpoint_id=endpoint.id, state=endpoint.state
    )
    await owe(work.session, [owed_row(endpoint.id, event_id, told, event_type, due_at)])
    return event_id
