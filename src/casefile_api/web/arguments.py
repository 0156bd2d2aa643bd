"""What an endpoint is called with: read from its signature once, and filled in for each request.

FastAPI reads the signatures and documents them; its own filling-in serves every kind of parameter there can be, at
several times the cost of these few: path, query, the request, and dependencies made of the same. An endpoint with
another kind cannot be built.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import QueryParams

_NOT_FILLED = (
    *("header_params", "cookie_params", "body_params", "websocket_param_name", "http_connection_param_name"),
    *("response_param_name", "background_tasks_param_name", "security_scopes_param_name"),
)
Endpoint = Callable[..., Awaitable[Any]]  # a response, or what a dependency gives
_MISSING = object()
_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One value of the path or the query: its name in Python and in the URL, and what makes it valid."""

    name: str
    alias: str
    place: str
    required: bool
    default: Any
    validate: Callable[..., tuple[Any, list[Any]]]


@dataclass(frozen=True, slots=True)
class Arguments:
    """All arguments of one endpoint or dependency."""

    call: Endpoint
    path: tuple[_Parameter, ...]
    query: tuple[_Parameter, ...]
    request: str | None
    dependencies: tuple[tuple[str, "Arguments"], ...]

    async def fill(self, request: Request, faults: list[Any]) -> dict[str, Any]:
        """Return the arguments of this request; what is missing or malformed is added to the faults."""
        values: dict[str, Any] = {}
        for name, needed in self.dependencies:
            before = len(faults)
            own = await needed.fill(request, faults)
            if len(faults) == before:
                values[name] = await needed.call(**own)
        if self.path:
            _read(self.path, request.path_params, values, faults)
        if self.query:
            given = request.query_params if request.scope["query_string"] else _NOTHING
            _read(self.query, given, values, faults)
        if self.request is not None:
            values[self.request] = request
        return values

    async def answer(self, request: Request) -> Any:
        """Call the endpoint.

        Raises RequestValidationError naming each parameter that is missing or malformed.
        """
        faults: list[Any] = []
        values = await self.fill(request, faults)
        if faults:
            raise RequestValidationError(faults)
        return await self.call(**values)


def arguments_of(dependant: Dependant) -> Arguments:
    """Read what FastAPI found in a signature.

    Raises TypeError where it asks for what is not filled in here.
    """
    call = dependant.call
    if call is None or not (iscoroutinefunction(call) or iscoroutinefunction(getattr(call, "__call__", None))):  # noqa: B004
        raise TypeError(f"{call} is not a coroutine function")
    asked = [kind for kind in _NOT_FILLED if getattr(dependant, kind)]
    if asked:
        raise TypeError(f"{call} asks for {', '.join(asked)}")
    return Arguments(
        call,
        tuple(_parameter(field) for field in dependant.path_params),
        tuple(_parameter(field) for field in dependant.query_params),
        dependant.request_param_name,
        tuple((needed.name or "", arguments_of(needed)) for needed in dependant.dependencies),
    )


def _parameter(field: Any) -> _Parameter:
    info = field.field_info
    required = info.is_required()
    default = None if required else field.default
    if not isinstance(default, str | int | float | bool | None):
        raise TypeError(f"{field.name} has a default that requests could change")
    return _Parameter(field.name, field.alias, info.in_.value, required, default, field.validate)


def _read(
    parameters: tuple[_Parameter, ...], given: dict[str, Any] | QueryParams, values: dict[str, Any], faults: list[Any]
) -> None:
    for parameter in parameters:
        value = given.get(parameter.alias, _MISSING)
        place = (parameter.place, parameter.alias)
        if value is not _MISSING:
            value, found = parameter.validate(value, values, loc=place)
            faults.extend(found or ())
        elif parameter.required:
            faults.append({"type": "missing", "loc": place, "msg": "Field required", "input": None})
        else:
            value = parameter.default
        values[parameter.name] = value
