"""The invented case of the demonstration. Nobody in it exists."""

import secrets

JsonObject = dict[str, object]


_FIRST_OF_URN = {"police-53": "53BH", "police-52": "52AA", "police-20": "20AA"}


def new_urn(organisation: str = "police-53") -> str:
    """A URN of one of the sandbox's forces that a kept sandbox has hardly seen before."""
    return f"{_FIRST_OF_URN[organisation]}{secrets.randbelow(100_000):05d}26"


def unfinished_content() -> JsonObject:
    """The file as a busy officer first sends it: the supervisor's comments and every line of enquiry are missing."""
    return {
        "summary": "Report of rape at the complainant's home after an evening with friends; suspect known to her.",
        "case_type": "rasso",
        "classification": "official_sensitive",
        "reported_on": "2026-09-14",
        "officer_in_charge": {
            "staff_id": "demo-oic", "name": "Morgan Field", "rank": "Detective Constable",
            "email": "morgan.field@gloucestershire.example", "phone": "01632 960101",
        },
        "supervisor": {
            "staff_id": "demo-supervisor", "name": "Robin Ashdown", "rank": "Detective Sergeant",
            "email": "robin.ashdown@gloucestershire.example", "phone": "01632 960102",
        },
        "suspects": [
            {
                "id": "s1", "family_name": "Invented", "given_names": ["Alex"], "date_of_birth": "1990-02-03",
                "gender": "male", "first_identified_on": "2026-09-15",
                "relationship_to_complainant": "acquaintance", "repeat_suspect": False,
                "custody": {"status": "released_under_investigation"},
                "interviews": [{"on": "2026-09-20", "kind": "voluntary", "account": "Says that she agreed."}],
                "previous_convictions": "none",
                "conduct_summary": "Followed the complainant home uninvited and ignored two requests to leave.",
            }
        ],
        "complainants": [
            {
                "id": "c1", "pseudonym": "C1", "special_measures": ["screens"], "needs": [], "vps_offered": True,
                "isva": {"offered_on": "2026-09-15", "accepted": True},
            }
        ],
        "witnesses": [],
        "offences": [
            {
                "id": "o1", "cjs_code": "SX03002", "suspect_ids": ["s1"], "complainant_ids": ["c1"],
                "dates": {"code": "1", "from": "2026-09-12"}, "location": "Cheltenham",
                "particulars": "Rape of a woman aged 16 or over.",
            }
        ],
        "lines_of_enquiry": [],
        "material": [],
        "defence_case": "Consent.",
        "issues": "Reasonable belief in consent; a delay of two days before the report.",
        "chronology": [],
        "links": [],
        "extensions": {},
    }  # fmt: skip


def material(item_id: str, reference: str, kind: str, title: str, attachment_ids: list[str]) -> JsonObject:
    """One item of material."""
    return {
        "id": item_id,
        "reference": reference,
        "kind": kind,
        "title": title,
        "attachment_ids": attachment_ids,
        "status": "available",
        "disclosable_to_defence": "undetermined",
        "sensitivity": "non_sensitive",
    }


def line_of_enquiry() -> JsonObject:
    """The line of enquiry the first version lacked."""
    return {
        "id": "l1",
        "description": "CCTV of the street between the bar and the address.",
        "status": "ongoing",
        "rationale": "Shows whether the suspect followed the complainant.",
        "expected_result": "Footage of both between 23:00 and 23:40.",
        "expected_on": "2026-12-01",
        "suspect_ids": ["s1"],
    }


def request_for_advice() -> JsonObject:
    """What the police ask of the CPS."""
    return {
        "suspect_ids": ["s1"],
        "facts": "The complainant and the suspect had met twice before. She reports that he followed her home.",
        "issues": "Reasonable belief in consent.",
        "advice_sought": [{"topic": "lines_of_enquiry", "question": "Which digital enquiries are proportionate?"}],
    }
