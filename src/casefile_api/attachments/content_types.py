"""Is the file what it was declared to be? Told from its bytes, never from its name. Pure.

One row per media type of the code list `media_type`. A row says what the bytes must show; `application/octet-stream`
promises nothing and so cannot be broken, and an empty file shows nothing that contradicts it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

EDGE_BYTES = 64 * 1024
"""How much of each end of a file is looked at."""

_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1b"))
_HEADER_LINE = re.compile(rb"\A(?:\xef\xbb\xbf)?[!-9;-~]{1,76}:[ \t\r\n]|\AFrom ")
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|meta|title|table|div|p|!--)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Edges:
    """The first and the last bytes of a file, 64 KiB each at most; they overlap in a short one."""

    head: bytes
    tail: bytes


Shows = Callable[[Edges], bool]


def shows_type(media_type: str, edges: Edges) -> bool:
    """Say whether the bytes go with the declared media type; an unknown type goes with nothing."""
    shows = MEDIA_TYPES.get(media_type)
    return shows is not None and (not edges.head or shows(edges))


def _starts(*signatures: bytes, at: int = 0) -> Shows:
    return lambda edges: edges.head.startswith(signatures, at)


def _either(*rows: Shows) -> Shows:
    return lambda edges: any(shows(edges) for shows in rows)


def _pdf(edges: Edges) -> bool:
    # ISO 32000-1 7.5.2; readers since Acrobat 4 accept the header anywhere in the first 1,024 bytes.
    return b"%PDF-" in edges.head[:1024]


def _text(edges: Edges) -> bool:
    """Text in UTF-8, a Windows code page, or UTF-16 with its mark: no control characters but white space."""
    if edges.head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return all(len(edge.translate(None, _CONTROLS)) == len(edge) for edge in (edges.head, edges.tail))


def _html(edges: Edges) -> bool:
    # Markup in UTF-16 is found by leaving out the zero halves of its characters.
    return _text(edges) and _MARKUP.search(edges.head.replace(b"\x00", b"")) is not None


def _message(edges: Edges) -> bool:
    # RFC 5322 2.2: a message begins with a header field; a mailbox line before it is common.
    return _HEADER_LINE.match(edges.head) is not None and b"\x00" not in edges.head


def _package(folder: bytes) -> Shows:
    """An Open Packaging archive (ECMA-376 part 2): a ZIP whose directory names its content types and this folder."""

    def shows(edges: Edges) -> bool:
        names = edges.head + edges.tail
        return _zip(edges) and b"[Content_Types].xml" in names and folder in names

    return shows


def _riff(form: bytes) -> Shows:
    return lambda edges: edges.head[:4] in (b"RIFF", b"RF64", b"BW64") and edges.head[8:12] == form


def _frames(edges: Edges) -> bool:
    """MPEG audio frames or ADTS: eleven set bits of synchronisation, or a tag in front of them."""
    head = edges.head
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _transport(edges: Edges) -> bool:
    """MPEG transport stream: a packet of 188 bytes begins with 0x47, each and every one."""
    head = edges.head
    return len(head) > 376 and head[0] == head[188] == head[376] == 0x47


_zip = _starts(b"PK\x03\x04", b"PK\x05\x06")
_ole = _starts(bytes.fromhex("d0cf11e0a1b11ae1"))
_rtf = _starts(b"{\\rtf")
_iso_media = _starts(b"ftyp", at=4)
_matroska = _starts(bytes.fromhex("1a45dfa3"))
_wave = _riff(b"WAVE")

MEDIA_TYPES: Mapping[str, Shows] = {
    "application/pdf": _pdf,
    "application/msword": _either(_ole, _rtf),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _package(b"word/"),
    "application/vnd.ms-word.document.macroEnabled.12": _package(b"word/"),
    "application/rtf": _rtf,
    "text/rtf": _rtf,
    "text/plain": _text,
    "text/csv": _text,
    "text/html": _html,
    "application/vnd.ms-excel": _ole,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _package(b"xl/"),
    "application/vnd.ms-excel.sheet.macroEnabled.12": _package(b"xl/"),
    "application/vnd.ms-powerpoint": _ole,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": _package(b"ppt/"),
    "application/vnd.visio": _either(_ole, _package(b"visio/")),
    "application/vnd.ms-outlook": _ole,
    "message/rfc822": _message,
    "multipart/related": _message,
    "application/vnd.ms-xpsdocument": _zip,
    "image/bmp": _starts(b"BM"),
    "image/gif": _starts(b"GIF87a", b"GIF89a"),
    "image/jpeg": _starts(bytes.fromhex("ffd8ff")),
    "image/tiff": _starts(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "image/png": _starts(b"\x89PNG\r\n\x1a\n"),
    "audio/mpeg": _frames,
    "audio/mp4": _iso_media,
    "audio/wav": _wave,
    "audio/x-wav": _wave,
    "audio/ogg": _starts(b"OggS"),
    "audio/aac": _either(_frames, _starts(b"ADIF")),
    "audio/flac": _starts(b"fLaC", b"ID3"),
    "video/mp4": _iso_media,
    "video/quicktime": _either(*(_starts(box, at=4) for box in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"))),
    "video/x-msvideo": _riff(b"AVI "),
    "video/x-ms-wmv": _starts(bytes.fromhex("3026b2758e66cf11")),
    "video/x-matroska": _matroska,
    "video/mpeg": _either(_starts(bytes.fromhex("000001ba"), bytes.fromhex("000001b3")), _transport),
    "video/webm": _matroska,
    "video/3gpp": _iso_media,
    "application/zip": _zip,
    "application/octet-stream": lambda _: True,
}
