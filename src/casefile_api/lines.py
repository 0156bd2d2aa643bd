"""Single statements of the moment share a connection and its trips: PostgreSQL's pipeline mode, and nothing else.

A statement that needs no transaction of its own is sent at once on a connection that others use too, and its answer is
handed over when it comes: no pool to queue at, one system call for whatever is sent or has arrived together. Each is
its own transaction: one that fails, or is given up, does not touch those before and behind it.
"""

import asyncio
import re
import socket
from collections import deque, namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import orjson
import psycopg
from psycopg import pq
from psycopg.abc import PyFormat
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.types.json import set_json_loads

_NAMED = re.compile(r"(?<![:\w\\]):([a-z_]+)\b")
_WATCH_SECONDS = 1.0
# Linux alone has it; elsewhere each piece goes out when the driver hands it over.
_CORK: int | None = getattr(socket, "TCP_CORK", None)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the server prepares it, and the order in which its parameters go in."""

    sql: bytes
    names: tuple[str, ...]


@cache
def statement_of(text: str) -> Statement:
    """Return a statement whose parameters are named as `:name`."""
    places: dict[str, int] = {}
    sql = _NAMED.sub(lambda found: f"${places.setdefault(found[1], len(places) + 1)}", text)
    return Statement(sql.replace(r"\:", ":").encode(), tuple(places))


def _written(value: Any) -> Any:
    """Return a list of texts as PostgreSQL writes one: the driver takes as long for a list as for all the rest."""
    if type(value) is not list or not all(type(one) is str for one in value):
        return value
    return "{" + ",".join('"' + one.replace("\\", r"\\").replace('"', r"\"") + '"' for one in value) + "}"


@dataclass(slots=True)
class _Asked:
    """Statements on their way: what has come back of them, and who waits."""

    answer: asyncio.Future[list[list[Any]]]
    deadline: float
    # What answers are to come, in their order: of statements, and (None) of their preparation.
    to_come: deque[bytes | None]
    rows: list[list[Any]] = field(default_factory=list)
    fault: BaseException | None = None


class Line:
    """One connection in pipeline mode; whatever is lost is lost for all who wait on it."""

    def __init__(
        self, connection: psycopg.AsyncConnection[Any], patience_seconds: float, *, prepares: bool = True
    ) -> None:
        self._prepares = prepares
        self._connection = connection
        self._driver = connection.pgconn
        self._patience = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._adapt = Transformer(connection)
        self._numbers = count()
        self._prepared: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._makers: dict[bytes, Callable[[Sequence[Any]], Any]] = {}
        self._asked: deque[_Asked] = deque()
        self._sending = False
        self._socket = self._driver.socket
        self._corks = self._cork(False)
        set_json_loads(orjson.loads, connection)
        self._driver.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._arrived)
        self._watch: asyncio.TimerHandle | None = None
        self.lost = False

    @property
    def under_way(self) -> int:
        """Return how many statements wait for their answer."""
        return len(self._asked)

    def ask(self, *asked: tuple[Statement, Mapping[str, Any]]) -> "asyncio.Future[list[list[Any]]]":
        """Send statements in one trip; the rows of each come with the answer. Alone they make one transaction.

        Raises OperationalError where the line is lost, the answer too.
        """
        answer: asyncio.Future[list[list[Any]]] = self._loop.create_future()
        if self._corks and not self._sending and not self.lost:
            self._cork(True)
        try:
            to_come: deque[bytes | None] = deque()
            for statement, values in asked:
                self._execute(statement, values, to_come)
            self._driver.pipeline_sync()
        except psycopg.OperationalError as fault:
            self.lose(fault)
            raise
        self._asked.append(_Asked(answer, self._loop.time() + self._patience, to_come))
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send)
        if self._watch is None:
            self._watch = self._loop.call_later(_WATCH_SECONDS, self._look)
        return answer

    def _execute(self, statement: Statement, values: Mapping[str, Any], to_come: deque[bytes | None]) -> None:
        given = [_written(values[name]) for name in statement.names]
        parameters = self._adapt.dump_sequence(given, [PyFormat.AUTO] * len(given))
        types = self._adapt.types or ()
        if not self._prepares:
            to_come.append(statement.sql)
            self._driver.send_query_params(statement.sql, parameters, types, self._adapt.formats, pq.Format.BINARY)
            return
        name = self._prepared.get((statement.sql, types))
        if name is None:
            name = self._prepared[statement.sql, types] = b"line_%d" % next(self._numbers)
            self._driver.send_prepare(name, statement.sql, types)
            to_come.append(None)
        to_come.append(statement.sql)
        self._driver.send_query_prepared(name, parameters, self._adapt.formats, pq.Format.BINARY)

    def _send(self) -> None:
        """Send what has gathered; the rest when the socket takes it."""
        if self.lost:
            return
        try:
            left = self._driver.flush()
            if self._corks:
                self._cork(False)
        except psycopg.OperationalError as fault:
            self.lose(fault)
            return
        if left:
            self._loop.add_writer(self._socket, self._send)
        else:
            self._sending = False
            self._loop.remove_writer(self._socket)

    def _cork(self, held_back: bool) -> bool:
        """Have the system hold back what is sent, or let it go; say whether it can.

        The driver sends at each Sync and each 8 KiB, and every time PostgreSQL is woken, which costs more than to send:
        this way it is woken once, by all that the moment has gathered.
        """
        if _CORK is None:
            return False
        wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, self._socket)
        try:
            wire.setsockopt(socket.IPPROTO_TCP, _CORK, held_back)
        except OSError:  # a socket of the machine itself, or one that was closed: the driver will say
            return False
        finally:
            wire.detach()
        return True

    def _arrived(self) -> None:
        driver = self._driver
        try:
            driver.consume_input()
            while self._asked and not driver.is_busy():
                result = driver.get_result()
                if result is not None:
                    self._take(self._asked[0], result)
        except psycopg.OperationalError as fault:
            self.lose(fault)

    def _take(self, asked: _Asked, result: pq.abc.PGresult) -> None:
        status = result.status
        if status == pq.ExecStatus.TUPLES_OK:
            asked.rows.append(self._rows(asked.to_come.popleft() or b"", result))
        elif status == pq.ExecStatus.COMMAND_OK:
            if asked.to_come.popleft() is not None:
                asked.rows.append([])
        elif status == pq.ExecStatus.PIPELINE_SYNC:
            self._asked.popleft()
            if asked.answer.done():
                return
            if asked.fault is None:
                asked.answer.set_result(asked.rows)
            else:
                asked.answer.set_exception(asked.fault)
        elif status == pq.ExecStatus.FATAL_ERROR:
            asked.fault = asked.fault or error_from_result(result)
            # What could not be prepared has no name on the server, and what was not reached was not prepared.
            self._prepared.clear()

    def _rows(self, sql: bytes, result: pq.abc.PGresult) -> list[Any]:
        make = self._makers.get(sql)
        if make is None:
            names = [(result.fname(place) or b"").decode() for place in range(result.nfields)]
            kind: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
            make = self._makers[sql] = kind._make
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, make)

    def _look(self) -> None:
        """Give the line up where the oldest statement has waited for too long."""
        self._watch = None
        if self._asked and self._asked[0].deadline < self._loop.time():
            self.lose(psycopg.OperationalError("the database does not answer"))
        elif self._asked:
            self._watch = self._loop.call_later(_WATCH_SECONDS, self._look)

    def lose(self, fault: psycopg.OperationalError) -> None:
        """Give the connection up, and tell all who wait."""
        if self.lost:
            return
        self.lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        if self._watch is not None:
            self._watch.cancel()
        self._driver.finish()
        while self._asked:
            asked = self._asked.popleft()
            if not asked.answer.done():
                asked.answer.set_exception(psycopg.OperationalError(str(fault)))


class Lines:
    """A few lines to the database, opened when they are needed and again after they are lost."""

    def __init__(self, opened: Callable[[], Any], count: int) -> None:
        self._open = opened
        self._count = count
        self._lines: list[Line] = []
        self._opening = asyncio.Lock()

    async def rows(self, *asked: tuple[str, Mapping[str, Any]]) -> list[Any]:
        """Run statements as one transaction in one round trip, and return the rows of the last one."""
        line = self._free_line() or await self._opened()
        answers = await line.ask(*((statement_of(statement), values) for statement, values in asked))
        return answers[-1]

    def _free_line(self) -> Line | None:
        """Return the line with the least before it; None where a further one is to be opened."""
        best = None
        for line in self._lines:
            if line.lost:
                self._lines = [kept for kept in self._lines if not kept.lost]
                return self._free_line()
            if best is None or line.under_way < best.under_way:
                best = line
        return best if best is not None and (not best.under_way or len(self._lines) >= self._count) else None

    async def _opened(self) -> Line:
        async with self._opening:
            found = self._free_line()
            if found is None:
                found = await self._open()
                self._lines.append(found)
            return found

    async def close(self) -> None:
        """Give the connections back."""
        for line in self._lines:
            line.lose(psycopg.OperationalError("the process stops"))
        self._lines = []
