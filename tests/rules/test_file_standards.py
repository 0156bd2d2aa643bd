"""Every row of every file standard: a file that meets it, and one that does not."""

import copy
import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from casefile_api.case_files.checks import warnings
from casefile_api.errors import Invalid
from casefile_api.file_standards import standards
from casefile_api.file_standards.readiness import evaluate, list_standards
from casefile_api.file_standards.rules import BrokenStandard, Language, Outcome, Scene
from casefile_api.organisations.code_lists import CODE_LISTS
from tests.rules.content_samples import ENVELOPE, EXAMPLE, REQUEST, example

TODAY = date(2026, 11, 24)


def material(*kinds: str, **members: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"m{index}", "kind": kind, "status": "available", "attachment_ids": ["a"], **members}
        for index, kind in enumerate(kinds)
    ]


def one(section: str, **members: Any) -> list[dict[str, Any]]:
    return [{**EXAMPLE[section][0], **members}]


# requirement: (members that miss it, members that meet it); None takes a member away
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "urn": ({"envelope.urn": ""}, {}),
    "suspect": ({"suspects": []}, {}),
    "officer_in_charge_contact": (
        {"officer_in_charge": {"name": "A"}},
        {"officer_in_charge": {"name": "A", "phone": "1"}},
    ),
    "supervisor_contact": ({"supervisor": None}, {"supervisor": {"name": "B", "email": "b@force.invalid"}}),
    "facts": ({"request.facts": "  "}, {"request.facts": "They met."}),
    "factual_summary": ({"summary": "", "request.facts": ""}, {"summary": "Rape."}),
    "question": ({"request.advice_sought": [{"topic": "lines_of_enquiry", "question": " "}]}, {}),
    "issues": ({"issues": None, "defence_case": None, "request.issues": ""}, {"issues": "Consent."}),
    "supervisor_comments": ({"supervisor_comments": " \n"}, {}),
    "line_of_enquiry": ({"lines_of_enquiry": []}, {}),
    "line_of_enquiry_timescales": ({"lines_of_enquiry": one("lines_of_enquiry", expected_on="")}, {}),
    "line_of_enquiry_rationale": (
        {"lines_of_enquiry": one("lines_of_enquiry", status="not_pursued", rationale="")},
        {"lines_of_enquiry": one("lines_of_enquiry", status="not_pursued")},
    ),
    "suspect_conduct": ({"suspects": one("suspects", conduct_summary="")}, {}),
    "defence_case": ({"defence_case": None}, {}),
    "proposed_charges": ({"offences": one("offences", location="")}, {}),
    "suspect_offences": ({"offences": one("offences", suspect_ids=[])}, {}),
    "charges": ({"material": material("MG11")}, {"material": material("MG4")}),
    "key_statements": ({"material": material("MG6C")}, {"material": material("ABE")}),
    "statements_to_hand": ({"material": material("MG11", status="requested")}, {}),
    "suspect_account": ({"suspects": one("suspects", interviews=[{"on": "2026-09-20", "kind": "voluntary"}])}, {}),
    "interview_record": ({"material": []}, {"material": material("MG15(ROTI)")}),
    "exhibits": ({"material": material("MG11")}, {"material": material("CCTV")}),
    "exhibits_to_hand": (
        {"material": material("EXHIBIT", status="outstanding")},
        {"material": material("EXHIBIT", status="outstanding", expected_on="2027-01-04")},
    ),
    "footage_usable": (
        {"material": material("BWV", clipped=True)},
        {"material": material("BWV", clipped=True, playable=True)},
    ),
    "forensic": ({"material": []}, {"material": material("MG21")}),
    "forensic_to_hand": ({"material": material("MG21", status="requested")}, {"material": material("MG22(SFR)")}),
    "expert_evidence": ({"material": material("MG22", status="requested")}, {"material": material("EXPERT_REPORT")}),
    "material_copies": ({"material": material("MG11", attachment_ids=[])}, {"material": material("MG11")}),
    "material_dates": (
        {"material": material("MG11", status="outstanding")},
        {"material": material("MG11", status="outstanding", expected_on="2027-01-04")},
    ),
    "disclosable_material": (
        {"material": material("MG11")},
        {"material": material("MG11", disclosable_to_defence="no")},
    ),
    "suspect_previous_convictions": (
        {"suspects": one("suspects", previous_convictions="")},
        {"suspects": one("suspects", previous_convictions=""), "material": material("PREVIOUS_CONVICTIONS")},
    ),
    "victim_witness_previous_convictions": (
        {"complainants": one("complainants", previous_convictions="none"), "witnesses": [{"id": "w1"}]},
        {"complainants": one("complainants", previous_convictions="none")},
    ),
    "domestic_abuse_checklist": (
        {"monitoring_codes": ["domestic_abuse"]},
        {"suspects": one("suspects", relationship_to_complainant="ex_partner"), "material": material("DA_CHECKLIST")},
    ),
    "special_measures": ({"complainants": [{"id": "c1"}]}, {"complainants": [{"id": "c1", "special_measures": []}]}),
    "complainant_needs": ({"complainants": [{"id": "c1"}]}, {"complainants": [{"id": "c1", "needs": []}]}),
    "victim_personal_statement": (
        {"complainants": [{"id": "c1"}]},
        {"complainants": [{"id": "c1", "vps_offered": False}]},
    ),
    "complainant_support": (
        {"complainants": [{"id": "c1"}]},
        {"complainants": [{"id": "c1", "idva": {"accepted": True}}]},
    ),
    "bail_position": ({"suspects": [{"id": "s1"}]}, {}),
    "remand_application": (
        {"suspects": one("suspects", custody={"status": "in_custody"})},
        {"suspects": one("suspects", custody={"status": "in_custody"}), "material": material("MG7")},
    ),
    "threshold_statement": (
        {"threshold_test": {"outstanding": "DNA", "bail_objections": "Flight"}},
        {"threshold_test": {"outstanding": "DNA", "bail_objections": "Flight", "expected_on": "2026-12-24"}},
    ),
    "rebuttable_presumption": (
        {"material": []},
        {"material": material("INCIDENT_LOG", rebuttable_presumption="incident_logs")},
    ),
    "disclosure_schedules": ({"material": material("MG6C", "MG6E")}, {"material": material("MG6C", "MG6D", "MG6E")}),
    "investigation_management_document": ({"material": []}, {"material": material("IMD")}),
    "disclosure_management_document": ({"material": []}, {"material": material("DMD")}),
    "third_party_material": ({"material": []}, {"third_party_material": "None held."}),
    "witness_list": ({"material": material("MG9")}, {"material": material("MG9", "MG10")}),
}

