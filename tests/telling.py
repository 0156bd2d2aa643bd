"""A worker of one's own and endpoints put straight into the database, for tests of the telling alone."""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.clock import Clock, real_now
from casefile_api.database import Database
from casefile_api.identifiers import new_id
from casefile_api.ledger.happenings import Actor, add_event
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER, Scope
from casefile_api.vault import Vault, read_master_key
from casefile_api.web.assembly import master_key_file
from casefile_api.webhooks.owing import VERIFICATION, owe, owed_row
from casefile_api.webhooks.secrets import add_secret

ORGANISATION = "police-53"
_numbers = itertools.count(1)
"""Of the case files, whichever `Telling` opens them."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint and the secret its receiver was given."""

    id: UUID
    secret: str


class Telling:
    """What a test of the telling has to hand: settings of a sandbox on a database of its own."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.settings = Settings(
            log_bucket="",  # no store here
            database_url=database_url,
            data_dir=folder,
            sandbox=True,
            s3_endpoint_url="http://127.0.0.1:9",
        )
        self.database = Database(self.settings)
        self.vault = Vault(read_master_key(master_key_file(self.settings)))
        self.clock = Clock()

    async def register(self, url: str, *patterns: str, state: str = "active") -> Endpoint:
        """Put an endpoint into the database; a pending one is owed its verification."""
        endpoint_id, now = new_id(), self.clock.now()
        async with self.database.session(Scope(ORGANISATION, "police")) as session:
            await session.execute(
                text(
                    "insert into webhook_endpoint (id, organisation, client_id, url, event_types, state, created_at,"
                    " updated_at, fed_to) values (:id, :organisation, 'test', :url, :patterns, :state, :now, :now,"
                    " (select coalesce(max(position), 0) from event_position))"
                ),
                {
                    "id": endpoint_id,
                    "organisation": ORGANISATION,
                    "url": url,
                    "patterns": list(patterns) or ["*"],
                    "state": state,
                    "now": now,
                },
            )
            secret = (await add_secret(session, self.vault, endpoint_id, now)).kept
            if state == "pending":
                event = await add_event(
                    session,
                    VERIFICATION,
                    to=[ORGANISATION],
                    actor=Actor(ORGANISATION),
                    now=now,
                    endpoint_id=endpoint_id,
                    webhook_endpoint_id=endpoint_id,
                    state=state,
                )
                await owe(session, [owed_row(endpoint_id, event, ORGANISATION, VERIFICATION, now)])
            await session.commit()
        return Endpoint(endpoint_id, secret)

    async def ask_again(self, endpoint: Endpoint, event: UUID) -> None:
        """Ask for an event once more, as its owner does."""
        async with self.database.session(Scope(ORGANISATION, "police")) as session:
            row = owed_row(endpoint.id, event, ORGANISATION, "case_file.version_added", self.clock.now())
            await owe(session, [row])
            await session.commit()

    async def happen(self, *, case: UUID | None = None, count: int = 1, to: str = ORGANISATION) -> list[UUID]:
        """Let things happen to a case; return the ids of the events."""
        case = case or new_id()
        await self._opened(case)
        async with self.database.session(WORKER) as session:
            happened = [
                await add_event(
                    session,
                    "case_file.version_added",
                    to=[to],
                    actor=Actor(to),
                    now=self.clock.now(),
                    case_file_id=case,
                    version=number + 1,
                )
                for number in range(count)
            ]
            await session.commit()
        return happened

    async def _opened(self, case: UUID) -> None:
        """Let there be the case: what is told of none is told to nobody."""
        async with self.database.session(Scope(ORGANISATION, "police")) as session:
            await session.execute(
                text(
                    "insert into case_file (id, urn, organisation, police_unit, cps_unit, crime_references,"
                    " newest_number, named_staff) select :id, :urn, :organisation, 'police-53-rasso',"
                    " 'cps-south-west-rasso', '{}', 1, '{}' where not exists (select from case_file where id = :id)"
                ),
                {"id": case, "urn": f"53ZZ{next(_numbers):05}26", "organisation": ORGANISATION},
            )
            await session.commit()

    async def advance(self, length: timedelta) -> None:
        """Move the sandbox's working time on."""
        async with self.database.session() as session:
            moved = "update working_time set ahead_seconds = ahead_seconds + :seconds returning ahead_seconds"
            ahead = await session.execute(text(moved), {"seconds": int(length.total_seconds())})
            self.clock.moved_to(timedelta(seconds=ahead.scalar_one()))
            await session.commit()

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """Look into the database."""
        async with self.database.session(WORKER) as session:
            return list((await session.execute(text(query), values)).all())

    async def state(self, endpoint: Endpoint) -> tuple[str, str | None]:
        """The state of an endpoint and its reason."""
        row = (await self.rows("select state, reason from webhook_endpoint where id = :id", id=endpoint.id))[0]
        return row.state, row.reason

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run a worker in this process."""
        from casefile_api.worker import run_worker

        stop = asyncio.Event()
        worker = asyncio.create_task(run_worker(self.settings, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(worker, 60)

    @contextmanager
    def worker_process(self) -> Iterator["WorkerProcess"]:
        """Run a worker in a process of its own, that can be killed."""
        process = WorkerProcess(self.settings)
        try:
            yield process
        finally:
            process.kill()


class WorkerProcess:
    """A `casefile-api worker` that can be killed and begun again."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {
            "CASEFILE_LOG_BUCKET": "",
            **os.environ,
            "CASEFILE_DATABASE_URL": settings.database_url,
            "CASEFILE_DATA_DIR": str(settings.data_dir),
            "CASEFILE_S3_ENDPOINT_URL": settings.s3_endpoint_url,
            "CASEFILE_SANDBOX": "true",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Begin."""
        command = [sys.executable, "-m", "casefile_api.cli", "worker"]
        self._process = subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(60)

    def stop(self) -> float:
        """Ask it to stop; return how long it took."""
        assert self._process is not None
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        return time.monotonic() - begun


async def until(holds: Callable[[], Any], *, seconds: float = 80) -> Any:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"did not come about within {seconds} s")


@contextlib.contextmanager
def quickly(seconds: float) -> Iterator[Callable[[], float]]:
    """Measure, and fail where it took longer."""
    begun = time.monotonic()
    yield lambda: time.monotonic() - begun
    assert time.monotonic() - begun < seconds


def as_moment(text_: str) -> datetime:
    """Read an RFC 3339 time."""
    return datetime.fromisoformat(text_.replace("Z", "+00:00"))


__all__ = ["ORGANISATION", "Endpoint", "Telling", "WorkerProcess", "as_moment", "quickly", "real_now", "until"]
