"""Two clients that are certified for FAPI 2.0 get, use and give back bound tokens, unmodified.

Needs node and npm, and a package registry that answers; the reason is said where one is not there.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.outside.client import Sandbox

PACKAGES = ("oauth4webapi@3.8.8", "openid-client@6.9.0", "jose@6.2.18")
SCRIPTS = Path(__file__).with_name("npm")
INSTALL_SECONDS = 90
HEARD: Any = {"capture_output": True, "text": True}


@pytest.fixture(scope="module")
def node_modules(shared_folder: Path) -> Path:
    """A folder with the packages in it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not on this machine")
    folder = shared_folder / "npm"
    folder.mkdir(exist_ok=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
    try:
        done = subprocess.run([npm, "install", *options, *PACKAGES], check=False, timeout=INSTALL_SECONDS, **HEARD)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if done.returncode != 0:
        pytest.skip(f"the npm packages cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.mark.parametrize("script", ["through_oauth4webapi.mjs", "through_openid_client.mjs"])
def test_a_certified_client_gets_uses_and_gives_back_bound_tokens(
    sandbox: Sandbox, node_modules: Path, script: str
) -> None:
    shutil.copy(SCRIPTS / script, node_modules / script)
    command = ["node", str(node_modules / script), str(sandbox.directory)]
    done = subprocess.run(command, check=False, timeout=60, **HEARD)

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [kind.lower() for kind in said["kinds"]] == ["dpop", "dpop"]
    assert said["roles"] == [["system"], ["officer"]]
    assert said["introspected"] is True
    assert said["resource"] == sandbox.config["issuer"]
    assert said["afterwards"] == "invalid_token"