ROWS = [(standard.name, rule) for standard in list_standards(TODAY) for rule in standard.rules]


def judged(standard: str, changes: dict[str, Any], rule: standards.Rule):
    file: dict[str, dict[str, Any]] = {
        "content": example(),
        "envelope": dict(ENVELOPE),
        "request": copy.deepcopy(REQUEST),
    }
    if "charged_by_police_not_guilty" in rule.conditions:
        file["content"]["charging_authority"] = "police"
    for path, value in changes.items():
        root, _, name = path.rpartition(".")
        target = file[root or "content"]
        target[name] = value
        if value is None:
            del target[name]
    return evaluate(standard, file["content"], envelope=file["envelope"], request=file["request"], on=TODAY)


def result_of(verdict, code: str):
    return next(result for result in verdict.results if result.code == code)


@pytest.mark.parametrize(("standard", "rule"), ROWS, ids=[f"{name}-{rule.code}" for name, rule in ROWS])
def test_a_file_without_what_the_row_wants_is_told_where_and_how_to_mend_it(standard, rule):
    verdict = judged(standard, CASES[rule.code][0], rule)
    result = result_of(verdict, rule.code)
    assert (result.outcome, result.message, result.mend) == (Outcome.MISSING, rule.message, rule.mend)
    assert result.pointer.split("/")[1] in {"content", "request", "urn"}
    assert not verdict.ready or rule.level == "advisory"


@pytest.mark.parametrize(("standard", "rule"), ROWS, ids=[f"{name}-{rule.code}" for name, rule in ROWS])
def test_a_file_with_what_the_row_wants_meets_it(standard, rule):
    result = result_of(judged(standard, CASES[rule.code][1], rule), rule.code)
    assert (result.outcome, result.mend) == (Outcome.MET, "")


def test_every_requirement_that_is_written_is_wanted_by_a_standard_and_tested():
    _, written = standards._requirements()
    assert set(CASES) == set(written) == {rule.code for _, rule in ROWS}


