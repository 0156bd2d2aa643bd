"""What the file is sent for and by whom: the referral, the gatekeeper, others to ask, and opinions kept apart."""

from typing import Annotated

from pydantic import Field

from casefile_api.case_files.content.parts import (
    Code,
    Day,
    ItemId,
    LongText,
    Moment,
    Name,
    Part,
    References,
    Text,
    Word,
)
from casefile_api.case_files.content.people import StaffContact


class Referral(Part):
    """What a prosecutor is asked to decide, and how soon."""

    decision_requested: Annotated[str, Word("referral_decision")] = Field(description="What is to be decided.")
    colour: Annotated[str, Word("referral_colour")] | None = Field(None, description="How urgent it is.")
    required_by: Moment | None = Field(None, description="When the decision is needed.")
    test: Annotated[str, Word("consultation_type")] | None = Field(None, description="The test to apply.")


class OutlineSection(Part):
    """A section of the case outline."""

    id: ItemId
    heading: Annotated[str, Word("case_outline_heading")] = Field(description="What it is about.")
    text: LongText = Field(description="What is said.")


class Gatekeeper(Part):
    """What the gatekeeper decided of the file before it went to the prosecutor."""

    decision: Annotated[str, Word("gatekeeper_decision")] = Field(description="What was decided.")
    on: Day = Field(description="Day of the decision.")
    by: StaffContact | None = Field(None, description="Who decided.")
    rationale: LongText | None = Field(None, description="Why.")


class OtherContact(StaffContact):
    """Somebody else on the police side who can be asked."""

    id: ItemId
    role: Annotated[str, Word("police_contact_role")] = Field(description="What they do in the case.")


class Opinion(Part):
    """What somebody thinks, kept apart from the facts: whose opinion, of what, and what it rests on."""

    id: ItemId
    by: Annotated[str, Word("opinion_author")] = Field(description="Whose opinion it is.")
    text: LongText = Field(description="The opinion.")
    basis: Text | None = Field(None, description="What it rests on.")
    on: Day | None = Field(None, description="Day on which it was given.")
    suspect_ids: References | None = Field(None, description="About whom, as ids of `suspects`.")
    complainant_ids: References | None = Field(None, description="About whom, as ids of `complainants`.")
    witness_ids: References | None = Field(None, description="About whom, as ids of `witnesses`.")
    material_ids: References | None = Field(None, description="About what, as ids of `material`.")


class CourtOrder(Part):
    """An order in force, or that was, which bears on the case."""

    id: ItemId
    kind: Annotated[str, Word("order_kind")] = Field(description="Kind of order.")
    court: Name | None = Field(None, description="Court that made it.")
    made_on: Day | None = Field(None, description="Day on which it was made.")
    expires_on: Day | None = Field(None, description="Last day on which it holds.")
    terms: Text | None = Field(None, description="What it forbids or demands.")
    breached: bool | None = Field(None, description="Whether the offence breached it.")
    suspect_ids: References | None = Field(None, description="Whom it binds, as ids of `suspects`.")
    complainant_ids: References | None = Field(None, description="Whom it protects, as ids of `complainants`.")
    material_ids: References | None = Field(None, description="The order itself, as ids of `material`.")


class AssetRecovery(Part):
    """Whether asset recovery was considered, and what came of it."""

    position: Annotated[str, Word("asset_recovery_position")] = Field(description="Whether it was considered.")
    on: Day | None = Field(None, description="Day of the review.")
    explanation: Text | None = Field(None, description="Why, and what is pursued.")
    financial_investigator: Code | None = Field(None, description="Staff id of the financial investigator.")
