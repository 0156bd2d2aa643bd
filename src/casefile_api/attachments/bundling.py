"""Building a bundle: the worker reads the case file as the one who asked may see it, and writes a bag to storage.

The bag is made and sent in one pass and in constant memory: the thread that sends it asks the event loop for each
document when its turn comes. A build that was killed leaves nothing that the next one does not clear away.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.bag import Bag, Member, NotAsExpected
from casefile_api.attachments.bundle_contents import Contents, Piece, TakenAlong
from casefile_api.attachments.bundle_models import Bundle, BundleState
from casefile_api.attachments.bundles import place_of_bundle
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.models import Attachment, CustodyKind
from casefile_api.attachments.objects import StoredObject, abandon_all, read_object, remove_objects, write_object
from casefile_api.attachments.sealing_bags import Seal
from casefile_api.attachments.storage import MissingObject, Storage
from casefile_api.clock import utc_text
from casefile_api.errors import Gone, NotFound
from casefile_api.ledger.log_keys import signers_of_log
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended
from casefile_api.web.parts import Parts

T = TypeVar("T")
_DOCUMENT_SECONDS = 60


async def build_bundle(parts: Parts, storage: Storage, advice: TakenAlong, bundle_id: str) -> None:
    """Build a bundle that was asked for, once; `advice` is what goes along of the advice on the case.

    Raises DependencyUnavailable where storage does not answer: the job is done again later.
    """
    row = await _awaiting(parts, UUID(bundle_id))
    if row is None:
        return
    await abandon_all(storage, place_of_bundle(row.id))
    await remove_objects(storage, place_of_bundle(row.id))
    contents = Contents(parts, row, advice)
    try:
        pieces = await contents.pieces()
        seal = Seal(f"bundle-{row.id}", await signers_of_log(parts.database, parts.settings))
        stored, sha256 = await _send(storage, row, contents, pieces, seal)
    except (MissingObject, NotAsExpected, NotFound, Gone):
        await _end(parts, row.id, None, None, [])
        return
    await _end(parts, row.id, stored, sha256, [piece.attachment for piece in pieces if piece.has_bytes])


async def _awaiting(parts: Parts, bundle_id: UUID) -> Bundle | None:
    async with parts.database.session(WORKER) as session:
        found = await session.execute(
            select(Bundle).where(col(Bundle.id) == bundle_id, col(Bundle.state) == BundleState.BUILDING.value)
        )
        return found.scalar_one_or_none()


async def _send(
    storage: Storage, row: Bundle, contents: Contents, pieces: list[Piece], seal: Seal
) -> tuple[StoredObject, str]:
    loop, digest = asyncio.get_running_loop(), hashlib.sha256()

    def wait_for(document: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(document, loop).result(_DOCUMENT_SECONDS)

    def members() -> Iterator[Member]:
        for path, document in contents.documents(pieces):
            yield Member(path, _later(wait_for, document))
        for piece in pieces:
            if piece.has_bytes:
                file = piece.attachment
                data = read_object(storage, file.object_key, file.version_id)
                yield Member(f"attachments/{file.id}/content", data, file.sha256)

    def hashed() -> Iterator[bytes]:
        bag = Bag(seal, row.requested_at)
        for chunk in bag.chunks(members(), _info(row)):
            digest.update(chunk)
            yield chunk

    stored = await storage.stream(lambda: write_object(storage, row.object_key, hashed()))
    return stored, digest.hexdigest()


def _later(
    wait_for: Callable[[Coroutine[object, object, bytes]], bytes],
    document: Callable[[], Coroutine[object, object, bytes]],
) -> Iterator[bytes]:
    yield wait_for(document())


def _info(row: Bundle) -> dict[str, str]:
    return {
        "Source-Organization": row.organisation,
        "Bagging-Date": row.requested_at.date().isoformat(),
        "External-Identifier": str(row.id),
        "Internal-Sender-Identifier": str(row.case_file_id),
        "Internal-Sender-Description": f"Version {row.version} of a case file, as at {utc_text(row.requested_at)}",
    }


async def _end(
    parts: Parts, bundle_id: UUID, stored: StoredObject | None, sha256: str | None, attached: list[Attachment]
) -> None:
    async with unattended(parts.database, parts.clock, "build_bundle", Operation62.COMBINATION) as act:
        held = await act.session.execute(select(Bundle).where(col(Bundle.id) == bundle_id).with_for_update())
        row: Bundle = held.scalar_one()
        if row.state != BundleState.BUILDING:
            act.silent = True
            return
        row.state = (BundleState.READY if stored else BundleState.FAILED).value
        row.size, row.version_id = (stored.size_bytes, stored.version_id) if stored else (None, None)
        row.sha256, row.built_at = sha256, act.now
        force = text("select organisation from case_file where id = :id")
        owner = (await act.session.execute(force, {"id": row.case_file_id})).scalar_one()
        act.trail.about("bundle", row.id, version=row.version, case_file_id=row.case_file_id, owner=owner)
        act.trail.details = {"state": row.state}
        for attachment in attached:
            facts = {"bundle": str(row.id), "for": row.organisation}
            add_link(act, attachment, CustodyKind.BUNDLED, sha256=attachment.sha256, facts=facts)
