"""Lists newer than the package's take their place, and none that would leave a stored version without its codes."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casefile_api.case_files.checks import check_content
from casefile_api.case_files.content import content_faults, example
from casefile_api.cli import code_lists as command
from casefile_api.errors import Misconfigured
from casefile_api.organisations.code_lists import CODE_LISTS, find, replace_lists
from casefile_api.organisations.newer_lists import load_newer_lists

TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def lists_of_the_package() -> Iterator[None]:
    """Each test ends with the lists as they were."""
    yield
    replace_lists({})


def written(folder: Path, name: str, *more: dict[str, Any], changes: dict[str, dict[str, Any]] | None = None) -> Path:
    values = [value.as_body() for value in CODE_LISTS[name].values]
    kept = [{key: said for key, said in value.items() if said is not None} for value in values]
    kept = [value | (changes or {}).get(value["code"], {}) for value in kept]
    (folder / f"{name}.json").write_text(json.dumps({"title": CODE_LISTS[name].title, "values": [*kept, *more]}))
    return folder


def with_device(kind: str) -> dict[str, Any]:
    return {**example(), "devices": [{"id": "d1", "kind": kind}]}


def test_a_newer_list_takes_the_place_of_the_packages_for_what_is_sent_and_looked_up(tmp_path: Path) -> None:
    before = CODE_LISTS["device_kind"].digest
    assert content_faults(with_device("drone")) != []
    gone = {"storage": {"valid_to": "2026-10-31"}}
    written(tmp_path, "device_kind", {"code": "drone", "title": "Drone", "valid_from": "2026-11-01"}, changes=gone)
    assert load_newer_lists(tmp_path) == ["device_kind"]
    assert content_faults(with_device("drone")) == []
    assert check_content(with_device("drone"), attachment_ids=set(), on=TODAY) == []
    (fault,) = check_content(with_device("storage"), attachment_ids=set(), on=TODAY)
    assert (fault.code, fault.pointer) == ("expired_code", "/content/devices/0/kind")
    assert CODE_LISTS["device_kind"].changed_on == date(2026, 11, 1)
    assert CODE_LISTS["device_kind"].digest != before


def test_a_code_has_the_value_of_the_day_where_it_has_several(tmp_path: Path) -> None:
    ended = {"initial": {"valid_to": "2027-03-31"}}
    later = {"code": "initial", "title": "First period", "months": 4, "valid_from": "2027-04-01"}
    load_newer_lists(written(tmp_path, "bail_stage", later, changes=ended))
    lengths = [
        found.extra["months"] for day in (TODAY, date(2027, 4, 1)) if (found := find("bail_stage", "initial", day))
    ]
    assert lengths == [3, 4]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("colours", '{"title": "x", "values": []}', "there is no code list colours"),
        ("role", '{"title": "x", "values": []}', "comes with a release"),
        ("device_kind", '{"title": "x", "values": []}', "drops cloud_account"),
        ("device_kind", "[]", "is no code list"),
        ("device_kind", '{"title": "x", "values": [{"code": "a"}]}', "is no code list"),
        (
            "device_kind",
            '{"title": "x", "values": [{"code": "a", "title": "A", "valid_from": "soon"}]}',
            "no code list",
        ),
    ],
)
def test_a_list_that_cannot_be_used_stops_the_start_and_is_named(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / f"{name}.json").write_text(text)
    with pytest.raises(Misconfigured, match=said):
        load_newer_lists(tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"code": "tablet", "title": "Again"}, "holds twice"),
        ({"code": "x", "title": "X", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "ends before it begins"),
        ({"code": "x", "title": ""}, "without a code or title"),
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        load_newer_lists(written(tmp_path, "device_kind", more))


def test_lists_are_tried_by_a_command_before_a_service_starts_with_them(tmp_path: Path) -> None:
    written(tmp_path, "device_kind", {"code": "drone", "title": "Drone"})
    result = CliRunner().invoke(command.app, ["check", str(tmp_path)])
    assert result.exit_code == 0 and "device_kind: 10 values, 1 new, 0 that end" in result.output
    (tmp_path / "role.json").write_text("{}")
    assert isinstance(CliRunner().invoke(command.app, ["check", str(tmp_path)]).exception, Misconfigured)


def test_without_a_folder_the_lists_are_those_of_the_package_and_a_missing_one_is_said(tmp_path: Path) -> None:
    assert load_newer_lists(None) == []
    with pytest.raises(Misconfigured, match="there is no folder"):
        load_newer_lists(tmp_path / "nowhere")
