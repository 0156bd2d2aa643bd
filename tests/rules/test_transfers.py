"""What the client decides by itself: names, pace, pauses, which URLs a case file may travel by, which keys sign."""

import hashlib
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from casefile_api.attachments.parts import plan_parts
from casefile_api.cli.failing import CommandFailed
from casefile_api.cli.transfers import _rate
from casefile_api.client.calls import Calls
from casefile_api.client.endings import Ending, Interrupted, Refused, TransferFailed
from casefile_api.client.hashing import Hashing, likely_part_size
from casefile_api.client.keys import read_key
from casefile_api.client.links import Links
from casefile_api.client.local import LocalFile
from casefile_api.client.names import LONGEST_NAME_BYTES, safe_name, told_name
from casefile_api.client.notes import Notes
from casefile_api.client.pace import Pace
from casefile_api.client.patience import Patience
from casefile_api.client.wire import checked, expect_lasting


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("statement.pdf", "statement.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("a\x00b\r\nc.txt", "a_b__c.txt"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("CON.txt", "_CON.txt"),
        ("lpt1", "_lpt1"),
        ("console.txt", "console.txt"),
        ("trailing. . ", "trailing"),
        ("...", "otherwise"),
        ("", "otherwise"),
        ("Ŷ – выписка.pdf", "Ŷ – выписка.pdf"),
        ("é" * 150 + ".pdf", "é" * 98 + ".pdf"),
        ("x" * 300, "x" * LONGEST_NAME_BYTES),
    ],
)
def test_a_name_from_elsewhere_names_a_file_in_one_folder(name: str, safe: str) -> None:
    assert safe_name(name, "otherwise") == safe
    assert len(safe_name(name, "otherwise").encode()) <= LONGEST_NAME_BYTES


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=\"_.pdf\"; filename*=UTF-8''%C5%B6.pdf", "Ŷ.pdf"),
        ('attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'),
        ("attachment", ""),
    ],
)
def test_the_name_is_read_from_the_header(header: str, name: str) -> None:
    assert told_name(header) == name


def test_pieces_keep_to_the_pace_whoever_sends_them() -> None:
    slept: list[float] = []
    pace = Pace(1000.0, clock=lambda: 50.0, sleep=slept.append)
    for _ in range(4):
        pace.take(500)
    assert slept == [0.5, 1.0, 1.5]
    Pace(None, clock=lambda: 1 / 0, sleep=slept.append).take(10**9)


@pytest.mark.parametrize(("text", "rate"), [("500k", 500_000), ("4M", 4e6), ("10Mi", 10 * 2**20), ("1.5MB", 1.5e6)])
def test_a_rate_is_said_in_usual_words(text: str, rate: float) -> None:
    assert _rate(text) == rate


@pytest.mark.parametrize("text", ["fast", "0", "-1", "4T", ""])
def test_what_is_no_rate_is_said(text: str) -> None:
    with pytest.raises(CommandFailed, match="is no rate") as failed:
        _rate(text)
    assert failed.value.exit_code == 2


@pytest.mark.parametrize(
    "url", ["https://casefile.example", "http://127.0.0.1:8000", "http://[::1]:1/x", "http://localhost"]
)
def test_a_case_file_may_travel_by(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "url", ["http://casefile.example", "http://10.0.0.1", "ftp://127.0.0.1", "http://localhost.evil"]
)
def test_a_case_file_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(TransferFailed, match="not reached by HTTPS") as failed:
        checked(url)
    assert failed.value.ending is Ending.REFUSED


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Tue, 24 Nov 2026 12:00:09 GMT", "Date": "Tue, 24 Nov 2026 12:00:00 GMT"}, 9.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_pause_that_is_asked_for_is_kept(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(Interrupted) as interrupted:
        expect_lasting(httpx.Response(503, headers=headers), "The store")
    assert interrupted.value.again_in_seconds == seconds


def tried_with(patience: Patience, fault: Exception) -> int:
    """How often something is tried that always fails so; the last fault is raised."""
    times = 0
    for attempt in patience.attempts():
        with attempt:
            times += 1
            if times < 4:
                raise fault
    return times


def test_what_may_pass_is_tried_again() -> None:
    assert tried_with(Patience(60), Interrupted("The line is cut", again_in_seconds=0.0)) == 4


def test_patience_ends_with_a_sentence() -> None:
    with pytest.raises(TransferFailed, match=r"The line is cut\. Nothing is lost") as failed:
        tried_with(Patience(0), Interrupted("The line is cut"))
    assert failed.value.ending is Ending.UNREACHABLE


def test_what_lasts_is_not_tried_again() -> None:
    fault = {"pointer": "/kind", "detail": "Unknown."}
    refused = Refused(404, {"detail": "Not here.", "request_id": "r1", "errors": [fault]})
    with pytest.raises(Refused, match=r"\(404, request r1\): Not here\. /kind: Unknown\.$"):
        tried_with(Patience(60), refused)


