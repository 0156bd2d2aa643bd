"""Our access tokens: issued and verified here, and nowhere else (RFC 9068, RFC 8725). The only home of python-jose.

`TokenVerifier.verify` is the one function that believes a token. Before the library sees a token its spelling and
header are checked by hand, after it the claims; the library is given one key and one algorithm; every failure reads the
same to the caller.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from jose import jwk, jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from casefile_api.access.compact import CompactToken, NotCompact, base64url, read_compact
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import KeySource, SigningKey, SigningKeys
from casefile_api.errors import NotAuthenticated
from casefile_api.identifiers import new_id

LIFETIME_SECONDS = 15 * 60
MEDIA_TYPE = "at+jwt"
MOST_KEPT = 20_000
SKEW_SECONDS = 5
"""Processes on several machines issue and verify: one of them may be a little ahead of another."""

_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "org", "roles", "scope", "name", "unit", "cnf"}
)
_SIGNATURE_BYTES = 64
KEY_MEMBER, CERTIFICATE_MEMBER = "jkt", "x5t#S256"
_CONFIRMATIONS = {KEY_MEMBER: "bound_to", CERTIFICATE_MEMBER: "bound_to_certificate"}
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_THUMBPRINT_CHARACTERS = 43
# A token that is well made and signed by nobody.
_DECOY = ".".join(map(base64url, (b'{"alg":"ES256"}', b"{}", b"\x11" * _SIGNATURE_BYTES)))


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified access token says. Times are seconds since 1970, real time."""

    issuer: str
    subject: str
    client_id: str
    organisation: str
    roles: frozenset[str]
    scopes: frozenset[str]
    token_id: str
    issued_at: int
    expires_at: int
    name: str | None = None
    unit: str | None = None
    # What the token is bound to: a key by its RFC 7638 thumbprint (RFC 9449 6.1), a client certificate by its SHA-256
    # (RFC 8705 3.1), or both. Whoever has a token that is bound to nothing may use it.
    bound_to: str | None = None
    bound_to_certificate: str | None = None

    @property
    def is_bound(self) -> bool:
        """Say whether the token is good only for whoever holds a certain key."""
        return self.bound_to is not None or self.bound_to_certificate is not None

    def as_payload(self) -> dict[str, object]:
        """Return the claims as they stand in the token (RFC 9068 2.2)."""
        payload: dict[str, object] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.issuer,
            "exp": self.expires_at,
            "iat": self.issued_at,
            "jti": self.token_id,
            "client_id": self.client_id,
            "org": self.organisation,
            "roles": sorted(self.roles),
            "scope": " ".join(sorted(self.scopes)),
        }
        bound = {KEY_MEMBER: self.bound_to, CERTIFICATE_MEMBER: self.bound_to_certificate}
        bound = {member: thumbprint for member, thumbprint in bound.items() if thumbprint is not None}
        further = {"name": self.name, "unit": self.unit, "cnf": bound or None}
        return payload | {claim: value for claim, value in further.items() if value is not None}


class TokenIssuer:
    """Signs access tokens."""

    def __init__(self, keys: KeySource, issuer: str) -> None:
        self._source = keys
        self._ready = _ready_to_sign(keys.newest().signing)
        self.issuer = issuer

    def claims_for(
        self,
        *,
        subject: str,
        client_id: str,
        organisation: str,
        roles: frozenset[str],
        scopes: frozenset[str],
        issued_at: int,
        name: str | None = None,
        unit: str | None = None,
    ) -> Claims:
        """Return the claims of a new token, good for 15 minutes from `issued_at` (seconds since 1970)."""
        return Claims(
            issuer=self.issuer,
            subject=subject,
            client_id=client_id,
            organisation=organisation,
            roles=roles,
            scopes=scopes,
            token_id=str(new_id()),
            issued_at=issued_at,
            expires_at=issued_at + LIFETIME_SECONDS,
            name=name,
            unit=unit,
        )

    def sign(self, claims: Claims) -> str:
        """Return the signed token."""
        signing = self._source.newest().signing
        if self._ready.kid != signing.kid:
            self._ready = _ready_to_sign(signing)
        header = {"typ": MEDIA_TYPE, "kid": self._ready.kid}
        return str(jws.sign(claims.as_payload(), self._ready.key, headers=header, algorithm="ES256"))


