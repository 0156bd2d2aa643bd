"""What reading a file back finds, and what follows from it."""

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from casefile_api.attachments.findings import differing_parts, examine, judge
from casefile_api.attachments.inspection.outcome import Fault, Inside
from casefile_api.attachments.malware import Scan
from casefile_api.attachments.parts import MIB, plan_parts
from casefile_api.attachments.rejections import MENDS, RejectionCode, detail_of
from casefile_api.errors import DependencyUnavailable
from casefile_api.settings import Settings, Unscanned

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
        examine(pieces(PDF, 701), ""),
        size_bytes=len(PDF),
        sha256=hashlib.sha256(PDF).hexdigest(),
        media_type="application/pdf",
    )
    assert found.rejection is None
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
        (b"INSTREAM size limit exceeded. ERROR\0", Scan.TOO_LARGE),
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


@pytest.mark.parametrize("answer", [b"", b"stream: Can't allocate memory ERROR\0"], ids=["silent", "another word"])
def test_a_scanner_that_dies_in_the_middle_did_not_find_the_file_too_long(answer: bytes) -> None:
    with clamd(answer, hang_up_after=1) as (address, _), pytest.raises(DependencyUnavailable):
        examine([b"x" * 100_000] * 50, address)


def test_a_file_too_long_for_the_scanner_is_not_taken_for_scanned() -> None:
    with clamd(b"INSTREAM size limit exceeded. ERROR\0", hang_up_after=1) as (address, _):
        assert examine([b"x" * 100_000] * 50, address).scan is Scan.TOO_LARGE


def of(scan: Scan, unscanned: Unscanned, fault: Fault | None = None, media_type: str = "application/pdf") -> object:
    """The verdict on a whole and true file that was scanned like this, and looked into."""
    found = replace(examine([PDF], ""), scan=scan)
    declared = {"size_bytes": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest(), "media_type": media_type}
    return judge(found, inside=Inside(fault), unscanned=unscanned, **declared).rejection  # type: ignore[arg-type]


def test_what_becomes_of_a_file_no_scanner_saw_is_a_setting() -> None:
    outcomes = {
        (scan, setting): of(scan, setting)
        for scan in (Scan.CLEAN, Scan.TOO_LARGE, Scan.NOT_PERFORMED)
        for setting in Unscanned
    }
    refused = {place for place, outcome in outcomes.items() if outcome is RejectionCode.NOT_SCANNED}
    assert refused == {
        (Scan.TOO_LARGE, Unscanned.REFUSED),
        (Scan.NOT_PERFORMED, Unscanned.REFUSED),
        (Scan.NOT_PERFORMED, Unscanned.LARGE),
    }
    assert all(outcome is None for place, outcome in outcomes.items() if place not in refused)


def test_in_production_nothing_is_accepted_without_a_scanner_unless_it_is_set() -> None:
    assert Settings(sandbox=False).unscanned is Unscanned.LARGE
    assert Settings(sandbox=True).unscanned is Unscanned.ACCEPTED
    assert Settings(sandbox=True, unscanned_files=Unscanned.REFUSED).unscanned is Unscanned.REFUSED


def test_what_was_found_inside_is_said_and_a_password_comes_before_the_type() -> None:
    for fault in Fault:
        assert of(Scan.CLEAN, Unscanned.REFUSED, fault) == fault.value
    assert of(Scan.CLEAN, Unscanned.REFUSED, Fault.PASSWORD_PROTECTED, "image/png") == "password_protected"
    assert of(Scan.CLEAN, Unscanned.REFUSED, Fault.TRUNCATED, "image/png") == "type_mismatch"


def test_every_code_has_a_mend_and_the_parts_that_differ_are_named() -> None:
    assert set(MENDS) == set(RejectionCode)
    assert detail_of("hash_mismatch", [2, 5]).endswith("Parts that are not those signed for: 2, 5.")


@pytest.mark.parametrize("chunk_bytes", [MIB, 3 * MIB + 1, 40 * MIB])
def test_the_parts_that_are_not_those_signed_for_are_found(chunk_bytes: int) -> None:
    data = b"".join(bytes([number]) * 8 * MIB for number in range(3)) + b"rest"
    plan = plan_parts(len(data))
    starts = [(number, 8 * MIB * (number - 1)) for number in range(1, 5)]
    signed = {number: hashlib.sha256(data[at : at + 8 * MIB]).hexdigest() for number, at in starts}
    assert differing_parts(pieces(data, chunk_bytes), plan, signed) == []
    swapped = data[8 * MIB : 16 * MIB] + data[: 8 * MIB] + data[16 * MIB :]
    assert differing_parts(pieces(swapped, chunk_bytes), plan, signed) == [1, 2]
    assert differing_parts(pieces(data[:-1] + b"?", chunk_bytes), plan, signed) == [4]


def test_a_reading_that_fails_leaves_no_thread_behind() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a" * 100
        raise DependencyUnavailable("gone")

    before = threading.active_count()
    with pytest.raises(DependencyUnavailable):
        examine(broken(), "")
    assert threading.active_count() == before
