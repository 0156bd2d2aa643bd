"""Restricted case files: to who is not named they do not exist, by whatever way one asks; nothing is lost by it."""

from typing import Any

import pytest

from tests.api.advising import Teams
from tests.api.endpoints import until
from tests.api.test_statistics import counted_by_the_worker
from tests.outside.cases import case_content, draft_request, open_case, opening, submitted_case
from tests.outside.client import Party, Sandbox, new_key

Json = Any
REASON, SEARCH = "The suspect is a colleague.", "/v1/case-files/search"


@pytest.fixture
def gatekeeper(teams: Teams) -> Party:
    return teams.person("gatekeeper")


def named(*parties: Party) -> list[Json]:
    return [{"organisation": party.organisation, "staff_id": party.staff_id} for party in parties]


def role(organisation: str, name: str) -> Json:
    return {"organisation": organisation, "role": name}


def guard(party: Party, case_id: str, step: str, *admitted: Json, expect: int = 200) -> Json:
    path = f"/v1/case-files/{case_id}"
    body = {"reason": REASON} | ({} if step == "lift-restriction" else {"admitted": list(admitted)})
    return party.post(f"{path}/{step}", body, expect=expect, if_match=party.etag(f"{path}/restriction")).json()


def whole_feed(system: Party) -> list[Json]:
    found: list[Json] = []
    page = system.get("/v1/events", params={"limit": 200}).json()
    while page["items"]:
        found += page["items"]
        page = system.get("/v1/events", params={"limit": 200, "after": page["next_cursor"]}).json()
    return found


def test_who_is_named_sees_it_and_the_envelope_says_so(teams: Teams, gatekeeper: Party, case_id: str) -> None:
    officer, supervisor = teams.person("officer"), teams.person("supervisor")
    tag = officer.etag(f"/v1/case-files/{case_id}")
    shown = guard(gatekeeper, case_id, "restrict", *named(gatekeeper, officer))
    assert shown["restricted"] and {entry["staff_id"] for entry in shown["admitted"]} == {
        gatekeeper.staff_id,
        officer.staff_id,
    }
    assert officer.get(f"/v1/case-files/{case_id}").json()["restricted"] is True
    assert officer.etag(f"/v1/case-files/{case_id}") != tag
    supervisor.refused("GET", f"/v1/case-files/{case_id}", 404, "not-found")
    [act] = gatekeeper.items(f"/v1/case-files/{case_id}/restrictions")
    assert (act["act"], act["reason"], act["admitted_before"]) == ("restricted", REASON, [])


def test_being_named_lets_nobody_in_whose_place_does_not(teams: Teams, gatekeeper: Party, case_id: str) -> None:
    elsewhere = teams.person("officer", unit="police-53-cid")
    guard(gatekeeper, case_id, "restrict", *named(gatekeeper, elsewhere))
    elsewhere.refused("GET", f"/v1/case-files/{case_id}", 404, "not-found")


def test_only_who_exists_can_be_named_and_each_place_is_said(gatekeeper: Party, case_id: str) -> None:
    wrong = [
        {"organisation": "police-53", "staff_id": "nobody"},
        {"organisation": "police-53", "role": "prosecutor"},
        {"organisation": "police-52", "role": "officer"},
        {"organisation": "cps-west-midlands", "staff_id": "anybody"},
        {"organisation": "police-53"},
    ]
    problem = guard(gatekeeper, case_id, "restrict", *wrong, expect=422)
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/admitted/0/staff_id", "unknown_staff"),
        ("/admitted/1/role", "unknown_role"),
        ("/admitted/2/organisation", "unknown_organisation"),
        ("/admitted/3/organisation", "unknown_organisation"),
        ("/admitted/4", "one_of"),
    ]


def test_somebody_of_the_force_is_always_left(teams: Teams, gatekeeper: Party, case_id: str) -> None:
    for admitted in ([role("cps-south-west", "prosecutor")], named(teams.person("officer", unit="police-53-cid"))):
        problem = guard(gatekeeper, case_id, "restrict", *admitted, expect=422)
        assert [fault["code"] for fault in problem["errors"]] == ["nobody_left"]


