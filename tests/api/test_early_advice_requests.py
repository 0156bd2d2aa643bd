"""A request from its draft to the unit: who sees it when, what is refused and changes nothing, and the receipt."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.api.advising import ACCEPT, Teams, clock, path_of
from tests.outside.cases import case_content, draft_request, open_case, request_body
from tests.outside.client import new_key

Json = Any
ENDORSE = {"endorsement": "Endorsed.", "version": 1}


def test_a_draft_is_the_forces_own_and_does_not_exist_for_the_cps(teams: Teams) -> None:
    request = teams.draft()
    assert (request["state"], request["with"], request["clocks"]) == ("draft", "police", [])
    for role in ("prosecutor", "unit_head"):
        teams.person(role).refused("GET", path_of(request["id"]), 404, "not-found")
    listed = teams.person("officer").items("/v1/early-advice-requests", case_file_id=request["case_file_id"])
    assert [item["id"] for item in listed] == [request["id"]]
    assert not teams.person("prosecutor").items("/v1/early-advice-requests", case_file_id=request["case_file_id"])


def test_a_list_item_carries_the_tag_and_no_free_text(teams: Teams) -> None:
    request = teams.action_plan_open()
    item = teams.person("officer").items("/v1/early-advice-requests", case_file_id=request["case_file_id"])[0]
    assert item["etag"] == teams.person("officer").etag(path_of(request["id"]))
    assert not {"facts", "issues", "advice_sought", "advice", "history"} & set(item)


def test_a_second_open_request_for_the_same_suspects_is_refused_until_the_first_has_ended(teams: Teams) -> None:
    first = teams.draft()
    officer, path = teams.person("officer"), f"/v1/case-files/{first['case_file_id']}/early-advice-requests"
    problem = officer.refused("POST", path, 409, "already-exists", json=request_body())
    assert problem["early_advice_request_id"] == first["id"]
    teams.take("supervisor", first["id"], "withdraw", {"reason": "Wrong question."})
    second = officer.post(path, request_body()).json()
    assert second["previous_request_id"] == first["id"]


def test_two_who_open_at_once_make_one_request(teams: Teams) -> None:
    officer = teams.person("officer")
    path = f"/v1/case-files/{open_case(officer)['id']}/early-advice-requests"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: officer.call("POST", path, json=request_body()).status_code, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]


def test_what_is_wrong_with_a_draft_is_told_by_place(teams: Teams) -> None:
    officer = teams.person("officer")
    path = f"/v1/case-files/{open_case(officer)['id']}/early-advice-requests"
    sought = [{"topic": "lines_of_enquiry", "question": "?"}, {"topic": "weather", "question": "?"}]
    body = request_body(suspect_ids=["s1", "s9"], advice_sought=sought, method="PIGEON")
    problem = officer.refused("POST", path, 422, "invalid", json=body)
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == ["/suspect_ids/1", "/advice_sought/1/topic", "/method"]
    assert not officer.items("/v1/early-advice-requests", case_file_id=path.split("/")[3])


def test_submitting_shares_the_version_and_answers_a_receipt(teams: Teams) -> None:
    request = teams.submitted()
    case = teams.person("prosecutor").get(f"/v1/case-files/{request['case_file_id']}").json()
    receipt = request["receipt"]
    assert receipt["version"] == case["version"]["number"] == 1
    assert receipt["digest"] == case["version"]["digest"]
    assert len(receipt["leaf_hash"]) == 64 and receipt["attachments"] == []
    assert (request["cps_unit"], request["with"], case["status"]) == ("cps-south-west-rasso", "cps", "referred")
    assert {item["kind"] for item in request["clocks"]} == {"triage", "advice"}


def test_only_the_newest_version_can_be_endorsed(teams: Teams) -> None:
    request, supervisor = teams.draft(), teams.person("supervisor")
    teams.add_version(request)
    tag = supervisor.etag(path_of(request["id"]))
    supervisor.refused("POST", path_of(request["id"]) + "/submit", 412, "stale", json=ENDORSE, if_match=tag)
    assert teams.take("supervisor", request["id"], "submit", {**ENDORSE, "version": 2})["version"] == 2


def test_a_request_that_is_not_ready_is_refused_with_each_mend_and_is_still_a_draft(teams: Teams) -> None:
    officer, supervisor = teams.person("officer"), teams.person("supervisor")
    case = open_case(officer, content=case_content(supervisor_comments=""))
    request = draft_request(officer, case["id"], facts="")
    told = supervisor.get(path_of(request["id"]) + "/readiness").json()
    assert told["ready"] is False
    tag = supervisor.etag(path_of(request["id"]))
    problem = supervisor.refused(
        "POST", path_of(request["id"]) + "/submit", 422, "not-ready", json=ENDORSE, if_match=tag
    )
    missing = [r for r in problem["results"] if r["level"] == "required" and r["outcome"] == "missing"]
    assert len(missing) == 2 and all(result["mend"] for result in missing)
    assert supervisor.etag(path_of(request["id"])) == tag


def test_who_endorses_is_not_who_asked(teams: Teams) -> None:
    supervisor = teams.person("supervisor")
    request = draft_request(supervisor, open_case(teams.person("officer"))["id"])
    path = path_of(request["id"])
    problem = supervisor.refused("POST", path + "/submit", 403, "not-permitted", json=ENDORSE, if_match='"x"')
    assert "created" in problem["detail"]
    steps = {item["step"]: item["allowed"] for item in supervisor.get(path).json()["steps"]}
    assert steps == {"submit": False, "withdraw": True}
    assert teams.take("gatekeeper", request["id"], "submit", ENDORSE)["state"] == "submitted"


def test_a_version_that_names_a_file_still_on_its_way_cannot_be_submitted(teams: Teams) -> None:
    request, officer, supervisor = teams.draft(), teams.person("officer"), teams.person("supervisor")
    declared = {"file_name": "a.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64, "kind": "MG11"}
    path = f"/v1/case-files/{request['case_file_id']}"
    attachment = officer.post(f"{path}/attachments", declared | {"title": "A"}).json()["id"]
    material = [case_content()["material"][0] | {"attachment_ids": [attachment]}]
    number = teams.add_version(request, material=material)
    problem = supervisor.refused(
        "POST",
        path_of(request["id"]) + "/submit",
        409,
        "wrong-state",
        json=ENDORSE | {"version": number},
        if_match=supervisor.etag(path_of(request["id"])),
    )
    assert problem["attachments"] == [{"id": attachment, "status": "uploading"}]
    teams.person("prosecutor").refused("GET", path, 404, "not-found")


def test_a_tag_changes_with_the_name_of_the_prosecutor_it_shows(teams: Teams) -> None:
    register, person = teams.sandbox.system("cps-south-west"), "/v1/staff/SW-renamed"
    known = {"name": "Ann Before", "roles": ["prosecutor"], "unit": "cps-south-west-rasso", "active": True}
    register.put(person, known)
    request = teams.accepted()
    teams.take("legal_manager", request["id"], "allocate", {"prosecutor": "SW-renamed"})
    manager, path, body = teams.person("legal_manager"), path_of(request["id"]), {"prosecutor": "SW-renamed"}
    tag = manager.etag(path)
    manager.get(path, headers={"If-None-Match": tag}, expect=304)
    register.put(person, known | {"name": "Ann After"})
    assert manager.get(path).json()["prosecutor"]["name"] == "Ann After" and manager.etag(path) != tag
    manager.refused("POST", path + "/allocate", 412, "stale", json=body, if_match=tag)


def test_a_step_needs_the_tag_and_takes_only_the_newest(teams: Teams) -> None:
    request = teams.submitted()
    assistant, path = teams.person("casework_assistant"), path_of(request["id"])
    seen = assistant.etag(path)
    assistant.refused("POST", path + "/accept", 428, "precondition-required", json=ACCEPT)
    assistant.post(path + "/accept", ACCEPT, if_match=seen)
    assistant.refused("POST", path + "/accept", 412, "stale", json=ACCEPT, if_match=seen)


def test_of_two_who_step_at_once_one_wins_and_the_other_is_told(teams: Teams) -> None:
    request = teams.submitted()
    assistant, path = teams.person("casework_assistant"), path_of(request["id"])
    seen, returning = assistant.etag(path), teams.returning()
    calls = [("accept", ACCEPT), ("return", returning), ("accept", ACCEPT), ("return", returning)]
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda it: assistant.call("POST", f"{path}/{it[0]}", json=it[1], if_match=seen), calls)
    answers = sorted(made, key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 412, 412, 412]
    now = assistant.get(path).json()
    assert len(now["history"]) == 3
    won = {"step": now["history"][-1]["step"], "at": now["history"][-1]["at"], "organisation": assistant.organisation}
    told = [answer.json() for answer in answers[1:]]
    assert [(one["state"], one["last_step"]) for one in told] == [(now["state"], won)] * 3


def test_a_repeated_step_is_answered_as_before_and_taken_once(teams: Teams) -> None:
    request = teams.submitted()
    assistant, path, key = teams.person("casework_assistant"), path_of(request["id"]), new_key()
    seen = assistant.etag(path)
    first = assistant.post(path + "/accept", ACCEPT, if_match=seen, idempotency_key=key)
    again = assistant.post(path + "/accept", ACCEPT, if_match=seen, idempotency_key=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])


def test_other_units_forces_and_areas_do_not_see_a_request(teams: Teams) -> None:
    request, sandbox = teams.submitted(), teams.sandbox
    strangers = [
        sandbox.person("supervisor", unit="police-52-rasso"),
        sandbox.person("officer", unit="police-53-cid"),
        sandbox.person("prosecutor", unit="cps-south-west-crown-court"),
        sandbox.person("unit_head", unit="cps-west-midlands-rasso"),
        sandbox.system("cps-west-midlands"),
    ]
    for stranger in strangers:
        stranger.refused("GET", path_of(request["id"]), 404, "not-found")
        assert not stranger.items("/v1/early-advice-requests", case_file_id=request["case_file_id"])
    assert sandbox.system("cps-south-west").get(path_of(request["id"])).json()["id"] == request["id"]


def test_the_queue_is_filtered_by_unit_state_holder_prosecutor_and_date(teams: Teams) -> None:
    request = teams.allocated()
    reader, case_file_id = teams.person("legal_manager"), request["case_file_id"]

    def found(**asked: str) -> bool:
        return bool(reader.items("/v1/early-advice-requests", case_file_id=case_file_id, **asked))

    assert found(unit="cps-south-west-rasso") and found(unit="police-53-rasso") and not found(unit="police-52-rasso")
    assert found(state="allocated") and not found(state="accepted")
    assert found(**{"with": "cps"}) and not found(**{"with": "police"})
    assert found(assigned_to=teams.prosecutor_id) and not found(assigned_to="nobody")
    assert found(due_before=teams.day(22)) and not found(due_before=teams.day(21))
    reader.refused("GET", "/v1/early-advice-requests?state=lost", 422, "invalid")


def test_a_returned_request_stops_the_advice_clock_and_resubmission_starts_a_new_one(teams: Teams) -> None:
    request = teams.returned()
    assert clock(request, "advice")["stopped_at"] and clock(request, "triage")["stopped_at"]
    answer = clock(request, "police_response")
    assert answer["due_at"][:10] == teams.day(7) and answer["with"] == "police"
    number = teams.add_version(request)
    again = teams.take("supervisor", request["id"], "submit", {**ENDORSE, "version": number})
    assert [bool(item["stopped_at"]) for item in again["clocks"] if item["kind"] == "advice"] == [True, False]
    assert clock(again, "police_response")["stopped_at"] and again["receipt"]["version"] == number


def test_the_whole_log_still_proves_itself_and_names_the_request(teams: Teams) -> None:
    request = teams.submitted()
    auditor = teams.sandbox.person("auditor", organisation="oversight-hmcpsi")
    entries = auditor.items("/v1/audit-log/entries", case_file_id=request["case_file_id"])
    actions = [item["entry"]["action"] for item in entries]
    assert "submit_early_advice_request" in actions and "create_early_advice_request" in actions
    text = str(entries)
    assert "Quorthwaite" not in text and "followed her home" not in text
    auditor.refused("GET", path_of(request["id"]), 403, "not-permitted")
