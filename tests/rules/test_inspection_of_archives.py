"""What is found inside archives: packed to break whoever opens them, locked, cut off, or carrying something."""

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest

from casefile_api.attachments.inspection import archives
from casefile_api.attachments.inspection.families import look_inside
from casefile_api.attachments.inspection.outcome import Fault, Inside
from casefile_api.attachments.inspection.ranged import Ranged, ranged_bytes
from casefile_api.attachments.malware import SIGNATURE
from tests.rules.made_files import LOCKED, VIRUS, found, rar4, rar5, rar5_block, seven_zip, taped, zipped


def test_a_7z_archive_says_itself_what_it_unpacks_to() -> None:
    told = look_inside(ranged_bytes(seven_zip((b"some words", 10), (bytes(5000), 5000))))
    assert told == Inside(None, {"unpacked_bytes": 5010})
    assert look_inside(ranged_bytes((LOCKED / "not-locked.7z").read_bytes())).facts["unpacked_bytes"] > 0
    bomb = seven_zip((bytes(20_000_000), 20_000_000))
    assert found(bomb) is Fault.ARCHIVE_BOMB
    assert found(zipped(("inner.7z", bomb))) is Fault.ARCHIVE_BOMB
    assert found(bomb[:-9]) is Fault.TRUNCATED


def test_an_archive_is_listed() -> None:
    data = zipped(("a.txt", b"a" * 500), ("b.zip", zipped(("c.txt", b"c" * 700))))
    told = look_inside(ranged_bytes(data))
    assert told.fault is None
    assert told.facts["entries"] == 3
    assert told.facts["archives_inside"] == 1
    assert told.facts["unpacked_bytes"] > 1200


