"""What a caller may see of case files, and the views they get.

Police see their own force's, staff those of their unit or where they are named; the CPS sees a case file only through
the versions that were shared with its units. An invisible case file is answered as one that does not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.canonical import canonical_json
from casefile_api.case_files.versions import content_of
from casefile_api.clock import utc_text
from casefile_api.errors import NotFound
from casefile_api.identifiers import parse_id
from casefile_api.unit_of_work import Reading
from casefile_api.vault import Vault
from casefile_api.web.etags import tag_of

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


@dataclass(frozen=True, slots=True)
class CaseFileView:
    """A case file at one version: the envelope as sent, the content's bytes, and the tag of both."""

    envelope: dict[str, Any]
    content: bytes

    @property
    def tag(self) -> str:
        """Return the strong tag; the digest in the envelope stands for the content."""
        return tag_of(self.envelope)

    def body(self) -> bytes:
        """Return the representation; the content is spliced in as stored."""
        return canonical_json(self.envelope)[:-1] + b',"content":' + self.content + b"}"


def visible_shares(caller: Caller, alias: str = "s") -> str:
    """Return the SQL condition on a share that a CPS caller may see; binds :organisation and :unit."""
    area = f"{alias}.organisation = :organisation"
    return area if caller.has_role(*SEES_WHOLE_AREA) else f"{area} and {alias}.unit = :unit"


def visible_to(caller: Caller, alias: str = "c") -> str:
    """Return the SQL condition on a case file that a caller may see; binds :organisation, :unit and :staff_id."""
    if caller.kind is OrganisationKind.POLICE:
        force = f"{alias}.organisation = :organisation"
        if caller.has_role(*SEES_WHOLE_FORCE):
            return force
        return f"{force} and ({alias}.police_unit = :unit or :staff_id = any({alias}.named_staff))"
    if caller.kind is OrganisationKind.CPS:
        return f"exists (select from case_file_share s where s.case_file_id = {alias}.id and {visible_shares(caller)})"
    return "false"


def newest_visible(caller: Caller, alias: str = "c") -> str:
    """Return the SQL expression of the newest version number that a caller may see."""
    if caller.kind is OrganisationKind.CPS:
        return (
            f"(select max(s.number) from case_file_share s where s.case_file_id = {alias}.id"
            f" and {visible_shares(caller)})"
        )
    return f"{alias}.newest_number"


def sight_of(caller: Caller) -> dict[str, str | None]:
    """Return the values that the conditions bind."""
    return {"organisation": caller.organisation, "unit": caller.unit, "staff_id": caller.staff_id}


_COLUMNS = "c.id, c.urn, c.urn_suffix, c.organisation, c.police_unit, c.cps_unit, c.crime_references, c.named_staff"


async def find_visible(reading: Reading, case_file_id: str | UUID, *, lock: bool = False) -> CaseFileRow:
    """Find a case file for the caller, locked for a change if asked.

    Raises NotFound where there is none or none that the caller may know of; the log tells the two apart.
    """
    identifier = case_file_id if isinstance(case_file_id, UUID) else parse_id(case_file_id)
    caller, session = reading.caller, reading.session
    if lock:
        await session.execute(text("select from case_file where id = :id for update"), {"id": identifier})
    found = await session.execute(
        text(
            f"select {_COLUMNS}, {newest_visible(caller)} as newest_number, ({visible_to(caller)}) as visible"
            " from case_file c where c.id = :id"
        ),
        {"id": identifier, **sight_of(caller)},
    )
    row = found.one_or_none()
    reading.trail.about("case_file", identifier)
    if row is None:
        raise NotFound()
    reading.trail.about("case_file", identifier, case_file_id=identifier, owner=row.organisation)
    if not row.visible:
        raise NotFound()
    names = CaseFileRow.__dataclass_fields__
    return CaseFileRow(**{name: getattr(row, name) for name in names})


async def parties(session: AsyncSession, case_file_id: UUID) -> list[str]:
    """Return the organisations that the case file exists for: its force and the CPS Areas it was shared with."""
    found = await session.execute(
        text("select organisation from case_file_party where case_file_id = :id order by organisation"),
        {"id": case_file_id},
    )
    return list(found.scalars())


async def number_asked(reading: Reading, case: CaseFileRow, *, version: int | None, as_of: datetime | None) -> int:
    """Return the number of the version asked for: the newest visible, a given one, or the newest of a moment.

    Raises NotFound where the caller may see no such version.
    """
    if version is None and as_of is None:
        return case.newest_number
    caller = reading.caller
    asked = "v.number = :version" if version is not None else "v.at <= :as_of"
    if caller.kind is OrganisationKind.CPS:
        seen = f"select s.number, min(s.shared_at) as at from case_file_share s where s.case_file_id = :id and {visible_shares(caller)} group by s.number"  # noqa: E501
    else:
        seen = "select number, created_at as at from case_file_version where case_file_id = :id"
    found = await reading.session.execute(
        text(f"select max(v.number) from ({seen}) v where {asked}"),
        {"id": case.id, "version": version, "as_of": as_of, **sight_of(caller)},
    )
    number = found.scalar_one()
    if number is None:
        raise NotFound()
    return int(number)


