"""Who the client is: `private_key_jwt` and nothing else (RFC 7523 2.2). No secret is shared with anyone.

An assertion is used up once its signature is found good, whatever becomes of the request.
"""

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]

from casefile_api.oauth.assertions import BadAssertion, check_signature, read_assertion, spend_a_verification
from casefile_api.oauth.exchange import FormRequest
from casefile_api.oauth.registry import AUTHENTICATION_METHOD, RegisteredClient

NOT_AUTHENTICATED = "The client is not authenticated: client_assertion is missing, not good, or was used before."
"""One sentence for whatever is wrong; which it was is in the log, under the Request-Id of the answer."""


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib has no types
    """Authlib's client authentication by assertion, under this service's rules."""

    CLIENT_AUTH_METHOD = AUTHENTICATION_METHOD

    def __init__(self, issuer: str) -> None:
        super().__init__(validate_jti=True)
        self._issuer = issuer

    def __call__(self, query_client: object, request: FormRequest) -> RegisteredClient:
        """Return the client that signed the assertion.

        Raises InvalidClientError, always in the same words.
        """
        form = request.form
        if (request.authorization is not None or "client_secret" in form) and "client_assertion" in form:
            raise InvalidRequestError("Authenticate the client by client_assertion alone.")
        if form.get("client_assertion_type") != self.CLIENT_ASSERTION_TYPE or not form.get("client_assertion"):
            request.unknown_because = "no_assertion"
            raise _refusal()
        try:
            return self._authenticate(request, form["client_assertion"])
        except BadAssertion as fault:
            request.unknown_because = fault.reason
            raise _refusal() from None

    def _authenticate(self, request: FormRequest, text: str) -> RegisteredClient:
        try:
            assertion = read_assertion(text, audience=self._issuer, now=request.registry.now.timestamp())
        except BadAssertion:
            spend_a_verification()
            raise
        if assertion.issuer != assertion.subject:
            raise BadAssertion("other_client", "The claims iss and sub must both be the client id.")
        if request.form.get("client_id", assertion.issuer) != assertion.issuer:
            raise BadAssertion("other_client", "client_id and the client assertion name different clients.")
        client = request.registry.find_client(assertion.issuer)
        check_signature(assertion, client.keys if client else ())
        if client is None or not request.registry.remember(assertion):
            raise BadAssertion("replayed", "The claim jti was used before.")
        request.client = client
        return client


def _refusal() -> InvalidClientError:
    return InvalidClientError(description=NOT_AUTHENTICATED, status_code=401)
