"""The log's signing keys and its name: the keys live in a file, never in the database; the name lives with the data.

Several keys in one file sign side by side, the first being the newest: that is how a key is replaced. A log whose
keys are all new to it is not signed for, since no reader of its older checkpoints could follow.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from psycopg import AsyncConnection
from sqlalchemy import text

from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.ledger.checkpoints import CheckpointError, SignerKey, check_key_name
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER

_END = "-----END PRIVATE KEY-----"


def key_file(settings: Settings) -> Path:
    """Where the signing keys are: CASEFILE_LOG_KEY_FILE, or a file of our own in the data folder."""
    return settings.log_key_file or settings.data_dir / "log" / "key.pem"


class KeyStamp:
    """Whether the key file was replaced; looked at before each batch: nobody signs long with a retired key."""

    def __init__(self, settings: Settings) -> None:
        self._path = key_file(settings)
        self._stamp = self._look()

    def changed(self) -> bool:
        """Say whether it was replaced since the last time that this was answered with yes."""
        before, self._stamp = self._stamp, self._look()
        return self._stamp != before

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def load_private_keys(settings: Settings) -> list[Ed25519PrivateKey]:
    """The keys of the key file, newest first; our own file is made at the first use.

    Raises Misconfigured where the file is missing or holds anything but Ed25519 keys.
    """
    path = key_file(settings)
    if settings.log_key_file is None and not path.exists():
        _make_key(path)
    try:
        blocks = [block + _END for block in path.read_text("ascii").split(_END)[:-1]]
        keys = [load_pem_private_key(block.strip().encode(), password=None) for block in blocks]
    except OSError as fault:
        reason = f"The log's key file {path} cannot be read ({fault.strerror}): check CASEFILE_LOG_KEY_FILE."
        raise Misconfigured(reason) from None
    except (ValueError, TypeError):
        keys = []
    ours = [key for key in keys if isinstance(key, Ed25519PrivateKey)]
    if not ours or len(ours) != len(keys):
        raise Misconfigured(
            f"The log's key file {path} must hold unencrypted Ed25519 keys in PEM (PKCS #8), nothing else."
        )
    return ours


def replace_keys(settings: Settings, keys: Sequence[Ed25519PrivateKey]) -> None:
    """Write the key file anew, whole and through to the disk, the newest key first, for the eyes of the same owner."""
    path = key_file(settings)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"".join(map(_pem, keys)))
        file.flush()
        os.fsync(file.fileno())
    owner = path.stat()
    if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
        os.chown(unfinished, owner.st_uid, owner.st_gid)
    unfinished.replace(path)


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _make_key(path: Path) -> None:
    """Make a key that only we can read; of two programs that start together, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = _pem(Ed25519PrivateKey.generate())
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


async def open_log(connection: AsyncConnection[Any], settings: Settings, now: datetime) -> list[SignerKey]:
    """The signers of this log, whose name is taken from the settings when the log is new and kept ever after.

    Raises Misconfigured where the settings name another log, or none of the keys has signed it before.
    """
    async with connection.transaction():
        origin = await _kept_origin(connection, settings, now)
        signers = [SignerKey(origin, key) for key in load_private_keys(settings)]
        await _list_keys(connection, signers, now)
    return signers


async def _kept_origin(connection: AsyncConnection[Any], settings: Settings, now: datetime) -> str:
    try:
        wanted = check_key_name(settings.origin)
    except CheckpointError:
        raise Misconfigured("CASEFILE_LOG_ORIGIN must be a URL without scheme, with neither spaces nor '+'.") from None
    await connection.execute(
        "insert into audit_log (id, origin, created_at) values (1, %s, %s) on conflict do nothing", (wanted, now)
    )
    row = await (await connection.execute("select origin from audit_log")).fetchone()
    kept = str(row[0]) if row else wanted
    if settings.log_origin and kept != settings.log_origin:
        closed = await connection.execute("select from audit_succession where origin = %s", (settings.log_origin,))
        if await closed.fetchone() is not None:
            return kept  # the settings still name the log that this one succeeds
        raise Misconfigured(
            f"This database holds the log {kept} and CASEFILE_LOG_ORIGIN names another: set it to {kept}."
        )
    return kept


async def _list_keys(connection: AsyncConnection[Any], signers: Sequence[SignerKey], now: datetime) -> None:
    listed = {row[0] async for row in await connection.execute("select verifier_key from audit_log_key")}
    ours = [signer.verifier.text() for signer in signers]
    if listed and listed.isdisjoint(ours):
        raise Misconfigured(
            "None of the keys in the log's key file has signed this log before: put the old one back beside the new."
        )
    for key in ours:
        await connection.execute(
            "insert into audit_log_key (verifier_key, first_used_at) values (%s, %s) on conflict do nothing", (key, now)
        )


async def signers_of_log(database: Database, settings: Settings) -> list[SignerKey]:
    """The signers of the log that is there, for what is sealed beside its checkpoints.

    Raises DependencyUnavailable while there is no log yet, Misconfigured where the key file is not good.
    """
    async with database.session(WORKER) as session:
        origin = (await session.execute(text("select origin from audit_log"))).scalar_one_or_none()
    if origin is None:
        raise DependencyUnavailable("The log has no name yet: the sequencer gives it one when it begins.")
    return [SignerKey(origin, key) for key in load_private_keys(settings)]
