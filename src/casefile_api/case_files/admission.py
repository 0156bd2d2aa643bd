"""Who is let into a restricted case file, and who is kept out of one by a conflict of interest.

A principal is one person (`police-53/1401`) or everybody of an organisation in a role (`police-53#gatekeeper`,
`police-53#system`). Being admitted never widens what a caller's place gives them: it is asked beside it, and of systems
too. Somebody shut out is shut out whoever else admits them, and no broken glass lets them in.
"""

_MINE = "cast(:principals as text[])"


def let_in(alias: str = "c") -> str:
    """Return the SQL condition that a case file's restriction and conflicts let the caller in; binds :principals."""
    return f"(not {alias}.restricted or {alias}.admitted && {_MINE} or {glass_broken(alias)}) and {not_shut_out(alias)}"


def not_shut_out(alias: str = "c") -> str:
    """Return the SQL condition that no conflict of interest shuts the caller out; binds :principals."""
    return f"not {alias}.shut_out && {_MINE}"


def glass_broken(alias: str = "c") -> str:
    """Return the SQL condition that the caller broke the glass of a case file, and time is not up: real time."""
    return f"exists (select from case_file_break_glass g where {_open_for(alias)})"


def broken_glass_of(alias: str = "c") -> str:
    """Return the SQL expression of the break-glass by which alone the caller sees a case file; null where by right."""
    return (
        f"case when {alias}.restricted and not {alias}.admitted && {_MINE} then"
        f" (select g.id from case_file_break_glass g where {_open_for(alias)} order by g.until desc limit 1) end"
    )


def _open_for(alias: str) -> str:
    return f"g.case_file_id = {alias}.id and g.principal = any({_MINE}) and g.ended_at is null and g.until > now()"
