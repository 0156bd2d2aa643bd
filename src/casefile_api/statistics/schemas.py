"""The shape of the figures. Null is a figure that is suppressed, or that there is nothing to work out from."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class GroupBy(StrEnum):
    """What figures are broken down by."""

    FORCE = "force"
    UNIT = "unit"
    MONTH = "month"


class FirstTimeAcceptance(BaseModel):
    """How often triage accepts at once."""

    decided: int | None
    accepted: int | None
    rate_percent: float | None


class CodeCount(BaseModel):
    """How often a code was used."""

    code: str
    count: int | None


class ClockFigures(BaseModel):
    """How long a kind of deadline runs, and how often it is missed."""

    kind: str
    side: str
    stopped: int | None
    median_days: float | None
    p90_days: float | None
    breaches: int | None


class SideFigures(BaseModel):
    """How long a side holds a request."""

    side: str
    requests: int | None
    median_days: float | None
    p90_days: float | None


class ActionFigures(BaseModel):
    """How many actions are set, and how many are late."""

    count: int | None
    per_request: float | None
    late: int | None


class StateCount(BaseModel):
    """How many requests are in a state."""

    state: str
    count: int | None


class Group(BaseModel):
    """The figures of a force, a unit, a month, or of all."""

    group: str
    requests: int | None
    first_time_acceptance: FirstTimeAcceptance
    return_reasons: list[CodeCount]
    clocks: list[ClockFigures]
    sides: list[SideFigures]
    actions: ActionFigures
    outcomes: list[StateCount]


class EarlyAdviceStatistics(BaseModel):
    """The figures with what each of them means."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    to: str
    group_by: GroupBy | None
    suppressed_below: int | None = Field(description="counts below this are null; null where nothing is suppressed")
    groups: list[Group]
    definitions: dict[str, str]
