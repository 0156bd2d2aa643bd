"""One webhook over the network: the address judged is the one connected to, and nothing holds us up or leads us on."""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from casefile_api.webhooks import connecting
from casefile_api.webhooks.connecting import Answer, Line, read_retry_after
from tests.outside.receiver import Receiver

pytestmark = pytest.mark.asyncio
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HEADERS = {"webhook-id": "1"}
NAME = "hooks.police.uk"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lets the domain name system answer as told, one list of addresses after the other; notes who was asked for."""

    def answer(*answers: list[str]) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return answer


async def send(url: str, exempt: Any = LOOPBACK, tls: ssl.SSLContext | None = None) -> Answer:
    line = Line(tls or httpx2.create_ssl_context(), exempt, connections=2)
    try:
        return await line.send(url, HEADERS, b"{}")
    finally:
        await line.close()


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "127.0.0.1", "100.64.0.1", "224.0.0.1"])
async def test_a_public_name_that_leads_inside_is_refused_at_connection(
    answering: Callable[..., list[str]], address: str
) -> None:
    answering([address])
    answer = await send(f"https://{NAME}/", exempt=())
    assert (answer.status, answer.error) == (None, "address_not_public")


async def test_one_bad_address_among_good_ones_is_enough_to_refuse(answering: Callable[..., list[str]]) -> None:
    answering(["8.8.8.8", "10.0.0.1"])
    assert (await send(f"https://{NAME}/", exempt=())).error == "address_not_public"


async def test_a_name_that_changes_its_answer_is_asked_once_and_gains_nothing(
    answering: Callable[..., list[str]],
) -> None:
    with Receiver() as receiver:
        asked = answering(["127.0.0.1"], ["10.0.0.1"])
        answer = await send(f"http://localhost:{receiver.port}/hooks")
        assert (answer.status, asked) == (204, ["localhost"])
        assert receiver.deliveries[0].headers["host"] == f"localhost:{receiver.port}"
        assert (await send(f"http://localhost:{receiver.port}/hooks")).error == "address_not_public"


async def test_what_is_sent_at_a_time_goes_to_one_address_that_was_judged_and_the_name_is_asked_again_soon(
    answering: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as receiver:
        asked = answering(["127.0.0.1"], ["10.0.0.1"])
        line = Line(httpx2.create_ssl_context(), LOOPBACK, connections=2)
        url = f"http://localhost:{receiver.port}/hooks"
        answers = await asyncio.gather(*(line.send(url, HEADERS, b"{}") for _ in range(3)))
        assert ([answer.status for answer in answers], asked) == ([204] * 3, ["localhost"])
        await line.close()
        asked.clear()
        monkeypatch.setattr(connecting, "KEPT_ALIVE_SECONDS", 0.0)
        line = Line(httpx2.create_ssl_context(), LOOPBACK, connections=2)
        assert [(await line.send(url, HEADERS, b"{}")).error for _ in range(2)] == [None, "address_not_public"]
        await line.close()


async def test_a_name_that_nobody_answers_for_takes_up_one_look_up_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looking, most, over = [0], [0], threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        looking[0] += 1
        most[0] = max(most[0], looking[0])
        over.wait(0.05)
        looking[0] -= 1
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    line = Line(httpx2.create_ssl_context(), (), connections=4)
    answers = await asyncio.gather(*(line.send(f"https://{NAME}/", HEADERS, b"{}") for _ in range(3)))
    assert [answer.error for answer in answers] == ["name_unknown"] * 3
    assert most == [1]
    await line.close()


async def test_an_unknown_name_and_a_resolver_that_hangs_are_failures_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await send("https://no-such-name.invalid/")).error == "name_unknown"
    hanging = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        hanging.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(connecting, "RESOLVE_SECONDS", 0.2)
    begun = time.monotonic()
    assert (await send(f"https://{NAME}/")).error == "name_unknown"
    assert time.monotonic() - begun < 10
    hanging.set()


async def test_nobody_listening_is_a_failure() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert (await send(f"http://127.0.0.1:{port}/")).error == "connect_failed"


@asynccontextmanager
async def serving(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    handling: set[asyncio.Task[Any]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            handling.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        writer.transport.abort()
        await asyncio.sleep(0)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def without_end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    async with serving(without_end) as port:
        answer = await send(f"http://127.0.0.1:{port}/")
    assert answer.status == 200 and answer.beginning == "x" * 256 and answer.latency_ms < 5000


async def test_an_answer_that_drips_is_timed_out_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    monkeypatch.setattr(connecting, "TOTAL_SECONDS", 0.5)
    async with serving(drip) as port:
        begun = time.monotonic()
        answer = await send(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.error) == (None, "timeout")
    assert time.monotonic() - begun < 10


async def test_what_is_not_http_is_a_failure() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()

    async with serving(babble) as port:
        assert (await send(f"http://127.0.0.1:{port}/")).error == "broken_answer"


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for this name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "both.pem").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    client = ssl.create_default_context(cadata=pem.decode())
    return server, client


@pytest.mark.parametrize(("certified", "expected"), [(NAME, None), ("other.police.uk", "certificate")])
async def test_the_certificate_must_be_the_names_though_the_connection_is_to_the_address(
    answering: Callable[..., list[str]], tmp_path: Path, certified: str, expected: str | None
) -> None:
    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    server, client = certificate(certified, tmp_path)
    names_heard: list[str] = []
    server.sni_callback = lambda _, name, __: names_heard.append(name)
    answering(["127.0.0.1"])
    async with serving(take, server) as port:
        answer = await send(f"https://{NAME}:{port}/", tls=client)
    assert answer.error == expected
    assert names_heard == [NAME]


@pytest.fixture
def today() -> datetime.datetime:
    return datetime.datetime(2026, 11, 24, 9, 0, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), ("0", 0), ("Tue, 24 Nov 2026 09:10:00 GMT", 600), ("Tue, 24 Nov 2026 08:00:00 GMT", 0),
        ("soon", None), ("-5", None), ("1.5", None), (None, None), ("9" * 40, 10**8),
    ],
)  # fmt: skip
async def test_retry_after_is_read_in_both_forms(
    today: datetime.datetime, header: str | None, seconds: int | None
) -> None:
    wanted = None if seconds is None else datetime.timedelta(seconds=seconds)
    assert read_retry_after(header, today) == wanted
