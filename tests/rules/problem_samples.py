"""For each problem code a content that raises it and nothing else: the complete example with these members changed.

A path names the place, `GONE` takes a member away; the complete example itself raises nothing, so undoing the change is
the mend.
"""

import copy
from collections.abc import Mapping
from typing import Any

from casefile_api.case_files.content import complete_example

GONE = object()
Changes = Mapping[str, Any]

S1, S2, C1, C2, W1, O1, O2 = (
    "suspects/0", "suspects/1", "complainants/0", "complainants/1", "witnesses/0", "offences/0", "offences/1"
)  # fmt: skip
HELD, BAILED, CHARGE = f"{S1}/custody", f"{S2}/custody", f"{S1}/proposed_charges/0"
DEVICE, OTHERS_DEVICE, REQUEST = "devices/0", "devices/2", "third_party_requests/0"
LINE, OPEN_LINE = "lines_of_enquiry/0", "lines_of_enquiry/1"
SUMMARY_OFFENCE = "PU86116"
NOT_YET = "2126-01-01"
VOLUNTARY = {"on": "2026-09-22", "kind": "voluntary", "account": "Made no comment."}
IN_CUSTODY = {
    "status": "in_custody",
    "arrested_at": "2026-11-24T08:00:00Z",
    "relevant_time": "2026-11-24T08:30:00Z",
    "detention_authorised_at": "2026-11-24T08:40:00Z",
    "detention_ends_at": "2026-11-25T08:30:00Z",
}
UNDER_18 = {f"{S2}/date_of_birth": "2010-06-07"}


def changed(changes: Changes) -> dict[str, Any]:
    """Return the complete example with the changes."""
    content: dict[str, Any] = copy.deepcopy(dict(complete_example()))
    for path, value in changes.items():
        *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        place: Any = content
        for step in way:
            place = place[step]
        if value is GONE:
            del place[last]
        elif last == "-":
            place.append(value)
        else:
            place[last] = value
    return content


def person(index: int = 0, section: str = "suspects", **members: Any) -> dict[str, Any]:
    """Return a copy of somebody of the example with other members."""
    found: dict[str, Any] = copy.deepcopy(dict(complete_example())[section][index])  # type: ignore[index,call-overload,arg-type]
    return found | members


SHAPES: dict[str, Changes] = {
    "required": {"summary": GONE},
    "unknown_field": {"colour": "red"},
    "wrong_type": {"summary": 1},
    "string_too_long": {f"{O1}/location": "x" * 81},
    "string_too_short": {f"{S1}/id": ""},
    "string_pattern_mismatch": {"reported_on": "14/09/2026"},
    "too_long": {f"{S1}/given_names": ["A"] * 11},
    "greater_than_equal": {"unused_material/0/number": 0},
    "less_than_equal": {f"{C1}/contact_every_days": 366},
    "impossible_date": {"reported_on": "2026-02-30"},
    "impossible_time": {f"{HELD}/arrested_at": "2026-09-14T25:00:00Z"},
    "too_sensitive": {"classification": "secret"},
}
# Refused before the models are asked, while the body is read.
ELSEWHERE = {"null", "malformed"}

ERRORS: dict[str, Changes] = {
    "duplicate_id": {"links/-": {"id": "z1", "crime_reference": "53/2020/1"}},
    "unresolved_reference": {"outstanding_evidence/0/line_ids": ["l9"]},
    "unknown_attachment": {"material/1/attachment_ids": ["none"]},
    "unknown_code": {"material/0/kind": "MG99"},
    "expired_code": {f"{BAILED}/bail_stage": "inspector"},
    "not_in_force": {f"{O2}/dates": {"code": "1", "from": "2003-09-12"}},
    "end_date_missing": {f"{O2}/dates": {"code": "4", "from": "2026-09-01"}},
    "dates_reversed": {f"{O2}/dates/to": "2026-08-31"},
    "times_reversed": {f"{S1}/interviews/0/ended_at": "2026-09-15T08:00:00Z"},
    "future_date": {"disclosure/signed_on": NOT_YET},
    "before_birth": {f"{S1}/convictions/0/on": "1989-01-01"},
    "charged_with_wrong_asn": {f"{S1}/identifiers/asn": "2653BH0100000448754A"},
    "schedule_number_repeated": {"unused_material/1": person(1, "unused_material", number=1, supersedes=2)},
    "supersedes_itself": {"unused_material/1/supersedes": 2},
    "belongs_to_two_people": {f"{OTHERS_DEVICE}/suspect_id": "s1"},
}

