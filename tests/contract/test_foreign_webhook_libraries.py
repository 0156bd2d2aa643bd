"""Others' code verifies our webhooks: the public libraries for TypeScript, and the receivers of the documentation.

Needs node and npm with a package registry that answers, and a JDK; the reason is said where one is not there.
"""

import json
import shutil
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from casefile_api import __version__
from casefile_api.events import EVENT_TYPES
from casefile_api.webhooks.asyncapi import asyncapi_document
from casefile_api.webhooks.catalogue import example
from casefile_api.webhooks.conforming import conduct
from casefile_api.webhooks.signing import Scheme, SigningKey, new_secret, new_signing_key, signature_headers
from tests.outside.receivers import RECEIVERS, listening, needed

LIBRARIES = ("standardwebhooks@1.1.1", "svix@1.99.1")
COMPILER = ("typescript@5.9.3", "@types/node@20.19.25")
PARSER = ("@asyncapi/parser@3.6.6",)
SCRIPT = Path(__file__).with_name("npm_webhooks") / "libraries.mjs"
INSTALL_SECONDS = 90
HEARD: Any = {"capture_output": True, "text": True}


def installed(folder: Path, packages: tuple[str, ...]) -> Path:
    npm = needed("npm")
    needed("node")
    folder.mkdir(exist_ok=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
    try:
        done = subprocess.run([npm, "install", *options, *packages], check=False, timeout=INSTALL_SECONDS, **HEARD)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if done.returncode != 0:
        pytest.skip(f"the npm packages cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.fixture(scope="module")
def node_modules(shared_folder: Path) -> Path:
    """A folder with the libraries in it."""
    return installed(shared_folder / "npm-webhooks", LIBRARIES)


def public(key: SigningKey) -> str:
    assert key.public is not None
    return key.public


def signed(keys: list[str], secrets: list[str], public_keys: list[str]) -> list[dict[str, Any]]:
    """Each event of the catalogue as it is sent while these keys sign, and what is to verify it."""
    found = []
    for row in EVENT_TYPES.values():
        body = json.dumps(example(row))
        headers = signature_headers(keys, uuid.uuid4(), datetime.now(UTC), body.encode())
        found.append({"headers": headers, "body": body, "secrets": secrets, "publicKeys": public_keys})
    return found


def test_every_event_is_verified_by_the_libraries_for_typescript_through_a_rotation(
    node_modules: Path, tmp_path: Path
) -> None:
    old, new = new_secret(), new_secret()
    first, second = new_signing_key(Scheme.ASYMMETRIC), new_signing_key(Scheme.ASYMMETRIC)
    sent = signed([old], [old], []) + signed([new, old], [old, new], []) + signed([new], [new], [])
    sent += signed([second.kept, first.kept], [], [public(first), public(second)])
    file = tmp_path / "signed.json"
    file.write_text(json.dumps(sent))
    shutil.copy(SCRIPT, node_modules / SCRIPT.name)
    command = [needed("node"), str(node_modules / SCRIPT.name), str(file)]
    done = subprocess.run(command, check=False, timeout=60, **HEARD)

    assert done.returncode == 0, done.stderr
    each = len(EVENT_TYPES)
    assert json.loads(done.stdout) == {"standardwebhooks": 4 * each, "svix": 4 * each, "v1a": 2 * each, "forged": 0}


@pytest.fixture(scope="module")
def compiled(node_modules: Path) -> Path:
    """The receiver in TypeScript, compiled with every check that the compiler has."""
    installed(node_modules, LIBRARIES + COMPILER)
    shutil.copy(RECEIVERS / "receiver.ts", node_modules)
    (node_modules / "package.json").write_text('{"type": "module"}')
    compiler = ["node", "node_modules/typescript/bin/tsc", "--strict", "--target", "es2022", "--skipLibCheck"]
    modules = ["--module", "nodenext", "--types", "node", "receiver.ts"]
    done = subprocess.run([*compiler, *modules], check=False, cwd=node_modules, timeout=90, **HEARD)
    assert done.returncode == 0, done.stdout
    return node_modules / "receiver.js"


def kept_and_given(scheme: Scheme) -> tuple[str, dict[str, str]]:
    """What signs, and what its receiver is given."""
    made = new_signing_key(scheme)
    return made.kept, {"PUBLIC_KEY": made.public} if made.public else {"SECRET": made.kept}


def faults(command: list[str], scheme: Scheme) -> list[str]:
    key, given = kept_and_given(scheme)
    with listening(command, **given) as url:
        return [outcome.trial.name for outcome in conduct(url, key) if not outcome.passed]


@pytest.mark.soak
@pytest.mark.parametrize("scheme", list(Scheme))
def test_the_receiver_in_typescript_conforms(compiled: Path, scheme: Scheme) -> None:
    assert faults(["node", str(compiled)], scheme) == []


@pytest.mark.parametrize("scheme", [pytest.param(Scheme.SYMMETRIC, marks=pytest.mark.soak), Scheme.ASYMMETRIC])
def test_the_receiver_in_java_conforms(scheme: Scheme) -> None:
    assert faults([needed("java"), str(RECEIVERS / "Receiver.java")], scheme) == []


@pytest.mark.soak
def test_the_receiver_in_c_sharp_conforms(tmp_path: Path) -> None:
    dotnet = needed("dotnet")
    project, built = tmp_path / "Receiver", tmp_path / "built"
    made = subprocess.run([dotnet, "new", "web", "-o", str(project)], check=False, timeout=100, **HEARD)
    assert made.returncode == 0, made.stderr
    shutil.copy(RECEIVERS / "Receiver.cs", project / "Program.cs")
    made = subprocess.run([dotnet, "build", str(project), "-o", str(built)], check=False, timeout=100, **HEARD)
    assert made.returncode == 0, made.stdout
    assert faults([dotnet, str(built / "Receiver.dll")], Scheme.SYMMETRIC) == []


@pytest.mark.soak
def test_the_asyncapi_document_is_read_by_the_parser_of_its_makers_without_a_fault(shared_folder: Path) -> None:
    folder = installed(shared_folder / "npm-asyncapi", PARSER)
    (folder / "document.json").write_text(json.dumps(asyncapi_document(__version__)))
    (folder / "read.cjs").write_text(
        'const { Parser } = require("@asyncapi/parser");\n'
        'new Parser().parse(require("fs").readFileSync("document.json", "utf8")).then(({ document, diagnostics }) =>\n'
        "  console.log(JSON.stringify({ faults: diagnostics.filter((one) => one.severity === 0),\n"
        "    messages: document ? document.allMessages().length : 0 })));\n"
    )
    done = subprocess.run([needed("node"), "read.cjs"], check=False, cwd=folder, timeout=60, **HEARD)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"faults": [], "messages": len(EVENT_TYPES)}
