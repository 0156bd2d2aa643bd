"""One call at the authorisation server, in Authlib's terms: the form that came in, and the answer that goes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]

from casefile_api.access.key_proofs import KeyProof
from casefile_api.access.tokens import Claims
from casefile_api.oauth.registry import RegisteredClient, RegisteredStaff, Registry


@dataclass(frozen=True, slots=True)
class ActingStaff:
    """A member of staff in the roles that an assertion asks for."""

    person: RegisteredStaff
    roles: frozenset[str]


class FormRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A form sent to the authorisation server, with the registry that answers questions about it.

    Authlib refuses `http` addresses; whether TLS is used is for the proxy and the settings, so it is told `https`.
    """

    def __init__(
        self,
        form: Mapping[str, str],
        registry: Registry,
        *,
        authorization: str | None = None,
        proofs: Sequence[str] = (),
        certificate: str | None = None,
    ) -> None:
        super().__init__("POST", "https://authorisation-server", headers={})
        self._fields = dict(form)
        self.payload = BasicOAuth2Payload(self._fields)
        self.registry = registry
        self.authorization = authorization
        self.proofs = proofs
        self.certificate = certificate
        self.key_proof: KeyProof | None = None
        self.client: RegisteredClient | None = None
        # Why nobody is known to ask: a word for the log.
        self.unknown_because: str | None = None
        self.user: ActingStaff | None = None
        self.issued: Claims | None = None
        self.revoked: Claims | None = None

    @property
    def form(self) -> dict[str, str]:
        """Return the form's fields."""
        return self._fields


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `error` and `why` are the OAuth error and its words where it is a refusal."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    why: str | None = None
