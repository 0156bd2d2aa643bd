"""The page that a joint performance meeting looks at: self-contained HTML, with a table behind every chart. Pure.

Nothing is loaded from anywhere and no script runs. Every chart says in words what it shows, and prints.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from casefile_api.statistics.charts import Series, bars, line, lying_bars

Json = Mapping[str, Any]
SIDES = {"police": "Police", "cps": "CPS", "both": "Action plan (both)"}
CLOCKS = {
    "advice": "Advice",
    "triage": "Triage",
    "police_response": "Police response",
    "action": "Actions",
    "appeal": "Appeals",
    "escalation_to_cps": "Escalations to the CPS",
    "escalation_to_police": "Escalations to the police",
}
_STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,"Segoe UI",Arial,sans-serif;color:#1b1f24;background:#fff;max-width:60rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2.2rem 0 .4rem;
border-bottom:2px solid #1d4e89;padding-bottom:.2rem}
p{margin:.4rem 0}.about{color:#444b55}
dl.key{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1.2rem 0}
dl.key div{border:1px solid #c9ced6;border-radius:.4rem;padding:.6rem .8rem}dl.key dt{font-size:.85rem;color:#444b55}
dl.key dd{margin:0;font-size:1.5rem;font-weight:600}
svg{width:100%;height:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.4rem 0 0}caption{text-align:left;color:#444b55;
padding:.2rem 0}
th,td{border-bottom:1px solid #c9ced6;padding:.25rem .5rem;text-align:right}th:first-child{text-align:left}
thead th{border-bottom:2px solid #1b1f24}tbody th{font-weight:400}
dl.words dt{font-weight:600;margin-top:.6rem}dl.words dd{margin:0 0 0 1rem}
@media (max-width:36rem){body{margin:1rem auto}table{font-size:.72rem}th,td{padding:.2rem .15rem;
overflow-wrap:anywhere}}
@media print{@page{size:A4;margin:12mm}body{font-size:10pt;line-height:1.4;margin:0;max-width:none;padding:0}
section{break-inside:avoid}section.words{break-before:page;break-inside:auto}h2{break-after:avoid}
svg{max-height:115mm}thead{display:table-header-group}tr{break-inside:avoid}
table{font-size:8.5pt}th,td{padding:.1rem .4rem}h2{margin-top:1.2rem}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
dl.key{grid-template-columns:repeat(5,1fr);gap:.5rem}}
"""


@dataclass(frozen=True)
class Report:
    """What the page is of: the unit, its figures, those by month, and the words for reasons."""

    unit: str
    figures: Json
    by_month: Json
    reason_title: Callable[[str], str]

    @property
    def whole(self) -> Json | None:
        """Return the one group of the figures."""
        return self.figures["groups"][0] if self.figures["groups"] else None


def report_page(report: Report) -> str:
    """Return the page."""
    told = report.figures
    title = f"Early advice: {report.unit}"
    period = f"Requests first submitted from {told['from']} to {told['to']}. Figures as of {told['as_of'][:16]}Z."
    parts = _sections(report) if report.whole else ["<section><p>There is nothing to show for this unit.</p></section>"]
    body = "".join(parts)
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(title)}</h1><p class="about">{escape(period)}</p>{_suppressed(told)}{body}{_words(told)}'
        "</main></body></html>\n"
    )


def _sections(report: Report) -> list[str]:
    whole = report.whole or {}
    months = report.by_month["groups"]
    return [
        _key_figures(whole),
        _arrivals(months),
        _ages(whole["workload"]),
        _days(whole),
        _reasons(whole, report.reason_title),
        _acceptance(months),
        _actions(whole["actions"]),
    ]


def _key_figures(whole: Json) -> str:
    missed = [one["breaches"] for one in whole["clocks"] if one["kind"] == "advice"]
    key = {
        "Requests": whole["requests"],
        "Accepted first time, %": whole["first_time_acceptance"]["rate_percent"],
        "Open now": whole["workload"]["open"],
        "Days to advice (median)": whole["days_to_advice"]["median_days"],
        "Days to advice (90th percentile)": whole["days_to_advice"]["p90_days"],
        "Advice deadlines missed": missed[0] if missed else 0,
        "Submissions per request": whole["rounds"]["submissions_per_request"],
        "Actions answered late or not": whole["actions"]["late"],
        "Led to a charge": whole["charges"]["led_to_charge"],
        "Days to the charge (median)": whole["charges"]["median_days"],
    }
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{_cell(value)}</dd></div>" for name, value in key.items())
    return f'<section><h2>At a glance</h2><dl class="key">{items}</dl></section>'


def _arrivals(months: Sequence[Json]) -> str:
    labels = [_month(one["group"]) for one in months]
    names = {"received": "Received", "returned": "Returned", "answered": "Advice given"}
    series = [Series(title, [one["flow"][name] for one in months]) for name, title in names.items()]
    chart = bars("Arrivals and answers by month", _says_flow(months), labels, series)
    rows = [(one["group"], *(one["flow"][name] for name in names)) for one in months]
    return _section("Arrivals and answers", _says_flow(months), chart, ("Month", *names.values()), rows)


