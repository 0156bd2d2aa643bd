"""Finding case files: by what may stand in a URL, and by a suspect, who may not. Only what the caller may see is found
or counted, and nobody finds a complainant.
"""

import asyncio
import itertools
import os
from typing import Any, LiteralString

import psycopg
import pytest

from casefile_api.case_files.indexing import index_older
from casefile_api.database import Database
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.vault import Vault, read_master_key
from tests.api.advising import Teams
from tests.outside.cases import case_content, draft_request, new_urn, opening, submit_request, submitted_case
from tests.outside.client import Party, Sandbox

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_made = itertools.count(int.from_bytes(os.urandom(4)))


def made_name() -> str:
    """A family name nobody else has: letters alone, so that it also sounds like something."""
    number = next(_made)
    return "Q" + "".join(_LETTERS[(number // 26**place) % 26] for place in range(8))


def suspect(name: str, **more: Any) -> dict[str, Any]:
    first = case_content()["suspects"][0]
    return {**first, "family_name": name, "given_names": ["Alex"], "date_of_birth": "1990-02-03", **more}


def opened(officer: Party, *suspects: dict[str, Any], **envelope: Any) -> Any:
    content = case_content(suspects=list(suspects) or case_content()["suspects"])
    return officer.post("/v1/case-files", {**opening(), "content": content, **envelope}, expect=201).json()


def found(party: Party, expect: int = 200, **body: Any) -> Any:
    answer = party.call("POST", "/v1/case-files/search", json=body)
    assert answer.status_code == expect, answer.text
    return [item["id"] for item in answer.json()["items"]] if expect == 200 else answer.json()


def listed(party: Party, **params: Any) -> list[str]:
    return [item["id"] for item in party.get("/v1/case-files", params=params).json()["items"]]


def test_a_suspect_is_found_by_name_birth_and_number_of_one_and_the_same_person(officer: Party) -> None:
    one, other = made_name(), made_name()
    pnc = {"identifiers": {"pnc_id": "2000/1234567V"}}
    case = opened(
        officer, suspect(one, **pnc), suspect(other, id="s2", given_names=["Bo"], date_of_birth="1980-01-01")
    )["id"]
    assert found(officer, suspect={"family_name": one.upper()}) == [case]
    assert found(officer, suspect={"family_name": one, "given_name": "ALEX", "date_of_birth": "1990-02-03"}) == [case]
    assert found(officer, suspect={"family_name": one, "pnc_id": "00/1234567v"}) == [case]
    assert found(officer, suspect={"family_name": other, "date_of_birth": "1990-02-03"}) == []
    assert found(officer, suspect={"family_name": one, "given_name": "Bo"}) == []
    assert found(officer, suspect={"family_name": one}, case_type="rasso", offence="XX00000") == []


def test_what_says_nothing_of_a_suspect_is_refused_without_the_value(officer: Party) -> None:
    assert found(officer, 422, suspect={})["errors"][0]["pointer"] == "/suspect"
    problem = found(officer, 422, suspect={"family_name": "--", "date_of_birth": "1990-02-03"})
    assert problem["errors"][0] == {
        "code": "says_nothing",
        "detail": "Give letters or digits to look for.",
        "pointer": "/suspect/family_name",
    }


def test_nobody_finds_a_complainant_or_a_witness(officer: Party) -> None:
    name = made_name()
    content = case_content()
    content["complainants"][0] = {"id": "c1", "family_name": name, "given_names": ["Alex"]}
    content["offences"][0].pop("complainant_ids", None)
    answer = officer.post("/v1/case-files", {**opening(), "content": content})
    assert answer.status_code == 201, answer.text
    assert found(officer, suspect={"family_name": name}) == []


def test_the_newest_version_is_what_is_found_and_for_the_cps_the_newest_shared(teams: Teams) -> None:
    officer, prosecutor = teams.person("officer"), teams.person("prosecutor")
    before, after = made_name(), made_name()
    case = opened(officer, suspect(before))
    path = f"/v1/case-files/{case['id']}"
    submit_request(teams.person("supervisor"), draft_request(officer, case["id"])["id"], 1)
    change = {"content": {"suspects": [suspect(after)]}, "note": "renamed"}
    officer.call(
        "PATCH", path, json=change, if_match=officer.etag(path), media_type="application/merge-patch+json"
    ).raise_for_status()
    assert found(officer, suspect={"family_name": before}) == []
    assert found(officer, suspect={"family_name": after}) == [case["id"]]
    assert found(prosecutor, suspect={"family_name": before}) == [case["id"]]
    assert found(prosecutor, suspect={"family_name": after}) == []


def test_others_find_nothing_and_count_nothing(sandbox: Sandbox, officer: Party) -> None:
    name = made_name()
    case = opened(officer, suspect(name))
    stranger = sandbox.person("officer", organisation="police-52", unit="police-52-rasso")
    answer = stranger.call("POST", "/v1/case-files/search", json={"suspect": {"family_name": name}, "counts": True})
    assert answer.json()["items"] == [] and answer.json()["counts"]["total"] == 0
    reference = {"crime_reference": case["crime_references"][0], "counts": "true", "urn": case["urn"]}
    assert stranger.get("/v1/case-files", params=reference).json()["counts"]["total"] == 0
    assert officer.get("/v1/case-files", params=reference).json()["counts"] == {
        "total": 1,
        "by_status": {"registered": 1},
        "by_case_type": {"rasso": 1},
    }


def test_a_restricted_case_file_is_neither_found_nor_counted(sandbox: Sandbox, officer: Party) -> None:
    name = made_name()
    case = opened(officer, suspect(name))["id"]
    gatekeeper = sandbox.person("gatekeeper", unit="police-53-rasso")
    path = f"/v1/case-files/{case}"
    admitted = [{"organisation": "police-53", "staff_id": gatekeeper.staff_id}]
    body = {"admitted": admitted, "reason": "Leaks are feared."}
    tag = gatekeeper.etag(f"{path}/restriction")
    assert gatekeeper.call("POST", f"{path}/restrict", json=body, if_match=tag).status_code == 200
    answer = officer.call("POST", "/v1/case-files/search", json={"suspect": {"family_name": name}, "counts": True})
    assert answer.json()["items"] == [] and answer.json()["counts"]["total"] == 0
    assert found(gatekeeper, suspect={"family_name": name}) == [case]


def test_the_list_is_narrowed_by_reference_officer_unit_and_days(officer: Party) -> None:
    reference = f"53/2026/{next(_made)}"
    case = opened(officer, crime_references=[reference])["id"]
    narrow = {"crime_reference": reference}
    assert listed(officer, **narrow) == [case]
    assert listed(officer, **narrow, officer="case-oic", police_unit="police-53-rasso") == [case]
    assert listed(officer, **narrow, reported_from="2026-09-14", reported_to="2026-09-14") == [case]
    assert listed(officer, **narrow, opened_since="2026-01-01T00:00:00Z") == [case]
    for other in (
        {"officer": "nobody"},
        {"police_unit": "police-53-other"},
        {"reported_from": "2026-09-15"},
        {"reported_to": "2026-09-13"},
        {"opened_since": "2099-01-01T00:00:00Z"},
        {"deadline_before": "2099-01-01T00:00:00Z"},
    ):
        assert listed(officer, **narrow, **other) == [], other


def test_open_deadlines_find_a_case_file_for_either_side(teams: Teams) -> None:
    case = submitted_case(teams.sandbox)[0]
    for party in (teams.person("officer"), teams.person("prosecutor")):
        assert listed(party, urn=case["urn"], deadline_before="2099-01-01T00:00:00Z") == [case["id"]]
        assert listed(party, urn=case["urn"], deadline_before="2020-01-01T00:00:00Z") == []


def as_owner(sandbox: Sandbox, statement: LiteralString, *values: object) -> list[Any]:
    owner = PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner
    with psycopg.connect(owner) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("sort", ["urn", "-urn", "created_at", "-updated_at"])
def test_pages_in_every_order_hold_each_case_file_once(officer: Party, sort: str) -> None:
    reference = f"53/2026/{next(_made)}"
    made = {opened(officer, crime_references=[reference], urn=new_urn())["id"] for _ in range(3)}
    params: dict[str, Any] = {"crime_reference": reference, "sort": sort, "limit": 1}
    seen = []
    while True:
        page = officer.get("/v1/case-files", params=params).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert {item["id"] for item in seen} == made and len(seen) == 3
    if "urn" in sort:
        urns = [item["urn"] for item in seen]
        assert urns == sorted(urns, reverse=sort.startswith("-"))


def test_the_database_holds_no_name_and_the_log_says_only_what_was_looked_for_by(
    sandbox: Sandbox, officer: Party
) -> None:
    name = made_name()
    case = opened(officer, suspect(name))["id"]
    found(officer, suspect={"family_name": name, "date_of_birth": "1990-02-03"})
    kept = as_owner(sandbox, "select f::text from case_file_finding f where case_file_id = %s", case)
    ((said,),) = as_owner(
        sandbox,
        "select convert_from(entry || erasable, 'UTF8') from audit_entry where action = 'search_case_files'"
        " order by occurred_at desc limit 1",
    )
    assert name.lower() not in str(kept).lower() and "1990-02-03" not in str(kept)
    assert name.lower() not in said.lower() and "family_name date_of_birth" in said


def test_case_files_from_before_the_index_get_theirs(sandbox: Sandbox, officer: Party) -> None:
    name = made_name()
    case = opened(officer, suspect(name))["id"]
    as_owner(sandbox, "delete from case_file_finding where case_file_id = %s", case)
    assert found(officer, suspect={"family_name": name}) == []
    assert listed(officer, urn=officer.get(f"/v1/case-files/{case}").json()["urn"]) == [case]
    asyncio.run(_index(sandbox))
    assert found(officer, suspect={"family_name": name}) == [case]


async def _index(sandbox: Sandbox) -> None:
    directory = DataDirectory(sandbox.directory)
    database = Database(Settings(database_url=PostgreSQL(directory).addresses().worker), role=WORKER_ROLE)
    try:
        while await index_older(database, Vault(read_master_key(sandbox.directory / "keys" / "master.key"))):
            pass
    finally:
        await database.close()
