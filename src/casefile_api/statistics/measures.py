"""What each figure means. A figure without its definition is an argument waiting to happen."""

from collections.abc import Mapping

DEFINITIONS: Mapping[str, str] = {
    "period": "Requests first submitted on a London date from `from` to `to`, both included.",
    "requests": "How many requests for early advice were submitted in the period.",
    "first_time_acceptance": "Of the requests that triage decided on, how many it accepted at its first decision; "
    "`rate_percent` is accepted as a percentage of decided.",
    "return_reasons": "How often triage returned one of these requests for each coded reason; a return may have "
    "several.",
    "clocks": "For each kind of deadline, over the clocks that have stopped: London dates from start to stop, less the "
    "days paused; the median and the 90th percentile, interpolated. `side` is who answers for it.",
    "breaches": "How many clocks of the kind passed 23:59:59 London time of their due date before they were stopped or "
    "paused, those still running included.",
    "sides": "For each side, the days for which it held a request in all, from step to step: `with` in the state that "
    "the step led to. What is still open counts up to now.",
    "actions": "How many actions prosecutors set; `per_request` is their mean over requests that were advised; `late` "
    "are those that the police first answered, or have not answered, after the date.",
    "outcomes": "How many of the requests are in each state now.",
    "suppression": "For oversight callers a count from 1 to 4, and what is worked out from fewer than 5, is null.",
}
