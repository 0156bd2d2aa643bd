"""The authorisation server: Authlib's, with this service's clients, grants, errors and tokens.

Authlib has no integration for FastAPI and runs synchronously. It is run in the transaction of the request
(`AsyncSession.run_sync`): the used assertions, the audit entry and the token stand or fall together. The one thing to
know: refusals are answers here, not exceptions, since a used assertion stays used.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidRequestError  # type: ignore[import-untyped]

from casefile_api.access.key_proofs import Aim, BadProof, KeyProof, ProofReader
from casefile_api.access.permissions import SCOPES
from casefile_api.access.tokens import LIFETIME_SECONDS, TokenIssuer, TokenVerifier
from casefile_api.oauth.authentication import ClientAssertion
from casefile_api.oauth.endpoints import IntrospectToken, RevokeToken
from casefile_api.oauth.exchange import ActingStaff, Answer, FormRequest
from casefile_api.oauth.grants import StaffGrant, SystemGrant
from casefile_api.oauth.registry import AUTHENTICATION_METHOD, RegisteredClient
from casefile_api.settings import SenderBinding

logging.getLogger("authlib").setLevel(logging.WARNING)  # its debug lines hold whole tokens

NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CHALLENGE = 'private_key_jwt realm="casefile-api", error="invalid_client"'

_WORDS: Mapping[str, str] = {
    "invalid_client": "The client is not authenticated.",
    "invalid_grant": "The grant is not good.",
    "invalid_dpop_proof": "The DPoP proof is missing, not good, or was used before.",
    "use_dpop_nonce": "Send the DPoP proof again with the nonce of the header DPoP-Nonce.",
    "invalid_request": "The request lacks a parameter, repeats one, or is malformed.",
    "invalid_scope": "The scope asked for goes beyond what this client is registered for.",
    "invalid_target": "Tokens are issued for this service alone; its URL is the only resource.",
    "unsupported_grant_type": "The grant types are client_credentials and jwt-bearer.",
}


class TokenServer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Answers the token, revocation and introspection endpoints."""

    def __init__(
        self, issuer: TokenIssuer, verifier: TokenVerifier, key_proofs: ProofReader, binding: SenderBinding
    ) -> None:
        super().__init__(scopes_supported=sorted(SCOPES))
        self._issuer = issuer
        self._key_proofs = key_proofs
        self._binding = binding
        self.issuer = issuer.issuer
        self.register_client_auth_method(AUTHENTICATION_METHOD, ClientAssertion(self.issuer))
        self.register_grant(SystemGrant)
        self.register_grant(StaffGrant)
        self.register_endpoint(RevokeToken(verifier))
        self.register_endpoint(IntrospectToken(verifier))

    def answer(self, endpoint: str, request: FormRequest) -> tuple[FormRequest, Answer]:
        """Answer a form sent to `token`, `revocation` or `introspection`; the request tells who was found to ask."""
        try:
            if endpoint == "token":
                self._check_token_request(request)
                answer: Answer = self.create_token_response(request)
            else:
                answer = self.create_endpoint_response(endpoint, request)
        except OAuth2Error as error:
            answer = self.handle_error_response(request, error)
        return request, answer

    def _check_token_request(self, request: FormRequest) -> None:
        if not request.payload.grant_type:
            raise InvalidRequestError("The parameter grant_type is missing.")
        if request.form.get("resource", self.issuer) != self.issuer:
            raise OAuth2Error(error="invalid_target")
        request.key_proof = self._read_proof(request)

    def _read_proof(self, request: FormRequest) -> KeyProof | None:
        """Read the proof of the key that the token is to be bound to (RFC 9449 5).

        Before anything is used up: a client that is asked for a nonce sends the same assertions again.
        """
        if not request.proofs and (self._binding is SenderBinding.OPTIONAL or request.certificate is not None):
            return None
        try:
            return self._key_proofs.read(request.proofs, Aim("POST", self.issuer.rstrip("/") + "/oauth/token"))
        except BadProof as fault:
            raise OAuth2Error(error=fault.error) from None

    def issue(
        self, request: FormRequest, client: RegisteredClient, user: ActingStaff | None, scopes: frozenset[str]
    ) -> dict[str, Any]:
        """Return the token of a grant that was found good.

        A person whose earlier tokens were cut off this very second gets one that counts from the next.
        """
        now = int(request.registry.now.timestamp())
        claims = self._issuer.claims_for(
            subject=user.person.staff_id if user else client.client_id,
            client_id=client.client_id,
            organisation=client.organisation,
            roles=user.roles if user else frozenset({"system"}),
            scopes=scopes,
            issued_at=max(now, user.person.issued_until + 1) if user else now,
            name=user.person.name if user else None,
            unit=user.person.unit if user else None,
        )
        if request.key_proof is not None:
            claims = replace(claims, bound_to=request.key_proof.thumbprint)
        if client.certificate_bound or (self._binding is SenderBinding.REQUIRED and request.key_proof is None):
            claims = replace(claims, bound_to_certificate=_presented(request))
        request.issued = claims
        return {
            "access_token": self._issuer.sign(claims),
            "token_type": "DPoP" if request.key_proof else "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": " ".join(sorted(scopes)),
        }

    def query_client(self, client_id: str) -> None:
        """Find nobody: clients are found through the request's own registry."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody (Authlib has signals for other frameworks)."""

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        """Return the request as it is: it was made for Authlib."""
        return request

    def handle_response(self, status: int, body: Mapping[str, Any], headers: Sequence[tuple[str, str]]) -> Answer:
        """Return an answer (Authlib calls)."""
        return Answer(status, body, NOT_STORED)

    def handle_error_response(self, request: FormRequest, error: OAuth2Error) -> Answer:
        """Return a refusal as RFC 6749 5.2 has it: our own words, nothing of what was sent."""
        code = str(error.error) if error.error in _WORDS else "invalid_request"
        return _refusal(code, str(error.description or _WORDS[code]))


def _presented(request: FormRequest) -> str:
    """Return the certificate that a token is to be bound to (RFC 8705 3)."""
    if request.certificate is None:
        raise InvalidRequestError("Tokens of this client are bound to its TLS certificate, and none was presented.")
    return request.certificate


def bad_proof() -> Answer:
    """Return the refusal of a proof that was used before."""
    return _refusal("invalid_dpop_proof", _WORDS["invalid_dpop_proof"])


def bad_request(why: str) -> Answer:
    """Return the refusal of a form that cannot be read."""
    return _refusal("invalid_request", why)


def _refusal(code: str, why: str) -> Answer:
    known = code != "invalid_client"
    headers = NOT_STORED if known else {**NOT_STORED, "WWW-Authenticate": CHALLENGE}
    body = {"error": code, "error_description": why}
    return Answer(400 if known else 401, body, headers, error=code, why=why)
