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
    turns: int | None
    median_days: float | None
    p90_days: float | None


class DaysToAdvice(BaseModel):
    """How long it takes from the first submission to the advice."""

    advised: int | None
    median_days: float | None
    p90_days: float | None


class RoundFigures(BaseModel):
    """How often a request goes to and fro."""

    submitted_once: int | None
    submissions_per_request: float | None
    questions_per_request: float | None


class ActionFigures(BaseModel):
    """How many actions are set, and how many are late."""

    count: int | None
    per_request: float | None
    cycles_per_action: float | None
    late: int | None
    unanswered: int | None
    late_median_days: float | None
    late_p90_days: float | None


class StateCount(BaseModel):
    """How many requests are in a state."""

    state: str
    count: int | None


class SideLoad(BaseModel):
    """What a side holds now, and since when."""

    side: str
    open: int | None
    median_days: float | None
    p90_days: float | None


class Workload(BaseModel):
    """What is open now, and how old it is."""

    open: int | None
    median_days: float | None
    p90_days: float | None
    ages: list["AgeBand"]
    sides: list[SideLoad]


class AgeBand(BaseModel):
    """How many open requests are so many days old; `to_days` null: and older."""

    from_days: int
    to_days: int | None
    count: int | None


class Flow(BaseModel):
    """What happened in the months."""

    received: int | None
    returned: int | None
    answered: int | None


class CaseFilesCounted(BaseModel):
    """Case files for a RASSO unit, with and without early advice."""

    with_request: int | None
    without_request: int | None
    not_sought: list[CodeCount] = Field(description="why not, of those without; `NO_REASON_RECORDED` where nobody said")


class ChargeFigures(BaseModel):
    """Requests after which a suspect was charged, and how long after the first submission."""

    led_to_charge: int | None
    median_days: float | None
    p90_days: float | None


class Group(BaseModel):
    """The figures of a force, a unit, a month, or of all."""

    group: str
    requests: int | None
    first_time_acceptance: FirstTimeAcceptance
    return_reasons: list[CodeCount]
    clocks: list[ClockFigures]
    sides: list[SideFigures]
    days_to_advice: DaysToAdvice
    rounds: RoundFigures
    actions: ActionFigures
    outcomes: list[StateCount]
    workload: Workload | None = Field(description="null by month")
    flow: Flow
    case_files: CaseFilesCounted | None = Field(description="null for the CPS")
    charges: ChargeFigures


class EarlyAdviceStatistics(BaseModel):
    """The figures with what each of them means."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    to: str
    as_of: str = Field(description="the moment of asking")
    group_by: GroupBy | None
    unit: str | None
    suppressed_below: int | None = Field(description="counts below this are null; null where nothing is suppressed")
    groups: list[Group]
    definitions: dict[str, str]
