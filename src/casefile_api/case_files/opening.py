"""Opening a case file with its version 1."""

from dataclasses import asdict, replace
from typing import Any

from casefile_api.case_files.commands import check_sound, created_by, insert_version
from casefile_api.case_files.conflicts import refuse_interested, shut_out_parties
from casefile_api.case_files.envelope import Envelope, check_envelope, guarding_urn, refuse_taken_urn
from casefile_api.case_files.indexing import INSERT as MAKE_FINDABLE
from casefile_api.case_files.indexing import Findable
from casefile_api.case_files.queries import CaseFileRow, find_visible, hold
from casefile_api.case_files.sharing import let_have
from casefile_api.case_files.versions import seal_version
from casefile_api.case_files.views import CaseFileView, view_case_file
from casefile_api.errors import Fault, Invalid
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.idempotency import Replayed


async def open_case_file(work: UnitOfWork, asked: Envelope, content: dict[str, Any], note: str) -> CaseFileView:
    """Open a case file with its version 1.

    Raises Invalid (URN of another force, unknown unit, faulty content) and AlreadyExists (URN with suffix).
    """
    if asked.police_unit is None:
        asked = replace(asked, police_unit=work.caller.unit)
    if asked.police_unit is None:
        raise Invalid("A unit is needed.", Fault("required", "A system says whose case it is.", pointer="/police_unit"))
    await _replayed_to_who_sees_it(work)
    case = await make_case_file(work, asked, content, note)
    return await view_case_file(work, case, 1)


async def make_case_file(
    work: UnitOfWork, asked: Envelope, content: dict[str, Any], note: str, *, guarded_as: CaseFileRow | None = None
) -> CaseFileRow:
    """Make a case file with its version 1, let in those alone whom another one lets in, where that is named.

    Raises Invalid and AlreadyExists as opening does.
    """
    envelope = await check_envelope(work, asked)
    await refuse_taken_urn(work, envelope.urn, envelope.urn_suffix)
    check_sound(content, [], work)
    refuse_interested(content, work.caller, guarded_as.shut_out if guarded_as is not None else [])
    found = Findable.of(work.vault, content)
    case = CaseFileRow(
        new_id(),
        str(envelope.urn),
        envelope.urn_suffix,
        work.caller.organisation,
        str(envelope.police_unit),
        str(envelope.cps_unit),
        envelope.crime_references or [],
        1,
        found.officers,
        findable_as=found.digest,
    )
    if guarded_as is not None:
        case = replace(case, restricted=guarded_as.restricted, admitted=guarded_as.admitted)
    await work.vault.create_key(work.session, case.id)
    await _insert_case(work, case)
    version = seal_version(case.id, content, [], number=1, parent_digest=None)
    await insert_version(work, case, version, content, note)
    await work.later(MAKE_FINDABLE, found.values(case.id, 1))
    await shut_out_parties(work, case.id, content, 1, created_by(work.caller))
    work.trail.about("case_file", case.id, version=1, case_file_id=case.id, owner=case.organisation)
    await work.record("case_file.opened", to=[case.organisation], case_file_id=case.id, version=1)
    return case


async def _replayed_to_who_sees_it(work: UnitOfWork) -> None:
    """Go on if this opening was not answered before; that answer is for who may still see the case file.

    Raises Replayed, or NotFound where the caller was shut out meanwhile.
    """
    try:
        await work.first_time()
    except Replayed as replayed:
        await refuse_hidden(work, replayed)
        raise


async def refuse_hidden(work: UnitOfWork, replayed: Replayed) -> None:
    """Refuse the kept answer of an opening to somebody who cannot see the case file any more.

    Raises NotFound.
    """
    if replayed.case_file_id is not None:
        await find_visible(work, replayed.case_file_id)


async def _insert_case(work: UnitOfWork, case: CaseFileRow) -> None:
    names = list(CaseFileRow.__dataclass_fields__)
    statement = f"insert into case_file ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})"
    await hold(work.session, case.id)
    await guarding_urn(work, statement, asdict(case))
    await let_have(work, case.id, case.organisation, case.police_unit)
