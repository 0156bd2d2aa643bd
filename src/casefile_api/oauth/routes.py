"""The authorisation server's endpoints, and what it publishes about itself. Open to all: clients authenticate here."""

from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from casefile_api.access.caller import Caller, StaffMember
from casefile_api.access.tokens import Claims
from casefile_api.errors import ProofReplayed
from casefile_api.oauth.documenting import DOCUMENTED_JSON, DOCUMENTED_KEYS, DOCUMENTED_TOKEN_CALL, form_of
from casefile_api.oauth.exchange import Answer, FormRequest
from casefile_api.oauth.forms import BadForm, read_form
from casefile_api.oauth.key_sets import KeySets, PublishedKeys
from casefile_api.oauth.metadata import authorization_server, protected_resource
from casefile_api.oauth.registry import RegisteredClient, Registry
from casefile_api.oauth.server import TokenServer, bad_proof, bad_request
from casefile_api.unit_of_work import UnitOfWork, Work
from casefile_api.web.exchange import Exchange, exchange_of
from casefile_api.web.proxies import certificate_of
from casefile_api.web.routing import GuardedRoute

log = structlog.get_logger()
router = APIRouter(route_class=GuardedRoute, tags=["authorisation"])

_PUBLISHED = {"Cache-Control": "public, max-age=60"}


class KeySetResponse(Response):
    """A JWK set in its own media type (RFC 7517 8.5.2)."""

    media_type = "application/jwk-set+json"


class _ClientNotKnown(Exception):
    """The client did not authenticate: nothing is written but the count of such refusals."""

    def __init__(self, answer: Answer, reason: str | None) -> None:
        super().__init__()
        self.answer = answer
        self.reason = reason or str(answer.error)


@router.post(
    "/oauth/token",
    operation_id="issue_token",
    summary="Get an access token",
    responses=DOCUMENTED_TOKEN_CALL,
    openapi_extra=form_of("grant_type", "client_assertion", "scope", "assertion", "resource"),
)
async def issue_token(request: Request, work: Work) -> Response:
    """Get a token: as the system itself (`client_credentials`), or for a member of staff (`jwt-bearer`)."""
    return await _answer(request, work, "token")


@router.post(
    "/oauth/revoke",
    operation_id="revoke_token",
    summary="Give a token back",
    responses=DOCUMENTED_TOKEN_CALL,
    openapi_extra=form_of("token", "token_type_hint", "client_assertion"),
)
async def revoke_token(request: Request, work: Work) -> Response:
    """End a token of the client's own (RFC 7009); every process refuses it within five seconds."""
    return await _answer(request, work, "revocation")


@router.post(
    "/oauth/introspect",
    operation_id="introspect_token",
    summary="Ask what a token says",
    responses=DOCUMENTED_TOKEN_CALL,
    openapi_extra=form_of("token", "token_type_hint", "client_assertion"),
)
async def introspect_token(request: Request, work: Work) -> Response:
    """Say what a token of the client's own holds (RFC 7662); any other is merely not active."""
    return await _answer(request, work, "introspection")


@router.get(
    "/oauth/jwks",
    operation_id="get_jwks",
    summary="Keys that verify tokens",
    responses=DOCUMENTED_KEYS,
    response_class=KeySetResponse,
)
async def get_jwks(request: Request) -> Response:
    """Return the public keys of access tokens (RFC 7517)."""
    keys = exchange_of(request).parts.keys.newest().public_set()
    return KeySetResponse(orjson.dumps(keys), headers=_PUBLISHED)


@router.get(
    "/.well-known/oauth-authorization-server",
    operation_id="get_authorization_server_metadata",
    summary="Authorisation server metadata",
    responses=DOCUMENTED_JSON,
)
async def get_authorization_server_metadata(request: Request) -> Response:
    """Return the authorisation server's metadata (RFC 8414)."""
    parts = exchange_of(request).parts
    return _published(authorization_server(parts.issuer.issuer, certificates=parts.settings.offers_certificate_binding))


@router.get(
    "/.well-known/oauth-protected-resource",
    operation_id="get_protected_resource_metadata",
    summary="Protected resource metadata",
    responses=DOCUMENTED_JSON,
)
async def get_protected_resource_metadata(request: Request) -> Response:
    """Return the protected resource's metadata (RFC 9728)."""
    parts = exchange_of(request).parts
    return _published(protected_resource(parts.issuer.issuer, parts.settings))


def _published(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json", headers=_PUBLISHED)


async def _answer(request: Request, work: UnitOfWork, endpoint: str) -> Response:
    """Let the authorisation server answer in the request's transaction, and write down what it did."""
    exchange = exchange_of(request)
    try:
        form = read_form(exchange.body, request.headers.get("content-type", ""), request.url.query)
        key_sets: KeySets = request.app.state.client_key_sets
        published = await key_sets.keys_for(exchange.parts.database, form)
        async with work:
            answer = await _ask(exchange, work, endpoint, form, published)
    except BadForm as fault:
        answer = bad_request(str(fault))
        await _count(exchange, str(answer.error))
    except _ClientNotKnown as unknown:
        answer = unknown.answer
        log.info("client_not_authenticated", reason=unknown.reason)
        await _count(exchange, unknown.reason)
    except ProofReplayed:
        answer = bad_proof()
        await _count(exchange, "proof_replayed")
    return Response(orjson.dumps(dict(answer.body)), answer.status, dict(answer.headers), "application/json")


async def _ask(
    exchange: Exchange, work: UnitOfWork, endpoint: str, form: dict[str, str], published: PublishedKeys | None
) -> Answer:
    parts = exchange.parts
    server = TokenServer(parts.issuer, parts.verifier, parts.key_proofs, parts.settings.sender_binding)
    headers, now = exchange.request.headers, parts.clock.real_now()

    def ask(session: Session) -> tuple[FormRequest, Answer]:
        request = FormRequest(
            form,
            Registry(session, now, published),
            authorization=headers.get("authorization"),
            proofs=headers.getlist("dpop"),
            certificate=certificate_of(exchange.request, parts.settings),
        )
        return server.answer(endpoint, request)

    asked, answer = await work.session.run_sync(ask)
    if asked.client is None:
        raise _ClientNotKnown(answer, asked.unknown_because)
    exchange.headers.update(await parts.limits.take(asked.client.client_id))
    exchange.acts(_caller(asked.client, asked.issued))
    exchange.trail.key_proof = asked.key_proof
    exchange.outcome = "refused" if answer.error else "allowed"
    token = asked.issued or asked.revoked
    exchange.trail.about("access_token", token.token_id if token else None)
    exchange.trail.details = {"error": answer.error, "why": answer.why} if answer.error else {}
    work.unannounced()
    if asked.revoked is not None:
        parts.revocations.add_token(asked.revoked.token_id)
    return answer


def _caller(client: RegisteredClient, issued: Claims | None) -> Caller:
    """Return who the log says was here: the person a token was issued for, else the system."""
    person = StaffMember(issued.subject, issued.name) if issued and issued.name is not None else None
    return Caller(
        organisation=client.organisation,
        kind=client.kind,
        client_id=client.client_id,
        subject=issued.subject if issued else client.client_id,
        roles=issued.roles if issued else frozenset({"system"}),
        scopes=issued.scopes if issued else frozenset(),
        staff=person,
        unit=issued.unit if issued else None,
    )


async def _count(exchange: Exchange, reason: str) -> None:
    """Count a refusal of somebody unknown: one entry per source, reason and minute."""
    await exchange.parts.tally.count(exchange.trail, reason)
    exchange.trail.recorded = True
