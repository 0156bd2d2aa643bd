"""Where we may reach out to when others name the place: public HTTPS addresses only, whatever way they are spelled.

A registered URL (a webhook, a client's keys) makes this service send requests, so it must never reach into a private
network, the machine itself or a cloud's metadata. The URL is judged when it is registered, and the address actually
connected to is judged again at every connection, since the answer of the domain name system may have changed. Pure.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_LENGTH = 2048


class AddressRefused(Exception):
    """A URL or an address a webhook may not go to; `code` and `mend` say why, without repeating the URL."""

    def __init__(self, code: str, mend: str) -> None:
        super().__init__(mend)
        self.code = code
        self.mend = mend


@dataclass(frozen=True)
class Destination:
    """A URL taken apart: what is resolved, what is connected to and what is asked for."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def host_header(self) -> str:
        """The Host header and origin of the URL, without the port where it is the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return name if self.port == usual else f"{name}:{self.port}"


_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)(?P<fragment>#.*)?")
_CHARACTERS = re.compile(r"[!-~]+")
_ODD = frozenset('\\"<>^`{|}')
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_NAMES = frozenset(
    ("localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain", "arpa", "onion")
)
_WELL_KNOWN_PORTS_END = 1024


def parse_destination(url: str, exempt: Sequence[Network] = ()) -> Destination:
    """Take a webhook URL apart and judge it; raises AddressRefused. Networks in `exempt` may be reached by plain HTTP.

    The rules are stricter than the URL standard where spellings differ between readers: what one parser takes for a
    name and another for an address is refused.
    """
    if not url or len(url) > MAX_URL_LENGTH:
        raise AddressRefused("url_length", f"give a URL of 1 to {MAX_URL_LENGTH} characters")
    found = _URL.fullmatch(url)
    if found is None or _CHARACTERS.fullmatch(url) is None or _ODD & set(url):
        raise AddressRefused("url_malformed", "give an absolute https URL in plain ASCII, other characters encoded")
    if found["fragment"] is not None:
        raise AddressRefused("url_fragment", "leave out the fragment (#…)")
    if "@" in found["authority"]:
        raise AddressRefused("url_credentials", "leave user name and password out of the URL")
    scheme = found["scheme"].lower()
    host, port, address = _parse_authority(found["authority"], 80 if scheme == "http" else 443)
    exempted = _is_exempt(host, address, exempt)
    if scheme != "https" and not (scheme == "http" and exempted):
        raise AddressRefused("url_scheme", "use https")
    if not exempted:
        _judge_name(host, address)
        if port != 443 and port < _WELL_KNOWN_PORTS_END:
            raise AddressRefused("url_port", "use port 443 or one from 1024")
    target = found["target"]
    return Destination(scheme, host, port, target if target.startswith("/") else "/" + target, address)


def judge_address(address: Address, exempt: Sequence[Network] = ()) -> None:
    """Refuse an address that is not an ordinary public one; raises AddressRefused. Called on what is connected to."""
    if any(address in network for network in exempt if network.version == address.version):
        return
    if isinstance(address, ipaddress.IPv4Address):
        public = address.is_global and not any(address in network for network in _NEVER_V4)
    else:
        public = _is_public_v6(address)
    if not public or address.is_multicast:
        raise AddressRefused("address_not_public", "use a host whose addresses are all public")


_NEVER_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",  # a cloud's own service address, public by number only
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",
        "224.0.0.0/3",
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_NEVER_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries any IPv4 address within
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_ISATAP = frozenset((0x00005EFE, 0x02005EFE))


def _is_public_v6(address: ipaddress.IPv6Address) -> bool:
    """Only global unicast; so mapped, compatible, NAT64, unique-local, link-local and multicast ranges are all out."""
    if address.scope_id is not None or address not in _UNICAST_V6:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _NEVER_V6)


def _parse_authority(authority: str, usual_port: int) -> tuple[str, int, Address | None]:
    if "%" in authority:
        raise AddressRefused("url_host", "write the host in plain letters, without % and without a zone")
    if authority.startswith("["):
        literal, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise AddressRefused("url_host", "close the IPv6 address with ]")
        try:
            address = ipaddress.IPv6Address(literal)
        except ValueError:
            raise AddressRefused("url_host", "give a valid IPv6 address or a host name") from None
        return str(address), _parse_port(rest[1:] if rest else None, usual_port), address
    name, colon, port = authority.partition(":")
    host = name.lower()
    return host, _parse_port(port if colon else None, usual_port), _ipv4_of(host)


def _parse_port(text: str | None, usual_port: int) -> int:
    if text is None:
        return usual_port
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise AddressRefused("url_port", "give a port from 1 to 65535, or none")
    return int(text)


def _ipv4_of(host: str) -> ipaddress.IPv4Address | None:
    """The address of a host written in numbers; a spelling other than four plain decimal numbers is refused."""
    labels = host.removesuffix(".").split(".")
    if _NUMERIC.fullmatch(labels[-1]) is None:
        return None
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise AddressRefused("url_host", "write an IPv4 address as four decimal numbers") from None
    return address


def _is_exempt(host: str, address: Address | None, exempt: Sequence[Network]) -> bool:
    if address is not None:
        return any(address in network for network in exempt if network.version == address.version)
    return host == "localhost" and any(network.is_loopback for network in exempt)


def _judge_name(host: str, address: Address | None) -> None:
    if address is not None:
        judge_address(address)
        return
    labels = host.split(".")
    if len(host) > 253 or any(_LABEL.fullmatch(label) is None for label in labels):
        raise AddressRefused("url_host", "give a host name of letters, digits and hyphens, without a dot at its end")
    if len(labels) < 2 or labels[-1] in _LOCAL_NAMES:
        raise AddressRefused("address_not_public", "give a host name that is known on the public internet")
