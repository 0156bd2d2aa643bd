"""One transaction for a change, its audit entry, its events and the kept answer; and the reading that goes before it.

`async with work:` begins and commits; the commit is done before the response leaves. A change that recorded nothing is
refused: nothing happens unannounced, and nothing is announced that did not happen.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from types import TracebackType
from typing import Annotated, Any, Self, cast
from uuid import UUID

import orjson
from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import Caller
from casefile_api.clock import real_now
from casefile_api.database import translated_faults
from casefile_api.errors import PreconditionRequired, ProofReplayed, Stale
from casefile_api.ledger.entries import INSERT, USE_UP, SealedEntry, compose, proofs_of, rows_of, write_entries
from casefile_api.ledger.happenings import INSERT_EVENT, Actor, compose_event, want_job
from casefile_api.tenancy import Scope
from casefile_api.transactions import Lock, Statements
from casefile_api.web.documenting import NEEDS_TAG, TAKES_KEY, takes
from casefile_api.web.etags import unchanged
from casefile_api.web.exchange import Exchange, exchange_of
from casefile_api.web.idempotency import Answer, KeptAnswers

Replayable = bytes | Mapping[str, Any] | BaseModel


class Reading:
    """What a query needs: a session, the caller, one reading of the clock, and the trail of the log."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.parts = exchange.parts
        self.settings = exchange.parts.settings
        self.vault = exchange.parts.vault
        self.trail = exchange.trail
        self.now = exchange.parts.clock.now()
        self._stack: AsyncExitStack | None = None
        self._session: AsyncSession | None = None

    @property
    def caller(self) -> Caller:
        """Return who is calling."""
        return self.exchange.caller

    @property
    def session(self) -> AsyncSession:
        """Return the session at hand."""
        if self._session is None:
            raise RuntimeError("nothing is being read")
        return self._session

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.enter_context(translated_faults())
            await stack.enter_async_context(self.parts.database.patience())
            self._session = await self._opened(stack)
            await self._begin()
            self._stack = stack.pop_all()
        return self

    @property
    def _scope(self) -> Scope | None:
        known = self.exchange.known_caller
        return known.scope if known is not None else None

    async def _opened(self, stack: AsyncExitStack) -> AsyncSession:
        return await stack.enter_async_context(self.parts.database.session(self._scope))

    async def later(
        self, statement: str, values: Mapping[str, Any], then: Callable[[Sequence[Any]], None] | None = None
    ) -> None:
        """Have a statement run ahead of the next one that is waited for; `then` takes its rows."""
        found = await self.session.execute(written_out(statement), values)
        if then is not None:
            then(cast("CursorResult[Any]", found).all())

    async def lock(self, lock: Lock, values: Mapping[str, Any]) -> None:
        """Have a row locked ahead of the next statement."""
        await self.later(lock.waiting, values)

    async def _begin(self) -> None:
        """Do what comes before anything is read."""
        if self.settings.sandbox:
            await self.later("select ahead_seconds from working_time", {}, self._moved)

    def _moved(self, rows: Sequence[Any]) -> None:
        self.parts.clock.moved_to(timedelta(seconds=rows[0].ahead_seconds))
        self.now = self.parts.clock.now()

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session = None
        if self._stack is not None:
            await self._stack.__aexit__(kind, fault, trace)

    def answer(
        self, body: Replayable, *, etag: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return the answer to a read: 304 where the reader has it already."""
        said = dict(headers or {})
        if etag is not None:
            said["ETag"] = etag
            if unchanged(self.exchange.request.headers.get("if-none-match"), etag):
                return Response(status_code=304, headers=said)
        return Response(body_bytes(body), 200, headers=said, media_type="application/json")


class UnitOfWork(Reading):
    """What a command needs beside: precondition, events, the entry, and the answer that is kept."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._kept: KeptAnswers | None = None
        self._kept_answer: Answer | None = None
        self._entry: SealedEntry | None = None
        self._announced = False

    async def _begin(self) -> None:
        """Do what comes before anything is read; a call with an Idempotency-Key holds it from here."""
        await super()._begin()
        if self.exchange.idempotency_key is not None and self.exchange.known_caller is not None:
            self._kept = KeptAnswers(self.exchange, self.session, self.vault, self.later)
            await self._kept.hold()

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._commit()
        finally:
            await super().__aexit__(kind, fault, trace)

    async def first_time(self) -> None:
        """Go on only if this call was not answered before. Call after 404 and 403, before anything is decided.

        Raises Replayed or IdempotencyConflict.
        """
        if self._kept is not None:
            await self._kept.replay(real_now())

    async def precondition(self, current_tag: str) -> None:
        """Go on only if the caller has seen the newest representation: replay, then 428, then 412.

        Lock the row before reading the tag. Raises Replayed, PreconditionRequired or Stale.
        """
        await self.first_time()
        tags = self.exchange.if_match
        if tags is None or "*" in tags:
            raise PreconditionRequired("Send If-Match with the tag that you have seen.")
        if current_tag not in tags:
            raise Stale("It was changed since you read it; read it again.")

    async def record(
        self,
        event_type: str,
        *,
        to: Sequence[str],
        case_file_id: UUID | None = None,
        **members: Any,
    ) -> UUID:
        """Record what happened, for each organisation in `to`; return the event's id."""
        self._announced = True
        endpoint_id = members.pop("endpoint_id", None)  # for whom alone it is, and no member of what is told
        actor = Actor(self.caller.organisation, self.caller.staff_id, self.exchange.request.scope.get("traceparent"))
        event_id, values = compose_event(
            event_type,
            to=to,
            actor=actor,
            now=self.now,
            case_file_id=case_file_id,
            endpoint_id=endpoint_id,
            members=members,
        )
        await self.later(INSERT_EVENT, values)
        return event_id

    def unannounced(self) -> None:
        """Say that this change is administrative: an entry in the log, and no event of the catalogue."""
        self._announced = True

    async def want(self, kind: str, subject_id: UUID | str, *, share: str | None = None, cost: int = 0) -> None:
        """Ask for work to be done after the commit; the worker takes it from there."""
        await want_job(self.session, kind, subject_id, share=share, cost=cost)

    def seal_entry(self) -> SealedEntry:
        """Fix the audit entry of this change, so that a receipt can name it; the trail says no more after."""
        if self._entry is None:
            self._entry = compose(
                self.trail, self.exchange.known_caller, outcome=self.exchange.outcome, occurred_at=real_now()
            )
        return self._entry

    def answer_change(
        self,
        body: Replayable,
        *,
        status: int = 200,
        etag: str | None = None,
        location: str | None = None,
        kept: Replayable | None = None,
    ) -> Response:
        """Return the answer to a change, and keep it for a repeated call; `kept` is the body without its secrets."""
        headers = {"Content-Type": "application/json"}
        if etag is not None:
            headers["ETag"] = etag
        if location is not None:
            headers["Location"] = location
        sent = body_bytes(body)
        self._kept_answer = Answer(status, headers, sent if kept is None else body_bytes(kept))
        return Response(sent, status, headers=headers)

    def no_content(self) -> Response:
        """Return 204, and keep it."""
        self._kept_answer = Answer(204, {}, b"")
        return Response(status_code=204)

    async def _commit(self) -> None:
        if not self._announced:
            raise RuntimeError(f"{self.trail.action} changed something and recorded nothing")
        entry = self.seal_entry()
        if self._kept is not None and self._kept_answer is not None:
            hours = self.settings.idempotency_hours
            await self._kept.keep(self._kept_answer, self.trail.case_file_id, real_now(), hours)
        await self.session.flush()
        await self._write(entry)
        await self.session.commit()
        self.trail.recorded = True

    async def _write(self, entry: SealedEntry) -> None:
        await write_entries(self.session, [entry])


class QuickWork(UnitOfWork):
    """The same in two round trips where it can be: for commands whose statements are all written out.

    What is only to be found out at the beginning goes with the first thing that is read, and all that is written goes
    with the commit. The proof of the caller's key is used up first: whoever used it before waits for nothing.
    """

    async def _opened(self, stack: AsyncExitStack) -> AsyncSession:
        scope = self._scope
        # A key held, and a proof used up, are waited for: nobody else is to wait along.
        alone = self.exchange.alone or self.exchange.idempotency_key is not None or self.trail.key_proof is not None
        database = self.parts.database
        self._transaction: Statements = await (
            stack.enter_async_context(database.transaction(scope))
            if alone or scope is None
            else stack.enter_async_context(database.shared_transaction(scope))
        )
        # It takes the same statements; what it does not take (objects of tables) such a command does not use.
        return cast(AsyncSession, self._transaction)

    async def later(
        self, statement: str, values: Mapping[str, Any], then: Callable[[Sequence[Any]], None] | None = None
    ) -> None:
        """Have a statement sent along with the next one that is waited for, or with the commit."""
        self._transaction.later(statement, values, then)

    async def lock(self, lock: Lock, values: Mapping[str, Any]) -> None:
        """Have a row locked ahead of the next statement, which raises Alone where it is not to be waited for."""
        self._transaction.lock(lock, values)

    async def _begin(self) -> None:
        proof = self.trail.key_proof
        if proof is not None:
            await self.later(USE_UP, proofs_of([proof]), _refuse_replayed)
        await super()._begin()

    async def _write(self, entry: SealedEntry) -> None:
        self._transaction.rows(INSERT, "entries", rows_of([replace(entry, key_proof=None)]))


def _refuse_replayed(rows: Sequence[Any]) -> None:
    if not rows:
        raise ProofReplayed


@lru_cache(maxsize=512)
def written_out(statement: str) -> TextClause:
    """Return a statement as SQLAlchemy takes it; reading its parameters costs more than to find it again."""
    return text(statement)


def body_bytes(body: Replayable) -> bytes:
    """Return a body's JSON bytes; bytes are taken as they are."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, BaseModel):
        return body.model_dump_json().encode()
    return orjson.dumps(body)


async def reading(request: Request) -> Reading:
    """Return the reading of this request."""
    return Reading(exchange_of(request))


@takes(TAKES_KEY)
async def unit_of_work(request: Request) -> UnitOfWork:
    """Return the unit of work of a call that creates."""
    return UnitOfWork(exchange_of(request))


@takes(TAKES_KEY, NEEDS_TAG)
async def conditional_work(request: Request) -> UnitOfWork:
    """Return the unit of work of a call that needs If-Match."""
    return UnitOfWork(exchange_of(request))


@takes(TAKES_KEY, NEEDS_TAG)
async def quick_conditional_work(request: Request) -> QuickWork:
    """Return the quick unit of work of a call that needs If-Match."""
    return QuickWork(exchange_of(request))


ReadingNow = Annotated[Reading, Depends(reading)]
Work = Annotated[UnitOfWork, Depends(unit_of_work)]
QuickConditionalWork = Annotated[QuickWork, Depends(quick_conditional_work)]
ConditionalWork = Annotated[UnitOfWork, Depends(conditional_work)]
