"""Principals: who a restriction can name. `police-53/1401` is one person, `police-53#gatekeeper` all in a role.

No staff id, role or organisation holds a slash, a hash or a space, so that each reads back to what it was made from.
"""

from collections.abc import Mapping


def person(organisation: str, staff_id: str) -> str:
    """Return the principal of one member of staff."""
    return f"{organisation}/{staff_id}"


def everybody(organisation: str, role: str) -> str:
    """Return the principal of everybody who acts in a role of an organisation."""
    return f"{organisation}#{role}"


def described(principal: str) -> Mapping[str, str | None]:
    """Return a principal as it is answered."""
    organisation, slash, staff_id = principal.partition("/")
    if slash:
        return {"organisation": organisation, "staff_id": staff_id, "role": None}
    organisation, _, role = principal.partition("#")
    return {"organisation": organisation, "staff_id": None, "role": role}


def of_organisation(principal: str, organisation: str) -> bool:
    """Say whether a principal is of an organisation."""
    return described(principal)["organisation"] == organisation
