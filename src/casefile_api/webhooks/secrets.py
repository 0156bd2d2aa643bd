"""The signing secrets of an endpoint at rest: sealed, shown once, two valid side by side after a rotation."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.database import Database
from casefile_api.identifiers import new_id
from casefile_api.tenancy import WORKER
from casefile_api.vault import Vault
from casefile_api.webhooks.signing import OVERLAP, Scheme, SigningKey, new_signing_key

_ADD = text("insert into webhook_secret (id, endpoint_id, sealed, created_at) values (:id, :endpoint, :sealed, :now)")
_RETIRE = text("update webhook_secret set expires_at = :expires where endpoint_id = :endpoint and expires_at is null")
_FORGET = text("delete from webhook_secret where endpoint_id = :endpoint and expires_at <= :now")
_SEALED = text("select id, sealed from webhook_secret where id = any(:ids)")
_OPENED_MOST = 10_000


async def add_secret(
    session: AsyncSession, vault: Vault, endpoint_id: UUID, now: datetime, scheme: Scheme = Scheme.SYMMETRIC
) -> SigningKey:
    """Make what signs to an endpoint, keep it sealed, and return it: a secret is shown this once."""
    made, identifier = new_signing_key(scheme), new_id()
    sealed = await vault.seal(session, None, made.kept.encode(), _context(identifier))
    await session.execute(_ADD, {"id": identifier, "endpoint": endpoint_id, "sealed": sealed, "now": now})
    return made


async def rotate_secret(
    session: AsyncSession, vault: Vault, endpoint_id: UUID, now: datetime, scheme: Scheme
) -> tuple[SigningKey, datetime]:
    """Make a new one; the present one signs for another day. Return the new one, and when the present one ends."""
    expires = now + OVERLAP
    await session.execute(_FORGET, {"endpoint": endpoint_id, "now": now})
    await session.execute(_RETIRE, {"endpoint": endpoint_id, "expires": expires})
    return await add_secret(session, vault, endpoint_id, now, scheme), expires


class OpenedSecrets:
    """Secrets opened by this process, so that the vault is not asked for every webhook."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._opened: dict[UUID, str] = {}

    async def open(self, secret_ids: Sequence[UUID]) -> list[str]:
        """Return the secrets named, in the order named; one that was replaced meanwhile is left out."""
        missing = [identifier for identifier in secret_ids if identifier not in self._opened]
        if missing:
            if len(self._opened) > _OPENED_MOST:
                self._opened.clear()
                missing = list(secret_ids)
            async with self._database.session(WORKER) as session:
                for row in (await session.execute(_SEALED, {"ids": missing})).all():
                    plain = await self._vault.open(session, None, bytes(row.sealed), _context(row.id))
                    self._opened[row.id] = plain.decode()
        return [self._opened[identifier] for identifier in secret_ids if identifier in self._opened]


def _context(identifier: UUID) -> str:
    return f"webhook_secret.sealed:{identifier}"
