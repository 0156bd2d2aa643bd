"""A head that does not come in time, or has no end, costs its connection; an idle or busy one costs nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import create_autospec

import pytest
import uvicorn
from uvicorn.server import ServerState

from casefile_api.cli import impatient
from casefile_api.cli.impatient import ImpatientProtocol


async def answers(scope: object, receive: object, send: object) -> None:
    """Answer 204, after longer than a head may take."""
    await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body"})  # type: ignore[operator]


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(impatient, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(impatient, "UNHEARD_SECONDS", 0.2)
    server = uvicorn.Server(
        uvicorn.Config(answers, port=0, http=ImpatientProtocol, lifespan="off", log_config=None, ws="none")  # type: ignore[arg-type]
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def sent(port: int, *pieces: bytes) -> bytes:
    """Send pieces one after the other, and return all that came until the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("pieces", [(), (b"GET / HT",), (b"GET / HTTP/1.1\r\nHost: x\r\n",)], ids=len)
async def test_a_head_that_is_not_whole_in_time_is_not_waited_for(port: int, pieces: tuple[bytes, ...]) -> None:
    assert await sent(port, *pieces) == b""


async def test_an_answer_may_take_longer_and_the_connection_be_used_again(port: int) -> None:
    request, last = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert (await sent(port, request, last)).count(b"204") == 2


async def test_a_second_head_has_the_same_time_as_the_first(port: int) -> None:
    assert (await sent(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HT")).count(b"204") == 1


MEGABYTE = 1_000_000
BEGUN = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def fed_at_once(request: bytes) -> tuple[ImpatientProtocol, Any]:
    """A connection on which so much came in one read."""
    config = uvicorn.Config(answers, http=ImpatientProtocol, lifespan="off", log_config=None, ws="none")  # type: ignore[arg-type]
    config.load()
    protocol = ImpatientProtocol(config, ServerState(), {})
    transport = create_autospec(asyncio.Transport, instance=True)
    transport.is_closing.side_effect = lambda: transport.close.called
    transport.get_extra_info.return_value = None
    protocol.connection_made(transport)
    protocol.data_received(request)
    return protocol, transport


def headers_of(request: bytes) -> list[bytes]:
    """The names of the headers of a request."""
    protocol, _ = fed_at_once(request)
    protocol.connection_lost(None)
    return [name for name, _ in protocol.headers]


def fed(begun: bytes, *, answered: bool = False) -> tuple[int, bytes]:
    """Feed a connection until it is closed, a megabyte at most: how much it took, and what it answered."""
    protocol, transport = fed_at_once(begun)
    if answered:
        protocol.cycle.response_complete = True
    taken = 0
    while not transport.close.called and taken < MEGABYTE:
        protocol.data_received(b"y" * 10_000)
        taken += 10_000
    protocol.connection_lost(None)
    return taken, b"".join(call.args[0] for call in transport.write.call_args_list)


@pytest.mark.parametrize(
    ("begun", "answered"),
    [
        (BEGUN + b"X: ", b" 431 "),
        (BEGUN + b"X: y\r\n" * 1000, b" 431 "),
        (CHUNKED + b"1;", b""),
        (CHUNKED + b"1\r\nx\r\n0\r\nX: ", b""),
    ],
    ids=["one header", "after many headers", "chunk extension", "trailer"],
)
async def test_what_has_no_end_and_is_no_body_is_not_read_into_memory(begun: bytes, answered: bytes) -> None:
    taken, answer = fed(begun)

    assert taken <= impatient.HEAD_BYTES + 10_000 and answered in answer


@pytest.mark.parametrize(
    "lines",
    [[b"a: b"] * 20_000, [b"a: b"] * impatient.MOST_HEADERS, [b"a: " + b"y" * 8000] * 9],
    ids=["very many", "one too many", "long ones"],
)
async def test_a_head_that_comes_at_once_is_held_to_the_same(lines: list[bytes]) -> None:
    taken, answer = fed(BEGUN + b"\r\n".join([*lines, b"", b""]))

    assert taken == 0 and answer.startswith(b"HTTP/1.1 431 ") and answer.count(b"HTTP/1.1") == 1


async def test_as_many_headers_as_are_taken_are_taken(port: int) -> None:
    head = [b"GET / HTTP/1.1", b"Host: x", b"Connection: close", *[b"a: b"] * (impatient.MOST_HEADERS - 2), b"", b""]

    assert b" 204 " in await sent(port, b"\r\n".join(head))


async def test_what_follows_a_body_in_pieces_is_no_header_of_its_request() -> None:
    assert headers_of(CHUNKED + b"0\r\nAuthorization: x\r\nX: y\r\n\r\n") == [b"host", b"transfer-encoding"]


async def test_a_long_body_is_no_long_head() -> None:
    assert fed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n") == (MEGABYTE, b"")


async def test_the_rest_of_a_body_that_is_answered_already_has_an_end(port: int) -> None:
    """A few bytes now and then would hold the connection for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    assert b" 204 " in await reader.read(1000)
    ended, pieces = asyncio.create_task(reader.read()), 0
    while not ended.done() and pieces < 200:
        with contextlib.suppress(ConnectionError):
            writer.write(b"x")
        pieces += 1
        await asyncio.wait([ended], timeout=0.05)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await ended

    assert pieces < 200


async def test_a_body_that_is_answered_already_is_not_taken_in_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "UNHEARD_BYTES", 100_000)

    assert fed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", answered=True) == (110_000, b"")


async def test_the_next_request_after_such_a_body_is_answered(port: int) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    assert b" 204 " in await reader.read(1000)
    writer.write(b"xxxxx")
    await asyncio.sleep(2 * impatient.UNHEARD_SECONDS)  # as long as the rest might have taken, and nobody waits for it
    writer.write(request + b"yyyyy")
    assert b" 204 " in await reader.read(1000)
    writer.close()
    await writer.wait_closed()
