"""What the log proves of a case, checked with arithmetic of our own."""

import json
import time
from typing import Any

from tests.outside import log
from tests.outside.client import Party

Json = Any
LONGEST_WAIT_SECONDS = 15


def checkpoint(party: Party) -> log.Checkpoint:
    """The newest checkpoint, its signature verified with the published key."""
    key = log.VerifierKey.parse(party.get("/v1/audit-log/public-key").text.strip().splitlines()[0])
    return log.Checkpoint.open(party.get("/v1/audit-log/checkpoint").text, [key])


def entries_of(auditor: Party, case_id: str) -> list[Json]:
    """Every entry of a case, once all are in the tree."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        items = auditor.items("/v1/audit-log/entries", case_file_id=case_id, limit=200)
        if all(item["leaf_index"] is not None for item in items):
            return items
        assert time.monotonic() < deadline, "entries are not integrated"
        time.sleep(0.1)


def check_entries(auditor: Party, items: list[Json]) -> None:
    """Each entry is hashed as served, and is in the signed tree at its index."""
    signed = checkpoint(auditor)
    leaves = log.check_tiles(
        lambda path: bytes(auditor.get(f"/v1/audit-log/tile/{path}").content), signed.size, signed.root
    )
    for item in items:
        leaf = log.leaf_hash(item["entry"])
        assert leaf.hex() == item["leaf_hash"] and leaves[item["leaf_index"]] == leaf
        if item["erasable"] is not None:
            assert item["entry"]["erasable_hash"] == log.erasable_hash(item["erasable"], item["salt"])


def check_receipt(holder: Party, receipt: Json) -> None:
    """A receipt's entry is in the log: any token can have the proof."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    params = {"leaf_hash": receipt["leaf_hash"]}
    while (answer := holder.call("GET", "/v1/audit-log/inclusion-proof", params=params)).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    proof, signed = answer.json(), checkpoint(holder)
    root = bytes.fromhex(proof["root_hash"])
    hashes = [bytes.fromhex(text) for text in proof["hashes"]]
    log.check_inclusion(bytes.fromhex(receipt["leaf_hash"]), proof["leaf_index"], proof["tree_size"], hashes, root)
    check_growth(holder, log.Checkpoint(signed.origin, proof["tree_size"], root), signed)


def check_growth(party: Party, old: log.Checkpoint, new: log.Checkpoint) -> None:
    """The newer tree continues the older one."""
    params = {"from": old.size, "to": new.size}
    proof = party.get("/v1/audit-log/consistency-proof", params=params).json()
    hashes = [bytes.fromhex(text) for text in proof["hashes"]]
    assert (proof["from_root"], proof["to_root"]) == (old.root.hex(), new.root.hex())
    log.check_consistency(old.size, new.size, old.root, new.root, hashes)


def export(auditor: Party, case_id: str) -> tuple[bytes, str]:
    """The NDJSON export of a case with the checkpoint it stands against."""
    for _ in range(40):
        note = auditor.get("/v1/audit-log/checkpoint").text
        headers = {"Accept": "application/x-ndjson"}
        answer = auditor.get("/v1/audit-log/entries", params={"case_file_id": case_id}, headers=headers)
        sizes = {json.loads(line)["inclusion"]["tree_size"] for line in answer.content.splitlines()}
        if sizes == {int(note.split("\n")[1])}:
            return bytes(answer.content), note
        time.sleep(0.1)
    raise AssertionError("the export never stood against the newest checkpoint")


def check_export(exported: bytes, signed: log.Checkpoint) -> int:
    """Every line of an export proves itself; gives the number of lines."""
    lines = [json.loads(line) for line in exported.splitlines()]
    for line in lines:
        leaf = log.leaf_hash(line["entry"])
        hashes = [bytes.fromhex(text) for text in line["inclusion"]["hashes"]]
        assert leaf.hex() == line["leaf_hash"]
        log.check_inclusion(leaf, line["leaf_index"], line["inclusion"]["tree_size"], hashes, signed.root)
    return len(lines)
