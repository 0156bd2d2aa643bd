"""The service as an integrator meets it: a sandbox file, a token, and HTTP.

Written from the published contract alone; imports nothing of the service. `Sandbox` is what `sandbox.json` says,
`Party` is one caller (a system, or a named person through their system) with a token, a justification and plain verbs.
"""

import json as json_module
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx2 as httpx

from tests.outside import signing
from tests.outside.payloads import refuse_words

Json = Any  # whatever JSON the service answers with: a test looks inside it, it never types it
CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
RENEW_SECONDS_BEFORE_EXPIRY = 60
USUAL_JUSTIFICATION = {"police": "investigation", "cps": "early-advice", "oversight": "audit", "operator": "other"}


def kind_of(organisation: str) -> str:
    """The kind an organisation's identifier shows: police-53 is police, cps-south-west is cps."""
    return organisation.split("-", 1)[0]


# What stands in every content and request that tests send, in places that hold what is said of people. It may come back
# in contents and words alone: no address, header, problem, event, log line, metric or entry of the log has any of it.
PLANTED = (
    "Quorthwaite",
    "Emberlin",
    "Nettlecombe",
    "Sallowmere",
    "Ottoline",
    "Thrushgrove",
    "Isolde",
    "Morgan Field",
    "Robin Ashdown",
    "case-oic@",
    "an evening with friends",
    "Followed the complainant home",
    "Says that she agreed",
    "Rape of a woman aged 16",
    "between the bar and the address",
    "met twice before",
    "Pellworm",
    "1986-04-13",
    "1997-08-21",
    "1979-05-17",
    "1986/0731946",
    "731946/86K",
    "0731946V",
    "QUORT804136",
    "CU/731946",
    "07700 900731",
    "01632 960101",
    "353918057319460",
    "proportionate set of enquiries",
)


def refuse_planted(where: str, *texts: str) -> None:
    """Fails where something personal that was planted stands in what must not hold it."""
    for text in texts:
        found = [words for words in PLANTED if words in text]
        assert not found, f"{where} has {found[0]!r}: …{text[max(0, text.find(found[0]) - 200) :][:400]}"


@dataclass(frozen=True)
class Exchange:
    """One call and how it was answered."""

    method: str
    url: str
    status: int
    code: str


