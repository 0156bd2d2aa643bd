"""Fetching a small document from an address that somebody else gave us.

The connection is made to an address that was judged, with the name in SNI, certificate check and Host header; so a name
that changes its answer between check and call gains nothing. No redirects, no proxy but the operator's, no cookies,
a bounded time and a bounded answer.
"""

import asyncio
from collections.abc import Sequence

import httpx2

from casefile_api.outward.addresses import AddressRefused, Network, parse_destination
from casefile_api.outward.proxies import Proxy, places, transport_to

TOTAL_SECONDS = 5.0
MOST_BYTES = 64 * 1024


class NotFetched(Exception):
    """The document could not be had; the message is one word for the log, without the URL."""


class Fetcher:
    """Fetches documents; each over a connection of its own, since it is done rarely."""

    def __init__(self, exempt: Sequence[Network], proxy: Proxy | None = None) -> None:
        self._exempt, self._proxy = exempt, proxy

    async def fetch(self, url: str) -> bytes:
        """Return the body of a 200 answer.

        Raises NotFetched, whatever goes wrong.
        """
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._get(url)
        except AddressRefused as refused:
            raise NotFetched(refused.code) from None
        except TimeoutError:
            raise NotFetched("timeout") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError):
            raise NotFetched("broken_answer") from None

    async def _get(self, url: str) -> bytes:
        destination = parse_destination(url, self._exempt)
        host, *_ = await places(destination, self._exempt, self._proxy, seconds=TOTAL_SECONDS)
        transport = transport_to(self._exempt, self._proxy, httpx2.create_ssl_context(), httpx2.Limits())
        async with httpx2.AsyncClient(transport=transport, follow_redirects=False, timeout=TOTAL_SECONDS) as client:
            request = client.build_request(
                "GET",
                f"{destination.scheme}://{host}:{destination.port}{destination.target}",
                headers={"Host": destination.host_header, "Accept": "application/json", "Accept-Encoding": "identity"},
                extensions={"sni_hostname": destination.host},
            )
            response = await client.send(request, stream=True)
            try:
                return await _body_of(response)
            finally:
                await response.aclose()


async def _body_of(response: httpx2.Response) -> bytes:
    if response.status_code != 200:
        raise NotFetched("status")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise NotFetched("too_large")
    return bytes(body)
