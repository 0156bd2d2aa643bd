"""Correcting the envelope of a case file: URN, references and units; what it was is kept, with the reason."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from casefile_api.case_files.commands import HeldCase, created_by, touch
from casefile_api.case_files.envelope import Envelope, check_envelope, guarding_urn, refuse_taken_urn
from casefile_api.case_files.queries import CaseFileRow, parties
from casefile_api.case_files.views import CaseFileView, view_case_file
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork


async def correct_case_file(work: UnitOfWork, held: HeldCase, asked: Envelope, reason: str) -> CaseFileView:
    """Correct the envelope; what it was is kept.

    Raises WrongState where the CPS unit would change while a request is with the CPS, AlreadyExists, Invalid.
    """
    case = held.case
    if asked.cps_unit is not None and asked.cps_unit != case.cps_unit:
        await _refuse_while_referred(work, case)
    envelope = await check_envelope(work, asked)
    after = {name: value for name, value in asdict(envelope).items() if value is not None}
    before = {name: getattr(case, name) for name in after}
    if after == before:
        raise Invalid("Nothing would change.", Fault("no_change", "Send a member with another value.", pointer=""))
    if "urn" in after or "urn_suffix" in after:
        corrected = {**asdict(case), **after}
        await refuse_taken_urn(work, corrected["urn"], corrected["urn_suffix"], other_than=case.id)
    sets = ", ".join(f"{name} = :{name}" for name in after)
    await guarding_urn(work, f"update case_file set {sets} where id = :id", {"id": case.id, **after})
    if "police_unit" in after:
        await work.session.execute(
            text("update case_file_party set unit = :unit where case_file_id = :id and organisation = :organisation"),
            {"id": case.id, "organisation": case.organisation, "unit": after["police_unit"]},
        )
    await _keep_correction(work, case, before, after, reason)
    told = await parties(work.session, case.id)
    await touch(work, case.id, told)
    await work.record("case_file.corrected", to=told, case_file_id=case.id)
    corrected_case = CaseFileRow(**{**asdict(case), **after})
    view = await view_case_file(work, corrected_case, case.newest_number)
    work.trail.about("case_file", case.id, version=case.newest_number)
    work.trail.details = {"corrected": sorted(after)}
    return view


async def _refuse_while_referred(work: UnitOfWork, case: CaseFileRow) -> None:
    found = await work.session.execute(
        text(
            "select exists (select from case_file_request_position where case_file_id = :id and submitted"
            " and holder in ('cps', 'both'))"
        ),
        {"id": case.id},
    )
    if found.scalar_one():
        fault = Fault("referred", "Ask the unit to transfer the request, or wait for its end.", pointer="/cps_unit")
        raise WrongState("The CPS unit cannot change while a request is with the CPS.", fault)


async def _keep_correction(
    work: UnitOfWork, case: CaseFileRow, before: Mapping[str, Any], after: Mapping[str, Any], reason: str
) -> None:
    identifier = new_id()
    context = f"case_file_correction.reason:{identifier}"
    await work.session.execute(
        text(
            "insert into case_file_correction (id, case_file_id, corrected_at, corrected_by, before, after, reason)"
            " values (:id, :case, :now, cast(:by as jsonb), cast(:before as jsonb), cast(:after as jsonb), :reason)"
        ),
        {
            "id": identifier,
            "case": case.id,
            "now": work.now,
            "by": json.dumps(created_by(work.caller)),
            "before": json.dumps(before),
            "after": json.dumps(after),
            "reason": await work.vault.seal(work.session, case.id, reason.encode(), context),
        },
    )
