"""The SELECT that the service itself reads a case file with, for the yardstick to run."""

import re

from casefile_api.access.caller import Caller, OrganisationKind, StaffMember
from casefile_api.case_files.queries import newest_visible, sight_of
from casefile_api.case_files.views import statement_of_view
from tests.outside.client import Party

# The shortest statement that finds the same bytes.
PLAIN = "select body from case_file_version where case_file_id = %(id)s and number = 1"


def viewed_by(officer: Party) -> str:
    """The statement for this officer, the body first, as the driver takes it."""
    caller = Caller(
        organisation="police-53",
        kind=OrganisationKind.POLICE,
        client_id="bench",
        subject="bench",
        roles=frozenset({"officer"}),
        scopes=frozenset(),
        staff=StaffMember("bench", "bench"),
        unit="police-53-rasso",
    )
    statement = statement_of_view(caller, "case_file c", newest_visible(caller), body=True) + " where c.id = :id"
    for name, value in sight_of(caller).items():
        literal = (
            "array[" + ", ".join(f"'{item}'" for item in value) + "]::text[]"
            if isinstance(value, list)
            else f"'{value}'"
        )
        statement = re.sub(rf"(?<!:):{name}\b", literal, statement)
    statement = statement.replace("%", "%%").replace(":id", "%(id)s")
    return statement.replace("select ", "select v.body, ", 1)
