"""Case files as police and the CPS use them: opened, versioned, compared, corrected, found, and never lost."""

from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import psycopg
import pytest

from tests.outside.cases import (
    case_content,
    draft_request,
    new_urn,
    open_case,
    opening,
    request_body,
    submit_request,
    submitted_case,
)
from tests.outside.client import PLANTED, Party, Sandbox
from tests.outside.digest import check_chain, check_version
from tests.whole_log import look_through_tables

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


@pytest.fixture
def case_id(officer: Party) -> str:
    return str(open_case(officer)["id"])


def patch(party: Party, case_id: str, document: object, *, media: str = MERGE, tag: str | None = None, **more: object):
    seen = tag or party.etag(f"/v1/case-files/{case_id}")
    return party.call("PATCH", f"/v1/case-files/{case_id}", json=document, if_match=seen, media_type=media, **more)


def test_opening_answers_the_content_exactly_as_sent_with_its_digest(officer: Party) -> None:
    body = opening()
    answer = officer.call("POST", "/v1/case-files", json=body)
    assert answer.status_code == 201
    view = answer.json()
    assert view["content"] == body["content"]
    assert view["version"]["number"] == 1 and view["status"] == "registered"
    check_version(view)
    assert officer.call("GET", answer.headers["location"]).headers["etag"] == answer.headers["etag"]


def test_a_urn_of_another_force_is_refused_and_names_the_member(officer: Party) -> None:
    problem = officer.refused("POST", "/v1/case-files", 422, "invalid", json={**opening(), "urn": new_urn("police-52")})
    assert problem["errors"][0]["pointer"] == "/urn"


def test_a_urn_with_its_suffix_opens_only_once(officer: Party) -> None:
    body = opening()
    officer.post("/v1/case-files", json=body)
    officer.refused("POST", "/v1/case-files", 409, "already-exists", json=body)
    split = officer.post("/v1/case-files", json={**body, "urn_suffix": "01"}).json()
    assert split["urn_suffix"] == "1"
    officer.refused("POST", "/v1/case-files", 409, "already-exists", json={**body, "urn_suffix": "1"})


def test_versions_are_numbered_and_chained_by_their_digests(officer: Party, case_id: str) -> None:
    tag = officer.etag(f"/v1/case-files/{case_id}")
    content = case_content(issues="Delay of two days.")
    officer.post(f"/v1/case-files/{case_id}/versions", json={"content": content, "note": "issues"}, if_match=tag)
    assert patch(officer, case_id, {"content": {"defence_case": "Denial."}, "note": "account"}).status_code == 200
    views = [officer.get(f"/v1/case-files/{case_id}/versions/{number}").json() for number in (1, 2, 3)]
    check_chain(views)
    assert views[2]["content"]["defence_case"] == "Denial."
    items = officer.items(f"/v1/case-files/{case_id}/versions")
    assert [item["number"] for item in items] == [1, 2, 3]
    tags = [officer.etag(f"/v1/case-files/{case_id}/versions/{number}") for number in (1, 2, 3)]
    assert [item["etag"] for item in items] == tags


def test_of_two_writers_with_the_same_tag_one_wins(officer: Party, case_id: str) -> None:
    tag = officer.etag(f"/v1/case-files/{case_id}")
    documents = [{"content": {"issues": f"writer {number}"}, "note": ""} for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda document: patch(officer, case_id, document, tag=tag), documents))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert officer.get(f"/v1/case-files/{case_id}").json()["version"]["number"] == 2


@pytest.mark.parametrize(("tag", "status"), [(None, 428), ('"other"', 412), ('W/"x"', 412), ("*", 428), ("bare", 422)])
def test_a_change_needs_the_tag_that_is_current(officer: Party, case_id: str, tag: str | None, status: int) -> None:
    answer = officer.call(
        "POST", f"/v1/case-files/{case_id}/versions", json={"content": case_content(), "note": ""}, if_match=tag
    )
    assert answer.status_code == status
    assert officer.get(f"/v1/case-files/{case_id}").json()["version"]["number"] == 1


def test_a_json_patch_whose_test_fails_is_a_conflict_and_changes_nothing(officer: Party, case_id: str) -> None:
    operations = [{"op": "test", "path": "/content/issues", "value": "no"}, {"op": "remove", "path": "/content/issues"}]
    assert patch(officer, case_id, operations, media=JSON_PATCH).status_code == 409
    impossible = patch(officer, case_id, [{"op": "remove", "path": "/content/nowhere"}], media=JSON_PATCH)
    assert impossible.status_code == 422 and impossible.json()["errors"][0]["pointer"] == "/0"
    sound = [{"op": "replace", "path": "/content/issues", "value": "new"}, {"op": "add", "path": "/note", "value": "n"}]
    view = patch(officer, case_id, sound, media=JSON_PATCH).json()
    assert view["content"]["issues"] == "new" and view["version"]["note"] == "n"


