"""One look into a table finds the operation that trying the routes one after the other would find."""

from typing import Annotated

import pytest
from fastapi import Header
from starlette.routing import Match

from casefile_api.app import ROUTERS
from casefile_api.web.arguments import arguments_of
from casefile_api.web.routing import GuardedRoute
from casefile_api.web.switchboard import PathTable

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, GuardedRoute)]
TABLE = PathTable(ROUTES)
FILLED = {route.path: route.path.replace("{", "x-").replace("}", "").replace(":path", "") for route in ROUTES}


def tried(method: str, path: str) -> tuple[GuardedRoute, dict[str, str]] | None:
    """What Starlette's own matching finds."""
    for route in ROUTES:
        match, scope = route.matches({"type": "http", "method": method, "path": path})
        if match is Match.FULL:
            return route, scope["path_params"]
    return None


def shapes() -> list[str]:
    """Every path, ended with words of other paths (one in six), cut short, made longer, and doubled."""
    words = sorted({part for path in FILLED.values() for part in path.split("/") if part})[::6]
    paths = set(FILLED.values())
    for path in FILLED.values():
        parts = path.split("/")
        paths |= {path + "/", path + "/more", "/".join(parts[:-1]), path.replace("/", "//", 1), path + "\n"}
        paths |= {"/".join([*parts[:-1], word]) for word in words}
    return sorted(paths)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_table_finds_what_trying_every_route_finds(method: str) -> None:
    for path in shapes():
        found, wanted = TABLE.find(method, path), tried(method, path)
        if found is not None:
            assert wanted is not None and found[0] is wanted[0] and found[1] == wanted[1], path
        else:
            beside = wanted is None or "tile_path" in wanted[1] or path.endswith("\n")
            assert beside, f"{method} {path} is not in the table"


def test_every_operation_but_the_tiles_is_in_the_table() -> None:
    missed = [
        route.operation_id
        for route in ROUTES
        for method in route.methods
        if (found := TABLE.find(method, FILLED[route.path])) is None or found[0] is not route
    ]

    assert missed == ["get_tile"]


def test_an_endpoint_with_another_kind_of_parameter_cannot_be_built() -> None:
    async def endpoint(word: Annotated[str, Header()]) -> None:
        """Ask for a header."""

    with pytest.raises(TypeError, match="header_params"):
        GuardedRoute("/healthz", endpoint, operation_id="get_health")


def test_an_endpoint_that_would_block_the_others_cannot_be_built() -> None:
    def endpoint() -> None:
        """Block."""

    with pytest.raises(TypeError, match="coroutine"):
        GuardedRoute("/healthz", endpoint, operation_id="get_health")


def test_arguments_are_read_from_the_signature_once() -> None:
    route = next(route for route in ROUTES if route.operation_id == "get_case_file")

    read = arguments_of(route.dependant)

    assert [parameter.alias for parameter in read.path] == ["case_file_id"]
    assert {parameter.alias: parameter.required for parameter in read.query} == {"version": False, "as_of": False}
