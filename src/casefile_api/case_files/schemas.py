"""Bodies of case files: inbound named for the act, outbound for the thing."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from casefile_api.case_files.content import CaseContent
from casefile_api.case_files.standing import Status
from casefile_api.web.bodies import Body

Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")]
Note = Annotated[str, Field(max_length=2_000, description="why this version was made")]
UnitName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9-]+$")]
Urn = Annotated[
    str,
    Field(
        min_length=11, max_length=20, description="force, unit, sequence, year: 53BH0012326", examples=["53BH0012326"]
    ),
]
UrnSuffix = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}$")]


class OpenCaseFile(Body):
    """Open a case file with its version 1."""

    urn: Urn
    urn_suffix: UrnSuffix | None = None
    crime_references: list[Reference] = Field(max_length=50)
    police_unit: UnitName | None = Field(None, description="the opener's unit where left out; a system must say")
    cps_unit: UnitName = Field(examples=["cps-south-west-rasso"])
    content: CaseContent
    note: Note


class AddVersion(Body):
    """A new version from a whole new content."""

    content: CaseContent
    note: Note


class RestoreVersion(Body):
    """Make an earlier version's content the newest again."""

    note: Note


class MergePatch(Body):
    """RFC 7396, applied to `{"content": …, "note": ""}`."""

    content: dict[str, Any] | None = Field(None, description="members to change; null removes one")
    note: Note | None = None


class PatchOperation(BaseModel):
    """One operation of RFC 6902."""

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=False)

    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str = Field(max_length=1_000)
    from_: str | None = Field(None, alias="from", max_length=1_000)
    value: Any = None


class JsonPatch(RootModel[list[PatchOperation]]):
    """RFC 6902, applied to `{"content": …, "note": ""}`."""

    root: list[PatchOperation] = Field(min_length=1, max_length=1_000)


class CorrectCaseFile(Body):
    """A correction of the envelope; at least one member beside the reason."""

    urn: Urn | None = None
    urn_suffix: UrnSuffix | None = None
    crime_references: list[Reference] | None = Field(None, max_length=50)
    police_unit: UnitName | None = None
    cps_unit: UnitName | None = None
    reason: str = Field(min_length=1, max_length=2_000)


class StaffView(BaseModel):
    """A member of staff, as a record names them."""

    staff_id: str
    name: str


class ActorView(BaseModel):
    """Who did it."""

    organisation: str
    client_id: str
    staff: StaffView | None


class AttachmentName(BaseModel):
    """An attachment as a version names it."""

    id: str
    sha256: str
    size: int


class WarningView(BaseModel):
    """Something that may be wrong with a content; it does not refuse it."""

    code: str
    pointer: str
    detail: str


class ShareView(BaseModel):
    """With whom a version was shared, and when."""

    organisation: str
    unit: str
    shared_at: str
    early_advice_request_id: str = Field(description="the request that it was shared for")


class RetractionView(BaseModel):
    """That a version was shared in error and retracted. To those it was shared with, its content is shown no more."""

    retracted_at: str
    code: str = Field(examples=["wrong_case"])
    retracted_by: ActorView | None = Field(description="for the owning force; else null")
    reason: str | None = Field(description="for the owning force; else null")


class VersionView(BaseModel):
    """A version without its content."""

    number: int
    digest: str = Field(pattern="^sha256:[0-9a-f]{64}$")
    parent_digest: str | None
    salt: str = Field(pattern="^[0-9a-f]{32}$")
    attachments: list[AttachmentName]
    created_at: str
    created_by: ActorView
    note: str
    warnings: list[WarningView]
    content_schema: str = Field(
        description="the schema that the content was written by: /v1/schemas/case-file-content/{version}",
        examples=["2"],
    )
    shared_with: list[ShareView]
    retraction: RetractionView | None


class ListedVersion(VersionView):
    """A version in a list, with the tag of the case file at that version."""

    etag: str


class SuspectStanding(BaseModel):
    """Where a suspect stands: by what is said of charges, and by the requests that name them."""

    id: str = Field(description="the suspect's id in the content", examples=["s1"])
    status: Status


class CaseFileEnvelope(BaseModel):
    """A case file without its content."""

    id: str
    erased: bool = Field(
        default=False, description="only there, and true, where the content was erased: what is left is its digest"
    )
    urn: str
    urn_suffix: str | None
    organisation: str
    police_unit: str
    cps_unit: str
    crime_references: list[str]
    restricted: bool = Field(description="only named staff and roles see it: `GET …/restriction`")
    status: Status = Field(description="derived: with the CPS, else by where the suspects stand")
    suspects: list[SuspectStanding] = Field(description="where each suspect of the newest version seen stands")
    closed: bool = Field(description="merged into another case file, and open to no new version: `GET …/links`")
    created_at: str
    updated_at: str
    version: VersionView


class CaseFileItem(CaseFileEnvelope):
    """A case file as lists have it."""

    etag: str


class CaseFileRepresentation(CaseFileEnvelope):
    """A case file at a version, with the content exactly as it was sent."""

    content: dict[str, Any]


class VersionList(BaseModel):
    """A page of versions, ascending."""

    items: list[ListedVersion]
    next_cursor: str | None


class TimelineItem(BaseModel):
    """Something that happened to the case."""

    sequence: int
    at: str
    type: str
    sentence: str
    organisation: str
    staff_id: str | None
    data: dict[str, Any]


class LegalDateView(BaseModel):
    """A date that follows from the content, or how many days a step took."""

    code: str = Field(description="which clock", examples=["bail_inspector"])
    pointer: str = Field(description="what it follows from", examples=["/content/suspects/0/custody"])
    due: str | None = Field(description="the day, or the time in UTC, at which it runs out", examples=["2027-03-20"])
    days: int | None = Field(description="how many days a step took", examples=[6])
    sentence: str


class Timeline(BaseModel):
    """A page of the timeline, in order, and the dates that the law sets to the case as it stands."""

    items: list[TimelineItem]
    dates: list[LegalDateView] = Field(
        description="detention, bail, custody and statutory time limits by the newest version seen, in order"
    )
    next_cursor: str | None


class ChangesView(BaseModel):
    """What changed from one version to another, in a prosecutor's terms."""

    model_config = ConfigDict(populate_by_name=True)

    from_: int = Field(alias="from", description="the version compared with; 0 for none, where everything is new")
    to: int
    retracted: list[int] = Field(description="which of the two was shared in error and retracted")
    summary: dict[str, int]
    sections: list[dict[str, Any]]
    attachments: list[dict[str, Any]] = Field(
        description="those that came, went or were replaced, with the material that names them and a sentence"
    )
