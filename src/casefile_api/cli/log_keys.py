"""`keys rotate-log`, `retire-log`, `list-log`: the keys that sign the log's checkpoints, one after the other.

A new key signs beside the old one until everybody has it; then the old one is retired. It stays listed, and verifies
what it signed. Every change is an entry of the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.cli.administration import administer, look
from casefile_api.clock import real_now, utc_text
from casefile_api.database import Database
from casefile_api.errors import NotFound, WrongState
from casefile_api.ledger.checkpoints import CheckpointError, SignerKey, VerifierKey, parse_note
from casefile_api.ledger.log_keys import load_private_keys, replace_keys
from casefile_api.organisations.commands import become_owner
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from casefile_api.unattended import Act

_ORIGIN = text("select origin from audit_log")
_NEWEST = text("select note from audit_checkpoint order by tree_size desc, id desc limit 1")
_LISTED = text(
    "select k.verifier_key, k.first_used_at, r.retired_at from audit_log_key k"
    " left join audit_retired_key r using (verifier_key) order by k.first_used_at desc, k.verifier_key"
)
_RETIRE = text("insert into audit_retired_key (verifier_key, retired_at) values (:key, :at) on conflict do nothing")


@dataclass(frozen=True, slots=True)
class Held:
    """The keys in the key file, under the log's name."""

    signers: tuple[SignerKey, ...]

    @classmethod
    async def of(cls, session: AsyncSession) -> Held:
        """Read them; NotFound where the log was never opened."""
        origin = (await session.execute(_ORIGIN)).scalar_one_or_none()
        if origin is None:
            raise NotFound("There is no log yet; the worker opens it when it first starts.")
        return cls(tuple(SignerKey(origin, key) for key in load_private_keys(Settings())))


def rotate() -> str:
    """Put a new key in front of those that sign."""

    async def change(act: Act) -> str:
        held = await Held.of(act.session)
        new = SignerKey(held.signers[0].name, Ed25519PrivateKey.generate())
        act.trail.about("log_key", new.verifier.key_id.hex())
        replace_keys(Settings(), [new.private_key, *(signer.private_key for signer in held.signers)])
        return (
            f"{new.verifier.text()} signs beside the old key within a second. Give it to everybody who verifies; then"
            " `casefile-api keys retire-log`."
        )

    return administer("rotate_log_key", change)


def retire() -> str:
    """Take every key but the newest out of the file, and list them as retired."""

    async def change(act: Act) -> str:
        held = await Held.of(act.session)
        newest, *old = held.signers
        if not old:
            raise WrongState("There is one key: rotate first, and retire the old one when everybody has the new.")
        note = (await act.session.execute(_NEWEST)).scalar_one_or_none()
        if note is None or not _signed_by(note, newest.verifier):
            raise WrongState("The newest key has not signed yet: is the worker running, and does it read this file?")
        act.trail.about("log_key", old[0].verifier.key_id.hex())
        act.trail.details = {"keys": [signer.verifier.key_id.hex() for signer in old]}
        await become_owner(act.session)
        for signer in old:
            await act.session.execute(_RETIRE, {"key": signer.verifier.text(), "at": real_now()})
        replace_keys(Settings(), [newest.private_key])
        return f"Retired: {', '.join(signer.verifier.key_id.hex() for signer in old)}."

    return administer("retire_log_key", change)


def _signed_by(note: str, key: VerifierKey) -> bool:
    try:
        return bool(parse_note(note).verified_by([key]))
    except CheckpointError:
        return False


def show(console: Console) -> None:
    """Every key that ever signed this log."""

    async def listed(database: Database) -> list[tuple[str, str, str]]:
        async with database.connection(WORKER) as connection:
            return [
                (row.verifier_key, utc_text(row.first_used_at), utc_text(row.retired_at) if row.retired_at else "")
                for row in await connection.execute(_LISTED)
            ]

    table = Table("key", "since", "retired")
    for row in look(listed):
        table.add_row(*row)
    console.print(table)
