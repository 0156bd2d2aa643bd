"""An organisation's own issuer of tokens: keys, metadata and a key set on loopback, and whatever token a test wants."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.outside.signing import b64url

Key = Any  # a key of joserfc's
AUDIENCE = "https://casefile.example"
KINDS: dict[str, Any] = {"ES256": ECKey, "PS256": RSAKey, "RS256": RSAKey, "EdDSA": OKPKey}
SIZES: dict[str, Any] = {"ES256": "P-256", "PS256": 2048, "RS256": 2048, "EdDSA": "Ed25519"}


def trust_in(issuer: "Issuer", **changes: object) -> dict[str, object]:
    """What the service's settings say of the issuer."""
    return {
        "issuer": issuer.url,
        "audience": AUDIENCE,
        "organisation": "police-53",
        "claims": {"client": "azp", "staff": "employee", "roles": "groups", "scope": "scp"},
        "roles": {
            "RASSO officers": "officer",
            "Sergeants": "supervisor",
            "Inspectors": "senior_officer",
            "Records": "system",
        },
        "scopes": {"Cases.Read": "case-files:read", "Cases.Write": "case-files:write", "Log.Read": "audit:read"},
        **changes,
    }


def new_key(algorithm: str = "ES256") -> Key:
    return KINDS[algorithm].generate_key(SIZES[algorithm])


@dataclass
class Issuer:
    """What the issuer has, and how often it was asked for it."""

    url: str = ""
    keys: dict[str, tuple[str, Key]] = field(default_factory=lambda: {"first": ("ES256", new_key())})
    metadata_path: str = "/.well-known/openid-configuration"
    metadata: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def document(self, path: str) -> dict[str, object] | None:
        """What is published at a path."""
        self.asked.append(path)
        if path == self.metadata_path:
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.metadata}
        if path == "/keys":
            return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, (_, key) in self.keys.items()]}
        return None

    def claims(self, **changes: object) -> dict[str, object]:
        """A person's claims as this issuer calls them; `None` leaves one out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "0b7e",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "jti": str(uuid.uuid4()),
            "azp": "force-53-rms",
            "employee": "53-1001",
            "groups": ["RASSO officers"],
            "scp": "Cases.Read Cases.Write",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, kid: str = "first", header: dict[str, object] | None = None, **changes: object) -> str:
        """A token with claims and header spoilt as wanted, signed with the key `kid`."""
        algorithm, key = self.keys[kid]
        head = {"alg": algorithm, "kid": kid, "typ": "at+jwt"} | (header or {})
        return self.signed(key, algorithm, head, self.claims(**changes))

    def signed(self, key: Key, algorithm: str, head: dict[str, object], claims: dict[str, object]) -> str:
        """A token signed with any key, whatever its header says."""
        head = {name: value for name, value in head.items() if value is not None}
        text = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{b64url(JWSRegistry.algorithms[algorithm].sign(text.encode(), key))}"


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer that answers on loopback."""
    issuer = Issuer()

    class Published(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.document(self.path)
            body = json.dumps(found).encode()
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Published) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
