"""Every member of an answer, as it left for somebody, held against the one table of what leaves for whom."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.field_policy import Leaves
from tests.contract import bodies
from tests.contract.coverage import OPENAPI, Documented, documented, path_of, read_document

Table = Mapping[tuple[str, str], Mapping[OrganisationKind, Leaves]]
NDJSON = "application/x-ndjson"


@dataclass(frozen=True)
class Member:
    """A member as it left for somebody of an organisation."""

    operation: str
    organisation: str
    body: str
    member: str
    value: Any

    def wrong(self, table: Table) -> str | None:
        """What the table says against it, if it does."""
        row, kind = table.get((self.body, self.member)), OrganisationKind(self.organisation.partition("-")[0])
        if row is None:
            return f"{self.operation}: {self.body}.{self.member} has no row"
        kept = row[kind] is Leaves.NEVER and self.value is not None
        if kept or (row[kind] is Leaves.OWN and not _own(self.value, self.organisation)):
            return f"{self.operation}: {self.body}.{self.member} left for {kind}, whose cell is {row[kind]}"
        return None


def _own(value: Any, organisation: str) -> bool:
    """Whether a value speaks of one organisation alone: of its unit, of itself, or each of a list does."""
    if isinstance(value, list):
        return all(_own(each, organisation) for each in value)
    named = value["organisation"] if isinstance(value, dict) else value
    return named is None or f"{named}-".startswith(f"{organisation}-")


def wrong(told: list[Member], table: Table) -> set[str]:
    """All that left and should not have."""
    return {found for one in told if (found := one.wrong(table))}


def members(organisation: str, answer: Any) -> Iterator[Member]:
    """Every member of every described object in an answer of success; none where it is no JSON."""
    document, operation = read_document(), _operation(answer.request.method, path_of(str(answer.request.url)))
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    described = document["paths"][operation.template][operation.method.lower()]
    if not (answer.is_success and media_type.endswith("json")):
        return
    values = [json.loads(line) for line in answer.text.splitlines()] if media_type == NDJSON else [answer.json()]
    for status, of_type, schema in bodies.answers(described):
        if (status, of_type) == (str(answer.status_code), media_type):
            of_lines = {"$ref": "#/components/schemas/EntryItem"} if media_type == NDJSON else schema
            for value in values:
                for found in bodies.left(document["components"]["schemas"], of_lines, operation.name, value):
                    yield Member(operation.name, organisation, *found)


def _operation(method: str, path: str) -> Documented:
    fitting = [one for one in _documented(OPENAPI) if one.method == method and one.pattern.match(path)]
    return min(fitting, key=lambda one: one.template.count("{"))


@lru_cache(maxsize=1)
def _documented(_of: object) -> list[Documented]:
    return documented(read_document())
