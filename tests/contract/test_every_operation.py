"""Every operation works, recognises its repetition, and gives each refusal it documents."""

import json
import uuid
from typing import Any

import pytest

from casefile_api.access.field_policy import FIELDS
from tests.contract import calls, coverage, leaving, tour
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, Scene
from tests.outside import cases
from tests.outside.client import Party, Sandbox, check_problem

DOCUMENTED = {operation.name: operation for operation in coverage.documented(coverage.read_document())}
ROWS = [row for row in read_matrix() if not row.open and row.operation in DOCUMENTED]
OVER_ONE_MEBIBYTE = b'{"note": "' + b"x" * (1024 * 1024) + b'"}'
GUARDING = {
    "restrict_case_file": "restrict",
    "change_restriction": "change-restriction",
    "lift_restriction": "lift-restriction",
}
STALE = '"stale"'


def rows_that_document(code: str) -> pytest.MarkDecorator:
    """Those operations that say they may be refused with a code."""
    rows = [row for row in ROWS if code in DOCUMENTED[row.operation].outcomes]
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.operation)


def somebody_who_may(row: Row, scene: Scene) -> tuple[Party, str]:
    kind = next(kind for kind in ORGANISATIONS if row.may(kind))
    return scene.person(row.may(kind)[0], kind), kind


@pytest.fixture(scope="module")
def grand_tour(sandbox: Sandbox, scene: Scene) -> tour.Tour:
    """The tour, taken once."""
    taken = tour.Tour(sandbox, scene)
    for chapter in tour.CHAPTERS:
        chapter(taken)
    return taken


def test_every_change_succeeds_and_recognises_its_repetition(grand_tour: tour.Tour) -> None:
    assert len(grand_tour.ended) == 2 and len(grand_tour.ended_actions) == 5


def test_nothing_that_a_change_answers_or_tells_leaves_for_whom_it_should_not(grand_tour: tour.Tour) -> None:
    told = list(grand_tour.told)
    for organisation in ("police-53", "police-20", "cps-south-west", "cps-west-midlands"):
        system, params = grand_tour.sandbox.system(organisation), {"limit": "200"}
        while (page := system.get("/v1/events", expect=200, params=params)).json()["items"]:
            told += leaving.members(organisation, page)
            params["after"] = page.json()["next_cursor"]
    assert {"EndpointWithSecret", "early_advice.overturned", "break_glass.ended"} <= {one.body for one in told}
    assert not leaving.wrong(told, FIELDS)


@rows_that_document("not-found")
def test_what_does_not_exist_is_not_found(row: Row, scene: Scene) -> None:
    party, kind = somebody_who_may(row, scene)
    unknown = dict.fromkeys(scene.values | scene.by_kind[kind], str(uuid.uuid4())) | {"tile": "7/999", "number": "99"}
    unknown |= {"leaf_index": "4000000000", "name": "unheard_of", "unit": "police-99-rasso"}
    method, template = row.call.split(" ", 1)
    call = calls.CALLS[row.operation]
    if row.operation in ("get_inclusion_proof", "put_staff_member"):  # a number that is too high is a bad one: 422
        unknown |= {"leaf_index": "nonsense", "staff_id": "x" * 300}
    how: dict[str, Any] = {"json": call.body(scene, party), "media_type": call.media_type} if call.body else {}
    how["params"] = call.params(scene) if call.params else None
    if row.operation == "find_inclusion_proof":
        how["params"] = {"leaf_hash": "00" * 32}
    if row.operation == "get_checkpoint":
        how["params"] = {"tree_size": "4000000000"}
    check_problem(party.call(method, template.format(**unknown), **how), 404, "not-found")


@rows_that_document("too-large")
def test_a_body_of_more_than_a_mebibyte_is_refused(row: Row, scene: Scene) -> None:
    party, kind = somebody_who_may(row, scene)
    method, template = row.call.split(" ", 1)
    media_type = calls.CALLS[row.operation].media_type
    answer = party.call(method, scene.path(template, kind), content=OVER_ONE_MEBIBYTE, media_type=media_type)
    check_problem(answer, 413, "too-large")


@rows_that_document("unsupported-media-type")
def test_another_media_type_is_refused(row: Row, scene: Scene) -> None:
    party, kind = somebody_who_may(row, scene)
    method, template = row.call.split(" ", 1)
    answer = party.call(method, scene.path(template, kind), content=b"note=x", media_type="text/plain")
    check_problem(answer, 415, "unsupported-media-type")


