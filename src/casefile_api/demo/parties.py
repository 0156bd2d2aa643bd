"""A party of the story: a system, or a person through their system, with a token of its own and plain HTTP verbs.

Tokens are had the way every integrator has them: `private_key_jwt` client authentication (RFC 7523), with a second
assertion when a member of staff is named. Requests and bytes are counted for the summary.
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from casefile_api.demo.answers import NotAsToldError, View, check

CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 120
RENEW_SECONDS_BEFORE_EXPIRY = 60


@dataclass
class Tally:
    """What went over the wire."""

    requests: int = 0
    refusals: int = 0
    api_bytes_sent: int = 0
    api_bytes_received: int = 0
    storage_bytes_sent: int = 0
    storage_bytes_received: int = 0
    storage_requests: int = 0


@dataclass(frozen=True)
class Answer:
    """One answer: its status, its headers and its body."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> View:
        """The JSON body."""
        return View.parse(self.raw)

    @property
    def etag(self) -> str:
        """The strong tag, to be sent back as If-Match."""
        return self.headers["etag"]


@dataclass(frozen=True)
class Credentials:
    """One client of the sandbox: who it is and the key it signs with."""

    client_id: str
    organisation: str
    key_id: str
    key_file: Path

    def sign(self, claims: Mapping[str, object]) -> str:
        """A compact ES256 JWS (RFC 7515; RFC 7518 3.4)."""
        key = serialization.load_pem_private_key(self.key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise NotAsToldError(f"The key of {self.client_id} is not an elliptic-curve key.")
        header = {"alg": "ES256", "typ": "JWT", "kid": self.key_id}
        text = ".".join(_b64url(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def assertion(self, audience: str, **claims: object) -> str:
        """An assertion used once: by the client for itself, or with `sub` and `roles` for a member of staff."""
        now = int(time.time())
        usual: dict[str, object] = {"iss": self.client_id, "sub": self.client_id, "aud": audience, "iat": now}
        return self.sign(usual | {"exp": now + ASSERTION_SECONDS, "jti": str(uuid.uuid4())} | claims)


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Wire:
    """The connection all parties share, and its tally."""

    base_url: str
    token_endpoint: str
    issuer: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))
    tally: Tally = field(default_factory=Tally)

    def token(self, form: Mapping[str, str]) -> View:
        """Asks the authorisation server for an access token."""
        answer = self.http.post(self.token_endpoint, data=dict(form))
        self.tally.requests += 1
        check(answer.status_code == httpx.codes.OK, f"The token endpoint answered {answer.status_code}: {answer.text}")
        return View.parse(answer.content)

    def storage(self, method: str, url: str, *, data: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        """Sends bytes straight to storage, or fetches them from there."""
        answer = self.http.request(method, url, content=data or None, headers=dict(headers or {}))
        self.tally.storage_requests += 1
        self.tally.storage_bytes_sent += len(data)
        self.tally.storage_bytes_received += len(answer.content)
        check(answer.is_success, f"Storage answered {answer.status_code} to a presigned {method}.")
        return answer.content


@dataclass
class Party:
    """Somebody who calls."""

    wire: Wire
    credentials: Credentials
    name: str
    justification: str | None = None
    staff_id: str | None = None
    roles: tuple[str, ...] = ()
    _token: str = ""
    _good_until: float = 0.0

    @property
    def organisation(self) -> str:
        """The organisation the party acts for."""
        return self.credentials.organisation

    def bearer(self) -> str:
        """An access token, renewed before it runs out."""
        if time.time() < self._good_until:
            return self._token
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": self.credentials.assertion(self.wire.issuer),
        }
        if self.staff_id:
            grant = self.credentials.assertion(self.wire.issuer, sub=self.staff_id, roles=list(self.roles))
            form |= {"grant_type": JWT_BEARER, "assertion": grant}
        answer = self.wire.token(form)
        self._token = answer.text("access_token")
        self._good_until = time.time() + answer.number("expires_in") - RENEW_SECONDS_BEFORE_EXPIRY
        return self._token

    def call(
        self, method: str, path: str, body: object = None, *, expect: int, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One call that must answer with the status expected."""
        sent = {"Authorization": f"Bearer {self.bearer()}"}
        if self.justification:
            sent["Access-Justification"] = self.justification
        raw = b"" if body is None else json.dumps(body).encode()
        if raw:
            sent["Content-Type"] = "application/json"
        answer = self.wire.http.request(
            method, self.wire.base_url + path, content=raw or None, headers=sent | dict(headers or {})
        )
        tally = self.wire.tally
        tally.requests += 1
        tally.refusals += answer.is_client_error
        tally.api_bytes_sent += len(raw)
        tally.api_bytes_received += len(answer.content)
        check(
            answer.status_code == expect,
            f"{self.name}: {method} {path} answered {answer.status_code}, not {expect}: {answer.text[:600]}",
        )
        return Answer(answer.status_code, answer.headers, answer.content)

    def get(self, path: str, *, expect: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """Reads."""
        return self.call("GET", path, expect=expect, headers=headers)

    def post(self, path: str, body: object = None, *, expect: int = 201, if_match: str | None = None) -> Answer:
        """Creates, or acts on what it saw under a tag."""
        return self.call("POST", path, body, expect=expect, headers={"If-Match": if_match} if if_match else None)

    def patch(self, path: str, body: object, media_type: str, *, if_match: str) -> Answer:
        """Changes what it saw under a tag."""
        return self.call("PATCH", path, body, expect=200, headers={"If-Match": if_match, "Content-Type": media_type})

    def step(self, path: str, step: str, body: object, *, expect: int = 200) -> Answer:
        """Reads a resource for its tag, then takes a step on it."""
        return self.post(f"{path}/{step}", body, expect=expect, if_match=self.get(path).etag)

    def refused(
        self, method: str, path: str, status: int, code: str, body: object = None, *, media_type: str | None = None
    ) -> View:
        """Tries what must be refused, with the problem code promised (RFC 9457)."""
        headers = {"Content-Type": media_type} if media_type else None
        problem = self.call(method, path, body, expect=status, headers=headers).body
        check(problem.text("code") == code, f"{self.name} was refused with {problem.text('code')}, not {code}.")
        return problem
