"""A client's proofs of its key (DPoP, RFC 9449), made with `cryptography` alone, and spoiled where a test wants."""

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field

import httpx2 as httpx
from cryptography.hazmat.primitives.asymmetric import ec

from tests.outside import signing
from tests.outside.client import Party

COORDINATE_BYTES = 32


def token_hash(token: str) -> str:
    """The claim `ath`."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The public half as a JWK, its members in the order of RFC 7638."""
    numbers = key.public_key().public_numbers()
    x, y = (signing.b64url(number.to_bytes(COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """The RFC 7638 thumbprint, which a bound token names."""
    required = json.dumps(public_jwk(key), separators=(",", ":"))
    return signing.b64url(hashlib.sha256(required.encode()).digest())


@dataclass
class Holder:
    """A caller whose token is bound to a key of its own; remembers the newest nonce, as RFC 9449 8 has it."""

    party: Party
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    nonce: str | None = None

    def proof(self, method: str, url: str, token: str | None = None, **changes: object) -> str:
        """One proof; `changes` spoil claims, `None` leaves one out, `header` spoils the header."""
        claims: dict[str, object] = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        claims |= {"nonce": self.nonce, "ath": token_hash(token) if token else None}
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(self.key)}
        header |= changes.pop("header", {})  # type: ignore[operator]  # a test gives a dictionary
        claims |= changes
        plain = {name: value for name, value in claims.items() if value is not None}
        return signing.sign(self.key, header, plain)

    def ask_token(self, proof: str | None = None) -> httpx.Response:
        """The token request with a proof; the nonce of the answer is kept."""
        sandbox = self.party.sandbox
        url = str(sandbox.config["token_endpoint"])
        proof = proof or self.proof("POST", self.resource("/oauth/token"))
        return self._noted(sandbox.http.post(url, data=self.party.token_form(), headers={"DPoP": proof}))

    def token(self) -> str:
        """A bound token; where a nonce is wanted first, the request is sent again with it."""
        answer = self.ask_token()
        if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce":
            answer = self.ask_token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def resource(self, path: str) -> str:
        """The URL that a proof is for: the service's own, whichever process is called."""
        return str(self.party.sandbox.config["issuer"]).rstrip("/") + path.partition("?")[0]

    def call(self, token: str, path: str = "/v1/me", *, method: str = "GET", **more: object) -> httpx.Response:
        """A request with the bound token; `proof` sends another proof, `scheme` another scheme, `json` a body."""
        url = self.party.sandbox.base_url + path
        proof = more.pop("proof", None) or self.proof(method, self.resource(path), token)
        headers = {"Authorization": f"{more.pop('scheme', 'DPoP')} {token}", "DPoP": str(proof)}
        if self.party.justification:
            headers["Access-Justification"] = self.party.justification
        return self._noted(self.party.sandbox.http.request(method, url, headers=headers, **more))  # type: ignore[arg-type]

    def _noted(self, answer: httpx.Response) -> httpx.Response:
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        return answer
