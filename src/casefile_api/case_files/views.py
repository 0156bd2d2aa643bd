"""The views of a case file, each from one statement: the envelope as this side sees it, the content as stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.access.field_policy import own_alone
from casefile_api.canonical import canonical_record
from casefile_api.case_files.admission import broken_glass_of
from casefile_api.case_files.queries import (
    COLUMNS,
    LOCKING,
    CaseFileRow,
    addressed_to,
    newest_visible,
    number_asked_expression,
    referred_suspects,
    sight_of,
    standings,
    visible_to,
)
from casefile_api.case_files.standing import Standing, status_of_case, statuses
from casefile_api.case_files.versions import SealedVersion, content_of
from casefile_api.clock import utc_text
from casefile_api.errors import Gone, NotFound, Retracted
from casefile_api.identifiers import parse_id
from casefile_api.unit_of_work import Reading, written_out
from casefile_api.web.etags import tag_of_bytes


@dataclass(frozen=True)
class CaseFileView:
    """A case file at one version: the envelope as sent, the content's bytes, and the tag of both."""

    envelope: dict[str, Any]
    content: bytes = b"{}"
    # Whom requests that are with the CPS name, and where the content says that suspects stand.
    referred: frozenset[str] = frozenset()
    standings: Sequence[Standing] = ()

    @cached_property
    def _canonical(self) -> bytes:
        return canonical_record(self.envelope)

    @property
    def tag(self) -> str:
        """Return the strong tag; the digest in the envelope stands for the content."""
        return tag_of_bytes(self._canonical)

    def body(self) -> bytes:
        """Return the representation; the content is spliced in as stored."""
        return self._canonical[:-1] + b',"content":' + self.content + b"}"


def statement_of_view(caller: Caller, source: str, number: str, *, body: bool) -> str:
    """Return the one statement behind every view; binds what `sight_of` gives."""
    own = "and s.organisation = :organisation" if own_alone("VersionView", "shared_with", caller.kind) else ""
    return f"""
        select {COLUMNS},
               ({visible_to(caller)}) as visible, {newest_visible(caller)} as newest_number,
               {broken_glass_of()} as broken_glass, {addressed_to(caller)} as addressed_to,
               v.number, v.digest, v.parent_digest, v.salt, v.note, v.attachments, v.warnings, v.created_by,
               v.content_schema,
               t.retracted_at, t.retracted_by, t.code as retraction_code, t.reason as retraction_reason,
               v.created_at as version_created_at, {"v.body" if body else "null"} as body,
               p.created_at, p.updated_at, k.wrapped_key,
               {referred_suspects(caller)} as referred, {standings(caller)} as standings,
               exists (select from case_file_request_position r where r.case_file_id = c.id) as requested,
               (select jsonb_agg(jsonb_build_array(s.organisation, s.unit, s.shared_at, s.request_id)
                                  order by s.shared_at, s.unit)
                from case_file_share s where s.case_file_id = c.id and s.number = v.number {own}) as shares
        from {source}
        left join case_file_party p on p.case_file_id = c.id and p.organisation = :organisation and p.first
        left join case_key k on k.case_file_id = c.id
        left join lateral (select one.* from case_file_version one where one.case_file_id = c.id
                           and one.number = {number} offset 0) v on true  -- else a young database reads every version
        left join case_file_retraction t on t.case_file_id = c.id and t.number = v.number
        """


async def read_case_file(
    reading: Reading, case_file_id: str, *, version: int | None = None, as_of: datetime | None = None
) -> CaseFileView:
    """Read a case file at its newest visible version, a given one, or that of a moment: one statement, no transaction.

    Raises NotFound where there is none or none that the caller may know of; the log tells the two apart.
    """
    identifier = parse_id(case_file_id)
    caller = reading.caller
    number = number_asked_expression(caller, version=version is not None, as_of=as_of is not None)
    statement = statement_of_view(caller, "case_file c", number, body=True) + " where c.id = :id"
    bind = {"id": identifier, "version": version, "as_of": as_of, **sight_of(caller)}
    rows = await reading.parts.database.rows(statement, bind, caller.scope)
    row = _seen(reading, identifier, rows)
    reading.trail.about("case_file_version", identifier, version=row.number)
    return _view(reading, row)


