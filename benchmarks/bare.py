"""The yardstick of reads: bare Starlette, the same database, driver and pool size, one SELECT, and nothing else."""

import os
from contextlib import asynccontextmanager

from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_SELECT = os.environ["BARE_STATEMENT"]
_POOL = 6


@asynccontextmanager
async def lifespan(app: Starlette):  # type: ignore[no-untyped-def]
    """Open and close the pool."""
    async with AsyncConnectionPool(os.environ["BARE_DATABASE_URL"], min_size=_POOL, max_size=_POOL, open=False) as pool:
        app.state.pool = pool
        yield


async def read(request: Request) -> Response:
    """Answer the stored bytes."""
    async with request.app.state.pool.connection() as connection:
        row = await (await connection.execute(_SELECT, {"id": request.path_params["id"]}, prepare=True)).fetchone()
    return Response(bytes(row[0]), media_type="application/json")


app = Starlette(routes=[Route("/{id}", read)], lifespan=lifespan)