def test_lists_the_queue_and_the_figures_leave_it_out(teams: Teams, gatekeeper: Party) -> None:
    request = teams.submitted()
    case_id, supervisor = request["case_file_id"], teams.person("supervisor", number=1)
    head = teams.person("unit_head")

    def counted(party: Party) -> int:
        groups = party.get("/v1/statistics/early-advice").json()["groups"]
        return sum(group["requests"] for group in groups)

    def seen(party: Party) -> tuple[bool, bool]:
        cases = party.get("/v1/case-files", params={"limit": 200}).json()["items"]
        queue = party.get("/v1/early-advice-requests", params={"case_file_id": case_id}).json()["items"]
        return case_id in {item["id"] for item in cases}, bool(queue)

    def numbers(party: Party) -> tuple[int, int, dict[str, int]]:
        """How many case files there are, and are found by a suspect; and how many requests on each list."""
        asked = {"suspect": {"family_name": "Quorthwaite"}, "counts": True}
        listed = party.get("/v1/case-files", params={"limit": 1, "counts": "true"}).json()["counts"]["total"]
        searched = party.post(SEARCH, asked, expect=200).json()["counts"]["total"]
        queues = party.get("/v1/early-advice-queues").json()["queues"]
        return listed, searched, {queue["queue"]: queue["count"] for queue in queues}

    counted_by_the_worker(teams.sandbox)  # what is in the sums is taken out of them for whom it hides from
    before, numbered = counted(head), [numbers(party) for party in (supervisor, head)]
    assert seen(supervisor) == seen(head) == (True, True)
    guard(gatekeeper, case_id, "restrict", *named(gatekeeper, teams.person("casework_assistant")))
    assert seen(supervisor) == seen(head) == (False, False)
    assert counted(head) == before - 1
    for (listed, searched, queues), party in zip(numbered, (supervisor, head), strict=True):
        left = queues | {"my_unit": queues["my_unit"] - 1}
        if party is supervisor:
            left["with_other_side"] -= 1
        assert numbers(party) == (listed - 1, searched - 1, left)
    assert seen(gatekeeper) == seen(teams.person("casework_assistant")) == (True, True)


def test_events_are_held_back_from_the_feed_and_follow_without_a_gap(
    sandbox: Sandbox, teams: Teams, gatekeeper: Party, case_id: str
) -> None:
    system, officer = sandbox.system("police-53"), teams.person("officer")

    def told() -> list[int]:
        return [item["data"]["sequence"] for item in whole_feed(system) if item["data"].get("case_file_id") == case_id]

    until(lambda: told() == [1])
    guard(gatekeeper, case_id, "restrict", *named(gatekeeper, officer))
    officer.change(f"/v1/case-files/{case_id}", {"content": {"issues": "Held back."}, "note": "more"})
    marker = open_case(officer)["id"]
    until(lambda: any(item["data"].get("case_file_id") == marker for item in whole_feed(system)))
    assert told() == []
    system.refused("GET", f"/v1/case-files/{case_id}", 404, "not-found")
    guard(gatekeeper, case_id, "lift-restriction")
    until(lambda: told() == [1, 2, 3, 4])


def test_the_other_side_too_is_told_what_was_held_back_once_its_systems_are_admitted(
    sandbox: Sandbox, teams: Teams, gatekeeper: Party
) -> None:
    request, system = teams.submitted(), sandbox.system("cps-south-west")
    case_id, ours = request["case_file_id"], named(gatekeeper, teams.person("supervisor"))
    theirs = [role("cps-south-west", "casework_assistant")]

    def told() -> list[int]:
        return [item["data"]["sequence"] for item in whole_feed(system) if item["data"].get("case_file_id") == case_id]

    before = until(told)
    guard(gatekeeper, case_id, "restrict", *ours, *theirs)
    marker = teams.submitted()["case_file_id"]
    until(lambda: any(item["data"].get("case_file_id") == marker for item in whole_feed(system)))
    assert told() == []
    guard(gatekeeper, case_id, "change-restriction", *ours, *theirs, role("cps-south-west", "system"))
    assert until(lambda: sorted(told()) if len(told()) == len(before) + 2 else []) == list(range(1, len(before) + 3))


