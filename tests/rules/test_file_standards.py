"""Every row of every file standard: a file that meets it, and one that does not."""

import copy
import re
import time
from datetime import date
from typing import Any

import pytest

from casefile_api.case_files.checks import check_content, warnings
from casefile_api.case_files.content import content_faults
from casefile_api.demo.case import line_of_enquiry, unfinished_content
from casefile_api.errors import Invalid
from casefile_api.file_standards.readiness import evaluate, list_standards
from casefile_api.file_standards.rule_sets import Rules, RuleSet, make_rule_set, package_rules
from casefile_api.file_standards.rules import Outcome
from casefile_api.file_standards.standards import NAMES, check_rule_set, find_standard
from casefile_api.file_standards.trials import REASONS, Trial, faults_of, try_rule_set
from casefile_api.organisations.code_lists import CODE_LISTS
from tests.rules.content_samples import ENVELOPE, EXAMPLE, REQUEST, example

TODAY = date(2026, 11, 24)


NATIONAL = package_rules().national
TRIALS = list(try_rule_set(NATIONAL, TODAY))
ROWS = [(standard.name, rule) for standard in list_standards(TODAY) for rule in standard.rules]


def result_of(verdict, code: str):
    return next(result for result in verdict.results if result.code == code)


@pytest.mark.parametrize("trial", TRIALS, ids=[f"{t.standard}-{t.rule.code}-{t.wanted.value}" for t in TRIALS])
def test_each_row_is_met_by_one_file_and_missed_by_another_and_says_where_and_how_to_mend_it(trial: Trial):
    rule, result = trial.rule, trial.result
    assert result.outcome is trial.wanted
    if trial.wanted is Outcome.MET:
        assert result.mend == ""
        return
    assert (result.message, result.mend, result.prevents) == (rule.message, rule.mend, rule.prevents)
    assert result.pointer.split("/")[1] in {"content", "request", "urn"}


def test_every_row_was_tried_twice_and_the_set_finds_no_fault_with_itself():
    assert len(TRIALS) == 2 * len(ROWS) > 500
    assert faults_of(NATIONAL, TODAY) == []


def test_a_set_whose_sample_comes_out_otherwise_is_told_which():
    samples = {**NATIONAL.table("samples"), "suspect": {"missing": {}, "met": {}}}
    broken = make_rule_set("national", {**NATIONAL.tables, "samples": samples})
    assert "trial: suspect is met where its sample says missing." in faults_of(broken, TODAY)


def test_every_requirement_that_is_written_is_wanted_by_a_standard():
    check_rule_set(NATIONAL)
    assert set(NATIONAL.table("requirements")) == {rule.code for _, rule in ROWS} == set(NATIONAL.table("samples"))


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


def test_every_triage_reason_that_a_file_can_prevent_is_prevented_by_early_advice_or_the_full_code_test():
    prevented = {
        reason for name, rule in ROWS if name in ("early_advice", "full_code_test") for reason in rule.prevents
    }
    assert set(CODE_LISTS["triage_rejection_reason"].by_code) <= prevented


def test_every_kind_of_material_that_a_requirement_names_is_in_the_list():
    kinds = set(CODE_LISTS["document_kind"].by_code)
    for values in kinds_named_in(NATIONAL.tables["requirements"]) + kinds_named_in(NATIONAL.tables["conditions"]):
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


def with_standard(name: str, change) -> RuleSet:
    tables = copy.deepcopy(dict(NATIONAL.tables))
    change(tables["standards"][name]["rules"])
    return make_rule_set("national", tables)


def test_a_row_counts_only_in_its_period():
    def postpone(rows):
        next(row for row in rows if row["requirement"] == "third_party_material")["valid_from"] = "2027-04-01"

    rules = Rules(with_standard("early_advice", postpone))
    before, after = (find_standard("early_advice", day, rules) for day in (TODAY, date(2027, 4, 1)))
    assert len(after.rules) == len(before.rules) + 1
    assert (before.rule_set, after.rule_set) == ("early_advice@2020-12-31", "early_advice@2027-04-01")


def test_the_table_of_what_is_required_at_each_stage_is_obeyed():
    """The national table: required, if relevant, not expected, for each thing and stage."""
    told = {(name, rule.code): rule.level.value[0] for name, rule in ROWS}
    for line in STAGES.strip().splitlines():
        codes, wanted = line.split(":")
        for name, letter in zip(NAMES, wanted.split(), strict=True):
            found = {told.get((name, code), "-") for code in codes.split()}
            assert letter in found or (letter == "-" and found == {"-"}), (codes, name)


# r required, a advisory, - not wanted; stages in the order of a case.
STAGES = """
urn suspect officer_in_charge_contact supervisor_contact: r r r r r r
facts factual_summary: r r r r - -
question: r - - - - -
supervisor_comments: r r r r - -
proposed_charges: a r r r r r
line_of_enquiry: r r r r a r
key_statements: a r r r r r
suspect_account interview_record: a r r r r r
exhibits exhibits_to_hand footage_usable: a a a r a r
forensic forensic_to_hand expert_evidence: a a a r a r
suspect_previous_convictions: a r r r r r
victim_witness_previous_convictions: - a a r a r
domestic_abuse_checklist: a r r r - -
special_measures victim_personal_statement: a a r r r r
bail_position: - r a a a a
remand_application: - r a a a a
threshold_statement: - r - - - -
rebuttable_presumption: - a - r r r
disclosure_schedules: - - - r r r
investigation_management_document: a - - r - r
disclosure_management_document: - - - r a r
third_party_material: a a - r a r
witness_list: - - a r r r
"""


