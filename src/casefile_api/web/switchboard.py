"""From a path and a method straight to its operation: one look into a table, whatever the number of operations.

What the table does not hold (unknown paths, other methods, pages beside the API) goes to FastAPI's own routing, which
tries the routes one after the other.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache

from starlette.convertors import StringConvertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from casefile_api.errors import Refusal
from casefile_api.web.routing import GuardedRoute

Answering = Callable[[Request, Exception], Awaitable[Response]]
_Places = tuple[int, ...]


class PathTable:
    """The operations by method and by the fixed parts of their paths; of two that fit, the one declared first."""

    def __init__(self, routes: Iterable[GuardedRoute]) -> None:
        self._routes: dict[tuple[str, int, _Places, tuple[str, ...]], tuple[int, GuardedRoute]] = {}
        self._shapes: dict[tuple[str, int], list[_Places]] = {}
        for order, route in enumerate(routes):
            if all(isinstance(one, StringConvertor) for one in route.param_convertors.values()):
                self._add(order, route)

    def _add(self, order: int, route: GuardedRoute) -> None:
        parts = route.path.split("/")
        fixed = tuple(place for place, part in enumerate(parts) if "{" not in part)
        words = tuple(parts[place] for place in fixed)
        for method in route.methods or ():
            shapes = self._shapes.setdefault((method, len(parts)), [])
            if fixed not in shapes:
                shapes.append(fixed)
            self._routes.setdefault((method, len(parts), fixed, words), (order, route))

    def find(self, method: str, path: str) -> tuple[GuardedRoute, dict[str, str]] | None:
        """Return the operation of a path and the values in it, None where the table has none."""
        parts = path.split("/")
        count = len(parts)
        found: tuple[int, GuardedRoute] | None = None
        for fixed in self._shapes.get((method, count), ()):
            candidate = self._routes.get((method, count, fixed, tuple(parts[place] for place in fixed)))
            if candidate is not None and (found is None or candidate[0] < found[0]):
                found = candidate
        if found is None:
            return None
        values = {name: parts[place] for place, name in _names_in(found[1].path)}
        return (found[1], values) if all(values.values()) else None


@lru_cache(maxsize=1024)
def _names_in(template: str) -> tuple[tuple[int, str], ...]:
    return tuple((place, part[1:-1]) for place, part in enumerate(template.split("/")) if "{" in part)


class Switchboard:
    """Serves the operations of the table; everything else goes on to `rest`."""

    def __init__(
        self, table: PathTable, rest: ASGIApp, *, refused: Answering, unrouted: Answering, failed: Answering
    ) -> None:
        self._table = table
        self._rest = rest
        self._refused = refused
        self._unrouted = unrouted
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        found = None
        if scope["type"] == "http" and not scope.get("root_path"):
            found = self._table.find(scope["method"], scope["path"])
        if found is None:
            await self._rest(scope, receive, send)
            return
        route, scope["path_params"] = found
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        request = Request(scope, receive, sending)
        try:
            response = await route.answer(request)
            await response(scope, receive, sending)
        except Exception as fault:
            if started:
                raise
            await self._make_good(request, fault, sending)

    async def _make_good(self, request: Request, fault: Exception, send: Send) -> None:
        """Answer what no operation answered itself; a fault of ours goes on, for the server to know."""
        known = {Refusal: self._refused, HTTPException: self._unrouted}
        answering = next((answer for kind, answer in known.items() if isinstance(fault, kind)), self._failed)
        response = await answering(request, fault)
        await response(request.scope, request.receive, send)
        if answering is self._failed:
            raise fault
