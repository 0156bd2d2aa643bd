"""The people in a case: staff who can be asked, suspects, complainants and witnesses.

The file is suspect-focused: what a suspect did stands before anything about a complainant's credibility (Operation
Soteria), so a suspect has a `conduct_summary` and a complainant has needs, measures and support.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from casefile_api.case_files.content.charges import Conviction, ProposedCharge
from casefile_api.case_files.content.custody import Custody
from casefile_api.case_files.content.parts import (
    Code,
    Day,
    ItemId,
    LongText,
    Moment,
    Name,
    Part,
    References,
    ShortText,
    Text,
    Word,
)

Gender = Annotated[str, Word("gender")]


class StaffContact(Part):
    """A member of staff and how to reach them."""

    staff_id: Code | None = Field(None, description="The id under which their organisation registered them.")
    name: ShortText = Field(description="Name as it is signed.", examples=["A. Okafor"])
    rank: Name | None = Field(None, description="Rank or grade.", examples=["Detective Constable"])
    email: Annotated[ShortText, Field(examples=["a.okafor@force.invalid"])] | None = Field(
        None, description="Work e-mail address."
    )
    phone: Annotated[ShortText, Field(examples=["01452 000000"])] | None = Field(
        None, description="Work telephone number."
    )
    officer_number: Annotated[str, Field(max_length=15)] | None = Field(
        None, description="Collar or warrant number, as courts take it."
    )


class Identifiers(Part):
    """Numbers under which national systems know a suspect. A wrong check letter is a warning, never a refusal."""

    pnc_id: Code | None = Field(
        None, description="Police National Computer id, YYYY/NNNNNNNC.", examples=["2000/1234567V"]
    )
    cro: Code | None = Field(None, description="Criminal Records Office number, NNNNNN/YYC.")
    asn: Code | None = Field(None, description="Arrest/summons number.", examples=["1101ZD0100000448754K"])
    driver_number: Code | None = Field(None, description="Driver number.")
    custody_number: Code | None = Field(None, description="Number of the custody record.")
    other: dict[Code, Code] | None = Field(
        None, description="Other numbers by the name of their system.", max_length=20
    )


class Interview(Part):
    """An interview with a suspect and the account given in it."""

    id: ItemId | None = Field(None, description="Id of the interview, where the sender gives it one.")
    on: Day = Field(description="Day of the interview.")
    kind: Annotated[str, Word("interview_kind")] = Field(description="How the suspect was interviewed.")
    started_at: Moment | None = Field(None, description="When it began.")
    ended_at: Moment | None = Field(None, description="When it ended.")
    cautioned: bool | None = Field(None, description="Whether the suspect was cautioned.")
    account: LongText | None = Field(None, description="The suspect's account, in summary.")
    appropriate_adult: bool | None = Field(None, description="Whether an appropriate adult was there.")
    interpreter: bool | None = Field(None, description="Whether an interpreter was there.")
    legal_representative: ShortText | None = Field(None, description="Who advised the suspect.")
    material_ids: References | None = Field(None, description="Records of it, as ids of `material`.")


class StaffReference(Part):
    """A member of police or CPS staff who is in the case themselves. It is shut to them everywhere."""

    organisation: Annotated[str, StringConstraints(max_length=64, pattern=r"^(police|cps)-[a-z0-9-]+$")] = Field(
        description="The organisation they work for.", examples=["police-53"]
    )
    staff_id: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = Field(
        description="The id under which it registered them."
    )


class Suspect(Part):
    """A suspect: who they are, what they are said to have done and where they stand in law."""

    id: ItemId
    staff: StaffReference | None = Field(
        None, description="The member of staff that the suspect is; the case file is shut to them."
    )
    family_name: Name | None = Field(None, description="Family name.")
    given_names: Annotated[list[Name], Field(max_length=10)] | None = Field(None, description="Given names, in order.")
    aliases: Annotated[list[ShortText], Field(max_length=50)] | None = Field(None, description="Other names used.")
    description: Text | None = Field(None, description="What is known of a suspect who is not yet named.")
    date_of_birth: Day | None = Field(None, description="Date of birth.")
    gender: Gender | None = Field(None, description="Gender.")
    nationality: ShortText | None = Field(None, description="Nationality.")
    address: ShortText | None = Field(None, description="Address, in one line.")
    occupation: ShortText | None = Field(None, description="Occupation.")
    interpreter_language: ShortText | None = Field(None, description="Language, where an interpreter is needed.")
    youth: bool | None = Field(None, description="Whether the suspect is under 18.")
    identifiers: Identifiers | None = Field(None, description="Numbers of national systems.")
    first_identified_on: Day | None = Field(None, description="Day on which police first knew who the suspect is.")
    relationship_to_complainant: Annotated[str, Word("relationship_to_complainant")] | None = Field(
        None, description="Who the suspect is to the complainant."
    )
    repeat_suspect: bool | None = Field(
        None, description="Whether the suspect meets the definition of a repeat suspect."
    )
    repeat_suspect_basis: Text | None = Field(None, description="What shows it: earlier reports, by their references.")
    known_at_report: bool | None = Field(None, description="Whether the suspect was known when the crime was reported.")
    custody: Custody | None = Field(None, description="Custody or bail position.")
    proposed_charges: Annotated[list[ProposedCharge], Field(max_length=200)] | None = Field(
        None, description="Charges proposed or laid against this suspect."
    )
    interviews: Annotated[list[Interview], Field(max_length=200)] | None = Field(None, description="Interviews.")
    previous_convictions: LongText | None = Field(None, description="Previous convictions, `none`, or why not known.")
    convictions: Annotated[list[Conviction], Field(max_length=500)] | None = Field(
        None, description="Previous convictions, one by one."
    )
    bad_character: LongText | None = Field(None, description="Bad character evidence, or that there is none (MG16).")
    conduct_summary: LongText | None = Field(None, description="What the suspect did before, during and after.")
    anticipated_plea: Annotated[str, Word("anticipated_plea")] | None = Field(None, description="The plea expected.")
    needs: Annotated[list[ShortText], Field(max_length=50)] | None = Field(
        None, description="Needs, such as an appropriate adult."
    )


class Support(Part):
    """An adviser offered to a complainant: ISVA (sexual violence) or IDVA (domestic violence)."""

    offered_on: Day | None = Field(None, description="Day of the offer.")
    accepted: bool | None = Field(None, description="Whether it was accepted.")
    referred_on: Day | None = Field(None, description="Day of the referral.")
    organisation: ShortText | None = Field(None, description="Who gives the support.")


class EvidenceInterview(Part):
    """How a complainant or witness was heard: by recorded interview (Achieving Best Evidence) or otherwise."""

    id: ItemId
    on: Day = Field(description="Day of the interview.")
    kind: Annotated[str, Word("witness_interview_kind")] = Field(description="How the person was heard.")
    conducted_by: Code | None = Field(None, description="Staff id of the interviewer.")
    intermediary: bool | None = Field(None, description="Whether an intermediary was there.")
    interpreter: bool | None = Field(None, description="Whether an interpreter was there.")
    summary: LongText | None = Field(None, description="What was said, in summary.")
    material_ids: References | None = Field(None, description="Records of it, as ids of `material`.")


class Withdrawal(Part):
    """A complainant's withdrawal of support for the investigation."""

    on: Day = Field(description="Day of the withdrawal.")
    stage: Annotated[str, Word("withdrawal_stage")] | None = Field(None, description="How far the case had come.")
    reason: Text | None = Field(None, description="Why, in the complainant's words where possible.")


