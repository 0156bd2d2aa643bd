"""`docs/content.md`: every member of a content, every check and every warning, written from what the service itself
obeys.

To write it anew: `python -m casefile_api.case_files.content.describing > docs/content.md`.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

from casefile_api.case_files.content.publishing import NEWEST, described
from casefile_api.web.strict_json import LIMITS

Schema: TypeAlias = Mapping[str, object]

OPENING = f"""# The content of a case file

<!-- Written by `python -m casefile_api.case_files.content.describing`; change the models, not this page. -->

A case file is a container of numbered versions. Each version has one **content**: what police say of the suspects,
the offences, the material and the enquiries. It is sent whole (`POST /v1/case-files`, `POST …/versions`) or as a
patch of the newest version (`PATCH /v1/case-files/{{id}}`), and it is kept, hashed and given back **exactly as it
was parsed**: nothing is added, trimmed, re-ordered or normalised.

* Every list is of objects with an `id` that the sender chooses. It is unique in its list and stays the same from
  version to version: changes are told by it. References (`suspect_ids`, `material_ids` …) are such ids, and each
  must lead somewhere.
* A list that is left out is an empty one. `null` is never sent, except inside `extensions`, and in a merge patch,
  where it removes a member.
* A member that is not described here is refused, except inside `extensions`, which is kept as sent.
* Words from a list of this service are lower snake case; codes of a published list are written as in the list. All
  are at `/v1/code-lists/{{name}}`.
* OFFICIAL and OFFICIAL-SENSITIVE alone are held. A content that says `secret` or `top_secret`, or material that is
  `highly_sensitive`, is refused, and goes by the means approved for it.
* The file is about the suspect first: what a suspect did (`conduct_summary`) stands before anything about a
  complainant. Complainants are anonymous for life; use a `pseudonym`, and never a name in a text.

* Every version says by which schema its content was written (`version.content_schema`). The schemas are at
  `/v1/schemas`; what is sent now is held to the newest, {NEWEST}. A schema only ever gains members, so a content of an
  older one is read for ever and may be sent again.
* What somebody thinks is kept apart from what is known (DPA 2018 s.38(2)): members marked *Opinion* hold a view, and
  `opinions` says whose it is and what it rests on.

JSON may be nested {LIMITS.depth} levels deep; a list holds {LIMITS.items:,} items at most, a string
{LIMITS.characters:,} characters, a member's name {LIMITS.name_characters}. Only whole numbers within ±(2^53−1) are
accepted.

"""

CHECKED = """
## What is checked

A content of the right shape is then checked against itself, the code lists and the calendar. Errors refuse it (422
with a pointer to the place); warnings are returned in `version.warnings`, kept, and stop nothing. Each has a stable
code with its meaning and mend: [problem codes](problem-codes.md).
"""


def content_page() -> str:
    """Return the page."""
    schema = cast(Schema, described())
    parts = cast(Mapping[str, Schema], schema["$defs"])
    tables = [_table("The content", schema), *(_table(name, part) for name, part in _objects(parts))]
    return OPENING + "\n".join(tables) + CHECKED


def _objects(parts: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    yield from ((name, part) for name, part in sorted(parts.items()) if part.get("type") == "object")


def _table(name: str, part: Schema) -> str:
    required = cast(list[str], part.get("required", []))
    members = cast(Mapping[str, Schema], part["properties"])
    people = f" People of the category *{part['x-data-subject']}*." if "x-data-subject" in part else ""
    lines = [f"## {name}", "", f"{part['description']}{people}", "", f"Source: {part['x-source']}.", ""]
    lines += ["| member | | required | | example |", "|---|---|---|---|---|"]
    for member, schema in members.items():
        text = " ".join(str(schema.get("description", "")).split())
        opinion = " *Opinion.*" if schema.get("x-nature") == "opinion" else ""
        source = f" ({schema['x-source']})" if schema["x-source"] != part["x-source"] else ""
        wanted = "yes" if member in required else ""
        lines.append(f"| `{member}` | {_kind(schema)} | {wanted} | {text}{opinion}{source} | {_example(schema)} |")
    return "\n".join([*lines, ""])


def _example(described: Schema) -> str:
    """Show a plain example; what is made of parts is shown with its parts."""
    first = cast(list[object], described.get("examples", [""]))[0]
    first = first[0] if isinstance(first, list) and first else first
    if isinstance(first, dict | list) or first == "":
        return ""
    text = str(first).lower() if isinstance(first, bool) else str(first)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _kind(described: Schema) -> str:
    if "$ref" in described:
        name = str(described["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "x-code-list" in described:
        return f"code of `{described['x-code-list']}`"
    if described.get("type") == "array":
        most = f", at most {described['maxItems']:,}" if "maxItems" in described else ""
        return f"list of: {_kind(cast(Schema, described['items']))}{most}"
    if "format" in described:
        return str(described["format"])
    if described.get("type") == "integer":
        return f"integer, {described['minimum']:,} to {described['maximum']:,}"
    longest = described.get("maxLength")
    return f"{described.get('type', 'anything')}{f', at most {longest:,}' if isinstance(longest, int) else ''}"


if __name__ == "__main__":
    print(content_page(), end="")
