"""Case files are linked, split and merged: both say it, to who sees both; what was merged is closed and stays."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casefile_api.attachments.bundle_verification import verify_bundle
from casefile_api.cli.audit_verification import log_keys
from tests.api.test_bundles import built, unpacked
from tests.outside.cases import case_content, draft_request, open_case, submit_request
from tests.outside.client import Party, Sandbox

Json = Any
UNIT, CPS_UNIT = "police-53-rasso", "cps-south-west-rasso"
SAME = {"relation": "same_suspect", "reason": "The same man, by his description."}
SPLIT = {"suspect_ids": ["s2"], "urn_suffix": "1", "note": "split off", "reason": "Tried apart."}


def two_suspects(**changes: Any) -> Json:
    content = case_content(**changes)
    content["suspects"].append({**content["suspects"][0], "id": "s2"})
    return content


class Desk:
    """Those who work on the cases, and what they do."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.officer, self.supervisor, self.gatekeeper = (
            sandbox.person(role, unit=UNIT) for role in ("officer", "supervisor", "gatekeeper")
        )
        self.prosecutor = sandbox.person("prosecutor", unit=CPS_UNIT)

    def case(self, **changes: Any) -> str:
        return str(open_case(self.officer, content=two_suspects(), **changes)["id"])

    def link(self, one: str, other: str) -> Json:
        body = {"case_file_id": other, **SAME}
        return self.officer.post(f"/v1/case-files/{one}/links", body, expect=201).json()

    def does(self, step: str, case: str, body: Json, expect: int) -> Json:
        path = f"/v1/case-files/{case}"
        return self.supervisor.post(f"{path}/{step}", body, expect=expect, if_match=self.supervisor.etag(path)).json()

    def share(self, case: str) -> None:
        request = draft_request(self.officer, case)["id"]
        number = self.officer.get(f"/v1/case-files/{case}").json()["version"]["number"]
        submit_request(self.supervisor, request, number)


@pytest.fixture(scope="module")
def desk(sandbox: Sandbox) -> Desk:
    return Desk(sandbox)


def links(party: Party, case: str) -> list[Json]:
    return party.items(f"/v1/case-files/{case}/links")


def told(party: Party, case: str) -> list[str]:
    return [item["type"] for item in party.items(f"/v1/case-files/{case}/timeline")]


def test_a_link_shows_at_both_ends_to_who_sees_both_and_to_nobody_else(desk: Desk) -> None:
    one, other = desk.case(), desk.case()
    made = desk.link(one, other)
    [there], [back] = links(desk.officer, one), links(desk.officer, other)
    assert there == {**made, "etag": there["etag"]} and there["case_file_id"] == other
    assert (back["case_file_id"], back["relation"], back["reason"]) == (one, "same_suspect", SAME["reason"])
    assert "case_file.linked" in told(desk.officer, one) and "case_file.linked" in told(desk.officer, other)
    desk.share(one)
    assert links(desk.prosecutor, one) == [] and "case_file.linked" not in told(desk.prosecutor, one)
    desk.share(other)
    [seen] = links(desk.prosecutor, one)
    assert (seen["case_file_id"], seen["reason"], seen["version"]) == (other, None, None)
    stranger = desk.sandbox.person("officer", organisation="police-52", unit="police-52-rasso")
    stranger.refused("GET", f"/v1/case-files/{one}/links", 404, "not-found")


def test_a_case_file_that_is_restricted_later_takes_its_links_out_of_sight(desk: Desk) -> None:
    one, other = desk.case(), desk.case()
    link = desk.link(one, other)
    path = f"/v1/case-files/{other}"
    mine = [{"organisation": "police-53", "staff_id": desk.gatekeeper.staff_id}]
    restriction = {"admitted": mine, "reason": "Leaks are feared."}
    tag = desk.gatekeeper.etag(f"{path}/restriction")
    desk.gatekeeper.post(f"{path}/restrict", restriction, expect=200, if_match=tag)
    assert links(desk.officer, one) == [] and "case_file.linked" not in told(desk.officer, one)
    assert [item["id"] for item in links(desk.gatekeeper, one)] == [link["id"]]
    assert "case_file.linked" in told(desk.gatekeeper, one)
    where = f"/v1/case-files/{one}/links/{link['id']}/remove"
    desk.officer.refused("POST", where, 404, "not-found", json={"reason": "No."}, if_match='"x"')
    again = {"case_file_id": other, **SAME}
    unknown = desk.officer.refused("POST", f"/v1/case-files/{one}/links", 422, "invalid", json=again)
    assert unknown["errors"][0]["pointer"] == "/case_file_id"