ABOUT_PEOPLE: dict[str, Changes] = {
    "pnc_id_doubtful": {f"{S1}/identifiers/pnc_id": "2000/1234567A"},
    "asn_doubtful": {f"{S2}/identifiers": {"asn": "1101ZD0100000448754L"}},
    "cro_doubtful": {f"{S1}/identifiers/cro": "1"},
    "driver_number_doubtful": {f"{S1}/identifiers/driver_number": "1"},
    "pnc_id_shared": {f"{S2}/identifiers": {"pnc_id": "2000/1234567V"}},
    "cro_shared": {f"{S2}/identifiers": {"cro": "123456/00A"}},
    "asn_shared": {f"{S2}/identifiers": {"asn": complete_example()["suspects"][0]["identifiers"]["asn"]}},  # type: ignore[index,call-overload]
    "suspect_unnamed": {f"{S2}/family_name": GONE},
    "given_names_missing": {f"{S2}/given_names": GONE},
    "suspect_twice": {
        f"{S2}/family_name": "Marlow", f"{S2}/given_names": ["Peter"], f"{S2}/date_of_birth": "1990-02-03"
    },
    "complainant_twice": {
        C2: person(1, "complainants", family_name="Winter", given_names=["Jo"], date_of_birth="1994-04-05")
    },
    "witness_twice": {
        W1: person(0, "witnesses", family_name="Lake"),
        "witnesses/-": {"id": "w2", "family_name": "Lake"},
    },
    "person_in_two_roles": {
        W1: person(0, "witnesses", family_name="Winter", given_names=["Jo"], date_of_birth="1994-04-05")
    },
    "age_implausible": {f"{W1}/date_of_birth": "1900-01-01"},
    "born_after_offence": {f"{C2}/date_of_birth": "2026-09-05"},
    "under_ten": {f"{S2}/date_of_birth": "2018-06-07"},
    "youth_flag_differs": {f"{S1}/youth": True},
    "youth_without_appropriate_adult": UNDER_18 | {f"{S2}/interviews/0/appropriate_adult": False},
    "repeat_suspect_without_basis": {f"{S1}/repeat_suspect_basis": GONE},
    "complainant_named_in_summary": {"summary": "Report by Winter."},
    "complainant_named_in_title": {"material/1/title": "Interview of Winter"},
    "complainant_without_pseudonym": {f"{C1}/pseudonym": GONE},
    "statement_made_yet_not_offered": {f"{C1}/vps_offered": False},
    "withdrawal_without_reason": {f"{C2}/withdrawal/reason": GONE},
    "support_accepted_without_offer": {f"{C2}/idva": {"accepted": True}},
    "referral_without_acceptance": {f"{C1}/isva/accepted": False},
    "referral_before_offer": {f"{C1}/isva/referred_on": "2026-09-13"},
    "special_measures_and_none": {f"{W1}/special_measures": ["live_link", "none"]},
    "special_measures_without_needs": {f"{W1}/needs": []},
    "child_without_special_measures": {
        W1: person(0, "witnesses", special_measures=[], date_of_birth="2012-01-01", statement_signed_on="2026-09-18")
    },
    "intermediary_without_measure": {f"{C1}/special_measures": ["screens"]},
    "interpreter_without_language": {
        f"{C1}/interviews/0/interpreter": True, f"{C1}/interpreter_language": GONE
    },
}  # fmt: skip

