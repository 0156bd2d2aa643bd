"""The advice as a document: all that was issued, for the parties alone, and the same whatever happens later."""

from io import BytesIO
from typing import Any

import pypdf

from tests.api.advising import Teams, action_path, path_of

Json = Any


def printed(teams: Teams, request: Json, role: str = "officer") -> Any:
    """The document as somebody gets it."""
    return teams.person(role).call("GET", f"{path_of(request['id'])}/advice.pdf")


def words_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages)


def test_the_document_says_what_was_asked_advised_and_set_and_does_not_change(teams: Teams) -> None:
    charge = {"cjs_code": "SX03002", "suspect_ids": ["s1"], "comment": "Most apt."}
    set_then = teams.action(justification="Nobody else saw the car.")
    advice = teams.advice(set_then, proposed_charges=[charge])
    request = teams.take("prosecutor", teams.allocated()["id"], "advise", advice)
    answer = printed(teams, request)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == f'attachment; filename="early-advice-{request["id"]}.pdf"'
    words = words_of(answer.content).replace("\n", " ")
    asked = request["advice_sought"][0]["question"]
    for said in (
        "OFFICIAL-SENSITIVE · LEGALLY PRIVILEGED",
        "On version: 1",
        asked,
        "The digital enquiries are proportionate.",
        "Focus on the suspect's conduct before and after.",
        "SX03002",
        "Most apt.",
        "1. Statements: A statement of the taxi driver.",
        "Why it is needed: Nobody else saw the car.",
    ):
        assert said in words, said
    [item] = teams.actions(request)
    more_time = {"due_on": teams.day(40), "reason": "Abroad."}
    teams.person("officer").step(action_path(request, item), "request-extension", more_time)
    granted = {"granted": True, "reason": "Reasonable."}
    teams.person("prosecutor").step(action_path(request, item), "decide-extension", granted)
    teams.person("prosecutor").post(f"{path_of(request['id'])}/actions", teams.action(description="One more."))
    again = printed(teams, request, "prosecutor")
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])
    tag = {"If-None-Match": answer.headers["etag"]}
    assert teams.person("officer").call("GET", f"{path_of(request['id'])}/advice.pdf", headers=tag).status_code == 304


def test_before_it_is_issued_and_to_others_there_is_no_document(teams: Teams) -> None:
    unissued = teams.allocated()
    for role in ("officer", "prosecutor"):
        teams.person(role).refused("GET", f"{path_of(unissued['id'])}/advice.pdf", 404, "not-found")
    path = f"{path_of(teams.advised()['id'])}/advice.pdf"
    for unit in ("police-52-rasso", "police-53-cid"):
        teams.person("officer", unit).refused("GET", path, 404, "not-found")
    teams.person("prosecutor", "cps-west-midlands-rasso").refused("GET", path, 404, "not-found")
    auditor = teams.sandbox.person("auditor", organisation="oversight-hmcpsi")
    auditor.refused("GET", path, 403, "not-permitted")


def test_each_reading_of_the_document_is_logged_as_a_disclosure(teams: Teams) -> None:
    request = teams.advised()
    printed(teams, request)
    auditor = teams.sandbox.person("auditor", organisation="oversight-hmcpsi")
    asked = {"case_file_id": request["case_file_id"]}
    entries = [item["entry"] for item in auditor.items("/v1/audit-log/entries", **asked)]
    [entry] = [entry for entry in entries if entry["action"] == "get_advice_document"]
    assert entry["operation"] == "disclosure"
    assert entry["target_id"] == request["id"]
    assert "digital enquiries" not in str(entries)
