"""The catalogue of everything the service tells anybody: one row per event.

An event says that something happened and where to look, never what it says: identifiers, states, numbers and times,
and no personal data. Timelines, the feed, webhooks, their documentation and the check on what may be recorded all read
this one table. Pure: no framework, database or network.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Told(StrEnum):
    """Who hears of an event. The organisations themselves are found by the command that records it."""

    PARTIES = "parties"
    """The owning force and every CPS Area something of the case was shared with."""
    POLICE_ONLY = "police_only"
    """The owning force alone: nothing was shared yet, or what happened is the force's own business."""
    OWN_SIDE = "own_side"
    """The organisation whose thing it is; the other side hears of it when it is shared or issued."""
    ACTOR_AND_OWNER = "actor_and_owner"
    """The owning force, and the organisation of the person who acted."""
    OWNER = "owner"
    """The owning force, whether or not its systems are admitted to the case file; the data does not name it."""
    ORGANISATION = "organisation"
    """The one organisation an administrative matter concerns."""
    OVERSIGHT = "oversight"
    """The organisations that watch over the log."""


_CASE = ("event_id", "case_file_id", "sequence", "organisation")
_PLAIN = ("event_id", "organisation")


@dataclass(frozen=True)
class EventType:
    """One kind of event: its name, the sentence a timeline says, who is told, what its data holds, and since when.

    `since` is the version of the API that first told it.
    """

    name: str
    sentence: str
    told: Told
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    since: str = "0.1.0"

    @property
    def of_a_case(self) -> bool:
        """Whether the event belongs to a case file, and so is counted by a `sequence`."""
        return "case_file_id" in self.required

    @property
    def members(self) -> tuple[str, ...]:
        """All members its data may hold, required ones first."""
        return self.required + self.optional

    @property
    def in_feed(self) -> bool:
        """Whether the event is in the feed; if not, it goes to the one endpoint it is about."""
        return self.name not in _FOR_ONE_ENDPOINT


_FOR_ONE_ENDPOINT = frozenset(("webhook_endpoint.verification", "webhook_endpoint.test"))


def _case(name: str, told: Told, sentence: str, *required: str, optional: tuple[str, ...] = ()) -> EventType:
    return EventType(name, sentence, told, _CASE + required, optional)


def _plain(name: str, told: Told, sentence: str, *required: str, optional: tuple[str, ...] = ()) -> EventType:
    return EventType(name, sentence, told, _PLAIN + required, optional)


def _request(name: str, told: Told, sentence: str, *optional: str) -> EventType:
    return _case(name, told, sentence, "early_advice_request_id", "state", optional=optional)


def _action(name: str, sentence: str, *optional: str) -> EventType:
    members = ("early_advice_request_id", "action_id", "state")
    return _case(name, Told.PARTIES, sentence, *members, optional=optional)


