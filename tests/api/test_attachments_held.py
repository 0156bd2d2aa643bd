"""What was submitted is held against everybody; only erasing its whole case, by two people, takes the hold off."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from casefile_api.attachments.expiry import remove_what_was_kept
from casefile_api.attachments.storage import Storage, StoreRefused
from casefile_api.attachments.unattended_acts import WorkerParts
from casefile_api.cli import case_files
from casefile_api.cli.administration import look
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.api.attaching import a_statement
from tests.api.behind import newest, storage_of
from tests.api.test_attachments_seen import naming, share
from tests.commands import enter, run, token_file
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.running import running_sandbox
from tests.outside.uploads import attach, download


@dataclass(frozen=True)
class Submitted:
    """A case file that was submitted with two files, which are held by now."""

    sandbox: Sandbox
    officer: Party
    case_id: str
    attachment_ids: tuple[str, str]
    link: Any

    def erased(self, folder: Path) -> tuple[str, str]:
        """What is said to the two people who have the case file erased."""
        asks, confirms = (
            token_file(folder, self.sandbox.party("operator-console", staff=staff, roles=["operator"]))
            for staff in ("OP-01", "OP-02")
        )
        asked = run(case_files.app, "erase", "ask", self.case_id, "--token", asks, "--reason", "court-order")
        return asked, run(case_files.app, "erase", "confirm", asked.split(":")[0], "--token", confirms)


def submitted_to(sandbox: Sandbox) -> Submitted:
    officer = sandbox.person("officer", unit="police-53-rasso")
    case_id = str(open_case(officer)["id"])
    one, two = (str(attach(officer, case_id, a_statement(number))["id"]) for number in (80, 81))
    share(officer, sandbox.person("supervisor", unit="police-53-rasso"), case_id, naming(officer, case_id, one, two))
    deadline = time.monotonic() + 60
    while (link := newest_link(officer, one))["kind"] != "held" or newest_link(officer, two)["kind"] != "held":
        assert time.monotonic() < deadline, "the files were not held"
        time.sleep(0.3)
    return Submitted(sandbox, officer, case_id, (one, two), link)


def newest_link(officer: Party, attachment_id: str) -> Any:
    return officer.get(f"/v1/attachments/{attachment_id}/custody").json()["items"][-1]


@pytest.fixture(scope="module")
def submitted(sandbox: Sandbox) -> Submitted:
    return submitted_to(sandbox)


@pytest.fixture
def store(sandbox: Sandbox) -> Iterator[Storage]:
    with storage_of(sandbox.directory) as storage:
        yield storage


def test_a_submitted_file_is_held_against_everybody(submitted: Submitted, store: Storage) -> None:
    officer, attachment_id = submitted.officer, submitted.attachment_ids[0]
    assert (submitted.link["facts"]["lock"], submitted.link["facts"]["legal_hold"]) == ("governance", True)
    assert submitted.link["sha256"] == a_statement(80).sha256
    path = f"/v1/attachments/{attachment_id}"
    officer.refused("DELETE", path, 409, "wrong-state", headers={"If-Match": officer.etag(path)})
    held = newest(store, attachment_id)
    for how in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(StoreRefused, match="AccessDenied"):
            store.ask("delete_object", **held, **how)
    store.ask("put_object", Key=held["Key"], Body=b"written over it")
    store.ask("delete_object", Key=held["Key"])
    assert download(officer, attachment_id) == a_statement(80).data


def test_two_people_who_erase_the_case_take_the_hold_off_but_not_what_nobody_can(
    submitted: Submitted, store: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(submitted.sandbox, monkeypatch)
    gone, kept = submitted.attachment_ids
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9000)
    locked = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
    store.ask("put_object_retention", **newest(store, kept), Retention=locked, BypassGovernanceRetention=True)
    said = submitted.erased(tmp_path)
    assert "held by the store" not in "".join(said)
    deadline = time.monotonic() + 60
    while versions_of(store, gone) or len(versions_of(store, kept)) > 1 or not warned_of(submitted.sandbox, kept):
        assert time.monotonic() < deadline, "the files were not removed"
        time.sleep(0.2)
    assert len(versions_of(store, kept)) == 1
    assert f'"until": "{until:%Y-%m-%dT%H:%M:%S}' in warned_of(submitted.sandbox, kept)[0]
    for each in submitted.attachment_ids:
        submitted.officer.refused("GET", f"/v1/attachments/{each}/content", 409, "wrong-state")
    assert look(kept_long_enough) == 0
    owner = PostgreSQL(DataDirectory(submitted.sandbox.directory)).addresses().owner
    with psycopg.connect(owner) as connection:
        connection.execute("update attachment set recheck_due_at = now() where id = any(%s::uuid[])", ([gone, kept],))
    assert look(kept_long_enough) == 1


async def kept_long_enough(database: Database) -> int:
    """How many files the worker would try to remove again by now."""
    return await remove_what_was_kept(cast(WorkerParts, SimpleNamespace(database=database, clock=Clock())))


def versions_of(store: Storage, attachment_id: str) -> list[Any]:
    told = store.ask("list_object_versions", Prefix=f"attachments/{attachment_id}/")
    return [*told.get("Versions", []), *told.get("DeleteMarkers", [])]


def warned_of(sandbox: Sandbox, attachment_id: str) -> list[str]:
    """Lines of the worker's log that say of a file that the store keeps it."""
    lines = (sandbox.directory / "logs" / "worker.log").read_text().splitlines()
    return [line for line in lines if "erased_file_kept_by_store" in line and attachment_id in line]


@pytest.mark.soak
def test_in_mode_compliance_whoever_erases_is_told_what_stays_and_until_when(
    shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_sandbox(shared_folder / "compliance", CASEFILE_OBJECT_LOCK="compliance") as sandbox:
        enter(sandbox, monkeypatch)
        submitted = submitted_to(sandbox)
        assert submitted.link["facts"]["lock"] == "compliance"
        one = submitted.attachment_ids[0]
        path = f"/v1/attachments/{one}"
        submitted.officer.refused(
            "DELETE", path, 409, "wrong-state", headers={"If-Match": submitted.officer.etag(path)}
        )
        asked, confirmed = submitted.erased(tmp_path)
        until = submitted.link["facts"]["until"][:10]
        stays = f"2 files that were submitted are held by the store in mode compliance until {until}"
        assert stays in asked and stays in confirmed
        deadline = time.monotonic() + 60
        while not warned_of(sandbox, one):
            assert time.monotonic() < deadline, "nothing was said of the file"
            time.sleep(0.2)
        with storage_of(sandbox.directory) as store:
            version = newest(store, one)
            assert store.ask("get_object", **version)["Body"].read() == a_statement(80).data
            with pytest.raises(StoreRefused, match="AccessDenied"):
                store.ask("delete_object", **version, BypassGovernanceRetention=True)
        submitted.officer.refused("GET", f"{path}/content", 409, "wrong-state")
        sandbox.http.close()