def test_a_link_with_what_is_restricted_is_told_of_no_case_file_that_is_not(desk: Desk) -> None:
    one, other = desk.case(), desk.case()
    path = f"/v1/case-files/{other}"
    mine = [{"organisation": "police-53", "staff_id": desk.gatekeeper.staff_id}]
    tag = desk.gatekeeper.etag(f"{path}/restriction")
    desk.gatekeeper.post(f"{path}/restrict", {"admitted": mine, "reason": "Leaks."}, expect=200, if_match=tag)
    desk.gatekeeper.post(f"/v1/case-files/{one}/links", {"case_file_id": other, **SAME}, expect=201)
    assert "case_file.linked" not in told(desk.gatekeeper, one), "the force's system would learn of it by the feed"
    assert [item["case_file_id"] for item in links(desk.gatekeeper, one)] == [other]


def test_a_link_that_was_a_mistake_is_taken_back_and_stays_to_be_seen(desk: Desk) -> None:
    one, other = desk.case(), desk.case()
    link = desk.link(one, other)
    desk.officer.refused(
        "POST", f"/v1/case-files/{other}/links", 409, "already-exists", json={"case_file_id": one, **SAME}
    )
    [listed] = links(desk.officer, other)
    where = f"/v1/case-files/{other}/links/{link['id']}/remove"
    desk.officer.post(where, {"reason": "Another man."}, expect=200, if_match=listed["etag"])
    [removed] = links(desk.officer, one)
    assert removed["removed_because"] == "Another man." and removed["removed_by"]["staff"]
    assert told(desk.officer, one)[-1] == "case_file.unlinked"
    [taken] = links(desk.officer, other)
    desk.officer.refused("POST", where, 409, "wrong-state", json={"reason": "Again."}, if_match=taken["etag"])
    desk.link(other, one)


def test_a_case_file_is_not_linked_with_itself_nor_merged_into_itself(desk: Desk) -> None:
    case = desk.case()
    path = f"/v1/case-files/{case}"
    desk.officer.refused("POST", f"{path}/links", 422, "invalid", json={"case_file_id": case, **SAME})
    body, tag = {"case_file_id": case, "reason": "One event."}, desk.supervisor.etag(path)
    desk.supervisor.refused("POST", f"{path}/merge", 422, "invalid", json=body, if_match=tag)


def test_a_suspect_is_split_off_with_what_concerns_them_alone(desk: Desk) -> None:
    case = desk.case()
    new = desk.does("split", case, SPLIT, 201)
    old = desk.officer.get(f"/v1/case-files/{case}").json()
    assert (new["urn"], new["urn_suffix"], new["version"]["number"]) == (old["urn"], "1", 1)
    assert [one["id"] for one in new["content"]["suspects"]] == ["s2"] and new["content"]["offences"] == []
    assert [one["id"] for one in old["content"]["suspects"]] == ["s1", "s2"], "nothing is edited in place"
    [into], [origin] = links(desk.officer, case), links(desk.officer, new["id"])
    assert (into["relation"], into["case_file_id"], into["suspect_ids"]) == ("split_into", new["id"], ["s2"])
    assert (origin["relation"], origin["case_file_id"], origin["version"]) == ("split_from", case, 1)
    for end, link in ((case, into), (new["id"], origin)):
        where, body = f"/v1/case-files/{end}/links/{link['id']}/remove", {"reason": "No."}
        desk.officer.refused("POST", where, 409, "wrong-state", json=body, if_match=link["etag"])
    assert told(desk.officer, case)[-1] == "case_file.split"
    assert told(desk.officer, new["id"]) == ["case_file.opened", "case_file.split"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"suspect_ids": ["s3"]}, "/suspect_ids/0"),
        ({"suspect_ids": ["s1", "s2"]}, "/suspect_ids"),
        ({"suspect_ids": ["s2", "s2"]}, "/suspect_ids"),
        ({"version": 2}, "/version"),
        ({"urn_suffix": None}, "/urn_suffix"),
    ],
)
def test_a_split_that_is_none_is_refused(desk: Desk, changes: Json, pointer: str) -> None:
    path = f"/v1/case-files/{desk.case()}"
    body = {name: value for name, value in (SPLIT | changes).items() if value is not None}
    tag = desk.supervisor.etag(path)
    problem = desk.supervisor.refused("POST", f"{path}/split", 422, "invalid", json=body, if_match=tag)
    assert problem["errors"][0]["pointer"] == pointer


