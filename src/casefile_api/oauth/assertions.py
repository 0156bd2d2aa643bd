"""What makes an assertion good, pure: the rules of RFC 7521 and RFC 7523, tightened to one reading.

A client signs two kinds: one says *it is I* (client authentication), the other *I act for this person* (grant).
The rules are the same for both; what differs is said by the caller of `read_assertion`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from joserfc.jws import JWSRegistry

from casefile_api.access.compact import UNTRUSTED_HEADERS, CompactToken, NotCompact, read_compact
from casefile_api.oauth.client_keys import ClientPublicKey, KeyAlgorithm, new_client_key, verifying_key

LONGEST_LIFE_SECONDS = 5 * 60
SKEW_SECONDS = 30
LONGEST_WORD = 255

_TYPES = frozenset({"", "jwt", "client-authentication+jwt", "authorization-grant+jwt"})
_HEADER_WORDS = {"ES256": KeyAlgorithm.ES256, "PS256": KeyAlgorithm.PS256, "EdDSA": KeyAlgorithm.EDDSA}
_HEADER_WORDS |= {"Ed25519": KeyAlgorithm.EDDSA}  # RFC 9864 gives EdDSA over Ed25519 a name of its own.


_DECOY_KEY = new_client_key()[1]


class BadAssertion(ValueError):
    """The assertion is not good; the message says why without repeating anything from it, `reason` is for the log."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = f"assertion_{reason}"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an assertion says. Its signature is checked apart, by `check_signature`."""

    text: str
    token: CompactToken
    issuer: str
    subject: str
    jti: str
    expires_at: int


def read_assertion(text: str, *, audience: str, now: float) -> Assertion:
    """Read an assertion and check everything but its signature and who may sign it.

    `now` is seconds since 1970, real time. Raises BadAssertion.
    """
    try:
        token = read_compact(text)
    except NotCompact:
        raise BadAssertion("malformed", "The assertion is not a JWT.") from None
    _check_header(token)
    issuer, subject, jti = (_word(token, name) for name in ("iss", "sub", "jti"))
    if token.claims.get("aud") != audience:
        raise BadAssertion("other_audience", "The claim aud must be one string, the issuer of this server.")
    return Assertion(text, token, issuer, subject, jti, _check_times(token, now))


def check_signature(assertion: Assertion, keys: Sequence[ClientPublicKey]) -> None:
    """Check that one of the client's registered keys signed it, with that key's own algorithm.

    Raises BadAssertion.
    """
    header = assertion.token.header
    algorithm = _HEADER_WORDS.get(str(header.get("alg")))
    fitting = [key for key in keys if header.get("kid") in (None, key.kid) and key.algorithm is algorithm]
    signing_input = assertion.text.rpartition(".")[0].encode("ascii")
    for key in fitting:
        if _is_signed(signing_input, assertion.token.signature, key):
            return
    if not fitting:
        spend_a_verification()
    raise BadAssertion("bad_signature", "The assertion is not signed by a key of this client that is in force.")


def spend_a_verification() -> None:
    """Take as long as a signature does where there is none to verify: time does not tell what was no good."""
    _is_signed(b"e30.e30", b"\x11" * 64, _DECOY_KEY)


def roles_in(assertion: Assertion) -> frozenset[str]:
    """Return the roles that a grant assertion asks for.

    Raises BadAssertion where there are none.
    """
    roles = assertion.token.claims.get("roles")
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
        raise BadAssertion("bad_claims", "The claim roles must be a list of at least one role.")
    return frozenset(roles)


def _check_header(token: CompactToken) -> None:
    header = token.header
    if not UNTRUSTED_HEADERS.isdisjoint(header):
        raise BadAssertion("bad_header", "The assertion's header may not bring keys or extensions along.")
    if header.get("alg") not in _HEADER_WORDS:
        raise BadAssertion("bad_header", "The assertion must be signed with ES256, PS256 or EdDSA.")
    kind = header.get("typ", "")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES:
        raise BadAssertion("bad_header", "The assertion's typ is that of another kind of token.")
    if not isinstance(header.get("kid", ""), str):
        raise BadAssertion("bad_header", "The assertion's kid must be a string.")


def _check_times(token: CompactToken, now: float) -> int:
    issued_at, expires_at = token.moment("iat"), token.moment("exp")
    if issued_at is None or expires_at is None:
        raise BadAssertion("bad_claims", "The claims iat and exp must be whole seconds since 1970.")
    if expires_at <= now - SKEW_SECONDS:
        raise BadAssertion("expired", "The assertion has expired.")
    if expires_at > now + LONGEST_LIFE_SECONDS + SKEW_SECONDS:
        raise BadAssertion("bad_claims", "The assertion may be good for five minutes at most.")
    not_before = token.moment("nbf") if "nbf" in token.claims else issued_at
    if not_before is None or max(issued_at, not_before) > now + SKEW_SECONDS:
        raise BadAssertion("not_yet_valid", "The assertion is not good yet.")
    if issued_at > expires_at:
        raise BadAssertion("bad_claims", "The assertion expires before it was made.")
    return expires_at


def _word(token: CompactToken, name: str) -> str:
    value = token.text(name)
    if value is None or len(value) > LONGEST_WORD or not value.isprintable():
        why = f"The claim {name} must be a string of 1 to {LONGEST_WORD} printable characters."
        raise BadAssertion("bad_claims", why)
    return value


def _is_signed(signing_input: bytes, signature: bytes, key: ClientPublicKey) -> bool:
    algorithm = JWSRegistry.algorithms[key.algorithm.value]
    try:
        return bool(algorithm.verify(signing_input, signature, verifying_key(key)))
    except ValueError:
        return False
