"""What a file is judged by before it is sent, and verdicts that can be given again years later."""

import json
from datetime import date
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from casefile_api.case_files.content import complete_example
from casefile_api.cli import standards
from casefile_api.cli.failing import CommandFailed
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.cases import case_content, open_case, submitted_case
from tests.outside.client import Party, Sandbox

CHECK = "/v1/case-files/check"
LOCAL = """
[requirements.local_body_map]
title = "Body map"
requires = { some = { in = "content.material", where = { one_of = { path = "item.title", values = ["Body map"] } } } }
message = "There is no body map."
mend = "Add the body map."
prevents = ["EVID_MEDICAL"]

[samples.local_body_map.missing]
[samples.local_body_map.met]
set = { "content.material" = [{ id = "m1", kind = "OTHER_MATERIAL", title = "Body map" }] }

[[rules]]
standard = "early_advice"
requirement = "local_body_map"
level = "advisory"
valid_from = 2026-01-01
"""


def run(*words: object) -> Result:
    return CliRunner().invoke(standards.app, [str(word) for word in words])


@pytest.fixture
def database(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sandbox's database for a command, entered as its owner."""
    addresses = PostgreSQL(DataDirectory(sandbox.directory)).addresses()
    monkeypatch.setenv("CASEFILE_DATABASE_URL", addresses.service)
    monkeypatch.setenv("CASEFILE_WORKER_DATABASE_URL", addresses.worker)
    monkeypatch.setenv("CASEFILE_MIGRATION_DATABASE_URL", addresses.owner)
    monkeypatch.setenv("CASEFILE_DATA_DIR", str(sandbox.directory))
    return addresses.owner.replace("+psycopg", "")


def test_a_content_is_checked_before_it_is_sent_and_nothing_of_it_is_kept(officer: Party) -> None:
    before = officer.items("/v1/case-files")
    content = case_content(supervisor_comments=" ")
    content["suspects"][0]["custody"] = {"status": "on_bail"}
    content["offences"][0]["suspect_ids"] = ["s1", "nobody"]
    told = officer.post(CHECK, {"content": content, "standards": ["early_advice", "trial"]}, expect=200).json()
    assert (told["acceptable"], [one["code"] for one in told["errors"]]) == (False, ["unresolved_reference"])
    assert [one["code"] for one in told["warnings"]] == ["bail_without_end"]
    assert [one["standard"] for one in told["readiness"]] == ["early_advice", "trial"]
    results = {one["code"]: one["outcome"] for one in told["readiness"][0]["results"]}
    assert (results["supervisor_comments"], results["facts"]) == ("missing", "not_applicable")
    assert officer.items("/v1/case-files") == before


def test_a_content_of_the_wrong_shape_is_told_all_of_its_faults(officer: Party) -> None:
    content = case_content(classification="secret", colour="red")
    told = officer.post(CHECK, {"content": content}, expect=200).json()
    assert {one["code"] for one in told["errors"]} == {"too_sensitive", "unknown_field"}
    assert not told["acceptable"] and told["readiness"] == []
    officer.refused("POST", CHECK, 422, "invalid", json={"content": content, "standards": ["perfection"]})


def test_the_dates_that_follow_from_a_content_are_told_with_its_readiness(officer: Party) -> None:
    asked = {"content": complete_example(), "standards": ["full_code_test"]}
    dates = {one["code"]: one for one in officer.post(CHECK, asked, expect=200).json()["dates"]}
    assert dates["custody_time_limit_crown"]["due"] == "2027-03-17"
    assert (dates["bail_initial"]["due"], dates["bail_inspector"]["due"]) == ("2026-12-21", "2027-03-21")
    case = open_case(officer, content=case_content())
    readiness = officer.get(f"/v1/case-files/{case['id']}/versions/1/readiness?standard=early_advice").json()
    told = {one["code"]: one["days"] for one in readiness["dates"]}
    assert told == {"report_to_interview": 6, "report_to_identification": 1}


def test_the_check_is_logged_as_a_consultation_of_no_case(sandbox: Sandbox, officer: Party) -> None:
    answer = officer.post(CHECK, {"content": case_content()}, expect=200)
    auditor = sandbox.person("auditor", organisation="oversight-hmcpsi")
    found = auditor.get("/v1/audit-log/entries?action=check_content&limit=200").json()["items"]
    (entry,) = [one["entry"] for one in found if one["entry"]["request_id"] == answer.headers["Request-Id"]]
    assert (entry["operation"], entry["case_file_id"], entry["target_id"]) == ("consultation", None, None)


def test_the_verdict_of_a_submission_is_given_again_by_the_rules_of_then(sandbox: Sandbox, database: str) -> None:
    case, _ = submitted_case(sandbox)
    first = run("replay", case["id"])
    assert first.exit_code == 0, first.output
    assert "version 1, early_advice@2020-12-31" in first.output and "It comes out as it was kept." in first.output
    with psycopg.connect(database) as owner:
        owner.execute(
            "update file_standard_verdict set outcomes = outcomes || %s where case_file_id = %s",
            (json.dumps({"suspect": "missing"}), case["id"]),
        )
    assert "otherwise than it was kept: suspect." in str(run("replay", case["id"]).exception)


def test_a_version_that_was_not_submitted_has_no_verdict_kept(officer: Party, database: str) -> None:
    failed = run("replay", open_case(officer)["id"])
    assert isinstance(failed.exception, CommandFailed) and "No verdict was kept" in str(failed.exception)


def test_a_force_loads_rules_of_its_own_and_they_count_for_its_files_alone(
    sandbox: Sandbox, officer: Party, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(LOCAL.replace('prevents = ["EVID_MEDICAL"]', "prevents = []"))
    options = ("--owner", "police-52", "--valid-from", date(2026, 1, 1).isoformat())
    assert "must name the triage reason" in str(run("load", file, *options).exception)
    file.write_text(LOCAL)
    assert run("test", file, "--owner", "police-52").exit_code == 0
    assert run("load", file, *options).exit_code == 0
    assert "police-52" in run("list").output
    other = sandbox.system("police-52")
    codes = [judged(party)["results"][-1]["code"] for party in (other, officer)]
    assert codes[0] == "local_body_map" and codes[1] != "local_body_map"
    assert judged(other)["rule_set"] == "early_advice@2020-12-31+police-52@2026-01-01"


def judged(party: Party):
    return party.post(CHECK, {"content": case_content()}, expect=200).json()["readiness"][0]
