"""What one request, or one case file, adds to the figures: the only place where steps and clocks become counts.

Each fact is a measure, a key, a value and a count. Nothing of it goes by the time of asking but a running deadline that
has passed; ages are kept as days of the calendar, and reckoned when somebody asks.
"""

from collections.abc import Mapping

HELD_BY: Mapping[str, tuple[str, ...]] = {
    "police": ("draft", "information_requested", "refused", "returned"),
    "cps": ("accepted", "advised", "allocated", "appealed", "manager_review", "submitted"),
    "both": ("action_plan_open",),
    "none": ("administratively_finalised", "completed", "withdrawn"),
}
"""Who holds a request in each state; a test holds it against the workflow, whose room is not for this one to enter."""
SPANS = (12, 3, 1)
"""Over how many months sums are kept: calendar years, quarters and months."""
NO_REASON = "NO_REASON_RECORDED"
"""In place of a code: nobody said why early advice was not sought."""
EPOCH_DAY = "date '2000-01-01'"
"""Days of the calendar are kept as numbers from here."""


def london(moment: str) -> str:
    """Return the SQL of the London date of a moment."""
    return f"({moment} at time zone 'Europe/London')::date"


def month(moment: str) -> str:
    """Return the SQL of the London month of a moment."""
    return f"to_char({moment} at time zone 'Europe/London', 'YYYY-MM')"


def _holder(state: str) -> str:
    """Return the SQL of who holds a request in a state."""
    whens = [f"when {state} in ({_listed(states)}) then '{side}'" for side, states in HELD_BY.items()]
    return f"case {' '.join(whens)} end"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_ENDED = _listed(HELD_BY["none"])
_DAYS = f"{london('c.stopped_at')} - {london('c.started_at')}"
_PAUSED = f"case when c.paused_at is null then 0 else {london('c.stopped_at')} - {london('c.paused_at')} end"
_PASSED = "least(coalesce(c.stopped_at, :now), c.paused_at) >= c.due_at + interval '1 second'"

REQUESTS = f"""
    select r.id, r.case_file_id, r.organisation, r.cps_organisation as area, r.cps_unit as unit, r.state,
           {london("r.submitted_at")} as day, r.submitted_at, r.suspect_ids
    from early_advice_request r where r.submitted_at is not null and r.cps_unit is not null"""
"""Every request that was submitted, as `FACTS` takes it."""

_BASES = f"""
    steps as materialized (
        select s.request_id as id, s.number, s.step, s.at, s.codes, {_holder("s.state_to")} as side
        from requests r join early_advice_step s on s.request_id = r.id),
    changes as (
        select id, number, at, side, lag(side) over (partition by id order by number) is distinct from side as begins
        from steps),
    turns as (
        select id, side, at, lead(at) over (partition by id order by number) as until from changes where begins),
    clocks as materialized (
        select c.request_id as id, c.action_id, c.kind, c.started_at, c.stopped_at, c.due_on, c.paused_at,
               {_DAYS} - c.paused_days - {_PAUSED} as days, coalesce({_PASSED}, false) as passed
        from requests r join early_advice_clock c on c.request_id = r.id),
    answers as (
        select distinct on (s.action_id) s.action_id, s.at
        from requests r join early_advice_action a on a.request_id = r.id
        join early_advice_action_step s on s.action_id = a.id
        where s.step = 'return' order by s.action_id, s.number),
    outcomes as materialized (
        select distinct on (o.request_id, o.suspect_id) o.request_id as id, o.suspect_id, o.code, o.decided_on
        from requests r join early_advice_outcome o on o.request_id = r.id
        order by o.request_id, o.suspect_id, o.recorded_at desc, o.id desc),
    told_charges as (select id, decided_on as day from outcomes where code = 'CHARGE'),
    known_charges as (
        select id, day from told_charges
        union all
        select r.id, c.charged_on from requests r join case_file_charge c on c.case_file_id = r.case_file_id
        where r.suspect_ids ? c.suspect_id
              and not exists (select from outcomes o where o.id = r.id and o.suspect_id = c.suspect_id)),
    actions as materialized (
        select a.request_id as id, a.id as action_id, a.cycle, w.at as answered_at,
               (select {london("w.at")} - max(c.due_on) from clocks c
                where c.action_id = a.id and c.stopped_at = w.at) as late_days,
               exists (select from clocks c where c.action_id = a.id and c.passed) as passed
        from requests r join early_advice_action a on a.request_id = r.id left join answers w on w.action_id = a.id)"""


