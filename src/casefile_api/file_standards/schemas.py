"""What callers are told of a file held against a standard."""

from pydantic import BaseModel, Field

from casefile_api.file_standards.rules import Outcome
from casefile_api.file_standards.standards import Level


class RequirementView(BaseModel):
    """How one requirement of the standard stands."""

    code: str = Field(description="the requirement", examples=["supervisor_comments"])
    level: Level = Field(description="a file that misses what is required is not ready")
    outcome: Outcome
    pointer: str = Field(
        description="the place: /content/… in the version, /urn in the envelope, /request/… in the request",
        examples=["/content/supervisor_comments"],
    )
    message: str = Field(description="how it stands, in a sentence")
    mend: str = Field(description="what to do about it; empty where nothing is missing")
    prevents: list[str] = Field(
        description="the triage reasons and assessment failures it keeps the file from",
        examples=[["NO_OR_INCOMPLETE_SUPERVISOR_COMMENTS"]],
    )


class ReadinessView(BaseModel):
    """A version held against a file standard."""

    standard: str
    rule_set: str = Field(description="the rows that counted", examples=["early_advice@2020-12-31"])
    ready: bool = Field(description="whether nothing that is required is missing")
    results: list[RequirementView]
