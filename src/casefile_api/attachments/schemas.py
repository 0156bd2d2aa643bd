"""What is sent about attachments, named for the act, and what is answered, named for the thing."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from casefile_api.attachments.models import AttachmentStatus
from casefile_api.attachments.parts import FILE_LIMIT_BYTES, PART_LIMIT
from casefile_api.attachments.provenance import Acquisition, Derivation
from casefile_api.case_files.schemas import ActorView
from casefile_api.web.bodies import Body

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 as 64 lowercase hex digits."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
PARTS_AT_ONCE = 100


class DeclareAttachmentRequest(Body):
    """Say what file is about to come: its hash and size, so that what arrives can be held against it."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="Name of the file, in any script; kept as data and never used as a path, key or header.",
        examples=["statement.pdf"],
    )
    media_type: Code = Field(
        description="Media type, of code list `media_type`, which says for which kinds it is accepted.",
        examples=["application/pdf"],
    )
    size: Annotated[int, Field(ge=0, le=FILE_LIMIT_BYTES)] = Field(description="Size in bytes.", examples=[48211])
    sha256: Sha256 = Field(description="SHA-256 of the whole file.", examples=["e3b0c442" + "0" * 56])
    kind: Code = Field(description="MG form or kind of material, of code list `document_kind`.", examples=["MG11"])
    title: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        None, description="What it is, in a line."
    )
    derived_from: UUID | None = Field(
        None, description="The attachment of the same case file that this one was made from (a redacted copy, say)."
    )
    derivation: Derivation | None = Field(None, description="What the copy is for; only with `derived_from`.")
    supersedes: UUID | None = Field(
        None, description="An attachment of your own on the same case file that this one takes the place of."
    )
    acquisition: Acquisition | None = Field(None, description="How it came to be: part of its chain of custody.")


class PartToUpload(Body):
    """A part that is about to be sent."""

    number: Annotated[int, Field(ge=1, le=PART_LIMIT)] = Field(description="Counts from 1.", examples=[1])
    sha256: Sha256 = Field(description="SHA-256 of this part.", examples=["e3b0c442" + "0" * 56])


class RequestUploadUrlsRequest(Body):
    """Ask for the URLs of some parts; as often as needed, since they expire."""

    parts: Annotated[list[PartToUpload], Field(min_length=1, max_length=PARTS_AT_ONCE)]


class View(BaseModel):
    """A body that is answered."""

    model_config = ConfigDict(frozen=True)


class PartView(View):
    """A presigned PUT of one part: the headers are sent as given, the bytes as the body."""

    number: int
    size: int
    url: str
    headers: dict[str, str]
    expires_at: Moment


class UploadPlanView(View):
    """How the file is to be cut: all parts are of `part_size` but the last."""

    part_size: int
    part_count: int
    parts: list[PartView] = Field(description="The one part's URL where there is one part; else ask for them.")


class RejectionView(View):
    """Why a file was not accepted, and what would mend it."""

    code: str
    detail: str


class AttachmentItem(View):
    """An attachment in a list: without names and titles, which may name people."""

    id: UUID
    case_file_id: UUID
    organisation: str
    status: AttachmentStatus
    kind: str
    media_type: str
    size: int
    sha256: str
    derived_from: UUID | None
    derivation: Derivation | None = None
    supersedes: UUID | None = None
    scan: Annotated[str | None, Field(description="`performed` or `not_performed`, once the file was verified")]
    rejection: RejectionView | None
    integrity: Annotated[
        str | None,
        Field(description="what the newest re-check found: `intact`, `altered`, `lost`, `unreadable`, `overwritten`"),
    ] = None
    rechecked_at: Moment | None = None
    declared_at: Moment
    declared_by: ActorView
    updated_at: Moment


class ListedAttachment(AttachmentItem):
    """An item of a list, with the tag that `DELETE` wants to see."""

    etag: str


class AttachmentView(AttachmentItem):
    """An attachment: what was declared, and where the file is."""

    file_name: str
    title: str | None
    visible_to_police: bool
    superseded_by: UUID | None = Field(None, description="The newest attachment that takes its place.")
    acquisition: Acquisition | None = None
    upload: UploadPlanView | None = Field(description="How to send the file, while it is `uploading`.")
    same_as: UUID | None = Field(
        None,
        description="While it is `uploading`: a verified file of your own on this case with the same bytes. "
        "It need not be sent again; complete it, and storage copies them.",
    )


class AttachmentList(View):
    """A page of attachments."""

    items: list[ListedAttachment]
    next_cursor: str | None


class UploadUrlsView(View):
    """The URLs asked for, in the order asked."""

    parts: list[PartView]


class ReceivedPartView(View):
    """A part that storage has."""

    number: int
    size: int
    sha256: str | None = Field(description="As it was signed into the part's URL last.")


class UploadView(View):
    """How far an upload is."""

    attachment_id: UUID
    status: AttachmentStatus
    part_size: int
    part_count: int
    received: list[ReceivedPartView]
    missing: list[int]
    received_bytes: int


class CustodyView(View):
    """One link in the chain of custody."""

    kind: str
    at: Moment
    organisation: str | None
    client_id: str | None
    staff_id: str | None
    sha256: str | None = Field(description="Hash of the bytes concerned, as declared or as found by reading them.")
    size: int | None
    version: int | None
    recipients: list[str]
    audit_entry_id: UUID | None
    facts: dict[str, str | int | bool | list[int]]


class CustodyChain(View):
    """The whole chain of custody, oldest first."""

    attachment_id: UUID
    acquisition: Acquisition | None = Field(None, description="How the file came to be, as its sender says.")
    items: list[CustodyView]
