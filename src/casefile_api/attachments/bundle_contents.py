"""What goes into a bundle: documents made when their turn comes, each in a short look at the database.

The worker sees with the eyes of the one who asked: the same queries, with the same caller.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlmodel import col
from starlette.requests import Request

from casefile_api.access.caller import Caller, StaffMember, kind_of
from casefile_api.access.permissions import OPERATIONS
from casefile_api.attachments.bundle_models import Bundle
from casefile_api.attachments.bundle_proofs import prove_own_acts
from casefile_api.attachments.case_uco import as_case_uco
from casefile_api.attachments.chain import find_custody
from casefile_api.attachments.models import Attachment, AttachmentStatus
from casefile_api.attachments.views import view_of
from casefile_api.attachments.visibility import visible_attachments
from casefile_api.canonical import canonical_record
from casefile_api.case_files.linking import list_links
from casefile_api.case_files.models import CaseFileVersionAttachment
from casefile_api.case_files.queries import CaseFileRow, find_visible, visible_numbers
from casefile_api.case_files.timeline import dates_ahead, list_timeline
from casefile_api.case_files.views import envelopes_of, view_case_file
from casefile_api.errors import Retracted
from casefile_api.ledger.proofs import PublishedCheckpoint, newest_checkpoint
from casefile_api.ledger.trail import Trail
from casefile_api.unit_of_work import Reading
from casefile_api.web.exchange import Exchange
from casefile_api.web.parts import Parts

Written = Callable[[Reading], Awaitable[bytes]]
TakenAlong = Callable[[Reading, UUID], Awaitable[Mapping[str, Written]]]
"""What another part of the service has of a case file for who reads: paths, and how each document is written."""

Document = Callable[[], Coroutine[Any, Any, bytes]]
_PAGE = 500
# The table belongs to the file standards; a bundle takes along what was kept there of the versions in it.
_VERDICTS = text(
    """
    select v.number as version, v.standard, v.rule_set, v.national_digest, v.local_digest, v.judged_at, v.ready,
           v.outcomes
    from file_standard_verdict v where v.case_file_id = :case and v.number = any(:numbers)
      and exists (select from case_file_share s where s.case_file_id = v.case_file_id and s.number = v.number)
    order by v.judged_at, v.number
    """
)
README = """\
This bag (BagIt, RFC 8493) holds one version of a case file and what proves it, as {organisation} could see it.
Names in it are identifiers; nothing here is named after a person.

case-file.json             the case file at version {version}
versions/<n>.json          each version that could be seen, up to that one. Its digest can be worked out again:
                           SHA-256 over the RFC 8785 form of attachments, case_file_id, content, number, parent_digest
                           and salt
attachments/<id>/          content: the bytes, read back and compared with the SHA-256 they were verified by;
                           metadata.json; custody.json: the chain of custody, and
                           the same as CASE/UCO in custody.jsonld
early-advice/<id>/         each request for early advice that could be seen: request.json with the advice that was given
                           and how it came to it, actions.json, messages.json. Advice is legally privileged: it is for
                           the parties to the request. Not here where who asked may not read early advice
links.json                 the case files that this one is linked with, was split from or into, or merged with
timeline.json              what happened to the case, in order
proofs/receipts.json       the entries that {organisation}'s acts on this case file made in the audit log: the hash of
                           each, and the RFC 6962 proof that it is in the log
proofs/checkpoint.txt      the signed root of the log that these proofs lead to (C2SP tlog-checkpoint)
proofs/public-keys.txt     the keys that verify it
readiness.json             the verdicts that were kept when a version was endorsed: which file standard, by which rules,
                           and how each requirement stood

A version that was retracted after it had been shared says so in version.retraction; for those it was shared with, its
content is not here.

manifest-sha256.txt, beside this folder, has the SHA-256 of every file, tagmanifest-sha256.txt that of the manifest, and
seal.txt is signed by the audit log's key over that. To verify all of it, with nothing but the ZIP and the key:

    casefile-api bundle verify bundle.zip --public-key log.key

log.key is what GET /v1/audit-log/public-key answers. Have it from the service or from somebody you trust: the one in
proofs/ proves nothing, since whoever forges a bundle brings their own.
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """An attachment that the version names."""

    attachment: Attachment

    @property
    def has_bytes(self) -> bool:
        """Say whether there are bytes that were verified."""
        return self.attachment.status == AttachmentStatus.AVAILABLE


