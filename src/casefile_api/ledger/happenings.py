"""Events are written in the transaction of what happened, one row per organisation that is told.

The sequence per case file and receiving organisation is counted here without gaps: the case file's row is locked first.
An organisation whose systems a restricted case file does not admit has its event in the case file's timeline, and in no
feed until they are admitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.canonical import canonical_json
from casefile_api.clock import real_now, utc_text
from casefile_api.events import EVENT_TYPES, missing_members, unknown_members
from casefile_api.identifiers import new_id


def shown_to_systems(case: LiteralString, organisation: LiteralString) -> LiteralString:
    """Return the SQL condition that an organisation's systems may know of a case file, where there is one.

    A case file that row-level security hides from who asks is none that they may know of. A value that is selected,
    and not `exists`: PostgreSQL then asks the key of each row, and joins nothing.
    """
    return (
        f"({case} is null or coalesce((select not c.restricted or {organisation} || '#system' = any(c.admitted)"
        f" from case_file c where c.id = {case}), false))"
    )


SHOWN = shown_to_systems("cast(:case_file_id as uuid)", "told.organisation")
# One statement for all who are told. The sequence is counted in the database, so that it has no gaps; it is the one
# member of the body that differs between them, and canonical JSON keeps its place whatever its value.
INSERT_EVENT = f"""
    with numbered as (
        insert into event_sequence (case_file_id, organisation, last)
        select cast(:case_file_id as uuid), organisation, 1 from unnest(cast(:told as text[])) organisation
        where cast(:case_file_id as uuid) is not null
        on conflict (case_file_id, organisation) do update set last = event_sequence.last + 1
        returning organisation, last),
    written as (
        insert into event (event_id, organisation, type, case_file_id, sequence, occurred_at, recorded_at, body,
                           actor_organisation, actor_staff_id, endpoint_id, traceparent)
        select cast(:event_id as uuid), told.organisation, :type, cast(:case_file_id as uuid), numbered.last,
               :occurred_at, :recorded_at,
               convert_to(replace(:body, '"sequence"\\:0', '"sequence":' || coalesce(numbered.last, 0)), 'UTF8'),
               :actor_organisation, :actor_staff_id, cast(:endpoint_id as uuid), :traceparent
        from unnest(cast(:told as text[])) told(organisation) left join numbered using (organisation))
    insert into event_pending (event_id, organisation)
    select cast(:event_id as uuid), organisation from unnest(cast(:told as text[])) told(organisation)
    where {SHOWN}
    """


_WANT = text(
    "insert into job_request (id, kind, subject_id, requested_at, share, cost)"
    " values (:id, :kind, :subject, now(), :share, :cost)"
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made it happen."""

    organisation: str
    staff_id: str | None = None
    traceparent: str | None = None


async def add_event(
    session: AsyncSession,
    event_type: str,
    *,
    to: Sequence[str],
    actor: Actor,
    now: datetime,
    case_file_id: UUID | None = None,
    endpoint_id: UUID | None = None,
    **members: Any,
) -> UUID:
    """Write an event for each organisation in `to`; return the event's id, which all of them see.

    `now` is the working time of the act. An unknown type or member is a programming error (ValueError).
    """
    event_id, values = compose_event(
        event_type, to=to, actor=actor, now=now, case_file_id=case_file_id, endpoint_id=endpoint_id, members=members
    )
    await session.execute(text(INSERT_EVENT), values)
    return event_id


def compose_event(
    event_type: str,
    *,
    to: Sequence[str],
    actor: Actor,
    now: datetime,
    case_file_id: UUID | None,
    endpoint_id: UUID | None,
    members: Mapping[str, Any],
) -> tuple[UUID, dict[str, Any]]:
    """Return the id of an event and what `INSERT_EVENT` binds."""
    event_id = new_id()
    told = {name: str(value) if isinstance(value, UUID) else value for name, value in members.items()}
    data = {"event_id": str(event_id), "organisation": actor.organisation, **told}
    if case_file_id is not None:
        data |= {"case_file_id": str(case_file_id), "sequence": 0}
    if event_type not in EVENT_TYPES or unknown_members(event_type, data) or missing_members(event_type, data):
        raise ValueError(f"{event_type} does not go with {sorted(data)}")
    body = {"type": event_type, "timestamp": utc_text(now), "data": data}
    values = {
        "told": sorted(set(to)),
        "event_id": event_id,
        "type": event_type,
        "case_file_id": case_file_id,
        "occurred_at": now,
        "recorded_at": real_now(),
        "body": canonical_json(body).decode(),
        "actor_organisation": actor.organisation,
        "actor_staff_id": actor.staff_id,
        "endpoint_id": endpoint_id,
        "traceparent": actor.traceparent,
    }
    return event_id, values


async def want_job(
    session: AsyncSession, kind: str, subject_id: UUID | str, *, share: str | None = None, cost: int = 0
) -> None:
    """Ask for work to be done after the commit of the transaction at hand; the sequencer turns it into a job.

    Work of a `share` takes its turn with that of others by its `cost`; `background` is done when nothing else waits.
    """
    values = {"id": new_id(), "kind": kind, "subject": str(subject_id), "share": share, "cost": cost}
    await session.execute(_WANT, values)
