"""Since which version somebody asks what changed: since the one they saw last, or the one their unit was given last.

What a person saw is in the log already, durable before they saw it (DPA 2018 s.62): no mark is kept beside it.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import text

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files.queries import CaseFileRow, not_retracted, sight_of, visible_shares
from casefile_api.unit_of_work import Reading

NOTHING = 0
"""What stands for no version: everything is new since then."""


class Since(StrEnum):
    """A version that goes by who asks. Both are before the version that is asked about."""

    LAST_SEEN = "last-seen"
    LAST_SUBMITTED = "last-submitted"


_SHOWING = (
    "('get_case_file', 'get_version', 'get_changes', 'open_case_file', 'add_version', 'patch_case_file',"
    " 'restore_version', 'split_case_file')"
)
_SEEN = f"""
    select cast(convert_from(e.entry, 'UTF8') as jsonb) as said from audit_entry e
    where e.case_file_id = :id and e.organisation = :organisation and e.outcome = 'allowed' and e.action in {_SHOWING}
      and e.staff_id is not distinct from cast(:staff_id as text)
      and (cast(:staff_id as text) is not null or e.client_id = :client_id)"""


async def version_since(reading: Reading, case: CaseFileRow, since: Since, number: int) -> int:
    """Return the version before `number` that the caller saw last, or that was submitted last; 0 where there is none.

    What the caller may see no longer does not count, and what was retracted was never submitted. For the CPS, submitted
    is what was shared with the caller's unit (whole Areas: with any of theirs); for the police, with any unit.
    """
    cps = reading.caller.kind is OrganisationKind.CPS
    shared = "select from case_file_share s where s.case_file_id = :id and s.number = seen.number"
    if since is Since.LAST_SEEN:
        source = f"(select cast(said->>'target_version' as integer) as number from ({_SEEN}) entries) seen"
        allowed = f"exists ({shared} and {visible_shares(reading.caller)} and {not_retracted()})" if cps else "true"
    else:
        source = f"(select s.number from case_file_share s where s.case_file_id = :id and {not_retracted()}"
        source += f" and {visible_shares(reading.caller)}) seen" if cps else ") seen"
        allowed = "true"
    bind: dict[str, Any] = {"id": case.id, "number": number, "client_id": reading.caller.client_id}
    found = await reading.session.execute(
        text(f"select max(seen.number) from {source} where seen.number < :number and {allowed}"),
        {**bind, **sight_of(reading.caller)},
    )
    return int(found.scalar_one() or NOTHING)
