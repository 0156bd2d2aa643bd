"""The keys of a trusted issuer, found by its metadata (OpenID Connect Discovery 4, RFC 8414 3) and read from its JWKS.

Which algorithms a key may be used with is decided by its kind and by the settings, never by a token (RFC 8725 3.1).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from casefile_api.access.compact import CompactToken
from casefile_api.access.trusted_issuers import TrustedIssuer
from casefile_api.errors import Invalid
from casefile_api.outward.addresses import Network
from casefile_api.outward.fetching import Fetcher, NotFetched
from casefile_api.outward.proxies import Proxy

MOST_KEYS = 100
SMALLEST_RSA_BITS, LARGEST_RSA_BITS = 2048, 4096

PublicKey = ECKey | RSAKey | OKPKey


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key that an issuer publishes, and what it may be verified with."""

    kid: str
    algorithms: frozenset[str]
    key: PublicKey = field(repr=False)

    def verifies(self, text: str, token: CompactToken, algorithm: str) -> bool:
        """Say whether this key signed the token."""
        signing_input = text.rpartition(".")[0].encode("ascii")
        try:
            return bool(JWSRegistry.algorithms[algorithm].verify(signing_input, token.signature, self.key))
        except ValueError:
            return False


class IssuerDocuments:
    """Fetches an issuer's keys: from where its metadata say, unless the settings name the place."""

    def __init__(self, issuer: TrustedIssuer, exempt: tuple[Network, ...] = (), proxy: Proxy | None = None) -> None:
        self._issuer = issuer
        self._fetcher = Fetcher((*exempt, *issuer.networks), proxy)

    async def key_set(self, _: str) -> bytes:
        """Return the JWK set.

        Raises NotFetched or Invalid.
        """
        return await self._fetcher.fetch(self._issuer.jwks_uri or await self._published_place())

    async def _published_place(self) -> str:
        fault = NotFetched("no_metadata")
        for url in metadata_urls(self._issuer.issuer):
            try:
                return place_of_keys(await self._fetcher.fetch(url), self._issuer.issuer)
            except NotFetched as missing:
                fault = missing
        raise fault


def metadata_urls(issuer: str) -> Iterator[str]:
    """Where an issuer's metadata may be: as OpenID Connect has it, and as RFC 8414 3.1 has it."""
    yield issuer.rstrip("/") + "/.well-known/openid-configuration"
    parts = urlsplit(issuer)
    yield f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"


def place_of_keys(metadata: bytes, issuer: str) -> str:
    """Return `jwks_uri` of the metadata, which must be of this very issuer (RFC 8414 3.3).

    Raises Invalid.
    """
    try:
        told = json.loads(metadata)
        if told["issuer"] == issuer and isinstance(told["jwks_uri"], str):
            return str(told["jwks_uri"])
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise Invalid("The metadata are not of this issuer, or name no keys.")


def read_issuer_keys(raw: bytes) -> tuple[IssuerKey, ...]:
    """Read a JWK set; keys without a name, of other kinds or for another use are passed over.

    Raises Invalid where it is none.
    """
    try:
        members = json.loads(raw)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Invalid("The document is not a JWK set.") from None
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise Invalid(f"The document is not a JWK set of at most {MOST_KEYS} keys.")
    found = (_read(member) for member in members if isinstance(member, dict))
    return tuple(key for key in found if key is not None)


def _read(jwk: Mapping[str, object]) -> IssuerKey | None:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid or jwk.get("use", "sig") != "sig" or "d" in jwk:
        return None
    try:
        key, algorithms = _of_kind({name: str(value) for name, value in jwk.items() if name in _MEMBERS})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    told = jwk.get("alg")
    return IssuerKey(kid, algorithms if told is None else algorithms & {str(told)}, key)


_MEMBERS = frozenset({"kty", "crv", "x", "y", "n", "e"})


def _of_kind(plain: dict[str, str | list[str]]) -> tuple[PublicKey, frozenset[str]]:
    match plain["kty"], plain.get("crv"):
        case "EC", "P-256":
            return ECKey.import_key(plain), frozenset({"ES256"})
        case "OKP", "Ed25519":
            return OKPKey.import_key(plain), frozenset({"EdDSA", "Ed25519"})
        case "RSA", _:
            key = RSAKey.import_key(plain)
            if SMALLEST_RSA_BITS <= key.public_key.key_size <= LARGEST_RSA_BITS:
                return key, frozenset({"PS256", "RS256"})
    raise ValueError("another kind of key")
