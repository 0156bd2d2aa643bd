"""Reasons for refusing, in the domain's words. They know no HTTP: `web.problems` gives each its status.

Anything that can be refused raises a `Refusal`; nothing else reaches a caller in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was sent: where it is and what would mend it (RFC 9457 `errors` member)."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def as_member(self) -> dict[str, str]:
        """Return the fault as a member of the problem document, without empty places."""
        places = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        named = {name: value for name, value in places.items() if value is not None}
        return {**named, "code": self.code, "detail": self.detail}


class Refusal(Exception):
    """The service will not do what was asked, and says why."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str, *faults: Fault, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        self.members: dict[str, Any] = {}


class NotAuthenticated(Refusal):
    """There is no token, or no good one. `reason` goes to the log, `error` into the challenge (RFC 6750 3.1)."""

    code = "not-authenticated"

    def __init__(
        self,
        detail: str = "A valid access token is needed.",
        *,
        reason: str = "no_token",
        error: str = "invalid_token",
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.error = error


class ProofReplayed(NotAuthenticated):
    """The proof that came with the token was used before; nothing was done."""

    def __init__(self) -> None:
        super().__init__(reason="proof_replayed", error="invalid_dpop_proof")


class NotPermitted(Refusal):
    """The caller is known, and this is not theirs to do."""

    code = "not-permitted"


class NotFound(Refusal):
    """There is no such thing, or none that this caller may know of; the two are answered alike."""

    code = "not-found"

    def __init__(self, detail: str = "There is nothing here that you can see.") -> None:
        super().__init__(detail)


class WrongState(Refusal):
    """The thing is not in a state in which this can be done."""

    code = "wrong-state"


class AlreadyExists(Refusal):
    """There is one already, and there can be only one."""

    code = "already-exists"


class IdempotencyConflict(Refusal):
    """The Idempotency-Key is in use by a call in flight, or was used (`reused`) for another request."""

    code = "idempotency-conflict"

    def __init__(self, detail: str, *, reused: bool) -> None:
        super().__init__(detail)
        self.reused = reused


class Stale(Refusal):
    """The caller has not seen the newest representation (`If-Match`)."""

    code = "stale"


class PreconditionRequired(Refusal):
    """The call needs `If-Match`, so that nobody's change is silently lost."""

    code = "precondition-required"


class Invalid(Refusal):
    """What was sent is not right; the faults name each place and its mend."""

    code = "invalid"


class NotReady(Refusal):
    """A file standard is not met; `results` says what is missing and how to mend it."""

    code = "not-ready"

    def __init__(self, detail: str, *, results: Sequence[Mapping[str, Any]], standard: str) -> None:
        super().__init__(detail)
        self.members = {"standard": standard, "results": list(results)}


class Gone(Refusal):
    """It was there, and is kept no longer."""

    code = "gone"


class Retracted(Gone):
    """A version was retracted by the force that had shared it; what it said is shown no more."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Version {number} was retracted by the force that shared it; its content is shown no more.")


class TooLarge(Refusal):
    """More was sent than the service takes in one call."""

    code = "too-large"


class UnsupportedMediaType(Refusal):
    """The body is not of a media type that this call takes."""

    code = "unsupported-media-type"


class TooManyRequests(Refusal):
    """The client is over its rate; `Retry-After` says when to come back."""

    code = "too-many-requests"


class DependencyUnavailable(Refusal):
    """Something outside (database, storage) does not answer; nothing was changed."""

    code = "dependency-unavailable"

    def __init__(self, detail: str, *, retry_after_seconds: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class MethodNotAllowed(Refusal):
    """The path is there, the method is not."""

    code = "method-not-allowed"


class Misconfigured(Exception):
    """The service cannot start as it is set up; the message is one sentence with the mend."""
