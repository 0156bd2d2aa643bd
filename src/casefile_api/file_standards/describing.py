"""`docs/file-standards.md`: the language of the standards and their tables, written from the tables themselves.

To write it anew: `python -m casefile_api.file_standards.describing > docs/file-standards.md`.
"""

from datetime import date

from casefile_api.file_standards.rules import WORDS
from casefile_api.file_standards.standards import Level, Rule, Standard, list_standards

NEWEST = date.max

OPENING = """# File standards

<!-- Written by `python -m casefile_api.file_standards.describing`; change the tables, not this page. -->

Is this file good enough for what it is being sent for? `GET /v1/case-files/{id}/versions/{n}/readiness?standard=…`
holds a version against a standard, and `GET /v1/early-advice-requests/{id}/readiness` the newest version together
with the request. Each requirement is `met`, `missing` or `not_applicable`, with a pointer to the place, a sentence,
the mend, and the triage reasons and assessment failures that it prevents.

* **required**: a file without it is not ready. An early-advice request cannot be submitted until nothing required
  is missing.
* **advisory**: it is said, and stops nothing. What is advisory here may still be a reason for a prosecutor to ask.
* Before anything is sent, `POST /v1/case-files/check` tells of a content that is not stored what would refuse it, what
  is doubtful, and how it stands by the standards named, together with a request where one is given. Nothing of it is
  kept; the log has that such a check was made, by whom, and no case file.
* `dates` are what follows from the content by law: when detention without charge, bail and custody time limits run
  out, the last day to begin proceedings for a summary offence, and how many days it took from the report to knowing
  and to hearing the suspect. The lengths are the dated code lists `legal_clock` and `bail_stage`.
* Some requirements belong to the request (its facts, its questions). When a version is judged alone they are
  `not_applicable` and say so.

## The tables, and how to change them

The tables are data: `src/casefile_api/file_standards/standards/`. `requirements.toml` says each requirement once:
its title, what it `requires`, the case it `applies_when`, the message, the mend, and what it `prevents`. Each
standard is a file of rows:

```toml
[[rules]]
requirement = "third_party_material"
level = "advisory"
applies_when = { when = "rasso" }   # optional, beside that of the requirement
valid_from = 2027-04-01             # optional; both days are included
valid_to = 2028-03-31
```

A change of policy is a new row with a `valid_from`, and a `valid_to` on the old one: files are judged by the rows
of the day. `rule_set` in an answer names the standard and the day since which its rows are what they are.

`casefile-api standards list` tells what is in force, `standards test` tries every row on a file that meets it and on
one that does not (`samples.toml`), and `standards load FOLDER --owner national --valid-from DAY` puts newer tables
into force without a release. What counted before goes on counting for the days before.

### Rules of a force

A force may add rules of its own, and never change a national one: its requirements and conditions have names that begin
with `local_`. They come in one file, are tried like the national ones, and count for that force's files from a day on:
`casefile-api standards load rules.toml --owner police-53 --valid-from 2027-01-01`.

```toml
[requirements.local_body_map]
title = "Body map"
requires = { some = { in = "content.material", where = { one_of = { path = "item.title", values = ["Body map"] } } } }
message = "There is no body map."
mend = "Add the body map."
prevents = ["EVID_MEDICAL"]

[samples.local_body_map.missing]                  # the example of a content misses it …
[samples.local_body_map.met]                      # … and meets it with this member
set = { "content.material" = [{ id = "m1", kind = "OTHER_MATERIAL", title = "Body map" }] }

[[rules]]
standard = "early_advice"
requirement = "local_body_map"
level = "advisory"
valid_from = 2027-01-01
```

### Verdicts that are kept

When a request is submitted, the verdict it stood on is kept: each requirement's outcome, the envelope and the request
as they were (sealed with the case's key), the day, and the digests of the rule sets. Every set that a verdict was given
by is kept too. `casefile-api standards replay CASE_FILE_ID` gives the verdicts again by the rules of then, and fails
where one comes out otherwise. A readiness that is only asked for is not kept: the version never changes, and the answer
names its rule set.

## The language

A condition is a table with one word. Paths are dotted and begin with `content`, `envelope`, `request` or, inside a
list, with `item`.

| word | holds when |
|---|---|
"""

MEANINGS = {
    "present": '`"path"`: a text there is not blank, a list or object is not empty; any other value is there',
    "given": '`"path"`: the member is there, be it empty (an empty list of needs says that there are none)',
    "one_of": "`{path, values}`: the member is one of the values",
    "named_in": "`{path, in, member}`: an item of the list `in` names, in its `member`, what stands at `path`",
    "some": "`{in, where}`: at least one item of the list meets the condition",
    "each": "`{in, where?, satisfies}`: every item that `where` picks meets it; over none it is not applicable",
    "all": "`[…]`: every condition of the list holds",
    "any": "`[…]`: one of them is met",
    "none": "`[…]`: none of them is met",
    "when": '`"name"`: the condition of that name under `[conditions]` holds',
}


def standards_page() -> str:
    """Return the page, with the rows that are newest."""
    words = "".join(f"| `{word}` | {MEANINGS[word]} |\n" for word in WORDS)
    return OPENING + words + "".join(_section(standard) for standard in list_standards(NEWEST))


def _section(standard: Standard) -> str:
    lines = ["", f"## {standard.title}", "", f"`standard={standard.name}`. Source: {standard.source}.", ""]
    lines += ["| requirement | | applies when | prevents |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_row(rule) for rule in standard.rules), ""])


def _row(rule: Rule) -> str:
    level = "**required**" if rule.level is Level.REQUIRED else "advisory"
    cases = ", ".join(condition.replace("_", " ") for condition in rule.conditions)
    prevents = ", ".join(f"`{reason}`" for reason in rule.prevents)
    return f"| `{rule.code}`: {rule.title} | {level} | {cases} | {prevents} |"


if __name__ == "__main__":
    print(standards_page(), end="")
