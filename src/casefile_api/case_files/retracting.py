"""Retracting a version that was shared in error: it is marked and its recipients are told; it is never erased.

Going on to show what should not have been sent would go on with the error (DPA 2018 ss.37 and 40), so those who were
given the version see from then on that it was there and was retracted, and its content no more. Its digest stays:
it says what was sent, to whoever kept a copy.
"""

import json
from enum import StrEnum

from sqlalchemy import text

from casefile_api.case_files.commands import HeldCase, created_by, touch
from casefile_api.case_files.queries import CaseFileRow, is_retracted, number_asked
from casefile_api.case_files.views import CaseFileView, view_case_file
from casefile_api.errors import Fault, WrongState
from casefile_api.unit_of_work import UnitOfWork


class RetractionCode(StrEnum):
    """Why a version was retracted, as its recipients are told."""

    WRONG_CASE = "wrong_case"
    WRONG_RECIPIENT = "wrong_recipient"
    EXCESSIVE_PERSONAL_DATA = "excessive_personal_data"
    SENSITIVE_MATERIAL = "sensitive_material"
    PRIVILEGED_MATERIAL = "privileged_material"
    OTHER = "other"


_RECIPIENTS = text(
    "select distinct organisation from case_file_share where case_file_id = :id and number = :number order by 1"
)
_INSERT = text(
    "insert into case_file_retraction"
    " (case_file_id, number, organisation, recipients, retracted_at, retracted_by, code, reason)"
    " values (:id, :number, :organisation, :recipients, :now, cast(:by as jsonb), :code, :reason)"
)


async def retract_version(
    work: UnitOfWork, held: HeldCase, number: int, code: RetractionCode, reason: str
) -> CaseFileView:
    """Mark a shared version as retracted and tell those it was shared with.

    Raises NotFound where there is no such version, WrongState where it was never shared or is retracted already.
    """
    case = held.case
    number = await number_asked(work, case, version=number)
    recipients = await _recipients(work, case, number)
    await work.session.execute(
        _INSERT,
        {
            "id": case.id,
            "number": number,
            "organisation": case.organisation,
            "recipients": recipients,
            "now": work.now,
            "by": json.dumps(created_by(work.caller)),
            "code": code.value,
            "reason": await work.vault.seal(work.session, case.id, reason.encode(), place_of_reason(case.id, number)),
        },
    )
    told = [case.organisation, *recipients]
    await touch(work, case.id, told)
    await work.record("case_file.version_retracted", to=told, case_file_id=case.id, version=number)
    view = await view_case_file(work, case, number)
    work.trail.about("case_file", case.id, version=number)
    work.trail.details = {"retracted": number, "code": code.value, "recipients": recipients}
    return view


def place_of_reason(case_file_id: object, number: int) -> str:
    """Return the place for which the reason of a retraction is sealed."""
    return f"case_file_retraction.reason:{case_file_id}:{number}"


async def _recipients(work: UnitOfWork, case: CaseFileRow, number: int) -> list[str]:
    found = await work.session.execute(_RECIPIENTS, {"id": case.id, "number": number})
    recipients = list(found.scalars())
    if not recipients:
        fault = Fault("not_shared", "Nobody was given this version: make a newer one.", parameter="number")
        raise WrongState("The version was never shared.", fault)
    if await is_retracted(work.session, case.id, number):
        fault = Fault("retracted", "Its recipients were told already.", parameter="number")
        raise WrongState("The version is retracted already.", fault)
    return recipients
