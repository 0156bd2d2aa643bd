"""Conflicts of interest: who is in a case as a party, or is declared to have an interest in it, is shut out of it.

A party is shut out by the version that names them, and stays so when a later version does not: who was a suspect is not
to read the file afterwards. What was a mistake is withdrawn by name and with a reason.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.caller import Caller
from casefile_api.case_files.principals import person
from casefile_api.errors import Fault, Invalid
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.strict_json import pointer_of

PARTIES = ("suspects", "complainants", "witnesses")
RESPONSIBLE = ("officer_in_charge", "supervisor", "disclosure_officer")

_NAMED_IN = text(
    """
    insert into case_file_conflict (id, case_file_id, organisation, staff_id, kind, since, declared_by, version)
    select id, :case, organisation, staff_id, 'party', :now, cast(:by as jsonb), :version
    from unnest(cast(:ids as uuid[]), cast(:organisations as text[]), cast(:staff as text[]))
         named(id, organisation, staff_id)
    on conflict (case_file_id, organisation, staff_id, kind) where withdrawn_at is null do nothing
    """
)
_SHUT_OUT = text(
    """
    update case_file set shut_out = array(
        select distinct x.organisation || '/' || x.staff_id from case_file_conflict x
        where x.case_file_id = :case and x.withdrawn_at is null order by 1)
    where id = :case
    """
)


def parties_named(content: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the members of staff that a content names as parties: principal to organisation and staff id."""
    found = {}
    for section in PARTIES:
        for item in content.get(section, []):
            named = item.get("staff") if isinstance(item, dict) else None
            if isinstance(named, dict):
                found[person(named["organisation"], named["staff_id"])] = (named["organisation"], named["staff_id"])
    return found


def refuse_interested(content: Mapping[str, Any], caller: Caller, shut_out: Sequence[str]) -> None:
    """Refuse a content that puts somebody in charge who is shut out, or a writer who names themselves as a party.

    Raises Invalid naming each place.
    """
    parties = parties_named(content)
    kept_out = {*parties, *shut_out}
    mend = "Name somebody who has no interest in the case."
    faults = [
        Fault("conflict_of_interest", mend, pointer=pointer_of(("content", duty, "staff_id")))
        for duty in RESPONSIBLE
        if isinstance(content.get(duty), dict)
        and content[duty].get("staff_id")
        and person(caller.organisation, content[duty]["staff_id"]) in kept_out
    ]
    if caller.staff_id and person(caller.organisation, caller.staff_id) in parties:
        mend = "Let a colleague record a case that you are a party to."
        faults.append(Fault("conflict_of_interest", mend, pointer=""))
    if faults:
        raise Invalid("Somebody in charge of the case has an interest in it.", *faults)


async def shut_out_parties(
    work: UnitOfWork, case_file_id: UUID, content: Mapping[str, Any], version: int, by: Mapping[str, Any]
) -> None:
    """Shut out the members of staff that a version names as parties."""
    named = parties_named(content)
    if not named:
        return
    values = {
        "case": case_file_id,
        "now": work.now,
        "by": json.dumps(by),
        "version": version,
        "ids": [new_id() for _ in named],
        "organisations": [organisation for organisation, _ in named.values()],
        "staff": [staff_id for _, staff_id in named.values()],
    }
    await work.session.execute(_NAMED_IN, values)
    await reckon_shut_out(work, case_file_id)


async def reckon_shut_out(work: UnitOfWork, case_file_id: UUID) -> None:
    """Note on the case file whom its conflicts shut out now; they can see nothing of it from here on."""
    await work.session.execute(_SHUT_OUT, {"case": case_file_id})
