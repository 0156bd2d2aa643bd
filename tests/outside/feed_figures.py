"""The figures of early advice worked out from the feed of events alone, by another way than the service's.

What each event means for clocks, sides and counts is told here anew from the published workflow and definitions; only
return reasons, which no event tells, are not worked out. Nothing of the service is imported.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

Json = Any
LONDON = ZoneInfo("Europe/London")
POLICE = {"draft", "returned", "refused", "information_requested"}
ENDED = {"completed", "withdrawn", "administratively_finalised"}
SIDE_OF = {"advice": "cps", "triage": "cps", "appeal": "cps", "police_response": "police", "action": "police"} | {
    "escalation_to_cps": "cps",
    "escalation_to_police": "police",
}


def day_of(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(LONDON).date()


def side_of(state: str) -> str:
    if state in POLICE:
        return "police"
    return "both" if state == "action_plan_open" else "none" if state in ENDED else "cps"


@cache
def closed(year: int) -> set[date]:
    return set(holidays.country_holidays("GB", subdiv="ENG", years=year))


def working_days_after(day: date, days: int) -> date:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5 and day not in closed(day.year)
    return day


@dataclass
class Running:
    kind: str
    since: date
    due: date
    paused: date | None = None
    waited: int = 0


@dataclass
class Told:
    """What the feed tells of one request."""

    first: date | None = None
    state: str = "draft"
    since: date | None = None
    side: str = ""
    turns: list[tuple[str, int]] = field(default_factory=list)
    decision: str | None = None
    clocks: dict[str, Running] = field(default_factory=dict)
    stopped: list[tuple[str, int]] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    submissions: int = 0
    questions: int = 0
    advised: date | None = None
    charged: date | None = None
    actions: dict[str, Json] = field(default_factory=dict)

    def start(self, kind: str, on: date, due: date, name: str | None = None) -> None:
        self.stop(on, name or kind)
        self.clocks[name or kind] = Running(kind, on, due)

    def stop(self, on: date, *names: str) -> None:
        for name in names:
            clock = self.clocks.pop(name, None)
            if clock is None:
                continue
            counted_to = clock.paused or on
            self.stopped.append((clock.kind, (counted_to - clock.since).days - clock.waited))
            if counted_to > clock.due:
                self._pass(clock, name)

    def _pass(self, clock: Running, name: str) -> None:
        self.passed.append(clock.kind)
        if clock.kind == "action":
            self.actions[name]["passed"] = True

    def look(self, today: date) -> None:
        """Count what runs and has passed."""
        for name, clock in self.clocks.items():
            if (clock.paused or today) > clock.due:
                self._pass(clock, name)

    def step(self, event: str, on: date, data: Json) -> None:
        """Take in one event of the request."""
        side = side_of(data["state"])
        if side != self.side:
            if self.side not in ("", "none") and self.since is not None:
                self.turns.append((self.side, (on - self.since).days))
            self.side, self.since = side, on
        self.state = data["state"]
        act = getattr(self, f"_{event}", None)
        if act is not None:
            act(on, data)
        if self.state in ENDED:
            self.stop(on, *list(self.clocks))

    def _submitted(self, on: date, _: Json) -> None:
        self.first = self.first or on
        self.submissions += 1
        self.stop(on, "police_response")
        self.start("triage", on, working_days_after(on, 1))
        self.start("advice", on, on + timedelta(days=21))

    def _accepted(self, on: date, _: Json) -> None:
        self.decision = self.decision or "accepted"
        self.stop(on, "triage")

    def _returned(self, on: date, data: Json) -> None:
        self.decision = self.decision or "returned"
        self.stop(on, "triage", "advice")
        self.start("police_response", on, day_of(data["due_at"]))

    def _refused(self, on: date, _: Json) -> None:
        self.stop(on, "advice")

    def _appealed(self, on: date, _: Json) -> None:
        self.start("appeal", on, working_days_after(on, 5))

    def _upheld(self, on: date, _: Json) -> None:
        self.stop(on, "appeal")

    def _overturned(self, on: date, _: Json) -> None:
        self.stop(on, "appeal")
        self.start("advice", on, on + timedelta(days=21))

    def _information_requested(self, on: date, data: Json) -> None:
        self.questions += 1
        self.clocks["advice"].paused = on
        self.start("police_response", on, day_of(data["due_at"]))

    def _information_provided(self, on: date, _: Json) -> None:
        self.stop(on, "police_response")
        advice = self.clocks["advice"]
        assert advice.paused is not None
        waited = (on - advice.paused).days
        advice.paused, advice.waited, advice.due = None, advice.waited + waited, advice.due + timedelta(days=waited)

    def _advised(self, on: date, _: Json) -> None:
        self.advised = on
        self.stop(on, "advice")

    def _escalated(self, on: date, data: Json) -> None:
        self.start("escalation_to_cps", on, day_of(data["due_at"]))
        assert day_of(data["due_at"]) == working_days_after(on, 5)

    def _escalation_answered(self, on: date, _: Json) -> None:
        self.stop(on, "escalation_to_cps")

    def _outcome_recorded(self, on: date, data: Json) -> None:
        self.charged = on if data["outcome"] == "CHARGE" else self.charged

    def act(self, event: str, on: date, data: Json) -> None:
        """Take in one event of an action."""
        name = data["action_id"]
        if event == "set":
            due = day_of(data["due_at"])
            self.actions[name] = {"due": due, "answered": None, "cycle": 1, "passed": False}
            self.start("action", on, due, name)
        elif event == "returned":
            self.actions[name]["answered"] = self.actions[name]["answered"] or on
            self.stop(on, name)
        elif event == "rejected":
            self.actions[name]["cycle"] += 1
            self.start("action", on, self.actions[name]["due"], name)
        elif event in ("satisfied", "cancelled"):
            self.stop(on, name)


def figures_of(feed: Iterable[Json], today: date) -> Json:
    """The group `all` of the answer, but return reasons and age bands."""
    requests: dict[str, Told] = defaultdict(Told)
    flow: Counter[str] = Counter()
    cases: set[str] = set()
    with_request: set[str] = set()
    why_not: dict[str, str] = {}
    for event in feed:
        noun, _, verb = event["type"].partition(".")
        data, on = event["data"], day_of(event["timestamp"])
        if event["type"] == "case_file.opened":
            cases.add(data["case_file_id"])
        if event["type"] == "early_advice.not_sought":
            why_not[data["case_file_id"]] = data["reason"]
        elif noun == "early_advice":
            requests[data["early_advice_request_id"]].step(verb, on, data)
            flow[verb] += 1
        elif noun == "action":
            requests[data["early_advice_request_id"]].act(verb, on, data)
        if event["type"] == "early_advice.submitted":
            with_request.add(data["case_file_id"])
    told = [one for one in requests.values() if one.first is not None]
    for one in told:
        one.look(today)
    return {
        "group": "all",
        "requests": len(told),
        "first_time_acceptance": _first_time(told),
        "clocks": [_clock(told, kind) for kind in sorted(SIDE_OF) if _has(told, kind)],
        "sides": [
            {"side": side, "turns": len(days), **_spread(days)}
            for side, days in sorted(_by_name(turn for one in told for turn in one.turns).items())
        ],
        "days_to_advice": _to_advice(told),
        "rounds": {
            "submitted_once": sum(one.submissions == 1 for one in told),
            "submissions_per_request": _mean([one.submissions for one in told]),
            "questions_per_request": _mean([one.questions for one in told]),
        },
        "actions": _actions(told),
        "outcomes": [
            {"state": state, "count": count} for state, count in sorted(Counter(one.state for one in told).items())
        ],
        "workload": _workload(told, today),
        "flow": {"received": flow["submitted"], "returned": flow["returned"], "answered": flow["advised"]},
        "case_files": _case_files(cases, with_request, why_not),
        "charges": _charges(told),
    }


def _case_files(cases: set[str], with_request: set[str], why_not: dict[str, str]) -> Json:
    without = cases - with_request
    reasons = Counter(why_not.get(case, "NO_REASON_RECORDED") for case in without)
    return {
        "with_request": len(with_request),
        "without_request": len(without),
        "not_sought": [{"code": code, "count": count} for code, count in sorted(reasons.items())],
    }


def _charges(told: list[Told]) -> Json:
    """Those of a year are told on the day of the decision."""
    days = [(one.charged - one.first).days for one in told if one.charged and one.first]
    return {"led_to_charge": len(days), **_spread(days)}


def _by_name(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for name, number in pairs:
        found[name].append(number)
    return found


def _spread(days: list[int]) -> Json:
    if not days:
        return {"median_days": None, "p90_days": None}
    ninth = statistics.quantiles(days, n=10, method="inclusive")[8] if len(days) > 1 else days[0]
    return {"median_days": round(float(statistics.median(days)), 1), "p90_days": round(float(ninth), 1)}


def _mean(numbers: list[int]) -> float | None:
    return round(statistics.fmean(numbers), 1) if numbers else None


def _first_time(told: list[Told]) -> Json:
    decided = [one.decision for one in told if one.decision]
    accepted = decided.count("accepted")
    rate = round(100 * accepted / len(decided), 1) if decided else None
    return {"decided": len(decided), "accepted": accepted, "rate_percent": rate}


def _has(told: list[Told], kind: str) -> bool:
    return any(kind in one.passed or kind in (name for name, _ in one.stopped) for one in told)


def _clock(told: list[Told], kind: str) -> Json:
    days = [days for one in told for name, days in one.stopped if name == kind]
    breaches = sum(one.passed.count(kind) for one in told)
    return {"kind": kind, "side": SIDE_OF[kind], "stopped": len(days), **_spread(days), "breaches": breaches}


def _to_advice(told: list[Told]) -> Json:
    days = [(one.advised - one.first).days for one in told if one.advised and one.first]
    return {"advised": len(days), **_spread(days)}


def _actions(told: list[Told]) -> Json:
    actions = [action for one in told for action in one.actions.values()]
    late = [(action["answered"] - action["due"]).days for action in actions if action["answered"]]
    late = [days for days in late if days > 0]
    unanswered = sum(action["answered"] is None and action["passed"] for action in actions)
    spread = _spread(late)
    return {
        "count": len(actions),
        "per_request": _mean([len(one.actions) for one in told if one.advised]),
        "cycles_per_action": _mean([action["cycle"] for action in actions]),
        "late": len(late) + unanswered,
        "unanswered": unanswered,
        "late_median_days": spread["median_days"],
        "late_p90_days": spread["p90_days"],
    }


def _workload(told: list[Told], today: date) -> Json:
    still = [one for one in told if one.state not in ENDED]
    held = _by_name((one.side, (today - one.since).days) for one in still if one.since)
    return {
        "open": len(still),
        **_spread([(today - one.first).days for one in still if one.first]),
        "sides": [{"side": side, "open": len(days), **_spread(days)} for side, days in sorted(held.items())],
    }
