"""The route class of every operation: guard, limits, parsing, the endpoint, and the log, in the promised order.

Dramatis personae: `OPERATIONS` says who may call and how it is logged; `Exchange` carries what is known; a command's
unit of work writes the entry of a change; what it did not write is written here, and nothing leaves before it is
durable. An operation without a row in the table cannot be served.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from casefile_api.access import key_proofs
from casefile_api.access.caller import Caller
from casefile_api.access.guard import JUSTIFICATION_HEADER, Credentials, admit, justified, read_justification
from casefile_api.access.key_proofs import KeyProof
from casefile_api.access.national_headers import NOTHING_SAID, CallContext, read_context, says_anything
from casefile_api.access.permissions import OPERATIONS, Logged, Operation
from casefile_api.clock import LONDON
from casefile_api.database import translated_faults
from casefile_api.errors import (
    DependencyUnavailable,
    Fault,
    Invalid,
    NotAuthenticated,
    NotFound,
    ProofReplayed,
    Refusal,
    TooManyRequests,
    UnsupportedMediaType,
)
from casefile_api.identifiers import new_id
from casefile_api.ledger.entries import compose
from casefile_api.ledger.owners import name_target
from casefile_api.ledger.trail import Trail
from casefile_api.transactions import Alone
from casefile_api.web.arguments import arguments_of
from casefile_api.web.bodies import BodyReader, read_body
from casefile_api.web.documenting import document_operation, query_names
from casefile_api.web.etags import read_tags
from casefile_api.web.exchange import Exchange
from casefile_api.web.idempotency import Replayed, read_key
from casefile_api.web.limits import RateLimits, site_of
from casefile_api.web.problems import problem_response
from casefile_api.web.proxies import certificate_of, source_address, trusted_networks
from casefile_api.web.weighing import Weighing, announced_bytes

log = structlog.get_logger()
_MOST_FAULTS = 20
_SAID_ONCE = (JUSTIFICATION_HEADER, "Idempotency-Key")
_KEPT_BY_ITS_READER = ((b"cache-control", b"private, no-cache"), (b"vary", b"Authorization"))
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that serves one operation of the table."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.row: Operation = OPERATIONS[options["operation_id"]]
        super().__init__(path, endpoint, **options)
        self.answer = self.get_route_handler()
        self.openapi_extra = document_operation(self, self.row, self.openapi_extra)

    def get_route_handler(self) -> Handler:
        """Return what serves a request, from guard to log."""
        answer = arguments_of(self.dependant).answer
        calls = [dependency.call for dependency in self.dependant.dependencies]
        reader = next((call for call in calls if isinstance(call, BodyReader)), None)
        action = self.operation_id or ""
        names = query_names(self.dependant)

        async def handle(request: Request) -> Response:
            exchange = _begin(request, self.row, action)
            async with AsyncExitStack() as under_way:
                try:
                    try:
                        await _prepare(exchange, reader, names, under_way)
                        response = await _answer(exchange, answer)
                    except Replayed as replayed:
                        response = _replay(exchange, replayed)
                    await _record_allowed(exchange)
                except RequestValidationError as found:
                    response = await _refuse(exchange, _misasked(found))
                except Refusal as refusal:
                    response = await _refuse(exchange, refusal)
            _dress(response, exchange.headers, open_to_all=self.row.open)
            return response

        return handle


async def _answer(exchange: Exchange, answer: Callable[[Request], Awaitable[Any]]) -> Response:
    """Have the command answer; where it could not be made together with others, by itself."""
    with translated_faults():
        try:
            response: Response = await answer(exchange.request)
        except Alone:
            exchange.alone = True
            response = await answer(exchange.request)
        return response


def _dress(response: Response, headers: Mapping[str, str], *, open_to_all: bool) -> None:
    """Add what the call has learnt, in place of what the answer says itself, and how it may be kept."""
    own = {name for name, _ in response.raw_headers}
    for name, value in headers.items():
        raw = name.lower().encode("latin-1")
        if raw in own:
            response.headers[name] = value
        else:
            response.raw_headers.append((raw, value.encode("latin-1")))
    if not open_to_all:
        response.raw_headers.extend(header for header in _KEPT_BY_ITS_READER if header[0] not in own)


def _begin(request: Request, row: Operation, action: str) -> Exchange:
    parts = request.app.state.parts
    source = parts.vault.keyed_hash(_address_of(request)) if request.client else None
    request_id = request.scope["request_id"]
    trail = Trail(action, word=row.word, request_id=request_id, source=source)
    exchange = Exchange(request, parts, row, trail, request_id)
    request.state.exchange = exchange
    return exchange


def _address_of(request: Request) -> str:
    trusted = trusted_networks(request.app.state.parts.settings.trusted_proxies)
    peer = request.client.host if request.client else ""
    return source_address(peer, request.headers.getlist("x-forwarded-for"), trusted)


def _site_of(request: Request) -> str:
    """Return what the rate of unknown callers goes by, readable to nobody."""
    return str(request.app.state.parts.vault.keyed_hash(site_of(_address_of(request))))


async def _prepare(
    exchange: Exchange, reader: BodyReader | None, names: frozenset[str], under_way: AsyncExitStack
) -> None:
    """Guard and read, in the order of refusals: 401, 429, 403, 413, 415, 422.

    A body is received before the request takes its turn, so that one that drips holds up nobody, and parsed after.
    """
    request, parts, row = exchange.request, exchange.parts, exchange.operation
    if "dpop" in request.headers or parts.guard.wants_proof(request.headers.get("authorization"), row):
        exchange.headers["DPoP-Nonce"] = parts.key_proofs.nonces.newest()
    if row.published and parts.settings.public_log and "authorization" not in request.headers:
        _check_query(request, names)
        return
    await _let_in(exchange)
    if request.method in {"POST", "PUT", "PATCH", "DELETE"}:
        exchange.body = await read_body(request, parts.settings.body_limit_bytes, exchange.weighing)
    if not row.open and "wait" not in request.query_params:  # who waits for something to happen takes up nothing
        await under_way.enter_async_context(parts.turns.turn(exchange.caller.client_id))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without a content coding.")
    if reader is not None and (exchange.body or not reader.optional):
        types = request.headers.getlist("content-type")  # of several a proxy in front may go by another one
        exchange.media_type = reader.check_media_type(types[0] if len(types) == 1 else "")
    if row.open:
        return
    _check_said_once(request)
    context = _context_of(exchange)
    why = read_justification(
        request.headers.get(JUSTIFICATION_HEADER.lower()),
        exchange.caller,
        row,
        required=parts.settings.justification_required,
        context=context,
    )
    if why is not None:
        exchange.acts(justified(exchange.caller, why))
    exchange.idempotency_key = read_key(request.headers.get("idempotency-key"))
    tags = request.headers.getlist("if-match")
    exchange.if_match = read_tags(", ".join(tags), "If-Match") if tags else None
    _check_query(request, names)
    if reader is not None and exchange.media_type:
        exchange.value = await reader.parse(exchange.body, exchange.media_type)


def _check_said_once(request: Request) -> None:
    """Refuse headers that have one meaning and were sent twice: the log might keep another than a proxy in front."""
    repeated = [name for name in _SAID_ONCE if len(request.headers.getlist(name)) > 1]
    if repeated:
        faults = (Fault("repeated", "Send it once.", header=name) for name in repeated)
        raise Invalid("A header was sent more than once.", *faults)


def _context_of(exchange: Exchange) -> CallContext:
    """Take in what the headers of national systems say of the call."""
    headers = exchange.request.headers
    if not says_anything(headers.keys()):
        return NOTHING_SAID
    context = read_context(headers.getlist, exchange.parts.clock.real_now().astimezone(LONDON).date())
    exchange.trail.context |= context.said
    exchange.headers.update(context.echo)
    return context


async def _let_in(exchange: Exchange) -> None:
    """Take the request from the rate of its client, or of its address where it says only in the body who is calling.

    The proof of a key is used up with the entry of the call; where there may be none, at once.
    """
    request, parts, row = exchange.request, exchange.parts, exchange.operation
    if row.open:
        if request.method == "POST":
            await _weigh(exchange, parts.address_limits, _site_of(request))
        return
    caller, proof = await _identify(exchange)
    exchange.acts(caller)
    if caller.token_issuer is not None:
        exchange.trail.context["token_issuer"] = caller.token_issuer
    exchange.headers.update(await _weigh(exchange, parts.limits, caller.client_id))
    if proof is not None and row.logged is not Logged.ALWAYS:
        await parts.reads.use_up(proof)
    else:
        exchange.trail.key_proof = proof
    admit(caller, row)


async def _weigh(exchange: Exchange, limits: RateLimits, who: str) -> dict[str, str]:
    """Take the request from a rate, with the body that it announces; return the headers that tell what is left."""
    exchange.weighing = Weighing(limits, who)
    most = exchange.parts.settings.body_limit_bytes
    return await exchange.weighing.count(min(announced_bytes(exchange.request), most))


async def _identify(exchange: Exchange) -> tuple[Caller, KeyProof | None]:
    """Find out who is calling, and by what proof; tokens that are new here wait for each other."""
    request, parts = exchange.request, exchange.parts
    credentials = Credentials(
        authorization=request.headers.getlist("authorization"),
        proofs=request.headers.getlist("dpop"),
        method=request.scope["asked_method"],
        url=parts.settings.public_url.rstrip("/") + request.scope["raw_path"].decode("latin-1"),
        certificate=certificate_of(request, parts.settings),
    )
    if not parts.guard.knows(credentials.authorization):
        async with parts.turns_of_strangers.turn(_site_of(request)):
            await asyncio.sleep(0)  # what else waits for the processor goes between two of a line
    return await parts.guard.identify(credentials)


def _check_query(request: Request, names: frozenset[str]) -> None:
    """Refuse a query parameter that the call does not take: a misspelt filter must not answer everything.

    One that is given twice has no single meaning, and one with a NUL names nothing that could be stored.
    """
    if not request.scope["query_string"]:
        return
    given = request.query_params.multi_items()
    faults = []
    for name, value in given:
        if name not in names:
            detail = f"This call takes {', '.join(sorted(names)) or 'no parameters'}."
            faults.append(Fault("unknown_parameter", detail, parameter=name[:80]))
        elif "\x00" in value:
            faults.append(Fault("nul", "Leave the character NUL out.", parameter=name))
        elif len(request.query_params.getlist(name)) > 1:
            faults.append(Fault("repeated_parameter", "Give this parameter once.", parameter=name))
    if faults:
        raise Invalid("A query parameter is unknown, repeated or malformed.", *faults[:_MOST_FAULTS])


async def _record_allowed(exchange: Exchange) -> None:
    """Make the entry of an allowed call durable, where its unit of work did not."""
    logged = exchange.operation.logged
    if exchange.trail.recorded or logged is Logged.NEVER or (logged is Logged.WHEN_TOLD and not exchange.trail.told):
        return
    await _record(exchange, exchange.outcome)


async def _record(exchange: Exchange, outcome: str) -> None:
    now = exchange.parts.clock.real_now()
    entry = compose(exchange.trail, exchange.known_caller, outcome=outcome, occurred_at=now)
    await exchange.parts.reads.record(entry)
    exchange.trail.recorded = True


async def _refuse(exchange: Exchange, refusal: Refusal) -> Response:
    """Answer a refusal after it is in the log; a database that is away cannot hide that it is away."""
    try:
        if isinstance(refusal, NotAuthenticated):
            await exchange.parts.address_limits.take(_site_of(exchange.request))
        if exchange.known_caller is not None and not isinstance(refusal, TooManyRequests | NotAuthenticated):
            refusal = await _record_refused(exchange, refusal)
        else:
            await _count(exchange, refusal)
    except TooManyRequests as over:
        refusal = over
        exchange.parts.tally.add(exchange.trail, over.code)
    except DependencyUnavailable as unavailable:
        refusal = unavailable
    if isinstance(refusal, TooManyRequests):
        caller = exchange.known_caller
        await exchange.parts.limits.hold_back(refusal, caller.client_id if caller else _site_of(exchange.request))
    if isinstance(refusal, NotAuthenticated):
        _challenge(exchange, refusal)
    return problem_response(refusal, exchange.request_id)


async def _record_refused(exchange: Exchange, refusal: Refusal) -> Refusal:
    """Record what a known caller was refused; where their proof was used before, that is why they are."""
    trail = exchange.trail
    await _name_target(exchange)
    trail.details = {**trail.details, "refusal": refusal.code}
    trail.recipients = []
    if trail.recorded or isinstance(refusal, DependencyUnavailable):
        trail.key_proof = None  # it may be used up already, by a commit that was not heard of
    # An entry that was written and whose commit was not heard of keeps its id; this is another one.
    trail.entry_id = new_id()
    trail.word = exchange.operation.word
    try:
        await _record(exchange, "refused")
    except ProofReplayed as replayed:
        await _count(exchange, replayed)
        return replayed
    return refusal


async def _count(exchange: Exchange, refusal: Refusal) -> None:
    """Count a refusal of somebody who is not known, or who asks too much: one entry per source, reason and minute."""
    if isinstance(refusal, TooManyRequests):
        exchange.parts.tally.add(exchange.trail, refusal.code)
        return
    reason = refusal.reason if isinstance(refusal, NotAuthenticated) else refusal.code
    await exchange.parts.tally.count(exchange.trail, reason)


async def _name_target(exchange: Exchange) -> None:
    path = exchange.request.path_params
    if path and exchange.trail.case_file_id is None:
        async with exchange.parts.database.brief_connection() as connection:
            await name_target(connection, exchange.trail, path)


def _challenge(exchange: Exchange, refusal: NotAuthenticated) -> None:
    """Say how to authenticate (RFC 6750 3, RFC 9449 7.1, RFC 9728 5.1); every bad token is told the same."""
    metadata = f"{exchange.parts.settings.public_url.rstrip('/')}/.well-known/oauth-protected-resource"
    told = f'error="{refusal.error}", resource_metadata="{metadata}"'
    dpop = f'algs="{" ".join(key_proofs.ALGORITHMS)}"'
    scheme = exchange.request.headers.get("authorization", "").partition(" ")[0].lower()
    refusal.headers["WWW-Authenticate"] = f"DPoP {told}, {dpop}" if scheme == "dpop" else f"Bearer {told}, DPoP {dpop}"


def _replay(exchange: Exchange, replayed: Replayed) -> Response:
    exchange.trail.details = {**exchange.trail.details, "replayed": True}
    exchange.trail.case_file_id = exchange.trail.case_file_id or replayed.case_file_id
    answer = replayed.answer
    headers = {**answer.headers, "Idempotent-Replayed": "true"}
    return Response(answer.body, answer.status, headers=headers)


def _misasked(found: RequestValidationError) -> Refusal:
    """Turn FastAPI's findings on path, query and headers into a refusal, one fault for each parameter."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for finding in found.errors():
        place, *rest = finding["loc"]
        if place == "path":
            return NotFound()
        detail = str(finding["msg"]).removeprefix("Value error, ").rstrip(".") + "."
        wanted.setdefault((place, str(rest[0]) if rest else ""), []).append(detail)
    faults = [
        Fault("malformed", " Or: ".join(said), **{"header" if place == "header" else "parameter": name})
        for (place, name), said in wanted.items()
    ]
    return Invalid("A parameter is missing or malformed.", *faults)
