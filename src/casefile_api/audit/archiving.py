"""Old entries by the month: detached into an archive file that proves itself for ever, and attached again from it.

The file is an NDJSON export with the proofs of one published tree; `verify-export` needs nothing else. Leaves and tiles
stay, so every proof and every receipt stays good while the entries are away. Both acts are entries of the log that name
a digest of exactly the leaves that went or came.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.audit.export_verification import ExportVerification, Line, LineError, read_line
from casefile_api.audit.items import EntryRow
from casefile_api.audit.vouched import ATTACH, DETACH
from casefile_api.canonical import canonical_json
from casefile_api.clock import Clock, real_now
from casefile_api.database import Database
from casefile_api.errors import NotFound, WrongState
from casefile_api.identifiers import new_id
from casefile_api.ledger import tree
from casefile_api.ledger.checkpoints import open_checkpoint, parse_verifier_key
from casefile_api.ledger.erasures import scope_digest
from casefile_api.ledger.leaf_ranges import LeafRanges
from casefile_api.ledger.proofs import PublishedCheckpoint, newest_checkpoint
from casefile_api.ledger.search_rows import FILED
from casefile_api.ledger.stored_tree import StoredTree
from casefile_api.ledger.succession import present_log
from casefile_api.ledger.tree import leaf_hash
from casefile_api.tenancy import AS_OWNER, WORKER_ROLE
from casefile_api.unattended import Act, unattended

PAGE = 500
NO_ENTRY = "00000000-0000-0000-0000-000000000000"
_PERIOD = re.compile(r"first|\d{6}")
_BOUND = re.compile(r"FROM \((MINVALUE|'[0-9a-f-]{36}')\) TO \('([0-9a-f-]{36})'\)")
_BOUNDS = text(
    "select pg_get_expr(c.relpartbound, c.oid) from pg_class c join pg_inherits i on i.inhrelid = c.oid"
    " where i.inhparent = 'audit_entry'::regclass and c.relname = :name"
)
_COPIED = (
    "id", "occurred_at", "entry", "leaf_hash", "operation", "action", "outcome", "organisation", "client_id",
    "staff_id", "case_file_id", "owner", "erasable", "salt",
)  # fmt: skip
_INSERT = "insert into {table} (" + ", ".join(_COPIED) + ") values (" + ", ".join(f":{name}" for name in _COPIED) + ")"
_UNFILE = text(
    "delete from audit_search s using unnest(cast(:leaves as int8multirange)) r"
    " where s.leaf_index >= lower(r) and s.leaf_index < upper(r)"
)
_KEEP = text(
    "insert into audit_detached (id, period, attached, log, leaves, digest, act, happened_at)"
    " values (:id, :period, :attached, :log, cast(:leaves as int8multirange), :digest, :act, :at)"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder of a detached period."""

    folder: Path

    @property
    def entries(self) -> Path:
        """The entries, one a line, each with its proof."""
        return self.folder / "entries.ndjson"

    @property
    def checkpoint(self) -> Path:
        """The checkpoint that the proofs lead to."""
        return self.folder / "checkpoint"

    @property
    def keys(self) -> Path:
        """The log's keys."""
        return self.folder / "log.key"

    @property
    def period(self) -> Path:
        """Which period it is, and which ids belong to it."""
        return self.folder / "period.json"

    def lines(self) -> Iterator[tuple[Line, str | None]]:
        """The entries, each with the force under which searches find it.

        Raises WrongState where a line is none.
        """
        with self.entries.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield read_line(line), orjson.loads(line).get("owner")
                except LineError as fault:
                    raise WrongState(f"{self.entries}, line {number}: {fault}.") from None


async def detach(database: Database, period: str, archive: Archive) -> int:
    """Write a past period into an archive, verify that, and take its entries out of the database; how many.

    Raises NotFound where there is no such period here, WrongState where it cannot go yet.
    """
    at = real_now()
    async with unattended(database, Clock(), DETACH) as act:
        await act.session.execute(text(AS_OWNER))
        await act.session.execute(text("set local lock_timeout = '5s'"))
        table, bounds = await _past_partition(act.session, period)
        published = await newest_checkpoint(act.session)
        leaves = await _write(act.session, table, published, archive, {"period": period, **bounds})
        _verify(archive)
        await act.session.execute(_UNFILE, {"leaves": leaves.to_store()})
        await act.session.execute(text(f"alter table audit_entry detach partition {table}"))
        await act.session.execute(text(f"drop table {table}"))
        await _keep(act, period, leaves, attached=False, at=at)
    return len(leaves)


