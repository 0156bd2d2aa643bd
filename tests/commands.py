"""Commands of the command line, run against the sandbox as its operator runs them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.client import Party, Sandbox

Run = Callable[..., str]


def enter(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings as the operator of the sandbox has them."""
    addresses = PostgreSQL(DataDirectory(sandbox.directory)).addresses()
    monkeypatch.setenv("CASEFILE_DATABASE_URL", addresses.service)
    monkeypatch.setenv("CASEFILE_WORKER_DATABASE_URL", addresses.worker)
    monkeypatch.setenv("CASEFILE_MIGRATION_DATABASE_URL", addresses.owner)
    monkeypatch.setenv("CASEFILE_DATA_DIR", str(sandbox.directory))
    monkeypatch.setenv("CASEFILE_PUBLIC_URL", sandbox.base_url)


def run(app: typer.Typer, *words: object) -> str:
    """What a command says; what it fails with is raised."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def token_file(folder: Path, party: Party) -> Path:
    """A file with a person's own access token."""
    path = folder / f"{party.staff_id}.token"
    path.write_text(party.token)
    return path
