"""What the CPS attaches stays its own until advice or a message names it; what is privileged stays with the parties."""

from typing import Any

from tests.api.advising import Teams, events_about, path_of
from tests.api.attaching import completed, text_file
from tests.outside.cases import case_content

Json = Any


def attached_by_cps(teams: Teams, request: Json, words: bytes) -> str:
    """A file of the prosecutor's on the case, verified and available."""
    return str(completed(teams.person("prosecutor"), request["case_file_id"], text_file(words))["id"])


def test_a_file_of_the_cps_becomes_visible_to_police_when_advice_names_it(teams: Teams) -> None:
    request = teams.allocated()
    attachment = attached_by_cps(teams, request, b"A note on the law of consent.")
    officer, path = teams.person("officer"), f"/v1/attachments/{attachment}"
    officer.refused("GET", path, 404, "not-found")
    told = teams.take("prosecutor", request["id"], "advise", teams.advice(attachment_ids=[attachment]))
    assert told["advice"]["attachment_ids"] == [attachment]
    assert officer.get(path).json()["status"] == "available"


def test_a_file_of_the_cps_becomes_visible_to_police_when_a_message_names_it(teams: Teams) -> None:
    request = teams.allocated()
    attachment = attached_by_cps(teams, request, b"A list of what to ask the phone company.")
    officer, path = teams.person("officer"), f"/v1/attachments/{attachment}"
    body = {"text": "See the list.", "attachment_ids": [attachment]}
    teams.person("legal_manager").post(f"{path_of(request['id'])}/messages", body)
    assert officer.get(path).json()["id"] == attachment


def test_each_side_names_files_of_the_other_that_it_sees_and_no_others(teams: Teams) -> None:
    request, officer, prosecutor = teams.information_requested(), teams.person("officer"), teams.person("prosecutor")
    path = f"{path_of(request['id'])}/messages"
    attachment = str(completed(officer, request["case_file_id"], text_file(b"A statement."))["id"])
    body = {"text": "See the statement.", "attachment_ids": [attachment]}
    prosecutor.refused("POST", path, 422, "invalid", json=body)
    material = [case_content()["material"][0] | {"attachment_ids": [attachment]}]
    number = teams.add_version(request, material=material)
    answer = {"answer": "Here it is.", "version": number}
    shared = teams.take("supervisor", request["id"], "provide-information", answer)["receipt"]["attachments"]
    assert [item["id"] for item in shared] == [attachment]
    assert prosecutor.post(path, body).json()["attachment_ids"] == [attachment]


def test_advice_that_names_a_file_of_another_case_is_not_given(teams: Teams) -> None:
    request, other = teams.allocated(), teams.allocated()
    attachment = attached_by_cps(teams, other, b"Of another case.")
    prosecutor, path = teams.person("prosecutor"), path_of(request["id"])
    body = teams.advice(attachment_ids=[attachment])
    problem = prosecutor.refused("POST", path + "/advise", 422, "invalid", json=body, if_match=prosecutor.etag(path))
    assert problem["errors"][0]["pointer"] == "/attachment_ids/0"
    assert prosecutor.get(path).json()["state"] == "allocated"


def test_a_unit_that_passed_the_request_on_has_no_say_in_its_thread(teams: Teams) -> None:
    request = teams.allocated()
    path, unit = f"{path_of(request['id'])}/messages", "cps-south-west-crown-court"
    teams.person("prosecutor").post(path, {"text": "It goes to the Crown Court unit."})
    teams.take("legal_manager", request["id"], "transfer", {"unit": unit, "reason": "Not RASSO."})
    for role in ("prosecutor", "legal_manager"):
        teams.person(role).refused("POST", path, 403, "not-permitted", json={"text": "One thing more."})
    teams.person("legal_manager", unit).post(path, {"text": "We have it now."})
    said = [item["text"] for item in teams.person("officer").items(path)]
    assert said == ["It goes to the Crown Court unit.", "We have it now."]


def test_the_auditor_sees_that_advice_was_given_and_nothing_of_what_it_says(teams: Teams) -> None:
    words = "A turn of phrase that is in no other place"
    request = teams.allocated()
    body = teams.advice(advice=[{"topic": "potential_charges", "text": words}])
    teams.take("prosecutor", request["id"], "advise", body)
    auditor = teams.sandbox.person("auditor", organisation="oversight-hmcpsi")
    entries = auditor.items("/v1/audit-log/entries", case_file_id=request["case_file_id"])
    assert "advise_early_advice_request" in [item["entry"]["action"] for item in entries]
    assert words not in str(entries)
    auditor.refused("GET", path_of(request["id"]), 403, "not-permitted")


def test_events_of_a_request_carry_ids_and_states_and_no_words(teams: Teams) -> None:
    request = teams.action_plan_open()
    mine = events_about(teams, "cps-south-west", request, "action.", 1)
    types = [event["type"] for event in mine]
    assert types == [
        "case_file.version_shared",
        "early_advice.submitted",
        "early_advice.accepted",
        "early_advice.approved",
        "early_advice.allocated",
        "early_advice.advised",
        "action.set",
    ]
    assert [event["data"]["sequence"] for event in mine] == list(range(1, len(mine) + 1))
    assert "taxi" not in str(mine) and "proportionate" not in str(mine)
