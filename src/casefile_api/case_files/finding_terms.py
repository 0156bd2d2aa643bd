"""By what terms a suspect is found: names as they are written and as they sound, date of birth, national numbers. Pure.

Names are compared without case, accents and punctuation; `O'Neill` is `ONeill`, and each part of a double name counts.
What sounds alike goes by Soundex (National Archives, "Soundex System"), which most police systems search by. The terms
are stored as keyed hashes alone. Complainants and witnesses have no terms: nobody finds a case file by them.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from casefile_api.case_files.urn import written_asn

_APART = re.compile(r"[\s\-‐‑–]+")
_PNC = re.compile(r"(?:\d\d)?(\d\d)/?0*(\d{1,7})([A-Z])")
_DIGITS = str.maketrans("BFPVCGJKQSXZDTLMNR", "111122222222334556")
_NUMBERS = ("pnc_id", "cro", "asn", "driver_number", "custody_number")
_KINDS = ("family_name", "given_name")
_LATIN = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ð": "d", "þ": "th", "ł": "l", "đ": "d", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a suspect who is looked for; every part given must be true of one and the same suspect."""

    family_name: str | None = None
    given_name: str | None = None
    sounds_like: bool = False
    date_of_birth: str | None = None
    pnc_id: str | None = None
    cro: str | None = None
    asn: str | None = None
    driver_number: str | None = None
    custody_number: str | None = None


def terms_of(suspect: Mapping[str, Any]) -> list[str]:
    """Return every term that a suspect is found by; an alias may be a family name or a given one."""
    aliases = [word for alias in suspect.get("aliases", ()) for word in str(alias).split()]
    names = {
        "family_name": [str(suspect.get("family_name", "")), *aliases],
        "given_name": [*map(str, suspect.get("given_names", ())), *aliases],
    }
    found = {term for kind in _KINDS for name in names[kind] for term in _terms_of_name(kind, name)}
    if suspect.get("date_of_birth"):
        found.add(f"date_of_birth:{suspect['date_of_birth']}")
    identifiers = suspect.get("identifiers") or {}
    found |= {f"{kind}:{_number(kind, str(identifiers[kind]))}" for kind in _NUMBERS if identifiers.get(kind)}
    return sorted(found)


def terms_wanted(wanted: Wanted) -> list[str]:
    """Return the terms that a suspect who is looked for must have, all of them.

    Raises ValueError with the name of a part that says nothing (`--` for a name): it would find everybody.
    """
    found: set[str] = set()
    for kind, given in asdict(wanted).items():
        if given is None or kind == "sounds_like":
            continue
        terms = set(_terms_wanted(kind, str(given), wanted.sounds_like))
        if not terms:
            raise ValueError(kind)
        found |= terms
    return sorted(found)


def _terms_wanted(kind: str, given: str, sounds_like: bool) -> Iterator[str]:
    if kind in _KINDS:
        # Each part is wanted by itself, so that `Smith Jones` finds `Smith-Jones` and the other way round.
        for part in _parts(given):
            yield _sound_term(kind, part) if sounds_like and _sound(part) else f"{kind}:{part}"
    elif kind == "date_of_birth":
        yield f"{kind}:{given}"
    elif number := _number(kind, given):
        yield f"{kind}:{number}"


def suspects_of(content: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the suspects of a content."""
    return [one for one in content.get("suspects") or () if isinstance(one, dict)]


def _terms_of_name(kind: str, name: str) -> Iterator[str]:
    parts = _parts(name)
    for form in {*parts, "".join(parts)} - {""}:
        yield f"{kind}:{form}"
        if _sound(form):
            yield _sound_term(kind, form)


def _sound_term(kind: str, form: str) -> str:
    return f"{kind}~{_sound(form)}"


def _parts(name: str) -> list[str]:
    """Return the words of a name in their plain form; letters of any script stay letters."""
    folded = unicodedata.normalize("NFKD", name.casefold().translate(_LATIN))
    return [part for word in _APART.split(folded) if (part := "".join(one for one in word if one.isalnum()))]


def _sound(form: str) -> str:
    """Return how a name sounds (Soundex), empty for one that is not written in Latin letters."""
    letters = form.upper()
    if not (letters.isascii() and letters.isalpha()):
        return ""
    code, last = letters[0], letters[0].translate(_DIGITS)
    for letter in letters[1:]:
        digit = letter.translate(_DIGITS)
        if digit.isdigit() and digit != last:
            code += digit
        if letter not in "HW":  # H and W do not part two letters that sound alike; vowels do
            last = digit
    return f"{code}000"[:4]


def _number(kind: str, written: str) -> str:
    """Return a national number as every system would write it: a PNC id has its year in two digits or four."""
    if kind == "asn":
        written = written_asn(written)
    plain = re.sub(r"[^0-9A-Za-z/]", "", written).upper()
    matched = _PNC.fullmatch(plain) if kind == "pnc_id" else None
    return "/".join(matched.groups()) if matched else plain.replace("/", "")
