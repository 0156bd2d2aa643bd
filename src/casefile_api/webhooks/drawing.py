"""The catalogue of events as the table that docs/events.md shows: written from the same rows, never by hand."""

from casefile_api.events import EVENT_TYPES, MEMBERS, Told

_TOLD = {
    Told.PARTIES: "the force, and every CPS Area the case was shared with",
    Told.POLICE_ONLY: "the force alone",
    Told.OWN_SIDE: "the side whose it is; the other once it is shared or issued",
    Told.ACTOR_AND_OWNER: "the force, and the organisation of the person who acted",
    Told.OWNER: "the force, also where its systems are not admitted to the case file",
    Told.ORGANISATION: "the endpoint's organisation",
    Told.OVERSIGHT: "oversight",
}
_ALONE = frozenset(("webhook_endpoint.verification", "webhook_endpoint.test"))


def events_table() -> str:
    """Draw the table of events."""
    lines = ["| event | what it says | who is told | members of `data` |", "|---|---|---|---|"]
    for row in EVENT_TYPES.values():
        said = row.sentence[:1].upper() + row.sentence[1:]
        members = [f"`{name}`" for name in row.required] + [f"`{name}`?" for name in row.optional]
        told = "that endpoint alone; in no feed" if row.name in _ALONE else _TOLD[row.told]
        lines.append(f"| `{row.name}` | {said} | {told} | {', '.join(members)} |")
    return "\n".join(lines)


def members_table() -> str:
    """Draw the table of what `data` may hold."""
    lines = ["| member | type | |", "|---|---|---|"]
    for name, member in MEMBERS.items():
        kind = f"{member.type}, {member.format}" if member.format else member.type
        lines.append(f"| `{name}` | {kind} | {member.sentence} |")
    return "\n".join(lines)
