"""The guard: from a bearer token to a caller, and whether this caller may call this operation."""

from collections.abc import Sequence
from urllib.parse import unquote

from casefile_api.access.caller import Caller, Justification, StaffMember, kind_of
from casefile_api.access.permissions import Logged, Operation
from casefile_api.access.tokens import TokenVerifier
from casefile_api.errors import Fault, Invalid, NotAuthenticated, NotPermitted

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


def identify(authorization: Sequence[str], verifier: TokenVerifier) -> Caller:
    """Return the caller that the Authorization header proves; there may be one such header, and one caller.

    Raises NotAuthenticated, whose reason goes to the log alone: every bad token is answered alike.
    """
    if len(authorization) > 1:
        raise NotAuthenticated(reason="several_tokens")
    if not authorization or not authorization[0]:
        raise NotAuthenticated(reason="no_token")
    scheme, _, bearer = authorization[0].partition(" ")
    if scheme.lower() != "bearer" or not bearer.strip():
        raise NotAuthenticated(reason="other_scheme")
    claims = verifier.verify(bearer.strip())
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
    header: str | None, caller: Caller, operation: Operation, *, required: bool
) -> Justification | None:
    """Read why the caller looks (DPA 2018 s.62): `<code>[; free text]`, the text percent-encoded UTF-8.

    Raises Invalid naming the header where it is missing for a person, or malformed.
    """
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
    return Justification(code.strip(), text or None)


def _unjustified(code: str, detail: str) -> Invalid:
    return Invalid("The reason for access is missing or malformed.", Fault(code, detail, header=JUSTIFICATION_HEADER))
