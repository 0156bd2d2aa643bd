"""The caller: whom a request is made by, and why. Made by the guard from a verified token; trusted everywhere after."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from casefile_api.tenancy import Scope


class OrganisationKind(StrEnum):
    """The four kinds of organisation."""

    POLICE = "police"
    CPS = "cps"
    OVERSIGHT = "oversight"
    OPERATOR = "operator"


def kind_of(organisation: str) -> OrganisationKind:
    """Return the kind that an organisation's id tells (`police-53`, `cps-direct`, `oversight-hmcpsi`, `operator`)."""
    return OrganisationKind(organisation.split("-", 1)[0])


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A registered member of staff, as the token names them."""

    staff_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Justification:
    """Why the caller looks (DPA 2018 s.62): a code, and words that go to the erasable part of the log."""

    code: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling."""

    organisation: str
    kind: OrganisationKind
    client_id: str
    subject: str
    roles: frozenset[str]
    scopes: frozenset[str]
    staff: StaffMember | None = None
    unit: str | None = None
    justification: Justification | None = None
    token_id: str = ""
    # The issuer that vouched for the caller, where it is not this service itself.
    token_issuer: str | None = None

    @property
    def is_system(self) -> bool:
        """Say whether a system acts as itself."""
        return self.staff is None

    @property
    def staff_id(self) -> str | None:
        """Return the staff id of the person, None for a system."""
        return self.staff.staff_id if self.staff else None

    @property
    def principals(self) -> list[str]:
        """Return the names under which a restricted case file may admit the caller: the person, and each role."""
        person = [f"{self.organisation}/{self.staff.staff_id}"] if self.staff else []
        return [*person, *(f"{self.organisation}#{role}" for role in sorted(self.roles))]

    @property
    def scope(self) -> Scope:
        """Return for whom the database is to act."""
        return _scope_of(self)

    @property
    def force_code(self) -> str:
        """Return the force code of a police organisation."""
        return self.organisation.removeprefix("police-")

    def has_role(self, *roles: str) -> bool:
        """Say whether the caller acts in one of these roles."""
        return not self.roles.isdisjoint(roles)


@lru_cache(maxsize=10_000)
def _scope_of(caller: Caller) -> Scope:
    """Return for whom the database is to act: asked for with every statement of a caller."""
    return Scope(caller.organisation, caller.kind.value, tuple(caller.principals))
