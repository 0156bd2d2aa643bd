"""A store that answers badly, slowly or not at all costs an answer, and never a file or the service."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from casefile_api.attachments.bucket import check_bucket, prepare_bucket
from casefile_api.attachments.objects import begin_parts, find_object, read_object
from casefile_api.attachments.storage import Closing, MissingObject, Storage
from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.settings import Settings

pytestmark = pytest.mark.asyncio
DATA = bytes(range(256)) * 20_000


@dataclass
class BadStore:
    """A store that follows a script: one act for each request, the last one for ever."""

    acts: list[Callable[[BaseHTTPRequestHandler], None]]
    asked: list[str] = field(default_factory=list)

    def act(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.headers.get("Range", ""))
        (self.acts.pop(0) if len(self.acts) > 1 else self.acts[0])(request)


@contextmanager
def store(*acts: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[Storage, BadStore]]:
    """The service's storage, with a store of this kind behind it."""
    bad = BadStore(list(acts))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bad.act(self)

        do_PUT = do_POST = do_HEAD = do_GET  # noqa: N815 - the names are those of http.server

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    storage = Storage(Settings(s3_endpoint_url=f"http://127.0.0.1:{server.server_port}", s3_bucket="case-files"))
    yield storage, bad
    storage.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "invented")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")


def failing(status: int, code: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def act(request: BaseHTTPRequestHandler) -> None:
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)

    return act


def serving(*, break_after: int | None = None) -> Callable[[BaseHTTPRequestHandler], None]:
    """Serves the data from where it is asked, and hangs up in the middle if told so."""

    def act(request: BaseHTTPRequestHandler) -> None:
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(DATA) - start))
        request.end_headers()
        request.wfile.write(DATA[start : start + break_after] if break_after else DATA[start:])
        if break_after:
            request.wfile.flush()
            request.connection.shutdown(socket.SHUT_RDWR)
            request.close_connection = True

    return act


async def test_a_download_that_is_broken_off_goes_on_where_it_was() -> None:
    with store(serving(break_after=2_000_000), serving(break_after=2_000_000), serving()) as (storage, bad):
        read = await storage.stream(lambda: b"".join(read_object(storage, "key", None)))
    assert read == DATA
    assert [bool(asked) for asked in bad.asked] == [False, True, True]


async def test_a_store_that_keeps_breaking_off_without_progress_is_given_up() -> None:
    breaking = store(serving(break_after=1_500_000), failing(500, "InternalError"))
    with breaking as (storage, _), pytest.raises(DependencyUnavailable):
        await storage.stream(lambda: b"".join(read_object(storage, "key", None)))


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable")])
async def test_a_store_that_fails_is_asked_a_few_times_and_then_said_to_be_away(status: int, code: str) -> None:
    with store(failing(status, code)) as (storage, bad), pytest.raises(DependencyUnavailable) as refused:
        await begin_parts(storage, "key")
    assert 1 < len(bad.asked) <= 3
    assert int(refused.value.headers["Retry-After"]) > 0


async def test_a_moment_of_failure_is_not_noticed() -> None:
    with store(failing(503, "SlowDown"), failing(404, "NoSuchKey")) as (storage, _):
        assert await find_object(storage, "key") is None


async def test_a_store_that_never_answers_costs_seconds_and_no_more() -> None:
    hang = threading.Event()
    with store(lambda _: hang.wait(30) and None) as (storage, _):
        begun = time.monotonic()
        with pytest.raises(DependencyUnavailable):
            await check_bucket(storage)
        assert time.monotonic() - begun < 25, "the store never answers"
        hang.set()


async def test_a_process_that_stops_does_not_wait_for_a_long_download() -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(1000 * len(DATA)))
        request.end_headers()
        with suppress(OSError):
            for _ in range(1000):
                request.wfile.write(DATA)
                time.sleep(0.02)

    with store(slow) as (storage, _):
        reading = asyncio.ensure_future(storage.stream(lambda: sum(map(len, read_object(storage, "key", None)))))
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        storage.close()
        with pytest.raises(Closing):
            await reading
        assert time.monotonic() - begun < 10, "the whole download takes twenty"


async def test_nobody_listening_is_said_at_once_and_the_loop_goes_on() -> None:
    storage = Storage(Settings(s3_endpoint_url="http://127.0.0.1:1"))
    asked = asyncio.create_task(begin_parts(storage, "key"))
    await asyncio.sleep(0)
    assert not asked.done()  # whoever asks leaves the loop to others meanwhile
    with pytest.raises(DependencyUnavailable):
        await asked
    storage.close()


async def test_what_is_not_there_is_told_from_what_cannot_be_asked() -> None:
    with store(failing(404, "NoSuchKey")) as (storage, _), pytest.raises(MissingObject):
        await storage.stream(lambda: b"".join(read_object(storage, "key", None)))


async def test_credentials_that_do_not_open_the_bucket_are_one_sentence() -> None:
    sentence = r"^The bucket case-files cannot be opened .*credentials\.$"
    with store(failing(403, "AccessDenied")) as (storage, _), pytest.raises(Misconfigured, match=sentence):
        await prepare_bucket(storage)
