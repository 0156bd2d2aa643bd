"""A burst of tokens that nobody has seen is verified one by one, and who is known goes between."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from starlette.requests import Request

from casefile_api.access.guard import Credentials
from casefile_api.settings import Settings
from casefile_api.vault import Vault
from casefile_api.web import routing
from casefile_api.web.turns import Turns


@dataclass
class Watched:
    """A guard that knows one token, and the order in which it was asked."""

    asked: list[str] = field(default_factory=list)

    def knows(self, authorization: list[str]) -> bool:
        return authorization == ["Bearer known"]

    async def identify(self, credentials: Credentials) -> None:
        self.asked.append(credentials.authorization[0].removeprefix("Bearer "))


def asking(parts: Any, token: str) -> Any:
    scope = {
        "type": "http",
        "app": SimpleNamespace(state=SimpleNamespace(parts=parts)),
        "asked_method": "GET",
        "raw_path": b"/v1/me",
        "client": ("192.0.2.1", 1),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }
    return routing._identify(SimpleNamespace(request=Request(scope), parts=parts))  # type: ignore[arg-type]


async def test_who_is_known_does_not_wait_for_a_burst_of_unknown_tokens() -> None:
    guard = Watched()
    parts = SimpleNamespace(
        guard=guard, settings=Settings(), vault=Vault(bytes(32)), turns_of_strangers=Turns(1, always=True)
    )
    await asyncio.gather(*(asking(parts, token) for token in ["1", "2", "3", "known"]))

    assert guard.asked == ["known", "1", "2", "3"]
