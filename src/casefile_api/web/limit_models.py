"""The table of rates. It outlives no crash and need not: a bucket that is forgotten is full again."""

from datetime import datetime

from sqlalchemy import Column, DateTime
from sqlmodel import Field, SQLModel


class RateBucket(SQLModel, table=True):
    """What a client or an address may still ask for, over all processes; `granted` is what the last lease took."""

    __tablename__ = "rate_bucket"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    name: str = Field(primary_key=True)
    level: float
    granted: int
    refilled_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
