"""The store stops answering, or the worker is killed: the service stays up, and every upload ends whole."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.api.attaching import large_text, text_file
from tests.api.test_bundles import built
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.files import statement, video
from tests.outside.running import RunningSandbox
from tests.outside.uploads import attach, declare, download, settled, upload


@pytest.fixture(scope="module")
def running(shared_folder: Path) -> Iterator[RunningSandbox]:
    box = RunningSandbox(shared_folder / "hard-times-for-files")
    box.start()
    yield box
    box.stop()


@pytest.fixture
def officer(running: RunningSandbox) -> Iterator[Party]:
    sandbox = Sandbox.from_file(running.directory / "sandbox.json")
    yield sandbox.person("officer", unit="police-53-rasso")
    sandbox.http.close()


def part_of(running: RunningSandbox, word: str) -> psutil.Process:
    """The process of the sandbox whose command line has this word."""
    found = [process for process in running.processes() if word in " ".join(process.cmdline())]
    assert found, f"no {word} runs"
    return found[0]


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


def test_a_verification_that_was_killed_is_taken_up_again(running: RunningSandbox, officer: Party) -> None:
    case_id = open_case(officer)["id"]
    file = video()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file)
    worker = part_of(running, "worker")
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


def test_an_upload_that_was_never_finished_and_an_old_bundle_are_given_up(
    running: RunningSandbox, officer: Party
) -> None:
    file = large_text()
    declared = declare(officer, open_case(officer)["id"], file)
    upload(officer, declared, file, only={1})
    bundle = built(officer, declared["case_file_id"], 1)
    officer.sandbox.person("operator").post("/v1/sandbox/clock", {"advance": "P15D"})
    part_of(running, "worker").kill()  # the next one begins with its rounds
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
