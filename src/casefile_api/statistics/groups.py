"""The figures of one group, put together from its counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from casefile_api.statistics.histograms import Histogram
from casefile_api.statistics.schemas import (
    ActionFigures,
    AgeBand,
    CaseFilesCounted,
    ChargeFigures,
    ClockFigures,
    CodeCount,
    DaysToAdvice,
    FirstTimeAcceptance,
    Flow,
    Group,
    RoundFigures,
    SideFigures,
    SideLoad,
    StateCount,
    Workload,
)
from casefile_api.statistics.suppression import SMALL, Cell, whole

ANSWERABLE = {
    "advice": "cps",
    "triage": "cps",
    "police_response": "police",
    "action": "police",
    "appeal": "cps",
    "escalation_to_cps": "cps",
    "escalation_to_police": "police",
}
AGE_BANDS = ((0, 7), (8, 14), (15, 21), (22, 28), (29, 56), (57, 91), (92, None))
Counts = Mapping[tuple[str, str], Mapping[int, int]]
"""How often each value occurred, by measure and key."""


@dataclass(frozen=True)
class Figures:
    """The counts of one group, as the caller may see them."""

    name: str
    counts: Counts
    today: int
    suppressed: bool = False
    hidden: frozenset[Cell] = frozenset()

    def keys(self, measure: str) -> list[str]:
        """Return the keys of a measure."""
        return sorted(key for name, key in self.counts if name == measure)

    def histogram(self, measure: str, key: str = "") -> Histogram:
        """Return the counts by value, also of what is hidden."""
        return Histogram(self.counts.get((measure, key)))

    def is_hidden(self, measure: str, *keys: str) -> bool:
        """Say whether any of these is left out."""
        return any((self.name, measure, key) in self.hidden for key in keys or ("",))

    def count(self, measure: str, key: str = "") -> int | None:
        """Return how many there are, or None where that is left out."""
        return None if self.is_hidden(measure, key) else self.histogram(measure, key).total

    def whole(self, measure: str) -> int | None:
        """Return the sum over the keys of a measure, or None where that is left out."""
        total = sum(self.histogram(measure, key).total for key in self.keys(measure))
        return None if self.is_hidden(whole(measure)) else total

    def days(self, histogram: Histogram, measure: str, key: str = "") -> tuple[float | None, float | None]:
        """Return median and 90th percentile, or nothing where they are of few."""
        if self.is_hidden(measure, key) or self._few(histogram.total):
            return None, None
        return _tenth(histogram.percentile(0.5)), _tenth(histogram.percentile(0.9))

    def mean(self, measure: str, key: str = "") -> float | None:
        """Return the average, or nothing where it is of few."""
        found = self.histogram(measure, key)
        return None if self.is_hidden(measure, key) or self._few(found.total) else _tenth(found.mean)

    def _few(self, total: int) -> bool:
        return self.suppressed and total < SMALL


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def group_of(figures: Figures, *, by_month: bool, with_case_files: bool) -> Group:
    """Return the figures of a group."""
    return Group(
        group=figures.name,
        requests=figures.count("requests"),
        first_time_acceptance=_first_time(figures),
        return_reasons=_reasons(figures),
        clocks=_clocks(figures),
        sides=_sides(figures),
        days_to_advice=_to_advice(figures),
        rounds=_rounds(figures),
        actions=_actions(figures),
        outcomes=[StateCount(state=state, count=figures.count("state", state)) for state in figures.keys("state")],
        workload=None if by_month else _workload(figures),
        flow=_flow(figures),
        case_files=_case_files(figures) if with_case_files else None,
        charges=_charges(figures, "charge" if with_case_files else "charge_told"),
    )


def _first_time(figures: Figures) -> FirstTimeAcceptance:
    decided = figures.whole("first_decision")
    accepted = figures.count("first_decision", "accept")
    hidden = decided is None or figures.is_hidden("first_decision", "accept", "return")
    return FirstTimeAcceptance(
        decided=decided,
        accepted=None if hidden else accepted,
        rate_percent=None if hidden or not decided or accepted is None else _tenth(100 * accepted / decided),
    )


def _reasons(figures: Figures) -> list[CodeCount]:
    found = [(key, figures.histogram("return_reason", key).total) for key in figures.keys("return_reason")]
    # Where counts are left out, the order tells nothing of them.
    ordered = sorted(found) if figures.suppressed else sorted(found, key=lambda one: (-one[1], one[0]))
    return [CodeCount(code=key, count=figures.count("return_reason", key)) for key, _ in ordered]


def _clocks(figures: Figures) -> list[ClockFigures]:
    found = []
    for kind in sorted({*figures.keys("clock"), *figures.keys("breach")}):
        median, p90 = figures.days(figures.histogram("clock", kind), "clock", kind)
        found.append(
            ClockFigures(
                kind=kind,
                side=ANSWERABLE[kind],
                stopped=figures.count("clock", kind),
                median_days=median,
                p90_days=p90,
                breaches=figures.count("breach", kind),
            )
        )
    return found


def _sides(figures: Figures) -> list[SideFigures]:
    found = []
    for side in figures.keys("turn"):
        median, p90 = figures.days(figures.histogram("turn", side), "turn", side)
        found.append(SideFigures(side=side, turns=figures.count("turn", side), median_days=median, p90_days=p90))
    return found


def _to_advice(figures: Figures) -> DaysToAdvice:
    median, p90 = figures.days(figures.histogram("days_to_advice"), "days_to_advice")
    return DaysToAdvice(advised=figures.count("days_to_advice"), median_days=median, p90_days=p90)


def _rounds(figures: Figures) -> RoundFigures:
    sent = figures.histogram("submissions", "once"), figures.histogram("submissions", "again")
    few = figures.suppressed and sum(one.total for one in sent) < SMALL
    hidden = few or figures.is_hidden("requests") or figures.is_hidden("submissions", "once", "again")
    requests = sum(one.total for one in sent)
    return RoundFigures(
        submitted_once=figures.count("submissions", "once"),
        submissions_per_request=None if hidden or not requests else _tenth(sum(one.sum for one in sent) / requests),
        questions_per_request=figures.mean("questions"),
    )


def _actions(figures: Figures) -> ActionFigures:
    set_of = figures.histogram("actions")
    median, p90 = figures.days(figures.histogram("late", "answered"), "late", "answered")
    hidden = figures.is_hidden("actions") or figures.is_hidden("cycles")
    return ActionFigures(
        count=None if hidden else set_of.sum,
        per_request=None if hidden else figures.mean("actions"),
        cycles_per_action=figures.mean("cycles"),
        late=figures.whole("late"),
        unanswered=figures.count("late", "unanswered"),
        late_median_days=median,
        late_p90_days=p90,
    )


def _workload(figures: Figures) -> Workload:
    ages = figures.histogram("open").ages(figures.today)
    median, p90 = figures.days(ages, "open")
    held = []
    for side in figures.keys("holding"):
        middle, late = figures.days(figures.histogram("holding", side).ages(figures.today), "holding", side)
        held.append(SideLoad(side=side, open=figures.count("holding", side), median_days=middle, p90_days=late))
    bands = _bands(figures, ages)
    return Workload(open=figures.count("open"), median_days=median, p90_days=p90, ages=bands, sides=held)


def _bands(figures: Figures, ages: Histogram) -> list[AgeBand]:
    counts = [
        sum(count for age, count in ages.counts.items() if first <= age and (last is None or age <= last))
        for first, last in AGE_BANDS
    ]
    # Bands add up to what is open, within a group and across: where one is small, none is told.
    hide = figures.is_hidden("open") or figures.suppressed and any(0 < count < SMALL for count in counts)
    hide = hide or figures.suppressed and figures.name != "all"
    return [
        AgeBand(from_days=first, to_days=last, count=None if hide else count)
        for (first, last), count in zip(AGE_BANDS, counts, strict=True)
    ]


def _flow(figures: Figures) -> Flow:
    return Flow(
        received=figures.whole("received"), returned=figures.whole("returned"), answered=figures.whole("answered")
    )


def _case_files(figures: Figures) -> CaseFilesCounted:
    return CaseFilesCounted(
        with_request=figures.count("case_files", "with"),
        without_request=figures.count("case_files", "without"),
        not_sought=[
            CodeCount(code=code, count=figures.count("not_sought", code)) for code in figures.keys("not_sought")
        ],
    )


def _charges(figures: Figures, measure: str) -> ChargeFigures:
    median, p90 = figures.days(figures.histogram(measure, "led"), measure, "led")
    return ChargeFigures(led_to_charge=figures.count(measure, "led"), median_days=median, p90_days=p90)