def test_a_kept_answer_is_not_given_to_who_was_shut_out_meanwhile(
    teams: Teams, gatekeeper: Party, sandbox: Sandbox
) -> None:
    officer, key, body = teams.person("officer"), new_key(), opening()
    case = officer.post("/v1/case-files", body, idempotency_key=key).json()
    declared = sandbox.person("disclosure_officer", unit="police-53-rasso")
    path, other = f"/v1/case-files/{case['id']}/attachments", new_key()
    file = {
        "file_name": "a.pdf",
        "media_type": "application/pdf",
        "size": 9,
        "sha256": "0" * 64,
        "kind": "MG11",
    }
    officer.post(path, file, idempotency_key=other)
    guard(gatekeeper, case["id"], "restrict", *named(gatekeeper, declared))
    officer.refused("POST", "/v1/case-files", 404, "not-found", json=body, idempotency_key=key)
    officer.refused("POST", path, 404, "not-found", json=file, idempotency_key=other)


def test_with_the_cps_it_is_worked_by_those_named_on_both_sides(teams: Teams, gatekeeper: Party) -> None:
    officer, supervisor = teams.person("officer"), teams.person("supervisor")
    triage, manager = teams.person("casework_assistant"), teams.person("legal_manager")
    prosecutor, second = teams.person("prosecutor"), teams.person("prosecutor", number=1)
    case_id = open_case(officer)["id"]
    ours = named(gatekeeper, officer, supervisor)
    guard(gatekeeper, case_id, "restrict", *ours)
    path = f"/v1/early-advice-requests/{draft_request(officer, case_id)['id']}"
    submit = {"endorsement": "Endorsed.", "version": 1}
    tag = supervisor.etag(path)
    problem = supervisor.refused("POST", f"{path}/submit", 422, "invalid", json=submit, if_match=tag)
    assert problem["errors"][0]["code"] == "nobody_admitted"
    theirs = [role("cps-south-west", "casework_assistant"), *named(manager, prosecutor)]
    guard(gatekeeper, case_id, "change-restriction", *ours, *theirs)
    supervisor.step(path, "submit", submit)
    triage.step(path, "accept", {"review_type": "EARLY_ADVICE", "case_type": "RASSO"})
    manager.step(path, "approve", {})
    tag = manager.etag(path)
    allocation = {"prosecutor": second.staff_id}
    problem = manager.refused("POST", f"{path}/allocate", 422, "invalid", json=allocation, if_match=tag)
    assert problem["errors"][0]["code"] == "not_admitted"
    manager.step(path, "allocate", {"prosecutor": prosecutor.staff_id})
    assert prosecutor.get(path).json()["state"] == "allocated"
    shown = manager.get(f"/v1/case-files/{case_id}/restriction").json()["admitted"]
    assert {entry["organisation"] for entry in shown} == {"cps-south-west"}
    second.refused("GET", path, 404, "not-found")
    problem = guard(gatekeeper, case_id, "change-restriction", *ours, expect=422)
    assert problem["errors"][0]["code"] == "nobody_left"


def test_the_history_of_corrections_is_the_forces_own(teams: Teams, sandbox: Sandbox) -> None:
    supervisor = teams.person("supervisor")
    case, _ = submitted_case(sandbox)
    path = f"/v1/case-files/{case['id']}"
    body = {"crime_references": ["53/2026/000009"], "reason": "Typed wrongly."}
    supervisor.post(f"{path}/corrections", body, if_match=supervisor.etag(path))
    [item] = supervisor.items(f"{path}/corrections")
    assert (item["reason"], item["after"]) == ("Typed wrongly.", {"crime_references": ["53/2026/000009"]})
    teams.person("prosecutor").refused("GET", f"{path}/corrections", 403, "not-permitted")