async def view_case_file(reading: Reading, case: CaseFileRow, number: int) -> CaseFileView:
    """Return a case file at a version that the caller may see, in the transaction at hand."""
    statement = statement_of_view(reading.caller, "case_file c", ":number", body=True) + " where c.id = :id"
    bind = {"id": case.id, "number": number, **sight_of(reading.caller)}
    row = (await reading.session.execute(text(statement), bind)).one()
    reading.trail.about("case_file_version", case.id, version=number)
    return _view(reading, row)


async def envelopes_of(reading: Reading, wanted: Sequence[tuple[UUID, int]]) -> list[dict[str, Any]]:
    """Return the envelopes of case files at given versions, in one statement whatever their number."""
    source = (
        "unnest(cast(:ids as uuid[]), cast(:numbers as integer[])) with ordinality w(id, number, place)"
        " join case_file c on c.id = w.id"
    )
    statement = statement_of_view(reading.caller, source, "w.number", body=False) + " order by w.place"
    bind = {
        "ids": [case for case, _ in wanted],
        "numbers": [number for _, number in wanted],
        **sight_of(reading.caller),
    }
    rows = await reading.session.execute(text(statement), bind)
    return [_envelope(reading, row) for row in rows]


async def hold_case_file(reading: Reading, case_file_id: str, *, content: bool) -> tuple[CaseFileRow, CaseFileView]:
    """Lock a case file for a change and return it as the caller sees it now, with its content only if asked.

    Raises NotFound where there is none or none that the caller may know of, Gone where its content was erased.
    """
    identifier = parse_id(case_file_id)
    await reading.lock(LOCKING, {"id": identifier})
    statement = statement_of_view(reading.caller, "case_file c", newest_visible(reading.caller), body=content)
    found = await reading.session.execute(
        written_out(f"{statement} where c.id = :id"), {"id": identifier, **sight_of(reading.caller)}
    )
    row = _seen(reading, identifier, found.all())
    if row.wrapped_key is None:
        raise Gone("The content of this case file was erased.")
    case = CaseFileRow(**{name: getattr(row, name) for name in CaseFileRow.__dataclass_fields__})
    if content:
        return case, _view(reading, row)
    return case, CaseFileView(_envelope(reading, row), referred=_referred_in(row), standings=row.standings or ())


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that was just made, as the statement behind the views would find it."""

    version: SealedVersion
    note: str
    warnings: list[dict[str, Any]]
    created_by: dict[str, Any]
    created_at: datetime
    content_schema: int
    standings: Sequence[Standing]


def with_version(view: CaseFileView, new: NewVersion) -> CaseFileView:
    """Return the view of a force's own case file with the version that was added to it, without reading it again."""
    version = new.version
    made = {
        "number": version.number,
        "digest": version.digest,
        "parent_digest": version.parent_digest,
        "salt": version.salt,
        "attachments": version.attachments,
        "created_at": utc_text(new.created_at),
        "created_by": new.created_by,
        "note": new.note,
        "warnings": new.warnings,
        "content_schema": str(new.content_schema),
        "shared_with": [],
        "retraction": None,
    }
    suspects = statuses(new.standings, view.referred, begun=True)
    referred = view.envelope["status"] == "referred"
    changed = {
        "status": status_of_case(suspects, referred=referred, begun=True),
        "suspects": suspects,
        "updated_at": utc_text(new.created_at),
        "version": made,
    }
    return CaseFileView({**view.envelope, **changed}, version.content, view.referred, new.standings)


def _seen(reading: Reading, identifier: UUID, rows: Sequence[Any]) -> Any:
    """Return the row if the caller may see it; the trail tells what is not there from what is not theirs."""
    reading.trail.about("case_file", identifier)
    if not rows:  # whose it is, if anybody's, is named for the log when the refusal is recorded
        raise NotFound()
    row = rows[0]
    reading.trail.about("case_file", identifier, case_file_id=identifier, owner=row.organisation)
    if not row.visible or row.number is None:
        raise NotFound()
    reading.trail.seen_through(row.broken_glass)
    return row


