"""Invented evidence as real files: a PDF, a PNG and an MP4, made byte by byte and the same on every run."""

import hashlib
import struct
import zlib
from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class EvidenceFile:
    """A file as the police hold it before it is attached."""

    name: str
    media_type: str
    kind: str
    title: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Lower-case hex hash of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def declaration(self) -> dict[str, object]:
        """The body that declares the file."""
        return {
            "file_name": self.name,
            "media_type": self.media_type,
            "size": len(self.data),
            "sha256": self.sha256,
            "kind": self.kind,
            "title": self.title,
        }


def pdf(lines: list[str]) -> bytes:
    """One A4 page of text (ISO 32000-1 7.5: header, body, cross-reference table, trailer)."""
    escaped = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    text = "BT /F1 11 Tf 72 770 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(document)}\n%%EOF\n"
    return f"{document}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")


def png(width: int, height: int) -> bytes:
    """A striped picture in true colour (PNG, ISO/IEC 15948)."""
    rows = b"".join(
        b"\x00" + bytes((x * 3 + y) % 256 if channel else (x ^ y) % 256 for x in range(width) for channel in range(3))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def mp4(size_bytes: int) -> bytes:
    """A film of exactly this size (ISO/IEC 14496-12: ftyp, moov with its header, mdat)."""
    kind = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    start = struct.pack(">IIIII", 0, 0, 0, 1000, 60_000) + struct.pack(">IHH", 0x10000, 0x100, 0)
    movie = _box(b"moov", _box(b"mvhd", start + bytes(8) + matrix + bytes(24) + struct.pack(">I", 2)))
    frames = hashlib.shake_128(b"recorded interview").digest(size_bytes - len(kind) - len(movie) - 8)
    return kind + movie + _box(b"mdat", frames)


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", 8 + len(payload)) + kind + payload


def statement(number: int, *lines: str) -> EvidenceFile:
    """A witness statement."""
    data = pdf([f"WITNESS STATEMENT {number} (MG11)", "", *lines, "", "Every person in this statement is invented."])
    return EvidenceFile(f"statement-{number}.pdf", "application/pdf", "MG11", f"Statement {number}", data)


def photograph() -> EvidenceFile:
    """A picture of an exhibit."""
    return EvidenceFile("exhibit-rf-1.png", "image/png", "OTHER_EXHIBIT", "Photograph of RF/1", png(320, 240))


def recorded_interview(size_bytes: int = 41 * MEBIBYTE) -> EvidenceFile:
    """The complainant's recorded interview, too large for one part."""
    return EvidenceFile("abe-interview.mp4", "video/mp4", "ABE_RECORDING", "Recorded interview", mp4(size_bytes))


def laboratory_report() -> EvidenceFile:
    """The answer to an action."""
    data = pdf(["STREAMLINED FORENSIC REPORT (MG22)", "", "No invented person was identified by the invented swabs."])
    return EvidenceFile("sfr-1.pdf", "application/pdf", "MG22(SFR)", "Streamlined forensic report", data)