def test_a_patch_that_changes_nothing_or_grows_too_large_is_refused(officer: Party, case_id: str) -> None:
    assert patch(officer, case_id, {"note": "only a note"}).status_code == 422
    grow = [{"op": "copy", "from": "/content", "path": f"/content/extensions/x{n}"} for n in range(12)]
    assert patch(officer, case_id, grow, media=JSON_PATCH).status_code in {413, 422}
    assert officer.get(f"/v1/case-files/{case_id}").json()["version"]["number"] == 1


def test_a_repeated_call_with_its_key_answers_the_first_answer(officer: Party, sandbox: Sandbox) -> None:
    body = opening()
    first = officer.call("POST", "/v1/case-files", json=body, idempotency_key="open-1" + body["urn"])
    again = officer.call("POST", "/v1/case-files", json=body, idempotency_key=f'"open-1{body["urn"]}"')
    assert again.status_code == 201 and again.content == first.content
    assert again.headers["idempotent-replayed"] == "true" and again.headers["etag"] == first.headers["etag"]
    other = officer.call("POST", "/v1/case-files", json=opening(), idempotency_key="open-1" + body["urn"])
    assert other.status_code == 422 and other.json()["code"] == "idempotency-conflict"
    colleague = sandbox.person("supervisor", unit="police-53-rasso")
    answer = colleague.call("POST", "/v1/case-files", json=body, idempotency_key="open-1" + body["urn"])
    assert answer.status_code == 409


def test_a_replayed_change_is_not_stale(officer: Party, case_id: str) -> None:
    tag = officer.etag(f"/v1/case-files/{case_id}")
    document = {"content": {"issues": "once"}, "note": ""}
    key = f"patch-{case_id}"
    first = patch(officer, case_id, document, tag=tag, idempotency_key=key)
    again = patch(officer, case_id, document, tag=tag, idempotency_key=key)
    assert (first.status_code, again.status_code) == (200, 200) and again.content == first.content
    assert officer.get(f"/v1/case-files/{case_id}").json()["version"]["number"] == 2


def test_what_changed_is_told_by_item_and_as_a_patch_that_applies(officer: Party, case_id: str) -> None:
    changed = case_content()
    changed["suspects"][0]["previous_convictions"] = "one, 2011"
    changed["witnesses"] = [{"id": "w1", "family_name": "Made-Up"}]
    tag = officer.etag(f"/v1/case-files/{case_id}")
    officer.post(f"/v1/case-files/{case_id}/versions", json={"content": changed, "note": ""}, if_match=tag)
    told = officer.get(f"/v1/case-files/{case_id}/versions/2/changes", params={"since": "1"}).json()
    sections = {section["section"]: section["changes"] for section in told["sections"]}
    assert sections["suspects"][0]["kind"] == "changed" and sections["suspects"][0]["id"] == "s1"
    assert sections["witnesses"][0]["kind"] == "added"
    officer.refused("GET", f"/v1/case-files/{case_id}/versions/2/changes?since=9", 404, "not-found")


def test_a_correction_keeps_content_and_number_and_changes_the_tag(officer: Party, case_id: str) -> None:
    tag = officer.etag(f"/v1/case-files/{case_id}")
    reference = {"crime_references": ["53/2026/004799"], "reason": "typed wrongly"}
    view = officer.post(f"/v1/case-files/{case_id}/corrections", json=reference, if_match=tag, expect=200).json()
    assert view["crime_references"] == ["53/2026/004799"] and view["version"]["number"] == 1
    assert officer.etag(f"/v1/case-files/{case_id}") != tag
    answer = officer.call("POST", f"/v1/case-files/{case_id}/corrections", json=reference, if_match=tag)
    assert answer.status_code == 412


def test_the_cps_unit_cannot_change_while_a_request_is_with_the_cps(sandbox: Sandbox) -> None:
    case, _ = submitted_case(sandbox)
    officer = sandbox.person("officer", unit="police-53-rasso")
    path = f"/v1/case-files/{case['id']}"
    body = {"cps_unit": "cps-west-midlands-rasso", "reason": "moved"}
    officer.refused("POST", f"{path}/corrections", 409, "wrong-state", json=body, if_match=officer.etag(path))


def test_the_cps_sees_shared_versions_alone(sandbox: Sandbox) -> None:
    case, _ = submitted_case(sandbox)
    officer = sandbox.person("officer", unit="police-53-rasso")
    prosecutor = sandbox.person("prosecutor", unit="cps-south-west-rasso")
    path = f"/v1/case-files/{case['id']}"
    shared = prosecutor.get(path).json()["version"]["number"]
    assert patch(officer, case["id"], {"content": {"issues": "later"}, "note": ""}).status_code == 200
    assert prosecutor.get(path).json()["version"]["number"] == shared
    prosecutor.refused("GET", f"{path}/versions/{shared + 1}", 404, "not-found")
    assert prosecutor.get(path).json()["status"] == "referred"
    types = {item["type"] for item in prosecutor.items(f"{path}/timeline")}
    assert "case_file.version_shared" in types and "case_file.opened" not in types