class Contents:
    """The contents of one bundle."""

    def __init__(self, parts: Parts, bundle: Bundle, advice: TakenAlong) -> None:
        self._parts = parts
        self._bundle = bundle
        self._advice = advice
        self._along: Mapping[str, Written] = {}
        self._numbers: list[int] = []
        self._checkpoint = PublishedCheckpoint(0, b"", "")

    async def pieces(self) -> list[Piece]:
        """Look through the version: the attachments it names, the versions that led to it, and the log as it is now."""
        async with self._looking() as (reading, case):
            numbers = await visible_numbers(reading, case, after=0, limit=self._bundle.version)
            self._checkpoint = await newest_checkpoint(reading.session)
            if self._bundle.with_advice:
                self._along = await self._advice(reading, case.id)
            self._numbers = [number for number in numbers if number <= self._bundle.version]
            rows = await reading.session.execute(
                select(Attachment)
                .join(CaseFileVersionAttachment, col(CaseFileVersionAttachment.attachment_id) == col(Attachment.id))
                .where(col(CaseFileVersionAttachment.case_file_id) == case.id)
                .where(col(CaseFileVersionAttachment.number) == self._bundle.version)
                .where(visible_attachments(reading.caller))
                .order_by(col(Attachment.id))
            )
            return [Piece(row) for row in rows.scalars()]

    def documents(self, pieces: list[Piece]) -> Iterator[tuple[str, Document]]:
        """Give the path of each document, and how it is made."""
        yield "README.txt", self._readme
        yield "case-file.json", partial(self._version, self._bundle.version)
        for number in self._numbers:
            yield f"versions/{number}.json", partial(self._version, number)
        for piece in pieces:
            yield f"attachments/{piece.attachment.id}/metadata.json", partial(self._metadata, piece)
            yield f"attachments/{piece.attachment.id}/custody.json", partial(self._custody, piece)
            yield f"attachments/{piece.attachment.id}/custody.jsonld", partial(self._case_uco, piece)
        for path, written in self._along.items():
            yield path, partial(self._taken_along, written)
        yield "timeline.json", self._timeline
        yield "links.json", self._links
        yield "readiness.json", self._readiness
        yield "proofs/receipts.json", self._receipts
        yield "proofs/checkpoint.txt", self._checkpoint_note
        yield "proofs/public-keys.txt", self._public_keys

    async def _readme(self) -> bytes:
        return README.format(organisation=self._bundle.organisation, version=self._bundle.version).encode()

    async def _version(self, number: int) -> bytes:
        async with self._looking() as (reading, case):
            try:
                return (await view_case_file(reading, case, number)).body()
            except Retracted:
                if number == self._bundle.version:
                    raise
                [envelope] = await envelopes_of(reading, [(case.id, number)])
                return canonical_record(envelope)

    async def _metadata(self, piece: Piece) -> bytes:
        async with self._looking() as (reading, _):
            return (await view_of(reading, piece.attachment)).model_dump_json().encode()

    async def _custody(self, piece: Piece) -> bytes:
        async with self._looking() as (reading, _):
            return (await find_custody(reading, piece.attachment.id)).model_dump_json().encode()

    async def _case_uco(self, piece: Piece) -> bytes:
        async with self._looking() as (reading, _):
            chain = await find_custody(reading, piece.attachment.id)
            return as_case_uco(await view_of(reading, piece.attachment), chain)

    async def _timeline(self) -> bytes:
        items: list[dict[str, Any]] = []
        async with self._looking() as (reading, case):
            while page := await list_timeline(reading, case, after=items[-1]["sequence"] if items else 0, limit=_PAGE):
                items.extend(page)
            dates = await dates_ahead(reading, case)
        return orjson.dumps({"items": items, "dates": dates})

    async def _links(self) -> bytes:
        links: list[dict[str, Any]] = []
        async with self._looking() as (reading, case):
            while page := await list_links(reading, case, after=UUID(links[-1]["id"]) if links else None, limit=_PAGE):
                links.extend(page)
        return orjson.dumps({"items": links})

    async def _taken_along(self, written: Written) -> bytes:
        async with self._looking() as (reading, _):
            return await written(reading)

    async def _readiness(self) -> bytes:
        async with self._looking() as (reading, case):
            kept = await reading.session.execute(_VERDICTS, {"case": case.id, "numbers": self._numbers})
            return orjson.dumps({"items": [dict(row._mapping) for row in kept]})

    async def _receipts(self) -> bytes:
        async with self._looking() as (reading, case):
            return orjson.dumps({"items": await prove_own_acts(reading, case.id, self._checkpoint.tree_size)})

    async def _checkpoint_note(self) -> bytes:
        return self._checkpoint.note.encode()

    async def _public_keys(self) -> bytes:
        async with self._looking() as (reading, _):
            keys = await reading.session.execute(text("select verifier_key from audit_log_key order by first_used_at"))
            return "".join(f"{key}\n" for key in keys.scalars()).encode()

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[tuple[Reading, CaseFileRow]]:
        """Read as the one who asked; what they may not see any more is refused to them now."""
        nobodys = Request({"type": "http", "headers": []})
        exchange = Exchange(nobodys, self._parts, OPERATIONS["request_bundle"], Trail("build_bundle"), "")
        exchange.acts(_asker(self._bundle))
        async with Reading(exchange) as reading:
            yield reading, await find_visible(reading, self._bundle.case_file_id)


def _asker(bundle: Bundle) -> Caller:
    by, staff = bundle.requested_by, bundle.requested_by["staff"]
    return Caller(
        organisation=bundle.organisation,
        kind=kind_of(bundle.organisation),
        client_id=by["client_id"],
        subject=staff["staff_id"] if staff else by["client_id"],
        roles=frozenset(bundle.roles),
        scopes=frozenset(),
        staff=StaffMember(staff["staff_id"], staff["name"]) if staff else None,
        unit=bundle.unit,
    )
