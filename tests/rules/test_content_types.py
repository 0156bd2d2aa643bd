"""A file is what its bytes show, whatever it is called."""

import io
import json
import zipfile
from importlib import resources

import pytest
from PIL import Image

from casefile_api.attachments.content_types import EDGE_BYTES, MEDIA_TYPES, Edges, shows_type
from casefile_api.attachments.endings import ENDINGS
from tests.outside.files import statement, video

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def edges(data: bytes) -> Edges:
    return Edges(data[:EDGE_BYTES], data[-EDGE_BYTES:])


def image(name: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (8, 8)).save(held, format=name)
    return held.getvalue()


def package(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>" * 100)
    return held.getvalue()


REAL = {
    "application/pdf": statement().data,
    "video/mp4": video(100_000).data,
    "image/png": image("PNG"),
    "image/jpeg": image("JPEG"),
    "image/gif": image("GIF"),
    "image/bmp": image("BMP"),
    "image/tiff": image("TIFF"),
    WORD: package("[Content_Types].xml", "word/document.xml"),
    EXCEL: package("[Content_Types].xml", "xl/workbook.xml"),
    "application/zip": package("notes.txt"),
    "application/rtf": rb"{\rtf1\ansi Statement}",
    "application/msword": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504),
    "text/plain": "Arglwydd \u0175 \u2013 \u00a35\r\n\tend".encode(),
    "text/csv": b"a;b\r\n1;caf\xe9\r\n",
    "text/html": b"\xef\xbb\xbf<!DOCTYPE html><p>x</p>",
    "message/rfc822": b"Received: from a\r\nSubject: x\r\n\r\nbody",
    "audio/mpeg": b"\xff\xfb\x90\x64" + bytes(100),
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "video/mpeg": (b"\x47" + bytes(187)) * 4,
    "video/x-matroska": bytes.fromhex("1a45dfa3") + bytes(20),
}


@pytest.mark.parametrize("media_type", REAL)
def test_a_real_file_shows_its_type(media_type: str) -> None:
    assert shows_type(media_type, edges(REAL[media_type]))


@pytest.mark.parametrize("media_type", [kind for kind in REAL if not kind.startswith(("text/", "message/"))])
def test_a_real_file_does_not_pass_for_text_or_for_a_pdf(media_type: str) -> None:
    others = {"text/html", "message/rfc822", "application/pdf", "image/png"} - {media_type}
    assert not [other for other in others if shows_type(other, edges(REAL[media_type]))]


@pytest.mark.parametrize("picture", ["image/png", "image/jpeg", "image/tiff", "application/msword", "application/zip"])
def test_binary_content_is_no_plain_text(picture: str) -> None:
    assert not shows_type("text/plain", edges(REAL[picture]))


def test_a_spreadsheet_or_a_bare_archive_is_no_word_document() -> None:
    assert not shows_type(WORD, edges(REAL[EXCEL]))
    assert not shows_type(WORD, edges(REAL["application/zip"]))
    assert shows_type("application/zip", edges(REAL[WORD]))


def test_an_empty_file_contradicts_no_type_and_an_unlisted_type_is_never_shown() -> None:
    assert all(shows_type(media_type, edges(b"")) for media_type in MEDIA_TYPES)
    assert not shows_type("application/x-msdownload", edges(b"MZ"))


def test_every_media_type_of_the_code_list_can_be_told_from_the_bytes_and_has_its_ending() -> None:
    folder = resources.files("casefile_api.organisations") / "reference" / "code_lists.json"
    listed = json.loads(folder.read_text())["media_type"]["values"]
    assert {value["code"] for value in listed} == set(MEDIA_TYPES) == set(ENDINGS)
