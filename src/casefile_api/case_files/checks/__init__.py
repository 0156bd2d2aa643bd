"""What a content may not say, and what in it is doubtful.

An error means that a prosecutor would be misled, and refuses the content: references that lead nowhere, codes that no
list has, dates that cannot be. Everything else is a warning, recorded with the version for police to mend when they
can: a record system's history is full of invented PNC ids and missing links, and stopping the exchange for them would
only send officers back to e-mail. Nothing here repeats what was sent. Pure, over the content as parsed.
"""

from collections.abc import Collection
from datetime import date
from itertools import chain, islice

from casefile_api.case_files.checks import custody, dates, disclosure, evidence, offences, people, references
from casefile_api.case_files.checks.catalogue import PROBLEM_CODES
from casefile_api.case_files.content.reading import Members, items, texts
from casefile_api.errors import Fault

__all__ = ["check_content", "named_attachment_ids", "warnings"]

MOST_FAULTS = 50
MOST_WARNINGS = 200


def check_content(
    content: Members, *, attachment_ids: Collection[str], on: date, base: str = "/content"
) -> list[Fault]:
    """Name what the content may not say (50 places at most), given the case file's attachments and today's date."""
    found = chain(
        references.errors(content, frozenset(attachment_ids), on, base),
        dates.errors(content, on, base),
        custody.errors(content, base),
        disclosure.errors(content, base),
    )
    return [Fault(code, PROBLEM_CODES[code].detail, pointer=pointer) for code, pointer in islice(found, MOST_FAULTS)]


def warnings(content: Members, *, on: date, base: str = "/content") -> list[dict[str, str]]:
    """List what is doubtful (200 places at most)."""
    found = chain.from_iterable(
        look(content, on, base)
        for look in (
            people.doubts,
            custody.doubts,
            offences.doubts,
            evidence.doubts,
            disclosure.doubts,
            dates.doubts,
        )
    )
    return [
        {"code": code, "pointer": pointer, "detail": PROBLEM_CODES[code].detail}
        for code, pointer in islice(found, MOST_WARNINGS)
    ]


def named_attachment_ids(content: Members) -> list[str]:
    """Return the attachments that the content's material names, each once, in order of their ids."""
    return sorted({one for _, item in items(content, "material") for one in texts(item, "attachment_ids")})