def _charge(measure: str, charges: str) -> str:
    """Return the SQL of whether a request led to a charge on the day it was received or later, and after how long."""
    return f"""select r.id, '{measure}', case when c.days is null then 'none' else 'led' end, coalesce(c.days, 0), 1
        from requests r left join (
            select k.id, min(k.day - q.day) as days from {charges} k join requests q on q.id = k.id and k.day >= q.day
            group by k.id) c on c.id = r.id"""


# Each of these selects id, measure, key, value, count.
FACTS: Mapping[str, str] = {
    "requests": "select id, 'requests', '', 0, 1 from requests",
    "state": "select id, 'state', state, 0, 1 from requests",
    "first_decision": """select * from (
        select distinct on (id) id, 'first_decision', step, 0, 1 from steps where step in ('accept', 'return')
        order by id, number) first""",
    "return_reason": """select id, 'return_reason', code, 0, count(*)
        from steps, jsonb_array_elements_text(codes) code where step = 'return' group by id, code""",
    "clock": """select id, 'clock', kind, days, count(*) from clocks where stopped_at is not null
        group by id, kind, days""",
    "breach": "select id, 'breach', kind, 0, count(*) from clocks where passed group by id, kind",
    "turn": f"""select id, 'turn', side, {london("until")} - {london("at")}, count(*) from turns
        where until is not null and side <> 'none' group by 1, 3, 4""",
    "holding": f"""select id, 'holding', side, {london("at")} - {EPOCH_DAY}, 1 from turns
        where until is null and side <> 'none'""",
    "open": f"""select id, 'open', '', day - {EPOCH_DAY}, 1 from requests where state not in ({_ENDED})""",
    "submissions": """select id, 'submissions', case when count(*) = 1 then 'once' else 'again' end, count(*), 1
        from steps where step = 'submit' group by id""",
    "questions": """select r.id, 'questions', '',
        (select count(*) from steps s where s.id = r.id and s.step = 'request-information'), 1 from requests r""",
    "days_to_advice": f"""select r.id, 'days_to_advice', '', {london("min(s.at)")} - r.day, 1
        from requests r join steps s on s.id = r.id and s.step = 'advise' group by r.id, r.day""",
    "actions": """select r.id, 'actions', '', (select count(*) from actions a where a.id = r.id), 1
        from requests r where exists (select from steps s where s.id = r.id and s.step = 'advise')""",
    "cycles": "select id, 'cycles', '', cycle, count(*) from actions group by id, cycle",
    "late": """select id, 'late', 'answered', late_days, count(*) from actions where late_days > 0
        group by id, late_days""",
    "unanswered": """select id, 'late', 'unanswered', 0, count(*) from actions where answered_at is null and passed
        group by id""",
    "charge": _charge("charge", "known_charges"),
    "charge_told": _charge("charge_told", "told_charges"),
    "received": f"select id, 'received', {month('at')}, 0, count(*) from steps where step = 'submit' group by 1, 3",
    "returned": f"select id, 'returned', {month('at')}, 0, count(*) from steps where step = 'return' group by 1, 3",
    "answered": f"select id, 'answered', {month('at')}, 0, count(*) from steps where step = 'advise' group by 1, 3",
}
FLOW = ("received", "returned", "answered")
"""Measures whose key is the month in which it happened, whenever the request was first submitted."""

ITEMS = f"{_BASES}, items (id, measure, key, value, count) as (\n{' union all '.join(FACTS.values())})"
"""Common table expressions: from `requests` to `items`, every fact of them."""

CASE_FILES = f"""
    select c.id, c.id as case_file_id, c.organisation, u.organisation as area, c.cps_unit as unit,
           {london("p.created_at")} as day,
           case when sought.is_so then 'with' else 'without' end as key,
           case when not sought.is_so then coalesce((
               select n.code from early_advice_not_sought n where n.case_file_id = c.id
               order by n.recorded_at desc, n.id desc limit 1), '{NO_REASON}') end as why_not
    from case_file c join unit u on u.id = c.cps_unit and u.kind = 'rasso'
    join case_file_party p on p.case_file_id = c.id and p.organisation = c.organisation and p.first,
    lateral (select exists (select from early_advice_request r where r.case_file_id = c.id
                            and r.submitted_at is not null) as is_so) sought"""
"""Every case file meant for a RASSO unit, whether a request was submitted for it, and if not the newest reason told."""