ABOUT_CUSTODY: dict[str, Changes] = {
    "extension_for_summary_offence": {
        O1: {"id": "o1", "cjs_code": SUMMARY_OFFENCE, "suspect_ids": ["s1"], "complainant_ids": ["c1"],
             "dates": {"code": "1", "from": "2026-09-12"}},
        f"{O2}/suspect_ids": ["s2"],
        f"{CHARGE}/cjs_code": SUMMARY_OFFENCE,
    },
    "detention_24_hours_exceeded": {f"{HELD}/extensions": GONE},
    "detention_36_hours_exceeded": {f"{HELD}/detention_ends_at": "2026-09-16T08:41:00Z"},
    "detention_96_hours_exceeded": {
        f"{HELD}/extensions/-": {
            "id": "x2", "kind": "warrant", "authorised_at": "2026-09-16T08:00:00Z", "until": "2026-09-19T08:40:00Z"
        },
        f"{HELD}/detention_ends_at": "2026-09-19T08:40:00Z",
    },
    "detention_run_out": {BAILED: IN_CUSTODY | {
        "arrested_at": "2026-09-21T08:00:00Z", "relevant_time": "2026-09-21T08:30:00Z",
        "detention_authorised_at": "2026-09-21T08:40:00Z", "detention_ends_at": "2026-09-22T08:30:00Z"}},
    "detention_before_arrest": {f"{HELD}/detention_authorised_at": "2026-09-14T20:00:00Z"},
    "custody_without_arrest": {BAILED: {"status": "in_custody"}, f"{S2}/interviews": [VOLUNTARY]},
    "in_custody_yet_released": {BAILED: IN_CUSTODY | {"released_on": "2026-11-24"}, f"{S2}/interviews": [VOLUNTARY]},
    "arrested_yet_not_arrested": {BAILED: {"status": "not_arrested", "arrested_on": "2026-09-21"}},
    "bail_without_bail_status": {f"{BAILED}/status": "released_under_investigation"},
    "arrest_days_differ": {f"{HELD}/arrested_on": "2026-09-16", f"{S1}/interviews": []},
    "released_before_arrest": {f"{BAILED}/released_on": "2026-09-20"},
    "bail_without_end": {BAILED: {"status": "on_bail", "arrested_on": "2026-09-21"}},
    "conditional_bail_without_conditions": {f"{BAILED}/bail_conditions": GONE},
    "unconditional_bail_with_conditions": {f"{BAILED}/status": "unconditional_bail"},
    "bail_run_out": {f"{BAILED}/bail_until": "2026-11-20", f"{BAILED}/return_on": GONE},
    "return_after_bail": {f"{BAILED}/return_on": "2027-03-21"},
    "bail_before_arrest": {f"{BAILED}/bail_from": "2026-09-20"},
    "bail_stage_missing": {f"{BAILED}/bail_stage": GONE},
    "bail_beyond_stage": {f"{BAILED}/bail_until": "2027-03-22"},
    "bail_extension_missing": {f"{BAILED}/bail_extensions": GONE},
    "bail_extension_ends_before_decision": {f"{BAILED}/bail_extensions/0/until": "2026-11-19"},
    "remand_without_charge": {f"{S1}/proposed_charges": GONE},
    "remand_status_differs": {
        f"{BAILED}/remand": {"status": "PR"},
        f"{S2}/identifiers": {"asn": "1101ZD0100000448754K"},
        f"{S2}/proposed_charges": [{"id": "p2", "cjs_code": "SX03007", "state": "charged", "charged_on": "2026-11-01"}],
    },
    "appearance_before_charge": {f"{HELD}/remand/first_appearance_on": "2026-09-15",
                                 f"{HELD}/remand/custody_time_limit_on": "2027-03-16"},
    "custody_time_limit_missing": {f"{HELD}/remand/custody_time_limit_on": GONE},
    "custody_time_limit_too_late": {f"{HELD}/remand/custody_time_limit_on": "2027-03-18"},
    "custody_time_limit_run_out": {f"{HELD}/remand/custody_time_limit_on": "2026-11-11",
                                   f"{HELD}/remand/extended_until": GONE},
    "charge_before_offence": {f"{CHARGE}/dates/from": "2026-09-17"},
    "charge_before_identified": {
        f"{S2}/identifiers": {"asn": "1101ZD0100000448754K"},
        f"{S2}/proposed_charges": [{"id": "p2", "cjs_code": "SX03007", "state": "charged", "charged_on": "2026-09-19"}],
    },
    "charge_for_another_suspect": {
        f"{S2}/proposed_charges": [{"id": "p2", "offence_id": "o1", "cjs_code": "SX03002"}]
    },
    "charge_code_differs": {f"{CHARGE}/cjs_code": "SX03004"},
    "charged_without_day": {f"{S2}/proposed_charges": [{"id": "p2", "cjs_code": "SX03007", "state": "charged"}]},
    "charged_yet_proposed": {f"{CHARGE}/state": "proposed"},
    "charged_without_asn": {f"{S1}/identifiers/asn": GONE},
    "arrest_before_offence": {
        f"{O2}/dates": {"code": "1", "from": "2026-09-10"}, f"{O2}/suspect_ids": ["s1"],
        "offences/-": {"id": "o3", "cjs_code": "SX03007", "suspect_ids": ["s2"], "complainant_ids": ["c2"],
                       "dates": {"code": "1", "from": "2026-09-01"}},
        BAILED: {"status": "released_under_investigation", "arrested_on": "2026-08-31"},
        f"{S2}/first_identified_on": GONE,
    },
    "arrest_before_identified": {f"{S2}/first_identified_on": "2026-09-22", f"{S2}/interviews": [VOLUNTARY]},
    "interview_before_identified": {f"{S2}/interviews": [VOLUNTARY | {"on": "2026-09-19"}]},
    "interview_before_offence": {
        f"{S2}/interviews": [VOLUNTARY | {"on": "2026-08-31"}], f"{S2}/first_identified_on": GONE
    },
    "interview_without_arrest": {BAILED: {"status": "released_under_investigation"}},
    "interview_before_arrest": {f"{S2}/interviews/0/on": "2026-09-20"},
    "interview_without_caution": {f"{S2}/interviews/0/cautioned": False},
}  # fmt: skip