async def view_case_file(reading: Reading, case: CaseFileRow, number: int) -> CaseFileView:
    """Return a case file at a version that the caller may see."""
    envelopes = await envelopes_of(reading, [(case, number)])
    content = await content_bytes(reading.session, reading.vault, case.id, number)
    reading.trail.about("case_file_version", case.id, version=number)
    return CaseFileView(envelopes[0], content)


async def tag_of_newest(reading: Reading, case: CaseFileRow) -> str:
    """Return the tag of `GET /v1/case-files/{id}` for the caller's organisation."""
    return tag_of((await envelopes_of(reading, [(case, case.newest_number)]))[0])


async def list_version_objects(reading: Reading, case: CaseFileRow, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return the `version` objects of a case file."""
    return [envelope["version"] for envelope in await envelopes_of(reading, [(case, number) for number in numbers])]


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


async def envelopes_of(reading: Reading, wanted: Sequence[tuple[CaseFileRow, int]]) -> list[dict[str, Any]]:
    """Return the envelopes of case files at given versions, in four statements whatever their number."""
    session, caller = reading.session, reading.caller
    ids = list({case.id for case, _ in wanted})
    await reading.vault.fetch_keys(session, ids)
    bind = {"ids": ids, "numbers": list({number for _, number in wanted}), **sight_of(caller)}
    versions = await session.execute(
        text(
            "select case_file_id, number, digest, parent_digest, salt, note, attachments, warnings, created_by,"
            " created_at from case_file_version where case_file_id = any(:ids) and number = any(:numbers)"
        ),
        bind,
    )
    own = "s.organisation = :organisation and" if caller.kind is OrganisationKind.CPS else ""
    shares = await session.execute(
        text(
            "select s.case_file_id, s.number, s.organisation, s.unit, s.shared_at from case_file_share s"
            f" where {own} s.case_file_id = any(:ids) and s.number = any(:numbers) order by s.shared_at, s.unit"
        ),
        bind,
    )
    sides = await session.execute(
        text(
            "select p.case_file_id, p.created_at, p.updated_at,"
            " exists (select from case_file_request_position r where r.case_file_id = p.case_file_id and r.submitted"
            "         and r.holder in ('cps', 'both')) as referred,"
            " exists (select from case_file_request_position r where r.case_file_id = p.case_file_id) as requested"
            " from case_file_party p where p.case_file_id = any(:ids) and p.organisation = :organisation"
        ),
        bind,
    )
    version_rows = {(row.case_file_id, row.number): row for row in versions}
    side_rows = {row.case_file_id: row for row in sides}
    shared: dict[tuple[UUID, int], list[dict[str, str]]] = {}
    for row in shares:
        share = {"organisation": row.organisation, "unit": row.unit, "shared_at": utc_text(row.shared_at)}
        shared.setdefault((row.case_file_id, row.number), []).append(share)
    told = []
    for case, number in wanted:
        version = await _version_object(session, reading.vault, version_rows[case.id, number])
        version["shared_with"] = shared.get((case.id, number), [])
        told.append(_envelope(case, version, side_rows[case.id], caller))
    return told


async def _version_object(session: AsyncSession, vault: Vault, row: Any) -> dict[str, Any]:
    context = f"case_file_version.note:{row.case_file_id}:{row.number}"
    note = await vault.open(session, row.case_file_id, row.note, context)
    return {
        "number": row.number,
        "digest": row.digest,
        "parent_digest": row.parent_digest,
        "salt": row.salt,
        "attachments": row.attachments,
        "created_at": utc_text(row.created_at),
        "created_by": row.created_by,
        "note": note.decode(),
        "warnings": row.warnings,
    }


def status_seen(caller: Caller, newest_number: int, side: Any) -> str:
    """Return the derived status of a case file, as this side can know it."""
    if side.referred:
        return "referred"
    if caller.kind is OrganisationKind.CPS or newest_number > 1 or side.requested:
        return "in_investigation"
    return "registered"


def _envelope(case: CaseFileRow, version: Mapping[str, Any], side: Any, caller: Caller) -> dict[str, Any]:
    return {
        "id": str(case.id),
        "urn": case.urn,
        "urn_suffix": case.urn_suffix,
        "organisation": case.organisation,
        "police_unit": case.police_unit,
        "cps_unit": case.cps_unit,
        "crime_references": case.crime_references,
        "status": status_seen(caller, case.newest_number, side),
        "created_at": utc_text(side.created_at),
        "updated_at": utc_text(side.updated_at),
        "version": dict(version),
    }
