"""One process that answers requests, on a socket that its parent opened."""

from __future__ import annotations

import socket
import sys

import uvicorn

from casefile_api.cli import schema
from casefile_api.cli.memory import keep_what_is_loaded, loading
from casefile_api.cli.metrics import Measured, serve_metrics
from casefile_api.logs import write_logs
from casefile_api.settings import Settings

GRACEFUL_SECONDS = 2  # a long poll of the feed may be open for half a minute; its caller asks again
KEEP_ALIVE_SECONDS = 65  # longer than the usual 60 of a load balancer, so that it is never us who closes first
WAITING_LIMIT = 4096
TABLES_SECONDS = 60.0
SWITCH_SECONDS = 0.0005
"""How long the loop waits for a thread that reads a large body; the usual 5 ms would be added at each of its steps."""


class Server(uvicorn.Server):
    """Takes requests when all that is loaded has its place."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tidy up before the first request."""
        await super().startup(sockets)
        keep_what_is_loaded()


def run_api(settings: Settings, descriptor: int) -> None:
    """Serve until told to stop; answers under way are finished first."""
    with loading():
        from casefile_api.app import create_app
        from casefile_api.cli.impatient import ImpatientProtocol

    write_logs()
    sys.setswitchinterval(SWITCH_SECONDS)
    serve_metrics(settings)
    schema.await_tables(settings.database_url, TABLES_SECONDS)
    with loading():
        application = create_app(settings)
    configuration = uvicorn.Config(
        Measured(application),
        loop="uvloop",
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # the service itself decides whom it believes (CASEFILE_TRUSTED_PROXIES)
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        limit_concurrency=WAITING_LIMIT,
    )
    server = Server(configuration)
    server.run(sockets=[socket.socket(fileno=descriptor)])
    if not server.started:
        raise SystemExit(3)
