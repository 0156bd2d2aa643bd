"""What the OpenAPI document says of the authorisation server's calls: forms in, JSON out, RFC 6749 refusals."""

from typing import Any

from casefile_api.oauth.forms import MEDIA_TYPE
from casefile_api.oauth.grants import GRANT_TYPES
from casefile_api.web.documenting import refusals

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FIELDS: dict[str, dict[str, Any]] = {
    "grant_type": {"type": "string", "enum": list(GRANT_TYPES)},
    "client_assertion_type": {"type": "string", "enum": [_ASSERTION_TYPE]},
    "client_assertion": {"type": "string", "description": "JWT signed by the client: iss = sub = client id"},
    "assertion": {"type": "string", "description": "for jwt-bearer: JWT signed by the client: sub = staff id, roles"},
    "scope": {"type": "string", "description": "space-separated; all the client's where left out"},
    "resource": {"type": "string", "description": "the service's URL, the only resource there is (RFC 8707)"},
    "token": {"type": "string", "description": "an access token of the client's own"},
    "token_type_hint": {"type": "string"},
}
_REQUIRED = ("grant_type", "token", "client_assertion_type", "client_assertion")
_ERRORS = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "unsupported_grant_type",
]
_REFUSAL = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {"error": {"type": "string", "enum": _ERRORS}, "error_description": {"type": "string"}},
}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


DOCUMENTED_JSON: dict[int | str, dict[str, Any]] = {200: _answer("As the RFC has it", {"type": "object"})}
DOCUMENTED_KEYS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The JWK set (RFC 7517 5)",
        "content": {"application/jwk-set+json": {"schema": {"type": "object", "required": ["keys"]}}},
    }
}
DOCUMENTED_TOKEN_CALL: dict[int | str, dict[str, Any]] = {
    200: _answer("As the RFC has it", {"type": "object"}),
    400: _answer("Refused (RFC 6749 5.2)", _REFUSAL),
    401: _answer("The client is not authenticated (RFC 6749 5.2)", _REFUSAL),
    **refusals("too-large", "too-many-requests", "dependency-unavailable"),
}


def form_of(*names: str) -> dict[str, Any]:
    """Document a form with these fields; the client assertion's type goes with the assertion."""
    fields = {name: _FIELDS[name] for name in (*names, "client_assertion_type")}
    required = [name for name in _REQUIRED if name in fields]
    schema = {"type": "object", "required": required, "properties": fields}
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}}