@dataclass
class Sandbox:
    """A running sandbox as `sandbox.json` describes it."""

    config: Json
    directory: Path
    exchanges: list["Exchange"] = field(default_factory=list)

    @cached_property
    def http(self) -> httpx.Client:
        """The connection of all parties; what came back is noted down for those who count."""
        hooks = {"response": [self.note]}
        return httpx.Client(timeout=60, limits=httpx.Limits(max_connections=64), trust_env=False, event_hooks=hooks)

    def note(self, answer: httpx.Response) -> None:
        """Notes what came back, and looks it through for what must not be there."""
        code = ""
        shown = [unquote_plus(str(answer.request.url)), *map(unquote_plus, answer.headers.values())]
        if answer.headers.get("content-type", "").startswith("application/problem+json"):
            code = str(json_module.loads(answer.read())["code"])
            shown.append(answer.text)
        refuse_planted("an address, a header or a problem", *shown)
        request = answer.request
        if request.url.path.startswith("/v1/events") and answer.status_code == 200:
            refuse_planted("the feed", answer.read().decode())
            self._refuse_words(answer)
        self.exchanges.append(Exchange(request.method, str(request.url), answer.status_code, code))

    def _refuse_words(self, answer: httpx.Response) -> None:
        if answer.headers["content-type"].startswith("application/json"):
            for event in answer.json()["items"]:
                refuse_words("the feed", event)

    @classmethod
    def from_file(cls, path: Path) -> "Sandbox":
        """Reads the file a sandbox writes when it is ready."""
        return cls(json_module.loads(path.read_text()), path.parent)

    @property
    def base_url(self) -> str:
        return str(self.config["base_url"])

    def close(self) -> None:
        """Lets go of the connections."""
        self.http.close()

    def client(self, client_id: str) -> Json:
        """One client's entry, or a plain sentence that it is missing."""
        for entry in self.config["clients"]:
            if entry["client_id"] == client_id:
                return entry
        raise AssertionError(f"sandbox.json has no client {client_id}")

    def client_of(self, organisation: str) -> Json:
        """The client of an organisation."""
        for entry in self.config["clients"]:
            if entry["organisation"] == organisation:
                return entry
        raise AssertionError(f"sandbox.json has no client of {organisation}")

    def staff(self, role: str, *, organisation: str | None = None, unit: str | None = None, number: int = 0) -> Json:
        """The entry of a member of staff who holds a role (the `number`th of them)."""
        found = [
            person
            for person in self.config["staff"]
            if role in person["roles"]
            and organisation in (None, person["organisation"])
            and unit in (None, person["unit"])
        ]
        assert len(found) > number, f"sandbox.json has no {role} number {number} in {unit or organisation or 'it'}"
        return found[number]

    def party(
        self,
        client_id: str,
        staff: str | None = None,
        roles: Sequence[str] | None = None,
        *,
        scope: str | None = None,
        justification: str | None = "usual",
    ) -> "Party":
        """A caller: the system itself, or with `staff` and `roles` a person it speaks for."""
        entry = self.client(client_id)
        if justification == "usual":
            justification = USUAL_JUSTIFICATION[kind_of(entry["organisation"])] if staff else None
        return Party(self, entry, staff, tuple(roles or ()), scope, justification)

    def system(self, organisation: str, *, scope: str | None = None) -> "Party":
        """The organisation's system acting as itself."""
        return self.party(self.client_of(organisation)["client_id"], scope=scope)

    def person(
        self,
        role: str,
        *,
        organisation: str | None = None,
        unit: str | None = None,
        number: int = 0,
        scope: str | None = None,
    ) -> "Party":
        """A member of staff acting in one role, through their organisation's system."""
        entry = self.staff(role, organisation=organisation, unit=unit, number=number)
        client_id = self.client_of(entry["organisation"])["client_id"]
        return self.party(client_id, entry["staff_id"], [role], scope=scope)

    def token_request(self, form: Mapping[str, str]) -> httpx.Response:
        """A raw call of the token endpoint."""
        return self.http.post(self.config["token_endpoint"], data=dict(form))


