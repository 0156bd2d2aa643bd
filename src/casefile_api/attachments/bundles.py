"""Bundles: one version of a case file to take along, as the caller's side may see it, with what proves it.

A bundle belongs to the organisation that asked for it; to everyone else it does not exist.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlmodel import col

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.attachments.bundle_models import Bundle, BundleState
from casefile_api.attachments.downloading import redirect
from casefile_api.attachments.schemas import Moment
from casefile_api.attachments.storage import Storage
from casefile_api.case_files.commands import created_by
from casefile_api.case_files.models import CaseFileRetraction
from casefile_api.case_files.queries import SEES_WHOLE_AREA, CaseFileRow, find_visible, number_asked, refuse_retracted
from casefile_api.case_files.schemas import ActorView
from casefile_api.clock import utc_text
from casefile_api.errors import Gone, NotFound, NotPermitted, WrongState
from casefile_api.identifiers import new_id, random_hex
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.etags import tag_of

MEDIA_TYPE = "application/zip"
ADVICE_SCOPE = "early-advice:read"


class BundleView(BaseModel):
    """A bundle and how far it is."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    case_file_id: UUID
    version: int
    state: BundleState
    size: int | None
    sha256: str | None
    requested_at: Moment
    requested_by: ActorView
    built_at: Moment | None


@dataclass(frozen=True, slots=True)
class FoundBundle:
    """A bundle that the caller may have, and its case file."""

    bundle: Bundle
    case_file: CaseFileRow


def place_of_bundle(bundle_id: object) -> str:
    """Return the prefix under which all objects of a bundle lie."""
    return f"bundles/{bundle_id}/"


async def request_bundle(work: UnitOfWork, case_file_id: UUID, number: int) -> Response:
    """Ask for a bundle of a version; the worker builds it."""
    case = await find_visible(work, case_file_id)
    version = await number_asked(work, case, version=number)
    await refuse_retracted(work, case.id, version)
    await work.first_time()
    caller, bundle_id = work.caller, new_id()
    row = Bundle(
        id=bundle_id,
        case_file_id=case.id,
        version=version,
        organisation=caller.organisation,
        unit=_unit_of(caller),
        requested_by=created_by(caller),
        roles=sorted(caller.roles),
        with_advice=ADVICE_SCOPE in caller.scopes,
        state=BundleState.BUILDING.value,
        object_key=f"{place_of_bundle(bundle_id)}{random_hex(16)}",
        requested_at=work.now,
    )
    work.session.add(row)
    work.trail.about("bundle", row.id, version=version, case_file_id=case.id, owner=case.organisation)
    work.unannounced()
    await work.want("build_bundle", row.id)
    view = bundle_view(row)
    return work.answer_change(view, status=202, etag=bundle_tag(view), location=f"/v1/bundles/{row.id}")


def _unit_of(caller: Caller) -> str | None:
    """Return the unit whose staff may have the bundle; what was seen with the eyes of a whole Area is no unit's."""
    area_wide = caller.kind is OrganisationKind.CPS and caller.has_role(*SEES_WHOLE_AREA)
    return None if area_wide else caller.unit


async def find_bundle(reading: Reading, bundle_id: UUID) -> FoundBundle:
    """Find a bundle of the caller's organisation; at the CPS, of the caller's unit unless they see the whole Area's.

    Raises NotFound where there is none, or its case file is out of the caller's sight.
    """
    caller = reading.caller
    reading.trail.about("bundle", bundle_id)
    found = await reading.session.execute(
        select(Bundle).where(col(Bundle.id) == bundle_id, col(Bundle.organisation) == caller.organisation)
    )
    row: Bundle | None = found.scalar_one_or_none()
    of_another_unit = caller.kind is OrganisationKind.CPS and not caller.has_role(*SEES_WHOLE_AREA)
    if row is None or (of_another_unit and row.unit != caller.unit):
        raise NotFound()
    case = await find_visible(reading, row.case_file_id)
    reading.trail.about("bundle", row.id, version=row.version)
    return FoundBundle(row, case)


async def open_bundle(reading: Reading, storage: Storage, bundle_id: UUID) -> Response:
    """Lead the caller to the bag.

    Raises NotPermitted where it holds advice that the caller may not read, WrongState unless it is ready, Gone where
    something in it was retracted from the caller's side meanwhile.
    """
    row = (await find_bundle(reading, bundle_id)).bundle
    if row.with_advice and ADVICE_SCOPE not in reading.caller.scopes:
        raise NotPermitted(f"There is early advice in this bundle: it takes the scope {ADVICE_SCOPE}.")
    if reading.caller.kind is OrganisationKind.CPS and await _holds_retracted(reading, row):
        raise Gone("A version in this bundle was retracted by the force that shared it. Ask for another.")
    if row.state != BundleState.READY or row.sha256 is None:
        raise WrongState(f"The bundle is {row.state}; only a ready one can be opened. Ask for another if need be.")
    return await redirect(
        reading,
        storage,
        row.object_key,
        row.version_id,
        media_type=MEDIA_TYPE,
        name=f"{row.id}.zip",
        sha256=row.sha256,
    )


async def _holds_retracted(reading: Reading, row: Bundle) -> bool:
    found = await reading.session.execute(
        select(col(CaseFileRetraction.number))
        .where(col(CaseFileRetraction.case_file_id) == row.case_file_id)
        .where(col(CaseFileRetraction.number) <= row.version)
        .where(col(CaseFileRetraction.retracted_at) >= row.requested_at)
    )
    return found.first() is not None


def bundle_view(row: Bundle) -> BundleView:
    """Return a bundle as it is answered."""
    return BundleView(
        id=row.id,
        case_file_id=row.case_file_id,
        version=row.version,
        state=BundleState(row.state),
        size=row.size,
        sha256=row.sha256,
        requested_at=utc_text(row.requested_at),
        requested_by=ActorView.model_validate(row.requested_by),
        built_at=utc_text(row.built_at) if row.built_at else None,
    )


def bundle_tag(view: BundleView) -> str:
    """Return the tag of a bundle."""
    members: dict[str, Any] = view.model_dump(mode="json")
    return tag_of(members)
