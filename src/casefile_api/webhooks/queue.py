"""The queue of an endpoint: deliveries made out of its organisation's feed, and which of them may be sent now.

An endpoint reads the feed like any other reader, from the position it was registered at; so nothing is missed that
commits late, and nothing is owed twice. What is owed of a case file that was restricted meanwhile is held until the
organisation's systems are admitted. Events of one case file go out in order: a later one waits for an earlier one
until that has failed a few times. Written for the driver: this is asked for every event.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation
from psycopg.rows import class_row, scalar_row

from casefile_api.events import matches_any
from casefile_api.identifiers import new_id
from casefile_api.ledger.happenings import shown_to_systems
from casefile_api.webhooks.choosing import chosen
from casefile_api.webhooks.schedule import DISABLED_AFTER, FAILING_AFTER, ORDER_KEPT_FOR, is_dead

FED_AT_ONCE = 500
LOCK_SPACE = "webhook endpoint "
MOST_SIGNATURES = 5
"""However often a secret is rotated within a day, the header stays short: the newest ones sign."""

Connection = AsyncConnection[Any]

# `(select true … limit 1)` and not `exists`: PostgreSQL then asks an index for the first row and stops there, however
# much is waiting, where it would read everything to join it. The sum with nothing keeps it on the index by position.
_IN_ORDER: LiteralString = f"""
    d.state = 'waiting' and d.due_at + interval '0' <= %(now)s and d.event_type <> 'webhook_endpoint.verification'
    and (select true from webhook_delivery o
         where o.endpoint_id = d.endpoint_id and o.state = 'waiting' and o.case_file_id = d.case_file_id
           and o.position < d.position and o.failures < %(patience)s and o.due_at > %(now)s
         order by o.position limit 1) is null
    and {shown_to_systems("d.case_file_id", "d.organisation")}
"""
_ORPHANED: LiteralString = """
    coalesce((select c.revoked_at is not null or 'webhooks:manage' <> all(c.scopes)
              from client c where c.client_id = e.client_id), false)
"""
_WITH_SOMETHING_TO_DO: LiteralString = f"""
    select e.id from webhook_endpoint e
    where (e.state = 'active' and (
            e.failing_since <= %(dead)s
            or e.failing <> (e.failures >= %(failing_after)s)
            or ((e.paused_until is null or e.paused_until <= %(now)s) and (
                (select true from event_position p where p.organisation = e.organisation and p.position > e.fed_to
                 order by p.position limit 1)
                or ((select d.due_at from webhook_delivery d where d.endpoint_id = e.id and d.state = 'waiting'
                     order by d.due_at limit 1) <= %(now)s
                    and (select true from webhook_delivery d where d.endpoint_id = e.id and {_IN_ORDER}
                         order by d.position limit 1))))))
       or (e.state = 'pending' and exists (
            select from webhook_delivery d
            where d.endpoint_id = e.id and d.state = 'waiting' and d.due_at <= %(now)s
              and d.event_type = 'webhook_endpoint.verification'))
       or (e.state <> 'disabled' and {_ORPHANED})
"""
# A turn under way goes on; another is begun where no process is at the endpoint: its lock is taken with the same trip.
_TAKE_WORK: LiteralString = f"""
    with found as materialized ({_WITH_SOMETHING_TO_DO})
    select id from found
    where case when id = any(%(mine)s::uuid[]) then true
               else pg_try_advisory_lock(hashtextextended(%(space)s || id::text, 0)) end
"""
_FREE: LiteralString = """
    select pg_advisory_unlock(hashtextextended(%(space)s || id::text, 0)) from unnest(%(ended)s::uuid[]) as id
"""
_RECEIVER: LiteralString = f"""
    select e.id, e.organisation, e.url, e.event_types, e.units, e.case_types, e.state, e.fed_to, e.failures, e.failing,
           e.failing_since, e.paused_until, e.max_at_once, e.max_per_second,
           {_ORPHANED} as orphaned,
           array(select s.id from webhook_secret s
                 where s.endpoint_id = e.id and (s.expires_at is null or s.expires_at > %(now)s)
                 order by s.created_at desc, s.id desc limit %(signatures)s) as secret_ids
    from webhook_endpoint e where e.id = %(endpoint)s
"""
_DELIVERY: LiteralString = """
    select d.id, d.event_id, d.event_type, d.case_file_id, d.failures, d.first_tried_at, e.body, e.traceparent,
           e.occurred_at
    from webhook_delivery d join event e on e.event_id = d.event_id and e.organisation = d.organisation
    where d.endpoint_id = %(endpoint)s and d.id <> all(%(in_hand)s::uuid[]) and
"""
_DUE: LiteralString = f"{_DELIVERY} {_IN_ORDER} order by d.position, d.created_at limit %(most)s"
_VERIFICATION_DUE: LiteralString = f"""
    {_DELIVERY} d.state = 'waiting' and d.due_at <= %(now)s and d.event_type = 'webhook_endpoint.verification'
    order by d.created_at desc limit 1
"""
_NEW_IN_FEED: LiteralString = f"""
    select p.position, e.event_id, e.type, e.case_file_id,
           e.endpoint_id is null and {chosen("e", "%(units)s::varchar[]", "%(case_types)s::varchar[]")}
    from event_position p join event e on e.event_id = p.event_id and e.organisation = p.organisation
    where p.organisation = %(organisation)s and p.position > %(after)s
    order by p.position limit %(most)s