def test_a_party_to_the_case_is_shut_out_and_stays_so(teams: Teams, gatekeeper: Party, case_id: str) -> None:
    officer, supervisor, path = teams.person("officer"), teams.person("supervisor"), f"/v1/case-files/{case_id}"
    suspect = case_content()["suspects"][0]
    themselves = {"organisation": "police-53", "staff_id": supervisor.staff_id}
    officer.change(path, {"content": {"suspects": [suspect | {"staff": themselves}]}, "note": "a colleague"})
    for where in ("", "/versions", "/timeline", "/attachments", "/restriction"):
        supervisor.refused("GET", f"{path}{where}", 404, "not-found")
    listed = supervisor.get("/v1/case-files", params={"limit": 200}).text
    assert case_id not in listed
    asked = {"suspect": {"family_name": "Quorthwaite"}, "urn": officer.get(path).json()["urn"], "counts": True}
    found = [party.post(SEARCH, asked, expect=200).json()["counts"]["total"] for party in (officer, supervisor)]
    assert found == [1, 0]
    [conflict] = gatekeeper.items(f"{path}/conflicts")
    assert (conflict["kind"], conflict["staff_id"], conflict["version"]) == ("party", supervisor.staff_id, 2)
    where, why = f"{path}/conflicts/{conflict['id']}/withdraw", {"reason": "Another of the name."}
    gatekeeper.refused("POST", where, 409, "wrong-state", json=why, if_match=conflict["etag"])
    officer.change(path, {"content": {"suspects": [suspect]}, "note": "another of the name"})
    supervisor.refused("GET", path, 404, "not-found")
    gatekeeper.post(where, why, if_match=conflict["etag"])
    assert supervisor.get(path).status_code == 200


def test_who_has_an_interest_is_not_in_charge_nor_writes_it_down(teams: Teams, gatekeeper: Party, case_id: str) -> None:
    officer, supervisor, path = teams.person("officer"), teams.person("supervisor"), f"/v1/case-files/{case_id}"
    body = {"staff_id": supervisor.staff_id, "reason": "A brother of the suspect."}
    gatekeeper.post(f"{path}/conflicts", body, expect=201)
    in_charge = {"staff_id": supervisor.staff_id, "name": "A. Sergeant"}
    change = {"content": {"supervisor": in_charge}, "note": "taking over"}
    how = {"media_type": "application/merge-patch+json", "if_match": officer.etag(path)}
    problem = officer.refused("PATCH", path, 422, "invalid", json=change, **how)
    assert [(fault["code"], fault["pointer"]) for fault in problem["errors"]] == [
        ("conflict_of_interest", "/content/supervisor/staff_id")
    ]
    themselves = {"organisation": "police-53", "staff_id": officer.staff_id}
    content = case_content(witnesses=[{"id": "w1", "staff": themselves}])
    problem = officer.refused("POST", "/v1/case-files", 422, "invalid", json=opening(content=content))
    assert [fault["code"] for fault in problem["errors"]] == ["conflict_of_interest"]


def test_a_unit_head_declares_a_conflict_of_the_areas_own_and_allocation_heeds_it(teams: Teams) -> None:
    request, head, prosecutor = teams.accepted(), teams.person("unit_head"), teams.person("prosecutor", number=1)
    path = f"/v1/case-files/{request['case_file_id']}/conflicts"
    body = {"staff_id": prosecutor.staff_id, "reason": "Knows the complainant."}
    head.post(path, body, expect=201)
    head.refused("POST", path, 422, "invalid", json={"staff_id": teams.person("officer").staff_id, "reason": "x"})
    assert teams.person("gatekeeper").items(path) == []
    manager, where = teams.person("legal_manager"), f"/v1/early-advice-requests/{request['id']}"
    allocation, tag = {"prosecutor": prosecutor.staff_id}, manager.etag(where)
    problem = manager.refused("POST", f"{where}/allocate", 422, "invalid", json=allocation, if_match=tag)
    assert problem["errors"][0]["code"] == "not_admitted"
    prosecutor.refused("GET", where, 404, "not-found")


WHY = {"reason": "She is in danger tonight.", "minutes": 5}


