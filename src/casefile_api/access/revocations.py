"""Tokens that are good no longer, known to every process within five seconds.

The database holds two short lists: revoked tokens by their `jti`, and cut-offs, which end every earlier token of a
client or a member of staff at once. Each process keeps a copy, read again every two seconds, so that checking costs no
query. A copy that could not be read again for long is not trusted: it refuses rather than forget a revocation.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable

log = structlog.get_logger()

REFRESH_SECONDS = 2.0
TRUSTED_SECONDS = 30.0

_LISTS = text(
    "select 'token' as kind, '' as organisation, jti as subject, 0 as issued_until from revoked_token"
    " where expires_at > :now union all"
    " select kind, organisation, subject, issued_until from token_cutoff where expires_at > :now"
)

_CUT_OFF = text(
    "insert into token_cutoff (kind, organisation, subject, issued_until, expires_at)"
    " values (:kind, :organisation, :subject, :issued_until, :expires_at)"
    " on conflict (kind, organisation, subject) do update"
    " set issued_until = greatest(token_cutoff.issued_until, excluded.issued_until),"
    " expires_at = greatest(token_cutoff.expires_at, excluded.expires_at)"
)
LONGEST_LIFE = timedelta(minutes=100)
"""A cut-off is kept for longer than any token that it ends could live, those of trusted issuers included."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """What the lists said when they were read. Cut-offs are seconds since 1970 by (kind, organisation, subject)."""

    tokens: frozenset[str] = frozenset()
    cutoffs: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    def cover(self, *, jti: str, organisation: str, client_id: str, subject: str, issued_at: int) -> bool:
        """Say whether a token is among those that are good no longer."""
        return (
            jti in self.tokens
            or issued_at <= self.cutoffs.get(("client", organisation, client_id), -1)
            or issued_at <= self.cutoffs.get(("staff", organisation, subject), -1)
        )


class RevocationList:
    """This process's copy of the lists."""

    def __init__(self, *, trusted_seconds: float = TRUSTED_SECONDS) -> None:
        self._newest = Revocations()
        self._read_at = time.monotonic()
        self._trusted_seconds = trusted_seconds

    def newest(self) -> Revocations:
        """Return the copy.

        Raises DependencyUnavailable where it is too old to be believed.
        """
        if time.monotonic() - self._read_at > self._trusted_seconds:
            raise DependencyUnavailable("Revoked tokens cannot be looked up; nothing was changed.")
        return self._newest

    def replace(self, newest: Revocations) -> None:
        """Take over lists just read."""
        self._newest = newest
        self._read_at = time.monotonic()

    def add_token(self, jti: str) -> None:
        """Know of a token revoked by this very process at once."""
        known = self._newest
        self._newest = Revocations(known.tokens | {jti}, known.cutoffs)

    async def refresh(self, database: Database) -> None:
        """Read the lists again."""
        async with database.connection() as connection:
            rows = (await connection.execute(_LISTS, {"now": datetime.now(UTC)})).all()
        self.replace(
            Revocations(
                frozenset(row.subject for row in rows if row.kind == "token"),
                {(row.kind, row.organisation, row.subject): row.issued_until for row in rows if row.kind != "token"},
            )
        )

    async def keep_fresh(self, database: Database) -> None:
        """Read the lists again every two seconds, until cancelled. A database that is away is tried again."""
        while True:
            try:
                await self.refresh(database)
            except Exception as fault:  # whatever it is: a task that ended would shut everybody out after a while
                log.warning("revocations_not_read", fault=type(fault).__name__)
            await asyncio.sleep(REFRESH_SECONDS)


async def cut_off_tokens(
    session: AsyncSession, kind: Literal["client", "staff"], organisation: str, subject: str, until: datetime
) -> None:
    """End every token issued until then (real time) to a client, or for a member of staff, once this is committed."""
    row = {"kind": kind, "organisation": organisation, "subject": subject}
    times = {"issued_until": int(until.timestamp()), "expires_at": until + LONGEST_LIFE}
    await session.execute(_CUT_OFF, {**row, **times})


LOCK_STAFF = text("select pg_advisory_xact_lock(hashtextextended(:organisation || '/' || :staff_id, 53))")
LOCK_STAFF_SHARED = text("select pg_advisory_xact_lock_shared(hashtextextended(:organisation || '/' || :staff_id, 53))")
"""Registering a person and issuing tokens for them wait for each other: no token slips past a cut-off in between."""
