"""`casefile-api upload` and `download`: a force's files arrive whole or not at all, and come back as they were."""

import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casefile_api.cli import program
from tests.api.attaching import EICAR, large_text
from tests.outside.client import Party, Sandbox
from tests.outside.commanding import Commands
from tests.outside.files import statement
from tests.outside.uploads import declare, download, settled, upload

Said = tuple[int, str, str]
Say = Callable[..., Said]


@pytest.fixture
def commands(officer: Party, tmp_path: Path) -> Commands:
    return Commands(officer, tmp_path / "notes")


@pytest.fixture
def say(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command; its exit code, what it printed and what it said."""

    def run(*words: str, **others: str) -> Said:
        for name, value in (commands.environment | others).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["casefile-api", *words])
        printed, said = io.StringIO(), io.StringIO()
        heard = contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said)
        with heard[0], heard[1], pytest.raises(SystemExit) as ending:
            program.run()
        return int(ending.value.code or 0), printed.getvalue(), said.getvalue()

    return run


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_files_go_and_come_back_as_they_were(commands: Commands, say: Say, case_id: str, tmp_path: Path) -> None:
    made = [written(tmp_path / "long – Ŷ.txt", large_text().data), written(tmp_path / "empty.txt", b"")]
    code, printed, said = say(*commands.upload_words(case_id, *made, kind="MG11", title="Notes"))
    assert (code, said) == (0, "")
    rows = [line.split("\t") for line in printed.splitlines()]
    assert [row[1:] for row in rows] == [["available", str(path)] for path in made]
    assert list(commands.state.iterdir()) == []
    into = tmp_path / "fetched"
    into.mkdir()
    code, printed, _ = say("download", *(row[0] for row in rows), "--to", str(into))
    assert code == 0
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {path.name: path.read_bytes() for path in made}
    assert [line.split("\t")[1] for line in printed.splitlines()] == [str(into / path.name) for path in made]


def test_what_is_there_already_is_not_sent_again(
    commands: Commands, say: Say, officer: Party, case_id: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "statement.pdf", statement().data)
    first = say(*commands.upload_words(case_id, path, kind="MG11"))
    second = say(*commands.upload_words(case_id, path, kind="MG11"))
    assert first == second and first[0] == 0
    assert len(officer.items(f"/v1/case-files/{case_id}/attachments")) == 1
    code, printed, _ = say(*commands.upload_words(case_id, path, kind="OTHER_MATERIAL"))
    copied = officer.get(f"/v1/attachments/{printed.split()[0]}/custody").json()["items"]
    assert (code, [link["kind"] for link in copied]) == (0, ["declared", "copied", "verified"])


def test_an_upload_that_another_program_began_is_gone_on_with(
    commands: Commands, say: Say, sandbox: Sandbox, officer: Party, case_id: str, tmp_path: Path
) -> None:
    file = large_text()
    declared = declare(sandbox.person("supervisor", unit="police-53-rasso"), case_id, file)
    upload(officer, declared, file, only={1, 3})
    code, printed, _ = say(*commands.upload_words(case_id, written(tmp_path / file.name, file.data), kind=file.kind))
    assert (code, printed.split("\t")[0]) == (0, declared["id"])
    links = officer.get(f"/v1/attachments/{declared['id']}/custody").json()["items"]
    asked = [link["facts"]["parts"] for link in links if link["kind"] == "upload_authorised"]
    assert asked == [[1, 3], [2]]


def test_an_upload_is_gone_on_with_by_its_note_alone(
    commands: Commands, say: Say, officer: Party, case_id: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "long.txt", large_text().data)
    code, printed, _ = say(*commands.upload_words(case_id, path, kind="MG11"), "--no-wait")
    attachment_id = printed.split("\t")[0]
    assert code == 0 and settled(officer, attachment_id)["status"] == "available"
    assert download(officer, attachment_id) == path.read_bytes()


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"case_id": "01a20c3a-4c57-77f5-8561-00354d399394"}, 3, "There is nothing here that you can see."),
        ({"kind": "SHOE"}, 3, "/kind: Use a code of /v1/code-lists/document_kind."),
        ({"data": EICAR}, 5, "was rejected (infected)"),
        ({"limit": "fast"}, 2, "fast is no rate"),
    ],
    ids=["no such case", "no such kind", "infected", "no rate"],
)
def test_what_does_not_go_is_said_in_one_sentence(
    commands: Commands, say: Say, case_id: str, tmp_path: Path, change: dict[str, Any], code: int, sentence: str
) -> None:
    told = {"case_id": case_id, "kind": "MG11", "data": b"invented"} | change
    path = written(tmp_path / "file.txt", told.pop("data"))
    words = commands.upload_words(told.pop("case_id"), path, **told)
    found, printed, said = say(*words)
    assert (found, printed, said.count("\n")) == (code, "", 1)
    assert sentence in said


def test_nobody_who_answers_is_said_and_nothing_is_lost(say: Say, commands: Commands, tmp_path: Path) -> None:
    words = commands.upload_words("no-id", written(tmp_path / "file.txt", b"x"), patience="0.005")
    code, _, said = say(*words, CASEFILE_CALLER_SERVICE="http://127.0.0.1:1")
    assert (code, said.count("\n")) == (4, 1)
    assert "Nothing is lost: the same command goes on from here." in said


def test_a_download_goes_on_where_it_was_and_finds_what_is_not_right(
    say: Say, commands: Commands, case_id: str, tmp_path: Path
) -> None:
    data = large_text(600_000).data
    path = written(tmp_path / "long.txt", data)
    attachment_id = say(*commands.upload_words(case_id, path, kind="MG11"))[1].split("\t")[0]
    partial, target = tmp_path / f".{attachment_id}.partial", tmp_path / "back.txt"
    for begun in (data[:100_000], b"#" + data[1:], data + b"more"):
        written(partial, begun)
        assert say("download", attachment_id, "--to", str(target))[0] == 0
        assert target.read_bytes() == data and not partial.exists()
        target.unlink()
    written(target, b"something else")
    code, _, said = say("download", attachment_id, "--to", str(target))
    assert code == 6 and "is there already, and another file" in said
    assert target.read_bytes() == b"something else"
    assert say("download", attachment_id, "--to", str(target), "--replace")[0] == 0
    assert target.read_bytes() == data
