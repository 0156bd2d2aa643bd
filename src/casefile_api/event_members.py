"""What the data of an event may hold: the members that the catalogue of events is made of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A member of an event's `data`: what it holds, as JSON Schema has it, in words, and for example."""

    type: str
    format: str | None
    sentence: str
    example: str | int


def _id(sentence: str, number: int) -> Member:
    return Member("string", "uuid", sentence, f"01a0d4e5-0000-7000-8000-{number:012x}")


def _word(sentence: str, example: str) -> Member:
    return Member("string", None, sentence, example)


MEMBERS: Mapping[str, Member] = {
    "event_id": _id("the event itself; the same in the feed and on every retry of a webhook", 1),
    "case_file_id": _id("the case file it concerns", 2),
    "sequence": Member("integer", None, "counts from 1 without gaps per case file and receiving organisation", 4),
    "organisation": _word("the organisation that acted", "police-53"),
    "version": Member("integer", None, "the number of the case file's version", 3),
    "early_advice_request_id": _id("the request for early advice", 3),
    "action_id": _id("the action of the action plan", 4),
    "attachment_id": _id("the attachment", 5),
    "message_id": _id("the message between officer and prosecutor", 6),
    "state": _word("the state the request, action, attachment or endpoint is now in", "active"),
    "code": _word("why an attachment was rejected, as in its `rejection.code`", "hash_mismatch"),
    "clock": _word("the kind of deadline, such as advice, police_response or escalation_to_cps", "advice"),
    "due_at": Member("string", "date-time", "when the deadline falls or fell", "2026-12-15T23:59:59Z"),
    "escalation_id": _id("the escalation", 10),
    "level": Member("integer", None, "the level of the ladder of escalation, from 1", 1),
    "reason": _word(
        "why, by its code: early advice was not sought, or a webhook endpoint was disabled or is failing",
        "custody_time",
    ),
    "outcome": _word("what became of a suspect, by its code of `referral_outcome`", "CHARGE"),
    "months": Member("integer", None, "how many months ago the deadline passed without an answer", 2),
    "webhook_endpoint_id": _id("the webhook endpoint", 7),
    "alarm": _word("why the audit log does not grow: the code of the alarm", "leaves_disagree"),
    "finding": _word("what is wrong in the audit log: an entry, a leaf, a tile, a checkpoint", "leaf"),
    "finding_name": _word("which one: an entry's id, a leaf's place, a tile's name", "812003"),
    "origin": _word("the name of the successor log, first line of its checkpoints", "casefile.example/log/2"),
    "conflict_id": _id("the conflict of interest", 8),
    "link_id": _id("the link between two case files: `GET …/links` says which", 11),
    "break_glass_id": _id("the opening in an emergency", 9),
    "tree_size": Member("integer", None, "how many entries of the audit log the checkpoint covers", 812_004),
    "root_hash": _word("the hash at the root of the audit log's tree, in hex", "9d5e0f6b1c2a4e37880b1c7d9f3a5e62" * 2),
}
