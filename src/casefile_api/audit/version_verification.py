"""Versions of case files held against their digests, their order, and what the log says was written.

A version's bytes are sealed; opening them proves that they stand where they were put, and their hash is the digest that
receipts name. A case whose key was destroyed is erased: its digests remain and confirm nothing.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.audit.findings import Advance, Meaning, Report
from casefile_api.canonical import sha256_hex
from casefile_api.database import Database
from casefile_api.errors import Gone
from casefile_api.tenancy import WORKER
from casefile_api.vault import Vault

PAGE = 200
FIRST = UUID(int=0)

_VERSIONS = text(
    """
    select v.case_file_id, v.number, v.digest, v.parent_digest, v.salt, v.attachments, v.body, c.newest_number
    from case_file_version v left join case_file c on c.id = v.case_file_id
    where (v.case_file_id, v.number) > (:case_file_id, :number)
    order by v.case_file_id, v.number limit :limit
    """
)
_COUNT = text("select count(*) from case_file_version")
_SHORT = text(
    """
    select c.id, c.newest_number, coalesce(max(v.number), 0) as last
    from case_file c left join case_file_version v on v.case_file_id = c.id
    group by c.id, c.newest_number having coalesce(max(v.number), 0) <> c.newest_number order by c.id
    """
)
_WRITING = "('open_case_file', 'add_version', 'patch_case_file', 'restore_version', 'split_case_file')"
# What the log says was written, and is not there. Only entries that are whole are read: others are found elsewhere.
_RECORDED = text(
    f"""
    select e.id, e.case_file_id, e.target_version from (
        select id, case_file_id, case when sha256('\\x00'::bytea || entry) = leaf_hash
            then (convert_from(entry, 'UTF8')::jsonb ->> 'target_version')::int end as target_version
        from audit_entry where outcome = 'allowed' and action in {_WRITING}
            and case_file_id is not null) e
    where e.target_version is not null and not exists (
        select from case_file_version v where v.case_file_id = e.case_file_id and v.number = e.target_version)
    order by e.case_file_id, e.target_version
    """
)

# What is there, and the log does not say that it was written: the entry was taken out, before or after it had a leaf.
# Of what is older than the last lawful removal of entries it cannot be told, nor of a case file with an entry that does
# not open. Every entry is read once, however many versions there are: `except` goes by a hash, whatever is estimated.
_UNTOLD = text(
    f"""
    with told as materialized (
        select case_file_id, whole, case when whole
            then (convert_from(entry, 'UTF8')::jsonb ->> 'target_version')::int end as number
        from (select case_file_id, entry, sha256('\\x00'::bytea || entry) = leaf_hash as whole from audit_entry
            where outcome = 'allowed' and action in {_WRITING} and case_file_id is not null) e),
    unclear as materialized (select distinct case_file_id from told where not whole),
    untold as (
        select case_file_id, number from case_file_version where created_at > coalesce(greatest(
            (select max(confirmed_at) from audit_erasure where kind = 'entries'),
            (select max(happened_at) from audit_detached)), '-infinity')
        except select case_file_id, number from told where whole)
    select case_file_id, number from untold where case_file_id not in (select case_file_id from unclear)
    order by case_file_id, number limit 1000
    """
)
# What goes over the whole log at once takes as long as it takes; nobody waits for it behind a request.
_UNHURRIED = text("set local statement_timeout = 0")


async def verify_versions(
    database: Database, vault: Vault, report: Report, advance: Advance, erased_cases: Collection[UUID] = ()
) -> None:
    """Verify every version: its digest, its place, its parent, and that none is missing or erased by nobody."""
    async with database.session(WORKER) as session:
        total = (await session.execute(_COUNT)).scalar_one()
    erased = frozenset(erased_cases)
    case_file_id, number, done = FIRST, 0, 0
    previous: Row[Any] | None = None
    while True:
        async with database.session(WORKER) as session:
            values = {"case_file_id": case_file_id, "number": number, "limit": PAGE}
            rows = (await session.execute(_VERSIONS, values)).all()
            for row in rows:
                await _verify(session, vault, report, row, previous, erased)
                previous = row
        done += len(rows)
        advance("versions", done, total)
        if len(rows) < PAGE:
            break
        case_file_id, number = rows[-1].case_file_id, rows[-1].number
    await _verify_none_missing(database, report)


async def _verify(
    session: AsyncSession,
    vault: Vault,
    report: Report,
    row: Row[Any],
    previous: Row[Any] | None,
    erased: Collection[UUID],
) -> None:
    report.count("versions")
    name = _name(row.case_file_id, row.number)
    if previous is None or previous.case_file_id != row.case_file_id:
        expected, parent = 1, None
    else:
        expected, parent = previous.number + 1, previous.digest
    if row.number != expected:
        for gone in range(expected, row.number):
            report.add("version", _name(row.case_file_id, gone), "it is missing", Meaning.VERSION_REMOVED)
    elif row.parent_digest != parent:
        report.add("version", name, "it does not name the version before it", Meaning.VERSION_ALTERED)
    if row.newest_number is None:
        report.add("version", name, "its case file is missing", Meaning.VERSION_REMOVED)
    try:
        body = await vault.open(session, row.case_file_id, bytes(row.body), context_of(row.case_file_id, row.number))
    except Gone:
        if row.case_file_id in erased:
            report.count("erased versions")
        else:
            unexplained = "the key of its case is gone, and no recorded erasure says why"
            report.add("version", name, unexplained, Meaning.VERSION_REMOVED)
        return
    except Exception:  # whatever stands there, it is not what was sealed
        report.add("version", name, "its bytes do not open in their place", Meaning.VERSION_ALTERED)
        return
    wrong = wrong_version(row, body)
    if wrong is not None:
        report.add("version", name, wrong, Meaning.VERSION_ALTERED)


def context_of(case_file_id: UUID, number: int) -> str:
    """The place that a version's bytes were sealed for."""
    return f"case_file_version.body:{case_file_id}:{number}"


def wrong_version(row: Row[Any], body: bytes) -> str | None:
    """What is wrong with the opened bytes of a version."""
    if f"sha256:{sha256_hex(body)}" != row.digest:
        return "its bytes do not have its digest"
    hashed = orjson.loads(body)
    shown = {
        "attachments": row.attachments,
        "case_file_id": str(row.case_file_id),
        "number": row.number,
        "parent_digest": row.parent_digest,
        "salt": row.salt,
    }
    differing = [name for name, value in shown.items() if hashed.get(name) != value]
    return f"what stands beside it ({', '.join(differing)}) is not what its digest covers" if differing else None


async def _verify_none_missing(database: Database, report: Report) -> None:
    async with database.session(WORKER) as session:
        await session.execute(_UNHURRIED)
        for row in await session.execute(_SHORT):
            wrong = f"the case file counts {row.newest_number} versions and the last one kept is {row.last}"
            report.add("version", _name(row.id, max(row.newest_number, row.last)), wrong, Meaning.VERSION_REMOVED)
        for row in await session.execute(_RECORDED):
            wrong = f"entry {row.id} says that it was written and it is missing"
            report.add("version", _name(row.case_file_id, row.target_version), wrong, Meaning.VERSION_REMOVED)
        for row in await session.execute(_UNTOLD):
            wrong = "no entry of the log says that it was written"
            report.add("version", _name(row.case_file_id, row.number), wrong, Meaning.ENTRY_REMOVED)


def _name(case_file_id: object, number: int) -> str:
    return f"{number} of case file {case_file_id}"
