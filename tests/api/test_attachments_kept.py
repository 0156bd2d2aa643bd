"""What was submitted stays: nobody deletes it, through the API or at the store; and what is no good never gets in."""

import io
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casefile_api.attachments.locking import lock_object
from casefile_api.attachments.storage import Storage, StoreRefused
from casefile_api.settings import ObjectLock
from tests.api.attaching import EICAR, completed, holding
from tests.api.behind import all_events, newest, storage_of
from tests.outside.client import Party, Sandbox
from tests.outside.files import EvidenceFile, statement, video
from tests.outside.uploads import attach

LOCKED = Path(__file__).parents[1] / "rules" / "locked"


@pytest.fixture
def store(sandbox: Sandbox) -> Iterator[Storage]:
    with storage_of(sandbox.directory) as storage:
        yield storage


def archive(name: str, data: bytes) -> EvidenceFile:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return EvidenceFile("export.zip", "application/zip", "OTHER_MATERIAL", "Export", held.getvalue())


REFUSED = {
    "password_protected": holding(statement(), (LOCKED / "statement.pdf").read_bytes()),
    "truncated": holding(statement(), statement().data[:-40]),
    "archive_bomb": archive("zeros", bytes(30_000_000)),
    "infected": archive("eicar.com", EICAR),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_no_good_is_rejected_by_its_code_and_never_opened(officer: Party, case_id: str, code: str) -> None:
    rejected = completed(officer, case_id, REFUSED[code])
    assert (rejected["status"], rejected["rejection"]["code"]) == ("rejected", code)
    officer.refused("GET", f"/v1/attachments/{rejected['id']}/content", 409, "wrong-state")
    deadline = time.monotonic() + 30
    while (codes := codes_told(officer, rejected["id"])) != [None, code]:
        assert time.monotonic() < deadline, codes
        time.sleep(0.1)


def codes_told(officer: Party, attachment_id: str) -> list[str | None]:
    """What the force's feed says of a file, event by event, the code of its rejection where it has one."""
    told = all_events(officer.sandbox.system("police-53"))
    return [item["data"].get("code") for item in told if item["data"].get("attachment_id") == attachment_id]


def test_a_film_that_breaks_off_is_found(officer: Party, case_id: str) -> None:
    film = video(200_000)
    assert completed(officer, case_id, holding(film, film.data[:150_000]))["rejection"]["code"] == "truncated"


async def test_in_mode_compliance_nobody_takes_the_lock_off(store: Storage, case_id: str) -> None:
    key = f"attachments/{case_id}/compliance"
    held = {"Key": key, "VersionId": store.ask("put_object", Key=key, Body=b"submitted")["VersionId"]}
    until = datetime.now(UTC) + timedelta(days=2)
    assert await lock_object(store, key, held["VersionId"], ObjectLock.COMPLIANCE, until) is ObjectLock.COMPLIANCE
    store.ask("put_object_legal_hold", **held, LegalHold={"Status": "OFF"})
    for mode, end in (("COMPLIANCE", until - timedelta(days=1)), ("GOVERNANCE", until)):
        for how in ({}, {"BypassGovernanceRetention": True}):
            with pytest.raises(StoreRefused):
                store.ask("put_object_retention", **held, Retention={"Mode": mode, "RetainUntilDate": end}, **how)
            with pytest.raises(StoreRefused, match="AccessDenied"):
                store.ask("delete_object", **held, **how)
    assert store.ask("get_object", **held)["Body"].read() == b"submitted"


def test_a_file_that_was_not_submitted_can_still_be_deleted(officer: Party, case_id: str, store: Storage) -> None:
    attachment = attach(officer, case_id, statement(3))
    held = newest(store, attachment["id"])
    path = f"/v1/attachments/{attachment['id']}"
    officer.delete(path, headers={"If-Match": officer.etag(path)})
    deadline = time.monotonic() + 60
    while officer.get(f"{path}/custody").json()["items"][-1]["kind"] != "removed_from_storage":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    left = store.ask("list_object_versions", Prefix=held["Key"])
    assert not left.get("Versions") and not left.get("DeleteMarkers")