def test_what_early_advice_requires_is_what_the_interface_promises():
    verdict = evaluate("early_advice", EXAMPLE, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    assert [result.code for result in verdict.results if result.level == "required"] == [
        "urn",
        "suspect",
        "officer_in_charge_contact",
        "supervisor_contact",
        "facts",
        "question",
        "supervisor_comments",
        "line_of_enquiry",
    ]


def test_the_example_with_its_request_is_ready_for_early_advice():
    verdict = evaluate("early_advice", EXAMPLE, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    assert verdict.ready
    assert verdict.as_body()["rule_set"] == "early_advice@2020-12-31"


def test_an_empty_file_and_request_miss_all_that_is_required():
    verdict = evaluate("early_advice", {}, envelope={}, request={}, on=TODAY)
    assert not verdict.ready
    assert {r.outcome for r in verdict.results if r.level == "required"} == {Outcome.MISSING}


def test_a_version_alone_leaves_the_request_to_be_judged_with_it():
    verdict = evaluate("early_advice", EXAMPLE, envelope=ENVELOPE, request=None, on=TODAY)
    found = result_of(verdict, "facts")
    assert verdict.ready
    assert (found.outcome, found.pointer) == (Outcome.NOT_APPLICABLE, "/request/facts")
    assert "together with a request" in found.message


@pytest.mark.parametrize("code", ["line_of_enquiry_rationale", "domestic_abuse_checklist", "material_dates"])
def test_what_the_file_gives_no_cause_for_is_not_applicable(code):
    verdict = evaluate("early_advice", EXAMPLE, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    assert result_of(verdict, code).outcome is Outcome.NOT_APPLICABLE


def test_the_pointer_leads_to_the_very_item():
    content = example()
    content["suspects"].append({**EXAMPLE["suspects"][0], "id": "s2", "previous_convictions": ""})
    verdict = evaluate("early_advice", content, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    assert result_of(verdict, "suspect_previous_convictions").pointer == "/content/suspects/1/previous_convictions"


def test_every_reason_that_a_requirement_prevents_is_in_the_lists():
    listed = {*CODE_LISTS["triage_rejection_reason"].by_code, *CODE_LISTS["dga_failure_reason"].by_code}
    for _, rule in ROWS:
        assert set(rule.prevents) <= listed, rule.code


def test_every_triage_reason_that_a_file_can_prevent_is_prevented_by_early_advice_or_the_full_code_test():
    prevented = {
        reason for name, rule in ROWS if name in ("early_advice", "full_code_test") for reason in rule.prevents
    }
    assert set(CODE_LISTS["triage_rejection_reason"].by_code) <= prevented


def test_every_kind_of_material_that_a_requirement_names_is_in_the_list():
    kinds = set(CODE_LISTS["document_kind"].by_code)
    for values in kinds_named_in(standards._read("requirements.toml")):
        assert set(values) <= kinds


def kinds_named_in(written: Any) -> list[list[str]]:
    if isinstance(written, list):
        return [values for part in written for values in kinds_named_in(part)]
    if not isinstance(written, dict):
        return []
    own = [written["values"]] if written.get("path") == "item.kind" else []
    return own + [values for part in written.values() for values in kinds_named_in(part)]


def test_an_unknown_standard_is_refused_by_its_parameter():
    with pytest.raises(Invalid) as refusal:
        evaluate("perfection", EXAMPLE, envelope=ENVELOPE, request=None, on=TODAY)
    assert [(fault.code, fault.parameter) for fault in refusal.value.faults] == [("unknown_code", "standard")]


def test_a_row_counts_only_in_its_period(monkeypatch):
    table = standards._table("early_advice")
    later = [
        replace(rule, valid_from=date(2027, 4, 1)) if rule.code == "third_party_material" else rule
        for rule in table.rules
    ]
    monkeypatch.setattr(standards, "_table", lambda name: replace(table, rules=tuple(later)))
    before, after = (standards.find_standard("early_advice", day) for day in (TODAY, date(2027, 4, 1)))
    assert len(after.rules) == len(before.rules) + 1
    assert (before.rule_set, after.rule_set) == ("early_advice@2020-12-31", "early_advice@2027-04-01")


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


def test_a_file_of_the_largest_size_is_judged_at_once():
    content = example()
    content["suspects"] = [{"id": f"s{n}"} for n in range(2_000)]
    content["offences"] = [{"id": f"o{n}", "cjs_code": "SX03002", "suspect_ids": [f"s{n}"]} for n in range(2_000)]
    started = time.thread_time()
    evaluate("early_advice", content, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    warnings(content, on=TODAY)
    assert time.thread_time() - started < 2
