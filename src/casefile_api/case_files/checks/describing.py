"""`docs/problem-codes.md`: every problem code with its meaning, mend and source, written from the catalogue.

To write it anew: `python -m casefile_api.case_files.checks.describing > docs/problem-codes.md`.
"""

from casefile_api.case_files.checks.catalogue import PROBLEM_CODES, ProblemCode, ProblemLevel

OPENING = f"""# Problem codes of a content

<!-- Written by `python -m casefile_api.case_files.checks.describing`; change the catalogue, not this page. -->

What a content may not say, and what in it is doubtful: {len(PROBLEM_CODES)} codes, each stable. They are served at
`GET /v1/problem-codes` and `GET /v1/problem-codes/{{code}}`. Where one is raised, `pointer` (RFC 6901) leads to the
place, and the text never repeats what was sent.

* **shape** and **error**: the content is refused (422, `errors[].code`).
* **warning**: the content is taken; the warning is returned in `version.warnings`, kept with the version, and shown to
  everyone who reads it. At most 200 are kept.

`POST /v1/case-files/check` tells all of them for a content that is not stored.
"""
TITLES = {
    ProblemLevel.SHAPE: "What is not of the right shape",
    ProblemLevel.ERROR: "What refuses a content",
    ProblemLevel.WARNING: "What is only doubtful",
}


def codes_page() -> str:
    """Return the page."""
    return OPENING + "".join(_section(level) for level in ProblemLevel)


def _section(level: ProblemLevel) -> str:
    rows = [row for row in PROBLEM_CODES.values() if row.level is level]
    head = f"\n## {TITLES[level]}\n\n| code | where | what it says | what to do | source |\n|---|---|---|---|---|\n"
    return head + "".join(_row(row) for row in rows)


def _row(row: ProblemCode) -> str:
    return f"| `{row.code}` | {row.section} | {row.meaning} | {row.mend} | {row.source} |\n"


if __name__ == "__main__":
    print(codes_page(), end="")
