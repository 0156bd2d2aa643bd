"""What callers are told of a file held against a standard."""

from typing import Any

from pydantic import BaseModel, Field

from casefile_api.case_files.content import example
from casefile_api.case_files.schemas import LegalDateView
from casefile_api.file_standards.rules import Outcome
from casefile_api.file_standards.standards import Level, StandardName
from casefile_api.web.bodies import Body


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


class DatedReadinessView(ReadinessView):
    """A version held against a file standard, with the dates that follow from it."""

    dates: list[LegalDateView]
    retracted: bool = Field(description="whether the version was shared in error and retracted")


class AskedRequest(Body):
    """The request that the content would go with, as far as it is written."""

    suspect_ids: list[str] = Field(default_factory=list, max_length=2_000)
    facts: str | None = Field(None, max_length=100_000)
    issues: str | None = Field(None, max_length=100_000)
    advice_sought: list[dict[str, str]] = Field(default_factory=list, max_length=100)
    method: str | None = Field(None, max_length=60)


class CheckContent(Body):
    """A content to check before it is sent. Its envelope and request may be left out."""

    content: dict[str, Any] = Field(description="the content: /v1/schemas/case-file-content", examples=[example()])
    standards: list[StandardName] = Field(
        default_factory=lambda: [StandardName.EARLY_ADVICE], max_length=6, description="what it is to be sent for"
    )
    urn: str | None = Field(None, max_length=20)
    urn_suffix: str | None = Field(None, max_length=2)
    crime_references: list[str] | None = Field(None, max_length=50)
    police_unit: str | None = Field(None, max_length=64)
    cps_unit: str | None = Field(None, max_length=64)
    request: AskedRequest | None = None


class FaultView(BaseModel):
    """Something that would refuse the content."""

    code: str
    pointer: str
    detail: str


class CheckView(BaseModel):
    """All that a version of this content would be told."""

    content_schema: str = Field(description="the schema it was held to", examples=["2"])
    acceptable: bool = Field(description="whether it would be taken as a version")
    errors: list[FaultView]
    warnings: list[FaultView]
    readiness: list[ReadinessView] = Field(description="one for each standard; none where the shape is wrong")
    dates: list[LegalDateView]
