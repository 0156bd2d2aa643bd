"""The OpenAPI document as a file, kept the same as what the service answers."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from casefile_api.cli.failing import CommandFailed
from casefile_api.settings import Settings

EXAMPLE_URL = "https://casefile.example"
UNUSED_DATABASE = "postgresql://casefile.example/casefile"


def document() -> dict[str, Any]:
    """The description, without anything of this machine in it; the sandbox's own calls are described too."""
    from casefile_api.app import create_app
    from casefile_api.web.openapi import openapi_document

    with tempfile.TemporaryDirectory() as folder:  # an application wants keys, and makes them where it has none
        settings = Settings(
            public_url=EXAMPLE_URL,
            database_url=UNUSED_DATABASE,
            s3_endpoint_url=EXAMPLE_URL,
            data_dir=Path(folder),
            sandbox=True,
        )
        return openapi_document(create_app(settings))


def rendered(file: Path) -> str:
    """The text of the file: JSON for .json, YAML otherwise."""
    if file.suffix == ".json":
        return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    plain = json.loads(json.dumps(document()))
    quickest = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the same bytes, where there is a library in C
    return str(yaml.dump(plain, Dumper=quickest, sort_keys=False, allow_unicode=True, width=120))


def write_openapi(file: Path) -> None:
    """Write it; `-` writes to standard output."""
    text = rendered(file)
    if str(file) == "-":
        sys.stdout.write(text)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def check_openapi(file: Path) -> None:
    """Fail if the committed file is not what the code says."""
    if not file.exists() or file.read_text(encoding="utf-8") != rendered(file):
        raise CommandFailed(f"{file} is not what the code describes: run `casefile-api export-openapi` and commit it.")
