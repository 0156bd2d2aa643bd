"""Who the client is: `private_key_jwt` and nothing else (RFC 7523 2.2). No secret is shared with anyone.

An assertion is used up once its signature is found good, whatever becomes of the request.
"""

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]

from casefile_api.oauth.assertions import BadAssertion, check_signature, read_assertion
from casefile_api.oauth.exchange import FormRequest
from casefile_api.oauth.registry import AUTHENTICATION_METHOD, RegisteredClient


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib has no types
    """Authlib's client authentication by assertion, under this service's rules."""

    CLIENT_AUTH_METHOD = AUTHENTICATION_METHOD

    def __init__(self, issuer: str) -> None:
        super().__init__(validate_jti=True)
        self._issuer = issuer

    def __call__(self, query_client: object, request: FormRequest) -> RegisteredClient:
        """Return the client that signed the assertion.

        Raises InvalidClientError, in the same words whether the client, its key or its signature is not known.
        """
        form = request.form
        if (request.authorization is not None or "client_secret" in form) and "client_assertion" in form:
            raise InvalidRequestError("Authenticate the client by client_assertion alone.")
        if form.get("client_assertion_type") != self.CLIENT_ASSERTION_TYPE or not form.get("client_assertion"):
            raise _refusal("Send client_assertion, and client_assertion_type as RFC 7523 has it.")
        try:
            return self._authenticate(request, form["client_assertion"])
        except BadAssertion as fault:
            raise _refusal(str(fault)) from None

    def _authenticate(self, request: FormRequest, text: str) -> RegisteredClient:
        assertion = read_assertion(text, audience=self._issuer, now=request.registry.now.timestamp())
        if assertion.issuer != assertion.subject:
            raise BadAssertion("The claims iss and sub of a client assertion must both be the client id.")
        if request.form.get("client_id", assertion.issuer) != assertion.issuer:
            raise BadAssertion("client_id and the client assertion name different clients.")
        client = request.registry.find_client(assertion.issuer)
        check_signature(assertion, client.keys if client else ())
        if client is None or not request.registry.remember(assertion):
            raise BadAssertion("The claim jti was used before.")
        request.client = client
        return client


def _refusal(description: str) -> InvalidClientError:
    return InvalidClientError(description=description, status_code=401)
