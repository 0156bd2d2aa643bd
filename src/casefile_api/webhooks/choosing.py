"""Which events of the feed an endpoint asked for: by unit and by case type, beside the patterns of their names.

Both choices are about case files: an event of no case file goes by its name alone. A case file is with its force's unit
and with each CPS unit that something was shared with. Its case types are those of all the versions that the
organisation was ever given: whoever heard of it hears on, also that what they heard of was retracted; and what was
never shared is not told by what comes and what does not.
"""

from typing import LiteralString


def chosen(event: LiteralString, units: LiteralString, case_types: LiteralString) -> LiteralString:
    """Return the SQL condition that an event is of a unit and of a case type of two lists; an empty list is all."""
    with_unit: LiteralString = (
        f"exists (select from case_file_party w where w.case_file_id = {event}.case_file_id"
        f" and w.organisation = {event}.organisation and w.unit = any({units}))"
    )
    of_type: LiteralString = (
        f"exists (select from case_file_version v where v.case_file_id = {event}.case_file_id"
        f" and v.case_type = any({case_types})"
        f" and (exists (select from case_file c where c.id = v.case_file_id and c.organisation = {event}.organisation)"
        f" or exists (select from case_file_share s where s.case_file_id = v.case_file_id and s.number = v.number"
        f" and s.organisation = {event}.organisation)))"
    )
    return (
        f"({event}.case_file_id is null or"
        f" ((cardinality({units}) = 0 or {with_unit}) and (cardinality({case_types}) = 0 or {of_type})))"
    )