"""
_FEED: LiteralString = """
    with owed as (
        insert into webhook_delivery (id, endpoint_id, event_id, organisation, event_type, case_file_id, position,
                                      state, due_at, created_at)
        select id, %(endpoint)s, event_id, %(organisation)s, event_type, case_file_id, position, 'waiting', %(now)s,
               %(now)s
        from unnest(%(ids)s::uuid[], %(events)s::uuid[], %(types)s::text[], %(cases)s::uuid[], %(positions)s::bigint[])
             as fed (id, event_id, event_type, case_file_id, position)
        on conflict (endpoint_id, event_id) do nothing)
    update webhook_endpoint set fed_to = %(last)s where id = %(endpoint)s
"""


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint as it is at the beginning of a round."""

    id: UUID
    organisation: str
    url: str
    event_types: list[str]
    units: list[str]
    case_types: list[str]
    state: str
    fed_to: int
    failures: int
    failing: bool
    failing_since: datetime | None
    paused_until: datetime | None
    orphaned: bool
    max_at_once: int | None
    max_per_second: int | None
    secret_ids: list[UUID]

    @property
    def standing_changed(self) -> bool:
        """Whether it began to fail, or fails no longer, and that is not yet said."""
        return self.state == "active" and self.failing != (self.failures >= FAILING_AFTER)

    def end(self, now: datetime) -> str | None:
        """Why it has come to its end, if it has: nobody answers for it any more, or it failed for too long."""
        if self.orphaned and self.state != "disabled":
            return "client_revoked"
        return "failing" if self.state == "active" and is_dead(self.failing_since, now) else None

    @property
    def was_away(self) -> bool:
        """Whether it counts as failing: it is asked one thing at a time then, and told gently when it is back."""
        return self.failures >= FAILING_AFTER

    def hears(self, now: datetime) -> bool:
        """Whether events may be sent to it now."""
        paused = self.paused_until is not None and self.paused_until > now
        return self.state == "active" and not paused


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that may be sent now."""

    id: UUID
    event_id: UUID
    event_type: str
    case_file_id: UUID | None
    failures: int
    first_tried_at: datetime | None
    body: bytes
    traceparent: str | None
    occurred_at: datetime

    @property
    def lane(self) -> UUID:
        """What it goes one after the other with: the events of its case file, or nothing."""
        return self.case_file_id or self.id


async def take_endpoints_with_work(locks: Connection, now: datetime, mine: Collection[UUID]) -> list[UUID]:
    """Find the endpoints that have something to be sent now, or have failed for so long that they are disabled.

    Of those: the ones whose turn is `mine` already, and those that no process is at, locked by this connection now.
    """
    asked = {
        "now": now,
        "dead": now - DISABLED_AFTER,
        "patience": ORDER_KEPT_FOR,
        "failing_after": FAILING_AFTER,
        "mine": list(mine),
        "space": LOCK_SPACE,
    }
    async with locks.cursor(row_factory=scalar_row) as cursor:
        return await (await cursor.execute(_TAKE_WORK, asked)).fetchall()


async def free_endpoints(locks: Connection, ended: Collection[UUID]) -> None:
    """Let any process take these endpoints."""
    if ended:
        await locks.execute(_FREE, {"space": LOCK_SPACE, "ended": list(ended)})


async def find_receiver(connection: Connection, endpoint_id: UUID, now: datetime) -> Receiver | None:
    """Find an endpoint as it is now, with the secrets that sign now, newest first."""
    async with connection.cursor(row_factory=class_row(Receiver)) as cursor:
        asked = {"endpoint": endpoint_id, "now": now, "signatures": MOST_SIGNATURES}
        return await (await cursor.execute(_RECEIVER, asked)).fetchone()


async def feed(connection: Connection, receiver: Receiver, now: datetime) -> bool:
    """Owe an endpoint what is new in the feed and that it asked for, a batch at a time; True where there may be more.

    What waits for an endpoint that was away for long stays in the feed until it is its turn.
    """
    after = receiver.fed_to
    while True:
        asked = {
            "organisation": receiver.organisation,
            "after": after,
            "most": FED_AT_ONCE,
            "units": receiver.units,
            "case_types": receiver.case_types,
        }
        events = await (await connection.execute(_NEW_IN_FEED, asked)).fetchall()
        if not events:
            return False
        after = events[-1][0]
        wanted = [event for event in events if event[4] and matches_any(receiver.event_types, event[2])]
        fed = {
            "endpoint": receiver.id,
            "organisation": receiver.organisation,
            "now": now,
            "last": after,
            "ids": [new_id() for _ in wanted],
            "positions": [event[0] for event in wanted],
            "events": [event[1] for event in wanted],
            "types": [event[2] for event in wanted],
            "cases": [event[3] for event in wanted],
        }
        try:
            await connection.execute(_FEED, fed)
        except ForeignKeyViolation:  # removed in this very moment
            return False
        if len(events) < FED_AT_ONCE:
            return False
        if wanted:
            return True


async def find_due(
    connection: Connection, endpoint_id: UUID, now: datetime, *, most: int, in_hand: Collection[UUID]
) -> list[Due]:
    """Find what else may be sent to an active endpoint, oldest first."""
    asked = {"endpoint": endpoint_id, "now": now, "most": most, "patience": ORDER_KEPT_FOR, "in_hand": list(in_hand)}
    async with connection.cursor(row_factory=class_row(Due)) as cursor:
        return await (await cursor.execute(_DUE, asked)).fetchall()


async def find_verification(
    connection: Connection, endpoint_id: UUID, now: datetime, in_hand: Collection[UUID]
) -> list[Due]:
    """Find the verification that a pending endpoint is to be sent: nothing else goes to it."""
    asked = {"endpoint": endpoint_id, "now": now, "in_hand": list(in_hand)}
    async with connection.cursor(row_factory=class_row(Due)) as cursor:
        return await (await cursor.execute(_VERIFICATION_DUE, asked)).fetchall()
