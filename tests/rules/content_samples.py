"""A content as a force's record system sends it: the example of the API description, and ways to change it."""

import copy
from typing import Any

EXAMPLE: dict[str, Any] = {
    "summary": "Report of rape after a night out.",
    "case_type": "rasso",
    "classification": "official_sensitive",
    "reported_on": "2026-09-14",
    "officer_in_charge": {
        "staff_id": "53-1001",
        "name": "A. Okafor",
        "rank": "Detective Constable",
        "email": "a.okafor@gloucestershire.invalid",
        "phone": "01452 000001",
    },
    "supervisor": {
        "staff_id": "53-1002",
        "name": "B. Hughes",
        "rank": "Detective Sergeant",
        "email": "b.hughes@gloucestershire.invalid",
        "phone": "01452 000002",
    },
    "suspects": [
        {
            "id": "s1",
            "family_name": "Marlow",
            "given_names": ["Peter"],
            "date_of_birth": "1990-02-03",
            "gender": "male",
            "first_identified_on": "2026-09-15",
            "relationship_to_complainant": "acquaintance",
            "repeat_suspect": False,
            "custody": {"status": "released_under_investigation"},
            "interviews": [{"on": "2026-09-20", "kind": "voluntary", "account": "Says that it was consensual."}],
            "previous_convictions": "none",
            "conduct_summary": "Bought drinks, followed her to the taxi rank, got in uninvited.",
        }
    ],
    "complainants": [
        {
            "id": "c1",
            "pseudonym": "C1",
            "special_measures": ["screens"],
            "needs": [],
            "vps_offered": True,
            "isva": {"offered_on": "2026-09-15", "accepted": True},
        }
    ],
    "witnesses": [],
    "offences": [
        {
            "id": "o1",
            "cjs_code": "SX03002",
            "suspect_ids": ["s1"],
            "complainant_ids": ["c1"],
            "dates": {"code": "1", "from": "2026-09-12"},
            "location": "Cheltenham",
            "particulars": "Rape of C1.",
        }
    ],
    "lines_of_enquiry": [
        {
            "id": "l1",
            "description": "CCTV of the taxi rank",
            "status": "ongoing",
            "rationale": "Shows who got into the car and how.",
            "expected_result": "Footage of both getting in.",
            "expected_on": "2026-12-01",
            "suspect_ids": ["s1"],
        }
    ],
    "material": [
        {
            "id": "m1",
            "reference": "ABC/1",
            "kind": "MG11",
            "title": "First account",
            "attachment_ids": [],
            "status": "available",
            "disclosable_to_defence": "undetermined",
            "sensitivity": "non_sensitive",
        }
    ],
    "defence_case": "Consent.",
    "issues": "Intoxication; phone not yet examined.",
    "supervisor_comments": "Reviewed; early advice sought on the phone.",
    "chronology": [],
    "links": [],
    "extensions": {},
}

ENVELOPE: dict[str, Any] = {
    "urn": "53BH0012326",
    "urn_suffix": None,
    "police_unit": "police-53-rasso",
    "cps_unit": "cps-south-west-rasso",
    "crime_references": ["53/2026/004711"],
}

REQUEST: dict[str, Any] = {
    "suspect_ids": ["s1"],
    "facts": "They met in a bar.",
    "issues": "Whether the phone is proportionate.",
    "advice_sought": [{"topic": "lines_of_enquiry", "question": "Is the phone a reasonable line of enquiry?"}],
}


def example() -> dict[str, Any]:
    """Return a copy of the example, to be changed freely."""
    return copy.deepcopy(EXAMPLE)


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the example with another value at the place, such as `suspects/0/custody`."""
    content = example()
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    place: Any = content
    for step in way:
        place = place[step]
    place[last] = value
    return content


def without(path: str) -> dict[str, Any]:
    """Return the example without what stands at the place."""
    content = changed(path, None)
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    place: Any = content
    for step in way:
        place = place[step]
    del place[last]
    return content