ABOUT_OFFENCES: dict[str, Changes] = {
    "offence_without_suspect": {"offences/-": {"id": "o3", "cjs_code": "SX03007", "complainant_ids": ["c2"],
                                               "dates": {"code": "1", "from": "2026-09-01"}}},
    "offence_without_complainant": {f"{O2}/complainant_ids": []},
    "offence_without_dates": {"offences/-": {"id": "o3", "cjs_code": "SX03007", "suspect_ids": ["s2"],
                                             "complainant_ids": ["c2"]}},
    "end_date_unused": {f"{O2}/dates/code": "1"},
    "offence_after_report": {"offences/-": {"id": "o3", "cjs_code": "SX03007", "suspect_ids": ["s2"],
                                            "complainant_ids": ["c2"], "dates": {"code": "1", "from": "2026-09-15"}}},
    "offence_twice": {"offences/-": person(1, "offences", id="o3")},
    "offence_category_differs": {f"{O1}/category": "CE"},
    "complainant_sex_differs": {f"{C2}/gender": "male"},
    "complainant_age_differs": {
        "offences/-": {"id": "o3", "cjs_code": "SX03013", "suspect_ids": ["s2"], "complainant_ids": ["c1"],
                       "dates": {"code": "1", "from": "2026-09-01"}}},
    "summary_time_limit_passed": {
        "offences/-": {"id": "o3", "cjs_code": SUMMARY_OFFENCE, "suspect_ids": ["s2"], "complainant_ids": ["c2"],
                       "dates": {"code": "1", "from": "2026-05-01"}}},
    "outcome_day_without_outcome": {f"{O1}/home_office_outcome": GONE},
    "outcome_before_offence": {f"{O1}/outcome_on": "2026-09-11"},
    "suspect_without_offence": {f"{O2}/suspect_ids": ["s1"]},
    "identified_before_offence": {f"{S2}/first_identified_on": "2026-08-31"},
    "no_sexual_offence": {
        O1: {"id": "o1", "cjs_code": "OF61102", "suspect_ids": ["s1"], "complainant_ids": ["c1"],
             "dates": {"code": "1", "from": "2026-09-12"}},
        f"{O2}/cjs_code": "OF61102", f"{CHARGE}/cjs_code": "OF61102"},
    "police_may_not_charge": {"charging_authority": "police"},
    "domestic_abuse_unmarked": {"monitoring_codes": ["rape"]},
    "supervises_own_file": {"supervisor/staff_id": "53-1001"},
    "red_without_custody": {
        f"{HELD}/status": "released_under_investigation", f"{HELD}/remand": GONE, "threshold_test": GONE},
    "custody_without_red": {BAILED: IN_CUSTODY, f"{S2}/interviews": [VOLUNTARY], "referral/colour": "green"},
    "decision_overdue": {"referral/required_by": "2026-11-23T18:00:00Z"},
    "threshold_test_without_custody": {
        f"{HELD}/status": "released_under_investigation", f"{HELD}/remand": GONE, "referral/colour": "green"},
    "threshold_test_missing": {"referral/test": "THRESHOLD_TEST", "threshold_test": GONE},
    "review_before_evidence": {"threshold_test/review_on": "2026-11-29"},
}  # fmt: skip

