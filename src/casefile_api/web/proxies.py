"""Where a request really comes from, when proxies stand in between.

`X-Forwarded-For` is written by whoever likes to; it is believed only as far as proxies that are named in the settings
wrote it, read from the right (RFC 7239 says the same of its own header).
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from casefile_api.errors import Misconfigured

Networks = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=8)
def trusted_networks(setting: str) -> Networks:
    """Read CASEFILE_TRUSTED_PROXIES: addresses or networks, separated by commas.

    Raises Misconfigured where one is neither.
    """
    try:
        return tuple(ip_network(part.strip()) for part in setting.split(",") if part.strip())
    except ValueError:
        raise Misconfigured("CASEFILE_TRUSTED_PROXIES holds something that is no address and no network.") from None


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
