"""File names that come from elsewhere, made safe: whatever they are, they name a file in one folder of this machine."""

import re
from unicodedata import category
from urllib.parse import unquote

LONGEST_NAME_BYTES = 200
_EXTENDED = re.compile(r"filename\*=(?:UTF-8|utf-8)'[^']*'([^;\s]+)")
_PLAIN = re.compile(r'filename="((?:[^"\\]|\\.)*)"')
# Devices of Windows, which open whatever ending they have.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def told_name(disposition: str) -> str:
    """The name in a Content-Disposition header (RFC 6266): the extended one where there are two."""
    if found := _EXTENDED.search(disposition):
        return unquote(found[1], errors="replace")
    found = _PLAIN.search(disposition)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


def safe_name(name: str, otherwise: str) -> str:
    """The name without folders, controls, marks of direction and what systems give a meaning; `otherwise` if empty.

    What the service says is not believed: a name may have been chosen by whoever is investigated.
    """
    kept = "".join("_" if category(sign)[0] == "C" or sign in '/\\:*?"<>|' else sign for sign in name)
    kept = kept.strip(" ").rstrip(". ").lstrip(".-~ ")
    if not kept:
        return otherwise
    if _DEVICES.match(kept):
        kept = f"_{kept}"
    return _shortened(kept)


def _shortened(name: str) -> str:
    """At most so many bytes, with the ending kept where it is one."""
    if len(name.encode()) <= LONGEST_NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 16:
        stem, dot, ending = name, "", ""
    room = LONGEST_NAME_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + ending
