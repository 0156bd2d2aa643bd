"""The order of a list, read off an index: those of the caller's place, so many from where the page before ended.

`case_file_party` has a row for each unit that a case file is with, in the order of its changes. Who sees a whole force
or Area goes along their first rows, others along those of their unit and of what names them. What is seen of each row
is asked afterwards: a walk is never more than a place, and it opens nothing.
"""

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.queries import SEES_WHOLE_AREA, SEES_WHOLE_FORCE

_NAMED = """
    select p.case_file_id, p.created_at, p.updated_at from casefile_naming(:staff_id) named(id)
    join case_file_party p on p.case_file_id = named.id and p.organisation = :organisation and p.first
    """


def walk(caller: Caller, column: str, *, falling: bool, further: bool) -> str:
    """Return the SQL of the next :walked rows by a time of theirs; binds what `sight_of` gives.

    A walk that goes on binds :after_key and :after_id, where it was before.
    """
    order = f"order by {column} {'desc' if falling else 'asc'}, case_file_id {'desc' if falling else 'asc'}"
    past = f" and (p.{column}, p.case_file_id) {'<' if falling else '>'} (:after_key, :after_id)" if further else ""
    cut = f"{past} {order} limit :walked"
    whole = caller.has_role(*SEES_WHOLE_FORCE, *SEES_WHOLE_AREA)
    place = "p.first" if whole else "p.unit = :unit"
    own = (
        "select p.case_file_id, p.created_at, p.updated_at from case_file_party p"
        f" where p.organisation = :organisation and {place}{cut}"
    )
    if whole or caller.kind is not OrganisationKind.POLICE:
        return own
    return f"({own}) union ({_NAMED} where true{cut}) {order} limit :walked"
