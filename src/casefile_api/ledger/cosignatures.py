"""Cosignatures: the timed word of a witness that a checkpoint continues all that it has seen of the log before.

C2SP tlog-cosignature, version 1. A witness is somebody else's program with a key of its own. Its line stands under the
checkpoint beside the log's signature, and whoever demands the lines of several witnesses can be shown no other log than
those witnesses were shown, even by an operator who has the log's key. Pure.
"""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from casefile_api.ledger.checkpoints import (
    KEY_ID_SIZE_BYTES,
    CheckpointError,
    NoteSignature,
    SignedNote,
    check_key_name,
    from_base64,
    parse_note,
)

COSIGNATURE_V1 = b"\x04"
TIME_SIZE_BYTES, SIGNATURE_SIZE_BYTES = 8, 64


@dataclass(frozen=True)
class WitnessKey:
    """The public key of a witness and the name it signs under."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || 0x04 || key)."""
        return sha256(self.name.encode() + b"\n" + COSIGNATURE_V1 + self.public_key).digest()[:KEY_ID_SIZE_BYTES]

    def text(self) -> str:
        """``<name>+<key id in hex>+<base64 of type and key>``."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(COSIGNATURE_V1 + self.public_key).decode()}"


@dataclass(frozen=True)
class CosignerKey:
    """The private key of a witness."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def public(self) -> WitnessKey:
        """The public half."""
        return WitnessKey(self.name, self.private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def cosignature_line(self, text: str, at: int) -> str:
        """The line that goes under a checkpoint's text: signed at a moment, in seconds since 1970."""
        signature = self.private_key.sign(_signed_message(text, at))
        raw = self.public.key_id + at.to_bytes(TIME_SIZE_BYTES, "big") + signature
        return f"— {self.name} {b64encode(raw).decode()}\n"


@dataclass(frozen=True)
class Cosignature:
    """A witness vouched for a checkpoint at a moment, in seconds since 1970."""

    witness: WitnessKey
    at: int


def _signed_message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def parse_witness_key(text: str) -> WitnessKey:
    """A witness's public key from its text form; anything else is a CheckpointError."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = from_base64(encoded)
    if raw[:1] != COSIGNATURE_V1 or len(raw) != 33:
        raise CheckpointError("not the key of a witness (C2SP tlog-cosignature, type 4)")
    key = WitnessKey(check_key_name(name), raw[1:])
    if key.key_id.hex() != key_id:
        raise CheckpointError("the witness's key does not match its own key id")
    return key


def cosignatures_on(note: SignedNote, keys: Collection[WitnessKey]) -> tuple[Cosignature, ...]:
    """The known witnesses that vouched for a note, each once; a bad line by a known witness is a CheckpointError."""
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[WitnessKey, Cosignature] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            found[key] = _verified(note.text, line, key)
    return tuple(found.values())


def _verified(text: str, line: NoteSignature, key: WitnessKey) -> Cosignature:
    if len(line.signature) != TIME_SIZE_BYTES + SIGNATURE_SIZE_BYTES:
        raise CheckpointError(f"the cosignature by {key.name} has a wrong length")
    at = int.from_bytes(line.signature[:TIME_SIZE_BYTES], "big")
    try:
        public = Ed25519PublicKey.from_public_bytes(key.public_key)
        public.verify(line.signature[TIME_SIZE_BYTES:], _signed_message(text, at))
    except InvalidSignature:
        raise CheckpointError(f"the cosignature by {key.name} is not right") from None
    return Cosignature(key, at)


@dataclass(frozen=True)
class Quorum:
    """How many of which witnesses must have vouched."""

    keys: tuple[WitnessKey, ...] = ()
    least: int = 0

    def check(self, note: str) -> tuple[Cosignature, ...]:
        """The witnesses that vouched for a signed note; fewer than wanted is a CheckpointError."""
        found = cosignatures_on(parse_note(note), self.keys)
        if len(found) < self.least:
            raise CheckpointError(
                f"{len(found)} of {len(self.keys)} known witnesses vouch for it, and {self.least} are wanted"
            )
        return found


NOBODY = Quorum()
"""No witness is known and none is demanded."""
