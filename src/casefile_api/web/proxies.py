"""Where a request really comes from, when proxies stand in between.

`X-Forwarded-For` is written by whoever likes to; it is believed only as far as proxies that are named in the settings
wrote it, read from the right (RFC 7239 says the same of its own header). The same holds, for proxies of their own
setting, of the header that passes a client's TLS certificate on (RFC 9440 2.4).
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.requests import Request

from casefile_api.access.client_certificates import thumbprint_of
from casefile_api.errors import Misconfigured
from casefile_api.settings import Settings

Networks = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=8)
def trusted_networks(setting: str, name: str = "CASEFILE_TRUSTED_PROXIES") -> Networks:
    """Read a setting of proxies: addresses or networks, separated by commas.

    Raises Misconfigured where one is neither.
    """
    try:
        return tuple(ip_network(part.strip()) for part in setting.split(",") if part.strip())
    except ValueError:
        raise Misconfigured(f"{name} holds something that is no address and no network.") from None


def certificate_networks(settings: Settings) -> Networks:
    """Return the proxies whose word on the client's certificate is believed; none unless the settings name some."""
    return trusted_networks(settings.client_certificate_proxies, "CASEFILE_CLIENT_CERTIFICATE_PROXIES")


def certificate_of(request: Request, settings: Settings) -> str | None:
    """Return the thumbprint of the client certificate that a proxy saw; what anybody else says of one is not read."""
    if not settings.client_certificate_proxies:
        return None
    peer = request.client.host if request.client else ""
    if not _is_trusted(peer, certificate_networks(settings)):
        return None
    return thumbprint_of(request.headers.getlist(settings.client_certificate_header))


def source_address(peer: str, forwarded: Iterable[str], trusted: Networks) -> str:
    """Return the address that the outermost trusted proxy was called from; the peer's own where it is not trusted.

    `forwarded` are the X-Forwarded-For headers in their order.
    """
    hops = [hop.strip() for header in forwarded for hop in header.split(",")]
    address = peer
    while hops and _is_trusted(address, trusted):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def _is_trusted(address: str, trusted: Networks) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
