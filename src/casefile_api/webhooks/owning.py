"""Whose an endpoint is: its organisation's, answered for by one of that organisation's clients.

Any system of the organisation that may manage webhooks can change it. Where the client that answers for it is revoked,
or may manage webhooks no longer, it is disabled: name another client first.
"""

from collections.abc import Sequence

from sqlalchemy import text

from casefile_api.errors import Fault, Invalid
from casefile_api.unit_of_work import UnitOfWork

_UNITS = text("select id from unit where organisation = :organisation and id = any(:units)")
_CLIENT = text(
    "select 1 from client where client_id = :client and organisation = :organisation and revoked_at is null"
    " and 'webhooks:manage' = any(scopes)"
)


async def refuse_foreign_units(work: UnitOfWork, units: Sequence[str]) -> None:
    """Refuse units that are not the caller's organisation's own, closed ones among them: cases stay with those.

    Raises Invalid.
    """
    if not units:
        return
    asked = {"organisation": work.caller.organisation, "units": list(units)}
    own = set((await work.session.execute(_UNITS, asked)).scalars())
    faults = [
        Fault("unknown_unit", "Name a unit of your own organisation: GET /v1/units.", pointer=f"/units/{number}")
        for number, unit in enumerate(units)
        if unit not in own
    ]
    if faults:
        raise Invalid("An endpoint hears of the case files of its own organisation's units.", *faults)


async def refuse_foreign_client(work: UnitOfWork, client_id: str) -> None:
    """Refuse a client that is not the organisation's, is revoked or may not manage webhooks.

    Raises Invalid.
    """
    asked = {"organisation": work.caller.organisation, "client": client_id}
    if (await work.session.execute(_CLIENT, asked)).first() is None:
        mend = "Name a client of your own organisation that has the scope webhooks:manage."
        raise Invalid(
            "This client cannot answer for the endpoint.", Fault("unknown_client", mend, pointer="/client_id")
        )