def test_an_archive_without_its_directory_is_cut_off() -> None:
    data = zipped(*[(f"{number}.txt", bytes(range(256)) * 9) for number in range(30)])
    assert found(data[:-30]) is Fault.TRUNCATED
    assert found(data[: len(data) // 2]) is Fault.TRUNCATED
    assert found(data[:400] + data[900:]) is Fault.TRUNCATED


def test_an_archive_that_packs_too_well_is_a_bomb_and_an_ordinary_one_is_not() -> None:
    assert found(zipped(("zeros", bytes(20_000_000)))) is Fault.ARCHIVE_BOMB
    assert found(zipped(("zeros", bytes(1_000_000)))) is None
    lines = b"".join(b"%d;%d\n" % (n, n * 7919 % 10007) for n in range(200_000))
    assert found(zipped(("log.csv", lines))) is None


def test_a_directory_that_lies_of_sizes_is_a_bomb() -> None:
    data = zipped(("zeros", bytes(30_000_000)))
    size = struct.pack("<I", 30_000_000)
    assert data.count(size) == 2  # before the file itself, and in the directory
    assert found(data.replace(size, struct.pack("<I", 900_000))) is Fault.ARCHIVE_BOMB


def test_archives_in_archives_are_opened_to_a_depth_and_their_contents_add_up() -> None:
    deep = b"at the bottom"
    for _ in range(archives.DEPTH_LIMIT + 1):
        deep = zipped(("next.zip", deep))
    assert found(deep) is Fault.ARCHIVE_BOMB
    layer = zipped(("zeros", bytes(5_000_000)))
    assert found(zipped(*[(f"{number}.zip", layer) for number in range(9)])) is Fault.ARCHIVE_BOMB


def test_many_documents_in_an_archive_are_no_fault_and_those_not_looked_into_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = zipped(("word/document.xml", random.Random(2).randbytes(50_000)))
    data = zipped(*[(f"{number}.docx", document) for number in range(20)], method=zipfile.ZIP_STORED)
    monkeypatch.setattr(archives, "OPENED_LIMIT_BYTES", 5 * len(document))
    told = look_inside(ranged_bytes(data))
    assert (told.fault, told.facts["archives_inside"], told.facts["archives_not_opened"]) == (None, 20, 15)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_tape_is_followed_from_file_to_file(form: int) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as tape:
        for number in range(30):
            named = tarfile.TarInfo(f"{'folder/' * 12}{number}.bin")
            named.size = 5_000
            tape.addfile(named, io.BytesIO(bytes([number]) * 5_000))
    data = held.getvalue()
    told = look_inside(ranged_bytes(data))
    assert told.fault is None and told.facts["unpacked_bytes"] >= 150_000
    end = data.rindex(bytes([29]) * 100) + 100
    assert found(data[:end]) is Fault.TRUNCATED
    assert found(data[: end // 2]) is Fault.TRUNCATED
    assert found(data[: -(-end // 512) * 512]) is None


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_packed_alone_is_unpacked_a_little_at_a_time(pack: Callable[[bytes], bytes]) -> None:
    lines = b"".join(b"%d;%d\n" % (n, n * 7919 % 10007) for n in range(60_000))
    packed = pack(lines)
    assert look_inside(ranged_bytes(packed)) == Inside(None, {"unpacked_bytes": len(lines)})
    assert found(packed[: len(packed) // 2]) is Fault.TRUNCATED
    assert found(packed + packed) is None
    assert found(packed + packed[: len(packed) // 2]) is Fault.TRUNCATED
    assert found(packed + b"what somebody wrote behind it") is None
    assert found(packed + pack(b"before" * 200 + SIGNATURE)) is Fault.INFECTED
    assert found(pack(taped(("inner.zip", VIRUS)))) is Fault.INFECTED
    assert found(pack(bytes(8_500_000))) is Fault.ARCHIVE_BOMB
    assert found(pack(bytes(1_000_000))) is None


def test_what_wants_more_memory_than_it_is_given_is_not_unpacked() -> None:
    wide = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 128 * 2**20}]
    assert look_inside(ranged_bytes(lzma.compress(b"words", lzma.FORMAT_XZ, filters=wide))) == Inside()


def test_a_text_that_begins_like_something_packed_is_a_text() -> None:
    assert found(b"BZh9 is how bzip2 begins") is None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (taped(("note.txt", b"x"), ("inner.zip", VIRUS)), Fault.INFECTED),
        (gzip.compress(taped(("inner.zip", VIRUS))), Fault.INFECTED),
        (gzip.compress(VIRUS), Fault.INFECTED),
        (zipped(("inner.tar", taped(("inner.zip", VIRUS)))), Fault.INFECTED),
        (zipped(("inner.tgz", gzip.compress(taped(("inner.docx", VIRUS))))), Fault.INFECTED),
        (taped(("zeros.zip", zipped(("zeros", bytes(20_000_000))))), Fault.ARCHIVE_BOMB),
        (zipped(("zeros.gz", gzip.compress(bytes(15_000_000)))), Fault.ARCHIVE_BOMB),
        (gzip.compress((LOCKED / "aes.zip").read_bytes()), Fault.PASSWORD_PROTECTED),
        (taped(("half.zip", VIRUS[:-30])), None),
        (zipped(("half.gz", gzip.compress(b"half" * 90)[:-9])), None),
    ],
    ids=range(10),
)
def test_files_in_files_of_other_kinds_are_looked_into(data: bytes, fault: Fault | None) -> None:
    assert found(data) is fault


def test_locked_archives_on_a_tape_are_counted_as_evidence_of_a_telephone() -> None:
    told = look_inside(ranged_bytes(taped(("chat/locked.zip", (LOCKED / "aes.zip").read_bytes()))))
    assert (told.fault, told.facts["locked_inside"]) == (None, 1)


def test_files_in_files_are_opened_so_deep_and_so_many() -> None:
    deep = b"at the bottom"
    for _ in range(5):
        deep = gzip.compress(deep)
    assert found(deep) is Fault.ARCHIVE_BOMB
    many = taped(*[(f"{number}.zip", zipped(("a", b"b"))) for number in range(150)], ("late.zip", VIRUS))
    assert found(many) is None


@pytest.mark.parametrize("made", [rar5, rar4])
def test_an_archive_of_rar_is_followed_by_its_headers(made: Callable[..., bytes]) -> None:
    data = random.Random(5).randbytes(90_000)
    whole = made(120_000, data)
    assert look_inside(ranged_bytes(whole)) == Inside(None, {"entries": 1, "unpacked_bytes": 120_000})
    for kept in (len(whole) - 1, len(whole) // 2, 30):
        assert found(whole[:kept]) is Fault.TRUNCATED
    assert found(made(90_000, data, locked=True)) is Fault.PASSWORD_PROTECTED
    assert found(made(200 * 90_000 + 100_000_000, data)) is Fault.ARCHIVE_BOMB
    assert found(zipped(("inner.rar", made(9_000, b"x" * 90, locked=True)))) is Fault.PASSWORD_PROTECTED


def test_rar_tells_locked_names_and_files_that_go_on_in_another_volume() -> None:
    assert found(rar4(9, b"x" * 9, locked_names=True)) is Fault.PASSWORD_PROTECTED
    assert found(b"Rar!\x1a\x07\x01\x00" + rar5_block(4, 0, bytes(30))) is Fault.PASSWORD_PROTECTED
    assert found(rar5(50 * 2**30, b"x" * 9_000, split=True)) is None


def test_files_that_lie_over_each_other_are_a_bomb() -> None:
    single = zipped(("a", random.Random(1).randbytes(60_000)), method=zipfile.ZIP_STORED)
    start = single.rindex(b"PK\x01\x02")
    end = single.rindex(b"PK\x05\x06")
    entries = single[start:end] * 50
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 50, 50, len(entries), start, 0)
    assert found(single[:start] + entries + tail) is Fault.ARCHIVE_BOMB


def test_more_files_than_the_limit_are_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(*[(str(number), b"x") for number in range(40)])
    assert found(data) is None
    monkeypatch.setattr(archives, "ENTRIES_LIMIT", 39)
    assert found(data) is Fault.ARCHIVE_BOMB


def test_the_test_virus_is_found_in_an_archive_and_in_an_archive_in_it() -> None:
    inner = zipped(("eicar.com", SIGNATURE))
    assert found(inner) is Fault.INFECTED
    assert found(zipped(("eicar.com", SIGNATURE), method=zipfile.ZIP_STORED)) is Fault.INFECTED
    assert found(zipped(("note.txt", b"x"), ("inner.zip", inner))) is Fault.INFECTED


def test_an_archive_beyond_four_gigabytes_is_read_by_its_larger_directory() -> None:
    """APPNOTE 4.3.14: zip64, made by hand with a gap of 5 GiB in the middle that is never read."""
    gap = 5 * 1024**3
    name, body = b"big.bin", b"x" * 1000
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, 0, 0, 0, zlib.crc32(body), 1000, 1000, len(name), 0)
    extra = struct.pack("<HHQ", 1, 8, gap)
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 45, 45, 0, 0, 0, 0, 0, 1000, 1000, len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF
    )
    directory = entry + name + extra
    start = gap + len(local + name + body)
    larger = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0xFFFFFFFF, 0)
    tail = local + name + body + directory + larger + locator + end
    head = b"PK\x03\x04"

    def fetch(offset: int, length: int) -> bytes:
        if offset >= gap:
            return tail[offset - gap : offset - gap + length]
        known = (head if offset == 0 else b"").ljust(min(length, gap - offset), b"\0")
        return known + tail[: length - len(known)]

    told = look_inside(Ranged(gap + len(tail), fetch))
    assert told == Inside(None, {"entries": 1, "unpacked_bytes": 1000, "archives_inside": 0})
