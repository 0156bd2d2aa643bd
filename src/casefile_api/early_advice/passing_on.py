"""What an Area that passed a request on still sees: all that it had, and nothing that is said after it left.

Advice is privileged to the parties of the request. The Area sees that the request goes on, in states and dates.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, select

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.early_advice.models import EarlyAdviceRequest, EarlyAdviceStep
from casefile_api.unit_of_work import Reading


@dataclass(frozen=True)
class Departure:
    """When the caller's Area passed a request on: the number of the step, and its time."""

    number: int
    at: datetime


NEVER_HAD = Departure(0, datetime.min.replace(tzinfo=UTC))


def passed_on(caller: Caller, request: EarlyAdviceRequest) -> bool:
    """Say whether the request is with another Area than the caller's."""
    return caller.kind is OrganisationKind.CPS and caller.organisation != request.cps_organisation


async def departure_of(reading: Reading, request: EarlyAdviceRequest) -> Departure | None:
    """Return when the caller's Area passed the request on; None where the caller is a party to it still."""
    if not passed_on(reading.caller, request):
        return None
    step = EarlyAdviceStep
    query = (
        select(step.number, step.at)
        .where(
            col(step.request_id) == request.id,
            col(step.step) == "transfer",
            col(step.organisation) == reading.caller.organisation,
        )
        .order_by(col(step.number).desc())
        .limit(1)
    )
    row = (await reading.session.execute(query)).one_or_none()
    return Departure(row.number, row.at) if row else NEVER_HAD
