"""How a unit behaves when it is played: from what a request looks like now to what its people do next.

A script is a list of behaviours, `accepts, returns:3, late, never`; requests take them in turn as they come. Each
behaviour is one row of a table: when it holds back, and what it does otherwise. Pure: views go in, one act comes out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from casefile_api.demo.answers import NotAsToldError, View

REVIEW: Mapping[str, object] = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
SETTLED = ("satisfied", "cancelled")


class Playing(StrEnum):
    """The side that is played."""

    CPS = "cps"
    FORCE = "force"


@dataclass(frozen=True)
class Behaviour:
    """One behaviour of a script, with what is said after its colon."""

    name: str
    detail: str = ""

    def __str__(self) -> str:
        """As a script has it."""
        return f"{self.name}:{self.detail}" if self.detail else self.name


@dataclass(frozen=True)
class Act:
    """What somebody of the unit does next; `newer_version` where a version is added and endorsed with it."""

    role: str
    step: str
    body: Mapping[str, object] = field(default_factory=dict)
    action_id: str | None = None
    endorses: bool = False
    newer_version: bool = False


@dataclass(frozen=True)
class Seen:
    """What a unit sees of one of its requests: story, actions, today's date, and who would be its prosecutor."""

    request: View
    actions: Sequence[View]
    today: date
    prosecutor: str = ""

    @property
    def state(self) -> str:
        """Where the request is."""
        return self.request.text("state")

    def happened(self, step: str) -> bool:
        """Whether a step was ever taken."""
        return any(taken.text("step") == step for taken in self.request.items("history"))

    def in_days(self, days: int) -> str:
        """A date from today."""
        return (self.today + timedelta(days=days)).isoformat()

    def breached(self, kinds: Sequence[str]) -> bool:
        """Whether a deadline of these kinds runs and has passed."""
        clocks = [
            *self.request.items("clocks"),
            *(clock for action in self.actions for clock in action.items("clocks")),
        ]
        return any(
            clock.text("kind") in kinds and clock.at("stopped_at") is None and clock.at("breached_at") is not None
            for clock in clocks
        )


def read_script(text: str, side: Playing, reasons: Sequence[str]) -> list[Behaviour]:
    """Reads `accepts, returns:3`; what the side does not know is refused with what it knows.

    `reasons` are the codes with which triage returns, in the order of their list.
    """
    known = BEHAVIOURS[side]
    script = []
    for word in (part.strip() for part in text.split(",")):
        name, _, detail = word.partition(":")
        if name not in known:
            raise NotAsToldError(f"A {side.value} script knows {', '.join(known)}; not {word or 'nothing at all'}.")
        if detail and name != "returns":
            raise NotAsToldError(f"{name} takes nothing after a colon.")
        script.append(Behaviour(name, reason_named(detail, reasons) if name == "returns" else ""))
    return script


def reason_named(detail: str, codes: Sequence[str]) -> str:
    """The code of a triage reason: by its place in the list, from 1, or by itself; the first where none is named."""
    if detail.isdigit() and 1 <= int(detail) <= len(codes):
        return codes[int(detail) - 1]
    if detail in codes or not detail:
        return detail or codes[0]
    raise NotAsToldError(f"There is no triage reason {detail}: give 1 to {len(codes)}, or a code.")


def next_act(side: Playing, behaviour: Behaviour, seen: Seen) -> Act | None:
    """What the unit does next with a request; None where it waits."""
    return BEHAVIOURS[side][behaviour.name](behaviour, seen)


def _never(behaviour: Behaviour, seen: Seen) -> Act | None:
    return None


def _accepts(behaviour: Behaviour, seen: Seen) -> Act | None:
    """Everything as it should be, at once."""
    action = {
        "category": "STATEMENTS",
        "description": "Take the statement of whoever saw them last.",
        "due_on": seen.in_days(28),
        "suspect_ids": seen.request.at("suspect_ids"),
        "gating": "pre_decision",
        "justification": "It bears on whether there is a realistic prospect of conviction.",
    }
    advice = [
        {"topic": "lines_of_enquiry", "text": "The enquiries in hand are proportionate; pursue them in this order."}
    ]
    return {
        "submitted": Act("casework_assistant", "accept", REVIEW),
        "manager_review": Act("legal_manager", "approve"),
        "appealed": Act("unit_head", "overturn", {"reason": "Advice will help at this stage."}),
        "accepted": Act("legal_manager", "allocate", {"prosecutor": seen.prosecutor}),
        "allocated": Act("prosecutor", "advise", {"advice": advice, "actions": [action]}),
        "advised": Act("prosecutor", "complete"),
        "action_plan_open": _on_the_plan(seen),
    }.get(seen.state)


