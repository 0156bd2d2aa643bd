"""Bodies of finding case files: what is personal is in a body, never in a URL."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from casefile_api.case_files.content.parts import Code, Day, Name
from casefile_api.case_files.finding import CaseFileFilter, Sort
from casefile_api.case_files.finding_terms import Wanted
from casefile_api.case_files.schemas import CaseFileItem, Reference, UnitName, Urn
from casefile_api.case_files.standing import Status
from casefile_api.web.bodies import Body

OffenceCode = Annotated[str, Field(max_length=16, description="a CJS offence code")]
CaseType = Annotated[str, Field(max_length=64, description="the content's case type")]
Officer = Annotated[
    str, Field(max_length=64, description="staff id of the officer in charge, the supervisor or the disclosure officer")
]


class SuspectCriteria(Body):
    """What is known of a suspect; at least one member, all of them true of one and the same suspect."""

    family_name: Name | None = Field(None, description="case, accents and punctuation do not matter; aliases count")
    given_name: Name | None = Field(None, description="any of the given names, or an alias")
    match: Literal["exact", "sounds_like"] = Field("exact", description="how names are compared")
    date_of_birth: Day | None = None
    pnc_id: Code | None = Field(None, description="Police National Computer id", examples=["2000/1234567V"])
    cro: Code | None = Field(None, description="Criminal Records Office number")
    asn: Code | None = Field(None, description="arrest/summons number")
    driver_number: Code | None = None
    custody_number: Code | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"match"}:
            raise ValueError("Say something of the suspect.")
        return self

    def wanted(self) -> Wanted:
        """Return what is known of the suspect."""
        return Wanted(**self.model_dump(exclude={"match"}), sounds_like=self.match == "sounds_like")


class SearchCaseFiles(Body):
    """Search by a suspect, with whatever the list can be narrowed by."""

    suspect: SuspectCriteria
    urn: Urn | None = None
    crime_reference: Reference | None = None
    status: Status | None = None
    suspect_status: Status | None = None
    case_type: CaseType | None = None
    offence: OffenceCode | None = None
    officer: Officer | None = None
    police_unit: UnitName | None = None
    cps_unit: UnitName | None = None
    reported_from: date | None = None
    reported_to: date | None = None
    opened_since: AwareDatetime | None = None
    updated_since: AwareDatetime | None = None
    deadline_before: AwareDatetime | None = None
    sort: Sort = Sort.NEWEST_CHANGE
    counts: bool = Field(False, description="say how many there are in all, by status and by case type")

    def filter(self) -> CaseFileFilter:
        """Return what is looked for."""
        given: dict[str, str | date | datetime | None] = {
            name: getattr(self, name)
            for name in CaseFileFilter.__dataclass_fields__
            if name not in ("suspect", "status", "suspect_status")
        }
        statuses = {"status": self.status, "suspect_status": self.suspect_status}
        return CaseFileFilter(**given, **statuses, suspect=self.suspect.wanted())  # type: ignore[arg-type]


class CountsView(BaseModel):
    """How many case files are found."""

    total: int
    by_status: dict[str, int]
    by_case_type: dict[str, int]


class CaseFileList(BaseModel):
    """A page of case files in the order asked for."""

    items: list[CaseFileItem]
    next_cursor: str | None
    counts: CountsView | None = Field(default=None, description="only there where it was asked for")
