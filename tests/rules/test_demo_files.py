"""The demonstration's evidence is what it says it is, byte for byte the same on every run."""

import io
import re
import struct

from PIL import Image

from casefile_api.demo import files


def test_the_photograph_can_be_looked_at() -> None:
    with Image.open(io.BytesIO(files.photograph().data)) as picture:
        picture.load()
        assert (picture.format, picture.size, picture.mode) == ("PNG", (320, 240), "RGB")


def test_the_pages_cross_reference_table_points_at_its_objects() -> None:
    data = files.pdf(["A line with (brackets) and a \\ backslash"])
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert data.startswith(b"%PDF-1.4") and data[start:].startswith(b"xref")
    offsets = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n", data[start:])]
    assert [data[offset:].split(b" ")[0] for offset in offsets] == [b"1", b"2", b"3", b"4", b"5"]
    assert rb"\(brackets\) and a \\ backslash" in data


def test_the_film_is_made_of_whole_boxes_and_has_the_size_asked_for() -> None:
    data, position, boxes = files.mp4(100_000), 0, []
    while position < len(data):
        size, kind = struct.unpack(">I4s", data[position : position + 8])
        boxes.append(kind)
        position += size
    assert (boxes, position, len(data)) == ([b"ftyp", b"moov", b"mdat"], 100_000, 100_000)


def test_the_same_files_come_out_every_time() -> None:
    assert files.recorded_interview(100_000) == files.recorded_interview(100_000)
    assert files.statement(1, "A line.").sha256 == files.statement(1, "A line.").sha256
    assert files.laboratory_report().data.startswith(b"%PDF-")
