"""What a search of the log may ask for; what was asked goes into the log itself."""

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query

from casefile_api.access.permissions import Operation62
from casefile_api.clock import utc_micros
from casefile_api.errors import Fault, Invalid
from casefile_api.web.moments import AskedMoment

Name = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """The entries asked for; what is None does not matter."""

    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    case_file_id: UUID | None = None
    organisation: str | None = None
    staff_id: str | None = None
    client_id: str | None = None
    operation: str | None = None
    action: str | None = None
    outcome: str | None = None

    @property
    def condition(self) -> str:
        """The SQL condition on `audit_entry e`, or on `audit_search e`; `true` where everything is asked for."""
        equal = ("case_file_id", "organisation", "staff_id", "client_id", "operation", "action", "outcome")
        parts = [f"e.{name} = :{name}" for name in equal if getattr(self, name) is not None]
        if self.occurred_from is not None:
            parts.append("e.occurred_at >= :occurred_from")
        if self.occurred_to is not None:
            parts.append("e.occurred_at < :occurred_to")
        return " and ".join(parts) or "true"

    @property
    def everything(self) -> bool:
        """Whether nothing was asked for in particular."""
        return not self.values

    @property
    def leaves(self) -> str:
        """The SQL condition on `leaf_index` that leaves out where no entry of the time asked for can be.

        No leaf is given before its entry occurred, but for a minute by which clocks may differ. One that was given more
        than a minute later is listed (`audit_latecomer`). So a search by time walks no further than its time.

        Each bound is one bare sub-select: anything else may not go below row-level security into the index.
        """
        parts = []
        if self.occurred_from is not None:
            parts.append(
                "leaf_index >= (select coalesce((select tree_size from audit_checkpoint"
                " where created_at < cast(:occurred_from as timestamptz) - interval '1 minute'"
                " order by created_at desc, tree_size desc limit 1), 0))"
            )
        if self.occurred_to is not None:
            parts.append(
                """leaf_index < (select greatest(
                    coalesce((select tree_size from audit_checkpoint
                        where created_at > cast(:occurred_to as timestamptz) + interval '1 minute'
                        order by created_at, tree_size limit 1), 9223372036854775807),
                    (select coalesce(max(leaf_index) + 1, 0) from audit_latecomer where occurred_at < :occurred_to)))"""
            )
        return " and ".join(parts) or "true"

    @property
    def values(self) -> dict[str, Any]:
        """The values that the condition names."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}

    @property
    def described(self) -> dict[str, str]:
        """The filter as the log keeps it."""
        return {
            name.removeprefix("occurred_"): utc_micros(value) if isinstance(value, datetime) else str(value)
            for name, value in self.values.items()
        }


async def entry_filter(  # noqa: PLR0913 - one parameter for each thing that can be asked for
    occurred_from: Annotated[AskedMoment | None, Query(alias="from", description="no earlier than this")] = None,
    occurred_to: Annotated[AskedMoment | None, Query(alias="to", description="earlier than this")] = None,
    case_file_id: Annotated[UUID | None, Query(description="acts on this case file")] = None,
    organisation: Name = None,
    staff_id: Name = None,
    client_id: Name = None,
    operation: Annotated[Operation62 | None, Query(description="the word of DPA 2018 s.62")] = None,
    action: Name = None,
    outcome: Annotated[Literal["allowed", "refused"] | None, Query()] = None,
) -> EntryFilter:
    """The filter of a request.

    Raises Invalid for a moment outside the calendar of UTC.
    """
    for name, moment in (("from", occurred_from), ("to", occurred_to)):
        if moment is not None and moment.year in {MINYEAR, MAXYEAR}:
            fault = Fault("out_of_range", "Name a moment of this age.", parameter=name)
            raise Invalid("A moment is out of range.", fault)
    word = operation.value if operation else None
    return EntryFilter(
        occurred_from, occurred_to, case_file_id, organisation, staff_id, client_id, word, action, outcome
    )


AskedEntries = Annotated[EntryFilter, Depends(entry_filter)]
