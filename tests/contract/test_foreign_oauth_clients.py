"""Clients and an issuer that are certified play the story with bound tokens, unmodified.

Needs node and npm, and a package registry that answers; the reason is said where one is not there.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.outside import cases, files
from tests.outside.beside import beside
from tests.outside.client import Sandbox

PACKAGES = ("oauth4webapi@3.8.8", "openid-client@6.9.0", "jose@6.2.18", "oidc-provider@9.13.3")
SCRIPTS = Path(__file__).with_name("npm")
INSTALL_SECONDS = 90
STORY_SECONDS = 100
HEARD: Any = {"capture_output": True, "text": True}
AUDIENCE = "https://casefile.example"


@pytest.fixture(scope="module")
def node_modules(shared_folder: Path) -> Path:
    """A folder with the packages and the scripts in it."""
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
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, folder / script.name)
    return folder


@pytest.fixture(scope="module")
def other_kinds(sandbox: Sandbox) -> list[str]:
    """Two systems whose keys are RSA and Ed25519, and which prove their tokens with such keys."""
    return [registered(sandbox, "PS256", "PS256"), registered(sandbox, "EdDSA", "Ed25519")]


def registered(sandbox: Sandbox, algorithm: str, proofs: str) -> str:
    """Let a system in with the command of the administrator; what its script has to know."""
    client_id, file = f"force-53-{algorithm.lower()}", f"keys/{algorithm}.pem"
    options = ["--organisation", "police-53", "--name", "Record system", "--algorithm", algorithm]
    command = [sys.executable, "-m", "casefile_api.cli", "clients", "add", client_id, *options]
    environment = os.environ | {"CASEFILE_DATA_DIR": str(sandbox.directory), "CASEFILE_SANDBOX": "true"}
    done = subprocess.run(
        [*command, "--private-key-file", str(sandbox.directory / file)], check=False, env=environment, **HEARD
    )
    assert done.returncode == 0, done.stderr
    kid = done.stdout.split("with the keys ")[1].strip().rstrip(".")
    entry = {"client_id": client_id, "kid": kid, "algorithm": algorithm, "private_key_file": file, "proofs": proofs}
    return json.dumps(entry)


def bodies() -> dict[str, Any]:
    """What the story sends."""
    statement = files.statement(1)
    return {
        "opening": cases.opening(),
        "request": cases.request_body(),
        "review": {"review_type": "EARLY_ADVICE", "case_type": "RASSO"},
        "document": base64.b64encode(statement.data).decode(),
        "declaration": statement.declaration(),
    }


@pytest.mark.parametrize("library", ["oauth4webapi", "openid-client"])
def test_a_certified_client_plays_the_story_with_bound_tokens(
    sandbox: Sandbox, node_modules: Path, other_kinds: list[str], library: str
) -> None:
    sent = node_modules / f"{library}.json"
    sent.write_text(json.dumps(bodies()))
    command = ["node", str(node_modules / "story.mjs"), library, str(sandbox.directory), str(sent), *other_kinds]
    done = subprocess.run(command, check=False, timeout=STORY_SECONDS, **HEARD)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "resource": sandbox.config["issuer"],
        "kinds": ["dpop"] * 4,
        "roles": [["system"], ["officer"]],
        "introspected": True,
        "afterwards": "invalid_token",
        "attachment": "available",
        "receipt": [2, True],
        "readByTheCps": True,
        "sameBytes": True,
        "states": ["submitted", "manager_review", "manager_review"],
        "otherKinds": {"PS256": ["dpop", "force-53-ps256"], "EdDSA": ["dpop", "force-53-eddsa"]},
    }


def test_tokens_of_a_certified_issuer_are_taken_for_a_system_and_for_a_person(
    sandbox: Sandbox, node_modules: Path
) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    command = ["node", str(node_modules / "issuer.mjs"), AUDIENCE, str(officer.staff_id)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as issuer:
        lines: Any = issuer.stdout  # the provider says other things beside
        url = next(line.strip() for line in lines if line.startswith("http://"))
        trusted = {
            "issuer": url,
            "audience": AUDIENCE,
            "organisation": "police-53",
            "claims": {"staff": "sub", "roles": "groups"},
            "roles": {"RASSO officers": "officer", "Records": "system"},
        }
        with beside(sandbox, named=True, CASEFILE_TRUSTED_ISSUERS=json.dumps([trusted])) as service:
            out, err = issuer.communicate(f"{service.base_url}\n", timeout=STORY_SECONDS)

    assert issuer.returncode == 0, err
    said = json.loads(out.splitlines()[-1])
    assert said["kinds"] == ["dpop", "dpop"]
    assert (said["system"]["body"]["client_id"], said["system"]["body"]["roles"]) == ("force-53-rms", ["system"])
    assert said["person"]["body"]["staff"]["staff_id"] == officer.staff_id
    assert said["person"]["body"]["roles"] == ["officer"]
    assert said["person"]["body"]["scopes"] == ["case-files:read"]
    assert (said["list"], said["stolen"]) == (200, 401)
