"""What a caller may see of case files, and the views they get.

Police see their own force's, staff those of their unit or where they are named; the CPS sees a case file only through
the versions that were shared with its units. An invisible case file is answered as one that does not exist.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.access.field_policy import own_alone
from casefile_api.case_files.admission import broken_glass_of, let_in
from casefile_api.case_files.principals import everybody, person
from casefile_api.case_files.versions import content_of
from casefile_api.errors import NotFound, Retracted, WrongState
from casefile_api.identifiers import parse_id
from casefile_api.ledger.owners import name_case
from casefile_api.transactions import Lock
from casefile_api.unit_of_work import Reading
from casefile_api.vault import Vault

SEES_WHOLE_FORCE = ("system", "senior_officer")
SEES_WHOLE_AREA = ("system", "unit_head")


@dataclass(frozen=True, slots=True)
class CaseFileRow:
    """The envelope of a case file, as far as a caller may see it: `newest_number` is the newest they may see."""

    id: UUID
    urn: str
    urn_suffix: str | None
    organisation: str
    police_unit: str
    cps_unit: str
    crime_references: list[str]
    newest_number: int
    named_staff: list[str]
    restricted: bool = False
    admitted: list[str] = field(default_factory=list)
    shut_out: list[str] = field(default_factory=list)
    findable_as: str | None = None
    merged_into: UUID | None = None

    def lets_in(self, organisation: str, staff_id: str, roles: Iterable[str]) -> bool:
        """Say whether restriction and conflicts let in a member of staff who acts in these roles."""
        named = person(organisation, staff_id)
        admitted = {named, *(everybody(organisation, role) for role in roles)}
        return named not in self.shut_out and (not self.restricted or not admitted.isdisjoint(self.admitted))


def visible_shares(caller: Caller, alias: str = "s") -> str:
    """Return the SQL condition on a share that a CPS caller may see; binds :organisation and :unit."""
    area = f"{alias}.organisation = :organisation"
    return area if caller.has_role(*SEES_WHOLE_AREA) else f"{area} and {alias}.unit = :unit"


def visible_to(caller: Caller, alias: str = "c") -> str:
    """Return the SQL condition on a case file that a caller may see; binds what `sight_of` gives."""
    return f"{within_reach(caller, alias)} and {let_in(alias)}"


def within_reach(caller: Caller, alias: str = "c") -> str:
    """Return the SQL condition that a case file is within the reach of the caller's place, restricted or not."""
    if caller.kind is OrganisationKind.POLICE:
        force = f"{alias}.organisation = :organisation"
        if caller.has_role(*SEES_WHOLE_FORCE):
            return force
        return f"{force} and ({alias}.police_unit = :unit or :staff_id = any({alias}.named_staff))"
    if caller.kind is OrganisationKind.CPS:
        return f"exists (select from case_file_share s where s.case_file_id = {alias}.id and {visible_shares(caller)})"
    return "false"


def newest_visible(caller: Caller, alias: str = "c") -> str:
    """Return the SQL expression of the newest version number that a caller may see.

    For the CPS, what was retracted counts only where nothing else was shared.
    """
    if caller.kind is OrganisationKind.CPS:
        shared = f"select max(s.number) from case_file_share s where s.case_file_id = {alias}.id"
        return f"coalesce({newest_told(caller, alias)}, ({shared} and {visible_shares(caller)}))"
    return f"{alias}.newest_number"


def not_retracted(alias: str = "s") -> str:
    """Return the SQL condition on a row with a case file and a version's number that the version is not retracted."""
    return (
        f"not exists (select from case_file_retraction t where t.case_file_id = {alias}.case_file_id"
        f" and t.number = {alias}.number)"
    )


async def is_retracted(session: AsyncSession, case_file_id: UUID, number: int) -> bool:
    """Say whether a version was retracted."""
    found = await session.execute(
        text("select 1 from case_file_retraction where case_file_id = :id and number = :number"),
        {"id": case_file_id, "number": number},
    )
    return found.first() is not None


async def refuse_retracted(reading: Reading, case_file_id: UUID, number: int) -> None:
    """Refuse the content of a retracted version to those it had been shared with.

    Raises Retracted.
    """
    of_recipient = reading.caller.kind is OrganisationKind.CPS
    if of_recipient and await is_retracted(reading.session, case_file_id, number):
        raise Retracted(number)


