"""Calls of the API: with a token, said again until they are answered, and done once however often they are said."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from casefile_api.client.endings import Interrupted, Refused
from casefile_api.client.patience import Patience
from casefile_api.client.tokens import Token, Tokens
from casefile_api.client.wire import expect_lasting, json_of, passing

Json = Any  # a JSON value as the API answers it
_SERVICE = "The service"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Calls:
    """The API as one caller meets it."""

    http: httpx.Client
    url: str
    tokens: Tokens
    patience: Patience
    justification: str | None = None

    def get(self, path: str) -> Json:
        """Read a resource."""
        return self.answer("GET", path).json()

    def post(self, path: str, body: Json = None, *, key: str) -> Json:
        """Change something; said again under the same key it is done once."""
        return self.answer("POST", path, body, key=key).json()

    def items(self, path: str) -> Iterator[Json]:
        """A whole list, page by page."""
        cursor = ""
        while True:
            page = self.get(f"{path}?limit={_PAGE}{cursor}")
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = f"&cursor={quote(page['next_cursor'], safe='')}"

    def answer(self, method: str, path: str, body: Json = None, *, key: str | None = None) -> httpx.Response:
        """Make a call, and make it again while what hinders it may pass. Raises Refused, or TransferFailed."""
        raw = None if body is None else json.dumps(body).encode()
        headers = {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "application/json"} if raw is not None else {}
        headers |= {"Access-Justification": quote(self.justification, safe=";= ")} if self.justification else {}
        for attempt in self.patience.attempts():
            with attempt:
                answer = self._authorised(method, path, raw, headers)
                expect_lasting(answer, _SERVICE)
                if answer.is_error:
                    raise _refusal(answer)
                return answer
        raise AssertionError("attempts end by success or by what they raise")

    def _authorised(self, method: str, path: str, raw: bytes | None, headers: Mapping[str, str]) -> httpx.Response:
        """One attempt: again with the nonce that was wanted, and again with a new token where this one is none."""
        token = self.tokens.current()
        answer = self._once(method, path, raw, headers, token)
        if "use_dpop_nonce" in answer.headers.get("www-authenticate", ""):
            answer = self._once(method, path, raw, headers, token)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = self._once(method, path, raw, headers, self.tokens.current(instead_of=token))
        return answer

    def _once(
        self, method: str, path: str, raw: bytes | None, headers: Mapping[str, str], token: Token
    ) -> httpx.Response:
        url, proofs = self.url + path, self.tokens.proofs
        sent = {"Authorization": f"{token.scheme} {token.text}", **headers}
        if token.scheme == "DPoP":
            sent["DPoP"] = proofs.proof(method, url.partition("?")[0], token.text)
        with passing(_SERVICE):
            answer = self.http.request(method, url, content=raw, headers=sent)
        proofs.nonce = answer.headers.get("dpop-nonce", proofs.nonce)
        return answer


def _refusal(answer: httpx.Response) -> Exception:
    problem = json_of(answer)
    if answer.status_code == httpx.codes.CONFLICT and problem.get("code") == "idempotency-conflict":
        return Interrupted("The service is still busy with this very call")
    return Refused(answer.status_code, problem)
