"""URN, ASN, PNC id and CRO as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile_api.case_files.urn import (
    check_letter,
    is_asn,
    is_crime_reference,
    is_cro,
    is_driver_number,
    is_pnc_id,
    normalise_suffix,
    parse_urn,
)


@pytest.mark.parametrize("text", ["53CP2215321", "53cp2215321", "53 CP 22153 21", "53/CP/22153/21"])
def test_a_urn_is_read_however_it_is_written(text):
    urn = parse_urn(text)
    assert (urn.force, urn.unit, urn.sequence, urn.year) == ("53", "CP", "22153", "21")
    assert str(urn) == "53CP2215321"


@given(st.from_regex(r"[0-9]{2}[A-Z0-9]{2}[0-9]{7}", fullmatch=True))
def test_every_canonical_urn_is_its_own_text(text):
    assert str(parse_urn(text)) == text


@pytest.mark.parametrize(
    "text", ["", "53CP221532", "53CP22153210", "AACP2215321", "53CP22153AA", "53-CP-22153-21", "٥٣CP2215321"]
)
def test_anything_else_is_no_urn(text):
    with pytest.raises(ValueError, match="A URN is"):
        parse_urn(text)


@given(st.text())
def test_no_text_breaks_the_readers_of_numbers(text):
    for reads in (is_asn, is_pnc_id, is_cro, is_driver_number, is_crime_reference):
        assert reads(text) in (True, False)


def test_a_suffix_is_one_or_two_digits():
    assert normalise_suffix("06") == "6"
    for wrong in ("", "123", "a", "1 "):
        with pytest.raises(ValueError, match="suffix"):
            normalise_suffix(wrong)


def test_an_arrest_summons_number_carries_a_check_letter():
    assert is_asn("1101ZD0100000448754K")
    assert is_asn("11/01ZD/01/00000448754K")
    assert is_asn("11/01ZD/01/448754K"), "as it is printed"
    assert not is_asn("1101ZD0100000448754L")
    assert not is_asn("1101ZD01448754K")


@given(st.integers(0, 9_999_999), st.integers(1960, 2026))
def test_a_pnc_id_is_right_with_its_check_letter_alone(sequence, year):
    letter = check_letter(int(f"{year % 100:02d}{sequence:07d}"))
    assert is_pnc_id(f"{year}/{sequence:07d}{letter}")
    assert not is_pnc_id(f"{year}/{sequence:07d}{'A' if letter != 'A' else 'B'}")


def test_a_cro_number_has_a_known_form():
    assert is_cro("123456/99A") and is_cro("SF39/12345L")
    assert not is_cro("123456") and not is_cro("1234567/99A")