def test_it_opens_for_one_person_is_told_and_stands_out_in_the_log(
    sandbox: Sandbox, teams: Teams, gatekeeper: Party, case_id: str
) -> None:
    senior, other, path = teams.person("senior_officer"), teams.person("supervisor"), f"/v1/case-files/{case_id}"
    draft_request(teams.person("officer"), case_id)
    guard(gatekeeper, case_id, "restrict", *named(gatekeeper))
    senior.refused("GET", path, 404, "not-found")
    opened = senior.post(f"{path}/break-glass", WHY, expect=201).json()
    assert senior.get(path).json()["id"] == case_id
    assert case_id in senior.get("/v1/case-files", params={"limit": 200}).text
    assert senior.items("/v1/early-advice-requests", case_file_id=case_id)
    other.refused("GET", path, 404, "not-found")
    system = sandbox.system("police-53")
    told = until(lambda: [item for item in whole_feed(system) if item["type"] == "break_glass.reported"])
    assert opened["id"] in {item["data"]["break_glass_id"] for item in told}
    assert all("case_file_id" not in item["data"] for item in told)
    types = [item["type"] for item in gatekeeper.items(f"{path}/timeline")]
    assert "break_glass.opened" in types
    auditor = sandbox.person("auditor")
    entries = until(lambda: auditor.get("/v1/audit-log/entries", params={"case_file_id": case_id}).json()["items"])
    by_action = {item["entry"]["action"]: item for item in entries if item["entry"]["outcome"] == "allowed"}
    seen = by_action["get_case_file"]["erasable"]["details"]["seen_by_break_glass"]
    looked = auditor.get("/v1/audit-log/entries", params={"action": "list_early_advice_requests", "limit": 200}).json()
    marked = [item["erasable"]["details"].get("seen_by_break_glass") for item in looked["items"]]
    assert [opened["id"]] in marked
    assert seen == [opened["id"]] and by_action["break_glass"]["erasable"]["details"]["break_glass"]["minutes"] == 5


def test_nothing_tells_whether_there_is_a_case_that_it_does_not_open(
    teams: Teams, gatekeeper: Party, sandbox: Sandbox, case_id: str
) -> None:
    senior, stranger = teams.person("senior_officer"), sandbox.person("senior_officer", organisation="police-52")
    head = teams.person("unit_head")
    body = {"staff_id": senior.staff_id, "reason": "Her husband is the suspect."}
    gatekeeper.post(f"/v1/case-files/{case_id}/conflicts", body, expect=201)
    guard(gatekeeper, case_id, "restrict", *named(gatekeeper))
    nothing = "01999999-0000-7000-8000-000000000000"
    for party in (senior, stranger, head):
        answers = [
            party.call("POST", f"/v1/case-files/{wanted}/break-glass", json=WHY) for wanted in (case_id, nothing)
        ]
        said = [{**answer.json(), "request_id": ""} for answer in answers]
        assert said[0] == said[1] and [answer.status_code for answer in answers] == [404, 404]


def test_it_changes_nobodys_access_while_somebody_let_in_by_right_can(
    teams: Teams, gatekeeper: Party, case_id: str
) -> None:
    senior, supervisor, path = teams.person("senior_officer"), teams.person("supervisor"), f"/v1/case-files/{case_id}"
    body = {"staff_id": supervisor.staff_id, "reason": "Knows the suspect."}
    conflict = gatekeeper.post(f"{path}/conflicts", body, expect=201).json()
    guard(gatekeeper, case_id, "restrict", *named(gatekeeper))
    senior.post(f"{path}/break-glass", WHY, expect=201)
    assert senior.get(path).json()["restricted"]
    guard(senior, case_id, "lift-restriction", expect=403)
    guard(senior, case_id, "change-restriction", *named(senior, gatekeeper), expect=403)
    senior.refused("POST", f"{path}/conflicts", 403, "not-permitted", json=body | {"staff_id": gatekeeper.staff_id})
    withdrawal = {"json": {"reason": "I say so."}, "if_match": conflict.get("etag", "*")}
    senior.refused("POST", f"{path}/conflicts/{conflict['id']}/withdraw", 403, "not-permitted", **withdrawal)
    guard(gatekeeper, case_id, "change-restriction", *named(supervisor, teams.person("officer")))
    guard(senior, case_id, "lift-restriction")


def test_it_has_a_longest_time_and_is_for_what_one_does_not_see(teams: Teams, case_id: str) -> None:
    senior, path = teams.person("senior_officer"), f"/v1/case-files/{case_id}/break-glass"
    problem = senior.refused("POST", path, 422, "invalid", json={"reason": "x", "minutes": 481})
    assert problem["errors"][0]["pointer"] == "/minutes"
    senior.refused("POST", path, 409, "wrong-state", json={"reason": "x"})
