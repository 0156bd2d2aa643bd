"""Problem documents (RFC 9457): the one table that gives each refusal its status, and the page that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from casefile_api.errors import IdempotencyConflict, Refusal

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its status, its title, and what a caller can do about it."""

    status: int
    title: str
    meaning: str


PROBLEMS: Mapping[str, Problem] = {
    "not-authenticated": Problem(401, "Not authenticated", "Send a valid access token: Authorization: Bearer …"),
    "not-permitted": Problem(403, "Not permitted", "The token's scope or role, or this person, may not do this."),
    "not-found": Problem(404, "Not found", "There is no such thing, or none that the caller may know of."),
    "method-not-allowed": Problem(405, "Method not allowed", "The Allow header lists the methods of this path."),
    "wrong-state": Problem(409, "Wrong state", "Read the resource again: its state does not allow this now."),
    "already-exists": Problem(409, "Already exists", "There can be only one; use the one that is there."),
    "idempotency-conflict": Problem(
        409,
        "Idempotency conflict",
        "The key is in use (409: wait and repeat the call) or was used for another request (422: use a new key).",
    ),
    "gone": Problem(410, "Gone", "It is kept no longer."),
    "stale": Problem(412, "Stale", "Somebody changed it since; read it again and decide on what is there now."),
    "too-large": Problem(413, "Too large", "Send less in one call; files go straight to storage."),
    "unsupported-media-type": Problem(415, "Unsupported media type", "Send the media type that the call takes."),
    "invalid": Problem(422, "Invalid", "Each member of `errors` names a place and its mend."),
    "not-ready": Problem(422, "Not ready", "The file standard has unmet required items; `results` lists each mend."),
    "precondition-required": Problem(428, "Precondition required", "Send If-Match with the tag that you have read."),
    "too-many-requests": Problem(429, "Too many requests", "Wait for as long as Retry-After says."),
    "internal": Problem(500, "Internal error", "The service failed; nothing was changed. Quote the request_id."),
    "dependency-unavailable": Problem(503, "Dependency unavailable", "Try again after Retry-After; nothing was lost."),
}


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    if isinstance(refusal, IdempotencyConflict) and refusal.reused:
        return 422
    return PROBLEMS[refusal.code].status


def problem_response(refusal: Refusal, request_id: str) -> Response:
    """Return the problem document of a refusal."""
    status = status_of(refusal)
    document: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": PROBLEMS[refusal.code].title,
        "status": status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
        **refusal.members,
    }
    if refusal.faults:
        document["errors"] = [fault.as_member() for fault in refusal.faults]
    return Response(orjson.dumps(document), status, media_type=MEDIA_TYPE, headers=refusal.headers)
