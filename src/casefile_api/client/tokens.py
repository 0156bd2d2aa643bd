"""Access tokens: asked for by `private_key_jwt` (RFC 7523), bound to a key (RFC 9449), renewed before they end."""

import threading
import time
from dataclasses import dataclass, field

import httpx2 as httpx

from casefile_api.client.endings import Ending, Refused, TransferFailed
from casefile_api.client.keys import Credentials, ProofKey
from casefile_api.client.patience import Patience
from casefile_api.client.wire import checked, expect_lasting, json_of, passing

CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
RENEWED_BEFORE_SECONDS = 60
_SERVICE = "The service"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, the scheme it is sent by (`Bearer` or `DPoP`), and until when it is used, by our monotonic clock."""

    text: str
    scheme: str
    good_until: float


@dataclass
class Tokens:
    """Where tokens of one caller come from; shared by all threads."""

    http: httpx.Client
    url: str
    credentials: Credentials
    patience: Patience
    proofs: ProofKey = field(default_factory=ProofKey)
    _token: Token | None = None
    _endpoint: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self, *, instead_of: Token | None = None) -> Token:
        """A token that is good for a while yet; another than the one that was refused."""
        with self._lock:
            token = self._token
            if token is None or token is instead_of or time.monotonic() > token.good_until:
                self._token = token = self._asked()
            return token

    def _asked(self) -> Token:
        for attempt in self.patience.attempts():
            with attempt:
                endpoint = self._endpoint or self._found_endpoint()
                # A nonce that is wanted first is a refusal that names it: the form is not used up (RFC 9449 8).
                for nonce_known in (False, True):
                    answer = self._post(endpoint)
                    self.proofs.nonce = answer.headers.get("dpop-nonce", self.proofs.nonce)
                    if answer.is_success:
                        return _read(answer)
                    if (
                        nonce_known
                        or answer.status_code != httpx.codes.BAD_REQUEST
                        or "use_dpop_nonce" not in answer.text
                    ):
                        break
                raise Refused(answer.status_code, json_of(answer))
        raise AssertionError("attempts end by success or by what they raise")

    def _post(self, endpoint: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": self.credentials.client_assertion(self.url),
        }
        if self.credentials.staff_id:
            form |= {"grant_type": JWT_BEARER, "assertion": self.credentials.staff_assertion(self.url)}
        with passing(_SERVICE):
            answer = self.http.post(endpoint, data=form, headers={"DPoP": self.proofs.proof("POST", endpoint)})
        expect_lasting(answer, _SERVICE)
        return answer

    def _found_endpoint(self) -> str:
        """The token endpoint, from the service's metadata, which must be those of the URL given (RFC 8414 3.3)."""
        with passing(_SERVICE):
            answer = self.http.get(f"{checked(self.url)}/.well-known/oauth-authorization-server")
        expect_lasting(answer, _SERVICE)
        told = json_of(answer)
        if str(told.get("issuer", "")).rstrip("/") != self.url:
            sentence = f"{self.url} does not say of itself that it is the service: give the URL that it is known by."
            raise TransferFailed(sentence, Ending.REFUSED)
        self._endpoint = checked(str(told["token_endpoint"]))
        return self._endpoint


def _read(answer: httpx.Response) -> Token:
    told = answer.json()
    lives = float(told["expires_in"])
    kept = max(lives - RENEWED_BEFORE_SECONDS, lives / 2)
    return Token(str(told["access_token"]), str(told["token_type"]), time.monotonic() + kept)
