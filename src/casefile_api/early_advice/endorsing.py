"""Sharing a version with the CPS unit, which a supervisor endorses, and the receipt that proves what was received."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.case_files.queries import CaseFileRow, content_bytes, not_retracted, refuse_retracted
from casefile_api.case_files.restricting import admits_somebody_of
from casefile_api.case_files.sharing import share_version
from casefile_api.clock import utc_text
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.sealing import Json, Words
from casefile_api.errors import Fault, Invalid, NotPermitted, Stale, WrongState
from casefile_api.organisations.models import Unit
from casefile_api.unit_of_work import Reading, UnitOfWork

_OF_UNIT = f"from case_file_share s where s.case_file_id = :case and s.unit = :unit and {not_retracted()}"
_SHARED = text(f"select 1 {_OF_UNIT} and s.number = :number")
_SHARED_WITH = text(f"select s.number {_OF_UNIT} order by s.number")
_MATERIAL = text(
    "select a.id, a.sha256, a.status from case_file_version_attachment l join attachment a on a.id = l.attachment_id"
    " where l.case_file_id = :case and l.number = :number order by a.id"
)
_ADDRESS = text("update case_file set cps_unit = :unit where id = :case")
_DIGEST = text("select digest from case_file_version where case_file_id = :case and number = :number")


async def is_shared(session: AsyncSession, case_file_id: UUID, number: int, unit: str | None) -> bool:
    """Say whether a version was shared with a unit, and not retracted."""
    found = await session.execute(_SHARED, {"case": case_file_id, "number": number, "unit": unit})
    return found.first() is not None


async def versions_shared_with(session: AsyncSession, case_file_id: UUID, unit: str | None) -> list[int]:
    """Return the numbers of the versions that were shared with a unit and not retracted."""
    found = await session.execute(_SHARED_WITH, {"case": case_file_id, "unit": unit})
    return [int(number) for number in found.scalars()]


async def refuse_sharing_by_others(work: UnitOfWork, case: CaseFileRow, unit: str | None, number: int) -> None:
    """Refuse to share a version for anybody but a supervisor or gatekeeper: sharing is endorsing (DG6 7).

    Raises NotPermitted.
    """
    if work.caller.has_role("supervisor", "gatekeeper"):
        return
    if not await is_shared(work.session, case.id, number, unit):
        raise NotPermitted("A version that is not yet shared goes to the CPS by a supervisor or gatekeeper alone.")


def refuse_older_version(case: CaseFileRow, number: int) -> None:
    """Refuse to endorse what is not the newest version.

    Raises Stale.
    """
    if number != case.newest_number:
        raise Stale("This is not the newest version of the case file; read it again and endorse what is there now.")


async def refuse_missing_material(work: UnitOfWork, case: CaseFileRow, number: int) -> None:
    """Refuse to share a version while a file that it names is not to hand.

    Raises WrongState naming the attachments.
    """
    rows = (await work.session.execute(_MATERIAL, {"case": case.id, "number": number})).all()
    missing = [{"id": str(row.id), "status": row.status} for row in rows if row.status != "available"]
    if missing:
        refusal = WrongState("The version names attachments that are not available yet; complete or replace them.")
        refusal.members = {"attachments": missing}
        raise refusal


async def refuse_unseen(work: UnitOfWork, case: CaseFileRow, unit: Unit, pointer: str) -> None:
    """Refuse to send a restricted case file where nobody is admitted to it: the request would lie there unseen.

    Raises Invalid.
    """
    if case.restricted and not await admits_somebody_of(work, case, case.admitted, unit.organisation, unit.id):
        mend = "Have a gatekeeper or senior officer of the force admit staff or roles of the unit first."
        raise Invalid("Nobody of the unit could see the case file.", Fault("nobody_admitted", mend, pointer=pointer))


async def share(work: UnitOfWork, case: CaseFileRow, number: int, request: EarlyAdviceRequest) -> None:
    """Share a version with the unit that the request is with."""
    if request.cps_unit is None or request.cps_organisation is None:
        raise RuntimeError("a version is shared with a unit that the request is with")
    await share_version(
        work, case, number, unit=request.cps_unit, organisation=request.cps_organisation, request_id=request.id
    )


async def address_to_unit(work: UnitOfWork, case: CaseFileRow, unit: str) -> None:
    """Let the case file go to another unit from now on: a transfer takes the case, not the question alone."""
    await work.session.execute(_ADDRESS, {"case": case.id, "unit": unit})


async def receipt(work: UnitOfWork, case: CaseFileRow, number: int, received_at: datetime) -> Words:
    """Return the receipt for a version: what was received, when, and its entry in the log.

    The entry is fixed by this; nothing may be added to the trail afterwards.
    """
    place = {"case": case.id, "number": number}
    digest = (await work.session.execute(_DIGEST, place)).scalar_one()
    rows = (await work.session.execute(_MATERIAL, place)).all()
    work.trail.target_version = number
    entry = work.seal_entry()
    attachments: list[Json] = [{"id": str(row.id), "sha256": row.sha256} for row in rows]
    return {
        "version": number,
        "digest": digest,
        "attachments": attachments,
        "received_at": utc_text(received_at),
        "audit_entry_id": str(entry.id),
        "leaf_hash": entry.leaf_hash.hex(),
    }


async def content_of_version(reading: Reading, case: CaseFileRow, number: int) -> dict[str, Json]:
    """Return the content of a version, parsed.

    Raises Retracted where it was retracted from the caller's side.
    """
    await refuse_retracted(reading, case.id, number)
    content: dict[str, Json] = orjson.loads(await content_bytes(reading.session, reading.vault, case.id, number))
    return content


def suspects_in(content: Mapping[str, Json]) -> frozenset[str]:
    """Return the ids of the suspects that a content names."""
    suspects = content.get("suspects", [])
    named = suspects if isinstance(suspects, list) else []
    return frozenset(str(suspect["id"]) for suspect in named if isinstance(suspect, dict))


async def shared_suspects(reading: Reading, case: CaseFileRow) -> frozenset[str]:
    """Return the ids of the suspects of the newest version that the caller sees."""
    return suspects_in(await content_of_version(reading, case, case.newest_number))


async def material_in(reading: Reading, case: CaseFileRow, number: int) -> frozenset[str]:
    """Return the ids of the material that a version names."""
    material = (await content_of_version(reading, case, number)).get("material", [])
    named = material if isinstance(material, list) else []
    return frozenset(str(item["id"]) for item in named if isinstance(item, dict))
