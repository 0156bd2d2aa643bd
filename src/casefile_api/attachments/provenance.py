"""Where a file comes from: how it was acquired, what it was made from and for whom, and what it takes the place of."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from casefile_api.web.bodies import Body

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Seal = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Hex256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Purpose(StrEnum):
    """Why a copy was made."""

    REDACTED = "redacted"
    CLIPPED = "clipped"
    TRANSCRIBED = "transcribed"
    CONVERTED = "converted"


class Rendition(StrEnum):
    """Whom a copy is for: the police keep all, the CPS get what they need, the defence what is served."""

    POLICE_COPY = "police_copy"
    CPS_COPY = "cps_copy"
    SERVED_COPY = "served_copy"


class Stage(StrEnum):
    """When a redaction was made (CPS redaction log)."""

    PRE_CHARGE = "pre_charge"
    POST_CHARGE = "post_charge"


class RedactionCount(Body):
    """How often something of one type was redacted."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="Of code list `redaction_type`.", examples=["ADDRESS"]
    )
    count: Annotated[int, Field(ge=1, le=1_000_000)]


class Derivation(Body):
    """What a copy is for, and what was redacted in it (CPS redaction log)."""

    purpose: Annotated[Purpose, Field(strict=False)]
    rendition: Annotated[Rendition, Field(strict=False)] | None = None
    redactions: list[RedactionCount] = Field(default_factory=list, max_length=50)
    under_redacted: bool | None = Field(None, description="Something was left that should have been redacted.")
    over_redacted: bool | None = Field(None, description="Something was redacted that should have been left.")
    stage: Annotated[Stage, Field(strict=False)] | None = None
    returned_to_force: bool | None = None


class Acquisition(Body):
    """How the file came to be, as its sender says: part of the chain of custody, and sealed like its name."""

    device: Line | None = Field(
        None, description="What it was taken from.", examples=["Mobile telephone, exhibit AB/1"]
    )
    tool: Line | None = Field(None, description="What it was taken with.", examples=["Extraction tool"])
    tool_version: Line | None = None
    examiner: Line | None = Field(None, description="Who took it.")
    acquired_at: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")] | None = (
        Field(None, description="When it was taken, UTC.", examples=["2026-11-20T09:00:00Z"])
    )
    original_sha256: Hex256 | None = Field(None, description="SHA-256 of the original that it was made from.")
    seal_numbers: list[Seal] = Field(default_factory=list, max_length=50)