@rows_that_document("invalid")
def test_an_unknown_parameter_or_reason_is_refused(row: Row, scene: Scene) -> None:
    party, kind = somebody_who_may(row, scene)
    method, template = row.call.split(" ", 1)
    how: dict[str, Any] = {"params": {"colour": "blue"}, "headers": {"Access-Justification": "nosuchcode"}}
    body = calls.CALLS[row.operation].body
    if body:
        how |= {"json": body(scene, party), "media_type": calls.CALLS[row.operation].media_type}
    answer = party.call(method, scene.path(template, kind), **how)
    assert check_problem(answer, 422, "invalid")["errors"]


@rows_that_document("stale")
def test_a_stale_tag_is_refused(row: Row, scene: Scene) -> None:
    party, kind = somebody_who_may(row, scene)
    method, template = row.call.split(" ", 1)
    how = calls.CALLS[row.operation]
    body = how.body(scene, party) if how.body else None
    media_type = how.media_type if body is not None else None
    path = scene.path(template, kind, how.uploading)
    answer = party.call(method, path, json=body, media_type=media_type, if_match=STALE)
    check_problem(answer, 412, "stale")


def test_no_step_is_taken_on_what_has_ended(grand_tour: tour.Tour, scene: Scene) -> None:
    request = grand_tour.ended[0]
    for step, body in calls.STEPS.items():
        row = next(row for row in ROWS if row.call.endswith(f"{{request_id}}/{step}"))
        party, _ = somebody_who_may(row, scene)
        party.refused("POST", f"{request}/{step}", 409, "wrong-state", json=body, if_match=party.etag(request))
    for operation, (step, body) in calls.ACTION_STEPS.items():
        party, _ = somebody_who_may(next(row for row in ROWS if row.operation == operation), scene)
        path = grand_tour.ended_actions[0]
        party.refused("POST", f"{path}/{step}", 409, "wrong-state", json=body, if_match=party.etag(path))
    scene.person("prosecutor", "cps").refused("POST", f"{request}/actions", 409, "wrong-state", json=calls.ACTION)
    for operation, path in {
        "patch_early_advice_request": request,
        "move_response_date": f"{request}/move-response-date",
        "raise_escalation": f"{request}/escalations",
        "answer_escalation": grand_tour.answered_escalation,
    }.items():
        row = next(row for row in ROWS if row.operation == operation)
        (party, _), call = somebody_who_may(row, scene), calls.CALLS[operation]
        assert call.body
        how: dict[str, Any] = {"json": call.body(scene, party), "media_type": call.media_type}
        listed = party.get(f"{request}/escalations").json()["items"]
        how["if_match"] = listed[0]["etag"] if operation == "answer_escalation" else party.etag(request)
        party.refused(row.call.split(" ")[0], path, 409, "wrong-state", **how)


def test_what_exists_is_not_made_again(scene: Scene) -> None:
    officer, case = scene.person("officer", "police"), scene.case
    path = f"/v1/case-files/{case['id']}"
    officer.refused("POST", "/v1/case-files", 409, "already-exists", json=cases.opening(urn=case["urn"]))
    other = cases.open_case(officer)
    correction = {"urn": case["urn"], "reason": "Typed wrongly."}
    tag = officer.etag(f"/v1/case-files/{other['id']}")
    where = f"/v1/case-files/{other['id']}/corrections"
    officer.refused("POST", where, 409, "already-exists", json=correction, if_match=tag)
    officer.refused("POST", f"{path}/early-advice-requests", 409, "already-exists", json=cases.request_body())
    two = cases.case_content()
    two["suspects"].append({**two["suspects"][0], "id": "s2"})
    both = cases.open_case(officer, content=two)
    cases.draft_request(officer, both["id"])
    second = f"/v1/early-advice-requests/{cases.draft_request(officer, both['id'], suspect_ids=['s2'])['id']}"
    of_the_first = {"json": {"suspect_ids": ["s1"]}, "if_match": officer.etag(second)}
    media_type = "application/merge-patch+json"
    officer.refused("PATCH", second, 409, "already-exists", media_type=media_type, **of_the_first)