async def _past_partition(session: AsyncSession, period: str) -> tuple[str, dict[str, str | None]]:
    """The partition of a period that is over, held against changes, and its bounds."""
    if not _PERIOD.fullmatch(period):
        raise NotFound("A period is six digits, year and month; or `first`, for what was before the first whole month.")
    table = f"audit_entry_{period}"
    bound = (await session.execute(_BOUNDS, {"name": table})).scalar_one_or_none()
    found = _BOUND.search(bound or "")
    if found is None:
        raise NotFound(f"There are no entries of the period {period} here.")
    low, high = found[1].strip("'"), found[2]
    if UUID(high).int >> 80 > real_now().timestamp() * 1000:
        raise WrongState(f"The period {period} is not over.")
    await session.execute(text(f"lock table {table} in share mode"))
    without = f"select count(*) from {table} e where not exists (select from audit_leaf l where l.entry_id = e.id)"
    if (await session.execute(text(without))).scalar_one():
        raise WrongState("Some of its entries have no place in the present log: they wait, or are of a closed log.")
    return table, {"low": None if low == "MINVALUE" else low, "high": high}


async def _write(
    session: AsyncSession, table: str, published: PublishedCheckpoint, archive: Archive, about: dict[str, Any]
) -> LeafRanges:
    """Write the archive's files; the leaves that are in it."""
    archive.folder.mkdir(mode=0o700, parents=True)
    keys = (await session.execute(text("select verifier_key from audit_log_key order by first_used_at"))).scalars()
    archive.keys.write_text("".join(f"{key}\n" for key in keys))
    archive.checkpoint.write_text(published.note)
    archive.period.write_text(json.dumps(about))
    leaves: list[int] = []
    with archive.entries.open("wb") as file:
        async for row, line in _lines(session, table, published.tree_size):
            file.write(line)
            leaves.append(row)
    return LeafRanges.of(leaves)


async def _lines(session: AsyncSession, table: str, size: int) -> AsyncIterator[tuple[int, bytes]]:
    """The entries of a partition by leaf, as lines of an export with the owner behind."""
    stored, last = StoredTree(), -1
    query = text(
        "select l.leaf_index, e.id, e.occurred_at, l.leaf_hash, e.entry, e.erasable, e.salt, null as state, e.owner"
        f" from audit_leaf l join {table} e on e.id = l.entry_id"
        " where l.leaf_index > :last and l.leaf_index < :size order by l.leaf_index limit :page"
    )
    while rows := (await session.execute(query, {"last": last, "size": size, "page": PAGE})).all():
        plans = [tree.inclusion_plan(row.leaf_index, size) for row in rows]
        await stored.fetch(session, [node for plan in plans for span in plan for node in span])
        for row, plan in zip(rows, plans, strict=True):
            line = EntryRow.of(row).as_line(size, stored.path(plan))
            yield row.leaf_index, line[:-2] + b',"owner":' + orjson.dumps(row.owner) + b"}\n"
        last = rows[-1].leaf_index


def _verify(archive: Archive) -> None:
    """Verify an archive by itself, as anybody can for ever; WrongState where it does not prove what it holds."""
    keys = [parse_verifier_key(line) for line in archive.keys.read_text().splitlines()]
    verification = ExportVerification(open_checkpoint(archive.checkpoint.read_text(), keys))
    with archive.entries.open("rb") as lines:
        report = verification.verify(lines)
    if not report.whole:
        raise WrongState(f"The archive does not prove itself: {report.findings[0].sentence}")