def test_lists_are_paged_by_a_cursor_and_filtered(officer: Party) -> None:
    made = [open_case(officer)["id"] for _ in range(3)]
    page = officer.get("/v1/case-files", params={"limit": "2", "offence": "SX03002", "status": "registered"}).json()
    assert len(page["items"]) == 2 and "content" not in page["items"][0]
    assert page["items"][0]["etag"] == officer.etag(f"/v1/case-files/{page['items'][0]['id']}")
    following = officer.get("/v1/case-files", params={"limit": "2", "cursor": page["next_cursor"]}).json()
    assert [item["id"] for item in [*page["items"], *following["items"]]][:3] == list(reversed(made))
    for wrong in ({"cursor": "x"}, {"limit": "0"}, {"limit": "201"}, {"sort": "surname"}, {"stauts": "registered"}):
        assert officer.call("GET", "/v1/case-files", params=wrong).status_code == 422
    assert officer.get("/v1/case-files", params={"urn": "53ZZ9999999"}).json()["items"] == []


def test_an_earlier_version_is_read_by_number_and_by_time(officer: Party, case_id: str) -> None:
    path = f"/v1/case-files/{case_id}"
    first = officer.get(path).json()
    patch(officer, case_id, {"content": {"issues": "second"}, "note": ""})
    assert officer.get(path, params={"version": "1"}).json()["version"] == first["version"]
    assert officer.get(path, params={"as_of": first["version"]["created_at"]}).json()["version"]["number"] == 1
    officer.refused("GET", f"{path}?as_of=2020-01-01T00:00:00Z", 404, "not-found")
    officer.refused("GET", f"{path}?as_of=yesterday", 422, "invalid")
    unchanged = officer.call("GET", path, headers={"If-None-Match": officer.etag(path)})
    assert unchanged.status_code == 304 and unchanged.content == b""


def test_the_timeline_has_the_dates_that_the_law_sets_to_the_case_as_the_caller_sees_it(
    sandbox: Sandbox, officer: Party
) -> None:
    content = case_content()
    content["suspects"][0]["custody"] = {"status": "in_custody", "relevant_time": "2026-11-20T10:00:00Z"}
    content["offences"][0] |= {"cjs_code": "CJ88001", "dates": {"code": "1", "from": "2026-09-12"}}
    case = open_case(officer, content=content)
    path = f"/v1/case-files/{case['id']}"
    dates = officer.get(f"{path}/timeline").json()["dates"]
    assert [(date["code"], date["due"]) for date in dates if date["code"].startswith("detention")] == [
        ("detention_24_hours", "2026-11-21T10:00:00Z"),
        ("detention_36_hours", "2026-11-21T22:00:00Z"),
        ("detention_96_hours", "2026-11-24T10:00:00Z"),
    ]
    assert "summary_information" in {date["code"] for date in dates}
    assert [date["due"] for date in dates] == sorted(date["due"] for date in dates)
    submit_request(sandbox.person("supervisor", unit="police-53-rasso"), draft_request(officer, case["id"])["id"], 1)
    officer.change(path, {"content": {"suspects": case_content()["suspects"]}, "note": "released"})
    prosecutor = sandbox.person("prosecutor", unit="cps-south-west-rasso")
    assert prosecutor.get(f"{path}/timeline").json()["dates"] == dates, "theirs are those of what was shared"
    now = {date["code"] for date in officer.get(f"{path}/timeline").json()["dates"]}
    assert "summary_information" in now and not any(code.startswith("detention") for code in now)


def test_what_is_planted_is_found_in_whatever_table_it_is_in(owner_database_url: str) -> None:
    with psycopg.connect(owner_database_url) as owner:
        assert look_through_tables(owner) > 150
        for statement in (
            "insert into organisation (id, kind, name, valid_from) values ('cps-x', 'cps', %s, '2020-01-01')",
            "insert into job_request (id, kind, subject_id, requested_at) values (gen_random_uuid(), 'x', %s, now())",
        ):
            with owner.transaction(force_rollback=True):
                owner.execute(statement.encode(), ("of Isolde",))
                with pytest.raises(AssertionError, match="Isolde"):
                    look_through_tables(owner)


def test_what_is_planted_in_every_content_is_looked_for_where_it_must_not_be(officer: Party) -> None:
    sent = str(case_content()) + str(request_body())
    assert [words for words in PLANTED if words not in sent] == [], "nobody plants this"
    for asked in ("http://x/?officer=Morgan%20Field", "http://x/?officer=Morgan+Field"):
        with pytest.raises(AssertionError, match="Morgan Field"):
            officer.sandbox.note(httpx.Response(200, request=httpx.Request("GET", asked)))
