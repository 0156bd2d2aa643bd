"""What is examined and asked for: devices, third parties' records, forensic work, and evidence still to come."""

from typing import Annotated

from pydantic import Field

from casefile_api.case_files.content.parts import (
    Code,
    Day,
    ItemId,
    LongText,
    Name,
    Part,
    Reference,
    References,
    ShortText,
    Text,
    Word,
)


class Device(Part):
    """A digital device or account: whose, when seized, by what agreement, and what was taken from it."""

    id: ItemId
    reference: ShortText | None = Field(None, description="Exhibit reference of the device.")
    kind: Annotated[str, Word("device_kind")] = Field(description="Kind of device.")
    description: Text | None = Field(None, description="What it is, without names.")
    suspect_id: Reference | None = Field(None, description="The suspect whose it is, an id of `suspects`.")
    complainant_id: Reference | None = Field(None, description="The complainant whose it is, an id of `complainants`.")
    witness_id: Reference | None = Field(None, description="The witness whose it is, an id of `witnesses`.")
    status: Annotated[str, Word("device_status")] | None = Field(None, description="Where its examination stands.")
    seized_on: Day | None = Field(None, description="Day on which it was seized or handed over.")
    notice_given_on: Day | None = Field(None, description="Day of the written notice to its user.")
    agreed_on: Day | None = Field(None, description="Day on which the user agreed to the extraction.")
    necessity: LongText | None = Field(None, description="Why the extraction is necessary and proportionate.")
    date_from: Day | None = Field(None, description="First day that the extraction is limited to.")
    date_to: Day | None = Field(None, description="Last day that the extraction is limited to.")
    search_terms: Annotated[list[ShortText], Field(max_length=500)] | None = Field(
        None, description="Words searched for."
    )
    extraction_requested_on: Day | None = Field(None, description="Day on which extraction was asked for.")
    extraction_expected_on: Day | None = Field(None, description="Day on which the extraction is expected.")
    extracted_on: Day | None = Field(None, description="Day of the extraction.")
    examined_on: Day | None = Field(None, description="Day on which the examination ended.")
    returned_on: Day | None = Field(None, description="Day on which the device went back to its user.")
    result: LongText | None = Field(None, description="What was found, or that nothing was.")
    line_ids: References | None = Field(None, description="The enquiries it serves, as ids of `lines_of_enquiry`.")
    material_ids: References | None = Field(None, description="What came of it, as ids of `material`.")


class ThirdPartyRequest(Part):
    """A request for what somebody else holds about a person: why, how much, and what the person was told.

    Since 12 January 2026 each of the three grounds and the notice are the law (PCSC Act 2022 ss.44A-44F).
    """

    id: ItemId
    holder_kind: Annotated[str, Word("record_holder")] = Field(description="Kind of holder.")
    holder: ShortText | None = Field(None, description="Who holds the records.")
    record_types: Annotated[list[ShortText], Field(max_length=50)] | None = Field(
        None, description="Kinds of records asked for."
    )
    status: Annotated[str, Word("third_party_request_status")] = Field(description="Where the request stands.")
    complainant_id: Reference | None = Field(None, description="About whom, an id of `complainants`.")
    witness_id: Reference | None = Field(None, description="About whom, an id of `witnesses`.")
    suspect_id: Reference | None = Field(None, description="About whom, an id of `suspects`.")
    line_ids: References | None = Field(None, description="The enquiries it serves, as ids of `lines_of_enquiry`.")
    reason_to_believe: LongText | None = Field(None, description="Why the holder is thought to have it.")
    relevance: LongText | None = Field(None, description="Why it is relevant to a reasonable line of enquiry.")
    necessity: LongText | None = Field(None, description="Why the request is necessary.")
    proportionality: LongText | None = Field(None, description="Why it is proportionate, and what else was tried.")
    date_from: Day | None = Field(None, description="First day that the request is limited to.")
    date_to: Day | None = Field(None, description="Last day that the request is limited to.")
    is_counselling: bool | None = Field(None, description="Whether it is counselling information.")
    probative_value: LongText | None = Field(None, description="Counselling: its substantial probative value.")
    rebuttal_reason: LongText | None = Field(None, description="Counselling: what rebuts the presumption against it.")
    approved_by_rank: Name | None = Field(None, description="Counselling: rank of who approved it.")
    approved_on: Day | None = Field(None, description="Day of the approval.")
    notice_given_on: Day | None = Field(None, description="Day of the written notice to the person.")
    notice_recipient_role: Annotated[str, Word("notice_recipient_role")] | None = Field(
        None, description="To whom the notice was given."
    )
    notice_exception: Annotated[str, Word("notice_exception")] | None = Field(
        None, description="Why no notice was given."
    )
    notice_late_reason: Text | None = Field(None, description="Why the notice came after the request.")
    requested_on: Day | None = Field(None, description="Day of the request.")
    expected_on: Day | None = Field(None, description="Day on which an answer is expected.")
    received_on: Day | None = Field(None, description="Day on which the records came.")
    outcome: LongText | None = Field(None, description="What came of it.")
    material_ids: References | None = Field(None, description="What came, as ids of `material`.")