def test_who_is_kept_out_of_the_first_is_kept_out_of_what_is_split_off(desk: Desk) -> None:
    case = desk.case()
    path = f"/v1/case-files/{case}"
    kin = desk.sandbox.person("disclosure_officer", unit=UNIT)
    declared = {"staff_id": kin.staff_id, "reason": "A neighbour of the suspect."}
    desk.gatekeeper.post(f"{path}/conflicts", declared, expect=201)
    people = (desk.gatekeeper, desk.supervisor)
    admitted = [{"organisation": "police-53", "staff_id": one.staff_id} for one in people]
    admitted.append({"organisation": "police-53", "role": "disclosure_officer"})
    tag = desk.gatekeeper.etag(f"{path}/restriction")
    desk.gatekeeper.post(f"{path}/restrict", {"admitted": admitted, "reason": "Leaks."}, expect=200, if_match=tag)
    new = desk.does("split", case, SPLIT, 201)
    assert new["restricted"] is True
    for stranger in (desk.officer, kin):
        stranger.refused("GET", f"/v1/case-files/{new['id']}", 404, "not-found")
    [conflict] = desk.gatekeeper.items(f"/v1/case-files/{new['id']}/conflicts")
    assert (conflict["staff_id"], conflict["reason"]) == (kin.staff_id, declared["reason"])
    [restricted] = desk.gatekeeper.items(f"/v1/case-files/{new['id']}/restrictions")
    assert restricted["act"] == "restricted"


def test_what_was_merged_is_closed_stays_readable_and_says_where_it_went(desk: Desk, tmp_path: Path) -> None:
    one, other = desk.case(), desk.case()
    before = desk.officer.get(f"/v1/case-files/{one}").json()
    merged = desk.does("merge", one, {"case_file_id": other, "reason": "One event."}, 200)
    assert merged["closed"] is True and merged["content"] == before["content"]
    assert desk.officer.get(f"/v1/case-files/{one}").json() == merged
    assert desk.officer.get(f"/v1/case-files/{other}").json()["closed"] is False
    [into], [came] = links(desk.officer, one), links(desk.officer, other)
    assert (into["relation"], into["case_file_id"]) == ("merged_into", other)
    assert (came["relation"], came["case_file_id"]) == ("merged_from", one)
    assert told(desk.officer, one)[-2:] == ["case_file.closed", "case_file.merged"]
    third = desk.case()
    path = f"/v1/case-files/{third}"
    body, tag = {"case_file_id": one, "reason": "One event."}, desk.supervisor.etag(path)
    desk.supervisor.refused("POST", f"{path}/merge", 409, "wrong-state", json=body, if_match=tag)
    folder = unpacked(desk.officer, built(desk.officer, one, 1), tmp_path)
    [taken] = json.loads((folder / "data/links.json").read_text())["items"]
    assert taken["case_file_id"] == other


def charged(content: Json, identifier: str, state: str) -> Json:
    suspects = [
        {**one, "proposed_charges": [{"id": "p1", "cjs_code": "SX03002", "state": state}]}
        if one["id"] == identifier
        else one
        for one in content["suspects"]
    ]
    return {**content, "suspects": suspects}


