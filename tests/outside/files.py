"""Real files of real formats, made in code and the same on every run: PDF statements, exhibit images, a video."""

import hashlib
import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class EvidenceFile:
    """A file an officer would attach."""

    name: str
    media_type: str
    kind: str
    title: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def declaration(self, **changes: object) -> dict[str, object]:
        """The body that declares it."""
        return {
            "file_name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "sha256": self.sha256,
            "kind": self.kind,
            "title": self.title,
        } | changes


def statement(number: int = 1, pages: int = 2) -> EvidenceFile:
    """A witness statement (MG11) as PDF."""
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=A4, invariant=1)
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(72, 780, f"WITNESS STATEMENT {number} (MG11), page {page} of {pages}")
        canvas.setFont("Helvetica", 11)
        for line in range(30):
            canvas.drawString(
                72, 750 - 20 * line, f"{line + 1}. I say this of my own knowledge; it is invented for a test."
            )
        canvas.showPage()
    canvas.save()
    return EvidenceFile(f"statement-{number}.pdf", "application/pdf", "MG11", f"Statement {number}", held.getvalue())


def photograph(number: int = 1, *, image_format: str = "JPEG") -> EvidenceFile:
    """An exhibit photograph as JPEG or PNG."""
    image = Image.new("RGB", (640, 480), (40, 60, 90))
    drawing = ImageDraw.Draw(image)
    for stripe in range(0, 640, 16):
        drawing.line([(stripe, 0), (640 - stripe, 480)], fill=(200, stripe % 256, number * 37 % 256), width=3)
    held = io.BytesIO()
    image.save(held, format=image_format)
    ending = {"JPEG": "jpg", "PNG": "png"}[image_format]
    media_type = {"JPEG": "image/jpeg", "PNG": "image/png"}[image_format]
    return EvidenceFile(
        f"exhibit-{number}.{ending}", media_type, "OTHER_EXHIBIT", f"Photograph {number}", held.getvalue()
    )


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", 8 + len(payload)) + kind + payload


def video(size_bytes: int = 41 * MEBIBYTE, seed: int = 1) -> EvidenceFile:
    """An MP4 (ISO/IEC 14496-12: ftyp, moov with its header, mdat) of exactly the size asked for."""
    kind = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">IIIII", 0, 0, 0, 1000, 60_000) + struct.pack(">IHH", 0x10000, 0x100, 0) + bytes(8) + matrix
    movie = _box(b"moov", _box(b"mvhd", header + bytes(24) + struct.pack(">I", 2)))
    frames = size_bytes - len(kind) - len(movie) - 8
    assert frames > 0, "a video needs room for its boxes"
    data = kind + movie + struct.pack(">I", 8 + frames) + b"mdat" + hashlib.shake_128(b"video%d" % seed).digest(frames)
    return EvidenceFile("interview.mp4", "video/mp4", "ABE_RECORDING", "Recorded interview", data)
