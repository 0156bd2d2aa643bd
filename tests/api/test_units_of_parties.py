"""Which units have a case file, as lists are read off: a unit has its row once it is given it, and no other has one."""

import psycopg

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.api.advising import ACCEPT, CPS_UNIT, POLICE_UNIT, Teams, path_of
from tests.outside.client import Party, Sandbox

CROWN_COURT, ELSEWHERE, CID = "cps-south-west-crown-court", "cps-west-midlands-rasso", "police-53-cid"


def rows_of(sandbox: Sandbox, case: str) -> dict[str, bool]:
    """The units that have it, and whether each was the first of its organisation."""
    with psycopg.connect(PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner) as owner:
        found = owner.execute("select unit, first from case_file_party where case_file_id = %s", (case,)).fetchall()
    assert len({unit for unit, _ in found}) == len(found)
    return dict(found)


def lists(party: Party, case: str) -> bool:
    """Whether it is among the newest of the caller's list."""
    return case in {item["id"] for item in party.get("/v1/case-files", params={"limit": 20}).json()["items"]}


def test_each_unit_that_is_given_a_case_file_has_its_row_and_lists_it(teams: Teams) -> None:
    request = teams.accepted()
    case, path = request["case_file_id"], path_of(request["id"])
    at_first = {POLICE_UNIT: True, CPS_UNIT: True}
    assert rows_of(teams.sandbox, case) == at_first
    later = [teams.person("prosecutor", unit) for unit in (CROWN_COURT, ELSEWHERE)]
    assert not any(lists(party, case) for party in later)

    teams.take("unit_head", request["id"], "transfer", {"unit": CROWN_COURT, "reason": "Not RASSO after all."})
    assert rows_of(teams.sandbox, case) == at_first | {CROWN_COURT: False}
    teams.person("casework_assistant", CROWN_COURT).step(path, "accept", ACCEPT)
    onward = {"unit": ELSEWHERE, "reason": "The offence was there."}
    teams.person("unit_head", CROWN_COURT).step(path, "transfer", onward)

    assert rows_of(teams.sandbox, case) == at_first | {CROWN_COURT: False, ELSEWHERE: True}
    assert all(lists(party, case) for party in (*later, teams.person("prosecutor"), teams.person("officer")))


def test_another_police_unit_takes_the_row_of_the_first_and_the_list_with_it(teams: Teams) -> None:
    case = teams.draft()["case_file_id"]
    before, after = teams.person("officer"), teams.person("officer", CID)
    assert (lists(before, case), lists(after, case)) == (True, False)

    moved = {"police_unit": CID, "reason": "It is theirs."}
    corrections = f"/v1/case-files/{case}/corrections"
    before.post(corrections, moved, if_match=before.etag(f"/v1/case-files/{case}"), expect=200)

    assert rows_of(teams.sandbox, case) == {CID: True}
    assert (lists(before, case), lists(after, case)) == (False, True)
