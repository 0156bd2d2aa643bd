"""The witness over HTTP (C2SP tlog-witness): a log submits its checkpoints, and anyone may ask what was seen."""

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from casefile_api.audit.witness import Submission, Witness, WitnessRefusal
from casefile_api.ledger.checkpoints import CheckpointError

MOST_BYTES = 128 * 1024
SIZE_TYPE = "text/x.tlog.size"

_log = structlog.get_logger("casefile_api.witness")


def witness_app(witness: Witness) -> Starlette:
    """The program that a witness serves."""

    async def add_checkpoint(request: Request) -> Response:
        """Vouch for a checkpoint, or say in words why not."""
        try:
            submission = Submission.read(await _body_of(request))
            line = await run_in_threadpool(witness.vouch, submission)
        except WitnessRefusal as refused:
            _log.warning("witness_refuses", status=refused.status, reason=refused.sentence)
            if refused.seen_size is not None:
                return Response(f"{refused.seen_size}\n".encode(), 409, media_type=SIZE_TYPE)
            return PlainTextResponse(refused.sentence + "\n", refused.status)
        _log.info("witness_vouches", old_size=submission.old_size)
        return PlainTextResponse(line)

    async def checkpoint(request: Request) -> Response:
        """The newest checkpoint it vouched for, to be held against what the log shows others."""
        origin = request.query_params.get("origin", witness.origins[0])
        note = witness.seen_note(origin) if origin in witness.origins else None
        return PlainTextResponse(note if note is not None else "Nothing seen yet.\n", 404 if note is None else 200)

    async def introduction(request: Request) -> Response:
        """Who it is and how far it has seen each log."""
        lines = [f"A witness of transparency logs (C2SP tlog-witness).\n{witness.key.text()}\n"]
        for origin in witness.origins:
            try:
                lines.append(f"{origin}: {witness.seen(origin).tree_size} entries\n")
            except CheckpointError:
                lines.append(f"{origin}: what I remember is damaged\n")
        return PlainTextResponse("".join(lines))

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/checkpoint", checkpoint),
            Route("/", introduction),
        ]
    )


async def _body_of(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise WitnessRefusal(413, "That is too long for a submission.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise WitnessRefusal(400, "A submission is UTF-8.") from None
