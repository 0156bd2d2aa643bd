"""Numbers by which police systems know a case or a person: URN, crime reference, ASN, PNC id, CRO.

Only the URN decides anything (it names the force, and with its suffix it is unique). The person's numbers carry a check
letter, and a wrong one is worth a warning, never a refusal: fixtures and history are full of them.
"""

import re
from dataclasses import dataclass

_URN = re.compile(r"(?P<force>[0-9]{2})(?P<unit>[A-Z0-9]{2})(?P<sequence>[0-9]{5})(?P<year>[0-9]{2})")
_ASN = re.compile(r"(?P<year>[0-9]{2})(?P<place>[A-Z0-9]{6,7})(?P<sequence>[0-9]{11})(?P<check>[A-HJ-NP-RT-Z])")
_ASN_PRINTED = re.compile(r"([0-9]{2})/([A-Z0-9]{4})/([A-Z0-9]{2,3})/0*([0-9]{1,11})([A-HJ-NP-RT-Z])")
_PNC = re.compile(r"[0-9]{2}(?P<year>[0-9]{2})/?(?P<sequence>[0-9]{7})(?P<check>[A-HJ-NP-RT-Z])")
_CRO = re.compile(r"(?P<sequence>[0-9]{1,6})/(?P<year>[0-9]{2})[A-HJ-NP-RT-Z]")
_OLD_CRO = re.compile(r"SF[0-9]{2}/[0-9]{1,6}[A-HJ-NP-RT-Z]")
_DRIVER = re.compile(r"[A-Z0-9]{5}[0-9]{6}[A-Z0-9]{3}[A-Z]{2}")
_CRIME_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._ -]{1,39}")
_CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"


@dataclass(frozen=True, slots=True)
class Urn:
    """A unique reference number: force, unit, number in the year, year. Eleven characters, no check digit."""

    force: str
    unit: str
    sequence: str
    year: str

    def __str__(self) -> str:
        return f"{self.force}{self.unit}{self.sequence}{self.year}"


def parse_urn(text: str) -> Urn:
    """Return the URN, taking lower case, spaces and slashes as people write them.

    Raises ValueError where it is not one.
    """
    found = _URN.fullmatch(re.sub(r"[ /]", "", text).upper()) if len(text) <= 30 else None
    if found is None:
        raise ValueError("A URN is the force (2 digits), the unit (2 characters), 5 digits and the year (2 digits).")
    return Urn(**found.groupdict())


def normalise_suffix(text: str) -> str:
    """Return the suffix of a split or merged case without leading zeros; it is one or two digits.

    Raises ValueError where it is not.
    """
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise ValueError("A URN suffix is one or two digits.")
    return str(int(text))


def is_crime_reference(text: str) -> bool:
    """Say whether this can be a crime reference: letters, digits, slashes, dots and dashes, two to forty of them."""
    return _CRIME_REFERENCE.fullmatch(text) is not None


def check_letter(number: int) -> str:
    """Return the check letter of a number: the same alphabet for ASN and PNC id (no I, O, S)."""
    return _CHECK_LETTERS[number % 23]


def written_asn(text: str) -> str:
    """Return an arrest/summons number in capitals, without spaces and slashes; printed, it leaves out leading zeros."""
    plain = text.replace(" ", "").upper()
    printed = _ASN_PRINTED.fullmatch(plain)
    if printed is None:
        return plain.replace("/", "")
    *place, sequence, check = printed.groups()
    return f"{''.join(place)}{sequence:0>11}{check}"


def is_asn(text: str) -> bool:
    """Say whether an arrest/summons number has the right form and check letter."""
    found = _ASN.fullmatch(written_asn(text))
    if found is None:
        return False
    force, system = found["place"][-6:-4], found["place"][-2:]
    if not force.isdigit():
        return False
    digits = force + (system if system.isdigit() else "") + found["year"] + found["sequence"]
    return check_letter(int(digits)) == found["check"]


def is_pnc_id(text: str) -> bool:
    """Say whether a PNC id has the right form and check letter; only the last two digits of the year count."""
    found = _PNC.fullmatch(text.replace(" ", "").upper())
    return found is not None and check_letter(int(found["year"] + found["sequence"])) == found["check"]


def is_cro(text: str) -> bool:
    """Say whether a CRO number has a known form."""
    written = text.replace(" ", "").upper()
    return len(written) <= 12 and bool(_CRO.fullmatch(written) or _OLD_CRO.fullmatch(written))


def is_driver_number(text: str) -> bool:
    """Say whether a driver number has the right form."""
    return _DRIVER.fullmatch(text.replace(" ", "").upper()) is not None
