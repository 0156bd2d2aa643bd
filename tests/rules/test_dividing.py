"""What goes with a suspect who is split off: what concerns them, sound by itself, and nothing of others alone."""

import copy
import json
from datetime import date
from typing import Any

import pytest

from casefile_api.case_files.checks import check_content
from casefile_api.case_files.content import content_faults
from casefile_api.case_files.content.whole import complete_example
from casefile_api.case_files.dividing import divided
from tests.outside.cases import case_content

Json = Any


def two_cases_in_one() -> Json:
    """Two suspects with a complainant and an offence each, and things that concern one, both or nobody."""
    content = case_content()
    for name, old, new in (("suspects", "s1", "s2"), ("complainants", "c1", "c2")):
        content[name].append({**copy.deepcopy(content[name][0]), "id": new})
        assert content[name][0]["id"] == old
    second = {**copy.deepcopy(content["offences"][0]), "id": "o2", "suspect_ids": ["s2"], "complainant_ids": ["c2"]}
    content["offences"].append(second)
    line = content["lines_of_enquiry"][0]
    content["lines_of_enquiry"] += [
        {**line, "id": "l2", "suspect_ids": ["s2"]},
        {**line, "id": "l3", "suspect_ids": ["s1", "s2"]},
        {name: value for name, value in {**line, "id": "l4"}.items() if name != "suspect_ids"},
    ]
    content["material"][0] |= {"suspect_ids": ["s1"], "line_ids": ["l1"], "attachment_ids": ["a"]}
    content["material"].append({**content["material"][0], "id": "m2", "suspect_ids": ["s2"], "line_ids": ["l3", "l1"]})
    content["witnesses"][0]["material_ids"] = ["m1", "m2"]
    content["suspects"][1]["proposed_charges"] = [{"id": "p1", "cjs_code": "SX03002", "offence_id": "o1"}]
    content["devices"] = [
        {"id": "d1", "kind": "mobile_phone", "status": "held", "complainant_id": "c1"},
        {"id": "d2", "kind": "mobile_phone", "status": "held", "suspect_id": "s2"},
    ]
    return content


def ids(content: Json, name: str) -> list[str]:
    return [item["id"] for item in content[name]]


def test_what_concerns_the_others_alone_stays_behind_and_references_lead_somewhere() -> None:
    part = divided(two_cases_in_one(), ["s2"])
    kept = {name: ids(part, name) for name in ("suspects", "complainants", "offences", "lines_of_enquiry", "material")}
    assert kept == {
        "suspects": ["s2"],
        "complainants": ["c2"],
        "offences": ["o2"],
        "lines_of_enquiry": ["l2", "l3", "l4"],
        "material": ["m2"],
    }
    assert ids(part, "devices") == ["d2"], "the phone of a complainant who is not in this file"
    [material], [witness] = part["material"], part["witnesses"]
    assert (material["line_ids"], material["attachment_ids"]) == (["l3"], [])
    assert witness["material_ids"] == ["m2"]
    assert part["lines_of_enquiry"][1]["suspect_ids"] == ["s2"]
    assert "offence_id" not in part["suspects"][0]["proposed_charges"][0]


def test_a_complainant_whom_no_offence_names_goes_with_everybody() -> None:
    content = two_cases_in_one()
    content["complainants"].append({**content["complainants"][0], "id": "c3"})
    assert ids(divided(content, ["s2"]), "complainants") == ["c2", "c3"]


def test_the_content_that_is_divided_stays_as_it_is() -> None:
    content = two_cases_in_one()
    before = json.dumps(content)
    divided(content, ["s1"])
    assert json.dumps(content) == before


@pytest.mark.parametrize("content", [two_cases_in_one(), complete_example()], ids=["two in one", "complete"])
def test_each_part_is_sound_by_itself(content: Json) -> None:
    for suspect in ids(content, "suspects"):
        part = divided(content, [suspect])
        assert content_faults(part) == []
        assert check_content(part, attachment_ids=[], on=date(2026, 11, 24)) == []
        everybody = set(ids(content, "suspects"))
        assert not any(other in json.dumps(part["suspects"]) for other in everybody - {suspect})
