"""Where a suspect is in law, and the clocks that run: custody (PACE 1984), bail before charge, remand after it."""

from typing import Annotated

from pydantic import Field

from casefile_api.case_files.content.parts import Code, Day, ItemId, LongText, Moment, Part, ShortText, Text, Word


class DetentionExtension(Part):
    """What lengthens detention without charge: a superintendent's authority, or a court's warrant."""

    id: ItemId
    kind: Annotated[str, Word("detention_extension")] = Field(description="By whom it was lengthened.")
    authorised_at: Moment = Field(description="When it was authorised or granted.")
    until: Moment = Field(description="Until when detention may last.")


class BailExtension(Part):
    """A bail period before charge, lengthened: by whom, when, and until when."""

    id: ItemId
    stage: Annotated[str, Word("bail_stage")] = Field(description="By whom the period was lengthened.")
    on: Day = Field(description="Day of the decision.")
    until: Day = Field(description="Day on which the lengthened period ends.")


class Remand(Part):
    """Custody or bail after charge, and the custody time limit."""

    status: Annotated[str, Word("remand_status")] = Field(description="Remand status, as courts write it.")
    court: ShortText | None = Field(None, description="Court that remanded.")
    first_appearance_on: Day | None = Field(None, description="Day of the first appearance after charge.")
    next_hearing_on: Day | None = Field(None, description="Day of the next hearing.")
    custody_time_limit_on: Day | None = Field(None, description="Last day of the custody time limit.")
    extended_until: Day | None = Field(None, description="Last day, where a court extended the limit.")


class Custody(Part):
    """Where the suspect is in law, and until when: custody, bail or released under investigation."""

    status: Annotated[str, Word("custody_status")] = Field(description="Custody or bail position.")
    arrested_at: Moment | None = Field(None, description="Time of arrest.")
    arrested_on: Day | None = Field(None, description="Day of arrest, where the time is not known.")
    voluntary_attendance_on: Day | None = Field(None, description="Day on which the suspect attended voluntarily.")
    station: ShortText | None = Field(None, description="Custody suite or station.")
    relevant_time: Moment | None = Field(None, description="From when the detention clock runs (PACE s.41(2)).")
    detention_authorised_at: Moment | None = Field(None, description="When detention was authorised.")
    extensions: Annotated[list[DetentionExtension], Field(max_length=20)] | None = Field(
        None, description="What lengthened detention."
    )
    detention_ends_at: Moment | None = Field(None, description="When the PACE clock runs out.")
    released_at: Moment | None = Field(None, description="Time of release.")
    released_on: Day | None = Field(None, description="Day of release.")
    bail_from: Day | None = Field(None, description="First day on bail.")
    bail_until: Day | None = Field(None, description="Day on which the bail period ends.")
    bail_stage: Annotated[str, Word("bail_stage")] | None = Field(
        None, description="By whom the present bail period was set."
    )
    bail_extensions: Annotated[list[BailExtension], Field(max_length=20)] | None = Field(
        None, description="How the bail period was lengthened."
    )
    return_on: Day | None = Field(None, description="Day on which the suspect is to return.")
    bail_conditions: Text | None = Field(None, description="Conditions of bail.")
    bail_objections: LongText | None = Field(None, description="Why bail would be opposed.")
    remand: Remand | None = Field(None, description="Custody or bail after charge.")
    prison: ShortText | None = Field(None, description="Prison, where the suspect is held for something else.")
    custody_record: Code | None = Field(None, description="Number of the custody record of this arrest.")
