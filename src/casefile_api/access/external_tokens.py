"""Tokens of issuers that an organisation keeps itself, believed under our rules and for what is registered here.

The issuer says who its client and its person are; this service says what they may do: a client registered for the
issuer's one organisation, its active staff, in roles that they hold, that the client may assert and that the token
names, with scopes that both have. A claim it has not, or a value that means nothing here, gives nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from casefile_api.access.caller import kind_of
from casefile_api.access.compact import UNTRUSTED_HEADERS, CompactToken, NotCompact, read_compact
from casefile_api.access.issuer_keys import IssuerDocuments, IssuerKey, read_issuer_keys
from casefile_api.access.permissions import ROLES
from casefile_api.access.registrations import Registration, Rows, find_registration
from casefile_api.access.revocations import RevocationList
from casefile_api.access.tokens import (
    MOST_KEPT,
    SKEW_SECONDS,
    Claims,
    confirmation_in,
    is_current,
    refusal,
    refuse_unless_current,
)
from casefile_api.access.trusted_issuers import TrustedIssuer
from casefile_api.outward.addresses import Network
from casefile_api.outward.kept_keys import KeptKeys
from casefile_api.outward.proxies import Proxy

SYSTEM = "system"
REGISTERED_SECONDS = 60.0
"""How long a registration is taken as it was looked up; what is taken away counts sooner, by its cut-off."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a verified token of an issuer says, in this service's words."""

    client_id: str
    staff_id: str | None
    roles: frozenset[str]
    scopes: frozenset[str]
    unit: str | None


@dataclass(frozen=True, slots=True)
class _Kept:
    claims: Claims
    not_before: int
    look_again_at: float


class ExternalTokens:
    """Believes tokens of trusted issuers, or does not."""

    def __init__(
        self,
        issuers: Sequence[TrustedIssuer],
        rows: Rows,
        revocations: RevocationList,
        exempt: tuple[Network, ...] = (),
        now: Callable[[], float] = time.time,
        proxy: Proxy | None = None,
    ) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys: Mapping[str, KeptKeys[IssuerKey]] = {
            issuer.issuer: KeptKeys(IssuerDocuments(issuer, exempt, proxy).key_set, read_issuer_keys)
            for issuer in issuers
        }
        self._rows = rows
        self._revocations = revocations
        self._now = now
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def concern(self, text: str) -> bool:
        """Say whether a token claims to be of one of these issuers; nothing is believed yet."""
        if not self._issuers:
            return False
        try:
            return read_compact(text).claims.get("iss") in self._issuers
        except (NotCompact, TypeError):
            return False

    def knows(self, text: str) -> bool:
        """Say whether a token was verified before and is still good."""
        kept = self._kept.get(_digest(text)) if self._issuers else None
        return kept is not None and is_current(kept.claims, self._now(), self._revocations)

    async def verify(self, text: str) -> Claims:
        """Return what a token says.

        Raises NotAuthenticated, in the same words as for our own tokens.
        """
        digest = _digest(text)
        kept = self._kept.get(digest)
        if kept is None or kept.look_again_at <= self._now():
            kept = await self._read(text, digest)
            self._kept[digest] = kept
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        if kept.not_before > self._now() + SKEW_SECONDS:
            raise refusal("not_yet_valid")
        refuse_unless_current(kept.claims, self._now(), self._revocations)
        return kept.claims

    async def _read(self, text: str, digest: bytes) -> _Kept:
        token = read_compact(text)
        issuer = self._issuers[str(token.claims["iss"])]
        await self._check_signature(text, token, issuer)
        issued_at, expires_at, not_before = _times_of(token, issuer)
        said = _said(token, issuer)
        found = await find_registration(self._rows, issuer.organisation, said.client_id, said.staff_id)
        if found is None:
            raise refusal("client_not_registered")
        roles = _roles_for(said, found, issuer)
        claims = Claims(
            issuer=issuer.issuer,
            subject=said.staff_id or said.client_id,
            client_id=said.client_id,
            organisation=issuer.organisation,
            roles=roles,
            scopes=said.scopes & found.scopes,
            token_id=token.text("jti") or digest.hex(),
            issued_at=issued_at,
            expires_at=expires_at,
            name=found.name if said.staff_id else None,
            unit=found.unit if said.staff_id else None,
            **confirmation_in(token),
        )
        return _Kept(claims, not_before, self._now() + REGISTERED_SECONDS)

    async def _check_signature(self, text: str, token: CompactToken, issuer: TrustedIssuer) -> None:
        algorithm, kid = _header_of(token, issuer)
        keys = await self._keys[issuer.issuer].keys_at(issuer.issuer, kid)
        candidates = [key for key in keys if key.kid == kid and algorithm in key.algorithms]
        if not candidates:
            raise refusal("unknown_key")
        if not any(key.verifies(text, token, algorithm) for key in candidates):
            raise refusal("bad_signature")


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _header_of(token: CompactToken, issuer: TrustedIssuer) -> tuple[str, str]:
    """Return algorithm and key that the header names; it may choose among what the settings allow."""
    header = token.header
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
    if not UNTRUSTED_HEADERS.isdisjoint(header) or not isinstance(kid, str) or not isinstance(kind, str):
        raise refusal("bad_header")
    if kind.lower().removeprefix("application/") != issuer.type.lower() or algorithm not in issuer.algorithms:
        raise refusal("bad_header")
    return str(algorithm), kid


