"""Whether the process lives, whether it can serve, what a problem means, and the reference page."""

import html
from collections.abc import Awaitable, Callable
from importlib.resources import files

import orjson
from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from casefile_api.database import Database, translated_faults
from casefile_api.errors import NotFound, Refusal
from casefile_api.web.problems import PROBLEMS
from casefile_api.web.routing import GuardedRoute

Check = Callable[[], Awaitable[str | None]]
router = APIRouter(route_class=GuardedRoute, tags=["operations"])


@router.get("/healthz", operation_id="get_health")
async def get_health() -> Response:
    """Say that the process is alive."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get(
    "/readyz",
    operation_id="get_service_readiness",
    responses={503: {"description": "Something is missing", "content": {"application/json": {}}}},
)
async def get_service_readiness(request: Request) -> Response:
    """Say whether database, storage and log are there, each by name."""
    checks: dict[str, Check] = request.app.state.readiness
    told = {}
    for name, check in checks.items():
        try:
            with translated_faults():
                told[name] = await check() or "ok"
        except Refusal as refusal:
            told[name] = refusal.detail
        except OSError:
            told[name] = "does not answer"
    ready = all(answer == "ok" for answer in told.values())
    return Response(
        orjson.dumps({"ready": ready, "checks": told}), 200 if ready else 503, media_type="application/json"
    )


@router.get(
    "/problems/{code}",
    operation_id="get_problem",
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def get_problem(code: str) -> Response:
    """Explain a kind of problem."""
    problem = PROBLEMS.get(code)
    if problem is None:
        raise NotFound("There is no such problem.")
    title, meaning = html.escape(problem.title), html.escape(problem.meaning)
    page = (
        f"<!doctype html><html lang=en-GB><meta charset=utf-8><title>{title}</title>"
        f"<h1>{title}</h1><p><code>{code}</code>, status {problem.status}</p><p>{meaning}</p></html>"
    )
    return Response(page, media_type="text/html; charset=utf-8")


_DOCS_PAGE = """<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>casefile-api</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""
_START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null});"""
_DOCS_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

docs = APIRouter(include_in_schema=False)


@docs.get("/docs")
async def reference() -> Response:
    """Serve the reference, without any outside asset."""
    return Response(_DOCS_PAGE, media_type="text/html", headers={"Content-Security-Policy": _DOCS_POLICY})


@docs.get("/docs/{name}")
async def asset(name: str) -> Response:
    """Serve an asset of the reference."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _ASSETS:
        raise NotFound()
    data = (files("fastapi_swagger") / "resources" / name).read_bytes()
    return Response(data, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


async def database_answers(database: Database) -> str | None:
    """Return None where the database answers."""
    async with database.connection() as connection:
        await connection.execute(text("select 1"))
    return None
