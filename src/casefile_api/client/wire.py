"""One HTTP request: what was answered, or that it may pass by itself. Knows no tokens and no attachments."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx

from casefile_api.client.endings import Ending, Interrupted, TransferFailed

# A store that joins or hashes may take its time to answer; a line on which nothing moves for so long is cut.
_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=60)
_CONNECTIONS = 64
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def connect(ca_file: Path | None = None, certificate: Path | None = None) -> httpx.Client:
    """Open connections to others: with a CA file beside the system's, and with a client certificate where there is one.

    Proxies of the environment (HTTPS_PROXY, NO_PROXY) are used.
    """
    trust = ssl.create_default_context()
    try:
        if ca_file:
            trust.load_verify_locations(ca_file)
        if certificate:
            trust.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as fault:
        raise TransferFailed(f"{ca_file or certificate} is no PEM file that can be used.", Ending.LOCAL) from fault
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    return httpx.Client(timeout=_TIMEOUT, limits=limits, verify=trust, follow_redirects=False)


def checked(url: str) -> str:
    """Return a URL that a case file may travel by: HTTPS, or plain HTTP within this machine alone."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
        return url
    raise TransferFailed(f"{parts.scheme}://{parts.netloc} is not reached by HTTPS: nothing is sent.", Ending.REFUSED)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def passing(whom: str) -> Iterator[None]:
    """Turn a connection that failed or broke off into Interrupted."""
    try:
        yield
    except httpx.TransportError as fault:
        raise Interrupted(f"{whom} cannot be reached ({type(fault).__name__})") from fault


def expect_lasting(answer: httpx.Response, whom: str) -> None:
    """Raise Interrupted where the answer is one of the moment: overload, a restart, a pause that is asked for."""
    if answer.status_code in _PASSING:
        again = _retry_after(answer.headers)
        raise Interrupted(f"{whom} answers {answer.status_code}", again_in_seconds=again)


def json_of(answer: httpx.Response) -> Mapping[str, object]:
    """Return the JSON object that was answered; an empty one where it is none (a proxy's own page, say)."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After` (RFC 9110 10.2.3); a date is reckoned by the `Date` beside it, not by our clock."""
    asked = headers.get("retry-after", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (ValueError, KeyError, TypeError):
        return None
