"""`docs/measures.md`: what every figure means, written from the table that the service answers with.

To write it anew: `python -m casefile_api.statistics.describing > docs/measures.md`.
"""

from casefile_api.statistics.measures import MEASURES

OPENING = """# Measures

<!-- Written by `python -m casefile_api.statistics.describing`; change the table, not this page. -->

`GET /v1/statistics/early-advice?from=&to=&group_by=force|unit|month&unit=` answers figures, with these definitions in
`definitions`. `Accept: text/csv` gives one line a figure: `group,measure,key,figure,value`; what is null is empty.

* **Whose**: a force's own requests; those that are with an Area (after a transfer they are the new Area's); those of an
  inspectorate's remit. `unit` narrows them to one CPS unit. A restricted case file is in the figures of those alone
  whom it admits.
* **When**: by the London date of the first submission, but `workload` (what is open now) and `flow` (what happened in
  each month). Days are differences of London dates: received on Monday and answered on Tuesday is 1.
* **As of**: the moment of asking. Nothing is counted overnight, but `case_files`, which may be some seconds behind.
* **Medians** are exact, interpolated between the two middle days where there is an even number.

| measure | what it means | counted from | asked for by |
|---|---|---|---|
"""


def measures_page() -> str:
    """Return the page."""
    rows = (f"| `{each.name}` | {each.definition} | {each.counted_from} | {each.asked_by} |" for each in MEASURES)
    return OPENING + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(measures_page(), end="")
