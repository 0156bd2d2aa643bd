"""The action plan and the thread: each action with its date, its cycles, its dispute, its extension; messages."""

from typing import Any

from tests.api.advising import Teams, action_path, clock, path_of

Json = Any


def opened(teams: Teams) -> tuple[Json, str]:
    """A request with an open action, and where the action is."""
    request = teams.action_plan_open()
    return request, action_path(request, teams.actions(request)[0])


def test_an_action_has_a_date_a_clock_and_the_steps_open_to_the_reader(teams: Teams) -> None:
    request, path = opened(teams)
    item = teams.actions(request)[0]
    assert item["etag"] == teams.person("officer").etag(path)
    assert item["due_on"] == teams.day(14) and item["with"] == "police" and item["cycle"] == 1
    assert clock(item, "action")["due_at"].startswith(teams.day(14))
    allowed = {step["step"] for step in item["steps"] if step["allowed"]}
    assert allowed == {"start", "return", "request-extension"}


def test_material_is_returned_rejected_returned_again_and_satisfies(teams: Teams) -> None:
    _, path = opened(teams)
    officer, prosecutor = teams.person("officer"), teams.person("prosecutor")
    officer.step(path, "start", {})
    returned = officer.step(path, "return", {"answer": "The statement.", "material_ids": ["m1"]}).json()
    assert returned["state"] == "returned" and clock(returned, "action")["stopped_at"]
    rejected = prosecutor.step(path, "reject", {"reason": "Not signed."}).json()
    assert (rejected["state"], rejected["cycle"], rejected["due_on"]) == ("open", 2, returned["due_on"])
    assert [bool(item["stopped_at"]) for item in rejected["clocks"]] == [True, False]
    officer.step(path, "return", {"answer": "Signed now.", "material_ids": ["m1"]})
    satisfied = prosecutor.step(path, "satisfy", {"reason": "It is signed."}).json()
    assert satisfied["state"] == "satisfied" and satisfied["history"][-1]["said"] == {"reason": "It is signed."}


def test_unknown_material_is_refused_by_place(teams: Teams) -> None:
    _, path = opened(teams)
    officer = teams.person("officer")
    body = {"answer": "Here.", "material_ids": ["m1", "m9"]}
    problem = officer.refused("POST", path + "/return", 422, "invalid", json=body, if_match=officer.etag(path))
    assert problem["errors"][0]["pointer"] == "/material_ids/1"
    assert officer.get(path).json()["state"] == "open"


def test_a_version_not_yet_shared_goes_with_an_answer_by_a_supervisor_alone(teams: Teams) -> None:
    request, path = opened(teams)
    number = teams.add_version(request)
    body = {"answer": "New material.", "material_ids": ["m1"], "version": number}
    officer = teams.person("officer")
    officer.refused("POST", path + "/return", 403, "not-permitted", json=body, if_match=officer.etag(path))
    answered = teams.person("supervisor").step(path, "return", body).json()
    assert answered["receipt"]["version"] == number and answered["history"][-1]["version"] == number
    case = teams.person("prosecutor").get(f"/v1/case-files/{request['case_file_id']}").json()
    assert case["version"]["number"] == number


def test_a_disputed_action_is_confirmed_or_withdrawn(teams: Teams) -> None:
    for outcome, state in (("confirmed", "open"), ("withdrawn", "cancelled")):
        _, path = opened(teams)
        teams.person("supervisor").step(path, "dispute", {"reason": "Out of proportion."})
        body = {"outcome": outcome, "reason": "Considered."}
        answered = teams.person("legal_manager").step(path, "answer-dispute", body).json()
        assert answered["state"] == state
        assert bool(clock(answered, "action")["stopped_at"]) is (state == "cancelled")


def test_an_extension_granted_moves_the_date_and_the_old_one_is_kept(teams: Teams) -> None:
    _, path = opened(teams)
    officer, prosecutor = teams.person("officer"), teams.person("prosecutor")
    ask = {"due_on": teams.day(30), "reason": "The witness is abroad."}
    asked = officer.step(path, "request-extension", ask).json()
    assert (asked["due_on"], asked["extension_requested_to"]) == (teams.day(14), teams.day(30))
    officer.refused("POST", path + "/request-extension", 409, "wrong-state", json=ask, if_match=officer.etag(path))
    granted = prosecutor.step(path, "decide-extension", {"granted": True, "reason": "Reasonable."}).json()
    assert (granted["due_on"], granted["extension_requested_to"]) == (teams.day(30), None)
    assert granted["history"][-1]["due_on_before"] == teams.day(14)
    assert [item["due_at"][:10] for item in granted["clocks"]] == [teams.day(14), teams.day(30)]