ABOUT_EVIDENCE: dict[str, Changes] = {
    "not_pursued_without_rationale": {OPEN_LINE: {"id": "l2", "description": "x", "status": "not_pursued"}},
    "done_without_result": {f"{LINE}/result": GONE, f"{LINE}/material_ids": []},
    "done_yet_expected": {f"{LINE}/expected_on": "2027-01-01"},
    "completed_yet_open": {f"{OPEN_LINE}/completed_on": "2026-11-01"},
    "line_overdue": {f"{OPEN_LINE}/expected_on": "2026-11-01"},
    "available_yet_expected": {"material/0/expected_on": "2027-01-01"},
    "received_yet_outstanding": {"material/4/received_on": "2026-11-01"},
    "attached_yet_outstanding": {"material/4/attachment_ids": ["a"]},
    "material_overdue": {"material/4/expected_on": "2026-11-01"},
    "clipped_but_no_footage": {"material/0/clipped": True},
    "schedule_never_disclosed": {"material/-": {"id": "m9", "kind": "MG6D", "disclosable_to_defence": "yes"}},
    "form_never_disclosed": {"material/-": {"id": "m9", "kind": "MG6E", "disclosable_to_defence": "yes"}},
    "sensitive_and_disclosable": {"material/0/sensitivity": "sensitive"},
    "presumption_yet_not_disclosable": {"material/3/disclosable_to_defence": "no"},
    "material_reference_twice": {"material/1/reference": "W1/1"},
    "attachment_twice": {"material/0/attachment_ids": ["a"], "material/1/attachment_ids": ["a"]},
    "received_before_requested": {"material/5/received_on": "2026-09-19"},
    "provided_before_created": {"material/0/provided_on": "2026-09-17"},
    "opinion_without_basis": {"opinions/0/basis": GONE},
    "breach_without_suspect": {"orders/0/suspect_ids": []},
    "urn_doubtful": {"links/0/urn": "none"},
    "linked_asn_doubtful": {"links/0/asn": "1101ZD0100000448754L"},
    "linked_pnc_id_doubtful": {"links/0/pnc_id": "2000/1234567A"},
    "link_leads_nowhere": {"links/-": {"id": "z2", "note": "Another."}},
    "link_twice": {"links/-": {"id": "z2", "urn": "53bh0012426"}},
    "chronology_in_future": {"chronology/-": {"id": "y2", "on": NOT_YET, "description": "x"}},
    "time_on_another_day": {"chronology/0/at": "2026-09-14T22:15:00Z"},
    "crimed_before_report": {"crimed_on": "2026-09-13"},
    "gatekeeper_before_report": {"gatekeeper/on": "2026-09-13"},
    "withdrawal_before_report": {f"{C2}/withdrawal/on": "2026-09-13"},
    "heard_before_report": {f"{C1}/interviewed_on": "2026-09-13", f"{C1}/first_account_on": GONE},
    "interview_before_first_account": {f"{C1}/first_account_on": "2026-09-16"},
}

