"""Unused material and what is said of it: the schedules' items, and the state of disclosure as a whole."""

from typing import Annotated

from pydantic import Field

from casefile_api.case_files.content.parts import Code, Day, ItemId, LongText, Part, References, ShortText, Text, Word


class UnusedItem(Part):
    """An item of a schedule of unused material, with what the disclosure officer thinks of it.

    Numbers run on from submission to submission and are never used again.
    """

    id: ItemId
    schedule: Annotated[str, Word("unused_schedule")] = Field(description="On which schedule it stands.")
    number: Annotated[int, Field(ge=1, le=100_000)] = Field(description="Its number on the schedule.")
    description: Text = Field(description="What it is, so that a prosecutor can decide without seeing it.")
    location: ShortText | None = Field(None, description="Where it is kept.")
    created_on: Day | None = Field(None, description="Day on which it was made.")
    police_view: Annotated[str, Word("police_view")] | None = Field(
        None, description="What the disclosure officer thinks of it."
    )
    reason: Text | None = Field(None, description="Why.")
    rebuttable_presumption: Annotated[str, Word("rebuttable_presumption_category")] | None = Field(
        None, description="Category of the material presumed to meet the disclosure test."
    )
    sensitivity_reason: Text | None = Field(
        None, description="MG6D: why disclosure would give a real risk of serious prejudice."
    )
    edited_version: bool | None = Field(None, description="MG6C: whether it is the edited version of a document.")
    block_listed: bool | None = Field(None, description="Whether several items are listed as one.")
    supersedes: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="Number of the item that this one corrects."
    )
    copy_provided: bool | None = Field(None, description="Whether a copy went to the prosecutor.")
    material_ids: References | None = Field(None, description="What it is, as ids of `material`.")


class Disclosure(Part):
    """The state of disclosure: the disclosure officer's report in data."""

    signed_on: Day | None = Field(None, description="Day on which the schedules were signed.")
    signed_by: Code | None = Field(None, description="Staff id of the disclosure officer who signed.")
    nil_sensitive: bool | None = Field(None, description="Whether the MG6D is a nil schedule.")
    none_presumed_because: Text | None = Field(
        None, description="Why there is no material presumed to meet the disclosure test."
    )
    helps_defence: LongText | None = Field(None, description="What may help the defence or undermine the case.")
    common_law: LongText | None = Field(None, description="What was or must be disclosed at common law.")
    pre_charge_engagement: LongText | None = Field(None, description="What was asked of and said by the defence.")
    approach: LongText | None = Field(None, description="How material was searched: terms, dates, samples.")
