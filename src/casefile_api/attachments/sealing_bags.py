"""The seal of a bag: notes signed by the log's keys over its manifests, and over every byte of the file.

Two notes in the form of C2SP signed-note. One stands in the bag (`seal.txt`) and covers the tag manifest, and by it
everything, also when the bag is unpacked. One is the ZIP's comment and covers each byte before it. Their first line is
none that a log's checkpoint can have, so neither is ever taken for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from casefile_api.ledger.checkpoints import CheckpointError, SignerKey, VerifierKey, parse_note

OF_BAG, OF_FILE = "casefile-bundle bag v1", "casefile-bundle file v1"


@dataclass(frozen=True, slots=True)
class Seal:
    """What signs a bundle: its id, and the keys, newest first."""

    name: str
    signers: Sequence[SignerKey]

    def note(self, kind: str, sha256: str) -> bytes:
        """Return the signed note over a hash."""
        text = f"{kind}\n{self.name}\n{sha256}\n"
        return (text + "\n" + "".join(signer.signature_line(text) for signer in self.signers)).encode()


def sealed_hash(note: bytes, kind: str, name: str | None, keys: Sequence[VerifierKey]) -> tuple[str, str]:
    """Return the name of the bundle and the hash that a note seals.

    Raises CheckpointError where it is not such a note, of another bundle, or not signed by a key that is known.
    """
    try:
        signed = parse_note(note.decode())
    except UnicodeDecodeError:
        raise CheckpointError("not a signed note: it is not UTF-8") from None
    signed.verified_by(keys)
    lines = signed.text.split("\n")
    if len(lines) != 4 or lines[0] != kind or name not in (None, lines[1]):
        raise CheckpointError("a signed note of something else")
    return lines[1], lines[2]
