"""Invented case files: the example of the contract, and the few calls that bring one to a state a test starts from.

Every person is made up. `case_content(**changes)` replaces top-level members.
"""

import itertools
import os
from typing import Any

from tests.outside.client import Party, Sandbox

Json = Any
FORCE_UNIT = {"police-53": "53BH", "police-52": "52AA", "police-20": "20AA"}
_numbers = itertools.count(int.from_bytes(os.urandom(2)) % 20_000)


def new_urn(organisation: str = "police-53") -> str:
    """A URN of the force that this run has not used: force, unit, five digits, year."""
    number = next(_numbers) * 7 + os.getpid() % 7
    return f"{FORCE_UNIT[organisation]}{number % 100_000:05d}{(24 + number // 100_000) % 100:02d}"


def contact(staff_id: str, name: str, rank: str) -> Json:
    return {
        "staff_id": staff_id,
        "name": name,
        "rank": rank,
        "email": f"{staff_id.lower()}@gloucestershire.example",
        "phone": "01632 960101",
    }


def case_content(**changes: Any) -> Json:
    """A content that is ready for early advice."""
    content: Json = {
        "summary": "Report of rape at the complainant's home after an evening with friends; suspect known to her.",
        "case_type": "rasso",
        "classification": "official_sensitive",
        "reported_on": "2026-09-14",
        "officer_in_charge": contact("case-oic", "Morgan Field", "Detective Constable"),
        "supervisor": contact("case-supervisor", "Robin Ashdown", "Detective Sergeant"),
        "suspects": [
            {
                "id": "s1",
                "family_name": "Quorthwaite",
                "given_names": ["Emberlin"],
                "address": "4 Nettlecombe Row, Cheltenham",
                "aliases": ["Pellworm"],
                "date_of_birth": "1986-04-13",
                "identifiers": {
                    "pnc_id": "1986/0731946B",
                    "cro": "731946/86K",
                    "asn": "2553RA0100000731946V",
                    "driver_number": "QUORT804136E99QX",
                    "custody_number": "CU/731946/26",
                },
                "gender": "male",
                "first_identified_on": "2026-09-15",
                "relationship_to_complainant": "acquaintance",
                "repeat_suspect": False,
                "custody": {"status": "released_under_investigation"},
                "interviews": [{"on": "2026-09-20", "kind": "voluntary", "account": "Says that she agreed."}],
                "previous_convictions": "none",
                "conduct_summary": "Followed the complainant home uninvited and ignored two requests to leave.",
            }
        ],
        "complainants": [
            {
                "id": "c1",
                "pseudonym": "C1",
                "family_name": "Sallowmere",
                "given_names": ["Ottoline"],
                "date_of_birth": "1997-08-21",
                "preferred_contact": "a text to 07700 900731",
                "special_measures": ["screens"],
                "needs": [],
                "vps_offered": True,
                "isva": {"offered_on": "2026-09-15", "accepted": True},
            }
        ],
        "witnesses": [
            {
                "id": "w7",
                "family_name": "Thrushgrove",
                "given_names": ["Isolde"],
                "date_of_birth": "1979-05-17",
                "kind": "eye_witness",
            }
        ],
        "devices": [
            {
                "id": "d7",
                "kind": "mobile_phone",
                "description": "IMEI 353918057319460, in a red case",
                "complainant_id": "c1",
            }
        ],
        "offences": [
            {
                "id": "o1",
                "cjs_code": "SX03002",
                "suspect_ids": ["s1"],
                "complainant_ids": ["c1"],
                "dates": {"code": "1", "from": "2026-09-12"},
                "location": "Cheltenham",
                "particulars": "Rape of a woman aged 16 or over.",
            }
        ],
        "lines_of_enquiry": [
            {
                "id": "l1",
                "description": "CCTV of the street between the bar and the address.",
                "status": "ongoing",
                "rationale": "Shows whether the suspect followed the complainant.",
                "expected_result": "Footage of both between 23:00 and 23:40.",
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
        "issues": "Reasonable belief in consent; delay of two days before the report.",
        "supervisor_comments": "Reviewed; a proportionate set of enquiries, ready for early advice.",
        "chronology": [],
        "links": [],
        "extensions": {},
    }
    return content | changes


def opening(organisation: str = "police-53", *, cps_unit: str = "cps-south-west-rasso", **changes: Any) -> Json:
    """The body that opens a case file; `changes` replace its members."""
    body: Json = {
        "urn": new_urn(organisation),
        "cps_unit": cps_unit,
        "crime_references": [f"{organisation[-2:]}/2026/004711"],
        "note": "opened",
        "content": case_content(),
    }
    return body | changes


def request_body(**changes: Any) -> Json:
    """The body that drafts a request for early advice."""
    body: Json = {
        "suspect_ids": ["s1"],
        "facts": "The complainant and the suspect met twice before. She reports that he followed her home.",
        "issues": "Reasonable belief in consent.",
        "advice_sought": [{"topic": "lines_of_enquiry", "question": "Which digital enquiries are proportionate?"}],
    }
    return body | changes


def open_case(police: Party, **changes: Any) -> Json:
    """A case file newly opened by a police party."""
    if police.staff_id is None:  # a system has no unit of its own
        changes = {"police_unit": f"{police.organisation}-rasso"} | changes
    return police.post("/v1/case-files", opening(police.organisation, **changes), expect=201).json()


def draft_request(police: Party, case_file_id: str, **changes: Any) -> Json:
    """A request for early advice, still a draft."""
    path = f"/v1/case-files/{case_file_id}/early-advice-requests"
    return police.post(path, request_body(**changes), expect=201).json()


def submit_request(supervisor: Party, request_id: str, version: int) -> Json:
    """Endorses a request with the version named."""
    body = {"endorsement": "I have read the file and endorse it.", "version": version}
    return supervisor.step(f"/v1/early-advice-requests/{request_id}", "submit", body, expect=200).json()


def submitted_case(sandbox: Sandbox, **changes: Any) -> tuple[Json, Json]:
    """A case file of Gloucestershire with a request that has reached CPS South West: (case file, request)."""
    officer = sandbox.person("officer", unit="police-53-rasso")
    supervisor = sandbox.person("supervisor", unit="police-53-rasso")
    case = open_case(officer, **changes)
    request = draft_request(officer, case["id"])
    return case, submit_request(supervisor, request["id"], case["version"]["number"])


def allocated_case(sandbox: Sandbox, **changes: Any) -> tuple[Json, Json]:
    """A case file whose request a prosecutor of the RASSO unit holds: (case file, request)."""
    case, request = submitted_case(sandbox, **changes)
    path = f"/v1/early-advice-requests/{request['id']}"
    unit = "cps-south-west-rasso"
    prosecutor = sandbox.staff("prosecutor", unit=unit)["staff_id"]
    accept = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
    sandbox.person("casework_assistant", unit=unit).step(path, "accept", accept, expect=200)
    manager = sandbox.person("legal_manager", unit=unit)
    manager.step(path, "approve", {}, expect=200)
    return case, manager.step(path, "allocate", {"prosecutor": prosecutor}, expect=200).json()
