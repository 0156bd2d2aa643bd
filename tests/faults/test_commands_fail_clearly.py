"""A command that cannot do its work says why in one sentence on standard error, with an exit code, and no traceback."""

import os
import sys
from pathlib import Path

import pytest

from casefile_api.cli import failing, program, schema
from casefile_api.cli.parts import child_environment
from casefile_api.errors import Misconfigured

NOBODY_LISTENS = "postgresql://casefile_service:secret-word@127.0.0.1:1/casefile"


@pytest.fixture(autouse=True)
def settings_of_this_test(monkeypatch: pytest.MonkeyPatch, shared_folder: Path) -> None:
    """No settings of the surroundings, and a data folder of the tests."""
    for name in [name for name in os.environ if name.startswith("CASEFILE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CASEFILE_DATA_DIR", str(shared_folder / "commands"))


def said_by(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[object, str]:
    """Run a command; its exit code and what it said on standard error."""
    monkeypatch.setattr(sys, "argv", ["casefile-api", *arguments])
    with pytest.raises(SystemExit) as ending:
        program.run()
    return ending.value.code, capsys.readouterr().err


def assert_one_sentence(code: object, said: str, expected: str) -> None:
    assert code == failing.FAILED
    assert expected in said
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_a_database_that_is_away(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEFILE_DATABASE_URL", NOBODY_LISTENS)
    for command in (["migrate"], ["clients", "list"], ["clients", "revoke", "force-53-rms"]):
        code, said = said_by(capsys, monkeypatch, *command)
        assert_one_sentence(code, said, "The database does not answer")
        assert "secret-word" not in said


@pytest.mark.parametrize("command", [["add", "rms", "--organisation", "police-53", "--name", "x"], ["rotate", "rms"]])
def test_a_key_made_for_a_client_that_could_not_be_registered_is_not_left_behind(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CASEFILE_DATABASE_URL", NOBODY_LISTENS)
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept.pem"
    kept.write_text("somebody's key")

    assert_one_sentence(*said_by(capsys, monkeypatch, "clients", *command), "The database does not answer")
    said_by(capsys, monkeypatch, "clients", *command, "--private-key-file", str(kept))
    assert [file.name for file in tmp_path.iterdir()] == ["kept.pem"]
    assert kept.read_text() == "somebody's key"


def test_a_setting_that_is_no_number(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEFILE_PORT", "eighty")
    code, said = said_by(capsys, monkeypatch, "migrate")
    assert_one_sentence(code, said, "CASEFILE_PORT")
    assert "eighty" not in said


def test_a_data_folder_that_is_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    code, said = said_by(capsys, monkeypatch, "sandbox", "--dir", str(tmp_path / "file"))
    assert_one_sentence(code, said, "is a file; name a folder")


def test_a_port_that_is_taken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shared_folder: Path
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = said_by(capsys, monkeypatch, "sandbox", "--dir", str(shared_folder / "taken"), "--port", str(port))
    assert_one_sentence(code, said, f"Cannot listen on 127.0.0.1 port {port}")


def test_a_file_that_is_not_what_it_should_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "staff.json").write_text('{"staff": [{"organisation": "police-53", "name": "A Private Name"}]}')
    code, said = said_by(capsys, monkeypatch, "staff", "load", str(tmp_path / "staff.json"))
    assert_one_sentence(code, said, "/staff/0/staff_id")
    assert "A Private Name" not in said


def test_tables_that_are_not_up_to_date(owner_database_url: str) -> None:
    import psycopg

    schema.check_tables(owner_database_url)
    with psycopg.connect(owner_database_url) as connection:
        connection.execute("update alembic_version set version_num = '0001'")
    with pytest.raises(Misconfigured, match=r"The tables are at 0001, not at .*: run `casefile-api migrate` first"):
        schema.check_tables(owner_database_url)


def test_the_owners_way_in_is_not_given_to_those_who_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEFILE_MIGRATION_DATABASE_URL", NOBODY_LISTENS)
    assert "CASEFILE_MIGRATION_DATABASE_URL" not in child_environment({"CASEFILE_HOST": "127.0.0.1"})
