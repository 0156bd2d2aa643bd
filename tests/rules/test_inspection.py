"""What is found inside files: cut off, locked, or made so that looking into them fails."""

import bz2
import gzip
import lzma
import random
import struct

import pytest

from casefile_api.attachments.inspection.families import look_inside
from casefile_api.attachments.inspection.outcome import Fault, Inside
from casefile_api.attachments.inspection.ranged import BLOCK_BYTES, Ranged, ranged_bytes
from tests.rules.made_files import LOCKED, VIRUS, WHOLE, box, compound, found, rar4, rar5, taped, zipped


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_file_is_sound_and_one_that_breaks_off_is_not(kind: str) -> None:
    data = WHOLE[kind]
    assert found(data) is None
    for kept in (len(data) - 20, len(data) // 2, len(data) // 3):
        assert found(data[:kept]) is Fault.TRUNCATED


def test_what_follows_the_end_of_a_picture_is_no_part_of_it() -> None:
    assert found(WHOLE["jpeg"] + b"motion \xff\xda" * 9000) is None
    assert found(WHOLE["png"] + bytes(200_000)) is None
    assert found(WHOLE["pdf"] + b"\r\n" * 200) is None


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    data = WHOLE["jpeg"]
    thumbnail = b"\xff\xe1" + struct.pack(">H", len(data[:5000]) + 4) + data[:5000] + b"\xff\xd9"
    assert found(data[:2] + thumbnail + data[2:]) is None
    assert found(data[:2] + thumbnail + data[2:-300]) is Fault.TRUNCATED


def test_a_pdf_without_cross_references_is_cut_off() -> None:
    assert found(b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n") is Fault.TRUNCATED
    assert found(b"%PDF-1.7\n1 0 obj << >> endobj\nstartxref\n99999\n%%EOF\n") is Fault.TRUNCATED


def test_words_in_a_document_do_not_lock_it() -> None:
    data = WHOLE["pdf"].replace(b"%PDF-1.3", b"%PDF-1.3\n% /Encrypt 5 0 R", 1)
    assert data != WHOLE["pdf"]
    assert found(data) is None


@pytest.mark.parametrize("name", ["statement.pdf", "statement.docx", "aes.zip", "names-open.7z", "names-locked.7z"])
def test_a_file_with_a_password_is_found_out(name: str) -> None:
    assert found((LOCKED / name).read_bytes()) is Fault.PASSWORD_PROTECTED


def test_a_locked_archive_inside_an_open_one_is_found_out() -> None:
    for name in ("aes.zip", "names-open.7z"):
        assert found(zipped((f"inner/{name}", (LOCKED / name).read_bytes()))) is Fault.PASSWORD_PROTECTED


def test_an_archive_without_password_is_not_locked() -> None:
    assert found((LOCKED / "not-locked.7z").read_bytes()) is None


@pytest.mark.parametrize(
    ("stream", "locked", "free"),
    [
        ("WordDocument", bytes(10) + b"\x00\x01", bytes(12)),
        (
            "Workbook",
            struct.pack("<HH4x", 0x809, 4) + struct.pack("<HH", 0x2F, 0),
            struct.pack("<HH4x", 0x809, 4) + struct.pack("<HH", 0x42, 0),
        ),
    ],
)
def test_older_office_files_say_themselves_that_they_are_locked(stream: str, locked: bytes, free: bytes) -> None:
    assert found(compound(stream, locked)) is Fault.PASSWORD_PROTECTED
    assert found(compound(stream, free)) is None
    assert found(compound(stream, free)[:1100]) is Fault.TRUNCATED


@pytest.mark.parametrize("kind", ["pdf", "jpeg", "png"])
def test_an_archive_behind_a_document_is_one_too(kind: str) -> None:
    assert found(WHOLE[kind] + VIRUS) is Fault.INFECTED
    assert found(WHOLE[kind] + (LOCKED / "aes.zip").read_bytes()) is Fault.PASSWORD_PROTECTED
    assert found(WHOLE[kind] + zipped(("zeros", bytes(9_000_000)))) is Fault.ARCHIVE_BOMB
    assert found(WHOLE[kind] + zipped(("note.txt", b"harmless"))) is None
    assert found(WHOLE[kind] + b"PK\x05\x06" + bytes(18)) is None


def test_a_picture_of_a_telephone_is_no_film_that_breaks_off() -> None:
    picture = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4000)) + box(b"mdat", bytes(9000))
    assert found(picture) is None
    assert found(picture[:-500]) is Fault.TRUNCATED
    assert found(box(b"ftyp", b"heic\0\0\0\0") + box(b"mdat", bytes(900))) is Fault.TRUNCATED


def test_nothing_that_is_sent_makes_the_looking_fail() -> None:
    """Bytes changed and cut at random: whatever comes out, it is an outcome."""
    chance = random.Random(20261124)
    samples = [path.read_bytes()[:60_000] for path in LOCKED.iterdir()] + [data[:60_000] for data in WHOLE.values()]
    samples += [
        rar5(9_000, b"x" * 900),
        rar4(9_000, b"x" * 900),
        bz2.compress(b"x" * 900),
        lzma.compress(b"x" * 900),
        gzip.compress(taped(("a.zip", VIRUS))),
    ]
    samples += [zipped(("a.zip", zipped(("b", b"b" * 300))), ("c", b"c" * 90)), compound("Workbook", bytes(90))]
    for round_ in range(1500):
        data = bytearray(chance.choice(samples))
        for _ in range(chance.choice((1, 3, 40))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = bytes(data[: chance.randrange(8, len(data) + 1)]) if round_ % 2 else bytes(data)
        assert isinstance(look_inside(ranged_bytes(cut)), Inside)


def test_a_file_is_read_in_blocks_and_never_beyond_its_end() -> None:
    data = random.Random(3).randbytes(3 * BLOCK_BYTES + 17)
    asked: list[tuple[int, int]] = []

    def fetch(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return data[offset : offset + length]

    file = Ranged(len(data), fetch)
    for offset, length in ((0, 10), (BLOCK_BYTES - 3, 6), (len(data) - 5, 50), (len(data), 4), (-1, 4)):
        wanted = data[offset : offset + length] if offset >= 0 else b""
        assert file.read(offset, length) == wanted
    assert b"".join(file.onward(100)) == data[100:]
    assert all(offset + length <= len(data) for offset, length in asked)
    assert len(asked) == 4
