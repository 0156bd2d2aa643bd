"""A client's TLS certificate as a proxy passes it on (RFC 9440, or nginx's escaped PEM), and what a token names of it.

The proxy ended the connection and saw that the client holds the certificate's key; so whom the header is believed from
decides everything, and that is said elsewhere (`web.proxies`). A token is bound to the certificate itself, by its
SHA-256 (RFC 8705 3), so who issued the certificate does not matter here.
"""

import base64
import binascii
import ssl
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from urllib.parse import unquote_to_bytes

from cryptography import x509

from casefile_api.access.compact import base64url

LONGEST_HEADER = 16 * 1024
KEPT = 500


def thumbprint_of(headers: Sequence[str]) -> str | None:
    """Return `x5t#S256` of the certificate that a proxy passed on (RFC 8705 3.1); None where there is not just one."""
    if len(headers) != 1 or len(headers[0]) > LONGEST_HEADER:
        return None
    return _thumbprint_in(headers[0].strip())


@lru_cache(maxsize=KEPT)
def _thumbprint_in(header: str) -> str | None:
    """Read one header; a client sends the same one for long, so the answer is kept."""
    try:
        der = _der_in(header)
        x509.load_der_x509_certificate(der)
    except (ValueError, binascii.Error, UnicodeError):
        return None
    return base64url(sha256(der).digest())


def _der_in(header: str) -> bytes:
    """Take the certificate out of `:base64:` (RFC 9440 2.2, RFC 8941 3.3.5) or of percent-encoded PEM."""
    if header.startswith(":") and header.endswith(":") and len(header) > 2:
        return base64.b64decode(header[1:-1], validate=True)
    return ssl.PEM_cert_to_DER_cert(unquote_to_bytes(header).decode("ascii"))
