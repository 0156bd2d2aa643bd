"""What each figure means: one table, served with every answer and written out in docs/measures.md.

A figure without its definition is an argument waiting to happen.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure: its name in the answer, what it means, what it is counted from, and why boards ask for it."""

    name: str
    definition: str
    counted_from: str
    asked_by: str


_BOARD = "joint inspections of rape and of digital case files: shared performance measures with agreed definitions"
_MODEL = "National Operating Model for adult rape"
_DG6 = "Director's Guidance on Charging, 6th edition, chapter 7"

MEASURES: tuple[Measure, ...] = (
    Measure(
        "requests",
        "How many requests for early advice were first submitted on a London date from `from` to `to`, both included.",
        "the first `submit` of each request",
        _BOARD,
    ),
    Measure(
        "first_time_acceptance",
        "Of the requests that triage decided on, how many it accepted at its first decision; `rate_percent` is "
        "accepted as a percentage of decided.",
        "the first `accept` or `return` of each request",
        f"{_BOARD}: share of first submissions accepted at triage",
    ),
    Measure(
        "return_reasons",
        "How often triage returned one of these requests for each coded reason; a return may have several.",
        "the codes of every `return`",
        "CPS triage, its 13 rejection reasons",
    ),
    Measure(
        "clocks",
        "For each kind of deadline, over the clocks that have stopped: London dates from start to stop, less the days "
        "paused; the median and the 90th percentile, interpolated. `side` is who answers for it.",
        "the clocks of the requests and of their actions",
        f"{_MODEL}: advice within 21 calendar days; {_DG6}",
    ),
    Measure(
        "breaches",
        "How many clocks of the kind passed 23:59:59 London time of their due date before they were stopped or "
        "paused, those still running included.",
        "the clocks of the requests and of their actions",
        _BOARD,
    ),
    Measure(
        "sides",
        "For each side, over its turns that have ended: London dates from the step that gave it the request to the "
        "step that passed it on; who holds a request is `with` in the state that a step led to. A turn that goes on "
        "is in `workload`.",
        "every step of the requests, in order",
        "joint performance meetings: days on each side",
    ),
    Measure(
        "days_to_advice",
        "London dates from the first submission to the advice, over the requests that were advised, whatever was "
        "returned or asked for in between.",
        "the first `submit` and the `advise` of each request",
        f"{_MODEL}: days to early advice",
    ),
    Measure(
        "rounds",
        "`submissions_per_request` is how often a request was submitted, `questions_per_request` how often the "
        "prosecutor asked for information, on average; `submitted_once` is how many needed one submission.",
        "every `submit` and `request-information`",
        f"{_BOARD}: resubmissions",
    ),
    Measure(
        "actions",
        "`count` is how many actions prosecutors set, `per_request` their mean over requests that were advised. `late` "
        "are those first answered after the date they then had, or not answered when it passed (`unanswered`); the "
        "days are those of the answers that were late. `cycles_per_action` is how often an action was set or sent "
        "back, on average.",
        "the actions, their first `return`, and the clock that it stopped",
        "Home Office study of 2024: 46 % of files with an action plan, 16 % returned twice",
    ),
    Measure(
        "outcomes",
        "How many of the requests are in each state now.",
        "the state of each request",
        f"{_BOARD}: share administratively finalised",
    ),
    Measure(
        "workload",
        "All requests that are open now, whatever the period: how many, their age in London dates since the first "
        "submission, and for each side how many it holds and for how long its present turn has gone on; `both` is "
        "an open action plan. Not given by month.",
        "the requests that have not ended, and their last change of sides",
        "weekly case surgeries of RASSO team and unit",
    ),
    Measure(
        "flow",
        "What happened in the months of the period, whenever the requests were first submitted: submissions received "
        "(again after a return included), returns, and advice given. Months are whole ones.",
        "every `submit`, `return` and `advise`, by the London month in which it was taken",
        "monthly joint operational improvement meetings",
    ),
    Measure(
        "case_files",
        "Of the case files opened in the period for a RASSO unit, how many have had a request submitted, and how many "
        "have not: early advice is strongly recommended there. `not_sought` says why not, by the newest reason "
        "recorded of each; `NO_REASON_RECORDED` are those that should have had early advice and went on without a "
        "reason. Told to the force and to oversight; null for the CPS, for whom a case file exists once it was "
        "submitted.",
        "the envelope of each case file, whether a request was submitted for it, and what was recorded of advice that "
        "was not sought",
        "joint rape protocol; Director's Guidance 7.2",
    ),
    Measure(
        "charges",
        "How many of the requests led to a charge: one of their suspects was charged on the day of the first "
        "submission or later. The days are London dates from the first submission to the first such charge. What the "
        "police told of a suspect stands; of a suspect of whom they told nothing, the first version of the case file "
        "that shows a charge. The CPS counts what it was told alone. Versions from before charges were noted are not "
        "looked through.",
        "the outcomes that were recorded for the requests, and `proposed_charges` of the case files' versions",
        f"{_BOARD}: share of requests that led to a charge, and how long after",
    ),
    Measure(
        "suppression",
        "For oversight callers a count from 1 to 4, and what is worked out from fewer than 5, is null. So that none "
        "can be worked out: where one part of a known sum is null the next smallest is too, within a group and across "
        "groups; a group of fewer than 5 requests is null as a whole; and a period is widened to whole months.",
        "the figures above",
        "Code of Practice for Statistics: no person can be told from a small number",
    ),
)
DEFINITIONS: dict[str, str] = {measure.name: measure.definition for measure in MEASURES}