_TABLE: tuple[EventType, ...] = (
    _case("case_file.opened", Told.POLICE_ONLY, "{organisation} opened the case file", "version"),
    _case("case_file.version_added", Told.POLICE_ONLY, "{organisation} added version {version}", "version"),
    _case(
        "case_file.version_shared",
        Told.PARTIES,
        "{organisation} shared version {version} with the CPS",
        "version",
        optional=("early_advice_request_id",),
    ),
    _case(
        "case_file.version_retracted",
        Told.PARTIES,
        "{organisation} retracted version {version}, shared in error",
        "version",
    ),
    _case(
        "case_file.corrected",
        Told.PARTIES,
        "{organisation} corrected the case file's references or units",
        optional=("version",),
    ),
    _case(
        "case_file.standing_changed",
        Told.POLICE_ONLY,
        "version {version} changed what is decided about suspects: charges, or no further action",
        "version",
    ),
    _case("case_file.linked", Told.PARTIES, "{organisation} linked the case file with another", "link_id"),
    _case("case_file.unlinked", Told.PARTIES, "{organisation} took back a link with another case file", "link_id"),
    _case(
        "case_file.split",
        Told.PARTIES,
        "{organisation} split a suspect's file off into a case file of its own",
        "link_id",
    ),
    _case("case_file.merged", Told.PARTIES, "{organisation} merged two case files, and goes on in one", "link_id"),
    _case("case_file.closed", Told.PARTIES, "{organisation} closed the case file: it goes on in another"),
    _case("case_file.erased", Told.PARTIES, "the content of the case file was erased"),
    _case("case_file.restricted", Told.PARTIES, "{organisation} restricted the case file to named people"),
    _case("case_file.restriction_changed", Told.PARTIES, "{organisation} changed whom the restricted case file admits"),
    _case("case_file.restriction_lifted", Told.PARTIES, "{organisation} lifted the restriction of the case file"),
    _case("conflict.declared", Told.OWN_SIDE, "{organisation} declared a conflict of interest", "conflict_id"),
    _case("conflict.withdrawn", Told.OWN_SIDE, "{organisation} withdrew a conflict of interest", "conflict_id"),
    _case(
        "break_glass.opened",
        Told.ACTOR_AND_OWNER,
        "{organisation} opened the case file by break-glass",
        "break_glass_id",
    ),
    _case("break_glass.ended", Told.ACTOR_AND_OWNER, "a break-glass ended ({organisation})", "break_glass_id"),
    _plain(
        "break_glass.reported",
        Told.OWNER,
        "{organisation} opened a restricted case file by break-glass",
        "break_glass_id",
    ),
    _case("attachment.declared", Told.OWN_SIDE, "{organisation} declared an attachment", "attachment_id", "state"),
    _case(
        "attachment.available", Told.OWN_SIDE, "an attachment was verified and is available", "attachment_id", "state"
    ),
    _case(
        "attachment.rejected",
        Told.OWN_SIDE,
        "an attachment was checked and rejected",
        "attachment_id",
        "state",
        optional=("code",),
    ),
    _case(
        "attachment.integrity_changed",
        Told.PARTIES,
        "storage was looked through: an attachment is now {state}",
        "attachment_id",
        "state",
    ),
    _case("attachment.deleted", Told.OWN_SIDE, "{organisation} deleted an attachment", "attachment_id", "state"),
    _request("early_advice.drafted", Told.POLICE_ONLY, "{organisation} drafted a request for early advice"),
    _case(
        "early_advice.not_sought",
        Told.POLICE_ONLY,
        "{organisation} recorded why early advice was not sought: {reason}",
        "reason",
    ),
    _request(
        "early_advice.response_date_moved",
        Told.PARTIES,
        "{organisation} gave the police another date to answer by",
        "due_at",
    ),
    _request(
        "early_advice.escalated",
        Told.PARTIES,
        "{organisation} took a disagreement to level {level}",
        "escalation_id",
        "level",
        "due_at",
    ),
    _request(
        "early_advice.escalation_answered",
        Told.PARTIES,
        "{organisation} answered a disagreement at level {level}",
        "escalation_id",
        "level",
    ),
    _request(
        "early_advice.outcome_recorded",
        Told.PARTIES,
        "{organisation} told what became of a suspect: {outcome}",
        "outcome",
    ),
    _request("early_advice.edited", Told.POLICE_ONLY, "{organisation} edited its request for early advice"),
    _request(
        "early_advice.submitted",
        Told.PARTIES,
        "{organisation} endorsed version {version} and submitted the request for early advice",
        "version",
    ),
    _request("early_advice.accepted", Told.PARTIES, "{organisation} accepted the request at triage"),
    _request("early_advice.returned", Told.PARTIES, "{organisation} returned the request to the police", "due_at"),
    _request("early_advice.approved", Told.PARTIES, "{organisation} approved the request for allocation"),
    _request("early_advice.refused", Told.PARTIES, "{organisation} refused the request"),
    _request("early_advice.appealed", Told.PARTIES, "{organisation} appealed against the refusal", "due_at"),
    _request("early_advice.upheld", Told.PARTIES, "{organisation} upheld the refusal"),
    _request("early_advice.overturned", Told.PARTIES, "{organisation} overturned the refusal"),
    _request("early_advice.allocated", Told.PARTIES, "{organisation} allocated the request to a prosecutor"),
    _request("early_advice.transferred", Told.PARTIES, "{organisation} transferred the request to another unit"),
    _request(
        "early_advice.information_requested", Told.PARTIES, "{organisation} asked the police for information", "due_at"
    ),
    _request(
        "early_advice.information_provided",
        Told.PARTIES,
        "{organisation} answered the request for information",
        "version",
    ),
    _request("early_advice.advised", Told.PARTIES, "{organisation} gave early advice"),
    _request("early_advice.completed", Told.PARTIES, "{organisation} completed the request"),
    _request("early_advice.withdrawn", Told.PARTIES, "{organisation} withdrew the request"),
    _request("early_advice.finalised", Told.PARTIES, "{organisation} finalised the request administratively"),
    _request("early_advice.reopened", Told.PARTIES, "{organisation} reopened the request", "version"),
    _action("action.set", "{organisation} set an action", "due_at"),
    _action("action.started", "{organisation} started work on an action"),
    _action("action.returned", "{organisation} answered an action", "version"),
    _action("action.satisfied", "{organisation} was satisfied with the answer to an action"),
    _action("action.rejected", "{organisation} rejected the answer to an action"),
    _action("action.cancelled", "{organisation} cancelled an action"),
    _action("action.disputed", "{organisation} disputed an action"),
    _action("action.dispute_answered", "{organisation} answered the dispute over an action"),
    _action("action.extension_requested", "{organisation} asked for more time for an action", "due_at"),
    _action("action.extension_decided", "{organisation} decided on more time for an action", "due_at"),
    _case("message.sent", Told.PARTIES, "{organisation} sent a message", "early_advice_request_id", "message_id"),
    _case("message.read", Told.PARTIES, "{organisation} read a message", "early_advice_request_id", "message_id"),
    _case(
        "deadline.approaching",
        Told.PARTIES,
        "the {clock} deadline is approaching",
        "clock",
        "due_at",
        optional=("early_advice_request_id", "action_id", "escalation_id"),
    ),
    _case(
        "deadline.breached",
        Told.PARTIES,
        "the {clock} deadline has passed",
        "clock",
        "due_at",
        optional=("early_advice_request_id", "action_id", "escalation_id"),
    ),
    _case(
        "deadline.chased",
        Told.PARTIES,
        "the {clock} deadline passed {months} months ago, and the answer is chased",
        "clock",
        "due_at",
        "months",
        optional=("early_advice_request_id", "action_id", "escalation_id"),
    ),
    _plain(
        "webhook_endpoint.verification",
        Told.ORGANISATION,
        "a webhook endpoint is asked to prove itself",
        "webhook_endpoint_id",
        "state",
    ),
    _plain(
        "webhook_endpoint.disabled",
        Told.ORGANISATION,
        "a webhook endpoint was disabled, and hears no more",
        "webhook_endpoint_id",
        "state",
        optional=("reason",),
    ),
    _plain(
        "webhook_endpoint.failing",
        Told.ORGANISATION,
        "a webhook endpoint keeps failing: {reason}",
        "webhook_endpoint_id",
        "state",
        "reason",
    ),
    _plain(
        "webhook_endpoint.recovered",
        Told.ORGANISATION,
        "a webhook endpoint that was failing takes events again",
        "webhook_endpoint_id",
        "state",
    ),
    _plain(
        "webhook_endpoint.test",
        Told.ORGANISATION,
        "{organisation} sent a webhook endpoint a test",
        "webhook_endpoint_id",
        "state",
    ),
    _plain("audit.alarm_raised", Told.OVERSIGHT, "the audit log does not grow: {alarm}", "alarm"),
    _plain(
        "audit.break_found",
        Told.OVERSIGHT,
        "something is wrong in the audit log: {finding} {finding_name}",
        "finding",
        "finding_name",
    ),
    _plain("audit.successor_opened", Told.OVERSIGHT, "the audit log goes on as {origin}", "origin"),
    _plain(
        "audit.checkpoint_published",
        Told.OVERSIGHT,
        "a checkpoint of the audit log was published",
        "tree_size",
        "root_hash",
    ),
)