def test_what_is_submitted_or_not_there_yet_is_left_alone(scene: Scene) -> None:
    officer, case = scene.person("officer", "police"), f"/v1/case-files/{scene.case['id']}"
    submitted = f"/v1/attachments/{scene.values['attachment_id']}"
    officer.refused("DELETE", submitted, 409, "wrong-state", if_match=officer.etag(submitted))
    officer.refused("GET", f"/v1/attachments/{scene.uploading['police']}/content", 409, "wrong-state")
    elsewhere = {"cps_unit": "cps-west-midlands-rasso", "reason": "Nearer."}
    tag = officer.etag(case)
    officer.refused("POST", f"{case}/corrections", 409, "wrong-state", json=elsewhere, if_match=tag)
    draft = cases.draft_request(officer, cases.open_case(officer)["id"])["id"]
    early = {"text": "Too early."}
    officer.refused("POST", f"/v1/early-advice-requests/{draft}/messages", 409, "wrong-state", json=early)
    charged = {"suspect_id": "s1", "outcome": "CHARGE", "decided_on": "2026-01-05"}
    officer.refused("POST", f"/v1/early-advice-requests/{draft}/outcomes", 409, "wrong-state", json=charged)
    bundle = officer.post(f"{case}/versions/1/bundles", expect=202).json()["id"]
    officer.refused("GET", f"/v1/bundles/{bundle}/content", 409, "wrong-state")


def test_what_was_retracted_is_gone_for_those_it_was_shared_with(scene: Scene) -> None:
    officer, prosecutor = scene.person("officer", "police"), scene.person("prosecutor", "cps")
    supervisor, case = scene.person("supervisor", "police"), cases.open_case(officer)
    path = f"/v1/case-files/{case['id']}"
    body = {"code": "wrong_case", "reason": "Of another investigation."}

    def retract(party: Party) -> dict[str, Any]:
        return {"json": body, "if_match": party.etag(path)}

    supervisor.refused("POST", f"{path}/versions/1/retract", 409, "wrong-state", **retract(supervisor))
    cases.submit_request(supervisor, cases.draft_request(officer, case["id"])["id"], 1)
    bundle = prosecutor.post(f"{path}/versions/1/bundles", expect=202).json()["id"]
    supervisor.post(f"{path}/versions/1/retract", expect=200, **retract(supervisor))
    version = f"{path}/versions/1"
    readiness, changes = f"{version}/readiness?standard=trial", f"{version}/changes?since=1"
    for where in (path, version, readiness, changes, f"/v1/bundles/{bundle}/content"):
        prosecutor.refused("GET", where, 410, "gone")
    prosecutor.refused("POST", f"{version}/bundles", 410, "gone")
    supervisor.refused("POST", f"{version}/retract", 409, "wrong-state", **retract(supervisor))


def test_what_was_merged_is_closed_and_what_was_split_is_split(scene: Scene) -> None:
    officer, supervisor = scene.person("officer", "police"), scene.person("supervisor", "police")
    one, other = (cases.open_case(officer, content=tour.two_suspects()) for _ in range(2))
    path, split = f"/v1/case-files/{one['id']}", {**calls.SPLIT, "suspect_ids": ["s2"]}
    draft = cases.draft_request(officer, one["id"], suspect_ids=["s2"])

    def refused(party: Party, method: str, where: str, code: str, body: Any, **how: Any) -> None:
        party.refused(method, where, 409, code, json=body, if_match=party.etag(path), **how)

    merge = {"case_file_id": other["id"], "reason": "One event."}
    refused(supervisor, "POST", f"{path}/split", "wrong-state", split)
    refused(supervisor, "POST", f"{path}/merge", "wrong-state", merge)
    supervisor.step(f"/v1/early-advice-requests/{draft['id']}", "withdraw", {"reason": "Not yet."}, expect=200)
    supervisor.post(f"{path}/split", split, expect=201, if_match=supervisor.etag(path))
    refused(supervisor, "POST", f"{path}/split", "already-exists", split)
    supervisor.post(f"{path}/merge", merge, expect=200, if_match=supervisor.etag(path))
    refused(supervisor, "POST", f"{path}/merge", "wrong-state", merge)
    refused(supervisor, "POST", f"{path}/split", "wrong-state", {**split, "urn_suffix": "8"})
    refused(officer, "POST", f"{path}/versions", "wrong-state", {"content": cases.case_content(), "note": "more"})
    refused(officer, "POST", f"{path}/versions/1/restore", "wrong-state", {"note": "again"})
    patch = {"content": {"issues": "More."}, "note": "more"}
    refused(officer, "PATCH", path, "wrong-state", patch, media_type="application/merge-patch+json")
    officer.refused("POST", f"{path}/early-advice-requests", 409, "wrong-state", json=cases.request_body())
    [into] = [item for item in officer.items(f"{path}/links") if item["relation"] == "merged_into"]
    where = f"{path}/links/{into['id']}/remove"
    officer.refused("POST", where, 409, "wrong-state", json={"reason": "No."}, if_match=into["etag"])