def refuse_closed(case: CaseFileRow) -> None:
    """Refuse what would go on with a case file that was merged into another.

    Raises WrongState.
    """
    if case.merged_into is not None:
        raise WrongState("The case file was merged into another and is closed; go on there.")


def newest_told(caller: Caller, alias: str = "c") -> str:
    """Return the SQL expression of the newest version whose content a caller may see; null where there is none."""
    if caller.kind is OrganisationKind.CPS:
        return (
            f"(select max(s.number) from case_file_share s where s.case_file_id = {alias}.id"
            f" and {visible_shares(caller)} and {not_retracted()})"
        )
    return f"{alias}.newest_number"


def standings(caller: Caller, alias: str = "c") -> str:
    """Return the SQL expression of where the suspects stand by the newest content that a caller may see."""
    return (
        f"(select st.suspects from case_file_standing st where st.case_file_id = {alias}.id"
        f" and st.number <= {newest_told(caller, alias)} order by st.number desc limit 1)"
    )


def addressed_to(caller: Caller, alias: str = "c") -> str:
    """Return the SQL expression of the CPS unit a case file is addressed to, as the caller's side can know it.

    A CPS Area that has it no longer goes on seeing the unit of its own that had it last.
    """
    if not own_alone("CaseFileRepresentation", "cps_unit", caller.kind):
        return f"{alias}.cps_unit"
    return (
        f"coalesce((select t.id from unit t where t.id = {alias}.cps_unit and t.organisation = :organisation),"
        f" (select s.unit from case_file_share s where s.case_file_id = {alias}.id and {visible_shares(caller)}"
        " order by s.shared_at desc, s.unit limit 1))"
    )


def referred(caller: Caller, alias: str = "c") -> str:
    """Return the SQL condition that a request about the case file is with the CPS, as the caller's side can know."""
    return f"exists (select {_with_the_cps(caller, alias)})"


def referred_suspects(caller: Caller, alias: str = "c") -> str:
    """Return the SQL expression of whom requests that are with the CPS name, a list each; null where there are none.

    The table of requests belongs to early advice; what is asked here is whom they are about.
    """
    return f"(select jsonb_agg(q.suspect_ids) {_with_the_cps(caller, alias, joined=_REQUEST)})"


_REQUEST = " join early_advice_request q on q.id = r.request_id"


def _with_the_cps(caller: Caller, alias: str, *, joined: str = "") -> str:
    """Return the SQL of the requests that are with the CPS.

    The CPS goes by the requests sent to it; one that left its reach stays as it was then, whatever becomes of it.
    The table of units belongs to early advice; what is asked here is where a request stands for whom.
    """
    holder = "r.holder"
    if caller.kind is OrganisationKind.CPS:
        holder = (
            "(select case when u.left_at is null then r.holder else u.frozen->>'with' end from early_advice_unit u"
            f" where u.request_id = r.request_id and {visible_shares(caller, 'u')}"
            " order by u.left_at desc nulls first limit 1)"
        )
    return (
        f"from case_file_request_position r{joined} where r.case_file_id = {alias}.id and r.submitted"
        f" and {holder} in ('cps', 'both')"
    )


def sight_of(caller: Caller) -> dict[str, str | list[str] | None]:
    """Return the values that the conditions bind."""
    return {
        "organisation": caller.organisation,
        "unit": caller.unit,
        "staff_id": caller.staff_id,
        "principals": caller.principals,
    }


COLUMNS = ", ".join(f"c.{name}" for name in CaseFileRow.__dataclass_fields__ if name != "newest_number")


# The database lets nobody change what they would not see afterwards. Who locks a case file has seen it: what they do to
# it, shutting themselves out of it too, is theirs to finish and to record in this transaction.
_LOCKED = "select set_config('casefile.held', cast(id as text), true) from case_file where id = :id for update"
LOCK = text(_LOCKED)
LOCKING = Lock(
    waiting=_LOCKED,
    if_free=f"{_LOCKED} skip locked",
    again="select set_config('casefile.held', cast(cast(:id as uuid) as text), true)",
)
_HOLD = text("select set_config('casefile.held', :id, true)")


async def hold(session: AsyncSession, case_file_id: UUID) -> None:
    """Say that the transaction at hand makes this case file, whoever may see it when it is made."""
    await session.execute(_HOLD, {"id": str(case_file_id)})


