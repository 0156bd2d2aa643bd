"""Bodies of restrictions, conflicts of interest and break-glass: inbound named for the act, outbound for the thing."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from casefile_api.case_files.schemas import ActorView
from casefile_api.web.bodies import Body

Slug = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9-]+$")]
StaffId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Reason = Annotated[str, Field(min_length=1, max_length=2_000, description="why; kept sealed, for the own force alone")]


class Admitted(Body):
    """Somebody whom a restricted case file admits: a named member of staff, or everybody who acts in a role."""

    organisation: Slug = Field(examples=["police-53"])
    staff_id: StaffId | None = Field(None, description="a registered member of staff; or `role`")
    role: Slug | None = Field(None, pattern=r"^[a-z_]+$", description="a role of the organisation; or `staff_id`")


Admissions = Annotated[list[Admitted], Field(min_length=1, max_length=200, description="all who go on seeing it")]


class RestrictCaseFile(Body):
    """Restrict a case file to those named."""

    admitted: Admissions
    reason: Reason


class ChangeRestriction(Body):
    """Restrict a case file to others: the whole list as it is to be."""

    admitted: Admissions
    reason: Reason


class LiftRestriction(Body):
    """Let everybody see a case file again whose place gives it to them."""

    reason: Reason


class DeclareConflict(Body):
    """A member of the own staff has an interest in the case, and is shut out of it."""

    staff_id: StaffId
    reason: Reason


class WithdrawConflict(Body):
    """The interest was declared by mistake, or is one no longer."""

    reason: Reason


class BreakGlass(Body):
    """Open a restricted case file in an emergency, for a while."""

    reason: Reason
    minutes: int | None = Field(None, ge=1, le=10_080, description="how long; the usual time where left out")


class AdmittedView(BaseModel):
    """Somebody whom a restricted case file admits; one of `staff_id` and `role` is null."""

    organisation: str
    staff_id: str | None
    role: str | None


class RestrictionView(BaseModel):
    """Whether a case file is restricted, and whom it admits: the CPS sees its own Area's."""

    case_file_id: str
    restricted: bool
    admitted: list[AdmittedView]


class RestrictionActView(BaseModel):
    """What was done to the restriction of a case file."""

    id: str
    act: Literal["restricted", "changed", "lifted"]
    at: str
    by: ActorView
    admitted_before: list[AdmittedView]
    admitted_after: list[AdmittedView]
    reason: str


class RestrictionHistory(BaseModel):
    """A page of what was done to the restriction of a case file, in order."""

    items: list[RestrictionActView]
    next_cursor: str | None


class ConflictView(BaseModel):
    """A member of staff who is shut out of a case file, or was."""

    id: str
    organisation: str
    staff_id: str
    kind: Literal["party", "declared"]
    version: int | None = Field(description="the version that named them as a party first")
    since: str
    declared_by: ActorView
    reason: str | None
    withdrawn_at: str | None
    withdrawn_by: ActorView | None
    withdrawn_because: str | None


class ListedConflict(ConflictView):
    """A conflict in a list, with its tag."""

    etag: str


class ConflictList(BaseModel):
    """A page of conflicts of interest, in order."""

    items: list[ListedConflict]
    next_cursor: str | None


class BreakGlassView(BaseModel):
    """A restricted case file opened in an emergency."""

    id: str
    case_file_id: str
    organisation: str
    opened_at: str
    opened_by: ActorView
    until: str = Field(description="when it ends by itself, in real time also in a sandbox")
    ended_at: str | None = Field(description="when it was ended early")
    ended_by: ActorView | None
    reason: str


class BreakGlassList(BaseModel):
    """A page of the times that a restricted case file was opened in an emergency, in order."""

    items: list[BreakGlassView]
    next_cursor: str | None


class CorrectionView(BaseModel):
    """A correction of the envelope: what it was, what it became, by whom and why."""

    id: str
    corrected_at: str
    corrected_by: ActorView
    before: dict[str, str | list[str] | None]
    after: dict[str, str | list[str] | None]
    reason: str


class CorrectionList(BaseModel):
    """A page of corrections, in order."""

    items: list[CorrectionView]
    next_cursor: str | None