def test_every_reason_for_which_files_are_sent_back_or_fail_is_prevented_by_a_rule():
    prevented = {reason for _, rule in ROWS for reason in rule.prevents}
    for name in REASONS:
        assert set(CODE_LISTS[name].by_code) <= prevented, name
    assert all(rule.prevents for _, rule in ROWS)


MENDS: dict[str, dict[str, Any]] = {
    "line_of_enquiry": {"lines_of_enquiry": [line_of_enquiry()]},
    "key_statements": {"material": ["MG11"]},
    "exhibits": {"material": ["EXHIBIT"]},
    "forensic": {"material": ["MG22(SFR)"]},
    "victim_witness_previous_convictions": {"complainants": {"previous_convictions": "none"}},
    "rebuttable_presumption": {"disclosure": {"none_presumed_because": "No record was made at the time."}},
    "disclosure_schedules": {"material": ["MG6C", "MG6D", "MG6E"]},
    "investigation_management_document": {"material": ["IMD"]},
    "disclosure_management_document": {"material": ["DMD"]},
    "third_party_material": {"third_party_material": "Nothing is held."},
    "witness_list": {"material": ["MG9", "MG10"]},
}


def test_the_gloucestershire_file_goes_from_eleven_missing_items_to_none_by_following_each_mend():
    content: dict[str, Any] = {**unfinished_content(), "supervisor_comments": "Reviewed."}
    missing = missing_of(content)
    assert set(missing) == set(MENDS) and len(missing) == 11
    for left, code in zip(range(10, -1, -1), list(MENDS), strict=True):
        told = missing_of(content)[code]
        place = told.pointer.split("/")[2]
        assert told.mend and (place in MENDS[code] or code in CHOICES)
        follow(content, MENDS[code])
        assert content_faults(content) == [] and check_content(content, attachment_ids=set(), on=TODAY) == []
        assert code not in missing_of(content) and len(missing_of(content)) == left
    assert evaluate("full_code_test", content, envelope=ENVELOPE, request=REQUEST, on=TODAY).ready


ADVISED: dict[str, list[dict[str, Any]]] = {
    "key_statements": [{"material": ["MG11"]}, {"material": ["ABE_RECORDING"]}],
    "exhibits": [{"material": ["EXHIBIT"]}, {"material": ["CCTV"]}],
    "forensic": [{"material": ["MG22(SFR)"]}, {"forensic_submissions": [{"id": "f1", "examination": "dna"}]}],
    "rebuttable_presumption": [
        {"disclosure": {"none_presumed_because": "No record was made at the time."}},
        {"unused_material": [{"id": "u1", "schedule": "MG6C", "number": 1, "description": "Log of the call",
                              "rebuttable_presumption": "emergency_calls"}]},
    ],
    "third_party_material": [
        {"third_party_material": "Nothing is held."},
        {"third_party_requests": [{"id": "t1", "holder_kind": "gp", "status": "requested"}]},
    ],
    "digital_position": [
        {"digital_strategy": "The phone is examined."},
        {"devices": [{"id": "d1", "kind": "mobile_phone", "seized_on": "2026-09-20", "extracted_on": "2026-10-01"}]},
    ],
    "bad_character": [{"suspects": {"bad_character": "None is known."}}, {"material": ["MG16"]}],
}  # fmt: skip


@pytest.mark.parametrize(("code", "way"), [(code, n) for code, ways in ADVISED.items() for n in range(len(ways))])
def test_whichever_way_of_mending_is_taken_that_the_advice_names_it_is_mended(code: str, way: int):
    content: dict[str, Any] = {**unfinished_content(), "supervisor_comments": "Reviewed."}
    assert outcome_of(content, code) == "missing"
    follow(content, ADVISED[code][way])
    assert content_faults(content) == [] and check_content(content, attachment_ids=set(), on=TODAY) == []
    assert outcome_of(content, code) == "met"


def outcome_of(content, code: str) -> str:
    verdict = evaluate("full_code_test", content, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    return str(result_of(verdict, code).outcome)


def test_a_kind_that_an_advice_names_is_one_that_material_can_have():
    kinds = CODE_LISTS["document_kind"].by_code
    named = {kind for _, rule in ROWS for kind in re.findall(r"\b(?:MG[0-9]+[A-Z]?|[A-Z]{3,}_[A-Z]+)\b", rule.mend)}
    assert {"MG11", "ABE_RECORDING", "EXPERT_REPORT"} <= named <= set(kinds)


# What can be mended in more than one place points to the first of them.
CHOICES = {"rebuttable_presumption", "third_party_material"}


def missing_of(content) -> dict[str, Any]:
    verdict = evaluate("full_code_test", content, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    return {one.code: one for one in verdict.results if one.level == "required" and one.outcome == "missing"}


def follow(content: dict[str, Any], mend: dict[str, Any]) -> None:
    for name, value in mend.items():
        if name == "material":
            content[name] += [{"id": kind, "kind": kind, "status": "available"} for kind in value]
        elif name in {"complainants", "suspects"}:
            content[name] = [{**person, **value} for person in content[name]]
        else:
            content[name] = value


def test_a_file_of_the_largest_size_is_judged_at_once():
    content = example()
    content["suspects"] = [{"id": f"s{n}"} for n in range(2_000)]
    content["offences"] = [{"id": f"o{n}", "cjs_code": "SX03002", "suspect_ids": [f"s{n}"]} for n in range(2_000)]
    started = time.thread_time()
    evaluate("early_advice", content, envelope=ENVELOPE, request=REQUEST, on=TODAY)
    warnings(content, on=TODAY)
    assert time.thread_time() - started < 2
