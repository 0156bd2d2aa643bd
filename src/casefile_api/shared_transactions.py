"""Changes of the moment share a transaction: one BEGIN, one commit, two trips for all of them.

Only those that act for the same caller do, each on a row of its own, so that row-level security sees one caller in each
transaction. The first goes at once, alone; those that come while it is under way are gathered and go together next. One
that is refused leaves with nothing written: its statements are sent when all have said theirs. Where a row is locked by
another, nobody waits: whose it is raises Alone, and is made by itself; so are all whose transaction PostgreSQL refuses,
because it cannot say which of them was wrong. Each hears of the commit, or of its failure, as if it were its own.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from casefile_api.errors import DependencyUnavailable
from casefile_api.lines import statement_of
from casefile_api.tenancy import Scope
from casefile_api.transactions import Alone, Asked, LentLines, Lock, Statements, Transaction

AT_ONCE = 2
"""How many transactions of one caller are under way at once: one is with PostgreSQL while the other is thought out."""
MOST = 24
"""How many changes go together at the most: none is to wait for long until the last is thought out."""

_OUTSIDE = frozenset(("08", "53", "57"))
First = Callable[[Scope | None], Sequence[tuple[str, Mapping[str, Any]]]]
Answer = asyncio.Future[list[list[Any]]]


class _Group:
    """Changes that are made in one transaction."""

    def __init__(self) -> None:
        self.rows: set[Any] = set()
        self._first: list[tuple[Sequence[Asked], Answer]] = []
        self._last: list[tuple[Sequence[Asked], Answer]] = []
        self._rows: dict[tuple[str, str], list[str]] = {}
        self._transaction: Transaction | None = None
        self._at_work: set[Answer] = set()
        self._all_said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._all_written: Answer = asyncio.get_running_loop().create_future()

    def takes(self, row: Any) -> bool:
        """Say whether there is room for a change of this row: two of one row cannot be made at once."""
        return len(self._first) < MOST and (row is None or row not in self.rows)

    def begin_with(self, asked: Sequence[Asked], row: Any) -> Answer:
        """Take in what a change begins with; its rows come when the group has begun."""
        answer: Answer = asyncio.get_running_loop().create_future()
        self._first.append((asked, answer))
        self.rows.add(row)
        return answer

    async def ask(self, asked: Sequence[Asked]) -> list[list[Any]]:
        """Send what one change asks in between."""
        if self._transaction is None:
            raise RuntimeError("the group has not begun")
        return await self._transaction.ask(asked)

    def end_with(self, asked: Sequence[Asked], rows: Mapping[tuple[str, str], str]) -> Answer:
        """Take in what a change ends with; its rows come when all of the group is committed."""
        for kind, listed in rows.items():
            self._rows.setdefault(kind, []).append(listed)
        answer: Answer = asyncio.get_running_loop().create_future()
        self._last.append((asked, answer))
        return answer

    def has_said(self, began: Answer) -> None:
        """Note that one of the group has said all it has to say."""
        began.cancel()
        self._at_work.discard(began)
        if self._transaction is not None and not self._at_work and not self._all_said.done():
            self._all_said.set_result(None)

    async def run(self, transaction: Transaction) -> None:
        """Begin, wait until each has said what is to be written, and commit."""
        first = [(asked, answer) for asked, answer in self._first if not answer.done()]
        if not first:
            return
        self._at_work = {answer for _, answer in first}
        self._transaction = transaction
        await _send(transaction, first)
        await self._all_said
        if not self._last:
            return
        together = ((statement_of(kind), {name: _one_list(lists)}) for (kind, name), lists in self._rows.items())
        await _send(transaction, [*self._last, ([*together], self._all_written)], committing=True)

    def fail(self, fault: BaseException) -> None:
        """Tell all who wait that it came to nothing, or that what came of it is not known."""
        for _, answer in (*self._first, *self._last):
            if not answer.done():
                answer.set_exception(_as_own(fault))
                answer.exception()  # whoever went away asks for it no more


async def _send(
    transaction: Transaction, changes: Sequence[tuple[Sequence[Asked], Answer]], *, committing: bool = False
) -> None:
    """Send what these changes ask, in one trip, and give each its rows."""
    answers: list[list[list[Any]]] = [[] for _ in changes]
    for (asked, _), rows in zip(changes, answers, strict=True):
        for statement, values in asked:
            transaction.say(statement, values, rows.append)  # type: ignore[arg-type]
    await (transaction.commit() if committing else transaction.send())
    for (_, answer), rows in zip(changes, answers, strict=True):
        if not answer.done():
            answer.set_result(rows)


def _one_list(lists: Sequence[str]) -> str:
    """Return JSON lists, none of them empty, as one."""
    return f"[{','.join(one[1:-1] for one in lists)}]"


def _as_own(fault: BaseException) -> BaseException:
    """Return what one of a group is told: what PostgreSQL refused is undone, and is to be tried by each alone."""
    if isinstance(fault, psycopg.Error):
        if fault.sqlstate and fault.sqlstate[:2] not in _OUTSIDE:
            return Alone()
        return psycopg.OperationalError(str(fault))
    return DependencyUnavailable("The database is too busy; nothing was changed.")


class _Member(Statements):
    """What one change has of the transaction that it shares."""

    def __init__(self, place: Callable[[Any], _Group]) -> None:
        super().__init__(patient=False)
        self._place = place
        self._group: _Group | None = None
        self._began: Answer | None = None
        self._row: Any = None
        self._again: list[Asked] = []
        self._rows: dict[tuple[str, str], str] = {}

    def rows(self, statement: str, name: str, rows: str) -> None:
        """Have rows written with those of the others, after all else."""
        self._rows[statement, name] = rows

    def lock(self, lock: Lock, values: Mapping[str, Any]) -> None:
        """Have a row locked with the first statement, and say it again before what is written."""
        super().lock(lock, values)
        self._row = values["id"]
        self._again = [(statement_of(lock.again), values)]

    async def ask(self, asked: Sequence[Asked]) -> list[list[Any]]:
        """Send these: the first time with those of the others."""
        if self._group is not None:
            return await self._group.ask(asked)
        self._group = self._place(self._row)
        self._began = self._group.begin_with(asked, self._row)
        return await self._began

    async def commit(self) -> None:
        """Say what is to be written, and wait for the commit of all."""
        if self._group is None:
            raise RuntimeError("nothing was looked at before it was changed")
        sent, self._waiting = [*self._again, *self._waiting], []
        then, self._then = self._then, []
        ended = self._group.end_with(sent, self._rows)
        self.end()
        answers = await ended
        for place, take in then:
            take(answers[place + len(self._again)])
        self.committed = True

    def end(self) -> None:
        """Leave, with nothing written where nothing was committed."""
        if self._group is not None and self._began is not None:
            self._group.has_said(self._began)


class SharedTransactions:
    """Transactions of one process, shared by changes that the same caller makes at the same time."""

    def __init__(self, lent: LentLines, first: First) -> None:
        self._lent = lent
        self._first = first
        self._under_way: dict[Scope, int] = {}
        self._gathered: dict[Scope, deque[_Group]] = {}
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncIterator[Statements]:
        """Lend a transaction, or a place in one that others share; what is not committed at its end is undone."""
        under_way = self._under_way.get(scope, 0)
        if under_way >= AT_ONCE:
            member = _Member(lambda row: self._group_for(scope, row))
            try:
                yield member
            finally:
                member.end()
            return
        self._under_way[scope] = under_way + 1
        try:
            async with self._begun(scope) as transaction:
                yield transaction
        finally:
            self._next(scope)

    @asynccontextmanager
    async def _begun(self, scope: Scope) -> AsyncIterator[Transaction]:
        async with self._lent.transaction(patient=False) as transaction:
            for statement, values in self._first(scope):
                transaction.later(statement, values)
            yield transaction

    def _group_for(self, scope: Scope, row: Any) -> _Group:
        """Return the first group that takes a change of this row."""
        gathered = self._gathered.setdefault(scope, deque())
        group = next((group for group in gathered if group.takes(row)), None)
        if group is None:
            group = _Group()
            gathered.append(group)
            if self._under_way.get(scope, 0) < AT_ONCE:  # the last of them ended meanwhile
                self._under_way[scope] = self._under_way.get(scope, 0) + 1
                asyncio.get_running_loop().call_soon(self._next, scope)
        return group

    def _next(self, scope: Scope) -> None:
        """Begin with those that were gathered; where there are none, the caller has one less under way."""
        gathered = self._gathered.get(scope)
        if gathered:
            task = asyncio.get_running_loop().create_task(self._run(scope, gathered.popleft()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            return
        self._gathered.pop(scope, None)
        left = self._under_way.pop(scope) - 1
        if left:
            self._under_way[scope] = left

    async def _run(self, scope: Scope, group: _Group) -> None:
        try:
            async with self._begun(scope) as transaction:
                await group.run(transaction)
        except (Exception, asyncio.CancelledError) as fault:
            group.fail(fault)
        finally:
            self._next(scope)