ABOUT_DISCLOSURE: dict[str, Changes] = {
    "schedule_numbers_with_gap": {"unused_material/1/number": 3},
    "listed_on_both_schedules": {
        "unused_material/0/edited_version": False, "unused_material/2/material_ids": ["m4"]
    },
    "sensitive_without_reason": {"unused_material/2/sensitivity_reason": GONE},
    "reason_on_open_schedule": {"unused_material/1/sensitivity_reason": "Would show where."},
    "presumption_rebutted_without_reason": {
        "unused_material/0/police_view": "clearly_not_disclosable", "unused_material/0/reason": GONE
    },
    "block_listed_without_reason": {"unused_material/0/block_listed": True, "unused_material/0/reason": GONE},
    "nil_schedule_with_items": {"disclosure/nil_sensitive": True},
    "none_presumed_yet_listed": {"disclosure/none_presumed_because": "There is none."},
    "signed_by_nobody": {"disclosure/signed_by": GONE},
    "device_of_nobody": {"devices/1/suspect_id": GONE},
    "extracted_before_seized": {
        f"{DEVICE}/seized_on": "2026-10-01", f"{DEVICE}/extraction_requested_on": GONE
    },
    "extraction_requested_before_seized": {f"{DEVICE}/extraction_requested_on": "2026-09-14"},
    "extracted_before_requested": {f"{DEVICE}/extraction_requested_on": "2026-10-01"},
    "examined_before_extracted": {f"{DEVICE}/examined_on": "2026-09-29"},
    "returned_before_seized": {"devices/1/returned_on": "2026-09-13"},
    "returned_before_extracted": {f"{DEVICE}/returned_on": "2026-09-29"},
    "agreed_before_notice": {f"{DEVICE}/notice_given_on": "2026-09-16"},
    "extracted_before_agreement": {f"{DEVICE}/agreed_on": "2026-10-01"},
    "extracted_without_agreement": {f"{DEVICE}/agreed_on": GONE},
    "extraction_without_limits": {f"{DEVICE}/date_from": GONE, f"{DEVICE}/search_terms": []},
    "extraction_without_necessity": {f"{DEVICE}/necessity": GONE},
    "extracted_yet_waiting": {f"{DEVICE}/status": "extraction_requested"},
    "extracted_without_day": {"devices/1/status": "extracted"},
    "extraction_overdue": {"devices/1/extraction_expected_on": "2026-11-01"},
    "request_without_justification": {f"{REQUEST}/proportionality": GONE},
    "request_without_line": {f"{REQUEST}/line_ids": []},
    "request_without_record_types": {f"{REQUEST}/record_types": []},
    "request_without_limits": {f"{REQUEST}/date_to": GONE},
    "request_without_day": {"third_party_requests/2/requested_on": GONE},
    "counselling_without_approval": {f"{REQUEST}/approved_by_rank": GONE},
    "counselling_without_rebuttal": {f"{REQUEST}/rebuttal_reason": GONE},
    "request_without_notice": {f"{REQUEST}/notice_given_on": GONE},
    "notice_after_request": {f"{REQUEST}/notice_late_reason": GONE},
    "notice_to_nobody": {f"{REQUEST}/notice_recipient_role": GONE},
    "notice_and_exception": {f"{REQUEST}/notice_exception": "not_practicable"},
    "request_before_approval": {f"{REQUEST}/approved_on": "2026-10-07"},
    "records_before_request": {f"{REQUEST}/received_on": "2026-10-05"},
    "records_overdue": {"third_party_requests/2/expected_on": "2026-11-20"},
    "result_before_submission": {"forensic_submissions/0/returned_on": "2026-09-16"},
    "forensic_result_overdue": {
        "forensic_submissions/0/returned_on": GONE, "forensic_submissions/0/expected_on": "2026-11-20"
    },
    "outstanding_evidence_overdue": {"outstanding_evidence/0/expected_on": "2026-11-20"},
    "shared_before_recorded": {"media_elsewhere/0/shared_on": "2026-09-13"},
    "media_expired": {"media_elsewhere/0/expires_on": "2026-11-23"},
    "media_without_hash": {"media_elsewhere/0/sha256": GONE},
}  # fmt: skip

WARNED = ABOUT_PEOPLE | ABOUT_CUSTODY | ABOUT_OFFENCES | ABOUT_EVIDENCE | ABOUT_DISCLOSURE
