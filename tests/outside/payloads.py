"""What an event may hold as it is told, by webhook or in the feed: identifiers, codes, numbers and times; no words.

Every receiver of the tests looks at all it was sent when it closes; every page of the feed is looked at as it comes.
"""

import re
from collections.abc import Iterator
from typing import Any

# An identifier, a code, a time, a hash, the name of a log: nothing with a space, and nothing longer than a hash.
_CODE = re.compile(r"[!-~]{1,80}")


def refuse_words(where: str, event: dict[str, Any]) -> None:
    """Fails where an event tells anything that could be of a person: whatever is not a code."""
    assert set(event) == {"type", "timestamp", "data"}, f"{where} has members of its own: {sorted(event)}"
    for place, value in _leaves("", event):
        told = isinstance(value, int) or (isinstance(value, str) and _CODE.fullmatch(value))
        assert told, f"{where} tells more than a code at {place} of {event['type']}"


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{place}/{name}", inner)
    else:
        yield place, value