def _view(reading: Reading, row: Any) -> CaseFileView:
    envelope = _envelope(reading, row)
    if _withheld(reading.caller, row):
        raise Retracted(row.number)
    context = f"case_file_version.body:{row.id}:{row.number}"
    body = reading.vault.open_with(row.id, row.wrapped_key, row.body, context)
    return CaseFileView(envelope, content_of(body, row.attachments), _referred_in(row), row.standings or ())


def _envelope(reading: Reading, row: Any) -> dict[str, Any]:
    """Return the envelope; in a list an erased case file is an item without its note, its digest kept."""
    reading.trail.seen_through(row.broken_glass)
    erased = row.wrapped_key is None and row.body is None
    place = f"case_file_version.note:{row.id}:{row.number}"
    hidden = erased or _withheld(reading.caller, row)
    note = b"" if hidden else reading.vault.open_with(row.id, row.wrapped_key, row.note, place)
    retraction = None if row.retracted_at is None else _retraction(reading, row, erased=erased)
    return {
        **({"erased": True} if erased else {}),
        "id": str(row.id),
        "urn": row.urn,
        "urn_suffix": row.urn_suffix,
        "organisation": row.organisation,
        "police_unit": row.police_unit,
        "cps_unit": row.addressed_to,
        "crime_references": row.crime_references,
        "restricted": row.restricted,
        **_where_it_stands(reading.caller, row),
        "closed": row.merged_into is not None,
        "created_at": utc_text(row.created_at),
        "updated_at": utc_text(row.updated_at),
        "version": _version(row, note.decode(), retraction, withheld=_withheld(reading.caller, row)),
    }


def _withheld(caller: Caller, row: Any) -> bool:
    """Say whether the version was retracted from the caller's side: that it was there is all they see of it."""
    return row.retracted_at is not None and caller.kind is OrganisationKind.CPS


def _retraction(reading: Reading, row: Any, *, erased: bool) -> dict[str, Any]:
    """Return who retracted the version, when and why; the force's words are its own."""
    kind, place = reading.caller.kind, f"case_file_retraction.reason:{row.id}:{row.number}"
    own = {name: not own_alone("RetractionView", name, kind) for name in ("reason", "retracted_by")}
    words = b"" if erased else reading.vault.open_with(row.id, row.wrapped_key, row.retraction_reason, place)
    return {
        "retracted_at": utc_text(row.retracted_at),
        "code": row.retraction_code,
        "retracted_by": row.retracted_by if own["retracted_by"] else None,
        "reason": words.decode() if own["reason"] else None,
    }


def _version(row: Any, note: str, retraction: Mapping[str, Any] | None, *, withheld: bool) -> Mapping[str, Any]:
    """Return a version without its content; of one that was retracted from the reader nothing of what it said."""
    return {
        "number": row.number,
        "digest": row.digest,
        "parent_digest": row.parent_digest,
        "salt": row.salt,
        "attachments": [] if withheld else row.attachments,
        "created_at": utc_text(row.version_created_at),
        "created_by": row.created_by,
        "note": note,
        "warnings": [] if withheld else row.warnings,
        "content_schema": str(row.content_schema),
        "shared_with": [
            {
                "organisation": organisation,
                "unit": unit,
                "shared_at": utc_text(datetime.fromisoformat(at)),
                "early_advice_request_id": request,
            }
            for organisation, unit, at, request in row.shares or ()
        ],
        "retraction": retraction,
    }


def _where_it_stands(caller: Caller, row: Any) -> dict[str, Any]:
    """Return the derived status of a case file and of each suspect, as this side can know it."""
    begun = caller.kind is OrganisationKind.CPS or row.newest_number > 1 or row.requested
    suspects = statuses(row.standings or (), _referred_in(row), begun=begun)
    status = status_of_case(suspects, referred=row.referred is not None, begun=begun)
    return {"status": status, "suspects": suspects}


def _referred_in(row: Any) -> frozenset[str]:
    return frozenset(suspect for named in row.referred or () for suspect in named)
