"""The chain of custody of every file of the demonstration is a CASE/UCO graph that CASE's own validator accepts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.outside.client import Sandbox
from tests.outside.running import PROGRAM


@pytest.mark.soak
def test_the_chains_of_the_demo_case_are_valid_for_both_sides(sandbox: Sandbox, tmp_path: Path) -> None:
    demo = [*PROGRAM, "demo", "--sandbox", str(sandbox.directory / "sandbox.json")]
    subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
    officer = sandbox.person("officer", unit="police-53-rasso")
    prosecutor = sandbox.person("prosecutor", unit="cps-south-west-rasso")
    case_id = officer.get("/v1/case-files", params={"limit": 1}).json()["items"][0]["id"]
    attachments = officer.items(f"/v1/case-files/{case_id}/attachments")
    assert len(attachments) >= 4
    files: list[Path] = []
    for party in (officer, prosecutor):
        for attachment in attachments:
            path = f"/v1/attachments/{attachment['id']}/custody"
            answer = party.call("GET", path, headers={"Accept": "application/ld+json"})
            if answer.status_code == 200:
                files.append(tmp_path / f"{party.organisation}-{attachment['id']}.jsonld")
                files[-1].write_bytes(answer.content)
    assert len(files) >= 8, "both sides have the chains of all four files"
    validator = Path(sys.executable).with_name("case_validate")
    told = subprocess.run(
        [validator, "--built-version", "case-1.4.0", *files], capture_output=True, text=True, check=False
    )
    assert (told.returncode, "Conforms: True" in told.stdout) == (0, True), told.stdout + told.stderr
