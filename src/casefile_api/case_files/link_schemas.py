"""Bodies of links between case files, of splits and of merges."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from casefile_api.case_files.content.parts import ItemId
from casefile_api.case_files.schemas import ActorView, Note, Reference, UnitName, Urn, UrnSuffix
from casefile_api.web.bodies import Body

Reason = Annotated[str, Field(min_length=1, max_length=2_000, description="why, in words for the force alone")]
OtherCaseFile = Annotated[str, Field(min_length=1, max_length=64, description="the id of the other case file")]


class LinkCaseFiles(Body):
    """Link two case files that belong together."""

    case_file_id: OtherCaseFile
    relation: Literal["linked", "same_suspect", "same_complainant", "other"] = Field(
        description="how they belong together, of code list `link_relation`"
    )
    reason: Reason


class RemoveLink(Body):
    """Take back a link that was a mistake; that it was there stays."""

    reason: Reason


class SplitCaseFile(Body):
    """Split the file of suspects off into a case file of its own."""

    suspect_ids: list[ItemId] = Field(min_length=1, max_length=200, description="who goes into the new case file")
    version: int | None = Field(
        None, ge=1, le=2_147_483_647, description="the version it is made from; the newest where left out"
    )
    urn: Urn | None = Field(None, description="the same URN where left out: then with a suffix of its own")
    urn_suffix: UrnSuffix | None = None
    crime_references: list[Reference] | None = Field(None, max_length=50)
    police_unit: UnitName | None = None
    cps_unit: UnitName | None = None
    note: Note
    reason: Reason


class MergeCaseFile(Body):
    """Merge a case file into another; it is closed to new versions and stays as it is."""

    case_file_id: OtherCaseFile = Field(description="the id of the case file that it goes into")
    reason: Reason


class LinkView(BaseModel):
    """How a case file belongs with another that the reader can see as well."""

    id: str
    relation: Literal[
        "linked",
        "same_suspect",
        "same_complainant",
        "other",
        "split_into",
        "split_from",
        "merged_into",
        "merged_from",
    ] = Field(description="what the other is to this one")
    case_file_id: str = Field(description="the other case file")
    urn: str = Field(description="its URN")
    urn_suffix: str | None
    suspect_ids: list[str] = Field(description="who was split off, by the ids of the content")
    version: int | None = Field(
        description="the version that was split or merged, or linked from; for the owning force; else null"
    )
    linked_at: str
    linked_by: ActorView
    reason: str | None = Field(description="for the owning force; else null")
    removed_at: str | None = Field(description="when a link that was a mistake was taken back")
    removed_by: ActorView | None
    removed_because: str | None = Field(description="for the owning force; else null")


class ListedLink(LinkView):
    """A link in a list, with its tag."""

    etag: str


class LinkList(BaseModel):
    """A page of links, in the order in which they were made."""

    items: list[ListedLink]
    next_cursor: str | None
