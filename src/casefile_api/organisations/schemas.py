"""Bodies of organisations, units and staff: what callers send and get, and what an administrator's file holds."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.permissions import ROLES
from casefile_api.organisations.models import Organisation, Staff, Unit
from casefile_api.web.bodies import Body
from casefile_api.web.etags import tag_of

STAFF_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PERSONAL_ROLES = tuple(dict.fromkeys(role for roles in ROLES.values() for role in roles if role != "system"))

UnitKind = Literal["rasso", "magistrates_court", "crown_court", "complex_casework", "police_team"]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
Slug = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
StaffIdText = Annotated[str, StringConstraints(pattern=STAFF_ID_PATTERN)]
Role = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")]


class PutStaffRequest(Body):
    """A member of the caller's own staff as they are to be registered; what is left out is not kept."""

    name: Words
    rank: Words | None = None
    roles: tuple[Role, ...] = Field(min_length=1, max_length=10, description="roles of this kind of organisation")
    unit: Slug | None = Field(None, description="a unit of the caller's own organisation")
    active: bool = True


class StaffEntry(PutStaffRequest):
    """A member of staff in an administrator's file, which may hold those of several organisations."""

    organisation: Slug
    staff_id: StaffIdText


class StaffFile(Body):
    """What `staff load` reads."""

    staff: tuple[StaffEntry, ...]


class UnitEntry(Body):
    """A unit in an administrator's file."""

    id: Slug
    kind: UnitKind
    name: Words
    valid_from: date = date(2000, 1, 1)
    valid_until: date | None = None


class OrganisationEntry(Body):
    """An organisation with its units in an administrator's file."""

    id: Slug
    name: Words
    cps_area: Words | None = None
    remit: Slug | None = Field(None, description="oversight: `all`, or the id of the one force it oversees")
    valid_from: date = date(2000, 1, 1)
    valid_until: date | None = None
    units: tuple[UnitEntry, ...] = ()


class OrganisationsFile(Body):
    """What `organisations load` reads."""

    organisations: tuple[OrganisationEntry, ...]


def organisation_view(row: Organisation) -> dict[str, Any]:
    """Return an organisation as everyone sees it."""
    view = {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }
    return with_tag(_with_known(view, force_code=row.force_code, cps_area=row.cps_area, remit=row.remit))


def unit_view(row: Unit) -> dict[str, Any]:
    """Return a unit as everyone sees it."""
    return with_tag(
        {
            "id": row.id,
            "organisation": row.organisation,
            "kind": row.kind,
            "name": row.name,
            "valid_from": row.valid_from.isoformat(),
            "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        }
    )


def staff_view(row: Staff) -> dict[str, Any]:
    """Return a member of staff as their own organisation sees them."""
    view = {
        "staff_id": row.staff_id,
        "name": row.name,
        "roles": list(row.roles),
        "active": row.active,
    }
    return _with_known(view, rank=row.rank, unit=row.unit)


def with_tag(view: dict[str, Any]) -> dict[str, Any]:
    """Return an item of a list with its tag."""
    return {**view, "etag": tag_of(view)}


def roles_of(kind: OrganisationKind) -> frozenset[str]:
    """Return the roles that staff of such an organisation may hold."""
    return frozenset(ROLES[kind]) - {"system"}


def _with_known(view: dict[str, Any], **optional: str | None) -> dict[str, Any]:
    return {**view, **{name: value for name, value in optional.items() if value is not None}}
