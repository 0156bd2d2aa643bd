"""Requests are answered under the service's own names alone.

Whoever makes another name lead here (DNS rebinding, a forged Host header, a misdirected proxy) gets a 404 before
anything else is looked at. Health checks come by address and are answered whatever the name.
"""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from casefile_api.errors import NotFound
from casefile_api.settings import Settings
from casefile_api.web.problems import problem_response

HEALTH = frozenset({"/healthz", "/readyz"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY = "*"


def known_hosts(settings: Settings) -> frozenset[str]:
    """Return the names: those set, or that of the public URL; on a machine's own loopback all its spellings."""
    named = [name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip()]
    hosts = frozenset(named or [urlsplit(settings.public_url).hostname or ""])
    return hosts | LOOPBACK if hosts & LOOPBACK else hosts


class KnownHosts:
    """Refuses requests for other hosts."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] in HEALTH or self._is_known(scope["headers"]):
            await self.app(scope, receive, send)
            return
        refusal = NotFound("This service is not known by that name.")
        await problem_response(refusal, scope["request_id"])(scope, receive, send)

    def _is_known(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        named = [value for name, value in headers if name == b"host"]
        return len(named) == 1 and (ANY in self._hosts or _host_in(named[0].decode("latin-1")) in self._hosts)


@lru_cache(maxsize=256)
def _host_in(header: str) -> str:
    """Return the host of a Host header in lower case, without port and brackets (RFC 9110 7.2)."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
