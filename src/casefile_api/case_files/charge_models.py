"""The table of charges that versions show: which suspect, on which day, since which version."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


class CaseFileCharge(SQLModel, table=True):
    """That a version showed a suspect as charged, for the first time. Ids and days alone; the force's own."""

    __tablename__ = "case_file_charge"

    case_file_id: UUID = Field(foreign_key="case_file.id", primary_key=True)
    suspect_id: str = Field(primary_key=True)
    organisation: str
    charged_on: date
    number: int
    shown_at: datetime = Field(sa_column=moment())
