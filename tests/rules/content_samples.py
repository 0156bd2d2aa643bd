"""A content as a force's record system sends it: the example of the API description, and ways to change it."""

import copy
from typing import Any

from casefile_api.case_files.content import example as described_example

EXAMPLE: dict[str, Any] = dict(described_example())

ENVELOPE: dict[str, Any] = {
    "urn": "53BH0012326",
    "urn_suffix": None,
    "police_unit": "police-53-rasso",
    "cps_unit": "cps-south-west-rasso",
    "crime_references": ["53/2026/004711"],
}

REQUEST: dict[str, Any] = {
    "suspect_ids": ["s1"],
    "facts": "They met in a bar.",
    "issues": "Whether the phone is proportionate.",
    "advice_sought": [{"topic": "lines_of_enquiry", "question": "Is the phone a reasonable line of enquiry?"}],
}


def example() -> dict[str, Any]:
    """Return a copy of the example, to be changed freely."""
    return copy.deepcopy(EXAMPLE)


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the example with another value at the place, such as `suspects/0/custody`."""
    content = example()
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    place: Any = content
    for step in way:
        place = place[step]
    place[last] = value
    return content


def without(path: str) -> dict[str, Any]:
    """Return the example without what stands at the place."""
    content = changed(path, None)
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    place: Any = content
    for step in way:
        place = place[step]
    del place[last]
    return content
