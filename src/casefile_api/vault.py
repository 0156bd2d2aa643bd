"""Sealing what must not be read from the database alone: AES-256-GCM under a key per case.

Each case has a data key, wrapped by a master key that the database does not hold. Erasing a case is destroying its key.
What belongs to no case is sealed under a key derived from the master key.
"""

import hmac
import os
import time
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.errors import Gone, Misconfigured

_NONCE_BYTES = 12
_KEEP_SECONDS = 300
_KEEP_KEYS = 2_000
_KEEP_HASHES = 1_000


def read_master_key(path: Path) -> bytes:
    """Read the master key: 64 hex digits in a file.

    Raises Misconfigured where the file is missing or is not that.
    """
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as fault:
        raise Misconfigured(f"The master key file {path} cannot be read as 64 hex digits.") from fault
    if len(key) != 32:
        raise Misconfigured(f"The master key in {path} is not 32 bytes long.")
    return key


class Vault:
    """Seals and opens; keeps unwrapped keys for five minutes."""

    def __init__(self, master_key: bytes) -> None:
        self._wrapping = AESGCM(derive_key(master_key, b"wrap case keys"))
        self._common = AESGCM(derive_key(master_key, b"seal what belongs to no case"))
        self._address_key = derive_key(master_key, b"hash source addresses")
        self._finding_key = derive_key(master_key, b"hash what suspects are found by")
        # The same few sources ask again and again.
        self._hashed = lru_cache(maxsize=_KEEP_HASHES)(self._hash)
        self._kept: OrderedDict[UUID, tuple[float, AESGCM]] = OrderedDict()

    def keyed_hash(self, value: str) -> str:
        """Return a keyed hash of a value that must be comparable but not readable (a source address)."""
        return self._hashed(value)

    def finding_hash(self, term: str) -> str:
        """Return the keyed hash of a term that a suspect is found by; without the master key it says nothing."""
        return hmac.digest(self._finding_key, term.encode(), "sha256").hex()[:24]

    def _hash(self, value: str) -> str:
        return hmac.digest(self._address_key, value.encode(), "sha256").hex()[:32]

    async def create_key(self, session: AsyncSession, case_file_id: UUID) -> None:
        """Make the data key of a new case."""
        key = AESGCM.generate_key(256)
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = nonce + self._wrapping.encrypt(nonce, key, case_file_id.bytes)
        await session.execute(
            text("insert into case_key (case_file_id, wrapped_key) values (:case, :key)"),
            {"case": case_file_id, "key": wrapped},
        )
        self._keep(case_file_id, AESGCM(key))

    async def seal(self, session: AsyncSession, case_file_id: UUID | None, plaintext: bytes, context: str) -> bytes:
        """Seal bytes for one place (`table.column:row`); they open nowhere else."""
        cipher = await self._cipher(session, case_file_id)
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, plaintext, context.encode())

    async def open(self, session: AsyncSession, case_file_id: UUID | None, sealed: bytes, context: str) -> bytes:
        """Open what was sealed for this place.

        Raises Gone where the case's key was destroyed.
        """
        return _opened(await self._cipher(session, case_file_id), sealed, context)

    def open_with(self, case_file_id: UUID, wrapped_key: bytes | None, sealed: bytes, context: str) -> bytes:
        """Open what was sealed, with the wrapped key at hand: for statements that read both at once.

        Raises Gone where the case's key was destroyed.
        """
        if wrapped_key is None:
            raise Gone("The content of this case file was erased.")
        return _opened(self._fresh(case_file_id) or self._unwrap(case_file_id, wrapped_key), sealed, context)

    def forget(self, case_file_id: UUID) -> None:
        """Forget the key of a case that was erased, however lately it was used here."""
        self._kept.pop(case_file_id, None)

    def _fresh(self, case_file_id: UUID) -> AESGCM | None:
        kept = self._kept.get(case_file_id)
        return kept[1] if kept is not None and time.monotonic() - kept[0] < _KEEP_SECONDS else None

    def _unwrap(self, case_file_id: UUID, wrapped: bytes) -> AESGCM:
        key = self._wrapping.decrypt(bytes(wrapped[:_NONCE_BYTES]), bytes(wrapped[_NONCE_BYTES:]), case_file_id.bytes)
        return self._keep(case_file_id, AESGCM(key))

    async def _cipher(self, session: AsyncSession, case_file_id: UUID | None) -> AESGCM:
        if case_file_id is None:
            return self._common
        kept = self._fresh(case_file_id)
        if kept is not None:
            return kept
        row = await session.execute(
            text("select wrapped_key from case_key where case_file_id = :case"), {"case": case_file_id}
        )
        wrapped = row.scalar_one_or_none()
        if wrapped is None:
            raise Gone("The content of this case file was erased.")
        return self._unwrap(case_file_id, wrapped)

    def _keep(self, case_file_id: UUID, cipher: AESGCM) -> AESGCM:
        self._kept[case_file_id] = (time.monotonic(), cipher)
        self._kept.move_to_end(case_file_id)
        while len(self._kept) > _KEEP_KEYS:
            self._kept.popitem(last=False)
        return cipher


def derive_key(master_key: bytes, purpose: bytes) -> bytes:
    """Return the key of one purpose; all processes that share the master key come to the same (RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(master_key)


def _opened(cipher: AESGCM, sealed: bytes, context: str) -> bytes:
    try:
        return cipher.decrypt(bytes(sealed[:_NONCE_BYTES]), bytes(sealed[_NONCE_BYTES:]), context.encode())
    except InvalidTag:
        raise RuntimeError(f"what is sealed in {context.partition(':')[0]} does not open") from None
