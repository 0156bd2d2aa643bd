"""What the store's access log says of downloads is in the chain of custody, once, and nothing else that it says is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer

from casefile_api.cli import access_log
from tests.api.attaching import a_statement
from tests.commands import enter, run
from tests.outside.client import Party, Sandbox
from tests.outside.uploads import attach

COMMAND = typer.Typer()
COMMAND.command()(access_log.read_access_log)


def line(bucket: str, location: str, request: str, *, at: datetime, status: int = 200, key: str = "") -> str:
    """As Amazon S3 writes it."""
    url = urlsplit(location)
    path = key or url.path.removeprefix(f"/{bucket}/")
    return (
        f"owner {bucket} [{at:%d/%b/%Y:%H:%M:%S %z}] 192.0.2.9 - {request} REST.GET.OBJECT {path} "
        f'"GET {url.path}?{url.query} HTTP/1.1" {status} - 1815 1815 7 6 "-" "curl" - host SigV4 - QueryString - - - -'
    )


def test_downloads_of_the_access_log_come_into_the_chain_once(
    sandbox: Sandbox, officer: Party, case_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(sandbox, monkeypatch)
    bucket = sandbox.config["storage"]["bucket"]
    monkeypatch.setenv("CASEFILE_S3_BUCKET", bucket)
    file, other = (attach(officer, case_id, a_statement(number)) for number in (41, 42))
    path = f"/v1/attachments/{file['id']}"
    given, elsewhere = (
        officer.get(f"/v1/attachments/{each['id']}/content", expect=307).headers for each in (file, other)
    )
    now = datetime.now(UTC)
    log = tmp_path / "access.log"
    lines = [
        line(bucket, given["location"], "REQUEST1", at=now),
        line(bucket, given["location"], "REQUEST2", at=now + timedelta(seconds=1), status=206),
        line(bucket, given["location"], "REQUEST2", at=now + timedelta(seconds=1), status=206),
        line(bucket, given["location"], "LATER", at=now + timedelta(hours=1)),
        line(bucket, given["location"], "ANOTHER", at=now, key=urlsplit(elsewhere["location"]).path.split("/", 2)[2]),
        line(bucket, given["location"], "REFUSED", at=now, status=403),
    ]
    log.write_text("\n".join(lines))
    assert run(COMMAND, log) == "2 downloads added, 1 known before, 2 of other things.\n"
    assert run(COMMAND, log) == "0 downloads added, 3 known before, 2 of other things.\n"

    chain = officer.get(f"{path}/custody").json()["items"]
    (opened,) = [link for link in chain if link["kind"] == "consulted"]
    first, second = [link for link in chain if link["kind"] == "downloaded"]
    assert (first["facts"]["request"], second["facts"]["request"]) == ("REQUEST1", "REQUEST2")
    assert (first["facts"]["bytes"], first["facts"]["part"], second["facts"]["part"]) == (1815, False, True)
    assert first["facts"]["entry"] == opened["audit_entry_id"] != first["audit_entry_id"]
    assert (first["organisation"], first["staff_id"]) == (opened["organisation"], opened["staff_id"])
    assert "192.0.2.9" not in str(chain)
    assert "downloaded" not in officer.get(f"/v1/attachments/{other['id']}/custody").text
    assert "downloaded" in officer.get(f"{path}/custody", headers={"Accept": "application/ld+json"}).text
