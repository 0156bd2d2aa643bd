"""What was done to the envelope of a case file and to its restriction, with the reasons: for the owning force alone."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select

from casefile_api.case_files.models import CaseFileCorrection
from casefile_api.case_files.principals import described
from casefile_api.case_files.queries import CaseFileRow
from casefile_api.case_files.restriction_models import CaseFileRestriction
from casefile_api.clock import utc_text
from casefile_api.unit_of_work import Reading


async def list_corrections(
    reading: Reading, case: CaseFileRow, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return the corrections of the envelope, in order."""
    query = select(CaseFileCorrection).where(CaseFileCorrection.case_file_id == case.id)
    if after is not None:
        query = query.where(col(CaseFileCorrection.id) > after)
    rows = await reading.session.execute(query.order_by(col(CaseFileCorrection.id)).limit(limit))
    return [
        {
            "id": str(row.id),
            "corrected_at": utc_text(row.corrected_at),
            "corrected_by": row.corrected_by,
            "before": row.before,
            "after": row.after,
            "reason": await _opened(reading, case, row.reason, f"case_file_correction.reason:{row.id}"),
        }
        for row in rows.scalars()
    ]


async def list_restrictions(
    reading: Reading, case: CaseFileRow, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return what was done to the restriction, in order."""
    query = select(CaseFileRestriction).where(CaseFileRestriction.case_file_id == case.id)
    if after is not None:
        query = query.where(col(CaseFileRestriction.id) > after)
    rows = await reading.session.execute(query.order_by(col(CaseFileRestriction.id)).limit(limit))
    return [
        {
            "id": str(row.id),
            "act": row.act,
            "at": utc_text(row.at),
            "by": row.by,
            "admitted_before": [described(name) for name in row.admitted_before],
            "admitted_after": [described(name) for name in row.admitted_after],
            "reason": await _opened(reading, case, row.reason, f"case_file_restriction.reason:{row.id}"),
        }
        for row in rows.scalars()
    ]


async def _opened(reading: Reading, case: CaseFileRow, sealed: bytes, place: str) -> str:
    return (await reading.vault.open(reading.session, case.id, sealed, place)).decode()
