"""What reading a file back finds, and what follows from it."""

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from casefile_api.attachments.findings import RejectionCode, examine, judge
from casefile_api.attachments.malware import Scan
from casefile_api.errors import DependencyUnavailable

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.7\n" + b"x" * 300_000 + b"\n%%EOF"


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def verdict(data: bytes, media_type: str = "application/pdf", **declared: object) -> RejectionCode | None:
    said = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} | declared
    return judge(examine(pieces(data, 1000), ""), media_type=media_type, **said).rejection  # type: ignore[arg-type]


@contextmanager
def clamd(answer: bytes, *, hang_up_after: int = 1 << 40) -> Iterator[tuple[str, list[bytes]]]:
    """A scanner that takes one file, keeps what it saw and says `answer`."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        with listener.accept()[0] as caller, caller.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while (size := struct.unpack(">I", stream.read(4))[0]) and sum(map(len, seen)) < hang_up_after:
                seen.append(stream.read(size))
            caller.sendall(answer)

    scanner = threading.Thread(target=serve)
    scanner.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", seen
    scanner.join(5)
    listener.close()


def test_the_file_that_was_declared_is_accepted_without_a_scanner_and_says_so() -> None:
    found = judge(
        examine(pieces(PDF, 7), ""),
        size_bytes=len(PDF),
        sha256=hashlib.sha256(PDF).hexdigest(),
        media_type="application/pdf",
    )
    assert found.rejection is None
    assert found.detail is None
    assert not found.scanned


def test_each_thing_wrong_has_its_code_and_a_mend() -> None:
    assert verdict(PDF, size_bytes=len(PDF) + 1) == RejectionCode.SIZE_MISMATCH
    assert verdict(PDF, sha256="0" * 64) == RejectionCode.HASH_MISMATCH
    assert verdict(PDF, media_type="image/png") == RejectionCode.TYPE_MISMATCH
    assert verdict(PDF[:500] + EICAR + PDF[500:]) == RejectionCode.INFECTED
    assert verdict(PDF) is None


@pytest.mark.parametrize("size", [1, 2, 67, 68, 69, 1000])
@pytest.mark.parametrize("before", [0, 1, 66, 500])
def test_the_test_virus_is_found_across_the_edges_of_chunks(size: int, before: int) -> None:
    data = b"a" * before + EICAR + b"b" * 30
    assert examine(pieces(data, size), "").scan is Scan.INFECTED
    assert examine(pieces(data.replace(b"EICAR", b"EICAS"), size), "").scan is Scan.NOT_PERFORMED


@pytest.mark.parametrize(
    ("answer", "scan"),
    [
        (b"stream: OK\0", Scan.CLEAN),
        (b"stream: Win.Test FOUND\0", Scan.INFECTED),
        (b"INSTREAM size limit exceeded. ERROR\0", Scan.NOT_PERFORMED),
    ],
)
def test_a_scanner_that_is_set_sees_the_whole_file_and_is_heard(answer: bytes, scan: Scan) -> None:
    with clamd(answer) as (address, seen):
        assert examine(pieces(PDF, 65536), address).scan is scan
    assert b"".join(seen) == PDF


def test_a_scanner_that_is_away_or_breaks_off_lets_nothing_through() -> None:
    with clamd(b"stream: lost ERROR\0") as (address, _), pytest.raises(DependencyUnavailable):
        examine(pieces(PDF, 65536), address)
    with pytest.raises(DependencyUnavailable):
        examine(pieces(PDF, 65536), "127.0.0.1:1")


def test_a_file_too_long_for_the_scanner_is_not_taken_for_scanned() -> None:
    with clamd(b"INSTREAM size limit exceeded. ERROR\0", hang_up_after=1) as (address, _):
        assert examine([b"x" * 100_000] * 50, address).scan is Scan.NOT_PERFORMED
