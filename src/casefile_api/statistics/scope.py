"""Whose requests a caller's figures are about: the force's own, the Area's own, an inspectorate's remit, or all."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import text

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files.admission import let_in
from casefile_api.clock import LONDON
from casefile_api.statistics.schemas import GroupBy
from casefile_api.unit_of_work import Reading

_DAY = timedelta(days=1)
GROUPS = {
    None: "'all'",
    GroupBy.FORCE: "r.organisation",
    GroupBy.UNIT: "r.cps_unit",
    GroupBy.MONTH: "to_char(r.submitted_at at time zone 'Europe/London', 'YYYY-MM')",
}


@dataclass(frozen=True)
class Scope:
    """The requests that figures are drawn from, as SQL: `scoped` is a common table expression (id, grp, …)."""

    condition: str
    values: dict[str, object]
    group: GroupBy | None
    # What a restriction hides is in nobody else's figures: asked of the database's owner where the case file is unseen.
    let_in: str = f"exists (select from case_file c where c.id = r.case_file_id and {let_in()})"

    @property
    def scoped(self) -> str:
        """Return the common table expression of the requests."""
        return (
            f"with scoped as (select r.id, r.state, {GROUPS[self.group]} as grp from early_advice_request r"
            f" where r.submitted_at >= :first and r.submitted_at < :after_last and {self.condition}"
            f" and {self.let_in})"
        )


def _start_of(day: date) -> datetime:
    """Return midnight at the start of the London day."""
    return datetime.combine(day, time.min, LONDON)


async def scope_of(reading: Reading, first: date, last: date, group: GroupBy | None) -> Scope:
    """Return what the caller's figures are drawn from."""
    caller = reading.caller
    values: dict[str, object] = {"first": _start_of(first), "after_last": _start_of(last + _DAY)}
    values["principals"] = caller.principals
    unseen = "casefile_lets_in(r.case_file_id)"
    if caller.kind is OrganisationKind.OPERATOR:
        return Scope("true", values, group, unseen)
    if caller.kind is OrganisationKind.OVERSIGHT:
        found = await reading.session.execute(
            text("select remit from organisation where id = :id"), {"id": caller.organisation}
        )
        remit = found.scalar_one_or_none()
        if remit == "all":
            return Scope("true", values, group, unseen)
        return Scope("r.organisation = :own", {**values, "own": remit}, group, unseen)
    own = {**values, "own": caller.organisation}
    if caller.kind is OrganisationKind.CPS:
        sent = "exists (select from early_advice_unit u where u.request_id = r.id and u.organisation = :own)"
        return Scope(sent, own, group)
    return Scope("r.organisation = :own", own, group)
