"""What leaves for whom: one row for every member of every outbound body, one word for every kind of organisation.

A body that is described where it is answered has the name of the operation; the data of an event that of its type.
`all`: as it is. `own`: only what is of the reader's own organisation. `-`: no operation answers it to that kind at all.
A version's content is no row of this table: it is served whole or not at all.
"""

import csv
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files

from casefile_api.access.caller import OrganisationKind


class Leaves(StrEnum):
    """How much of a member leaves for a kind of organisation."""

    ALL = "all"
    OWN = "own"
    NEVER = "-"


def _read() -> Mapping[tuple[str, str], Mapping[OrganisationKind, Leaves]]:
    table = files("casefile_api.access").joinpath("field_policy.csv").read_text("utf-8")
    return {
        (line["body"], line["member"]): {kind: Leaves(line[kind.value]) for kind in OrganisationKind}
        for line in csv.DictReader(table.splitlines())
    }


FIELDS = _read()


def own_alone(body: str, member: str, kind: OrganisationKind) -> bool:
    """Say whether of this member only what is the reader's own organisation's leaves.

    An unknown body or member is a programming error (KeyError): what has no row leaves for nobody.
    """
    return FIELDS[body, member][kind] is not Leaves.ALL
