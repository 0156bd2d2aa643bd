"""What clients can find out by themselves: the authorisation server and the protected resource (RFC 8414, RFC 9728)."""

from collections.abc import Mapping

from casefile_api.access.key_proofs import ALGORITHMS as DPOP_ALGORITHMS
from casefile_api.access.permissions import SCOPES
from casefile_api.access.trusted_issuers import read_issuers
from casefile_api.oauth.client_keys import KeyAlgorithm
from casefile_api.oauth.grants import GRANT_TYPES
from casefile_api.oauth.registry import AUTHENTICATION_METHOD
from casefile_api.settings import Settings

_ALGORITHMS = [*(algorithm.value for algorithm in KeyAlgorithm), "Ed25519"]
_ENDPOINTS = ("token", "revocation", "introspection")


def authorization_server(issuer: str, *, certificates: bool = False) -> Mapping[str, object]:
    """Return the authorisation server's metadata. There is no authorisation endpoint, so no response type."""
    base = issuer.rstrip("/")
    authentication = {
        f"{endpoint}_endpoint_auth_{what}_supported": values
        for endpoint in _ENDPOINTS
        for what, values in (("methods", [AUTHENTICATION_METHOD]), ("signing_alg_values", _ALGORITHMS))
    }
    return {
        "issuer": issuer,
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "jwks_uri": f"{base}/oauth/jwks",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": [],
        "grant_types_supported": list(GRANT_TYPES),
        **authentication,
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": certificates,
        "protected_resources": [issuer],
        "service_documentation": f"{base}/docs",
    }


def protected_resource(issuer: str, settings: Settings) -> Mapping[str, object]:
    """Return the protected resource's metadata: the API, which takes its own server's tokens and trusted issuers'."""
    trusted = [other.issuer for other in read_issuers(settings.trusted_issuers, issuer)]
    return {
        "resource": issuer,
        "authorization_servers": [issuer, *trusted],
        "scopes_supported": sorted(SCOPES),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "dpop_bound_access_tokens_required": settings.requires_proofs,
        "tls_client_certificate_bound_access_tokens": settings.offers_certificate_binding,
        "resource_name": "casefile-api",
        "resource_documentation": f"{issuer.rstrip('/')}/docs",
    }
