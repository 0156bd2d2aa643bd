"""Code lists newer than those of the package, from a folder: a list changes when its owner says so, not with a release.

Each file `NAME.json` is a whole list, `{"title": …, "values": [{"code", "title", "valid_from"?, "valid_to"?, …}]}`, and
takes the place of the package's. No code is ever dropped, because stored versions use it: one that is no more gets a
`valid_to`. Lists that the program itself goes by cannot be replaced.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import cast

from casefile_api.errors import Misconfigured
from casefile_api.organisations.code_lists import CODE_LISTS, CodeList, Detail, replace_lists, value_of

FIXED = frozenset(
    {
        "action_gating",
        "advice_topic",
        "classification",
        "content_case_type",
        "justification",
        "organisation_kind",
        "role",
        "sensitivity",
        "unit_kind",
    }
)
Entry = dict[str, Detail]


def load_newer_lists(folder: Path | None) -> list[str]:
    """Put the lists of the folder in the place of the package's; return their names.

    Raises Misconfigured naming the file and the code where one cannot be used.
    """
    if folder is None:
        return []
    if not folder.is_dir():
        raise Misconfigured(f"CASEFILE_CODE_LISTS_DIR: there is no folder {folder.name}.")
    newer = {file.stem: read_list(file) for file in sorted(folder.glob("*.json"))}
    replace_lists(newer)
    return list(newer)


def read_list(file: Path) -> CodeList:
    """Read one list and hold it against the package's.

    Raises Misconfigured.
    """
    name = file.stem
    if name not in CODE_LISTS:
        raise Misconfigured(f"{file.name}: there is no code list {name}.")
    if name in FIXED:
        raise Misconfigured(f"{file.name}: the program goes by this list; it comes with a release.")
    try:
        written = cast(Mapping[str, object], json.loads(file.read_text("utf-8")))
        entries = cast(list[Entry], written["values"])
        found = CodeList(name, str(written["title"]), tuple(value_of(dict(entry)) for entry in entries))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Misconfigured(f"{file.name} is no code list: {type(fault).__name__}.") from None
    _refuse(found, file.name)
    return found


def _refuse(found: CodeList, file: str) -> None:
    dropped = CODE_LISTS[found.name].by_code.keys() - found.by_code.keys()
    if dropped:
        raise Misconfigured(f"{file} drops {sorted(dropped)[0]}: end it with valid_to instead.")
    ends: dict[str, date] = {}
    for value in sorted(found.values, key=lambda one: (one.code, one.valid_from or date.min)):
        if not value.code or not value.title:
            raise Misconfigured(f"{file} has a value without a code or title.")
        if value.valid_from and value.valid_to and value.valid_to < value.valid_from:
            raise Misconfigured(f"{file}: {value.code} ends before it begins.")
        if value.code in ends and (value.valid_from or date.min) <= ends[value.code]:
            raise Misconfigured(f"{file}: {value.code} holds twice on the same day.")
        ends[value.code] = value.valid_to or date.max
