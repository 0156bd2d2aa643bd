"""What an organisation has registered here of a client and of a person: the most that anybody's token can be worth."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from casefile_api.clock import LONDON, real_now

Rows = Callable[[str, Mapping[str, Any]], Awaitable[list[Any]]]

_REGISTERED = """
    select c.scopes, c.assertable_roles, s.name, s.roles, s.unit
    from client c
    join organisation o on o.id = c.organisation
    left join staff s on s.organisation = c.organisation and s.staff_id = :staff_id and s.active
    where c.client_id = :client_id and c.organisation = :organisation and c.revoked_at is null
      and o.valid_from <= :today and (o.valid_until is null or o.valid_until >= :today)
    """


@dataclass(frozen=True, slots=True)
class Registration:
    """A client in force, and where one was asked for, an active member of its organisation's staff (else None)."""

    scopes: frozenset[str]
    assertable_roles: frozenset[str]
    name: str | None
    held_roles: frozenset[str]
    unit: str | None


async def find_registration(rows: Rows, organisation: str, client_id: str, staff_id: str | None) -> Registration | None:
    """Return what is registered, None where the client is not this organisation's or is let in no more."""
    today = real_now().astimezone(LONDON).date()
    values = {"organisation": organisation, "client_id": client_id, "staff_id": staff_id or "", "today": today}
    found = await rows(_REGISTERED, values)
    if not found:
        return None
    (row,) = found
    return Registration(
        scopes=frozenset(row.scopes),
        assertable_roles=frozenset(row.assertable_roles),
        name=row.name,
        held_roles=frozenset(row.roles or ()),
        unit=row.unit,
    )