def test_an_extension_refused_leaves_the_date_and_one_not_asked_for_cannot_be_decided(teams: Teams) -> None:
    _, path = opened(teams)
    officer, prosecutor = teams.person("officer"), teams.person("prosecutor")
    decide = {"granted": False, "reason": "There is time."}
    tag = prosecutor.etag(path)
    prosecutor.refused("POST", path + "/decide-extension", 409, "wrong-state", json=decide, if_match=tag)
    early = {"due_on": teams.day(14), "reason": "The same day."}
    officer.refused("POST", path + "/request-extension", 422, "invalid", json=early, if_match=officer.etag(path))
    officer.step(path, "request-extension", {"due_on": teams.day(20), "reason": "Leave."})
    assert prosecutor.step(path, "decide-extension", decide).json()["due_on"] == teams.day(14)


def test_one_more_action_is_set_while_the_plan_is_open_and_not_after(teams: Teams) -> None:
    request, _ = opened(teams)
    prosecutor, path = teams.person("prosecutor"), f"{path_of(request['id'])}/actions"
    added = prosecutor.post(path, teams.action(category="FOOTAGE"), expect=201)
    assert added.json()["number"] == 2 and added.headers["location"].endswith(added.json()["id"])
    teams.person("prosecutor", number=1).refused("POST", path, 403, "not-permitted", json=teams.action())
    closed = teams.advised()
    prosecutor.refused("POST", f"{path_of(closed['id'])}/actions", 409, "wrong-state", json=teams.action())


def test_of_two_answers_to_one_action_one_counts(teams: Teams) -> None:
    _, path = opened(teams)
    officer = teams.person("officer")
    tag = officer.etag(path)
    officer.post(path + "/start", {}, if_match=tag)
    body = {"answer": "Late.", "material_ids": []}
    told = officer.refused("POST", path + "/return", 412, "stale", json=body, if_match=tag)
    assert (told["state"], told["last_step"]["step"]) == ("in_progress", "start")
    officer.refused("POST", path + "/return", 428, "precondition-required", json=body)


def test_an_action_of_another_request_does_not_exist_in_this_one(teams: Teams) -> None:
    (one, path), (other, _) = opened(teams), opened(teams)
    teams.person("officer").refused("GET", path.replace(one["id"], other["id"]), 404, "not-found")


def test_the_plan_is_told_in_pages(teams: Teams) -> None:
    request = teams.allocated()
    teams.take("prosecutor", request["id"], "advise", teams.advice(*[teams.action() for _ in range(5)]))
    items = teams.person("officer").items(f"{path_of(request['id'])}/actions", limit=2)
    assert [item["number"] for item in items] == [1, 2, 3, 4, 5]


def test_officer_and_prosecutor_write_to_each_other_and_nobody_reads_along(teams: Teams) -> None:
    request = teams.allocated()
    path = f"{path_of(request['id'])}/messages"
    first = teams.person("officer").post(path, {"text": "May I call you?"}, expect=201).json()
    body = {"text": "Yes.", "to_staff_id": teams.person("officer").staff_id}
    second = teams.person("prosecutor").post(path, body, expect=201).json()
    thread = teams.person("supervisor").items(path)
    assert [(item["id"], item["text"]) for item in thread] == [(first["id"], "May I call you?"), (second["id"], "Yes.")]
    teams.sandbox.person("officer", unit="police-52-rasso").refused("GET", path, 404, "not-found")
    teams.sandbox.person("auditor", organisation="oversight-hmcpsi").refused("GET", path, 403, "not-permitted")


def test_a_message_does_not_change_the_requests_tag_and_a_draft_has_no_thread(teams: Teams) -> None:
    request, officer = teams.allocated(), teams.person("officer")
    tag = officer.etag(path_of(request["id"]))
    officer.post(f"{path_of(request['id'])}/messages", {"text": "Hello."})
    assert officer.etag(path_of(request["id"])) == tag
    draft = f"{path_of(teams.draft()['id'])}/messages"
    officer.refused("POST", draft, 409, "wrong-state", json={"text": "Hello?"})


def test_a_message_that_names_an_unknown_file_or_person_is_refused(teams: Teams) -> None:
    request, officer = teams.allocated(), teams.person("officer")
    path = f"{path_of(request['id'])}/messages"
    stranger = {"text": "See this.", "attachment_ids": [request["id"]]}
    problem = officer.refused("POST", path, 422, "invalid", json=stranger)
    assert problem["errors"][0]["pointer"] == "/attachment_ids/0"
    officer.refused("POST", path, 422, "invalid", json={"text": "You?", "to_staff_id": "nobody"})
    assert officer.items(path) == []
