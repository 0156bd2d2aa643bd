"""A transaction in few round trips: what needs no answer is sent along with what does, and the rest with the commit.

Each transaction has a line of its own (`lines.py`) while it lasts. `execute` takes the statements that the others are
written in and answers alike, so that a command does not know which of the two it runs on; `later` is for a statement
whose answer nobody waits for. A fault of any of them undoes all.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import OperationalError
from sqlalchemy import TextClause

from casefile_api.errors import DependencyUnavailable
from casefile_api.lines import Line, Statement, statement_of

_BEGIN, _COMMIT, _ROLLBACK = Statement(b"begin", ()), Statement(b"commit", ()), Statement(b"rollback", ())
_NOTHING: Mapping[str, Any] = {}
Asked = tuple[Statement, Mapping[str, Any]]


class Alone(Exception):
    """A change cannot be made together with others, or not at once: nothing was done; make it by itself."""


@dataclass(frozen=True, slots=True)
class Lock:
    """How the row that a change hangs on is locked: waiting for it, only where it is free, and said once more."""

    waiting: str
    if_free: str
    again: str


def _read(statement: TextClause | str) -> Statement:
    return statement_of(statement if isinstance(statement, str) else statement.text)


class Rows:
    """The rows of one statement, asked for as those of SQLAlchemy are."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """Return every row."""
        return self._rows

    def one_or_none(self) -> Any:
        """Return the row, None where there is none."""
        if len(self._rows) > 1:
            raise ValueError("more than one row")
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """Return the row there must be."""
        (row,) = self._rows
        return row

    def scalar_one(self) -> Any:
        """Return the first value of the row there must be."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the first value of the row, None where there is none."""
        row = self.one_or_none()
        return row[0] if row is not None else None

    def scalars(self) -> Sequence[Any]:
        """Return the first value of each row."""
        return [row[0] for row in self._rows]


class Statements(ABC):
    """What is asked and said in a transaction; one that is not patient waits for no lock."""

    def __init__(self, *beginning: Asked, patient: bool) -> None:
        self._waiting = list(beginning)
        self._then: list[tuple[int, Callable[[Sequence[Any]], None]]] = []
        self._patient = patient
        self.committed = False

    @abstractmethod
    async def ask(self, asked: Sequence[Asked]) -> list[list[Any]]:
        """Send these, and return the rows of each."""

    @abstractmethod
    async def commit(self) -> None:
        """Send what waits, and commit."""

    def later(
        self,
        statement: TextClause | str,
        values: Mapping[str, Any] = _NOTHING,
        then: Callable[[Sequence[Any]], None] | None = None,
    ) -> None:
        """Have a statement sent with the next one; `then` takes its rows."""
        self.say(_read(statement), values, then)

    def say(
        self, statement: Statement, values: Mapping[str, Any], then: Callable[[Sequence[Any]], None] | None = None
    ) -> None:
        """Do what `later` does, with a statement that was read already."""
        if then is not None:
            self._then.append((len(self._waiting), then))
        self._waiting.append((statement, values))

    def rows(self, statement: str, name: str, rows: str) -> None:
        """Have rows written, a JSON list that one parameter takes; where others write the same kind, with theirs."""
        self.later(statement, {name: rows})

    def lock(self, lock: Lock, values: Mapping[str, Any]) -> None:
        """Have a row locked ahead of the next statement, which raises Alone where another has it and we do not wait."""
        if self._patient:
            self.later(lock.waiting, values)
        else:
            self.later(lock.if_free, values, _must_be_free)

    async def execute(
        self, statement: TextClause | str, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] = _NOTHING
    ) -> Rows:
        """Send a statement and what waits to be sent, and return its rows; for many values, once for each."""
        if not isinstance(values, Mapping):
            *others, values = values
            for other in others:
                self.later(statement, other)
        self._waiting.append((_read(statement), values))
        return Rows((await self.send())[-1])

    async def flush(self) -> None:
        """Send nothing: what waits goes with the commit."""
        return

    async def send(self) -> list[list[Any]]:
        """Send what waits, and return the rows of each."""
        sent, self._waiting = self._waiting, []
        then, self._then = self._then, []
        answers = await self.ask(sent)
        for place, take in then:
            take(answers[place])
        return answers


class Transaction(Statements):
    """One transaction on a line of its own."""

    def __init__(self, line: Line, *, patient: bool = True) -> None:
        super().__init__((_BEGIN, _NOTHING), patient=patient)
        self._line = line
        self._begun = False

    async def ask(self, asked: Sequence[Asked]) -> list[list[Any]]:
        """Send these, and return the rows of each."""
        self._begun = True
        return await self._line.ask(*asked)

    async def commit(self) -> None:
        """Send what waits, and commit."""
        self._waiting.append((_COMMIT, _NOTHING))
        await self.send()
        self.committed = True

    def end(self) -> None:
        """Undo what was not committed; the next on this line comes behind it."""
        if self._line.under_way and not self._line.lost:
            # Somebody stopped waiting in the middle: what became of it is not known here.
            self._line.lose(OperationalError("the transaction was given up"))
        elif self._begun and not self.committed and not self._line.lost:
            # Nobody waits for this answer, whatever it is.
            self._line.ask((_ROLLBACK, _NOTHING)).add_done_callback(lambda answer: answer.exception())


def _must_be_free(rows: Sequence[Any]) -> None:
    if not rows:
        raise Alone


class LentLines:
    """Lines that are lent to one transaction at a time."""

    def __init__(self, opened: Callable[[], Any], count: int, wait_seconds: float) -> None:
        self._opened = opened
        self._free: list[Line] = []
        self._places = asyncio.Semaphore(count)
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def transaction(self, *, patient: bool = True) -> AsyncIterator[Transaction]:
        """Lend a line for a transaction; what is not committed at its end is undone."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise DependencyUnavailable("The database is too busy; nothing was changed.") from None
        try:
            line = await self._line()
            transaction = Transaction(line, patient=patient)
            try:
                yield transaction
            finally:
                transaction.end()
                if not line.lost:
                    self._free.append(line)
        finally:
            self._places.release()

    async def _line(self) -> Line:
        while self._free:
            line = self._free.pop()
            if not line.lost:
                return line
        opened: Line = await self._opened()
        return opened

    def close(self) -> None:
        """Give the connections back."""
        for line in self._free:
            line.lose(OperationalError("the process stops"))
        self._free = []
