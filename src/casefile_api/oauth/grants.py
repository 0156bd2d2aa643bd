"""The two ways to a token: a system as itself, or acting for a member of staff (RFC 6749 4.4, RFC 7523 2.1)."""

import re
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError, InvalidScopeError  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerGrant  # type: ignore[import-untyped]

from casefile_api.access.permissions import ROLES
from casefile_api.oauth.assertions import Assertion, BadAssertion, check_signature, read_assertion, roles_in
from casefile_api.oauth.exchange import ActingStaff, FormRequest
from casefile_api.oauth.registry import AUTHENTICATION_METHOD, RegisteredClient

GRANT_TYPES = (ClientCredentialsGrant.GRANT_TYPE, JWTBearerGrant.GRANT_TYPE)

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


def scopes_for(client: RegisteredClient, asked: str | None) -> frozenset[str]:
    """Return the scopes of a token: those asked for, or all the client's where none was asked for.

    Raises InvalidScopeError where one is not the client's (RFC 6749 3.3).
    """
    if not asked:
        return client.scopes
    scopes = frozenset(asked.split(" "))
    if not _SCOPE.fullmatch(asked) or not scopes <= client.scopes:
        raise InvalidScopeError("The scope asked for goes beyond what this client is registered for.")
    return scopes


class _Grant:
    """What both grants share: how the client authenticates, whose scopes they are, and how the token is made."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = [AUTHENTICATION_METHOD]
    request: FormRequest
    server: Any

    def validate_requested_scope(self) -> None:
        """Check the scope against the client's own (Authlib asks)."""
        scopes_for(self._client, self.request.payload.scope)

    def generate_token(self, user: ActingStaff | None = None, **_: object) -> dict[str, Any]:
        """Make the token that was granted (Authlib asks)."""
        scopes = scopes_for(self._client, self.request.payload.scope)
        token: dict[str, Any] = self.server.issue(self.request, self._client, user, scopes)
        return token

    def save_token(self, token: dict[str, Any]) -> None:
        """Store nothing (Authlib asks): the token says it all."""

    @property
    def _client(self) -> RegisteredClient:
        """The client, which has authenticated by the time a grant asks."""
        if self.request.client is None:
            raise InvalidClientError(status_code=401)
        return self.request.client


class SystemGrant(_Grant, ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """A system acting as itself: `client_credentials`."""


class StaffGrant(_Grant, JWTBearerGrant):  # type: ignore[misc]  # Authlib has no types
    """A system acting for a member of staff, whom a second assertion names: `jwt-bearer`.

    A token names only registered, active staff of the client's own organisation, in roles they hold, that the client
    may assert, and that their kind of organisation has.
    """

    def validate_token_request(self) -> None:
        """Authenticate the client first; then the grant, scope and person (Authlib calls)."""
        self.authenticate_token_endpoint_client()
        super().validate_token_request()

    def process_assertion_claims(self, assertion: str) -> dict[str, str]:
        """Check the grant assertion under this service's rules (Authlib calls).

        Raises InvalidGrantError.
        """
        try:
            self._assertion = self._read(assertion)
        except BadAssertion as fault:
            raise InvalidGrantError(description=str(fault)) from None
        return {"iss": self._assertion.issuer, "sub": self._assertion.subject}

    def resolve_issuer_client(self, issuer: str) -> RegisteredClient:
        """Return the client that signed the grant: the one that authenticated (Authlib asks)."""
        return self._client

    def authenticate_user(self, subject: str) -> ActingStaff:
        """Return the member of staff in the roles asked for (Authlib asks).

        Raises InvalidGrantError in the same words whether the person is unknown, inactive or lacks a role.
        """
        client = self._client
        try:
            roles = roles_in(self._assertion)
        except BadAssertion as fault:
            raise InvalidGrantError(description=str(fault)) from None
        person = self.request.registry.find_staff(client.organisation, subject)
        of_kind = frozenset(ROLES[client.kind]) - {"system"}
        if person is None or not roles <= person.roles & client.assertable_roles & of_kind:
            raise InvalidGrantError(
                description="No active member of staff holds these roles, or the client may not assert them."
            )
        return ActingStaff(person, roles)

    def has_granted_permission(self, client: Any, user: Any) -> bool:
        """Say that the person need not be asked (Authlib asks): their organisation registered both."""
        return True

    def _read(self, text: str) -> Assertion:
        client, registry = self._client, self.request.registry
        assertion = read_assertion(text, audience=self.server.issuer, now=registry.now.timestamp())
        if assertion.issuer != client.client_id:
            raise BadAssertion("other_client", "The claim iss of the grant must be the client that authenticates.")
        if assertion.subject == assertion.issuer:
            raise BadAssertion("bad_claims", "The claim sub of the grant must be a member of staff, not the client.")
        check_signature(assertion, client.keys)
        if not registry.remember(assertion):
            raise BadAssertion("replayed", "The claim jti was used before.")
        return assertion
