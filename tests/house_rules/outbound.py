"""Every member of every body that leaves with success, and for which kinds of organisation."""

from collections import defaultdict

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.permissions import OPERATIONS
from casefile_api.events import EVENT_TYPES, Told
from tests.contract.bodies import answers, objects
from tests.contract.coverage import METHODS, read_document

POLICE, CPS, OVERSIGHT, OPERATOR = OrganisationKind
HEAR: dict[Told, set[OrganisationKind]] = {
    Told.PARTIES: {POLICE, CPS},
    Told.POLICE_ONLY: {POLICE},
    Told.OWN_SIDE: {POLICE, CPS},
    Told.ACTOR_AND_OWNER: {POLICE, CPS},
    Told.OWNER: {POLICE},
    Told.ORGANISATION: {POLICE, CPS, OVERSIGHT, OPERATOR},
    Told.OVERSIGHT: {OVERSIGHT},
}
IN_A_LINE = ("EntryItem", "inclusion")
"""What an entry has in a line of NDJSON alone, which the document describes as text."""


def outbound() -> dict[tuple[str, str], set[OrganisationKind]]:
    """Body and member, with the kinds of organisation that some operation answers it to or some event tells it."""
    document, found = read_document(), defaultdict(set)
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for method, operation in item.items():
            if method in METHODS:
                name = operation["operationId"]
                kinds = set(OrganisationKind) if OPERATIONS[name].open else set(OPERATIONS[name].grants)
                met: set[str] = set()
                for _, _, schema in answers(operation):
                    for body, members in objects(schemas, schema, name, met):
                        for member in members:
                            found[body, member] |= kinds
    for event in EVENT_TYPES.values():
        for member in event.members:
            found[event.name, member] |= HEAR[event.told]
    found[IN_A_LINE] |= set(OPERATIONS["list_audit_entries"].grants)
    return found
