"""An export verified with a checkpoint and a key alone: whatever was done to the file is found and named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casefile_api.audit.export_verification import (
    Consistency,
    ExportVerification,
    LineError,
    read_line,
    verify_growth,
    verify_succession,
)
from casefile_api.audit.findings import Report
from casefile_api.audit.items import EntryRow, csv_lines
from casefile_api.audit.media import CSV, JSON, NDJSON, wanted_media_type
from casefile_api.ledger import tree
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey
from casefile_api.ledger.entries import SealedEntry, compose
from casefile_api.ledger.succession import ACTION, succession_line
from casefile_api.ledger.trail import Trail

SIZE = 21
SIGNER = SignerKey("casefile.example/log", Ed25519PrivateKey.generate())


def an_entry(number: int) -> SealedEntry:
    trail = Trail("get_case_file", request_id=str(number), details={"number": number})
    return compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC))


ENTRIES = [an_entry(number) for number in range(SIZE + 4)]
LEAVES = [entry.leaf_hash for entry in ENTRIES]


def read(node: tree.Node) -> bytes:
    return tree.perfect_root(LEAVES[node.number << node.level : (node.number + 1) << node.level])


def line_of(index: int, size: int = SIZE) -> bytes:
    entry = ENTRIES[index]
    row = EntryRow(index, entry.id, entry.occurred_at, entry.leaf_hash, entry.canonical, entry.erasable, entry.salt)
    return row.as_line(size, tree.carry_out(tree.inclusion_plan(index, size), read))


def signed(size: int = SIZE) -> Checkpoint:
    return Checkpoint(SIGNER.name, size, tree.root_of(LEAVES[:size]))


def verify(lines: list[bytes], checkpoint: Checkpoint | None = None, *proofs: Consistency) -> Report:
    return ExportVerification(checkpoint or signed(), proofs).verify(lines)


def consistency(old: int, new: int) -> Consistency:
    hashes = tree.carry_out(tree.consistency_plan(old, new), read)
    return Consistency(old, new, tree.root_of(LEAVES[:old]), tree.root_of(LEAVES[:new]), tuple(hashes))


def changed(line: bytes, change: Callable[[Any], Any]) -> bytes:
    item = json.loads(line)
    change(item)
    return json.dumps(item).encode() + b"\n"


def test_an_untouched_export_is_whole_and_says_that_it_holds_everything() -> None:
    report = verify([line_of(index) for index in range(SIZE)])

    assert report.whole and report.counts["entries"] == SIZE
    assert report.notes == ["The file holds every entry of the log up to the checkpoint, 21 of them."]


def test_a_filtered_export_is_proved_line_by_line_and_claims_no_more() -> None:
    report = verify([line_of(index) for index in (2, 3, 17)])

    assert report.whole
    assert "holds 3 entries and the log 21" in report.notes[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item["entry"].update(staff_id="somebody-else"),
        lambda item: item["entry"].update(nonce="0" * 32),
        lambda item: item["entry"].pop("nonce"),
        lambda item: item["entry"].update(extra=1),
        lambda item: item.update(leaf_hash="0" * 64),
        lambda item: item.update(leaf_index=item["leaf_index"] + 1),
        lambda item: item.update(leaf_index="4"),
        lambda item: item["erasable"].update(justification_text="changed"),
        lambda item: item.update(salt="0" * 32),
        lambda item: item.update(erasable=None),
        lambda item: item["inclusion"].update(tree_size=SIZE - 1),
        lambda item: item["inclusion"].update(hashes=item["inclusion"]["hashes"][:-1]),
        lambda item: item["inclusion"].update(hashes=["0" * 64, *item["inclusion"]["hashes"][1:]]),
        lambda item: item["inclusion"].update(hashes=["xyz"]),
        lambda item: item.pop("inclusion"),
        lambda item: item["inclusion"].update(more=1),
        lambda item: item.update(more="that nobody signed"),
        lambda item: item.pop("salt"),
    ],
)
def test_a_changed_line_is_found_and_named(change: Callable[[Any], Any]) -> None:
    lines = [line_of(index) for index in range(SIZE)]
    lines[4] = changed(lines[4], change)

    report = verify(lines)

    assert not report.whole
    assert (
        "line 5" in f"{report.findings[0].kind} {report.findings[0].name}"
        or report.findings[0].name == "at leaf 4 to 4"
    )


def test_erased_text_is_counted_and_not_wrong() -> None:
    report = verify([changed(line_of(3), lambda item: item.update(erasable=None, salt=None))])

    assert report.whole and report.counts["entries with erased text"] == 1


def test_lines_moved_or_doubled_are_named() -> None:
    moved = verify([line_of(5), line_of(3)])
    doubled = verify([line_of(3), line_of(3)])

    for report in (moved, doubled):
        assert [found.name.split(" ", 1)[1] for found in report.findings] == ["(leaf 3, line 2)"]


def test_an_entry_put_in_is_named_and_one_left_out_is_not_claimed() -> None:
    forged = changed(line_of(7), lambda item: item["entry"].update(action="delete_attachment"))
    item = json.loads(forged)
    leaf = tree.leaf_hash(json.dumps(item["entry"], sort_keys=True, separators=(",", ":")).encode())
    put_in = changed(forged, lambda item: item.update(leaf_hash=leaf.hex()))

    assert "(leaf 7, line 1)" in verify([put_in]).findings[0].name
    assert "every entry" not in verify([line_of(index) for index in range(SIZE) if index != 7]).notes[0]


@pytest.mark.parametrize("junk", [b"{}\n", b"null\n", b"[1]\n", b"\xff\n", b'{"entry": 1}\n', b"not json\n"])
def test_what_is_no_line_of_an_export_is_our_error(junk: bytes) -> None:
    with pytest.raises(LineError):
        read_line(junk)


def test_a_line_cut_short_is_named() -> None:
    report = verify([line_of(0), line_of(1)[:-40]])

    assert [(found.kind, found.name) for found in report.findings] == [("line", "2")]


def test_a_checkpoint_over_another_history_is_refused() -> None:
    other = Checkpoint(SIGNER.name, SIZE, tree.leaf_hash(b"other"))

    report = verify([line_of(2)], other)

    assert "does not lead to the root of the tree of 21" in report.findings[0].wrong


def test_an_export_older_than_the_checkpoint_wants_a_consistency_proof() -> None:
    lines, newer = [line_of(2), line_of(9)], signed(SIZE + 4)

    refused = verify(lines, newer)

    assert "the consistency proof from 21 to 25" in refused.findings[0].wrong
    assert verify(lines, newer, consistency(SIZE, SIZE + 4)).whole


def test_a_consistency_proof_that_does_not_hold_vouches_for_nothing() -> None:
    true = consistency(SIZE, SIZE + 4)
    false = Consistency(SIZE, SIZE + 4, true.old_root, true.new_root, true.hashes[:-1])

    assert not verify([line_of(2)], signed(SIZE + 4), false).whole


def test_entries_that_an_older_checkpoint_does_not_reach_are_named_and_the_rest_is_proved_by_itself() -> None:
    lines = [line_of(index, SIZE + 4) for index in range(SIZE + 4)]

    report = verify(lines)

    assert [found.name for found in report.findings] == ["at leaf 21 to 24"]
    assert verify(lines[:3]).findings[0].name == "at leaf 0 to 2"


def test_growth_since_an_old_checkpoint_is_proved_or_refused() -> None:
    proof = consistency(13, SIZE)

    good, bad, none = Report(), Report(), Report()
    verify_growth(good, signed(13), signed(), [proof])
    verify_growth(bad, Checkpoint(SIGNER.name, 13, tree.leaf_hash(b"fork")), signed(), [proof])
    verify_growth(none, signed(12), signed(), [proof])

    assert good.whole and not bad.whole and not none.whole


@pytest.mark.parametrize("document", [b"{}", b"[]", b"x", b'{"from": "a"}'])
def test_what_is_no_consistency_proof_is_our_error(document: bytes) -> None:
    with pytest.raises(LineError):
        Consistency.read(document)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON), ("", JSON), ("*/*", JSON), ("application/json", JSON), ("image/png", JSON),
        ("application/x-ndjson", NDJSON), ("text/csv", CSV), ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/html, application/x-ndjson;q=0.9, */*;q=0.1", NDJSON), ("text/csv;q=x", JSON), ("TEXT/CSV", CSV),
    ],
)  # fmt: skip
def test_the_form_of_an_answer_goes_by_accept(accept: str | None, form: str) -> None:
    assert wanted_media_type(accept) == form


def test_free_text_never_becomes_a_formula_in_a_spreadsheet() -> None:
    trail = Trail("get_case_file", details={"a": 1})
    entry = compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC))
    erasable = b'{"details":null,"justification_text":"=HYPERLINK(1)"}'
    row = EntryRow(3, entry.id, entry.occurred_at, entry.leaf_hash, entry.canonical, erasable, entry.salt)

    line = csv_lines([row.cells()])

    assert b"'=HYPERLINK(1)" in line and b",=" not in line


def test_a_successor_holds_the_checkpoint_that_the_log_before_ended_with() -> None:
    closed = Checkpoint("casefile.example/before", 7, bytes(32))
    verification = ExportVerification(signed())
    verification.verify([line_of(0), line_of(1)])
    assert verification.first is not None and verification.first["id"] == str(ENTRIES[0].id)
    opening = {"action": ACTION, "target_id": succession_line(closed)}
    for first, meanings in (
        (opening, []),
        (opening | {"target_id": succession_line(Checkpoint(closed.origin, 6, bytes(32)))}, ["HISTORY_REWRITTEN"]),
        (verification.first, ["HISTORY_REWRITTEN"]),
        (None, ["NOT_VOUCHED"]),
    ):
        report = Report()
        verify_succession(report, closed, first)
        assert [found.meaning.name for found in report.findings] == meanings