def _on_the_plan(seen: Seen) -> Act | None:
    for action in seen.actions:
        name, state = action.text("id"), action.text("state")
        if action.at("extension_requested_to") is not None:
            granted = {"granted": True, "reason": "The reason is a good one."}
            return Act("prosecutor", "decide-extension", granted, name)
        if state == "returned":
            return Act("prosecutor", "satisfy", {"reason": "This is what was asked for."}, name)
        if state == "disputed":
            confirmed = {"outcome": "confirmed", "reason": "It is still needed."}
            return Act("prosecutor", "answer-dispute", confirmed, name)
    settled = all(action.text("state") in SETTLED for action in seen.actions)
    return Act("prosecutor", "complete") if settled else None


def _returns(behaviour: Behaviour, seen: Seen) -> Act | None:
    if seen.state == "submitted" and not seen.happened("return"):
        reasons = [{"code": behaviour.detail, "detail": "Please send it with the next submission."}]
        return Act("casework_assistant", "return", {**REVIEW, "reasons": reasons, "response_due_on": seen.in_days(7)})
    return _accepts(behaviour, seen)


def _refuses(behaviour: Behaviour, seen: Seen) -> Act | None:
    if seen.state == "manager_review":
        return Act("legal_manager", "refuse", {"reasons": ["The enquiries are not far enough for advice to help."]})
    if seen.state == "appealed":
        return Act("unit_head", "uphold", {"reason": "The reasons stand."})
    return _accepts(behaviour, seen)


def _asks(behaviour: Behaviour, seen: Seen) -> Act | None:
    if seen.state == "allocated" and not seen.happened("request-information"):
        body = {"questions": ["Was the phone examined?"], "response_due_on": seen.in_days(7)}
        return Act("prosecutor", "request-information", body)
    return _accepts(behaviour, seen)


def _late_cps(behaviour: Behaviour, seen: Seen) -> Act | None:
    """Nothing is done until a deadline of the unit has passed; what was begun late goes on."""
    begun = seen.happened("accept") and not seen.breached(("advice", "appeal"))
    waits = not begun and not seen.breached(("advice", "triage", "appeal"))
    return None if waits else _accepts(behaviour, seen)


def _answers(behaviour: Behaviour, seen: Seen) -> Act | None:
    if seen.state == "draft":
        return Act("supervisor", "submit", {"endorsement": "Read and endorsed."}, endorses=True)
    if seen.state == "returned":
        return Act("supervisor", "submit", {"endorsement": "Mended as asked."}, endorses=True, newer_version=True)
    if seen.state == "information_requested":
        return Act("officer", "provide-information", {"answer": "It was; the report is with the file."})
    if seen.state == "action_plan_open":
        for action in seen.actions:
            if action.text("state") in ("open", "in_progress"):
                done = {"answer": "Done; nothing further came of it.", "material_ids": []}
                return Act("officer", "return", done, action.text("id"))
    return None


def _appeals(behaviour: Behaviour, seen: Seen) -> Act | None:
    if seen.state == "refused" and not seen.happened("appeal"):
        return Act("senior_officer", "appeal", {"grounds": "The investigation cannot be steered without advice."})
    return _answers(behaviour, seen)


def _withdraws(behaviour: Behaviour, seen: Seen) -> Act | None:
    if seen.state in ("returned", "refused", "information_requested"):
        return Act("supervisor", "withdraw", {"reason": "The complainant no longer supports the case."})
    return _answers(behaviour, seen)


def _late_force(behaviour: Behaviour, seen: Seen) -> Act | None:
    """A draft is sent; what the CPS then waits for comes when its date has passed."""
    waits = seen.state != "draft" and not seen.breached(("police_response", "action"))
    return None if waits else _answers(behaviour, seen)


BEHAVIOURS: Mapping[Playing, Mapping[str, Callable[[Behaviour, Seen], Act | None]]] = {
    Playing.CPS: {
        "accepts": _accepts,
        "returns": _returns,
        "refuses": _refuses,
        "asks": _asks,
        "late": _late_cps,
        "never": _never,
    },
    Playing.FORCE: {
        "answers": _answers,
        "appeals": _appeals,
        "withdraws": _withdraws,
        "late": _late_force,
        "never": _never,
    },
}