def test_status_is_per_suspect_and_the_lists_find_by_it(desk: Desk) -> None:
    case = desk.case()
    path = f"/v1/case-files/{case}"
    view = desk.officer.get(path).json()
    assert view["status"] == "registered"
    assert view["suspects"] == [{"id": "s1", "status": "registered"}, {"id": "s2", "status": "registered"}]
    urn = {"urn": view["urn"]}

    def by_status(party: Party, expected: dict[str, str], status: str) -> None:
        shown = party.get(path).json()
        assert {one["id"]: one["status"] for one in shown["suspects"]} == expected and shown["status"] == status
        for wanted in ("registered", "in_investigation", "referred", "decided", "post_charge", "finalised"):
            found = bool(party.items("/v1/case-files", suspect_status=wanted, **urn))
            assert found == (wanted in expected.values()), wanted
            assert bool(party.items("/v1/case-files", status=wanted, **urn)) == (wanted == status), wanted
        [listed] = party.items("/v1/case-files", **urn)
        assert (listed["suspects"], listed["etag"]) == (shown["suspects"], party.etag(path))

    third = two_suspects()
    third["suspects"].append({**third["suspects"][0], "id": "s3"})
    for content in (third, two_suspects()):
        body = {"content": content, "note": "nobody is further than before"}
        desk.officer.post(f"{path}/versions", body, expect=201, if_match=desk.officer.etag(path))
    assert "case_file.standing_changed" not in told(desk.officer, case)
    desk.share(case)
    by_status(desk.officer, {"s1": "referred", "s2": "in_investigation"}, "referred")
    by_status(desk.prosecutor, {"s1": "referred", "s2": "in_investigation"}, "referred")
    body = {"content": charged(two_suspects(), "s2", "charged"), "note": "charged"}
    made = desk.officer.post(f"{path}/versions", body, expect=201, if_match=desk.officer.etag(path)).json()
    assert made == desk.officer.get(path).json()
    assert told(desk.officer, case)[-1] == "case_file.standing_changed"
    by_status(desk.officer, {"s1": "referred", "s2": "post_charge"}, "referred")
    by_status(desk.prosecutor, {"s1": "referred", "s2": "in_investigation"}, "referred")
    [request] = desk.supervisor.items("/v1/early-advice-requests", case_file_id=case)
    desk.supervisor.step(f"/v1/early-advice-requests/{request['id']}", "withdraw", {"reason": "Charged."}, expect=200)
    by_status(desk.officer, {"s1": "in_investigation", "s2": "post_charge"}, "post_charge")
    decided = charged(charged(two_suspects(), "s1", "authorised"), "s2", "withdrawn")
    body = {"content": decided, "note": "decided"}
    desk.officer.post(f"{path}/versions", body, expect=201, if_match=desk.officer.etag(path))
    by_status(desk.officer, {"s1": "decided", "s2": "decided"}, "decided")
    by_status(desk.prosecutor, {"s1": "in_investigation", "s2": "in_investigation"}, "in_investigation")


def flipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A bag with one bit of a file in it changed: its first byte, one in the middle, its last."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            lengths = (data[info.header_offset + at : info.header_offset + at + 2] for at in (26, 28))
            begins = info.header_offset + 30 + sum(int.from_bytes(length, "little") for length in lengths)
            for at in {0, info.compress_size // 2, info.compress_size - 1}:
                spoilt = bytearray(data)
                spoilt[begins + at] ^= 1
                yield info.filename.split("/", 1)[1], bytes(spoilt)


def test_a_byte_changed_in_any_file_of_a_bag_with_advice_is_found_and_named(desk: Desk, tmp_path: Path) -> None:
    case = desk.case()
    desk.share(case)
    [request] = desk.supervisor.items("/v1/early-advice-requests", case_file_id=case)
    desk.officer.post(f"/v1/early-advice-requests/{request['id']}/messages", {"text": "When?"}, expect=201)
    key, file = tmp_path / "log.key", tmp_path / "bundle.zip"
    key.write_text(desk.officer.get("/v1/audit-log/public-key").text)
    content = f"/v1/bundles/{built(desk.officer, case, 1)['id']}/content"
    data = desk.sandbox.http.get(desk.officer.get(content, expect=307).headers["location"]).content
    tried = set()
    for name, spoilt in flipped(data):
        file.write_bytes(spoilt)
        found = dict(verify_bundle(file, log_keys(str(key)))[0])
        assert name in found, f"{name} was changed, and {found} is told"
        tried.add(name)
    advice = {f"data/early-advice/{request['id']}/{name}.json" for name in ("request", "actions", "messages")}
    assert advice | {"data/README.txt", "data/versions/1.json", "seal.txt", "bag-info.txt"} <= tried


def test_a_bag_has_the_advice_that_who_asked_may_read_and_opens_for_who_may(desk: Desk, tmp_path: Path) -> None:
    case = desk.case()
    desk.share(case)
    [request] = desk.supervisor.items("/v1/early-advice-requests", case_file_id=case)
    draft = draft_request(desk.officer, case, suspect_ids=["s2"])["id"]
    for number, (party, seen) in enumerate(
        ((desk.officer, {request["id"], draft}), (desk.prosecutor, {request["id"]}))
    ):
        (tmp_path / str(number)).mkdir()
        folder = unpacked(party, built(party, case, 1), tmp_path / str(number))
        assert {path.name for path in (folder / "data/early-advice").iterdir()} == seen
        told_of = json.loads((folder / f"data/early-advice/{request['id']}/request.json").read_text())
        assert told_of["facts"] == party.get(f"/v1/early-advice-requests/{request['id']}").json()["facts"]
        assert "steps" not in told_of
    bundle = built(desk.officer, case, 1)["id"]
    narrow = desk.sandbox.person("officer", unit=UNIT, scope="case-files:read")
    narrow.refused("GET", f"/v1/bundles/{bundle}/content", 403, "not-permitted")
    without = unpacked(narrow, built(narrow, case, 1), tmp_path)
    assert not (without / "data/early-advice").exists()
