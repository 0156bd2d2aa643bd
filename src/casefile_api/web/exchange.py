"""One request and what is known of it so far: the guard, the body, the commands and the log all meet here."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from casefile_api.access.caller import Caller
from casefile_api.access.permissions import Operation
from casefile_api.ledger.trail import Trail
from casefile_api.web.parts import Parts
from casefile_api.web.weighing import Weighing


@dataclass(slots=True)
class Exchange:
    """A request under way."""

    request: Request
    parts: Parts
    operation: Operation
    trail: Trail
    request_id: str
    body: bytes = b""
    value: Any = None
    media_type: str = ""
    if_match: frozenset[str] | None = None
    idempotency_key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    outcome: str = "allowed"
    weighing: Weighing | None = None
    # A change that could not be made together with others is made by itself.
    alone: bool = False
    _caller: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Return who is calling. Open operations have no caller until they say so."""
        if self._caller is None:
            raise RuntimeError(f"{self.trail.action} has no caller")
        return self._caller

    @property
    def known_caller(self) -> Caller | None:
        """Return who is calling, None where nobody is known."""
        return self._caller

    def acts(self, caller: Caller) -> None:
        """Say who is calling."""
        self._caller = caller


def exchange_of(request: Request) -> Exchange:
    """Return the exchange that the route class began."""
    found: Exchange = request.state.exchange
    return found
