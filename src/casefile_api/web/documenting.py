"""What the OpenAPI document says of an operation, taken from the same rows and dependencies that make it work."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from casefile_api.access.guard import JUSTIFICATION_HEADER, JUSTIFICATIONS
from casefile_api.access.permissions import Logged, Operation
from casefile_api.web.bodies import BodyReader
from casefile_api.web.problems import MEDIA_TYPE, PROBLEMS

PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
BODY_MODELS: dict[str, type[BaseModel]] = {}
NEEDS_TAG = "If-Match"
TAKES_KEY = "Idempotency-Key"


def takes(*headers: str) -> Callable[[Any], Any]:
    """Mark a dependency as one that reads these request headers."""

    def mark(dependency: Any) -> Any:
        dependency.reads_headers = frozenset(headers)
        return dependency

    return mark


def headers_read(dependant: Dependant) -> frozenset[str]:
    """Return the request headers that the dependencies of a route read."""
    found: frozenset[str] = getattr(dependant.call, "reads_headers", frozenset())
    for dependency in dependant.dependencies:
        found |= headers_read(dependency)
    return found


def query_names(dependant: Dependant) -> frozenset[str]:
    """Return the names of all query parameters that a route takes."""
    found = frozenset(field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        found |= query_names(dependency)
    return found


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Document refusals by their codes, for `responses=` of a route."""
    told: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        problem = PROBLEMS[code]
        titles = [told[problem.status]["description"]] if problem.status in told else []
        told[problem.status] = {
            "description": " · ".join([*titles, f"`{code}`: {problem.meaning}"]),
            "content": {MEDIA_TYPE: {"schema": PROBLEM_REF}},
        }
    return told


def document_operation(route: APIRoute, row: Operation, extra: dict[str, Any] | None) -> dict[str, Any]:
    """Return the operation's additions: security, headers, body, and the refusals that follow from them."""
    said: dict[str, Any] = dict(extra or {})
    read = headers_read(route.dependant)
    reader = _reader(route)
    codes: list[str] = []
    if not row.open:
        said["security"] = _security(row)
        codes += ["not-authenticated", "too-many-requests", "dependency-unavailable"]
        codes += [] if row.for_anyone else ["not-permitted"]
        said.setdefault("parameters", []).extend(_parameters(row, read))
    if any(place.alias for place in route.dependant.path_params):
        codes.append("not-found")
    if reader is not None:
        said["requestBody"] = _body(reader)
        codes += ["too-large", "unsupported-media-type"]
    if not row.open and (reader is not None or query_names(route.dependant) or row.logged is not Logged.NEVER):
        codes.append("invalid")
    if TAKES_KEY in read and not row.open:
        codes.append("idempotency-conflict")
    if NEEDS_TAG in read:
        codes += ["precondition-required", "stale"]
    declared = {str(status): answer for status, answer in route.responses.items()}
    following = {str(status): answer for status, answer in refusals(*codes).items()}
    said["responses"] = {
        status: _joined(answer, declared.get(status)) for status, answer in following.items()
    } | said.get("responses", {})
    return said


def _joined(following: dict[str, Any], declared: dict[str, Any] | None) -> dict[str, Any]:
    if declared is None or declared.get("description") == following["description"]:
        return following
    return {**following, "description": f"{declared['description']} · {following['description']}"}


def _reader(route: APIRoute) -> BodyReader | None:
    calls = (dependency.call for dependency in route.dependant.dependencies)
    return next((call for call in calls if isinstance(call, BodyReader)), None)


def _security(row: Operation) -> list[dict[str, list[str]]]:
    needed: list[dict[str, list[str]]] = [{"oauth2": [scope]} for scope in sorted(row.scopes)] or [{"oauth2": []}]
    return [*needed, {}] if row.published else needed


def _body(reader: BodyReader) -> dict[str, Any]:
    content = {}
    for media_type, model in reader.media_types.items():
        BODY_MODELS[model.__name__] = model
        content[media_type] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    return {"required": not reader.optional, "content": content}


def _parameters(row: Operation, read: Iterable[str]) -> list[dict[str, Any]]:
    told = []
    if row.logged is not Logged.NEVER:
        told.append(
            {
                "name": JUSTIFICATION_HEADER,
                "in": "header",
                "required": False,
                "description": "Why the caller looks (DPA 2018 s.62): a code, and a percent-encoded text after `; `. "
                "Mandatory with a personal token, unless Reason-Code stands for it (docs/national-headers.md).",
                "schema": {"type": "string", "maxLength": 2000, "pattern": f"^({'|'.join(JUSTIFICATIONS)})(; ?.*)?$"},
            }
        )
    if TAKES_KEY in read:
        told.append(
            {
                "name": TAKES_KEY,
                "in": "header",
                "required": False,
                "description": "Makes the call safe to repeat for 24 hours; quoted or bare.",
                "schema": {
                    "type": "string",
                    "maxLength": 130,
                    "pattern": '^("[!#-\\[\\]-~]{1,128}"|[!#-\\[\\]-~]{1,128})$',
                },
            }
        )
    if NEEDS_TAG in read:
        told.append(
            {
                "name": NEEDS_TAG,
                "in": "header",
                "required": False,
                "description": "The tag of the representation that the caller has seen; 428 without.",
                "schema": {"type": "string", "pattern": '^(W/)?"[!#-~]*"$'},
            }
        )
    return told
