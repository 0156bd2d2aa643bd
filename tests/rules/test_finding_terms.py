"""What a suspect is found by: names as written and as they sound, numbers as any system writes them; nobody else."""

import pytest

from casefile_api.case_files.finding_terms import Wanted, suspects_of, terms_of, terms_wanted

SOUNDS = {
    "Robert": "R163",
    "Rupert": "R163",
    "Rubin": "R150",
    "Ashcraft": "A261",
    "Tymczak": "T522",
    "Pfister": "P236",
    "Honeyman": "H555",
    "Lee": "L000",
}


@pytest.mark.parametrize("name", sorted(SOUNDS))
def test_names_sound_as_the_national_archives_say(name: str) -> None:
    assert terms_wanted(Wanted(family_name=name, sounds_like=True)) == [f"family_name~{SOUNDS[name]}"]


SUSPECT = {
    "id": "s1",
    "family_name": "O’Neill-Łukasz",
    "given_names": ["José", "María"],
    "aliases": ["The Fox"],
    "date_of_birth": "1990-02-03",
    "identifiers": {"pnc_id": "2000/0034567V", "cro": "123456/99A", "asn": "1101ZD0100000448754K"},
}
FOUND = {
    "another writing": Wanted(family_name="oneill lukasz"),
    "a part of a double name": Wanted(family_name="LUKASZ"),
    "in one word": Wanted(family_name="O'NeillLukasz"),
    "without accents": Wanted(given_name="jose"),
    "second given name": Wanted(given_name="Maria"),
    "alias": Wanted(family_name="fox"),
    "sounds like": Wanted(family_name="Oneal", sounds_like=True),
    "two digits of the year": Wanted(pnc_id="00/34567v"),
    "another number": Wanted(cro="123456/99a"),
    "an arrest as it is printed": Wanted(asn="11/01zd/01/448754K"),
    "all of it": Wanted(family_name="O'Neill", given_name="José", date_of_birth="1990-02-03", pnc_id="2000/34567V"),
}
NOT_FOUND = {
    "given name as family name": Wanted(family_name="Jose"),
    "sound without being asked": Wanted(family_name="Oneal"),
    "another day": Wanted(family_name="ONeill", date_of_birth="1990-03-02"),
    "another number": Wanted(pnc_id="2000/34568V"),
    "number of another kind": Wanted(asn="123456/99A"),
}


@pytest.mark.parametrize("how", sorted(FOUND))
def test_a_suspect_is_found(how: str) -> None:
    assert set(terms_wanted(FOUND[how])) <= set(terms_of(SUSPECT))


@pytest.mark.parametrize("how", sorted(NOT_FOUND))
def test_a_suspect_is_not_found(how: str) -> None:
    assert not set(terms_wanted(NOT_FOUND[how])) <= set(terms_of(SUSPECT))


@pytest.mark.parametrize("name", ["--", " ", "’"])
def test_what_says_nothing_would_find_everybody_and_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="given_name"):
        terms_wanted(Wanted(family_name="Fox", given_name=name))


def test_another_script_is_found_as_written_and_has_no_sound() -> None:
    suspect = {"id": "s1", "family_name": "Иванов"}
    assert set(terms_wanted(Wanted(family_name="ИВАНОВ", sounds_like=True))) <= set(terms_of(suspect))
    assert not any("~" in term for term in terms_of(suspect))


def test_nobody_but_suspects_has_terms() -> None:
    content = {"suspects": [SUSPECT], "complainants": [{"family_name": "A"}], "witnesses": [{"family_name": "B"}]}
    assert suspects_of(content) == [SUSPECT]