EVENT_TYPES: Mapping[str, EventType] = {row.name: row for row in _TABLE}
NOUNS: frozenset[str] = frozenset(row.name.partition(".")[0] for row in _TABLE)

_STATES: Mapping[str, str] = {
    "attachment": "declared=uploading available=available rejected=rejected integrity_changed=altered deleted=deleted",
    "early_advice": "drafted=draft edited=draft response_date_moved=returned"
    " escalated=action_plan_open escalation_answered=action_plan_open outcome_recorded=completed"
    " submitted=submitted accepted=manager_review returned=returned approved=accepted"
    " refused=refused appealed=appealed upheld=refused overturned=accepted allocated=allocated transferred=submitted"
    " information_requested=information_requested information_provided=allocated advised=action_plan_open"
    " completed=completed withdrawn=withdrawn finalised=administratively_finalised reopened=returned",
    "action": "set=open started=in_progress returned=returned satisfied=satisfied rejected=open cancelled=cancelled"
    " disputed=disputed dispute_answered=open extension_requested=in_progress extension_decided=in_progress",
    "webhook_endpoint": "verification=pending disabled=disabled failing=failing recovered=active test=active",
}
EXAMPLE_STATES: Mapping[str, str] = {
    f"{noun}.{verb}": state
    for noun, pairs in _STATES.items()
    for verb, _, state in (pair.partition("=") for pair in pairs.split())
}
"""A state that each event may leave its thing in: for the examples."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def unknown_members(name: str, members: Iterable[str]) -> list[str]:
    """The members that data of this event may not hold, so that nothing slips out that the catalogue does not list."""
    return sorted(set(members) - set(EVENT_TYPES[name].members))


def missing_members(name: str, members: Iterable[str]) -> list[str]:
    """The members that data of this event must hold and does not."""
    return sorted(set(EVENT_TYPES[name].required) - set(members))


def sentence(name: str, data: Mapping[str, object]) -> str:
    """What happened, in words, for a timeline; a placeholder without a value reads as a question mark."""
    filled = _PLACEHOLDER.sub(lambda found: str(data.get(found.group(1), "?")), EVENT_TYPES[name].sentence)
    return filled[:1].upper() + filled[1:]


def is_pattern(text: str) -> bool:
    """Whether an endpoint may ask for this: an event of the catalogue, all of one noun (`noun.*`), or everything."""
    if text == "*" or text in EVENT_TYPES:
        return True
    return text.endswith(".*") and text[:-2] in NOUNS


def matches(pattern: str, event_type: str) -> bool:
    """Whether a pattern takes in an event: exact, `noun.*`, or `*`."""
    if pattern in ("*", event_type):
        return True
    return pattern.endswith(".*") and event_type.startswith(pattern[:-1])


def matches_any(patterns: Iterable[str], event_type: str) -> bool:
    """Whether any of an endpoint's patterns takes in an event."""
    return any(matches(pattern, event_type) for pattern in patterns)
