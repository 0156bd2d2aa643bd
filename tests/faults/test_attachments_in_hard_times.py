"""The store stops answering, or the worker is killed: the service stays up, and every upload ends whole."""

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from casefile_api.attachments.storage import Storage
from casefile_api.client.local import LocalFile
from casefile_api.client.opening import Caller, Manner, downloading, uploading
from casefile_api.client.uploading import Wanted
from tests.api.attaching import ON_CEPH, large_text, text_file
from tests.api.behind import all_events, newest, storage_of
from tests.api.test_bundles import built
from tests.faults.hard_transfer import PART_BYTES, HardTransfer, assert_arrived_and_nothing_left, sparse_file
from tests.outside.bad_line import FAULTS, BadLine, bad_line
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.files import statement, video
from tests.outside.running import RunningSandbox
from tests.outside.uploads import attach, declare, download, put, settled, upload

embedded = pytest.mark.skipif(ON_CEPH, reason="stops the embedded store, or edits its files")


@pytest.fixture(scope="module")
def line() -> Iterator[BadLine]:
    with bad_line() as line:
        yield line


@pytest.fixture(scope="module")
def running(shared_folder: Path, line: BadLine) -> Iterator[RunningSandbox]:
    """A service that reaches its store over a line that is bad at times."""
    box = RunningSandbox(shared_folder / "hard-times-for-files", environment={"HTTP_PROXY": line.url})
    box.start()
    yield box
    box.stop()


@pytest.fixture(autouse=True)
def mended(line: BadLine) -> Iterator[None]:
    """What a test does to the line ends with it."""
    yield
    line.pick = lambda method, path: None


@pytest.fixture
def officer(running: RunningSandbox) -> Iterator[Party]:
    sandbox = Sandbox.from_file(running.directory / "sandbox.json")
    yield sandbox.person("officer", unit="police-53-rasso")
    sandbox.http.close()


def caller_of(party: Party) -> Caller:
    """The party as the client command is told of it."""
    sandbox, entry = party.sandbox, party.entry
    key = sandbox.directory / entry["private_key_file"]
    who = Caller(sandbox.config["issuer"], party.client_id, key, None, entry["kid"])
    return replace(who, staff_id=party.staff_id, roles=party.roles, justification=party.justification)


def part_of(running: RunningSandbox, word: str) -> psutil.Process:
    """The process of the sandbox whose command line has this word."""
    found = [process for process in running.processes() if word in " ".join(process.cmdline())]
    assert found, f"no {word} runs"
    return found[0]


