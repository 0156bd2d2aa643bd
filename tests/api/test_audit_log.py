"""The log over HTTP: who saw and did what, for oversight bodies; proofs for anyone, checked with foreign code."""

import base64
import csv
import hashlib
import io
import json
import time
from typing import Any

import pytest

from tests.outside.cases import open_case, submitted_case
from tests.outside.client import Party, Sandbox
from tests.outside.log import VerifierKey, check_consistency, check_inclusion, erasable_hash, leaf_hash, root_of
from tests.promptness import quickest
from tests.whole_log import verify_whole_log

Json = Any
LOG = "/v1/audit-log"
NDJSON = {"Accept": "application/x-ndjson"}
ENTRY_KEYS = {
    "id", "occurred_at", "operation", "action", "outcome", "organisation", "client_id", "staff_id", "roles",
    "justification_code", "case_file_id", "target_type", "target_id", "target_version", "recipients", "request_id",
    "source", "erasable_hash", "nonce",
}  # fmt: skip


@pytest.fixture
def inspector(sandbox: Sandbox) -> Party:
    """An auditor of the CPS inspectorate, whose remit is everything."""
    staff = sandbox.staff("auditor", organisation="oversight-hmcpsi")
    return sandbox.party("hmcpsi-audit", staff=staff["staff_id"], roles=["auditor"])


@pytest.fixture
def standards(sandbox: Sandbox) -> Party:
    """An auditor of Gloucestershire's professional standards department."""
    staff = sandbox.staff("auditor", organisation="oversight-police-53-psd")
    return sandbox.party("police-53-psd-audit", staff=staff["staff_id"], roles=["auditor"])


def integrated(inspector: Party, **filters: Any) -> list[Json]:
    """The entries of a search, once all of them are in the tree, which takes less than a second."""
    until = time.monotonic() + 60
    while True:
        items = inspector.items(f"{LOG}/entries", limit=200, **filters)
        if items and all(item["leaf_index"] is not None for item in items) or time.monotonic() > until:
            return items
        time.sleep(0.05)


def test_opening_and_reading_a_case_file_leave_an_entry_each_with_who_why_and_what(
    inspector: Party, officer: Party, case_id: str
) -> None:
    officer.get(f"/v1/case-files/{case_id}")

    entries = [item["entry"] for item in integrated(inspector, case_file_id=case_id)]

    assert [(entry["action"], entry["operation"]) for entry in entries] == [
        ("open_case_file", "collection"), ("get_case_file", "consultation"),
    ]  # fmt: skip
    for entry in entries:
        assert set(entry) == ENTRY_KEYS
        assert (entry["organisation"], entry["client_id"], entry["outcome"]) == ("police-53", "force-53-rms", "allowed")
        assert (entry["roles"], entry["justification_code"], entry["target_version"]) == (
            ["officer"],
            "investigation",
            1,
        )


@pytest.mark.parametrize("path", ["/v1/case-files", "/v1/early-advice-requests"])
def test_a_list_of_the_other_sides_cases_is_a_disclosure_to_who_looked(
    sandbox: Sandbox, inspector: Party, path: str
) -> None:
    case, _ = submitted_case(sandbox)
    officer = sandbox.person("officer", unit="police-53-rasso")
    assistant = sandbox.person("casework_assistant", unit="cps-south-west-rasso")
    for reader, word, recipients in (
        (assistant, "disclosure", ["cps-south-west"]),
        (officer, "consultation", None),
    ):
        assert case["id"] in str(reader.get(path).json())
        action = "list_case_files" if "files" in path else "list_early_advice_requests"
        entry = integrated(inspector, staff_id=reader.staff_id, action=action)[-1]["entry"]
        assert (entry["operation"], entry["recipients"]) == (word, recipients)


def test_an_entry_is_served_as_it_was_hashed_and_its_free_text_as_it_was_committed_to(
    inspector: Party, officer: Party, case_id: str
) -> None:
    officer.get(f"/v1/case-files/{case_id}", headers={"Access-Justification": "supervision; why%20I%20look"})

    item = integrated(inspector, case_file_id=case_id)[-1]

    assert item["leaf_hash"] == leaf_hash(item["entry"]).hex()
    assert item["erasable"]["justification_text"] == "why I look"
    assert item["entry"]["erasable_hash"] == erasable_hash(item["erasable"], item["salt"])
    assert "why I look" not in json.dumps(item["entry"])


def test_one_entry_by_its_place_is_the_item_of_the_listing(inspector: Party, case_id: str) -> None:
    item = integrated(inspector, case_file_id=case_id)[0]

    answer = inspector.get(f"{LOG}/entries/{item['leaf_index']}")

    assert answer.json() == item
    seen = {"If-None-Match": answer.headers["ETag"]}
    assert inspector.call("GET", f"{LOG}/entries/{item['leaf_index']}", headers=seen).status_code == 304
    for place in ("999999999", "x", "-1", "01", "9" * 30):
        inspector.refused("GET", f"{LOG}/entries/{place}", 404, "not-found")


