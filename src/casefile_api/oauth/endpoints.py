"""Giving a token back, and asking what one says (RFC 7009, RFC 7662): each client for its own tokens alone."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]

from casefile_api.access.tokens import Claims, TokenVerifier
from casefile_api.errors import NotAuthenticated
from casefile_api.oauth.exchange import FormRequest
from casefile_api.oauth.registry import AUTHENTICATION_METHOD, RegisteredClient


class IssuedToken:
    """A token of ours that is good now, as Authlib asks about it."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims

    def check_client(self, client: RegisteredClient) -> bool:
        """Say whether the token was issued to this client."""
        return self.claims.client_id == client.client_id

    def is_expired(self) -> bool:
        """Say no: an expired token is not found at all."""
        return False

    def is_revoked(self) -> bool:
        """Say no: a revoked token is not found at all."""
        return False


class _OwnTokens:
    """What both endpoints share: who may ask, and how a token is found."""

    CLIENT_AUTH_METHODS: ClassVar = [AUTHENTICATION_METHOD]

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    def check_params(self, request: FormRequest, client: RegisteredClient) -> None:
        """Check that a token was sent; a hint about its type is not needed, so none is wrong (RFC 7009 2.1)."""
        if "token" not in request.form:
            raise InvalidRequestError("The parameter token is missing.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Return the token where it is one of ours and good now, else None."""
        try:
            return IssuedToken(self._verifier.verify(token_string))
        except NotAuthenticated:
            return None


class RevokeToken(_OwnTokens, RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Ends a token of the client's own, in every process within five seconds."""

    def revoke_token(self, token: IssuedToken, request: FormRequest) -> None:
        """Write down that the token is good no longer."""
        claims = token.claims
        request.registry.revoke(claims.token_id, claims.client_id, claims.expires_at)
        request.revoked = claims


class IntrospectToken(_OwnTokens, IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Says what a token of the client's own holds; every other token is merely not active."""

    def check_permission(self, token: IssuedToken, client: RegisteredClient, request: FormRequest) -> bool:
        """Say whether the client may know about the token."""
        return token.check_client(client)

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """Return what the token says (RFC 7662 2.2)."""
        kind = "Bearer" if token.claims.bound_to is None else "DPoP"
        return {"active": True, "token_type": kind, **token.claims.as_payload()}
