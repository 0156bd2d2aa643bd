"""What is found inside files: cut off, locked, or packed to break whoever opens them."""

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
from pathlib import Path

import pytest

from casefile_api.attachments.inspection import archives
from casefile_api.attachments.inspection.families import look_inside
from casefile_api.attachments.inspection.outcome import Fault, Inside
from casefile_api.attachments.inspection.ranged import BLOCK_BYTES, Ranged, ranged_bytes
from casefile_api.attachments.malware import SIGNATURE
from tests.outside.files import photograph, statement, video

# Made with the password "secret" by other people's programs: pypdf, msoffcrypto-tool, py7zr and pyzipper.
LOCKED = Path(__file__).parent / "locked"
WHOLE = {
    "pdf": statement().data,
    "jpeg": photograph().data,
    "png": photograph(image_format="PNG").data,
    "mp4": video(100_000).data,
}


def found(data: bytes) -> Fault | None:
    return look_inside(ranged_bytes(data)).fault


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return held.getvalue()


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


def compound(stream: str, data: bytes) -> bytes:
    """A compound file (MS-CFB) with one stream, whose data begins in its third sector."""
    entry = lambda name, kind, start: (  # noqa: E731 - one line of a table
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBB", 2 * len(name) + 2, kind, 1)
        + bytes(48)
        + struct.pack("<IQ", start, 4096)
    )
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6)
    header = header.ljust(44, b"\0") + struct.pack("<II", 1, 1)
    header = header.ljust(76, b"\0") + struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<3I", 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFE).ljust(512, b"\xff")
    return (
        header + table + (entry("Root Entry", 5, 0) + entry(stream, 2, 2)).ljust(512, b"\0") + data.ljust(4096, b"\0")
    )


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


def number(value: int) -> bytes:
    """A number as 7z writes it, of eight bytes."""
    return b"\xff" + value.to_bytes(8, "little")


def seven_zip(*folders: tuple[bytes, int]) -> bytes:
    """A 7z archive by hand: what was packed by LZMA2, and how much of it is said to be unpacked."""
    packed = [
        lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])
        for data, _ in folders
    ]
    many = bytes([len(folders)])
    header = b"\x01\x04\x06\x00" + many + b"\x09" + b"".join(number(len(each)) for each in packed) + b"\x00"
    header += b"\x07\x0b" + many + b"\x00" + b"\x01\x21\x21\x01\x10" * len(folders)
    header += b"\x0c" + b"".join(number(size) for _, size in folders) + b"\x00\x00\x00"
    data = b"".join(packed)
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + data + header


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


def taped(*files: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tape:
        for name, data in files:
            named = tarfile.TarInfo(name)
            named.size = len(data)
            tape.addfile(named, io.BytesIO(data))
    return held.getvalue()


VIRUS = zipped(("eicar.com", SIGNATURE))


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


@pytest.mark.parametrize("kind", ["pdf", "jpeg", "png"])
def test_an_archive_behind_a_document_is_one_too(kind: str) -> None:
    assert found(WHOLE[kind] + VIRUS) is Fault.INFECTED
    assert found(WHOLE[kind] + (LOCKED / "aes.zip").read_bytes()) is Fault.PASSWORD_PROTECTED
    assert found(WHOLE[kind] + zipped(("zeros", bytes(9_000_000)))) is Fault.ARCHIVE_BOMB
    assert found(WHOLE[kind] + zipped(("note.txt", b"harmless"))) is None
    assert found(WHOLE[kind] + b"PK\x05\x06" + bytes(18)) is None


def seven_bits(value: int) -> bytes:
    head = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return head + (seven_bits(value >> 7) if value > 0x7F else b"")


def rar5_block(kind: int, flags: int, rest: bytes, data: bytes = b"", extra: bytes = b"") -> bytes:
    """A header of RAR 5.0 (type, flags, sizes, what is of its kind), and its data."""
    lengths = (seven_bits(len(extra)) if flags & 1 else b"") + (seven_bits(len(data)) if flags & 2 else b"")
    head = seven_bits(kind) + seven_bits(flags) + lengths + rest + extra
    return bytes(4) + seven_bits(len(head)) + head + data


def rar5(size: int, data: bytes, *, locked: bool = False, split: bool = False) -> bytes:
    extra = b"\x30\x01" + bytes(47) if locked else b""
    flags = 2 | (1 if locked else 0) | (0x10 if split else 0)
    named = seven_bits(0) + seven_bits(size) + seven_bits(0o644) + seven_bits(0) + seven_bits(1) + b"\x04name"
    blocks = (rar5_block(1, 0, b"\0"), rar5_block(2, flags, named, data, extra), rar5_block(5, 0, b"\0"))
    return b"Rar!\x1a\x07\x01\x00" + b"".join(blocks)


def rar4(size: int, data: bytes, *, locked: bool = False, locked_names: bool = False) -> bytes:
    def block(kind: int, flags: int, rest: bytes) -> bytes:
        return struct.pack("<HBHH", 0, kind, flags, 7 + len(rest)) + rest

    told = struct.pack("<2IBIIBBHI", len(data), size, 3, 0, 0, 29, 0x30, 4, 0) + b"name"
    main = block(0x73, 0x80 if locked_names else 0, bytes(6))
    file = block(0x74, 0x8000 | (4 if locked else 0), told) + data
    return b"Rar!\x1a\x07\x00" + main + file + block(0x7B, 0x4000, b"")


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


def box(name: bytes, data: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I4s", 8 + len(data), name) + data


def test_a_picture_of_a_telephone_is_no_film_that_breaks_off() -> None:
    picture = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4000)) + box(b"mdat", bytes(9000))
    assert found(picture) is None
    assert found(picture[:-500]) is Fault.TRUNCATED
    assert found(box(b"ftyp", b"heic\0\0\0\0") + box(b"mdat", bytes(900))) is Fault.TRUNCATED


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