@dataclass
class Party:
    """One caller with its token. Verbs assert the status they expect: any 2xx unless told otherwise."""

    sandbox: Sandbox
    entry: Json
    staff_id: str | None = None
    roles: tuple[str, ...] = ()
    scope: str | None = None
    justification: str | None = None
    _token: str | None = None
    _token_expires: float = 0.0

    @property
    def organisation(self) -> str:
        return str(self.entry["organisation"])

    @property
    def client_id(self) -> str:
        return str(self.entry["client_id"])

    @property
    def name(self) -> str:
        """How the party is spoken of in a failed assertion."""
        return f"{self.client_id}:{self.staff_id or 'system'}:{','.join(self.roles)}"

    @cached_property
    def key(self) -> Any:
        return signing.load_key(self.sandbox.directory / self.entry["private_key_file"])

    def assertion(self, **changes: object) -> str:
        """Client authentication by private_key_jwt; `changes` spoil a claim on purpose."""
        header = {"alg": "ES256", "typ": "JWT", "kid": self.entry["kid"]}
        return signing.sign(
            self.key, header, signing.client_claims(self.client_id, self.sandbox.config["issuer"], **changes)
        )

    def grant(self, **changes: object) -> str:
        """The assertion that names the member of staff."""
        assert self.staff_id is not None, "a system has no staff grant"
        header = {"alg": "ES256", "typ": "JWT", "kid": self.entry["kid"]}
        issuer = self.sandbox.config["issuer"]
        claims = signing.staff_claims(self.client_id, self.staff_id, list(self.roles), issuer, changes)
        return signing.sign(self.key, header, claims)

    def token_form(self) -> dict[str, str]:
        """The token request as it goes over the wire."""
        form = {
            "grant_type": JWT_BEARER if self.staff_id else "client_credentials",
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": self.assertion(),
        }
        if self.staff_id:
            form["assertion"] = self.grant()
        if self.scope is not None:
            form["scope"] = self.scope
        return form

    @property
    def token(self) -> str:
        """An access token, renewed before it runs out."""
        if self._token is None or time.time() > self._token_expires - RENEW_SECONDS_BEFORE_EXPIRY:
            answer = self.sandbox.token_request(self.token_form())
            assert answer.status_code == 200, f"{self.name} got no token: {answer.status_code} {answer.text}"
            self._token = str(answer.json()["access_token"])
            self._token_expires = time.time() + float(answer.json()["expires_in"])
        return self._token

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Json = None,
        content: bytes | None = None,
        media_type: str | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        """One call with token and justification; whatever comes back comes back."""
        sent = {"Authorization": f"Bearer {self.token}"}
        if self.justification:
            sent["Access-Justification"] = self.justification
        if if_match is not None:
            sent["If-Match"] = if_match
        if idempotency_key is not None:
            sent["Idempotency-Key"] = idempotency_key
        if json is not None:
            content, media_type = json_module.dumps(json).encode(), media_type or "application/json"
        if media_type is not None:
            sent["Content-Type"] = media_type
        url = path if path.startswith("http") else self.sandbox.base_url + path
        return self.sandbox.http.request(
            method, url, content=content, params=params, headers=sent | dict(headers or {}), follow_redirects=False
        )

    def _checked(self, method: str, path: str, expect: int | None, **rest: Any) -> httpx.Response:
        answer = self.call(method, path, **rest)
        as_expected = answer.status_code == expect if expect else answer.is_success
        if not as_expected:
            came = f"answered {answer.status_code}, expected {expect or '2xx'}: {answer.text[:2000]}"
            raise AssertionError(f"{self.name}: {method} {path} {came}")
        return answer

    def get(self, path: str, *, expect: int | None = None, **rest: Any) -> httpx.Response:
        return self._checked("GET", path, expect, **rest)

    def post(self, path: str, json: Json = None, *, expect: int | None = None, **rest: Any) -> httpx.Response:
        return self._checked("POST", path, expect, json=json, **rest)

    def put(self, path: str, json: Json = None, *, expect: int | None = None, **rest: Any) -> httpx.Response:
        return self._checked("PUT", path, expect, json=json, **rest)

    def delete(self, path: str, *, expect: int | None = None, **rest: Any) -> httpx.Response:
        return self._checked("DELETE", path, expect, **rest)

    def patch(
        self,
        path: str,
        json: Json,
        *,
        expect: int | None = None,
        media_type: str = "application/merge-patch+json",
        **rest: Any,
    ) -> httpx.Response:
        return self._checked("PATCH", path, expect, json=json, media_type=media_type, **rest)

    def etag(self, path: str) -> str:
        """The tag of the resource as this party sees it now."""
        tag = self.get(path, expect=200).headers.get("etag")
        assert tag, f"GET {path} carries no ETag"
        return str(tag)

    def change(self, path: str, json: Json, **rest: Any) -> httpx.Response:
        """A merge patch on top of what the party sees now."""
        return self.patch(path, json, if_match=self.etag(path), **rest)

    def step(self, path: str, step: str, json: Json = None, **rest: Any) -> httpx.Response:
        """Takes one step on a resource (`…/{id}/<step>`) with the tag the party sees now."""
        return self.post(f"{path}/{step}", {} if json is None else json, if_match=self.etag(path), **rest)

    def refused(self, method: str, path: str, status: int, code: str, **rest: Any) -> Json:
        """A call that must be refused; gives the problem document, checked for its fixed members (RFC 9457)."""
        answer = self._checked(method, path, status, **rest)
        return check_problem(answer, status, code)

    def items(self, path: str, **params: Any) -> list[Json]:
        """A whole list, page by page."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = self.get(path, params=params | ({"cursor": cursor} if cursor else {})).json()
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def check_problem(answer: httpx.Response, status: int, code: str) -> Json:
    """The problem document of a refusal: media type, status, code and request id are as promised."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text[:2000]}"
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json", answer.headers["content-type"]
    problem = answer.json()
    assert problem["status"] == status and problem["code"] == code, problem
    assert "/problems/" in problem["type"] and problem["title"] and problem["detail"], problem
    assert problem["request_id"] == answer.headers["request-id"], problem
    return problem


def new_key() -> str:
    """A fresh idempotency key."""
    return str(uuid.uuid4())
