"""Pages: `limit` and an opaque `cursor` that names the last item seen, so that a list is stable under inserts."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request

from casefile_api.errors import Fault, Invalid
from casefile_api.web.exchange import exchange_of

LIMIT_DEFAULT = 50
LIMIT_MOST = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for."""

    limit: int
    cursor: str | None
    url: str
    query: tuple[tuple[str, str], ...]

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """Return the keys that the cursor holds, read as these kinds; None at the start.

        Raises Invalid where the cursor is not one that this list gave.
        """
        if self.cursor is None:
            return None
        try:
            keys = json.loads(base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4)))
            if not isinstance(keys, list) or len(keys) != len(kinds):
                raise ValueError
            return tuple(_read(key, kind) for key, kind in zip(keys, kinds, strict=True))
        except (ValueError, TypeError, OverflowError, RecursionError):
            fault = Fault("malformed", "Use next_cursor as it was given, or leave cursor out.", parameter="cursor")
            raise Invalid("The cursor is not one that this list gave.", fault) from None

    def link(self, next_cursor: str) -> str:
        """Return the Link header that leads to the next page (RFC 8288)."""
        others = [(name, value) for name, value in self.query if name != "cursor"]
        return f'<{self.url}?{urlencode([*others, ("cursor", next_cursor)])}>; rel="next"'

    def body(self, items: Sequence[Any], next_keys: Sequence[Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the body of this page and its headers; `next_keys` are the keys of its last item, None at the end."""
        cursor = make_cursor(next_keys) if next_keys is not None else None
        headers = {"Link": self.link(cursor)} if cursor else {}
        return {"items": list(items), "next_cursor": cursor}, headers


async def page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MOST, description="how many items at the most")] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400, description="next_cursor of the page before")] = None,
) -> Page:
    """Return the page that a request asks for."""
    exchange_of(request).trail.query = asked_shape(request.query_params.keys(), limit, continued=cursor is not None)
    public_url = request.app.state.parts.settings.public_url.rstrip("/")
    return Page(limit, cursor, public_url + request.url.path, tuple(request.query_params.multi_items()))


def asked_shape(names: Iterable[str], limit: int, *, continued: bool) -> dict[str, Any]:
    """Return the shape of what is asked for, as the log keeps it: which parameters were given, never their values."""
    by = sorted(set(names) - {"limit", "cursor", "after", "wait"})
    return {"limit": limit, "continued": continued, "by": by}


AskedPage = Annotated[Page, Depends(page)]


def make_cursor(keys: Sequence[Any]) -> str:
    """Return an opaque cursor that names an item by its sort keys."""
    plain = [
        key.isoformat() if isinstance(key, datetime) else str(key) if isinstance(key, UUID) else key for key in keys
    ]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(key: Any, kind: type) -> Any:
    if kind in (datetime, UUID) and not isinstance(key, str):
        raise ValueError
    if kind is datetime:
        moment = datetime.fromisoformat(key)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if kind is UUID:
        return UUID(key)
    too_large = isinstance(key, int) and abs(key) >= 2**63
    unprintable = isinstance(key, str) and not key.isprintable()
    if type(key) is not kind or too_large or unprintable:
        raise ValueError
    return key
