"""A log of one's own for tests: entries and events written as the service writes them, and a sequencer to hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psycopg

from casefile_api.access.permissions import Operation62
from casefile_api.identifiers import new_id
from casefile_api.ledger.batch import Batch, JobWanted
from casefile_api.ledger.checkpoints import SignerKey
from casefile_api.ledger.entries import SealedEntry, compose
from casefile_api.ledger.log_keys import open_log
from casefile_api.ledger.sequencer import Sequencer, connect
from casefile_api.ledger.trail import Trail
from casefile_api.settings import Settings
from casefile_api.tenancy import AS_WORKER

ORIGIN = "casefile.example/log"

_COLUMNS = ("operation", "action", "outcome", "organisation", "client_id", "staff_id", "case_file_id")


def insert_entry(connection: psycopg.Connection[Any], entry: SealedEntry) -> None:
    """Write one entry and put it into the inbox."""
    values = [entry.id, entry.occurred_at, entry.canonical, entry.leaf_hash, entry.owner, entry.erasable, entry.salt]
    connection.execute(
        "insert into audit_entry (id, occurred_at, entry, leaf_hash, owner, erasable, salt, "
        f"{', '.join(_COLUMNS)}) values (%s, %s, %s, %s, %s, %s, %s, {', '.join(['%s'] * len(_COLUMNS))})",
        [*values, *(entry.fields[name] for name in _COLUMNS)],
    )
    connection.execute("insert into audit_pending (entry_id) values (%s)", [entry.id])


def an_entry(action: str = "get_case_file", owner: str | None = None, **details: Any) -> SealedEntry:
    """An entry as a request would compose it; with details it has something erasable."""
    trail = Trail(action, word=Operation62.CONSULTATION, request_id="req", owner=owner, details=details)
    return compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC))


def insert_event(
    connection: psycopg.Connection[Any], organisation: str, case_file_id: UUID, sequence: int, at: datetime
) -> UUID:
    """Write one event and put it into the inbox."""
    event_id = new_id()
    connection.execute(
        "insert into event (event_id, organisation, type, case_file_id, sequence, occurred_at, recorded_at, body)"
        " values (%s, %s, 'message.sent', %s, %s, %s, %s, '{}')",
        [event_id, organisation, case_file_id, sequence, at, at],
    )
    connection.execute("insert into event_pending (event_id, organisation) values (%s, %s)", [event_id, organisation])
    return event_id


@dataclass
class LogInHand:
    """A database, its settings, and a sequencer that takes one step when told."""

    settings: Settings
    owner_url: str
    deferred: list[JobWanted] = field(default_factory=list)

    @classmethod
    def on(cls, service_url: str, owner_url: str, folder: Path) -> Self:
        settings = Settings(database_url=service_url, data_dir=folder, log_origin=ORIGIN)
        return cls(settings, owner_url)

    @property
    def kept_file(self) -> Path:
        return self.settings.data_dir / "log" / "checkpoint.latest"

    async def defer(self, connection: psycopg.AsyncConnection[Any], wanted: Sequence[JobWanted]) -> None:
        self.deferred.extend(wanted)

    async def step(self, sequencer: Sequencer | None = None) -> Batch | None:
        """One batch on a connection of its own, as a sequencer that was just started does it."""
        sequencer = sequencer or Sequencer(self.settings, self.defer)
        async with await connect(self.settings) as connection:
            signers = await open_log(connection, self.settings, datetime.now(UTC))
            return await sequencer.step(connection, signers)

    async def signers(self) -> list[SignerKey]:
        async with await connect(self.settings) as connection:
            return await open_log(connection, self.settings, datetime.now(UTC))

    def write(self, count: int, **details: Any) -> list[SealedEntry]:
        """Write entries in one transaction."""
        entries = [an_entry(**details) for _ in range(count)]
        with psycopg.connect(self.settings.database_url, options=AS_WORKER) as connection:
            for entry in entries:
                insert_entry(connection, entry)
        return entries

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner_url) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def tamper(self, statement: str, *values: object) -> int:
        """Change what the service itself may not, as somebody with the owner's rights could; how many rows."""
        with psycopg.connect(self.owner_url) as connection:
            return connection.execute(statement.encode(), values).rowcount


def leaves(log: LogInHand) -> list[bytes]:
    """The leaves of the tree, in their order."""
    return [row[0] for row in log.rows("select leaf_hash from audit_leaf order by leaf_index")]