def _times_of(token: CompactToken, issuer: TrustedIssuer) -> tuple[int, int, int]:
    audiences = token.claims.get("aud")
    if audiences != issuer.audience and not (isinstance(audiences, list) and issuer.audience in audiences):
        raise refusal("other_audience")
    issued_at, expires_at = token.moment("iat"), token.moment("exp")
    not_before = token.moment("nbf") if "nbf" in token.claims else 0
    if issued_at is None or expires_at is None or not_before is None:
        raise refusal("bad_claims")
    if not 0 < expires_at - issued_at <= issuer.longest_minutes * 60:
        raise refusal("bad_claims")
    return issued_at, expires_at, not_before


def _said(token: CompactToken, issuer: TrustedIssuer) -> _Said:
    """Translate the claims. A person's token must say so: it never becomes that of the system."""
    names = issuer.claims
    clients, staff = _translated(token, names.client, issuer.clients), _values_at(token, names.staff)
    units = _translated(token, names.unit, issuer.units) if names.unit else frozenset[str]()
    if len(clients) != 1 or len(staff) > 1 or len(units) > 1 or "\x00" in "".join([*clients, *staff]):
        raise refusal("bad_claims")
    return _Said(
        client_id=min(clients),
        staff_id=staff[0] if staff else None,
        roles=_translated(token, names.roles, issuer.roles),
        scopes=_translated(token, names.scope, issuer.scopes),
        unit=min(units, default="") if names.unit else None,
    )


def _roles_for(said: _Said, found: Registration, issuer: TrustedIssuer) -> frozenset[str]:
    """Return the roles that count; the system's alone for a system, some that are held for a person."""
    if said.staff_id is None or said.staff_id == said.client_id:
        if said.roles != {SYSTEM}:
            raise refusal("no_person_named")
        return said.roles
    if found.name is None:
        raise refusal("person_not_registered")
    if said.unit is not None and said.unit != (found.unit or ""):
        raise refusal("other_unit")
    roles = said.roles & found.held_roles & found.assertable_roles & frozenset(ROLES[kind_of(issuer.organisation)])
    if not roles - {SYSTEM}:
        raise refusal("no_role_held")
    return roles - {SYSTEM}


def _translated(token: CompactToken, path: Sequence[str], words: Mapping[str, str] | None) -> frozenset[str]:
    """Return the values of a claim in our words; one that has none gives nothing."""
    values = _values_at(token, path)
    return frozenset(values if words is None else (words[value] for value in values if value in words))


def _values_at(token: CompactToken, path: Sequence[str]) -> list[str]:
    """Return the words of a claim: of a text those between spaces, of a list its members."""
    found: object = token.claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        found = found.split()
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(value, str) and value for value in found):
        raise refusal("bad_claims")
    return found
