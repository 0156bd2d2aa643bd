"""What an outcome looks like to both sides, and all that was told of a request's suspects."""

from sqlmodel import col, select

from casefile_api.clock import utc_text
from casefile_api.early_advice.clocks import london_date
from casefile_api.early_advice.following_models import EarlyAdviceOutcome
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.sealing import open_words
from casefile_api.unit_of_work import Reading

PLACE = "early_advice_outcome.sealed"


async def outcomes_shown(reading: Reading, request: EarlyAdviceRequest) -> list[dict[str, object]]:
    """Return what was told of the suspects of a request, oldest first; the newest of a suspect stands."""
    if request.submitted_at is None:
        return []
    query = select(EarlyAdviceOutcome).where(EarlyAdviceOutcome.request_id == request.id)
    rows = (await reading.session.execute(query.order_by(col(EarlyAdviceOutcome.id)))).scalars().all()
    stand = {row.suspect_id: row.id for row in rows}
    return [await outcome_view(reading, request, row, stands=stand[row.suspect_id] == row.id) for row in rows]


async def outcome_view(
    reading: Reading, request: EarlyAdviceRequest, row: EarlyAdviceOutcome, *, stands: bool
) -> dict[str, object]:
    """Return an outcome as both sides see it."""
    words = await open_words(reading, row.case_file_id, PLACE, row.id, row.sealed)
    received = london_date(request.submitted_at) if request.submitted_at else row.decided_on
    return {
        "id": str(row.id),
        "early_advice_request_id": str(row.request_id),
        "suspect_id": row.suspect_id,
        "outcome": row.code,
        "decided_on": row.decided_on.isoformat(),
        "days_after_submission": (row.decided_on - received).days,
        "stands": stands,
        "reason": words["reason"],
        "recorded_at": utc_text(row.recorded_at),
        "by": words["by"],
    }