def test_every_filter_narrows_the_search(inspector: Party, officer: Party, case_id: str) -> None:
    officer.call("DELETE", f"/v1/case-files/{case_id}/nothing")
    first = integrated(inspector, case_file_id=case_id)[0]["entry"]
    wanted = {name: first[name] for name in ("organisation", "client_id", "staff_id", "operation", "action", "outcome")}

    for name, value in wanted.items():
        items = integrated(inspector, **{name: value, "from": first["occurred_at"]})
        assert items and {item["entry"][name] for item in items} == {value}
    at_once = integrated(inspector, **wanted, **{"from": first["occurred_at"], "case_file_id": case_id})
    assert [item["entry"] for item in at_once] == [first]
    assert inspector.items(f"{LOG}/entries", case_file_id=case_id, to=first["occurred_at"]) == []


def test_pages_follow_the_leaves_without_gap_or_double(inspector: Party, officer: Party) -> None:
    for _ in range(3):
        open_case(officer)
    whole = integrated(inspector)

    walked = inspector.items(f"{LOG}/entries", limit=2)

    ids = [item["entry"]["id"] for item in walked]
    assert ids[: len(whole)] == [item["entry"]["id"] for item in whole]
    assert len(set(ids)) == len(ids)


def test_a_walk_by_single_entries_ends_though_every_look_adds_one(inspector: Party, case_id: str) -> None:
    asked = {"limit": 1, "action": "list_audit_entries"}
    already, cursor, seen = len(inspector.items(f"{LOG}/entries", **asked | {"limit": 200})), "", 0
    while cursor is not None:
        page = inspector.get(f"{LOG}/entries", params=asked | ({"cursor": cursor} if cursor else {})).json()
        seen, cursor = seen + len(page["items"]), page["next_cursor"]

        assert seen < already + 500


def test_looking_at_entries_is_itself_an_entry_without_the_case_file(inspector: Party, case_id: str) -> None:
    inspector.get(f"{LOG}/entries", params={"case_file_id": case_id, "outcome": "allowed"})

    looks = integrated(inspector, action="list_audit_entries")

    asked = {"case_file_id": case_id, "outcome": "allowed"}
    assert [look["entry"]["case_file_id"] for look in looks if look["erasable"]["details"]["filter"] == asked] == [None]


def test_an_entry_is_in_a_signed_tree_within_a_second(inspector: Party, officer: Party) -> None:
    def seconds_until_it_is() -> float:
        case_id, begun = open_case(officer)["id"], time.monotonic()
        while not [i for i in inspector.items(f"{LOG}/entries", case_file_id=case_id) if i["leaf_index"] is not None]:
            assert time.monotonic() - begun < 60
            time.sleep(0.02)
        return time.monotonic() - begun

    assert quickest(seconds_until_it_is, within=1.0) < 1.0


def checkpoint(sandbox: Sandbox, **query: Any) -> tuple[int, bytes]:
    """A published checkpoint opened with the published key, both fetched without a token."""
    key = VerifierKey.parse(sandbox.http.get(f"{sandbox.base_url}{LOG}/public-key").text.split("\n")[0])
    note = sandbox.http.get(f"{sandbox.base_url}{LOG}/checkpoint", params=query)
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    text, _, lines = note.text.rpartition("\n\n")
    signature = base64.b64decode(next(line for line in lines.splitlines() if f" {key.name} " in line).split(" ")[2])
    assert signature[:4] == key.key_id
    key.key.verify(signature[4:], f"{text}\n".encode())
    origin, size, root = text.split("\n")[:3]
    assert origin == key.name
    return int(size), base64.b64decode(root)


