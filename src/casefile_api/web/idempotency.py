"""Safe retries: the first answer to a call with an Idempotency-Key is kept, sealed, and given again.

The key is held by a transaction-level advisory lock while the call is in flight, and the answer is kept in the
transaction of the change, so that a kill after the commit still replays.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.errors import Fault, IdempotencyConflict, Invalid
from casefile_api.vault import Vault
from casefile_api.web.exchange import Exchange

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")


# A statement, what it binds, and what takes its rows when it is run (`UnitOfWork.later`).
Later = Callable[[str, Mapping[str, Any], Callable[[Sequence[Any]], None] | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept."""

    status: int
    headers: dict[str, str]
    body: bytes


class Replayed(Exception):
    """The call was answered before; here is that answer."""

    def __init__(self, answer: Answer, case_file_id: UUID | None) -> None:
        super().__init__("replayed")
        self.answer = answer
        self.case_file_id = case_file_id


def read_key(header: str | None) -> str | None:
    """Read the key, quoted or bare.

    Raises Invalid naming the header where it is neither.
    """
    if header is None:
        return None
    bare = header.strip()
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1]
    if not _KEY.fullmatch(bare):
        raise Invalid(
            "The idempotency key is malformed.",
            Fault("malformed", "Send 1 to 128 visible ASCII characters, bare or in quotes.", header=HEADER),
        )
    return bare


class KeptAnswers:
    """The kept answers that one call may replay or add to."""

    def __init__(self, exchange: Exchange, session: AsyncSession, vault: Vault, later: Later) -> None:
        request, caller = exchange.request, exchange.caller
        self._session = session
        self._later = later
        self._vault = vault
        self._row = {
            "client_id": caller.client_id,
            "subject": caller.subject,
            "method": request.method,
            "path": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "key": exchange.idempotency_key,
        }
        self.fingerprint = _fingerprint(exchange)
        self._held = False

    async def hold(self) -> None:
        """Try to hold the key until the transaction ends."""
        lock = int.from_bytes(hashlib.sha256(json.dumps(self._row, sort_keys=True).encode()).digest()[:8], signed=True)
        await self._later("select pg_try_advisory_xact_lock(:lock) as held", {"lock": lock}, self._was_held)

    def _was_held(self, rows: Sequence[Any]) -> None:
        self._held = bool(rows[0].held)

    async def replay(self, now: datetime) -> None:
        """Raise Replayed where the call was answered before, IdempotencyConflict where the key is taken."""
        found = await self._session.execute(
            text(
                "select fingerprint, status, headers, body, case_file_id from kept_answer where client_id = :client_id"
                " and subject = :subject and method = :method and path = :path and key = :key and expires_at > :now"
            ),
            {**self._row, "now": now},
        )
        row = found.one_or_none()
        if not self._held:
            raise IdempotencyConflict("A call with this key is in flight; wait and repeat it.", reused=False)
        if row is None:
            return
        if bytes(row.fingerprint) != self.fingerprint:
            fault = Fault("reused", "Use a new key for another request.", header=HEADER)
            conflict = IdempotencyConflict("This key was used for another request.", reused=True)
            conflict.faults = (fault,)
            raise conflict
        body = await self._vault.open(self._session, row.case_file_id, row.body, self._context)
        raise Replayed(Answer(row.status, row.headers, body), row.case_file_id)

    async def keep(self, answer: Answer, case_file_id: UUID | None, now: datetime, hours: int) -> None:
        """Keep the answer in the transaction at hand."""
        sealed = await self._vault.seal(self._session, case_file_id, answer.body, self._context)
        await self._later(
            "insert into kept_answer (client_id, subject, method, path, key, fingerprint, status, headers, body,"
            " case_file_id, expires_at) values (:client_id, :subject, :method, :path, :key, :fingerprint, :status,"
            " cast(:headers as jsonb), :body, :case_file_id, :expires_at)"
            " on conflict (client_id, subject, method, path, key) do update set fingerprint = excluded.fingerprint,"
            " status = excluded.status, headers = excluded.headers, body = excluded.body,"
            " case_file_id = excluded.case_file_id, expires_at = excluded.expires_at",
            {
                **self._row,
                "fingerprint": self.fingerprint,
                "status": answer.status,
                "headers": json.dumps(answer.headers),
                "body": sealed,
                "case_file_id": case_file_id,
                "expires_at": now + timedelta(hours=hours),
            },
            None,
        )

    @property
    def _context(self) -> str:
        return f"kept_answer.body:{self._row['client_id']}:{self._row['subject']}:{self._row['key']}"


def _fingerprint(exchange: Exchange) -> bytes:
    """Same body bytes, content type and If-Match make the same request."""
    tags = exchange.request.headers.get("if-match", "").strip()
    media = exchange.request.headers.get("content-type", "").strip().lower()
    return hashlib.sha256(b"\x00".join((tags.encode(), media.encode(), exchange.body))).digest()
