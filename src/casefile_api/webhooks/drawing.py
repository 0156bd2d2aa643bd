"""The catalogue of events as the table that docs/events.md shows: written from the same rows, never by hand."""

from casefile_api.event_members import MEMBERS
from casefile_api.events import EVENT_TYPES
from casefile_api.webhooks.catalogue import told_words


def events_table() -> str:
    """Draw the table of events."""
    lines = ["| event | what it says | who is told | members of `data` | since |", "|---|---|---|---|---|"]
    for row in EVENT_TYPES.values():
        said = row.sentence[:1].upper() + row.sentence[1:]
        members = [f"`{name}`" for name in row.required] + [f"`{name}`?" for name in row.optional]
        lines.append(f"| `{row.name}` | {said} | {told_words(row)} | {', '.join(members)} | {row.since} |")
    return "\n".join(lines)


def members_table() -> str:
    """Draw the table of what `data` may hold."""
    lines = ["| member | type | |", "|---|---|---|"]
    for name, member in MEMBERS.items():
        kind = f"{member.type}, {member.format}" if member.format else member.type
        lines.append(f"| `{name}` | {kind} | {member.sentence} |")
    return "\n".join(lines)
