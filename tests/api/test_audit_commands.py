"""`audit verify` and `audit verify-export` as an auditor runs them, and the recipe of the auditors' page."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from casefile_api.cli import audit
from casefile_api.cli.failing import CommandFailed
from casefile_api.cli.failing import sentence_of as sentence_of_failure
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox

LOG = "/v1/audit-log"
PAGE = Path(__file__).parents[2] / "docs" / "auditors.md"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(audit.app, [str(word) for word in words])


def sentence_of(result: Result) -> str:
    """The one sentence that a failed command says."""
    assert result.exit_code == 1 and isinstance(result.exception, CommandFailed)
    return str(result.exception)


class Kept:
    """What an auditor keeps in a folder: an old checkpoint, an export, its checkpoint, the key, the proof of growth."""

    def __init__(self, folder: Path, sandbox: Sandbox, inspector: Party, officer: Party) -> None:
        self.folder, self.sandbox, self.inspector = folder, sandbox, inspector
        self.key = self.keep("log.key", "public-key")
        self.old = self.keep("2026-11-24.checkpoint", "checkpoint")
        case = open_case(officer)["id"]
        while not inspector.get(f"{LOG}/entries?case_file_id={case}").json()["items"][0]["leaf_index"]:
            time.sleep(0.05)
        export = inspector.get(f"{LOG}/entries", headers={"Accept": "application/x-ndjson"}).content
        self.export = self.write("export.ndjson", export)
        size = json.loads(export.splitlines()[0])["inclusion"]["tree_size"]
        self.checkpoint = self.keep("export.checkpoint", f"checkpoint?tree_size={size}")
        old_size = self.old.read_text().split("\n")[1]
        self.growth = self.keep("growth.json", f"consistency-proof?from={old_size}&to={size}")

    def keep(self, name: str, path: str) -> Path:
        return self.write(name, self.inspector.get(f"{LOG}/{path}").content)

    def write(self, name: str, content: bytes) -> Path:
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def verify(self, *more: str | Path, export: Path | None = None, key: str | Path | None = None) -> Result:
        file, checkpoint = export or self.export, self.checkpoint
        return run("verify-export", file, "--checkpoint", checkpoint, "--public-key", key or self.key, *more)


@pytest.fixture
def kept(tmp_path: Path, sandbox: Sandbox, officer: Party) -> Kept:
    staff = sandbox.staff("auditor", organisation="oversight-hmcpsi")["staff_id"]
    return Kept(tmp_path, sandbox, sandbox.party("hmcpsi-audit", staff=staff, roles=["auditor"]), officer)


def test_an_export_verifies_with_a_checkpoint_and_a_key_and_continues_an_old_checkpoint(kept: Kept) -> None:
    result = kept.verify("--since", kept.old, "--consistency", kept.growth, key=kept.key.read_text())

    assert result.exit_code == 0, result.output
    assert "every entry of the log up to the checkpoint" in result.output
    assert "1 consistency proofs" in result.output


def test_a_changed_a_removed_and_a_moved_line_are_named(kept: Kept) -> None:
    lines = kept.export.read_bytes().splitlines(keepends=True)
    changed = [*lines[:3], lines[3].replace(b'"outcome":"allowed"', b'"outcome":"refused"'), *lines[4:]]
    moved = [lines[1], lines[0], *lines[2:]]

    assert "(leaf 3, line 4)" in sentence_of(kept.verify(export=kept.write("changed", b"".join(changed))))
    assert "(leaf 0, line 2)" in sentence_of(kept.verify(export=kept.write("moved", b"".join(moved))))
    removed = kept.verify(export=kept.write("removed", b"".join(lines[1:])))
    assert "whether a search left any out" in removed.output


def test_growth_that_cannot_be_proved_is_a_failure(kept: Kept) -> None:
    forked = kept.growth.read_text().replace('"hashes":["', '"hashes":["00')

    assert "no proof from" in sentence_of(kept.verify("--since", kept.old))
    refused = kept.verify("--since", kept.old, "--consistency", kept.write("forked", forked.encode()))
    assert "does not continue" in sentence_of(refused)


@pytest.mark.parametrize(
    ("key", "words"),
    [("casefile.example+00000000+AAAA", "public key of the log"), ("no-such-file", "no-such-file")],
)
def test_a_key_that_is_none_is_said_in_a_sentence(kept: Kept, key: str, words: str) -> None:
    assert words in str(kept.verify(key=key).exception)


def test_a_checkpoint_of_a_stranger_is_refused(kept: Kept) -> None:
    stranger = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

    assert "not signed by a known key" in sentence_of(kept.verify(key=stranger))


def test_the_database_of_the_running_service_verifies(
    kept: Kept, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = PostgreSQL(DataDirectory(sandbox.directory)).addresses()
    monkeypatch.setenv("CASEFILE_DATABASE_URL", addresses.service)
    monkeypatch.setenv("CASEFILE_WORKER_DATABASE_URL", addresses.worker)
    monkeypatch.setenv("CASEFILE_DATA_DIR", str(sandbox.directory))

    result = run("verify", "--checkpoint", kept.old)

    assert result.exit_code == 0, result.output
    assert "2 checkpoints kept outside" in result.output and "The log is whole" in result.output


def test_a_command_of_the_owner_says_whose_login_it_needs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEFILE_DATABASE_URL", PostgreSQL(DataDirectory(sandbox.directory)).addresses().service)
    monkeypatch.setenv("CASEFILE_DATA_DIR", str(sandbox.directory))

    failure = run("recover").exception

    assert isinstance(failure, Exception) and "CASEFILE_MIGRATION_DATABASE_URL" in sentence_of_failure(failure)


def test_the_shell_recipes_of_the_auditors_page_work_as_they_stand(kept: Kept, tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl and openssl are not here")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    hold, prove, _, signature = blocks[:4]
    hold = hold.replace("https://casefile.example", kept.sandbox.base_url)
    entries = [json.loads(line)["entry"] for line in kept.export.read_text().splitlines()]
    case = next(entry["case_file_id"] for entry in reversed(entries) if entry["case_file_id"])
    folder = tmp_path / "afternoon"
    folder.mkdir()
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "case": case}
    environment |= {"token": kept.inspector.token}

    done = subprocess.run(
        ["/bin/bash", "-euc", hold + prove + signature],
        cwd=folder, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "What the file holds is whole" in done.stdout and "Signature Verified Successfully" in done.stdout


def test_the_python_recipe_of_the_auditors_page_proves_a_line(kept: Kept) -> None:
    recipe = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]

    def followed() -> int:
        return subprocess.run(
            [sys.executable, "-c", recipe], cwd=kept.folder, check=False, capture_output=True
        ).returncode

    assert followed() == 0
    line = kept.export.read_bytes().splitlines(keepends=True)[5]
    kept.export.write_bytes(line.replace(b'"outcome":"allowed"', b'"outcome":"refused"'))
    assert followed() == 1