async def find_visible(reading: Reading, case_file_id: str | UUID, *, lock: bool = False) -> CaseFileRow:
    """Find a case file for the caller, locked for a change if asked.

    Raises NotFound where there is none or none that the caller may know of; the log tells the two apart.
    """
    identifier = case_file_id if isinstance(case_file_id, UUID) else parse_id(case_file_id)
    caller, session = reading.caller, reading.session
    if lock:
        await reading.later(LOCK.text, {"id": identifier})
    found = await session.execute(
        text(
            f"select {COLUMNS}, {newest_visible(caller)} as newest_number, ({visible_to(caller)}) as visible,"
            f" {broken_glass_of()} as broken_glass,"
            " exists (select from case_key k where k.case_file_id = c.id) as has_key"
            " from case_file c where c.id = :id"
        ),
        {"id": identifier, **sight_of(caller)},
    )
    row = found.one_or_none()
    reading.trail.about("case_file", identifier)
    if row is None:
        await name_case(session, reading.trail, "case_file", identifier)
        raise NotFound()
    reading.trail.about("case_file", identifier, case_file_id=identifier, owner=row.organisation)
    if not row.visible:
        raise NotFound()
    reading.trail.seen_through(row.broken_glass)
    if not row.has_key:
        reading.vault.forget(identifier)
    names = CaseFileRow.__dataclass_fields__
    return CaseFileRow(**{name: getattr(row, name) for name in names})


async def parties(session: AsyncSession, case_file_id: UUID) -> list[str]:
    """Return the organisations that the case file exists for: its force and the CPS Areas it was shared with."""
    found = await session.execute(
        text("select organisation from case_file_party where case_file_id = :id and first order by organisation"),
        {"id": case_file_id},
    )
    return list(found.scalars())


def number_asked_expression(caller: Caller, *, version: bool, as_of: bool) -> str:
    """Return the SQL expression of the version asked for (the newest visible where nothing is), null where unseen.

    Binds :version or :as_of. What was shared is dated by the sharing.
    """
    if not version and not as_of:
        return newest_visible(caller)
    if caller.kind is OrganisationKind.CPS:
        asked = "s.number = :version" if version else "s.shared_at <= :as_of"
        source = f"case_file_share s where s.case_file_id = c.id and {visible_shares(caller)} and {asked}"
        return f"(select max(s.number) from {source})"
    asked = "o.number = :version" if version else "o.created_at <= :as_of"
    return f"(select max(o.number) from case_file_version o where o.case_file_id = c.id and {asked})"


async def number_asked(reading: Reading, case: CaseFileRow, *, version: int) -> int:
    """Return the number of a version if the caller may see it.

    Raises NotFound where they may not.
    """
    expression = number_asked_expression(reading.caller, version=True, as_of=False)
    found = await reading.session.execute(
        text(f"select {expression} from case_file c where c.id = :id"),
        {"id": case.id, "version": version, **sight_of(reading.caller)},
    )
    number = found.scalar_one()
    if number is None:
        raise NotFound()
    return int(number)


async def visible_numbers(reading: Reading, case: CaseFileRow, *, after: int, limit: int) -> list[int]:
    """Return numbers of versions that the caller may see, ascending."""
    caller = reading.caller
    if caller.kind is OrganisationKind.CPS:
        source = (
            f"select distinct s.number from case_file_share s where s.case_file_id = :id and {visible_shares(caller)}"
        )
    else:
        source = "select number from case_file_version where case_file_id = :id"
    found = await reading.session.execute(
        text(f"select v.number from ({source}) v where v.number > :after order by v.number limit :limit"),
        {"id": case.id, "after": after, "limit": limit, **sight_of(caller)},
    )
    return list(found.scalars())


async def content_bytes(session: AsyncSession, vault: Vault, case_file_id: UUID, number: int) -> bytes:
    """Return a version's content as stored."""
    found = await session.execute(
        text("select body, attachments from case_file_version where case_file_id = :id and number = :number"),
        {"id": case_file_id, "number": number},
    )
    row = found.one()
    body = await vault.open(session, case_file_id, row.body, f"case_file_version.body:{case_file_id}:{number}")
    return content_of(body, row.attachments)
