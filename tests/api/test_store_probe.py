"""`casefile-api doctor` says what the store really guarantees."""

import os
import subprocess

from tests.outside.client import Sandbox
from tests.outside.running import PROGRAM


def doctor(**environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("CASEFILE_", "AWS_"))}
    return subprocess.run(
        [*PROGRAM, "doctor"], env=given | {"COLUMNS": "200"} | environment, capture_output=True, text=True, check=False
    )


def test_the_embedded_store_is_tried_beside_the_running_service(sandbox: Sandbox) -> None:
    told = doctor(CASEFILE_DATA_DIR=str(sandbox.directory))
    assert told.returncode == 0, told.stderr
    assert "A URL works from any address" in told.stdout
    rows = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in told.stdout.splitlines() if "│" in line}
    rows.pop("", None)  # where a sentence goes on in the next line
    assert rows == {
        "checksums of bodies": "yes",
        "lengths of bodies": "yes",
        "checksums of parts": "yes",
        "writing once": "yes",
        "signatures": "yes",
        "ends of URLs": "yes",
        "addresses": "no",
        "versions": "yes",
        "ranges": "yes",
        "unfinished uploads": "yes",
        "access log": "no",
        "object lock": "yes",
    }


def test_a_store_that_is_away_is_one_sentence_and_no_traceback() -> None:
    away = {"AWS_ACCESS_KEY_ID": "invented", "AWS_SECRET_ACCESS_KEY": "invented"}
    told = doctor(CASEFILE_S3_ENDPOINT_URL="http://127.0.0.1:1", **away)
    assert told.returncode == 1
    assert told.stderr.strip() == "Storage does not answer; nothing was changed."
