"""Tables of the tree over the audit log: its tiles, its checkpoints, its name, its keys and its alarm.

Checkpoints, the name and the keys are only ever added. Tiles grow in place, since hashes are only added to their end.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


class AuditTile(SQLModel, table=True):
    """A tile of the tree (C2SP tlog-tiles), full or still growing."""

    __tablename__ = "audit_tile"
    __table_args__ = (
        CheckConstraint(
            "octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0", name="audit_tile_whole_hashes"
        ),
    )

    level: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditCheckpoint(SQLModel, table=True):
    """A signed statement of the tree's size and root, as published; numbered without gaps, so none goes missing."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = (
        CheckConstraint("octet_length(root_hash) = 32", name="audit_checkpoint_root_hash_length"),
        Index("audit_checkpoint_by_size", "tree_size", "id"),
        Index("audit_checkpoint_by_time", "created_at", "tree_size"),
    )

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    tree_size: int = Field(sa_column=Column(BigInteger, nullable=False))
    root_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    note: str
    created_at: datetime = Field(sa_column=moment())


class AuditLatecomer(SQLModel, table=True):
    """A leaf given more than a minute after its entry occurred: searches by time look for it where it stands."""

    __tablename__ = "audit_latecomer"
    __table_args__ = (Index("audit_latecomer_by_time", "occurred_at", "leaf_index"),)

    leaf_index: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    occurred_at: datetime = Field(sa_column=moment())


class AuditLog(SQLModel, table=True):
    """The log's name: the origin of its checkpoints, which must never change. One row."""

    __tablename__ = "audit_log"
    __table_args__ = (CheckConstraint("id = 1", name="audit_log_one_row"),)

    id: int = Field(default=1, primary_key=True)
    origin: str
    created_at: datetime = Field(sa_column=moment())


class AuditLogKey(SQLModel, table=True):
    """A public key that has signed checkpoints; old ones stay listed."""

    __tablename__ = "audit_log_key"

    verifier_key: str = Field(primary_key=True)
    first_used_at: datetime = Field(sa_column=moment())


class LogAlarm(SQLModel, table=True):
    """Why the log does not grow, while it does not. At most one row."""

    __tablename__ = "log_alarm"
    __table_args__ = (CheckConstraint("id = 1", name="log_alarm_one_row"),)

    id: int = Field(default=1, primary_key=True)
    code: str
    detail: str
    raised_at: datetime = Field(sa_column=moment())
