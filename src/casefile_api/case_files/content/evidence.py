"""What is alleged and what shows it: offences, lines of enquiry, material, and what happened when."""

from typing import Annotated

from pydantic import Field

from casefile_api.case_files.content.charges import OffenceDates
from casefile_api.case_files.content.parts import (
    Code,
    Day,
    ItemId,
    LongText,
    Moment,
    Part,
    References,
    ShortText,
    Text,
    Word,
)


class Offence(Part):
    """An offence that is alleged or considered."""

    id: ItemId
    cjs_code: Code = Field(description="CJS offence code, of code list `offence`.", examples=["SX03002"])
    suspect_ids: References | None = Field(None, description="Who is said to have committed it, as ids of `suspects`.")
    complainant_ids: References | None = Field(None, description="Against whom, as ids of `complainants`.")
    dates: OffenceDates | None = Field(None, description="When it was committed.")
    location: Annotated[str, Field(max_length=80)] | None = Field(None, description="Where, as on a charge sheet.")
    particulars: Text | None = Field(None, description="Particulars or wording of the offence.")
    statement_of_facts: Annotated[str, Field(max_length=4_000)] | None = Field(None, description="The facts of it.")
    category: Annotated[str, Word("offence_category")] | None = Field(None, description="How it can be tried.")
    crime_reference: ShortText | None = Field(None, description="The crime it was recorded as.")
    consent: Annotated[str, Word("prosecution_consent")] | None = Field(
        None, description="Whose consent a prosecution needs."
    )
    home_office_outcome: Annotated[str, Word("home_office_outcome")] | None = Field(
        None, description="Home Office outcome of the crime."
    )
    outcome_on: Day | None = Field(None, description="Day of that outcome.")


class LineOfEnquiry(Part):
    """A line of enquiry: done, ongoing, contemplated, or not pursued and why (DG6 7.8; CPIA Code 3.5)."""

    id: ItemId
    description: Text = Field(description="What is enquired into.")
    status: Annotated[str, Word("line_of_enquiry_status")] = Field(description="Where it stands.")
    rationale: LongText | None = Field(None, description="Why it is, or is not, pursued.")
    result: LongText | None = Field(None, description="What came of it.")
    expected_result: Text | None = Field(None, description="What is expected of it.")
    expected_on: Day | None = Field(None, description="When the result is expected.")
    completed_on: Day | None = Field(None, description="When it was done.")
    impact: Text | None = Field(None, description="What it means for the case while it is open, or if it fails.")
    pointing_away: bool | None = Field(None, description="Whether it points away from the suspect.")
    suspect_ids: References | None = Field(None, description="Whom it concerns, as ids of `suspects`.")
    material_ids: References | None = Field(None, description="What it gave, as ids of `material`.")


class Material(Part):
    """A document or exhibit, to hand or to come. The bytes are attachments; this says what they are."""

    id: ItemId
    reference: ShortText | None = Field(None, description="Exhibit or document reference.", examples=["ABC/1"])
    kind: Code = Field(description="MG form or kind of material, of code list `document_kind`.", examples=["MG11"])
    title: ShortText | None = Field(None, description="What it is, in a line, without names.")
    attachment_ids: References | None = Field(None, description="The attachments that are its copies.")
    status: Annotated[str, Word("material_status")] | None = Field(None, description="Whether it is to hand.")
    disclosable_to_defence: Annotated[str, Word("disclosable_to_defence")] | None = Field(
        None, description="Whether it is disclosable to the defence."
    )
    sensitivity: (
        Annotated[
            str,
            Word(
                "sensitivity",
                mends={
                    "highly_sensitive": (
                        "too_sensitive",
                        "Highly sensitive material is not held here. Speak to the unit head about the means for it.",
                    )
                },
            ),
        ]
        | None
    ) = Field(None, description="Sensitivity under the CPIA Code.")
    rebuttable_presumption: Annotated[str, Word("rebuttable_presumption_category")] | None = Field(
        None, description="Category of the material presumed to meet the disclosure test (CPIA Code 6.6)."
    )
    created_on: Day | None = Field(None, description="Day on which it was made.")
    requested_on: Day | None = Field(None, description="Day on which it was asked for.")
    expected_on: Day | None = Field(None, description="Day on which it is expected.")
    received_on: Day | None = Field(None, description="Day on which it came.")
    provided_on: Day | None = Field(None, description="Day on which the prosecutor was given it.")
    producer: ShortText | None = Field(None, description="Who produces it, by pseudonym or staff id.")
    summary: LongText | None = Field(None, description="What it says or shows.")
    redacted: bool | None = Field(None, description="Whether what the prosecutor does not need was redacted.")
    discard_reason: Annotated[str, Word("material_discard_reason")] | None = Field(
        None, description="Why it no longer counts."
    )
    clipped: bool | None = Field(None, description="Footage: cut to what matters.")
    playable: bool | None = Field(None, description="Footage: plays without special software.")
    suspect_ids: References | None = Field(None, description="Whom it concerns, as ids of `suspects`.")
    line_ids: References | None = Field(None, description="Where it came from, as ids of `lines_of_enquiry`.")


class ChronologyEntry(Part):
    """Something that happened, in its order."""

    id: ItemId
    on: Day = Field(description="The day.")
    at: Moment | None = Field(None, description="The time, where known.")
    description: Text = Field(description="What happened.")
    suspect_ids: References | None = Field(None, description="Whom it concerns, as ids of `suspects`.")
    material_ids: References | None = Field(None, description="What shows it, as ids of `material`.")


class Link(Part):
    """Another case this one belongs with."""

    id: ItemId
    relation: Annotated[str, Word("link_relation")] | None = Field(None, description="How it is linked.")
    urn: ShortText | None = Field(None, description="URN of the other case.", examples=["53BH0012426"])
    crime_reference: ShortText | None = Field(None, description="Crime reference of the other case.")
    asn: Code | None = Field(None, description="Arrest/summons number of a linked offender.")
    pnc_id: Code | None = Field(None, description="PNC id of a linked offender.")
    suspect_ids: References | None = Field(None, description="Whom the link concerns, as ids of `suspects`.")
    note: Text | None = Field(None, description="Why it matters here.")


class ThresholdTest(Part):
    """What a Threshold Test referral adds: what is outstanding, when it comes, and why bail is opposed."""

    outstanding: LongText = Field(description="The evidence that is outstanding, and what it will show.")
    expected_on: Day | None = Field(None, description="When it will be to hand.")
    bail_objections: LongText | None = Field(None, description="The substantial grounds to object to bail.")
    grounds_to_suspect: LongText | None = Field(None, description="The reasonable grounds to suspect.")
    seriousness: LongText | None = Field(None, description="Why the circumstances justify an immediate charge.")
    public_interest: LongText | None = Field(None, description="Why charging at once is in the public interest.")
    review_on: Day | None = Field(None, description="Day on which the Full Code Test is to be applied.")
