"""The way out through a proxy: it is asked for the address that was judged, and sees nothing of what is sent."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from casefile_api.outward.fetching import Fetcher
from casefile_api.outward.proxies import Proxy
from casefile_api.settings import Settings
from casefile_api.webhooks.connecting import Answer, Line
from tests.faults.test_webhook_connecting import HEADERS, LOOPBACK, NAME, certificate
from tests.outside.receiver import Receiver

pytestmark = pytest.mark.asyncio
BODY = b'{"told": "to the receiver alone"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Asked:
    """What a proxy was asked, and what came to the receiver behind it."""

    port: int = 0
    connects: list[bytes] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            seen += chunk
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def proxy_to(receiver_tls: ssl.SSLContext, answer: bytes = b"HTTP/1.1 200 Go\r\n\r\n") -> AsyncIterator[Asked]:
    """A proxy that leads every CONNECT to one receiver, whatever it is asked for."""
    asked, tasks = Asked(), set[asyncio.Task[Any]]()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            asked.received += await reader.readuntil(b"\r\n\r\n")
            if asked.received.startswith(b"POST"):
                asked.received += await reader.readexactly(len(BODY))
            writer.write(ANSWER)
            await writer.drain()
        writer.transport.abort()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        ends = [writer]
        try:
            asked.connects.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            if b" 200 " in answer:
                onward = await asyncio.open_connection("127.0.0.1", behind.sockets[0].getsockname()[1])
                ends.append(onward[1])
                await asyncio.gather(pipe(reader, onward[1], asked.passed), pipe(onward[0], writer, bytearray()))
        finally:
            for end in ends:
                end.transport.abort()

    behind = await asyncio.start_server(receive, "127.0.0.1", 0, ssl=receiver_tls)
    front = await asyncio.start_server(serve, "127.0.0.1", 0)
    asked.port = front.sockets[0].getsockname()[1]
    try:
        yield asked
    finally:
        for server in (front, behind):
            server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # what was hung up is gone


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lets every name be at a public address; notes which were asked for."""
    names: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        names.append(host)
        address = "10.0.0.1" if host.startswith("inside.") else "8.8.8.8"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


async def send(url: str, proxy: Proxy, tls: ssl.SSLContext, exempt: Any = ()) -> Answer:
    line = Line(tls, exempt, connections=2, proxy=proxy)
    try:
        return await line.send(url, HEADERS, BODY)
    finally:
        await line.close()


async def test_the_proxy_is_asked_for_the_judged_address_and_sees_nothing_but_tls(
    looked_up: list[str], tmp_path: Path
) -> None:
    server, client = certificate(NAME, tmp_path)
    names_heard: list[str] = []
    server.sni_callback = lambda _, name, __: names_heard.append(name)
    async with proxy_to(server) as asked:
        answer = await send(f"https://{NAME}/hooks", Proxy(f"http://user:pass@127.0.0.1:{asked.port}"), client)
    assert (answer.status, looked_up, names_heard) == (200, [NAME], [NAME])
    [connect] = asked.connects
    assert connect.startswith(b"CONNECT 8.8.8.8:443 HTTP/1.1\r\n") and NAME.encode() not in connect
    assert b"proxy-authorization: basic" in connect.lower()
    assert asked.received.endswith(BODY) and b"authorization" not in asked.received.lower()
    assert f"host: {NAME}\r\n".encode() in asked.received.lower()
    assert BODY not in asked.passed and b"webhook-id" not in asked.passed


async def test_a_certificate_of_the_proxys_own_is_not_the_receivers(looked_up: list[str], tmp_path: Path) -> None:
    server, client = certificate("proxy.example", tmp_path)
    async with proxy_to(server) as asked:
        answer = await send(f"https://{NAME}/", Proxy(f"http://127.0.0.1:{asked.port}"), client)
    assert (answer.status, answer.error, asked.received) == (None, "certificate", b"")


async def test_what_leads_inside_is_refused_before_the_proxy_is_asked(looked_up: list[str], tmp_path: Path) -> None:
    server, client = certificate(NAME, tmp_path)
    async with proxy_to(server) as asked:
        way = Proxy(f"http://127.0.0.1:{asked.port}")
        assert (await send("https://inside.police.uk/", way, client)).error == "address_not_public"
        for resolves in (False, True):
            way = Proxy(f"http://127.0.0.1:{asked.port}", resolves=resolves)
            for url in ("https://10.0.0.1/", "https://receiver.local/", "https://[::1]/"):
                assert (await send(url, way, client)).error == "address_not_public", url
    assert asked.connects == []


async def test_a_proxy_that_is_relied_on_looks_names_up_itself(looked_up: list[str], tmp_path: Path) -> None:
    server, client = certificate(NAME, tmp_path)
    async with proxy_to(server) as asked:
        way = Proxy(f"http://127.0.0.1:{asked.port}", resolves=True)
        assert (await send(f"https://{NAME}:8443/hooks", way, client)).status == 200
    assert asked.connects[0].startswith(f"CONNECT {NAME}:8443 ".encode()) and NAME not in looked_up


async def test_a_proxy_that_refuses_or_is_away_is_a_failure(looked_up: list[str], tmp_path: Path) -> None:
    server, client = certificate(NAME, tmp_path)
    async with proxy_to(server, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as asked:
        way = Proxy(f"http://127.0.0.1:{asked.port}")
        assert (await send(f"https://{NAME}/", way, client)).error == "proxy_refused"
    assert (await send(f"https://{NAME}/", way, client)).error == "connect_failed"


async def test_exempt_networks_are_reached_directly(tmp_path: Path) -> None:
    server, client = certificate(NAME, tmp_path)
    async with proxy_to(server) as asked:
        with Receiver() as receiver:
            way = Proxy(f"http://127.0.0.1:{asked.port}", resolves=True)
            for host in ("127.0.0.1", "localhost"):
                url = f"http://{host}:{receiver.port}/hooks"
                answer = await send(url, way, client, exempt=(*LOOPBACK, ipaddress.ip_network("::1/128")))
                assert answer.status == 204, host
    assert asked.connects == []


async def test_keys_that_others_publish_are_fetched_through_it_too(
    looked_up: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = certificate(NAME, tmp_path)
    monkeypatch.setattr("casefile_api.outward.fetching.httpx2.create_ssl_context", lambda: client)
    async with proxy_to(server) as asked:
        fetcher = Fetcher((), Proxy(f"http://127.0.0.1:{asked.port}"))
        assert await fetcher.fetch(f"https://{NAME}/keys") == b"{}"
    assert asked.connects[0].startswith(b"CONNECT 8.8.8.8:443 ")


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert Proxy.of(Settings()) is None
    monkeypatch.setenv("CASEFILE_OUTWARD_PROXY", "http://proxy.example:3128")
    assert Proxy.of(Settings()) == Proxy("http://proxy.example:3128")
    with Receiver() as receiver:
        line = Line(ssl.create_default_context(), LOOPBACK, connections=1)
        assert (await line.send(receiver.url, HEADERS, b"{}")).status == 204
        await line.close()