@dataclass(frozen=True, slots=True)
class _ReadyKey:
    kid: str
    key: Key = field(repr=False)


def _ready_to_sign(signing: SigningKey) -> _ReadyKey:
    return _ReadyKey(signing.kid, jwk.construct(signing.private_pem, "ES256"))


class TokenVerifier:
    """Believes a token, or does not. Verified ones are remembered by their hash until they expire."""

    def __init__(
        self,
        keys: KeySource,
        issuer: str,
        revocations: RevocationList,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._source = keys
        self._known = keys.newest()
        self._keys = _ready_to_verify(self._known)
        self._issuer = issuer
        self._revocations = revocations
        self._now = now
        self._kept: OrderedDict[bytes, Claims] = OrderedDict()

    def verify(self, bearer: str) -> Claims:
        """Return what a token says.

        Raises NotAuthenticated, always in the same words; its `reason` is for the log alone.
        """
        self._take_up_keys()
        digest = _digest(bearer)
        kept = self._kept.get(digest)
        claims = kept or self._read(bearer)
        try:
            refuse_unless_current(claims, self._now(), self._revocations)
        except NotAuthenticated:
            if kept is not None:
                self._spend_a_verification()
            raise
        if kept is None:
            self._keep(digest, claims)
        return claims

    def knows(self, bearer: str) -> bool:
        """Say whether a token was verified before and is still good, so that it costs next to nothing."""
        kept = self._kept.get(_digest(bearer))
        return kept is not None and is_current(kept, self._now(), self._revocations)

    def _take_up_keys(self) -> None:
        """Go by the keys of the moment; what a key that is gone made good is forgotten with it."""
        newest = self._source.newest()
        if newest is not self._known:
            self._known, self._keys = newest, _ready_to_verify(newest)
            self._kept.clear()

    def _read(self, bearer: str) -> Claims:
        """Read a token; a forgery costs one verification wherever it is found out, so that time does not tell where."""
        try:
            token, key = self._token_and_key(bearer)
        except NotAuthenticated:
            self._spend_a_verification()
            raise
        if not _is_signed(bearer, key):
            raise refusal("bad_signature")
        return self._claims_in(token)

    def _spend_a_verification(self) -> None:
        _is_signed(_DECOY, next(iter(self._keys.values())))

    def _token_and_key(self, bearer: str) -> tuple[CompactToken, Key]:
        try:
            token = read_compact(bearer)
        except NotCompact as fault:
            raise refusal(fault.reason) from None
        key = self._find_key(self._key_id(token))
        if key is None:
            raise refusal("unknown_key")
        return token, key

    def _find_key(self, kid: str) -> Key | None:
        """Find a key; another process may sign with a new one a moment before this one looked."""
        if kid not in self._keys:
            self._source.reread()
            self._take_up_keys()
        return self._keys.get(kid)

    def _key_id(self, token: CompactToken) -> str:
        """Check the header, which is ours to the letter, and return the key it names."""
        header = token.header
        if set(header) != _HEADER_MEMBERS or header["typ"] != MEDIA_TYPE or header["alg"] != "ES256":
            raise refusal("bad_header")
        if not _could_be_signed(token.signature):
            raise refusal("bad_signature")
        kid = header["kid"]
        return kid if isinstance(kid, str) else ""

    def _claims_in(self, token: CompactToken) -> Claims:
        """Read the claims, each required, each of its type (RFC 9068 2.2; `aud` is one string here)."""
        texts = {name: token.text(name) for name in ("iss", "sub", "aud", "jti", "client_id", "org", "scope")}
        if token.claims.get("scope") == "":
            texts["scope"] = ""
        issued_at, expires_at = token.moment("iat"), token.moment("exp")
        if not token.claims.keys() <= _CLAIMS:
            raise refusal("bad_claims")
        if None in texts.values() or issued_at is None or expires_at is None:
            raise refusal("bad_claims")
        if texts["iss"] != self._issuer or texts["aud"] != self._issuer:
            raise refusal("other_audience")
        if not 0 < expires_at - issued_at <= LIFETIME_SECONDS:
            raise refusal("bad_claims")
        return Claims(
            issuer=self._issuer,
            subject=texts["sub"] or "",
            client_id=texts["client_id"] or "",
            organisation=texts["org"] or "",
            roles=_roles_in(token),
            scopes=frozenset((texts["scope"] or "").split()),
            token_id=texts["jti"] or "",
            issued_at=issued_at,
            expires_at=expires_at,
            name=token.text("name"),
            unit=token.text("unit"),
            **confirmation_in(token),
        )

    def _keep(self, digest: bytes, claims: Claims) -> None:
        self._kept[digest] = claims
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _digest(bearer: str) -> bytes:
    return sha256(bearer.encode("utf-8", "surrogatepass")).digest()


def refuse_unless_current(claims: Claims, now: float, revocations: RevocationList) -> None:
    """Check that a token is good now (seconds since 1970) and was not taken back.

    Raises NotAuthenticated.
    """
    if claims.expires_at <= now:
        raise refusal("expired")
    if claims.issued_at > now + SKEW_SECONDS:
        raise refusal("not_yet_valid")
    if revocations.newest().cover(
        jti=claims.token_id,
        organisation=claims.organisation,
        client_id=claims.client_id,
        subject=claims.subject,
        issued_at=claims.issued_at,
    ):
        raise refusal("revoked")


def is_current(claims: Claims, now: float, revocations: RevocationList) -> bool:
    """Say whether a token is good now."""
    try:
        refuse_unless_current(claims, now, revocations)
    except NotAuthenticated:
        return False
    return True


def _could_be_signed(signature: bytes) -> bool:
    """Say whether both numbers of an ES256 signature are within the curve's order; others are refused sooner."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    halves = signature[: _SIGNATURE_BYTES // 2], signature[_SIGNATURE_BYTES // 2 :]
    return all(0 < int.from_bytes(half) < _ORDER for half in halves)


def _is_signed(bearer: str, key: Key) -> bool:
    try:
        jws.verify(bearer, key, algorithms=["ES256"])
    except JOSEError:
        return False
    return True


def _ready_to_verify(keys: SigningKeys) -> dict[str, Key]:
    return {key.kid: jwk.construct(key.public_pem, "ES256") for key in keys.keys}


def _roles_in(token: CompactToken) -> frozenset[str]:
    roles = token.claims.get("roles")
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) and role for role in roles):
        raise refusal("bad_claims")
    return frozenset(roles)


def confirmation_in(token: CompactToken) -> dict[str, str]:
    """Read the claim `cnf`: thumbprints of a key, of a certificate, of both, and nothing else (RFC 7800 3.1)."""
    confirmation = token.claims.get("cnf", {})
    if not isinstance(confirmation, dict) or ("cnf" in token.claims and not confirmation):
        raise refusal("bad_claims")
    if not confirmation.keys() <= _CONFIRMATIONS.keys():
        raise refusal("bad_claims")
    if not all(isinstance(value, str) and len(value) == _THUMBPRINT_CHARACTERS for value in confirmation.values()):
        raise refusal("bad_claims")
    return {_CONFIRMATIONS[member]: value for member, value in confirmation.items()}


def refusal(reason: str) -> NotAuthenticated:
    """Return the refusal of a token: always in the same words; the reason is for the log alone."""
    return NotAuthenticated(reason=reason)