class Supported(Part):
    """What is kept of anyone who gives evidence: how to name them, and what they need to give it."""

    id: ItemId
    staff: StaffReference | None = Field(
        None,
        description="The member of staff that the person is, where they are in the case as anybody might be; the case"
        " file is shut to them. Officers who give evidence of what they did on duty are not named here.",
    )
    pseudonym: ShortText | None = Field(
        None, description="How the person is called here instead of by name.", examples=["C1"]
    )
    family_name: Name | None = Field(None, description="Family name.")
    given_names: Annotated[list[Name], Field(max_length=10)] | None = Field(None, description="Given names, in order.")
    date_of_birth: Day | None = Field(None, description="Date of birth.")
    gender: Gender | None = Field(None, description="Gender.")
    needs: Annotated[list[Text], Field(max_length=50)] | None = Field(
        None, description="Needs, in words; empty for none."
    )
    needs_assessed_on: Day | None = Field(None, description="Day of the needs assessment.")
    special_measures: Annotated[list[Annotated[str, Word("special_measure")]], Field(max_length=20)] | None = Field(
        None, description="Special measures wanted; empty where none are."
    )
    interpreter_language: ShortText | None = Field(None, description="Language, where an interpreter is needed.")
    previous_convictions: LongText | None = Field(None, description="Previous convictions, `none`, or why not known.")
    interviews: Annotated[list[EvidenceInterview], Field(max_length=200)] | None = Field(
        None, description="Interviews and accounts."
    )
    statement_signed_on: Day | None = Field(None, description="Day on which the statement was signed.")
    unavailable: Text | None = Field(None, description="Days on which the person cannot come to court (MG10).")


class Complainant(Supported):
    """A complainant. Anonymity is for life: nothing of this part is ever in a list, a log, an event or a URL."""

    first_account_on: Day | None = Field(None, description="Day of the first account.")
    interviewed_on: Day | None = Field(None, description="Day of the video-recorded (ABE) interview or statement.")
    vps_offered: bool | None = Field(None, description="Whether a victim personal statement was offered.")
    vps_made_on: Day | None = Field(None, description="Day on which one was made.")
    isva: Support | None = Field(None, description="Independent sexual violence adviser.")
    idva: Support | None = Field(None, description="Independent domestic violence adviser.")
    preferred_contact: ShortText | None = Field(None, description="How and how often the complainant wants to hear.")
    contact_every_days: Annotated[int, Field(ge=1, le=365)] | None = Field(
        None, description="After how many days at the latest the complainant wants to hear."
    )
    enhanced_rights: bool | None = Field(None, description="Whether the complainant has enhanced rights.")
    withdrawal: Withdrawal | None = Field(None, description="Withdrawal of support.")


class Witness(Supported):
    """A witness other than a complainant."""

    kind: Annotated[str, Word("witness_kind")] | None = Field(None, description="Kind of witness.")
    summary: LongText | None = Field(None, description="What the witness can say.")
    material_ids: References | None = Field(None, description="Statements, as ids of `material`.")


class OtherPerson(Part):
    """Somebody else with a part in the case, who is neither suspect, complainant nor witness."""

    id: ItemId
    role: Annotated[str, Word("person_role")] = Field(description="What the person is to the case.")
    pseudonym: ShortText | None = Field(None, description="How the person is called here instead of by name.")
    family_name: Name | None = Field(None, description="Family name.")
    given_names: Annotated[list[Name], Field(max_length=10)] | None = Field(None, description="Given names, in order.")
    date_of_birth: Day | None = Field(None, description="Date of birth.")
    organisation: ShortText | None = Field(None, description="For whom the person acts.")
    note: Text | None = Field(None, description="What matters about the person here.")