def test_the_keys_are_told_with_how_far_each_is_good(sandbox: Sandbox, officer: Party) -> None:
    lines = officer.get(f"{LOG}/public-key").text.split("\n")
    for accept in ("application/json", "application/json, text/plain;q=0.9"):
        answer = sandbox.http.get(f"{sandbox.base_url}{LOG}/public-key", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert [key["verifier_key"] for key in answer.json()["keys"]] == lines
        assert {(key["retired_at"], key["good_up_to"]) for key in answer.json()["keys"]} == {(None, None)}
        assert {key["first_used_at"][:2] for key in answer.json()["keys"]} == {"20"}
    for accept in ("*/*", "text/plain, application/json;q=0.9", "image/png"):
        answer = sandbox.http.get(f"{sandbox.base_url}{LOG}/public-key", headers={"Accept": accept})
        assert (answer.headers["content-type"], answer.text.split("\n")) == ("text/plain; charset=utf-8", lines)


def test_any_token_gets_proofs_that_foreign_code_accepts(sandbox: Sandbox, inspector: Party, officer: Party) -> None:
    item = integrated(inspector, case_file_id=open_case(officer)["id"])[0]
    size, root = checkpoint(sandbox)

    by_place = officer.get(f"{LOG}/entries/{item['leaf_index']}/inclusion-proof", params={"tree_size": size}).json()
    by_hash = officer.get(f"{LOG}/inclusion-proof", params={"leaf_hash": item["leaf_hash"], "tree_size": size}).json()

    assert by_place == by_hash
    assert set(by_place) == {"leaf_index", "tree_size", "leaf_hash", "root_hash", "hashes"}
    hashes = [bytes.fromhex(value) for value in by_place["hashes"]]
    assert (by_place["tree_size"], by_place["root_hash"]) == (size, root.hex())
    check_inclusion(leaf_hash(item["entry"]), item["leaf_index"], size, hashes, root)


def test_every_earlier_tree_is_a_beginning_of_the_later_ones(sandbox: Sandbox, officer: Party) -> None:
    size, root = checkpoint(sandbox)
    for old in {1, 2, size // 2, size - 1, size}:
        proof = officer.get(f"{LOG}/consistency-proof", params={"from": old, "to": size}).json()

        roots = bytes.fromhex(proof["from_root"]), bytes.fromhex(proof["to_root"])
        assert (proof["from"], proof["to"], roots[1]) == (old, size, root)
        check_consistency(old, size, *roots, [bytes.fromhex(value) for value in proof["hashes"]])


def test_from_nothing_needs_no_hashes(officer: Party) -> None:
    proof = officer.get(f"{LOG}/consistency-proof", params={"from": 0, "to": 3}).json()

    assert (proof["hashes"], proof["from_root"]) == ([], hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("entries/0/inclusion-proof?tree_size=99999999", 422), ("entries/5/inclusion-proof?tree_size=5", 422),
        ("entries/99999999/inclusion-proof", 422), ("entries/0/inclusion-proof?tree_size=0", 422),
        ("entries/x/inclusion-proof", 404), ("inclusion-proof", 422), ("inclusion-proof?leaf_hash=abc", 422),
        (f"inclusion-proof?leaf_hash={'0' * 64}", 404), ("consistency-proof", 422), ("consistency-proof?from=-1", 422),
        ("consistency-proof?from=5&to=4", 422), ("consistency-proof?from=1&to=99999999", 422),
        ("checkpoint?tree_size=99999999", 404), ("tile/0/999", 404), ("tile/0/x", 404), ("tile/0/000.p/256", 404),
        ("tile/entries/000", 404), ("tile/64/000", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_refused(officer: Party, path: str, status: int) -> None:
    officer.refused("GET", f"{LOG}/{path}", status, "invalid" if status == 422 else "not-found")


def test_tiles_give_the_signed_root_to_whoever_asks(sandbox: Sandbox) -> None:
    size, root = checkpoint(sandbox)
    leaves: list[bytes] = []
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        path = f"0/{number:03d}" + (f".p/{width}" if width < 256 else "")
        tile = sandbox.http.get(f"{sandbox.base_url}{LOG}/tile/{path}")
        assert (tile.status_code, tile.headers["content-type"]) == (200, "application/octet-stream")
        assert len(tile.content) == 32 * width
        leaves += [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]

    assert root_of(leaves) == root


def test_a_bad_token_is_refused_even_where_none_is_needed(sandbox: Sandbox) -> None:
    answer = sandbox.http.get(f"{sandbox.base_url}{LOG}/checkpoint", headers={"Authorization": "Bearer x"})

    assert answer.status_code == 401


def test_professional_standards_see_their_force_and_others_on_its_cases_and_nothing_else(
    sandbox: Sandbox, inspector: Party, standards: Party, case_id: str
) -> None:
    other = sandbox.person("officer", unit="police-52-rasso")
    elsewhere = open_case(other)["id"]
    other.call("GET", f"/v1/case-files/{case_id}")
    theirs = integrated(inspector, case_file_id=elsewhere)[0]

    assert [i["entry"]["organisation"] for i in integrated(standards, case_file_id=case_id)] == [
        "police-53",
        "police-52",
    ]
    assert standards.items(f"{LOG}/entries", case_file_id=elsewhere) == []
    standards.refused("GET", f"{LOG}/entries/{theirs['leaf_index']}", 404, "not-found")
    seen = [item["entry"] for item in standards.items(f"{LOG}/entries", limit=200) if item["entry"]]
    assert "police-53" in {entry["organisation"] for entry in seen}
    of_others = [entry for entry in seen if entry["organisation"] != "police-53"]
    assert of_others and all(entry["case_file_id"] for entry in of_others)


def test_entries_are_for_oversight_alone(sandbox: Sandbox, officer: Party) -> None:
    for party in (officer, sandbox.system("police-53"), sandbox.system("cps-south-west"), sandbox.system("operator")):
        party.refused("GET", f"{LOG}/entries", 403, "not-permitted")
        party.refused("GET", f"{LOG}/entries/0", 403, "not-permitted")
    assert sandbox.system("oversight-hmcpsi").get(f"{LOG}/entries", params={"limit": 1}).json()["items"]


def test_an_export_holds_every_entry_each_with_a_proof_of_one_signed_tree(sandbox: Sandbox, inspector: Party) -> None:
    answer = inspector.get(f"{LOG}/entries", headers=NDJSON)

    items = [json.loads(line) for line in answer.text.splitlines()]
    size = items[0]["inclusion"]["tree_size"]
    published, root = checkpoint(sandbox, tree_size=size)
    assert answer.headers["content-type"] == "application/x-ndjson" and published == size
    assert [item["leaf_index"] for item in items] == list(range(size))
    for item in items:
        assert set(item) == {"leaf_index", "leaf_hash", "entry", "erasable", "salt", "inclusion"}
        hashes = [bytes.fromhex(value) for value in item["inclusion"]["hashes"]]
        check_inclusion(leaf_hash(item["entry"]), item["leaf_index"], size, hashes, root)
    look = integrated(inspector, action="list_audit_entries")[-1]["erasable"]["details"]
    assert (look["tree_size"], look["query"]["limit"]) == (size, None)


def test_an_export_keeps_to_the_filter_and_the_remit(standards: Party, case_id: str) -> None:
    wanted = [item["leaf_index"] for item in integrated(standards, case_file_id=case_id)]

    answer = standards.get(f"{LOG}/entries", params={"case_file_id": case_id}, headers=NDJSON)

    assert [json.loads(line)["leaf_index"] for line in answer.text.splitlines()] == wanted


def test_an_export_of_one_forces_remit_is_all_of_it_and_nothing_else(
    sandbox: Sandbox, inspector: Party, standards: Party, case_id: str
) -> None:
    other = sandbox.person("officer", unit="police-52-rasso")
    elsewhere = open_case(other)["id"]
    other.call("GET", f"/v1/case-files/{case_id}")  # refused, and theirs to know of
    theirs = {item["leaf_index"] for item in integrated(inspector, case_file_id=elsewhere)}
    seen = {item["leaf_index"] for item in standards.items(f"{LOG}/entries", limit=200)} - {None}

    lines = standards.get(f"{LOG}/entries", headers=NDJSON).text.splitlines()
    table = list(csv.DictReader(io.StringIO(standards.get(f"{LOG}/entries", headers={"Accept": "text/csv"}).text)))

    proved = {json.loads(line)["leaf_index"] for line in lines}
    listed = {int(row["leaf_index"]) for row in table if row["leaf_index"]}
    assert seen <= proved and seen <= listed and len(seen) > 2
    assert theirs and not theirs & (proved | listed)
    assert all(row["case_file_id"] for row in table if row["action"] and row["organisation"] != "police-53")
    assert elsewhere not in "".join(lines)


def test_a_spreadsheet_gets_one_line_for_each_entry(inspector: Party, case_id: str) -> None:
    wanted = integrated(inspector, case_file_id=case_id)

    answer = inspector.get(f"{LOG}/entries", params={"case_file_id": case_id}, headers={"Accept": "text/csv"})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [(row["leaf_index"], row["action"]) for row in rows] == [
        (str(item["leaf_index"]), item["entry"]["action"]) for item in wanted
    ]


@pytest.mark.parametrize(
    "query",
    ["from=0001-01-01T00:00:00%2B14:00", "to=9999-12-31T23:59:59-14:00",
     "from=yesterday", "from=2026-11-24T10:00:00", "case_file_id=x", "outcome=maybe", "operation=peeking", "limit=0",
     "limit=201", "cursor=abc", "cursor=WzEsIngiLCJ5Il0", "organisation=%00", "organisation=", "colour=red"],
)  # fmt: skip
def test_a_search_that_makes_no_sense_is_refused_by_name(inspector: Party, query: str) -> None:
    problem = inspector.refused("GET", f"{LOG}/entries?{query}", 422, "invalid")

    assert problem["errors"][0]["parameter"] == query.split("=", maxsplit=1)[0]


def test_the_whole_log_of_the_running_service_verifies(sandbox: Sandbox, officer: Party) -> None:
    open_case(officer)

    report = verify_whole_log(sandbox)

    assert report.counts["entries"] > 10 and report.counts["versions"] > 0
