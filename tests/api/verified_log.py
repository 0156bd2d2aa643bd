"""A log of 300 entries to be tampered with, and its verification."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from casefile_api.audit.findings import Report
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.canonical import canonical_json
from casefile_api.case_files.versions import seal_version
from casefile_api.database import Database
from casefile_api.identifiers import new_id
from casefile_api.ledger import tiles, tree
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, sign_checkpoint
from casefile_api.ledger.entries import compose
from casefile_api.ledger.trail import Trail
from casefile_api.tenancy import AS_WORKER, Scope
from casefile_api.vault import Vault
from tests.databases import DatabaseServer
from tests.logs import ORIGIN, LogInHand, insert_entry

VAULT = Vault(b"v" * 32)


ENTRIES = 300


class VerifiedLog(LogInHand):
    """A log of 300 entries in three checkpoints, and a case file of three versions."""

    case: UUID
    database: Database

    async def verify(self) -> Report:
        believed = await believed_beside(self.database, self.settings)
        return await verify_database(self.database, VAULT, believed)

    async def named(self) -> set[str]:
        """What the verification finds wrong: kinds and names."""
        return {f"{found.kind} {found.name}" for found in (await self.verify()).findings}

    def entry_at(self, leaf: int) -> UUID:
        found: UUID = self.rows("select entry_id from audit_leaf where leaf_index = %s", leaf)[0][0]
        return found


TABLES = (
    "audit_erasure", "audit_entry", "audit_pending", "audit_leaf", "audit_search", "audit_tile", "audit_checkpoint",
    "audit_log", "audit_log_key", "log_alarm", "case_file", "case_file_version",
)  # fmt: skip


@pytest.fixture(scope="session")
def written(postgresql: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifiedLog]:
    """The log, written once, with a copy of every table beside it."""
    with postgresql.scratch() as scratch:
        log = VerifiedLog.on(scratch.service_url, scratch.owner_url, tmp_path_factory.mktemp("written"))

        async def write() -> UUID:
            log.database = Database(log.settings)
            case = await a_case_of_three_versions(log)
            for count in (ENTRIES - 60 - 3, 59, 1):
                log.write(count, looked_for="something")
                await log.step()
            await log.database.close()
            return case

        log.case = asyncio.run(write())
        log.tamper("create schema kept")
        for table in TABLES:
            log.tamper(f"create table kept.{table} as table {table}")
        yield log


@pytest.fixture
async def log(written: VerifiedLog) -> AsyncIterator[VerifiedLog]:
    """The log as it was written; whatever a test does to it is undone."""
    written.database = Database(written.settings)
    yield written
    await written.database.close()
    with psycopg.connect(written.owner_url) as connection:
        connection.execute(f"truncate {', '.join(TABLES)} cascade".encode())
        for table in TABLES:
            connection.execute(f"insert into {table} table kept.{table}".encode())


async def a_case_of_three_versions(log: VerifiedLog) -> UUID:
    """A case file as the service keeps it, with the entries that say so."""
    case, parent = new_id(), None
    async with log.database.session(Scope("police-53", "police")) as session:
        await session.execute(
            text(
                "insert into case_file (id, urn, organisation, police_unit, cps_unit, crime_references, newest_number,"
                " named_staff) values (:id, '53BH0012326', 'police-53', 'u', 'c', '{}', 3, '{}')"
            ),
            {"id": case},
        )
        await VAULT.create_key(session, case)
        for number in (1, 2, 3):
            version = seal_version(case, {"summary": f"as of {number}"}, [], number=number, parent_digest=parent)
            place = f"case_file_version.body:{case}:{number}"
            values = {"case": case, "number": number, "digest": version.digest, "parent": parent, "salt": version.salt}
            values["body"] = await VAULT.seal(session, case, version.body, place)
            await session.execute(
                text(
                    "insert into case_file_version values (:case, :number, :digest, :parent, :salt, :body, '', '[]',"
                    " '[]', '{}', now(), 'rasso', '{}')"
                ),
                values,
            )
            parent = version.digest
        await session.commit()
    write_version_entries(log, case)
    return case


def write_version_entries(log: VerifiedLog, case: UUID) -> None:
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        for number in (1, 2, 3):
            trail = Trail("open_case_file" if number == 1 else "add_version")
            trail.about("case_file", case, version=number, case_file_id=case, owner="police-53")
            insert_entry(connection, compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC)))


async def rewritten(log: VerifiedLog, key: SignerKey) -> None:
    """Whoever has the whole database and not the key: an entry rewritten, and every hash after it made to fit."""
    identifier = log.entry_at(41)
    fields = json.loads(log.rows("select entry from audit_entry where id = %s", identifier)[0][0])
    forged = canonical_json({**fields, "action": "get_version"})
    leaf = tree.leaf_hash(forged)
    forge = "update audit_entry set entry = %s, leaf_hash = %s, action = 'get_version' where id = %s"
    log.tamper(forge, forged, leaf, identifier)
    log.tamper("update audit_search set action = 'get_version' where leaf_index = 41")
    log.tamper("update audit_leaf set leaf_hash = %s where leaf_index = 41", leaf)
    leaves = [row[0] for row in log.rows("select leaf_hash from audit_leaf order by leaf_index")]
    for tile, hashes in tiles.append(0, {}, leaves).items():
        log.tamper("update audit_tile set hashes = %s where (level, number) = (%s, %s)", hashes, *tile)
    for number, size in ((1, 240), (2, 299), (3, 300)):
        root = tree.root_of(leaves[:size])
        note = sign_checkpoint(Checkpoint(ORIGIN, size, root), [key])
        log.tamper("update audit_checkpoint set root_hash = %s, note = %s where id = %s", root, note, number)
