"""The whole content of a case file, and the judgement of its shape."""

from importlib.resources import files
from typing import Annotated, cast

import orjson
from pydantic import ConfigDict, Field, JsonValue, ValidationError

from casefile_api.case_files.content.disclosure import Disclosure, UnusedItem
from casefile_api.case_files.content.enquiries import (
    Device,
    ForensicSubmission,
    MediaElsewhere,
    OutstandingEvidence,
    ThirdPartyRequest,
)
from casefile_api.case_files.content.evidence import (
    ChronologyEntry,
    LineOfEnquiry,
    Link,
    Material,
    Offence,
    ThresholdTest,
)
from casefile_api.case_files.content.parts import Day, LongText, Part, Text, Word
from casefile_api.case_files.content.people import Complainant, OtherPerson, StaffContact, Suspect, Witness
from casefile_api.case_files.content.referral import (
    AssetRecovery,
    CourtOrder,
    Gatekeeper,
    Opinion,
    OtherContact,
    OutlineSection,
    Referral,
)
from casefile_api.errors import Fault
from casefile_api.web.shapes import faults_of

_BY_OTHER_MEANS = (
    "too_sensitive",
    "This service holds OFFICIAL and OFFICIAL-SENSITIVE alone. Send it by the means approved for its classification.",
)
_HIGHER = dict.fromkeys(("secret", "top_secret", "top secret", "top-secret"), _BY_OTHER_MEANS)

Items = Field(max_length=2_000)


def example() -> dict[str, JsonValue]:
    """Return an invented content, sound and ready for early advice: the example of the API description."""
    return _written("example.json")


def complete_example() -> dict[str, JsonValue]:
    """Return an invented content that says something in nearly every member there is."""
    return _written("example_complete.json")


def _written(name: str) -> dict[str, JsonValue]:
    text = files("casefile_api.case_files.content").joinpath(name).read_bytes()
    return cast(dict[str, JsonValue], orjson.loads(text))


class CaseContent(Part):
    """The evidential content of a case file. A list that is left out is an empty one."""

    model_config = ConfigDict(json_schema_extra={"examples": [example()]})

    summary: LongText = Field(description="What the case is about, without a complainant's name.")
    case_type: Annotated[str, Word("content_case_type")] = Field(description="Type of case.", examples=["rasso"])
    classification: Annotated[str, Word("classification", mends=_HIGHER)] = Field(
        description="Government security classification; anything above OFFICIAL-SENSITIVE is refused.",
        examples=["official_sensitive"],
    )
    reported_on: Day | None = Field(None, description="Day on which the crime was reported.")
    crimed_on: Day | None = Field(None, description="Day on which it was recorded as a crime.")
    monitoring_codes: Annotated[list[Annotated[str, Word("monitoring_code")]], Field(max_length=20)] | None = Field(
        None, description="CPS monitoring codes; `domestic_abuse` calls for the domestic abuse checklist."
    )
    case_markers: Annotated[list[Annotated[str, Word("case_marker")]], Field(max_length=20)] | None = Field(
        None, description="Case markers, as the courts' systems write them."
    )
    referral: Referral | None = Field(None, description="What a prosecutor is asked to decide.")
    gatekeeper: Gatekeeper | None = Field(None, description="The gatekeeper's decision.")
    charging_authority: Annotated[str, Word("charging_authority")] | None = Field(
        None, description="Who decides on charge (DG6)."
    )
    early_advice_not_sought_reason: Text | None = Field(
        None, description="Why early advice was not sought, where it would be expected."
    )
    officer_in_charge: StaffContact | None = Field(None, description="Officer in charge of the investigation.")
    supervisor: StaffContact | None = Field(None, description="The officer's supervisor.")
    disclosure_officer: StaffContact | None = Field(None, description="Disclosure officer.")
    other_contacts: Annotated[list[OtherContact], Field(max_length=50)] | None = Field(
        None, description="Others on the police side who can be asked."
    )
    suspects: Annotated[list[Suspect], Items] = Field(description="Suspects.")
    complainants: Annotated[list[Complainant], Items] = Field(description="Complainants.")
    witnesses: Annotated[list[Witness], Items] | None = Field(None, description="Other witnesses.")
    other_people: Annotated[list[OtherPerson], Items] | None = Field(
        None, description="Others with a part in the case."
    )
    offences: Annotated[list[Offence], Items] = Field(description="Offences alleged or considered.")
    lines_of_enquiry: Annotated[list[LineOfEnquiry], Items] | None = Field(None, description="Lines of enquiry.")
    material: Annotated[list[Material], Items] | None = Field(None, description="Material, to hand and to come.")
    unused_material: Annotated[list[UnusedItem], Items] | None = Field(None, description="Unused material.")
    media_elsewhere: Annotated[list[MediaElsewhere], Items] | None = Field(
        None, description="Media that is held elsewhere."
    )
    devices: Annotated[list[Device], Items] | None = Field(None, description="Digital devices and accounts.")
    third_party_requests: Annotated[list[ThirdPartyRequest], Items] | None = Field(
        None, description="Requests for what third parties hold."
    )
    forensic_submissions: Annotated[list[ForensicSubmission], Items] | None = Field(
        None, description="What was sent to be examined."
    )
    outstanding_evidence: Annotated[list[OutstandingEvidence], Items] | None = Field(
        None, description="Evidence still to come."
    )
    orders: Annotated[list[CourtOrder], Items] | None = Field(None, description="Orders that bear on the case.")
    case_outline: Annotated[list[OutlineSection], Field(max_length=100)] | None = Field(
        None, description="The case in sections, as a charging request has it."
    )
    opinions: Annotated[list[Opinion], Items] | None = Field(None, description="Opinions, kept apart from facts.")
    disclosure: Disclosure | None = Field(None, description="The state of disclosure.")
    asset_recovery: AssetRecovery | None = Field(None, description="Asset recovery.")
    delay_explanation: LongText | None = Field(None, description="Why the file comes late, where it does.")
    sources_to_protect: bool | None = Field(
        None, description="Whether a source needs protection; say no more of it here."
    )
    defence_case: LongText | None = Field(None, description="The defence case as police understand it.")
    issues: LongText | None = Field(None, description="Issues in the case, with any explanation of the suspect.")
    supervisor_comments: LongText | None = Field(None, description="What the supervisor says of the file.")
    third_party_material: LongText | None = Field(
        None, description="What third parties hold, what was asked for and why, or that there is none."
    )
    digital_strategy: LongText | None = Field(None, description="Devices: what is sought, how, and what is agreed.")
    digital_strategy_agreed_on: Day | None = Field(None, description="Day on which the digital strategy was agreed.")
    threshold_test: ThresholdTest | None = Field(None, description="For a referral on the Threshold Test.")
    chronology: Annotated[list[ChronologyEntry], Items] | None = Field(None, description="What happened, in order.")
    links: Annotated[list[Link], Items] | None = Field(None, description="Linked cases.")
    extensions: dict[str, JsonValue] | None = Field(
        None, description="Whatever the sender's system keeps besides; stored and given back exactly as sent."
    )


def content_faults(content: object, base: str = "/content") -> list[Fault]:
    """Say what is wrong with the shape of a content that was computed, such as the result of a patch."""
    try:
        CaseContent.model_validate_json(orjson.dumps(content))
    except ValidationError as found:
        return faults_of(found, base.split("/")[1:])
    return []
