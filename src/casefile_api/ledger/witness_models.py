"""Tables of what witnesses say: their lines under checkpoints, only ever added, and what keeps one from vouching."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


class AuditCosignature(SQLModel, table=True):
    """The line of one witness under one checkpoint (C2SP tlog-cosignature)."""

    __tablename__ = "audit_cosignature"
    __table_args__ = (Index("audit_cosignature_by_witness", "origin", "witness", "checkpoint_id"),)

    origin: str = Field(primary_key=True)
    checkpoint_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    witness: str = Field(primary_key=True)
    line: str
    cosigned_at: datetime = Field(sa_column=moment())


class AuditTimeStamp(SQLModel, table=True):
    """What a time-stamping authority answered for one checkpoint (RFC 3161), with that checkpoint."""

    __tablename__ = "audit_time_stamp"

    origin: str = Field(primary_key=True)
    tree_size: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    note: str
    answer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    stamped_at: datetime = Field(sa_column=moment())
    kept_at: datetime = Field(sa_column=moment())


class AuditWitness(SQLModel, table=True):
    """What keeps a configured witness from vouching; null while it vouches."""

    __tablename__ = "audit_witness"

    witness: str = Field(primary_key=True)
    trouble: str | None = None
    told_at: datetime = Field(sa_column=moment())
