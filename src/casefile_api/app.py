"""The HTTP application: the only list of routers, and what every response has in common."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from casefile_api.attachments.bucket import check_bucket, prepare_bucket
from casefile_api.attachments.bundle_routes import router as bundles
from casefile_api.attachments.routes import router as attachments
from casefile_api.attachments.storage import Storage
from casefile_api.audit.routes import router as audit
from casefile_api.case_files.finding_routes import router as finding
from casefile_api.case_files.link_routes import router as links
from casefile_api.case_files.reference_routes import router as content_reference
from casefile_api.case_files.restriction_routes import router as restrictions
from casefile_api.case_files.retraction_routes import router as retractions
from casefile_api.case_files.routes import router as case_files
from casefile_api.early_advice.action_routes import router as action_plans
from casefile_api.early_advice.clock_keeping import rules_of
from casefile_api.early_advice.cps_routes import router as cps_steps
from casefile_api.early_advice.escalation_routes import router as escalations
from casefile_api.early_advice.outcome_routes import router as outcomes
from casefile_api.early_advice.police_routes import router as police_steps
from casefile_api.early_advice.routes import router as early_advice
from casefile_api.errors import DependencyUnavailable, MethodNotAllowed, NotFound, Refusal
from casefile_api.file_standards.routes import router as file_standards
from casefile_api.ledger.log_state import standing_alarm
from casefile_api.oauth.key_sets import KeySets
from casefile_api.oauth.routes import router as oauth
from casefile_api.organisations.code_lists import CODE_LISTS
from casefile_api.organisations.newer_lists import load_newer_lists
from casefile_api.organisations.routes import router as organisations
from casefile_api.outward.fetching import Fetcher
from casefile_api.outward.proxies import Proxy
from casefile_api.sandbox.clock_routes import router as sandbox_clock
from casefile_api.settings import Settings
from casefile_api.statistics.routes import router as statistics
from casefile_api.web import health
from casefile_api.web.assembly import build_parts, running
from casefile_api.web.hosts import KnownHosts, known_hosts
from casefile_api.web.middleware import RequestIds
from casefile_api.web.openapi import openapi_document
from casefile_api.web.problems import problem_response
from casefile_api.web.routing import GuardedRoute
from casefile_api.web.switchboard import PathTable, Switchboard
from casefile_api.webhooks.catalogue import openapi_components, openapi_webhooks
from casefile_api.webhooks.catalogue_routes import router as event_types
from casefile_api.webhooks.feed_routes import router as events
from casefile_api.webhooks.listening import Announcements
from casefile_api.webhooks.routes import router as webhooks

log = structlog.get_logger()

ROUTERS = (
    health.router,
    oauth,
    organisations,
    finding,
    case_files,
    retractions,
    links,
    content_reference,
    restrictions,
    file_standards,
    attachments,
    bundles,
    early_advice,
    police_steps,
    cps_steps,
    action_plans,
    escalations,
    outcomes,
    webhooks,
    event_types,
    events,
    audit,
    statistics,
)
SANDBOX_ROUTERS = (sandbox_clock,)


def create_app(settings: Settings) -> FastAPI:
    """Build the application of an API process.

    Raises Misconfigured where a key or a setting is not usable.
    """
    newer = load_newer_lists(settings.code_lists_dir)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(app.state.parts):
            await prepare_bucket(app.state.storage)
            # The offence codes take a tenth of a second to load: not in somebody's first request.
            log.info("starting", offence_codes=len(CODE_LISTS["offence"].by_code), newer_code_lists=newer)
            app.state.announcements.start()
            try:
                yield
            finally:
                await app.state.announcements.stop()
                app.state.storage.close()

    app = Application(
        title="casefile-api", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    rules_of(settings)  # a faulty rule is said at start-up, not at the first deadline
    app.state.parts = build_parts(settings)
    app.state.storage = Storage(settings)
    app.state.announcements = Announcements(settings)
    app.state.client_key_sets = KeySets(Fetcher(settings.webhook_exemptions, Proxy.of(settings)).fetch)
    app.state.readiness = _readiness(app)
    app.state.described_webhooks = openapi_webhooks(), openapi_components()
    for router in ROUTERS + (SANDBOX_ROUTERS if settings.sandbox else ()):
        app.include_router(router)
    app.include_router(health.docs)
    app.add_route("/openapi.json", _openapi, include_in_schema=False)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(Exception, _failed)
    return app


class Application(FastAPI):
    """FastAPI behind the switchboard: what every response has, whose names we answer to, then the operation."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what serves requests; FastAPI's own stack gets what the table of operations does not hold."""
        settings: Settings = self.state.parts.settings
        routers = ROUTERS + (SANDBOX_ROUTERS if settings.sandbox else ())
        operations = [route for router in routers for route in router.routes if isinstance(route, GuardedRoute)]
        rest = super().build_middleware_stack()
        board = Switchboard(PathTable(operations), rest, refused=_refused, unrouted=_unrouted, failed=_failed)
        return RequestIds(KnownHosts(board, hosts=known_hosts(settings)))


def _readiness(app: FastAPI) -> dict[str, health.Check]:
    async def database() -> str | None:
        return await health.database_answers(app.state.parts.database)

    async def storage() -> str | None:
        await check_bucket(app.state.storage)
        return None

    async def audit_log() -> str | None:
        async with app.state.parts.database.connection() as connection:
            return await standing_alarm(connection)

    return {"database": database, "storage": storage, "audit_log": audit_log}


async def _openapi(request: Request) -> Response:
    return JSONResponse(openapi_document(request.app))


def _methods_of(request: Request) -> list[str]:
    """Return what the path can be asked with; one path may be several routes (RFC 9110 10.2.1)."""
    path = request.url.path
    documented = openapi_document(request.app)["paths"]
    found: set[str] = set()
    # A path in so many words is itself, and not an id: `/v1/case-files/search`.
    for template, operations in ({path: documented[path]} if path in documented else documented).items():
        parts = re.split(r"({[a-z_]+})", template)  # a place named …_path may hold slashes, as that of a tile does
        place = {True: ".+", False: "[^/]+"}
        places = [place[part.endswith("_path}")] if part[:1] == "{" else re.escape(part) for part in parts]
        if re.fullmatch("".join(places), path):
            found |= {method.upper() for method in operations}
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()))


async def _unrouted(request: Request, fault: Exception) -> Response:
    """Answer a path or method that is not there; an OPTIONS is told what there is (RFC 9110 9.3.7).

    No origin is given leave to read by it: a browser's preflight finds none of the headers that it looks for.
    """
    fault = cast(HTTPException, fault)
    if fault.status_code == 405:
        allowed = {"Allow": ", ".join(_methods_of(request))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allowed)
        refusal: Refusal = MethodNotAllowed("This path does not take this method.", headers=allowed)
    elif fault.status_code == 404:
        refusal = NotFound()
    else:
        refusal = DependencyUnavailable("The request could not be served.")
    return problem_response(refusal, request.scope["request_id"])


async def _refused(request: Request, fault: Exception) -> Response:
    return problem_response(cast(Refusal, fault), request.scope["request_id"])


async def _failed(request: Request, fault: Exception) -> Response:
    """Answer a fault of ours; the log has its place, never its values."""
    log.error("request_failed", fault=type(fault).__name__, exc_info=fault)
    return problem_response(Refusal("The service failed; nothing was changed."), request.scope["request_id"])
