"""Sending one webhook over the network, and nothing else: the home of httpx2.

The name is resolved here, every address is judged, and the connection is made to the address that was judged, with the
name in SNI, certificate check and Host header; so a name that changes its answer between check and call gains nothing.
No redirects, no proxy but the operator's, no cookies, a bounded time and a bounded answer.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx2

from casefile_api.outward.addresses import AddressRefused, Destination, Network, parse_destination
from casefile_api.outward.proxies import Proxy, places, transport_to
from casefile_api.webhooks.pacing import Pace

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
RESOLVE_SECONDS = 5.0
KEPT_ALIVE_SECONDS = 2.0
"""Shorter than any server keeps an idle connection, so that we do not send into one that is being closed."""
IDLE_SECONDS = 60.0
ANSWER_BYTES_KEPT = 256
ANSWER_BYTES_READ = 16 * 1024
_TIMEOUT = httpx2.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS).as_dict()


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: a status, or an error in one word; how long it took, and how the answer began."""

    status: int | None
    error: str | None
    latency_ms: int
    beginning: str | None = None
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver has taken it: any 2xx, and only that."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing more, ever (410)."""
        return self.status == 410


class Line:
    """Connections to one receiver, kept while there is something to send; a receiver never shares them with another.

    It keeps the receiver's pace too: a receiver that moves to another URL begins afresh.
    """

    def __init__(
        self, tls: ssl.SSLContext, exempt: Sequence[Network], *, connections: int, proxy: Proxy | None = None
    ) -> None:
        self._exempt, self._proxy = exempt, proxy
        limits = httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEPT_ALIVE_SECONDS
        )
        # The transport alone: a client around it would add cookies, redirects and headers of its own, and its time.
        self._transport = transport_to(exempt, proxy, tls, limits)
        self._looking = asyncio.Lock()
        self._found: Found | None = None
        self._urls: dict[str, httpx2.URL] = {}
        self.pace = Pace(connections)
        self.used_at = time.monotonic()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST a body once. Whatever goes wrong is an answer too; nothing is raised but cancellation."""
        begun = self.used_at = time.monotonic()
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._post(url, headers, body, begun)
        except AddressRefused as refused:
            return _failed(refused.code, begun)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ssl.SSLError) as fault:
            return _failed(_word_for(fault), begun)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes, begun: float) -> Answer:
        found = await self._find(url)
        *others, last = found.hosts
        for host in others:
            with contextlib.suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._post_to(host, found.destination, headers, body, begun)
        return await self._post_to(last, found.destination, headers, body, begun)

    async def _find(self, url: str) -> "Found":
        """Find the addresses of a URL and judge them: once for all that is sent at a time, not for each.

        Only one of a receiver's attempts looks at a time, so that a name that nobody answers for takes up one look-up.
        """
        async with self._looking:
            found = self._found
            if found is None or found.url != url or time.monotonic() >= found.until:
                found = self._found = None
                destination = parse_destination(url, self._exempt)
                hosts = await places(destination, self._exempt, self._proxy, seconds=RESOLVE_SECONDS)
                found = self._found = Found(url, destination, hosts, time.monotonic() + KEPT_ALIVE_SECONDS)
        return found

    async def _post_to(
        self, host: str, destination: Destination, headers: Mapping[str, str], body: bytes, begun: float
    ) -> Answer:
        request = httpx2.Request(
            "POST",
            self._url(host, destination),
            headers={**headers, "Host": destination.host_header, "Accept": "*/*", "Accept-Encoding": "identity"},
            content=body,
            extensions={"sni_hostname": destination.host, "timeout": _TIMEOUT},
        )
        response = await self._transport.handle_async_request(request)
        try:
            beginning = await _beginning(response)
        finally:
            await response.aclose()
        wait = read_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        error = None if response.is_success else "redirect" if response.is_redirect else "status"
        return Answer(response.status_code, error, _elapsed_ms(begun), beginning, wait)

    def _url(self, host: str, destination: Destination) -> httpx2.URL:
        text = f"{destination.scheme}://{host}:{destination.port}{destination.target}"
        if text not in self._urls:
            self._urls = {text: httpx2.URL(text)}
        return self._urls[text]

    async def close(self) -> None:
        """Hang up."""
        await self._transport.aclose()


@dataclass(frozen=True, slots=True)
class Found:
    """Where a URL leads, judged, and until when that holds: no longer than a connection made to it is kept."""

    url: str
    destination: Destination
    hosts: Sequence[str]
    until: float


class Lines:
    """The lines of a process: one to each endpoint's URL, hung up when it has not been used for a while."""

    def __init__(self, exempt: Sequence[Network], *, connections: int, proxy: Proxy | None = None) -> None:
        self._tls = httpx2.create_ssl_context()
        self._exempt, self._proxy = exempt, proxy
        self._connections = connections
        self._lines: dict[tuple[UUID, str], Line] = {}

    def to(self, endpoint_id: UUID, url: str) -> Line:
        """Return the line to an endpoint's URL."""
        line = self._lines.get((endpoint_id, url))
        if line is None:
            line = Line(self._tls, self._exempt, connections=self._connections, proxy=self._proxy)
            self._lines[endpoint_id, url] = line
        line.used_at = time.monotonic()
        return line

    async def hang_up(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        """Hang up the lines that were idle for so long."""
        before = time.monotonic() - idle_seconds
        for key in [key for key, line in self._lines.items() if line.used_at <= before]:
            await self._lines.pop(key).close()


async def _beginning(response: httpx2.Response) -> str:
    """The first bytes of an answer as text; a little more is read so that the connection can be used again."""
    kept = bytearray()
    read = 0
    with contextlib.suppress(httpx2.HTTPError):
        async for chunk in response.aiter_raw():
            kept += chunk[: ANSWER_BYTES_KEPT - len(kept)]
            read += len(chunk)
            if read > ANSWER_BYTES_READ:
                break
    return bytes(kept).decode("utf-8", "replace").replace("\x00", "\ufffd")


def read_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date (RFC 9110 10.2.3); nonsense is no wish at all."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())


def _word_for(fault: Exception) -> str:
    """What an attempt ran into, in one word."""
    if isinstance(fault, httpx2.ConnectTimeout):
        return "connect_timeout"
    if isinstance(fault, (TimeoutError, httpx2.TimeoutException)):
        return "timeout"
    if isinstance(fault, httpx2.ConnectError):
        return "certificate" if "certificate" in str(fault).lower() else "connect_failed"
    return "proxy_refused" if isinstance(fault, httpx2.ProxyError) else "broken_answer"


def _failed(error: str, begun: float) -> Answer:
    return Answer(None, error, _elapsed_ms(begun))


def _elapsed_ms(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
