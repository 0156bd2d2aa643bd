"""Files made by hand, byte by byte: packed, locked and laid out as other programs do it."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

from casefile_api.attachments.inspection.families import look_inside
from casefile_api.attachments.inspection.outcome import Fault
from casefile_api.attachments.inspection.ranged import ranged_bytes
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


def taped(*files: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tape:
        for name, data in files:
            named = tarfile.TarInfo(name)
            named.size = len(data)
            tape.addfile(named, io.BytesIO(data))
    return held.getvalue()


VIRUS = zipped(("eicar.com", SIGNATURE))


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


def box(name: bytes, data: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I4s", 8 + len(data), name) + data