class ForensicSubmission(Part):
    """Something sent to be examined, and when the answer comes (MG21)."""

    id: ItemId
    reference: ShortText | None = Field(None, description="Reference of the submission.")
    examination: Annotated[str, Word("forensic_examination")] = Field(description="What is examined.")
    provider: ShortText | None = Field(None, description="Who examines.")
    question: Text | None = Field(None, description="What the examination is to answer.")
    submitted_on: Day | None = Field(None, description="Day of the submission.")
    expected_on: Day | None = Field(None, description="Day on which the result is expected.")
    returned_on: Day | None = Field(None, description="Day on which the result came.")
    result: LongText | None = Field(None, description="The result, in summary.")
    suspect_ids: References | None = Field(None, description="Whom it concerns, as ids of `suspects`.")
    material_ids: References | None = Field(None, description="What was sent and what came, as ids of `material`.")


class OutstandingEvidence(Part):
    """Evidence still to come: of what kind, when, and what stands in its way."""

    id: ItemId
    kind: Annotated[str, Word("outstanding_evidence_type")] = Field(description="Kind of evidence.")
    nature: Text = Field(description="What it is and what it is expected to show.")
    expected_on: Day | None = Field(None, description="When it will be to hand.")
    issues: Text | None = Field(None, description="What stands in its way.")
    impact: Text | None = Field(None, description="What it means for the case if it does not come.")
    suspect_ids: References | None = Field(None, description="Whom it concerns, as ids of `suspects`.")
    line_ids: References | None = Field(None, description="Where it comes from, as ids of `lines_of_enquiry`.")


class MediaElsewhere(Part):
    """A recording or image that stays where it is: how to find it, what proves it, and until when it is kept."""

    id: ItemId
    reference: ShortText = Field(description="Reference under which the holder finds it.")
    kind: Annotated[str, Word("media_kind")] = Field(description="Kind of media.")
    system: Annotated[str, Word("media_system")] = Field(description="Where it is held.")
    title: ShortText | None = Field(None, description="What it shows, in a line, without names.")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", max_length=64)] | None = Field(
        None, description="SHA-256 of the whole file, in lower case hexadecimal."
    )
    size: Annotated[int, Field(ge=0, le=9_007_199_254_740_991)] | None = Field(None, description="Size in bytes.")
    duration_seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = Field(None, description="Length.")
    recorded_on: Day | None = Field(None, description="Day of the recording.")
    shared_on: Day | None = Field(None, description="Day on which the prosecutor was given access.")
    expires_on: Day | None = Field(None, description="Last day on which it can be had there.")
    clipped: bool | None = Field(None, description="Cut to what matters.")
    playable: bool | None = Field(None, description="Plays without special software.")
    custodian: Code | None = Field(None, description="Staff id of who keeps it.")
    suspect_ids: References | None = Field(None, description="Whom it concerns, as ids of `suspects`.")
    material_ids: References | None = Field(None, description="What it is listed as, as ids of `material`.")
