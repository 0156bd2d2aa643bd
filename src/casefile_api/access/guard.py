"""The guard: from a token and its proof to a caller, and whether this caller may call this operation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote

from casefile_api.access.caller import Caller, Justification, StaffMember, kind_of
from casefile_api.access.external_tokens import ExternalTokens
from casefile_api.access.key_proofs import Aim, BadProof, KeyProof, ProofReader, is_same_thumbprint
from casefile_api.access.national_headers import NOTHING_SAID, CallContext
from casefile_api.access.permissions import Logged, Operation
from casefile_api.access.tokens import Claims, TokenVerifier
from casefile_api.errors import Fault, Invalid, NotAuthenticated, NotPermitted
from casefile_api.settings import SenderBinding

JUSTIFICATIONS = (
    "investigation",
    "charging-review",
    "early-advice",
    "triage",
    "supervision",
    "disclosure-review",
    "system-sync",
    "audit",
    "other",
)
JUSTIFICATION_HEADER = "Access-Justification"
_TEXT_MOST = 200
_CALLERS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to show who is calling: its Authorization and DPoP headers, and what it asks for.

    `certificate` is the thumbprint of the client certificate that its connection was made with.
    """

    authorization: Sequence[str]
    proofs: Sequence[str]
    method: str
    url: str
    certificate: str | None = None


class Guard:
    """Knows callers by their tokens, and those of bound tokens by their keys as well."""

    def __init__(
        self, verifier: TokenVerifier, external: ExternalTokens, proofs: ProofReader, binding: SenderBinding
    ) -> None:
        self._verifier = verifier
        self._external = external
        self._proofs = proofs
        self._binding = binding

    def wants_proof(self, authorization: str | None, operation: Operation) -> bool:
        """Say whether the next request will need a proof, so that its nonce goes with this answer (RFC 9449 8.2)."""
        if operation.open:
            return False
        bound = (authorization or "").lower().startswith("dpop ")
        return bound or self._binding is SenderBinding.REQUIRED

    def knows(self, authorization: Sequence[str]) -> bool:
        """Say whether the token was verified before, so that it costs next to nothing to look at again."""
        _, _, token = (authorization[0] if authorization else "").partition(" ")
        return self._verifier.knows(token.strip()) or self._external.knows(token.strip())

    async def identify(self, credentials: Credentials) -> tuple[Caller, KeyProof | None]:
        """Return the caller that the headers prove, and the proof that is used up with the request.

        Raises NotAuthenticated, whose reason goes to the log alone: every bad token is answered alike.
        """
        scheme, token = _token_in(credentials.authorization)
        external = self._external.concern(token)
        claims = await self._external.verify(token) if external else self._verifier.verify(token)
        caller = caller_of(claims, claims.issuer if external else None)
        _check_certificate(claims, credentials.certificate)
        if scheme == "dpop":
            proof = self._check_possession(claims, token, credentials)
            return caller, proof
        if claims.bound_to is not None:
            raise NotAuthenticated(reason="bound_token_as_bearer")
        if self._binding is SenderBinding.REQUIRED and not claims.is_bound:
            raise NotAuthenticated(reason="unbound_token")
        return caller, None

    def _check_possession(self, claims: Claims, token: str, credentials: Credentials) -> KeyProof:
        """Check the proof that goes with a bound token (RFC 9449 7.1)."""
        if claims.bound_to is None:
            raise NotAuthenticated(reason="unbound_token_with_proof")
        try:
            proof = self._proofs.read(credentials.proofs, Aim(credentials.method, credentials.url, token))
        except BadProof as fault:
            raise NotAuthenticated(reason=fault.reason, error=fault.error) from None
        if not is_same_thumbprint(proof.thumbprint, claims.bound_to):
            raise NotAuthenticated(reason="proof_of_other_key")
        return proof


def _check_certificate(claims: Claims, presented: str | None) -> None:
    """Check that a token bound to a certificate came over a connection made with it (RFC 8705 3)."""
    bound = claims.bound_to_certificate
    if bound is not None and not is_same_thumbprint(presented or "", bound):
        raise NotAuthenticated(reason="other_certificate" if presented else "no_certificate")


def _token_in(authorization: Sequence[str]) -> tuple[str, str]:
    """Return scheme and token; there may be one Authorization header, and one caller."""
    if len(authorization) > 1:
        raise NotAuthenticated(reason="several_tokens")
    if not authorization or not authorization[0]:
        raise NotAuthenticated(reason="no_token")
    scheme, _, token = authorization[0].partition(" ")
    if scheme.lower() not in {"bearer", "dpop"} or not token.strip():
        raise NotAuthenticated(reason="other_scheme")
    return scheme.lower(), token.strip()


@lru_cache(maxsize=_CALLERS_KEPT)
def caller_of(claims: Claims, token_issuer: str | None = None) -> Caller:
    """Return the caller that a token's claims name.

    Raises NotAuthenticated where they name an organisation of no kind.
    """
    try:
        kind = kind_of(claims.organisation)
    except ValueError:
        raise NotAuthenticated(reason="bad_claims") from None
    return Caller(
        organisation=claims.organisation,
        kind=kind,
        client_id=claims.client_id,
        subject=claims.subject,
        roles=frozenset(claims.roles),
        scopes=frozenset(claims.scopes),
        staff=StaffMember(claims.subject, claims.name) if claims.name is not None else None,
        unit=claims.unit,
        token_id=claims.token_id,
        token_issuer=token_issuer,
    )


def admit(caller: Caller, operation: Operation) -> None:
    """Let the caller through to the operation.

    Raises NotPermitted where the role or the scope is missing, whatever the thing asked for.
    """
    if not operation.role_allows(caller):
        raise NotPermitted("This operation is not open to the caller's role.")
    missing = operation.scope_missing(caller)
    if missing:
        raise NotPermitted(f"The token lacks the scope {missing}.")


def read_justification(
    header: str | None, caller: Caller, operation: Operation, *, required: bool, context: CallContext = NOTHING_SAID
) -> Justification | None:
    """Read why the caller looks (DPA 2018 s.62): `<code>[; free text]`, the text percent-encoded UTF-8.

    What it leaves out may be said by the headers of national systems (`context`).
    Raises Invalid naming the header where it is missing for a person, or malformed.
    """
    if header is None and context.justification_code is not None:
        return Justification(context.justification_code, context.justification_text)
    if header is None:
        if required and not caller.is_system and operation.logged is not Logged.NEVER:
            raise _unjustified(
                "required", f"Say why: one of {', '.join(JUSTIFICATIONS)}; a text may follow after `; `."
            )
        return None
    code, _, words = header.partition(";")
    if code.strip() not in JUSTIFICATIONS:
        raise _unjustified("unknown_code", f"Use one of {', '.join(JUSTIFICATIONS)}.")
    try:
        text = unquote(words.strip(), errors="strict")
    except UnicodeDecodeError:
        raise _unjustified("malformed", "Percent-encode the text as UTF-8.") from None
    if len(text) > _TEXT_MOST or "\x00" in text:
        raise _unjustified("too_long", f"Keep the text to {_TEXT_MOST} characters, without NUL.")
    return Justification(code.strip(), text or context.justification_text)


@lru_cache(maxsize=_CALLERS_KEPT)
def justified(caller: Caller, why: Justification) -> Caller:
    """Return the caller with the reason that they give."""
    return replace(caller, justification=why)


def _unjustified(code: str, detail: str) -> Invalid:
    return Invalid("The reason for access is missing or malformed.", Fault(code, detail, header=JUSTIFICATION_HEADER))