def _says_flow(months: Sequence[Json]) -> str:
    received, answered = (sum(one["flow"][name] or 0 for one in months) for name in ("received", "answered"))
    came = f"In {len(months)} months {received} submissions came, those made again included;"
    return f"{came} advice was given {answered} times."


def _ages(workload: Json) -> str:
    bands = workload["ages"]
    labels = [_band(one) for one in bands]
    open_now, median = (_told(workload[name]) for name in ("open", "median_days"))
    says = f"{open_now} requests are open; half of them for {median} days or more."
    chart = bars("Age of what is open", says, labels, [Series("Open", [one["count"] for one in bands])])
    rows = [(label, one["count"]) for label, one in zip(labels, bands, strict=True)]
    held = [(SIDES[one["side"]], one["open"], one["median_days"], one["p90_days"]) for one in workload["sides"]]
    headings = ("Who holds it now", "Requests", "Days held, median", "90th percentile")
    return _section("Age of what is open", says, chart, ("Days since submission", "Requests"), rows, _table(
        "Who holds what is open, and for how long now", headings, held
    ))  # fmt: skip


def _days(whole: Json) -> str:
    turns = [(f"{SIDES[one['side']]}: a turn", one["turns"], one) for one in whole["sides"]]
    clocks = [(f"{CLOCKS[one['kind']]} deadline", one["stopped"], one) for one in whole["clocks"]]
    both = [*turns, *clocks]
    says = "Days for each turn of a side, and for each kind of deadline: the median and the 90th percentile."
    rows = [(label, (one["median_days"], one["p90_days"])) for label, _, one in both]
    chart = lying_bars("Where the days go", says, rows, ("Median", "90th percentile"))
    table = [(label, count, one["median_days"], one["p90_days"], one.get("breaches", "")) for label, count, one in both]
    headings = ("What", "How many", "Median days", "90th percentile", "Deadlines missed")
    return _section("Where the days go", says, chart, headings, table)


def _reasons(whole: Json, title: Callable[[str], str]) -> str:
    found = [(title(one["code"]), one["count"]) for one in whole["return_reasons"]]
    first = found[0][0] if found else "none"
    says = f"The most frequent reason was: {first}." if found else "Nothing was returned."
    chart = lying_bars("Reasons for return", says, [(_short(name), (count,)) for name, count in found], ("Times",))
    return _section("Reasons for return", says, chart if found else "", ("Reason", "Times"), found)


def _acceptance(months: Sequence[Json]) -> str:
    of = [one["first_time_acceptance"] for one in months]
    says = "What triage accepted at its first decision, in percent of what it decided on, by month of submission."
    series = Series("Accepted first time, %", [one["rate_percent"] for one in of])
    chart = line("First-time acceptance over time", says, [_month(one["group"]) for one in months], series)
    rows = [
        (month["group"], one["decided"], one["accepted"], one["rate_percent"])
        for month, one in zip(months, of, strict=True)
    ]
    return _section("First-time acceptance", says, chart, ("Month", "Decided", "Accepted", "%"), rows)


def _actions(actions: Json) -> str:
    named = {
        "Actions set": "count",
        "Actions per request advised": "per_request",
        "Times an action was set or sent back": "cycles_per_action",
        "Answered late or not at all": "late",
        "Not answered": "unanswered",
        "Days late, median": "late_median_days",
        "Days late, 90th percentile": "late_p90_days",
    }
    rows = [(title, actions[name]) for title, name in named.items()]
    return f"<section><h2>Action plans</h2>{_table('Actions and their lateness', ('What', 'Figure'), rows)}</section>"


def _section(
    title: str, says: str, chart: str, headings: Sequence[str], rows: Iterable[Sequence[object]], more: str = ""
) -> str:
    table = _table(title, headings, rows)
    return f"<section><h2>{escape(title)}</h2><p>{escape(says)}</p>{chart}{table}{more}</section>"


def _table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in headings)
    body = "".join(
        f'<tr><th scope="row">{_cell(row[0])}</th>{"".join(f"<td>{_cell(one)}</td>" for one in row[1:])}</tr>'
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _words(told: Json) -> str:
    items = "".join(
        f"<dt>{escape(name.replace('_', ' ').capitalize())}</dt><dd>{escape(means.replace('`', ''))}</dd>"
        for name, means in told["definitions"].items()
    )
    return f'<section class="words"><h2>What the figures mean</h2><dl class="words">{items}</dl></section>'


def _suppressed(told: Json) -> str:
    below = told["suppressed_below"]
    return f"<p>Counts below {below}, and what would give them away, are left out.</p>" if below else ""


def _cell(value: object) -> str:
    if value is None:
        return '<abbr title="left out or none">–</abbr>'
    return escape(_told(value))


def _told(value: object) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _band(band: Json) -> str:
    return f"{band['from_days']}+" if band["to_days"] is None else f"{band['from_days']}–{band['to_days']}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _month(group: str) -> str:
    """Return a month as charts label it: Nov 26."""
    return f"{_MONTHS[int(group[5:7]) - 1]} {group[2:4]}"


def _short(words: str) -> str:
    return words if len(words) <= 36 else f"{words[:35]}…"
