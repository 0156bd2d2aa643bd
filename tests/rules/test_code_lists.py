"""Codes are looked up on a date, in lists that every organisation shares."""

from datetime import date

import pytest

from casefile_api.organisations.code_lists import CODE_LISTS, find, media_types_of

TODAY = date(2026, 11, 24)


def test_every_list_has_a_title_and_values_with_distinct_codes_and_titles_of_their_own():
    for name in CODE_LISTS:
        codes = CODE_LISTS[name]
        assert codes.name == name and codes.title and codes.values
        assert len(codes.by_code) == len(codes.values), name
        assert all(value.code and value.title for value in codes.values), name


def test_an_offence_is_found_with_what_the_courts_list_says_of_it():
    assert find("offence", "SX03002", TODAY).as_body() == {
        "code": "SX03002",
        "title": "Rape a woman 16 years of age or over - SOA 2003",
        "valid_from": "2004-05-01",
        "valid_to": None,
        "category": "CI",
        "recordable": True,
        "home_office_classification": "019/08",
    }
    assert len(CODE_LISTS["offence"].values) == 30_356


@pytest.mark.parametrize(
    ("code", "last_day_before"),
    [("SX03002", date(2004, 4, 30)), ("SX03233", date(2019, 4, 11)), ("SX03248", date(2024, 1, 30))],
)
def test_an_offence_is_unknown_before_its_act_came_into_force(code, last_day_before):
    assert find("offence", code, last_day_before) is None
    assert find("offence", code, last_day_before.replace(year=last_day_before.year + 1)) is not None


def test_an_unknown_code_has_no_value_and_an_unknown_list_is_an_error_of_ours():
    assert find("gender", "1", TODAY) is None
    with pytest.raises(KeyError):
        find("colour", "red", TODAY)


def test_gloucestershire_works_with_the_south_west():
    assert CODE_LISTS["force"].by_code["53"].as_body()["cps_areas"] == ["south-west"]
    assert find("police_unit", "53BH", TODAY).title == "GLOUCESTER LPA"
    assert CODE_LISTS["police_unit"].by_code["53AM"].extra["historic"] is True


def test_a_bank_holiday_is_one_on_its_day_alone():
    assert find("bank_holiday", "2026-12-28", date(2026, 12, 28)).extra["substitute"] is True
    assert find("bank_holiday", "2026-12-28", TODAY) is None


def test_a_statement_comes_as_a_document_and_a_recording_as_sound_or_film():
    assert "application/pdf" in media_types_of("MG11", TODAY)
    assert "video/mp4" not in media_types_of("MG11", TODAY)
    assert "video/mp4" in media_types_of("ABE_RECORDING", TODAY)
    assert "application/pdf" not in media_types_of("ABE_RECORDING", TODAY)
    assert media_types_of("NO_SUCH_KIND", TODAY) == frozenset()


def test_every_kind_of_document_has_a_media_type():
    for kind in CODE_LISTS["document_kind"].values:
        assert media_types_of(kind.code, TODAY), kind.code