def test_a_restriction_is_set_once_and_changed_while_it_stands(scene: Scene) -> None:
    gatekeeper = scene.person("gatekeeper", "police")
    path = f"/v1/case-files/{cases.open_case(scene.person('officer', 'police'))['id']}"
    bodies = {step: calls.CALLS[operation].body(scene, gatekeeper) for operation, step in GUARDING.items()}

    def refused(step: str) -> None:
        tag = gatekeeper.etag(f"{path}/restriction")
        gatekeeper.refused("POST", f"{path}/{step}", 409, "wrong-state", json=bodies[step], if_match=tag)

    refused("change-restriction")
    refused("lift-restriction")
    tag = gatekeeper.etag(f"{path}/restriction")
    gatekeeper.post(f"{path}/restrict", bodies["restrict"], expect=200, if_match=tag)
    refused("restrict")


def test_a_conflict_of_interest_is_withdrawn_once(scene: Scene) -> None:
    gatekeeper = scene.person("gatekeeper", "police")
    path = f"/v1/case-files/{cases.open_case(scene.person('officer', 'police'))['id']}/conflicts"
    made = gatekeeper.post(path, {"staff_id": scene.interested["police"], "reason": "Kin."}, expect=201).json()
    body, where = {"reason": "No kin."}, f"{path}/{made['id']}/withdraw"
    gatekeeper.post(where, body, expect=200, if_match=gatekeeper.items(path)[0]["etag"])
    tag = gatekeeper.items(path)[0]["etag"]
    gatekeeper.refused("POST", where, 409, "wrong-state", json=body, if_match=tag)


def test_an_unready_request_is_not_submitted(scene: Scene) -> None:
    officer, supervisor = scene.person("officer", "police"), scene.person("supervisor", "police")
    case = cases.open_case(officer, content=cases.case_content(lines_of_enquiry=[]))
    path = f"/v1/early-advice-requests/{cases.draft_request(officer, case['id'])['id']}"
    body = {"endorsement": "Endorsed.", "version": 1}
    tag = supervisor.etag(path)
    problem = supervisor.refused("POST", f"{path}/submit", 422, "not-ready", json=body, if_match=tag)
    assert [item["outcome"] for item in problem["results"] if item["level"] == "required"].count("missing") == 1
    assert supervisor.etag(path) == tag


def test_a_failed_test_of_a_patch_is_a_conflict(scene: Scene) -> None:
    officer, path = scene.person("officer", "police"), f"/v1/case-files/{scene.case['id']}"
    operations = [{"op": "test", "path": "/content/summary", "value": "another"}]
    how = {"media_type": "application/json-patch+json", "if_match": officer.etag(path)}
    officer.refused("PATCH", path, 409, "wrong-state", content=json.dumps(operations).encode(), **how)


def test_a_path_names_every_method_it_takes_and_refuses_the_others(scene: Scene) -> None:
    officer = scene.person("officer", "police")
    paths: dict[str, set[str]] = {}
    for row in read_matrix():
        method, template = row.call.split(" ", 1)
        paths.setdefault(template, {"OPTIONS"}).update({method} | ({"HEAD"} if method == "GET" else set()))
    for template, methods in paths.items():
        asked = officer.call("OPTIONS", scene.path(template, "police"))
        assert (asked.status_code, asked.content) == (204, b""), template
        refused = officer.call("TRACE", scene.path(template, "police"))
        check_problem(refused, 405, "method-not-allowed")
        for answer in (asked, refused):
            assert set(answer.headers["allow"].split(", ")) == methods, template


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_a_form_of_more_than_a_mebibyte_is_refused(path: str, sandbox: Sandbox) -> None:
    answer = sandbox.http.post(sandbox.base_url + path, data={"scope": "x" * (1024 * 1024 + 1)})
    assert answer.status_code == 413, answer.text
