"""Contents as large as a body may be, and the same a version later: half of them changed, all in another order."""

import copy
import random
from typing import Any

import orjson

from casefile_api.case_files.content import complete_example

LIMIT_BYTES = 1_048_576
LISTS = (
    "material", "unused_material", "lines_of_enquiry", "chronology", "devices", "media_elsewhere", "witnesses"
)  # fmt: skip


def content_at_the_limit() -> dict[str, Any]:
    """Return the complete example with as many more items as fit into 1 MiB with the body around them."""
    content: dict[str, Any] = copy.deepcopy(dict(complete_example()))
    samples = {name: content[name][0] for name in LISTS}
    room = LIMIT_BYTES - 2_000 - len(orjson.dumps(content))
    for number in range(10, 2_000):
        for name, sample in samples.items():
            item = {**sample, "id": f"{sample['id']}-{number}"}
            item |= {"reference": f"R{name}{number}"} if "reference" in sample else {}
            item |= {"number": number} if "number" in sample else {}
            room -= len(orjson.dumps(item)) + 1
            if room < 0:
                return content
            content[name].append(item)
    return content


def version_later(content: dict[str, Any]) -> dict[str, Any]:
    """Return it with every other item of four lists changed, ten of each gone, and all in another order."""
    later = reordered(content)
    for name, member in (("material", "title"), ("unused_material", "description"), ("chronology", "description")):
        for item in later[name][::2]:
            item[member] = "Changed."
        del later[name][5:15]
    return later


def reordered(content: dict[str, Any]) -> dict[str, Any]:
    """Return it with the items of its lists in another order, and the members of its objects too."""
    other: dict[str, Any] = {name: copy.deepcopy(content[name]) for name in reversed(list(content))}
    for name in LISTS:
        random.Random(name).shuffle(other[name])
        other[name] = [dict(reversed(list(item.items()))) for item in other[name]]
    return other