@embedded
def test_while_the_store_hangs_the_service_says_so_and_stays_up(running: RunningSandbox, officer: Party) -> None:
    case_id = open_case(officer)["id"]
    file = text_file(b"sent after the store came back")
    store = part_of(running, "weed")
    os.kill(store.pid, signal.SIGSTOP)
    try:
        declared = declare(officer, case_id, file)
        begun = time.monotonic()
        asked = {"parts": [{"number": 1, "sha256": file.sha256}]}
        answer = officer.call("POST", f"/v1/attachments/{declared['id']}/upload", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (503, "dependency-unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - begun < 20
        assert officer.get(f"/v1/case-files/{case_id}").elapsed.total_seconds() < 2
    finally:
        os.kill(store.pid, signal.SIGCONT)
    upload(officer, declared, file)
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["status"] == "available"


UNANSWERED = ("refused", "internal error", "slow down", "reset in the body", "clock skew")


def test_whatever_is_wrong_with_the_store_is_a_503_and_passes_with_it(
    running: RunningSandbox, officer: Party, line: BadLine
) -> None:
    case_id = open_case(officer)["id"]
    made = {fault: text_file(fault.encode()) for fault in UNANSWERED}
    declared = {fault: declare(officer, case_id, file) for fault, file in made.items()}

    def pick(method: str, path: str) -> str | None:
        return next((fault for fault in UNANSWERED if declared[fault]["id"] in path), None)

    for fault in UNANSWERED:
        put(officer, declared[fault]["upload"]["parts"][0], made[fault].data)
    line.pick = pick
    with ThreadPoolExecutor(len(UNANSWERED)) as threads:
        completing = [f"/v1/attachments/{each['id']}/complete" for each in declared.values()]
        answers = list(threads.map(lambda path: officer.call("POST", path), completing))
        officer.get(f"/v1/case-files/{case_id}")
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (503, "dependency-unavailable")
    ] * len(UNANSWERED)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    line.pick = lambda method, path: None
    for path in completing:
        officer.post(path, expect=202)
    for each in declared.values():
        assert settled(officer, each["id"])["status"] == "available"


def test_over_a_line_on_which_everything_happens_files_arrive_whole(
    running: RunningSandbox, officer: Party, line: BadLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third request to the store fares badly, of the client, of the service and of the worker alike."""
    monkeypatch.setenv("HTTP_PROXY", line.url)
    asked = itertools.count()
    faults = itertools.cycle(FAULTS)
    file, back = tmp_path / "long.txt", tmp_path / "back.txt"
    file.write_bytes(large_text().data)
    case_id = open_case(officer)["id"]
    line.happened.clear()
    line.pick = lambda method, path: next(faults) if "/attachments/" in path and next(asked) % 3 == 0 else None
    caller = caller_of(officer)
    manner = Manner(patience_seconds=60, state=tmp_path / "notes", quiet=True)
    with uploading(caller, manner) as client:
        attachment = client.bring(LocalFile.found(file), Wanted(case_id, "MG11", "text/plain"))
    assert attachment["status"] == "available"
    with downloading(caller, manner) as client:
        client.fetch(attachment["id"], back)
    assert back.read_bytes() == file.read_bytes()
    assert len(line.happened) >= len(FAULTS)
    chain = officer.get(f"/v1/attachments/{attachment['id']}/custody").json()["items"]
    assert [link["kind"] for link in chain].count("verified") == 1


def test_an_upload_that_is_cut_and_killed_again_and_again_arrives_whole(
    running: RunningSandbox, officer: Party, line: BadLine, tmp_path: Path
) -> None:
    breaks = ["cut", "client", "cut", "client", "cut"]
    file = sparse_file(tmp_path / "telephone.bin", 8 * PART_BYTES - 7, seed=1)
    transfer = HardTransfer(running, line, officer, tmp_path / "notes", breaks, parts=8, seed=1)
    case_id = open_case(officer)["id"]
    attachment_id = transfer.upload(case_id, file)
    assert transfer.done == ["cut", "client", "cut", "client", "cut"]
    assert_arrived_and_nothing_left(transfer, attachment_id, case_id, file)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_a_telephone_goes_through_whatever_is_killed(
    running: RunningSandbox, officer: Party, line: BadLine, tmp_path: Path
) -> None:
    """TRANSFER_MIB=51200 for 50 GB; the store takes as much room, the sparse file none."""
    size = int(os.environ.get("TRANSFER_MIB", "1024")) * 1024 * 1024
    breaks = ["cut", "client", "service"] * 7
    random.Random(size).shuffle(breaks)
    file = sparse_file(tmp_path / "telephone.bin", size, seed=size)
    transfer = HardTransfer(running, line, officer, tmp_path / "notes", breaks, size // PART_BYTES, seed=size)
    case_id = open_case(officer)["id"]
    begun = time.monotonic()
    attachment_id = transfer.upload(case_id, file)
    print(f"\n{size / 2**20:.0f} MiB in {time.monotonic() - begun:.0f} s; {transfer.done}; {transfer.most_bytes}")
    assert len(transfer.done) == 21, "fewer things happened than were meant to"
    assert max(transfer.most_bytes.values()) < 250_000_000
    assert set(transfer.most_bytes) == {"api-process", "worker-process"}
    assert_arrived_and_nothing_left(transfer, attachment_id, case_id, file)


def test_a_verification_that_was_killed_is_taken_up_again(running: RunningSandbox, officer: Party) -> None:
    case_id = open_case(officer)["id"]
    file = video()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file)
    worker = part_of(running, "worker-process")
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    worker.kill()
    assert settled(officer, declared["id"])["status"] == "available"
    chain = officer.get(f"/v1/attachments/{declared['id']}/custody").json()["items"]
    assert [link["kind"] for link in chain].count("verified") == 1


def test_a_kill_of_everything_in_the_middle_of_an_upload_loses_no_part(running: RunningSandbox, officer: Party) -> None:
    case_id = open_case(officer)["id"]
    file = large_text()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file, only={1, 3})
    running.kill()
    sandbox = running.start()
    again = sandbox.person("supervisor", unit="police-53-rasso")
    assert again.get(f"/v1/attachments/{declared['id']}/upload").json()["missing"] == [2]
    upload(again, declared, file, only={2})
    again.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(again, declared["id"])["status"] == "available"
    assert download(again, declared["id"]) == file.data
    assert attach(again, case_id, statement())["status"] == "available"
    sandbox.http.close()


@pytest.fixture
def store_behind(running: RunningSandbox) -> Iterator[Storage]:
    with storage_of(running.directory) as storage:
        yield storage


def edit_volume(running: RunningSandbox, data: bytes, *, mend: bool) -> None:
    """Change one byte of a file in the store's own volume; and its checksum, as one who knows how would."""
    for volume in (running.directory / "seaweedfs").rglob("*.dat"):
        held = volume.read_bytes()
        at = held.find(data)
        if at < 0:
            continue
        changed = data[:500] + bytes([data[500] ^ 1]) + data[501:]
        size = int.from_bytes(held[at - 8 : at - 4], "big")
        place = at - 4 + size
        assert held[place : place + 4] == crc32c(data).to_bytes(4, "big")
        with volume.open("r+b") as file:
            file.seek(at)
            file.write(changed)
            if mend:
                file.seek(place)
                file.write(crc32c(changed).to_bytes(4, "big"))
        return
    pytest.fail("no volume of the store holds the file")


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720 B.4), bit by bit."""
    left = 0xFFFFFFFF
    for byte in data:
        left ^= byte
        for _ in range(8):
            left = left >> 1 ^ (0x82F63B78 if left & 1 else 0)
    return left ^ 0xFFFFFFFF


def waited(party: Party, attachment_ids: Sequence[str], seconds: float = 60) -> list[Any]:
    """The attachments once each was read again."""
    deadline = time.monotonic() + seconds
    while True:
        seen = [party.get(f"/v1/attachments/{each}").json() for each in attachment_ids]
        if all(each["integrity"] for each in seen):
            return seen
        assert time.monotonic() < deadline, "the files were not read again"
        time.sleep(0.5)


def a_month_later(running: RunningSandbox, officer: Party) -> None:
    officer.sandbox.person("operator").post("/v1/sandbox/clock", {"advance": "P31D"})
    part_of(running, "worker-process").kill()  # the next one begins with its rounds


@embedded
def test_what_was_changed_behind_the_services_back_is_found_and_said(
    running: RunningSandbox, officer: Party, store_behind: Storage
) -> None:
    case_id = open_case(officer)["id"]
    made = [statement(number, pages=1) for number in range(60, 64)]
    altered, overwritten, lost, intact = (attach(officer, case_id, file)["id"] for file in made)
    edit_volume(running, made[0].data, mend=True)
    store_behind.ask("put_object", Key=newest(store_behind, overwritten)["Key"], Body=b"something else")
    store_behind.ask("delete_object", **newest(store_behind, lost))
    a_month_later(running, officer)
    seen = waited(officer, [altered, overwritten, lost, intact])
    states = [each["integrity"] for each in seen]
    assert states == ["altered", "overwritten", "lost", "intact"]
    chain = [officer.get(f"/v1/attachments/{each['id']}/custody").json()["items"][-1] for each in seen]
    assert [link["kind"] for link in chain] == ["found_altered"] * 3 + ["rechecked"]
    assert [link["facts"] for link in chain] == [{"integrity": state} for state in states]
    assert chain[0]["sha256"] not in (None, made[0].sha256)
    assert chain[3]["sha256"] == made[3].sha256
    told = all_events(officer.sandbox.system("police-53"))
    said = {item["data"]["attachment_id"]: item["data"]["state"] for item in told if "integrity" in item["type"]}
    assert {each["id"]: said.get(each["id"]) for each in seen[:3]} == {
        each["id"]: each["integrity"] for each in seen[:3]
    }
    assert intact not in said
    logged = (running.directory / "logs" / "worker.log").read_text()
    for each in seen[:3]:
        assert f'"attachment_id": "{each["id"]}", "integrity": "{each["integrity"]}"' in logged
    for gone in (altered, lost):
        officer.refused("GET", f"/v1/attachments/{gone}/content", 409, "wrong-state")
    assert download(officer, overwritten) == made[1].data
    assert download(officer, intact) == made[3].data


@pytest.mark.soak
def test_damage_that_the_store_itself_finds_is_said_as_well(running: RunningSandbox, officer: Party) -> None:
    file = statement(70, pages=1)
    damaged = attach(officer, open_case(officer)["id"], file)["id"]
    edit_volume(running, file.data, mend=False)
    a_month_later(running, officer)
    assert [each["integrity"] for each in waited(officer, [damaged], seconds=300)] == ["unreadable"]
    officer.refused("GET", f"/v1/attachments/{damaged}/content", 409, "wrong-state")


def test_an_upload_that_was_never_finished_and_an_old_bundle_are_given_up(
    running: RunningSandbox, officer: Party
) -> None:
    file = large_text()
    declared = declare(officer, open_case(officer)["id"], file)
    upload(officer, declared, file, only={1})
    bundle = built(officer, declared["case_file_id"], 1)
    officer.sandbox.person("operator").post("/v1/sandbox/clock", {"advance": "P15D"})
    part_of(running, "worker-process").kill()  # the next one begins with its rounds
    path = f"/v1/attachments/{declared['id']}"
    deadline = time.monotonic() + 90
    while (chain := officer.get(f"{path}/custody").json()["items"])[-1]["kind"] != "removed_from_storage":
        assert time.monotonic() < deadline, "the upload was not given up"
        time.sleep(0.5)
    assert "given_up" in [link["kind"] for link in chain]
    assert officer.get(path).json()["status"] == "deleted"
    asked = {"parts": [{"number": 2, "sha256": "0" * 64}]}
    officer.refused("POST", f"{path}/upload", 409, "wrong-state", json=asked)
    while officer.get(f"/v1/bundles/{bundle['id']}").json()["state"] != "expired":
        assert time.monotonic() < deadline, "the bundle was kept"
        time.sleep(0.5)
    officer.refused("GET", f"/v1/bundles/{bundle['id']}/content", 409, "wrong-state")