@pytest.mark.parametrize(
    ("made", "algorithm"),
    [
        (lambda: ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (lambda: rsa.generate_private_key(65537, 2048), "PS256"),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519"),
    ],
    ids=["p256", "rsa", "ed25519"],
)
def test_a_key_signs_by_the_algorithm_of_its_kind(made, algorithm: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "key.pem"
    shut = serialization.BestAvailableEncryption(b"secret words")
    file.write_bytes(made().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, shut))
    key = read_key(file, "secret words")
    assert key.algorithm == algorithm
    assert key.sign({"typ": "JWT"}, {"a": 1}).count(".") == 2
    with pytest.raises(TransferFailed, match="its passphrase is another"):
        read_key(file, "other words")


def test_another_curve_is_said(tmp_path: Path) -> None:
    file, plain = tmp_path / "key.pem", serialization.NoEncryption()
    key = ec.generate_private_key(ec.SECP384R1())
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    with pytest.raises(TransferFailed, match="neither a P-256, nor an RSA, nor an Ed25519 key"):
        read_key(file)


def test_a_note_is_of_one_file_as_it_was(tmp_path: Path) -> None:
    notes, path = Notes(tmp_path / "notes"), tmp_path / "film.mp4"
    path.write_bytes(b"as it was")
    note = notes.keep("place", notes.read("place", LocalFile.found(path)), sha256="ab")
    assert notes.read("place", LocalFile.found(path)) == note
    assert notes.read("elsewhere", LocalFile.found(path)).key != note.key
    assert [file.stat().st_mode & 0o777 for file in (tmp_path / "notes").iterdir()] == [0o600]
    path.write_bytes(b"as it is now")
    assert notes.read("place", LocalFile.found(path)).sha256 == ""
    with pytest.raises(TransferFailed, match="was changed while it was sent"):
        LocalFile(path, note.size, note.changed_ns).expect_unchanged()


PART = 1_000_000


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 3 * PART + 7])
def test_the_whole_and_its_parts_are_hashed_in_one_reading(tmp_path: Path, size: int) -> None:
    data, told = random.Random(size).randbytes(size), list[int]()
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    hashes = LocalFile.found(path).hashes(PART, told.append)
    parts = [data[at : at + PART] for at in range(0, max(1, size), PART)]
    assert hashes.whole == hashlib.sha256(data).hexdigest()
    assert hashes.parts == {number: hashlib.sha256(part).hexdigest() for number, part in enumerate(parts, 1)}
    assert sum(told) == size


@pytest.mark.parametrize("size", [0, 1, 8 * 2**20, 78 * 2**30, 80_000 * 2**20, 80_000 * 2**20 + 1, 5 * 2**40])
def test_the_parts_are_those_that_the_service_cuts(size: int) -> None:
    assert likely_part_size(size) == plan_parts(size).part_size_bytes


@dataclass
class Signing:
    """A service that signs what it is asked for, and notes it."""

    asked: list[Any] = field(default_factory=list)

    def post(self, path: str, body: Any, *, key: str) -> Any:
        self.asked.append(body["parts"])
        return {"parts": [part | {"url": "https://store.example/", "headers": {}} for part in body["parts"]]}


def test_parts_that_were_hashed_with_the_whole_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(3 * PART))
    file, signing = LocalFile.found(path), Signing()
    hashes = file.hashes(PART, lambda size: None)
    cut = {"attachment_id": "a", "part_size": PART}
    monkeypatch.setattr(LocalFile, "sha256", lambda *_: "read again")
    Links(cast(Calls, signing), file, cut, [2, 3], hashes).of(2)
    assert signing.asked == [[{"number": number, "sha256": hashes.parts[number]} for number in (2, 3)]]
    Links(cast(Calls, signing), file, cut | {"part_size": 2 * PART}, [1, 2], hashes).of(1)
    assert {part["sha256"] for part in signing.asked[1]} == {"read again"}


def test_urls_are_asked_for_before_a_part_waits_for_them(tmp_path: Path) -> None:
    path, held, begun = tmp_path / "film.mp4", threading.Event(), threading.Event()
    path.write_bytes(bytes(90))

    class Slow(Signing):
        def post(self, path: str, body: Any, *, key: str) -> Any:
            answer = super().post(path, body, key=key)
            if len(self.asked) == 2:
                begun.set()
                assert held.wait(10)
            return answer

    signing = Slow()
    links = Links(cast(Calls, signing), LocalFile.found(path), {"attachment_id": "a", "part_size": 1}, range(1, 91))
    for number in range(1, 9):
        links.of(number)
    assert begun.wait(10)
    links.done(1)
    links.drop(2)
    held.set()
    for number in (90, 2):
        links.of(number)
    assert [part["number"] for part in signing.asked[0]] == list(range(1, 9))
    assert [part["number"] for part in signing.asked[1]] == list(range(9, 73))
    assert {1, *range(2, 91)} == {part["number"] for asked in signing.asked for part in asked}


def test_a_refusal_of_urls_is_heard_by_whoever_waits_for_them(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"12")

    class Refusing(Signing):
        def post(self, path: str, body: Any, *, key: str) -> Any:
            raise Refused(403, {"detail": "Not allowed."})

    links = Links(cast(Calls, Refusing()), LocalFile.found(path), {"attachment_id": "a", "part_size": 1}, [1, 2])
    for _ in range(2):
        with pytest.raises(Refused, match="Not allowed"):
            links.of(1)


def test_a_file_is_hashed_from_the_moment_it_is_named_and_once(tmp_path: Path) -> None:
    path, notes, shown = tmp_path / "film.mp4", Notes(tmp_path / "notes"), list[int]()
    path.write_bytes(bytes(3 * PART))
    note, hashes = Hashing.begin(notes, "place", LocalFile.found(path)).ended(notes, shown.append)
    assert note.sha256 == hashlib.sha256(bytes(3 * PART)).hexdigest()
    assert hashes and hashes.whole == note.sha256 and sum(shown) == 3 * PART
    again = Hashing.begin(notes, "place", LocalFile.found(path))
    assert again.ended(notes, shown.append) == (note, None)


def test_what_cannot_be_hashed_is_said_where_its_hash_is_waited_for(tmp_path: Path) -> None:
    path, notes = tmp_path / "film.mp4", Notes(tmp_path / "notes")
    path.write_bytes(bytes(9))
    found = LocalFile.found(path)
    path.write_bytes(b"short")
    with pytest.raises(TransferFailed, match="became shorter"):
        Hashing.begin(notes, "place", found).ended(notes, lambda size: None)
