"""Whose acts an oversight body may look at: everybody's, or those of one force and of others on its cases.

The remit is data of the organisation. What lies outside it is answered as if it did not exist.
"""

from dataclasses import dataclass

from sqlalchemy import text

from casefile_api.ledger.search_rows import OWNER
from casefile_api.unit_of_work import Reading

EVERYTHING = "all"

# Case files themselves are not a watching body's to see: whose one was, a function of the owner's says.
_OF_FORCE = f"(e.organisation = :remit_force or {OWNER} = :remit_force)"
_FOUND_OF_FORCE = ("e.organisation = :remit_force", "e.owner = :remit_force")


@dataclass(frozen=True, slots=True)
class Remit:
    """A remit: the force it is confined to, or None for an inspectorate's."""

    force: str | None

    @property
    def condition(self) -> str:
        """The SQL condition on `audit_entry e` that holds for what lies inside."""
        return "true" if self.force is None else _OF_FORCE

    @property
    def walks(self) -> tuple[str, ...]:
        """SQL conditions on `audit_search e` of which each is a walk along one index; one of them holds inside."""
        return ("true",) if self.force is None else _FOUND_OF_FORCE

    @property
    def values(self) -> dict[str, str]:
        """The values that the condition names."""
        return {} if self.force is None else {"remit_force": self.force}


async def remit_of(reading: Reading) -> Remit:
    """The remit of the caller's organisation; an organisation without one sees nothing."""
    query = text("select remit from organisation where id = :organisation")
    remit = (await reading.session.execute(query, {"organisation": reading.caller.organisation})).scalar_one_or_none()
    if remit == EVERYTHING:
        return Remit(None)
    return Remit(remit or "")
