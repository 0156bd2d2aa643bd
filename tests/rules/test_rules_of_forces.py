"""What file standards are written in, and what a force may write beside the national ones."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casefile_api.file_standards.readiness import evaluate
from casefile_api.file_standards.rule_sets import Rules, RuleSet, package_rules, read_rule_set
from casefile_api.file_standards.rules import BrokenStandard, Language, Outcome, Scene
from casefile_api.file_standards.standards import check_rule_set, find_standard
from casefile_api.file_standards.trials import faults_of
from tests.rules.content_samples import ENVELOPE, EXAMPLE, REQUEST

TODAY = date(2026, 11, 24)
NATIONAL = package_rules().national


LOCAL = """
[conditions]
local_hospital = { present = "content.third_party_requests" }

[requirements.local_body_map]
title = "Body map"
applies_when = { when = "rasso" }
requires = { some = { in = "content.material", where = { one_of = { path = "item.title", values = ["Body map"] } } } }
message = "There is no body map."
mend = "Add the body map."
prevents = ["EVID_MEDICAL"]

[samples.local_body_map.missing]
[samples.local_body_map.met]
set = { "content.material" = [{ id = "m1", kind = "OTHER_MATERIAL", title = "Body map" }] }

[[rules]]
standard = "early_advice"
requirement = "local_body_map"
level = "advisory"
valid_from = 2026-11-01
"""


def of_force(tmp_path: Path, text: str) -> RuleSet:
    (tmp_path / "rules.toml").write_text(text)
    rule_set = read_rule_set("police-53", tmp_path / "rules.toml")
    check_rule_set(rule_set)
    return rule_set


def test_a_force_adds_rules_of_its_own_beside_the_national_ones(tmp_path: Path):
    local = of_force(tmp_path, LOCAL)
    assert faults_of(local, TODAY) == []
    rules = Rules(NATIONAL, local)
    verdict = evaluate("early_advice", EXAMPLE, envelope=ENVELOPE, request=REQUEST, on=TODAY, rules=rules)
    national = evaluate("early_advice", EXAMPLE, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    assert verdict.results[:-1] == national.results
    assert (verdict.results[-1].code, verdict.results[-1].outcome) == ("local_body_map", Outcome.MISSING)
    assert verdict.rule_set == "early_advice@2020-12-31+police-53@2026-11-01"
    earlier = find_standard("early_advice", date(2026, 10, 31), rules)
    assert earlier.rule_set == "early_advice@2020-12-31" and earlier.rules[-1].owner == "national"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('requirement = "local_body_map"', 'requirement = "urn"', "adds rules and changes none"),
        ("[requirements.local_body_map]", "[requirements.urn]", "adds rules and changes none"),
        ("local_hospital =", "rasso =", "adds rules and changes none"),
        ('standard = "early_advice"', 'standard = "perfection"', "no standard"),
        ('level = "advisory"', 'level = "optional"', "required or advisory"),
        ('message = "There is no body map."', "", "has no message"),
        ("valid_from = 2026-11-01", 'valid_from = "soon"', "is a day"),
        ("[[rules]]", "[[rules", "not TOML"),
        ('{ when = "rasso" }', '{ when = "unheard_of" }', "no condition named"),
    ],
)
def test_what_a_force_may_not_write_is_no_rule_set(tmp_path: Path, was: str, becomes: str, said: str):
    assert was in LOCAL
    with pytest.raises(BrokenStandard, match=said):
        of_force(tmp_path, LOCAL.replace(was, becomes, 1))


@pytest.mark.parametrize(
    "written",
    [
        {},
        "urn",
        {"present": "urn"},
        {"present": 1},
        {"absent": "content.urn"},
        {"__class__": "content"},
        {"all": []},
        {"when": "unknown"},
        {"some": {"in": "content.material"}},
        {"named_in": {"path": "item.id", "in": "item.list", "member": "ids"}},
        {"each": {"in": "content.material", "satisfies": {"present": "item"}, "colour": 1}},
    ],
)
def test_what_is_not_in_the_language_is_no_standard(written):
    with pytest.raises(BrokenStandard):
        Language({}).read(written)


def name_of(path: str) -> dict[str, Any]:
    return {"named_in": {"path": path, "in": "content.list", "member": "ids"}}


def test_each_word_of_the_language_judges_as_it_says():
    content = {"list": [{"id": "a", "ids": ["x"]}, {"id": "b"}], "empty": [], "blank": " ", "no": False}
    scene = Scene({**content, "names": ["y", "x"]}, {}, {})
    language = Language({"named": {"given": "content.empty"}})
    for written, outcome in [
        ({"present": "content.blank"}, "missing"),
        ({"present": "content.no"}, "met"),
        ({"given": "content.blank"}, "met"),
        ({"given": "content.none.deeper"}, "missing"),
        ({"one_of": {"path": "content.no", "values": [0]}}, "missing"),
        ({"one_of": {"path": "content.no", "values": [False]}}, "met"),
        ({"some": {"in": "content.list", "where": {"present": "item.ids"}}}, "met"),
        ({"some": {"in": "content.empty", "where": {"present": "item"}}}, "missing"),
        ({"each": {"in": "content.list", "satisfies": {"present": "item.id"}}}, "met"),
        ({"each": {"in": "content.list", "satisfies": {"present": "item.ids"}}}, "missing"),
        ({"each": {"in": "content.empty", "satisfies": {"present": "item.ids"}}}, "not_applicable"),
        ({"any": [{"present": "content.blank"}, {"when": "named"}]}, "met"),
        ({"all": [{"present": "content.blank"}, {"when": "named"}]}, "missing"),
        ({"some": {"in": "content.list", "where": name_of("item.id")}}, "missing"),
        ({"some": {"in": "content.names", "where": name_of("item")}}, "met"),
        ({"none": [{"present": "content.blank"}]}, "met"),
        ({"none": [{"when": "named"}]}, "missing"),
    ]:
        assert language.read(written)(scene).outcome == outcome, written
