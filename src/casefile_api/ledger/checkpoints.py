"""Checkpoints: the log's signed statement "so many entries, and this is their root".

C2SP tlog-checkpoint inside a C2SP signed note, with Ed25519 keys. Whoever keeps one can later prove that nothing was
altered or removed since. Several keys may sign at once, so that keys can be rotated; a reader needs to know one of
them, and a bad signature by a key that the reader knows spoils the whole note.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from casefile_api.ledger.tree import HASH_SIZE_BYTES

ED25519 = b"\x01"
KEY_ID_SIZE_BYTES = 4
MAX_NOTE_SIZE_CHARACTERS = 64 * 1024
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class CheckpointError(ValueError):
    """A checkpoint, signed note or key is malformed, or is not signed by a key that we know."""


@dataclass(frozen=True)
class Checkpoint:
    """What is signed: whose log, how many entries, and the root over them."""

    origin: str
    tree_size: int
    root_hash: bytes

    def text(self) -> str:
        """The note text (C2SP tlog-checkpoint): three lines."""
        return f"{self.origin}\n{self.tree_size}\n{b64encode(self.root_hash).decode()}\n"


@dataclass(frozen=True)
class VerifierKey:
    """A public key of the log and the name it signs under.

    One that was retired vouches by itself for no checkpoint of more entries than `good_up_to`.
    """

    name: str
    public_key: bytes
    good_up_to: int | None = field(default=None, compare=False)

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || type || key) (C2SP signed-note)."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:KEY_ID_SIZE_BYTES]

    def text(self) -> str:
        """``<name>+<key id in hex>+<base64 of type and key>``."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public_key).decode()}"


@dataclass(frozen=True)
class SignerKey:
    """A private key of the log; never in the database."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = self.private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return VerifierKey(self.name, public)

    def signature_line(self, text: str) -> str:
        """The line that goes under the text of a note (C2SP signed-note)."""
        signature = self.verifier.key_id + self.private_key.sign(text.encode())
        return f"— {self.name} {b64encode(signature).decode()}\n"


@dataclass(frozen=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedNote:
    """A text and the signatures under it, not yet verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def verified_by(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """The known keys that signed; none, or a bad signature by a known key, is a CheckpointError."""
        known = {(key.name, key.key_id): key for key in keys}
        signed_by = []
        for line in self.signatures:
            key = known.get((line.name, line.key_id))
            if key is None:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public_key).verify(line.signature, self.text.encode())
            except InvalidSignature:
                raise CheckpointError(f"the signature by {key.name}+{key.key_id.hex()} is not right") from None
            signed_by.append(key)
        if not signed_by:
            raise CheckpointError("the checkpoint is not signed by a known key")
        return tuple(signed_by)


def check_key_name(name: str) -> str:
    """A key's name, also the log's origin: not empty, no spaces, no plus (C2SP signed-note)."""
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise CheckpointError("a log's name must not be empty nor hold spaces or '+'")
    return name


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[SignerKey]) -> str:
    """The signed note of a checkpoint, with one signature line for each key."""
    text = checkpoint.text()
    return text + "\n" + "".join(signer.signature_line(text) for signer in signers)


def parse_note(note: str) -> SignedNote:
    """A signed note taken apart; nothing is verified yet."""
    if len(note) > MAX_NOTE_SIZE_CHARACTERS or any(ord(c) < 0x20 and c != "\n" for c in note):
        raise CheckpointError("not a signed note: too long, or control characters in it")
    head, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise CheckpointError("not a signed note: an empty line and signatures must follow the text")
    return SignedNote(head + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))


def _signature(line: str) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—":
        raise CheckpointError("not a signed note: a signature line is a dash, a name and base64")
    raw = from_base64(parts[2])
    if len(raw) <= KEY_ID_SIZE_BYTES:
        raise CheckpointError("not a signed note: a signature is too short")
    return NoteSignature(check_key_name(parts[1]), raw[:KEY_ID_SIZE_BYTES], raw[KEY_ID_SIZE_BYTES:])


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from its note text; extension lines may follow and say nothing to us."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise CheckpointError("not a checkpoint: origin, size and root must stand on lines of their own")
    root = from_base64(lines[2])
    if not _SIZE.fullmatch(lines[1]) or len(root) != HASH_SIZE_BYTES:
        raise CheckpointError("not a checkpoint: the size or the root is malformed")
    return Checkpoint(lines[0], int(lines[1]), root)


def open_checkpoint(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """A checkpoint that a known key of its own log signed; everything else is a CheckpointError."""
    signed = parse_note(note)
    signers = signed.verified_by(keys)
    checkpoint = parse_checkpoint(signed.text)
    own = [key for key in signers if key.name == checkpoint.origin]
    if not own:
        raise CheckpointError("the checkpoint is of another log than the key")
    if all(key.good_up_to is not None and key.good_up_to < checkpoint.tree_size for key in own):
        raise CheckpointError("only a key that was retired before signed the checkpoint")
    return checkpoint


def parse_verifier_key(text: str) -> VerifierKey:
    """A public key from its text form; a key id that does not belong to it is a CheckpointError."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    if not _KEY_ID.fullmatch(key_id):
        raise CheckpointError("not a verifier key: it is written <name>+<eight hex digits>+<base64>")
    raw = from_base64(encoded)
    if raw[:1] != ED25519 or len(raw) != 33:
        raise CheckpointError("not a verifier key of type Ed25519")
    key = VerifierKey(check_key_name(name), raw[1:])
    if key.key_id.hex() != key_id:
        raise CheckpointError("the verifier key does not match its own key id")
    return key


def from_base64(text: str) -> bytes:
    """Standard base64 in its one canonical spelling."""
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise CheckpointError("not base64") from None
    if b64encode(raw).decode() != text:
        raise CheckpointError("not base64 in its canonical form")
    return raw
