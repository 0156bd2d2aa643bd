"""The log over HTTP: entries for oversight bodies; checkpoints, tiles and proofs for anyone with a token."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from casefile_api.audit import queries
from casefile_api.audit.exports import Export
from casefile_api.audit.filters import AskedEntries
from casefile_api.audit.items import EntryRow
from casefile_api.audit.media import CSV, JSON, NDJSON, PLAIN, wanted_key_form, wanted_media_type
from casefile_api.audit.published import published_note
from casefile_api.audit.queries import Place
from casefile_api.audit.remit import remit_of
from casefile_api.audit.schemas import ConsistencyProofView, EntryItem, EntryPage, InclusionProofView, LogKeys
from casefile_api.audit.stamping import REPLY_TYPE, kept_answer
from casefile_api.audit.verifier_keys import listed_keys
from casefile_api.ledger.proofs import newest_checkpoint
from casefile_api.ledger.succession import enter_log
from casefile_api.ledger.tiles import MAX_TREE_SIZE
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.documenting import refusals
from casefile_api.web.etags import tag_of, unchanged
from casefile_api.web.pagination import AskedPage, Page, make_cursor
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/audit-log", route_class=GuardedRoute, tags=["audit log"])

_BY_ACCEPT = {"Vary": "Authorization, Accept"}
_AS_IT_IS: Mapping[str, str] = {}
_STAMPED = {REPLY_TYPE: {"schema": {"type": "string", "format": "binary"}}}
LeafIndex = Annotated[
    str, Path(pattern="^(0|[1-9][0-9]{0,17})$", description="the entry's place in the log, from 0", examples=["0"])
]
TilePath = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{1,2}/(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[1-9][0-9]{0,2})?$",
        description="`<L>/<N>[.p/<W>]`, N as in `x001/x234/067`",
        examples=["0/000.p/1"],
    ),
]
TreeSize = Annotated[
    int | None, Query(ge=1, le=MAX_TREE_SIZE, description="of a published checkpoint; default: newest")
]
Witnesses = Annotated[
    int, Query(ge=0, le=100, description="the newest checkpoint that at least so many witnesses vouched for")
]
Log = Annotated[
    int | None,
    Query(ge=1, le=1_000, description="the number of a log that was closed, from 1; default: the one that grows"),
]
LeafHash = Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="as a receipt gives it, lowercase hex")]


def _text(description: str, example: str, others: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    content = {"text/plain": {"schema": {"type": "string"}, "example": example}, **(others or {})}
    return {200: {"description": description, "content": content}}


@router.get(
    "/entries",
    operation_id="list_audit_entries",
    summary="Search the log",
    response_class=Response,
    responses={
        200: {
            "model": EntryPage,
            "description": "A page of entries; or all of them, by `Accept`: NDJSON with proofs, or CSV",
            "content": {NDJSON: {"schema": {"type": "string"}}, CSV: {"schema": {"type": "string"}}},
        }
    },
)
async def list_audit_entries(
    request: Request, reading: ReadingNow, asked: AskedEntries, page: AskedPage, log: Log = None
) -> Response:
    """Entries by leaf index, those not yet integrated last. The search itself is logged.

    NDJSON and CSV give all that matches (or `limit` of them) from `cursor` on; NDJSON only what a checkpoint covers.
    """
    media_type = wanted_media_type(request.headers.get("accept"))
    reading.trail.about("audit_log", None)
    reading.trail.details = {"filter": asked.described, "media_type": media_type, **_closed(log)}
    place = Place(*(page.after(int, datetime, UUID, datetime) or ()))
    most = page.limit if media_type == JSON or "limit" in request.query_params else None
    reading.trail.query["limit"] = most
    async with reading:
        remit = await remit_of(reading)
        if media_type == JSON:
            rows = await queries.list_entries(reading.session, asked, remit, place, page.limit + 1, log)
            reading.trail.showed(row.about_case for row in rows[: page.limit])
            return _page(reading, page, rows, place)
        await enter_log(reading.session, log)
        size = (await newest_checkpoint(reading.session)).tree_size
        reading.trail.details["tree_size"] = size  # with the filter this says for ever what was given
    export = Export(reading.parts.database, reading.caller.scope, asked, remit, size, place, most, log)
    lines, name = (export.ndjson(), "ndjson") if media_type == NDJSON else (export.csv(), "csv")
    headers = {"Vary": "Authorization, Accept", "Content-Disposition": f'attachment; filename="audit-log.{name}"'}
    return StreamingResponse(lines, media_type=media_type, headers=headers)


def _closed(log: int | None) -> dict[str, int]:
    return {} if log is None else {"log": log}


def _page(reading: ReadingNow, page: Page, rows: list[EntryRow], place: Place) -> Response:
    """A page of items, each with its stored bytes in place."""
    shown = rows[: page.limit]
    headers = {"Vary": "Authorization, Accept"}
    cursor = b"null"
    if len(rows) > len(shown):
        for row in shown:
            place = place.after(row)
        begun_at = place.begun_at or reading.parts.clock.real_now()
        given = make_cursor((place.leaf_index, place.waiting_since, place.waiting_id, begun_at))
        cursor, headers["Link"] = f'"{given}"'.encode(), page.link(given)
    items = b",".join(row.as_json() for row in shown)
    return reading.answer(b'{"items":[' + items + b'],"next_cursor":' + cursor + b"}", headers=headers)


@router.get(
    "/entries/{leaf_index}",
    operation_id="get_audit_entry",
    summary="Read one entry",
    response_class=Response,
    responses={200: {"model": EntryItem}},
)
async def get_audit_entry(reading: ReadingNow, leaf_index: LeafIndex, log: Log = None) -> Response:
    """One entry, exactly as it was hashed. Looking is itself logged."""
    reading.trail.about("audit_log", None)
    place = int(leaf_index)
    reading.trail.details = {"leaf_index": place, **_closed(log)}
    async with reading:
        row = await queries.find_entry(reading.session, place, await remit_of(reading), log)
    return _tagged(reading, row.as_json(), JSON)


@router.get(
    "/entries/{leaf_index}/inclusion-proof",
    operation_id="get_inclusion_proof",
    summary="Prove that an entry is in the log",
    response_class=Response,
    responses={200: {"model": InclusionProofView}, **refusals("invalid")},
)
async def get_inclusion_proof(
    reading: ReadingNow, leaf_index: LeafIndex, tree_size: TreeSize = None, log: Log = None
) -> Response:
    """The audit path of an entry in a published tree (RFC 6962 2.1.1)."""
    async with reading:
        await enter_log(reading.session, log)
        proof = await queries.inclusion_of(reading.session, reading.parts.tiles, int(leaf_index), tree_size)
    return _proof(reading, proof.as_member())


@router.get(
    "/inclusion-proof",
    operation_id="find_inclusion_proof",
    summary="Prove that a receipt's entry is in the log",
    response_class=Response,
    responses={200: {"model": InclusionProofView}, **refusals("not-found")},
)
async def find_inclusion_proof(
    reading: ReadingNow, leaf_hash: LeafHash, tree_size: TreeSize = None, log: Log = None
) -> Response:
    """The audit path for the holder of a receipt, who knows the leaf hash and not the place."""
    async with reading:
        await enter_log(reading.session, log)
        leaf_index = await queries.find_leaf(reading.session, leaf_hash)
        proof = await queries.inclusion_of(reading.session, reading.parts.tiles, leaf_index, tree_size)
    return _proof(reading, proof.as_member())


@router.get(
    "/consistency-proof",
    operation_id="get_consistency_proof",
    summary="Prove that the log only grew",
    response_class=Response,
    responses={200: {"model": ConsistencyProofView}},
)
async def get_consistency_proof(
    reading: ReadingNow,
    old: Annotated[int, Query(alias="from", ge=0, le=MAX_TREE_SIZE, description="the size of an earlier tree")],
    new: Annotated[int | None, Query(alias="to", ge=0, le=MAX_TREE_SIZE, description="default: the newest")] = None,
    log: Log = None,
) -> Response:
    """The proof that a later tree begins with the whole of an earlier one (RFC 6962 2.1.2)."""
    async with reading:
        await enter_log(reading.session, log)
        proof = await queries.consistency_of(reading.session, reading.parts.tiles, old, new)
    return _proof(reading, proof.as_member())


@router.get(
    "/checkpoint",
    operation_id="get_checkpoint",
    summary="The signed root of the log",
    response_class=Response,
    responses={**_text("A signed note (C2SP tlog-checkpoint)", "origin\n12\n<base64>\n\n— origin <base64>\n", _STAMPED),
               **refusals("not-found")},
)  # fmt: skip
async def get_checkpoint(
    reading: ReadingNow, tree_size: TreeSize = None, witnesses: Witnesses = 0, log: Log = None
) -> Response:
    """The newest checkpoint, or the one that was published for a tree size; of a closed log the one it ended with.

    The lines of witnesses that vouched for it (C2SP tlog-cosignature) stand under the signature of the log. A new
    checkpoint has none for some seconds: with `witnesses` the answer is the newest that has so many. With
    `Accept: application/timestamp-reply` the answer is the time-stamp over it (RFC 3161), by default the newest one.
    """
    async with reading:
        await enter_log(reading.session, log)
        if REPLY_TYPE in (reading.exchange.request.headers.get("accept") or "").lower():
            return _tagged(reading, await kept_answer(reading.session, tree_size), REPLY_TYPE, _BY_ACCEPT)
        note = await published_note(reading.session, tree_size, witnesses, log)
    return _tagged(reading, note.encode(), PLAIN, _BY_ACCEPT)


@router.get(
    "/public-key",
    operation_id="get_public_key",
    summary="The key that verifies checkpoints",
    response_class=Response,
    responses={
        200: {
            "model": LogKeys,
            "description": "Verifier keys, one a line, the newest first; or, by `Accept`, with the validity of each",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "origin+1a2b3c4d+<base64>"}},
        }
    },
)
async def get_public_key(reading: ReadingNow, log: Log = None) -> Response:
    """The log's verifier key in its text form (C2SP signed-note); keys of the past follow on lines of their own.

    With `Accept: application/json` each key is told with its validity: since when it signs, when it was retired, and
    up to what size of the tree it is good by itself. `casefile-api audit verify-export --public-key` takes both forms.
    """
    async with reading:
        await enter_log(reading.session, log)
        keys = await listed_keys(reading.session, log)
    if wanted_key_form(reading.exchange.request.headers.get("accept")) == JSON:
        return _tagged(reading, orjson.dumps({"keys": keys}), JSON, _BY_ACCEPT)
    return _tagged(reading, "\n".join(key["verifier_key"] for key in keys).encode(), PLAIN, _BY_ACCEPT)


@router.get(
    "/tile/{tile_path:path}",
    operation_id="get_tile",
    summary="A tile of the log's tree",
    response_class=Response,
    responses={
        200: {
            "description": "Up to 256 hashes of 32 bytes (C2SP tlog-tiles)",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def get_tile(
    reading: ReadingNow,
    tile_path: TilePath,
    log: Log = None,
) -> Response:
    """Hashes of the tree, full tiles of 256 or the beginning of one (`.p/<W>`)."""
    async with reading:
        await enter_log(reading.session, log)
        hashes = await queries.find_tile(reading.session, tile_path)
    return _tagged(reading, hashes, "application/octet-stream")


def _proof(reading: ReadingNow, member: dict[str, Any]) -> Response:
    return reading.answer(member, etag=tag_of(member))


def _tagged(reading: ReadingNow, body: bytes, media_type: str, headers: Mapping[str, str] = _AS_IT_IS) -> Response:
    """An answer that is not re-built, under the tag of its bytes."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if unchanged(reading.exchange.request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag, **headers})
    return Response(body, media_type=media_type, headers={"ETag": tag, **headers})
