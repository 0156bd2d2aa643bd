"""Offence dates, the charges proposed against a suspect, and convictions."""

from typing import Annotated

from pydantic import Field

from casefile_api.case_files.content.parts import Code, Day, ItemId, Moment, Part, Reference, ShortText, Text, Word


class OffenceDates(Part):
    """When an offence was committed. The code says how to read the days (1 on, 4 between, 5 on or about …)."""

    code: Code = Field(description="Offence date code, of code list `offence_date_code`.", examples=["1"])
    from_: Day = Field(alias="from", description="The day, or the first day.", examples=["2026-09-12"])
    to: Day | None = Field(None, description="The last day; wanted with code 4.")


class ProposedCharge(Part):
    """A charge that police propose against one suspect, and what became of it."""

    id: ItemId
    offence_id: Reference | None = Field(None, description="The offence it is for, an id of `offences`.")
    cjs_code: Code = Field(description="CJS offence code, of code list `offence`.")
    state: Annotated[str, Word("charge_state")] | None = Field(None, description="Where the charge stands.")
    category: Annotated[str, Word("offence_category")] | None = Field(None, description="How it can be tried.")
    dates: OffenceDates | None = Field(None, description="When it was committed.")
    location: Annotated[str, Field(max_length=80)] | None = Field(None, description="Where.")
    wording: Text | None = Field(None, description="Wording of the charge.")
    statement_of_facts: Annotated[str, Field(max_length=4_000)] | None = Field(None, description="The facts of it.")
    initiation: Annotated[str, Word("initiation")] | None = Field(None, description="How proceedings begin.")
    charged_at: Moment | None = Field(None, description="When the suspect was charged.")
    charged_on: Day | None = Field(None, description="Day of the charge, where the time is not known.")
    prosecutor_reference: Annotated[str, Field(max_length=20)] | None = Field(
        None, description="Prosecutor's reference of the authority to charge."
    )
    plea: Annotated[str, Word("plea")] | None = Field(None, description="Plea, where one was entered.")


class Conviction(Part):
    """A previous conviction, caution or reprimand."""

    id: ItemId
    on: Day = Field(description="Day of the conviction.")
    offence: ShortText = Field(description="What it was for.")
    court: ShortText | None = Field(None, description="Court, or force where it was a caution.")
    disposal: Text | None = Field(None, description="What was imposed.")
    relevant: bool | None = Field(None, description="Whether it bears on this case.")