async def attach(database: Database, archive: Archive) -> int:
    """Bring a detached period back from its archive, each entry held against its leaf; how many.

    Raises WrongState where the archive is not what was detached.
    """
    at = real_now()
    about = json.loads(archive.period.read_text())
    _verify(archive)
    async with unattended(database, Clock(), ATTACH) as act:
        await act.session.execute(text(AS_OWNER))
        await act.session.execute(text("set local lock_timeout = '5s'"))
        leaves = await _detached_leaves(act.session, about["period"])
        table = f"audit_entry_{about['period']}"
        like = "including defaults including constraints including storage"
        await act.session.execute(text(f"create table {table} (like audit_entry {like})"))
        found = await _fill(act.session, table, archive)
        if found != leaves:
            raise WrongState("The archive does not hold exactly what was detached.")
        await act.session.execute(text(f"{FILED} from audit_leaf l join {table} e on e.id = l.entry_id"))
        await _attach(act.session, table, UUID(about["low"] or NO_ENTRY), UUID(about["high"]))
        await _keep(act, about["period"], leaves, attached=True, at=at)
    return len(leaves)


async def _attach(session: AsyncSession, table: str, low: UUID, high: UUID) -> None:
    """Make a table a partition again, with what came in its range meanwhile and lies where nothing fits."""
    came = f"delete from audit_entry_other where id >= '{low}' and id < '{high}' returning *"
    await session.execute(text(f"with came as ({came}) insert into {table} select * from came"))
    start = "minvalue" if str(low) == NO_ENTRY else f"'{low}'"
    await session.execute(
        text(f"alter table audit_entry attach partition {table} for values from ({start}) to ('{high}')")
    )


async def _detached_leaves(session: AsyncSession, period: str) -> LeafRanges:
    query = text(
        "select attached, leaves::text as leaves from audit_detached where period = :period and log = :log"
        " order by happened_at desc limit 1"
    )
    values = {"period": period, "log": await present_log(session)}
    row = (await session.execute(query, values)).one_or_none()
    if row is None or row.attached or not _PERIOD.fullmatch(period):
        raise WrongState(f"The period {period} is not detached from this log.")
    return LeafRanges.stored(row.leaves)


async def _fill(session: AsyncSession, table: str, archive: Archive) -> LeafRanges:
    """Put the entries of an archive into a table; each must be the one whose leaf stands in the log."""
    leaves: list[int] = []
    batch: list[dict[str, Any]] = []
    insert = text(_INSERT.format(table=table))
    for line, owner in archive.lines():
        if line.entry is None:
            raise WrongState("An archive holds whole entries.")
        batch.append(_row_of(line, owner))
        leaves.append(line.leaf_index)
        if len(batch) == PAGE:
            await session.execute(insert, batch)
            batch = []
    if batch:
        await session.execute(insert, batch)
    differing = text(
        f"select count(*) from {table} e left join audit_leaf l on l.entry_id = e.id"
        " where l.leaf_hash is distinct from e.leaf_hash"
    )
    if (await session.execute(differing)).scalar_one():
        raise WrongState("Some entries of the archive are not those whose leaves stand in the log.")
    return LeafRanges.of(leaves)


def _row_of(line: Line, owner: str | None) -> dict[str, Any]:
    entry = line.entry or {}
    canonical = canonical_json(entry)
    row = {name: entry.get(name) for name in _COPIED}
    return {
        **row,
        "entry": canonical,
        "leaf_hash": leaf_hash(canonical),
        "owner": owner,
        "erasable": canonical_json(line.erasable) if line.erasable is not None else None,
        "salt": line.salt,
    }


async def _keep(act: Act, period: str, leaves: LeafRanges, *, attached: bool, at: Any) -> None:
    """Keep, still as the owner, which leaves went or came, with the bytes of the entry that says so."""
    digest = scope_digest(f"period {period}", leaves)
    act.trail.about("log_period", digest)
    act.trail.details = {"period": period, "entries": len(leaves)}
    await act.session.execute(
        _KEEP,
        {
            "id": new_id(),
            "period": period,
            "attached": attached,
            "log": await present_log(act.session),
            "leaves": leaves.to_store(),
            "digest": digest,
            "act": act.seal_entry().canonical,
            "at": at,
        },
    )
    await act.session.execute(text(f"set local role {WORKER_ROLE}"))
