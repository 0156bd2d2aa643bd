"""Tables of what is counted ahead. They hold codes and numbers, of nobody and about nobody.

`value` is a number of days, or of times, so that sums by value give medians that are exact: a sum of medians would not.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class FigureDue(SQLModel, table=True):
    """A request or case file to which something happened since it was counted; the database itself marks it."""

    __tablename__ = "figure_due"
    __table_args__ = (CheckConstraint("kind in ('case_file', 'request')", name="figure_due_kind"),)

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    kind: str
    subject_id: UUID
    organisation: str


class FigureFact(SQLModel, table=True):
    """What one request or case file adds to the sums: a list of measure, key, value and count."""

    __tablename__ = "figure_fact"
    __table_args__ = (
        Index("figure_fact_by_area", "area", "day"),
        Index("figure_fact_by_case", "case_file_id"),
        Index("figure_fact_by_day", "day"),
        Index("figure_fact_by_force", "organisation", "day"),
    )

    subject_id: UUID = Field(primary_key=True)
    case_file_id: UUID
    organisation: str
    area: str
    unit: str
    day: date
    items: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class FigureTotal(SQLModel, table=True):
    """A sum over the facts of a month, a quarter or a calendar year, of one force with one unit.

    Without a force it is that of a unit over all forces; without either, that of everybody.
    """

    __tablename__ = "figure_total"
    __table_args__ = (
        CheckConstraint("span in (1, 3, 12)", name="figure_total_span"),
        Index("figure_total_by_area", "area", "span", "month"),
        Index("figure_total_by_force", "organisation", "span", "month"),
        Index("figure_total_by_measure", "measure", "key"),
        Index(
            "figure_total_by_span",
            "span",
            "month",
            postgresql_where=text("organisation <> '' and measure <> 'charge_told'"),
            # All that is asked for lies together, some hundred rows a page; in the table a row each.
            postgresql_include=["organisation", "area", "unit", "measure", "key", "value", "count"],
        ),
        Index("figure_total_empty", "month", postgresql_where=text("count = 0")),
    )

    month: date = Field(primary_key=True)
    # How many months it is over, from the first of `month` on.
    span: int = Field(
        default=1, sa_column=Column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    )
    organisation: str = Field(primary_key=True)
    area: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
