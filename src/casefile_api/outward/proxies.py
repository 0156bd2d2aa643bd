"""The way out through a proxy, where the operator's network has no other, and what judging an address means then.

The proxy is asked to CONNECT to the address that was judged here, and TLS is spoken through it with the receiver by
name: so it sees neither bodies nor signatures, and a name that changes its answer gains nothing. Where names of the
public internet are not known inside, the proxy may be relied on to look them up (`resolves`): the spelling is judged
here as ever, and where the name leads is for the proxy to refuse. Exempt networks are reached directly.
"""

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2

from casefile_api.outward.addresses import Address, Destination, Network
from casefile_api.outward.names import resolve
from casefile_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of the operator's, and whether it looks names up in our place."""

    url: str
    resolves: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Proxy | None":
        """Return the proxy of the settings; None where they name none."""
        return cls(settings.outward_proxy, settings.outward_proxy_resolves) if settings.outward_proxy else None


async def places(
    destination: Destination, exempt: Sequence[Network], proxy: Proxy | None, *, seconds: float
) -> list[str]:
    """Return the hosts to connect to, as a URL has them: judged addresses, or the name where the proxy looks it up.

    Raises AddressRefused.
    """
    if proxy is not None and proxy.resolves and destination.scheme == "https" and destination.address is None:
        return [destination.host]
    return [_in_url(address) for address in await resolve(destination, exempt, seconds=seconds)]


def transport_to(
    exempt: Sequence[Network],
    proxy: Proxy | None,
    tls: ssl.SSLContext,
    limits: httpx2.Limits,
) -> httpx2.AsyncBaseTransport:
    """Return the connections to a receiver: direct, or through the proxy. The environment names no proxy to us."""
    direct = httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)
    if proxy is None:
        return direct
    # A proxy reached by TLS is verified as receivers are; httpx2 refuses the context for one that is not.
    by_tls = proxy.url.startswith("https:")
    asked = httpx2.Proxy(proxy.url, ssl_context=httpx2.create_ssl_context() if by_tls else None)
    through = httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits, proxy=asked)
    return _ThroughProxy(direct, through, exempt)


class _ThroughProxy(httpx2.AsyncBaseTransport):
    """What goes to exempt networks goes directly, everything else through the proxy."""

    def __init__(
        self, direct: httpx2.AsyncBaseTransport, through: httpx2.AsyncBaseTransport, exempt: Sequence[Network]
    ) -> None:
        self._direct, self._through, self._exempt = direct, through, exempt

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request on its way."""
        way = self._direct if self._is_exempt(request.url.host) else self._through
        return await way.handle_async_request(request)

    async def aclose(self) -> None:
        """Hang up."""
        await self._direct.aclose()
        await self._through.aclose()

    def _is_exempt(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._exempt if network.version == address.version)


def _in_url(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
