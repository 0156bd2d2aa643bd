"""The URLs that a file goes to storage by: fresh for each asking, with hash and length signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi import Response
from sqlalchemy.dialects.postgresql import insert

from casefile_api.attachments.custody import add_link, came_from
from casefile_api.attachments.links import part_link, put_link
from casefile_api.attachments.models import Attachment, AttachmentPart, AttachmentStatus, CustodyKind
from casefile_api.attachments.objects import begin_parts, find_object, is_open
from casefile_api.attachments.queries import hold_attachment, look_at_own, own_attachment
from casefile_api.attachments.schemas import PartToUpload, PartView, UploadUrlsView
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.views import part_view, plan_of
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.identifiers import random_hex
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.idempotency import Answer, Replayed


@dataclass(frozen=True, slots=True)
class Way:
    """Where the bytes of a file are to be written."""

    object_key: str
    upload_id: str | None


async def request_upload_urls(
    work: UnitOfWork, storage: Storage, attachment_id: UUID, parts: Sequence[PartToUpload]
) -> Response:
    """Give the URLs of some parts."""
    seen = (await look_at_own(work, attachment_id)).attachment
    way = await _open_way(storage, seen)
    async with work:
        row = own_attachment(work, await hold_attachment(work, attachment_id))
        replayed = None
        try:
            await work.first_time()
        except Replayed as first:
            replayed = first
        if row.status != AttachmentStatus.UPLOADING:
            raise WrongState(f"The file is {row.status}; there is nothing to upload any more.")
        check_numbers(row, parts)
        if replayed is not None:
            raise _links_again(replayed, await links_for(storage, row, parts, link_lifetime(work)))
        if _way_of(row) == _way_of(seen):
            row.object_key, row.upload_id = way.object_key, way.upload_id
        await _sign_off(work, row, parts)
        work.unannounced()
        numbers = [part.number for part in parts]
        work.trail.details = {"parts": numbers}
        add_link(
            work,
            row,
            CustodyKind.UPLOAD_AUTHORISED,
            caller=work.caller,
            facts={"parts": numbers, **came_from(work.trail)},
        )
        view = UploadUrlsView(parts=await links_for(storage, row, parts, link_lifetime(work)))
        return work.answer_change(view, kept=UploadUrlsView(parts=[]))


def _links_again(replayed: Replayed, parts: list[PartView]) -> Replayed:
    body = UploadUrlsView(parts=parts).model_dump_json().encode()
    return Replayed(Answer(replayed.answer.status, replayed.answer.headers, body), replayed.case_file_id)


async def _sign_off(work: UnitOfWork, row: Attachment, parts: Sequence[PartToUpload]) -> None:
    """Keep the hash that each part is signed with; asked for again, the newest counts."""
    plan = plan_of(row)
    statement = insert(AttachmentPart)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["attachment_id", "number"], set_={"sha256": statement.excluded.sha256}
        ),
        [
            {"attachment_id": row.id, "number": part.number, "sha256": part.sha256, "size": plan.size_of(part.number)}
            for part in parts
        ],
    )


def new_key(row_id: object) -> str:
    """Return a key for a file's object: ids and chance, never a name, and no one can guess it."""
    return f"{place_of(row_id)}{random_hex(16)}"


def place_of(row_id: object) -> str:
    """Return the prefix under which all objects of an attachment lie."""
    return f"attachments/{row_id}/"


def check_numbers(row: Attachment, parts: Sequence[PartToUpload]) -> None:
    """Refuse parts that the file does not have, or that are asked for twice (Invalid, naming each place)."""
    faults, seen = [], set()
    for place, part in enumerate(parts):
        pointer = f"/parts/{place}/number"
        if part.number > row.part_count:
            faults.append(Fault("out_of_range", f"The file has parts 1 to {row.part_count}.", pointer=pointer))
        elif part.number in seen:
            faults.append(Fault("duplicate", "Ask for each part once.", pointer=pointer))
        seen.add(part.number)
    if faults:
        raise Invalid("Some of these parts are not parts of the file.", *faults)


async def _open_way(storage: Storage, row: Attachment) -> Way:
    """Find where what is sent next can be written: a begun upload, or a key that nothing was written under.

    Keys are written once: a file in one part whose bytes came, and that is asked for again, gets a new key.
    """
    way = _way_of(row)
    if row.status != AttachmentStatus.UPLOADING:
        return way
    if not plan_of(row).is_multipart:
        return Way(new_key(row.id), None) if await find_object(storage, row.object_key) else way
    if row.upload_id is not None and await is_open(storage, row.object_key, row.upload_id):
        return way
    if await find_object(storage, row.object_key):
        return way
    return Way(row.object_key, await begin_parts(storage, row.object_key))


def _way_of(row: Attachment) -> Way:
    return Way(row.object_key, row.upload_id)


async def links_for(
    storage: Storage, row: Attachment, parts: Sequence[PartToUpload], lifetime: timedelta
) -> list[PartView]:
    """Sign the upload of these parts."""
    plan = plan_of(row)
    key, upload_id = row.object_key, row.upload_id

    def sign(part: PartToUpload) -> PartView:
        size = plan.size_of(part.number)
        if upload_id is None or not plan.is_multipart:
            link = put_link(storage, key, size_bytes=size, sha256=part.sha256, lifetime=lifetime)
        else:
            link = part_link(
                storage, key, upload_id, part.number, size_bytes=size, sha256=part.sha256, lifetime=lifetime
            )
        return part_view(part.number, size, link)

    return await storage.call(lambda: [sign(part) for part in parts])


def link_lifetime(work: UnitOfWork) -> timedelta:
    """Return how long an upload URL can be used."""
    return timedelta(minutes=work.settings.upload_link_minutes)
