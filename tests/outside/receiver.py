"""A webhook receiver as an integrator runs one: real HTTP on loopback, signatures checked with `standardwebhooks`.

`Receiver` records every delivery. It answers 204 unless told to misbehave: `receiver.next(status(500), hang(5))` uses
up one behaviour for each delivery; `receiver.always(status(503))` until told otherwise. When it closes, it looks for
anything personal in all that came.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks.webhooks import Webhook

from tests.outside.client import refuse_planted
from tests.outside.payloads import refuse_words

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Delivery:
    """One attempt that reached us, exactly as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    def verify(self, secret: str) -> dict[str, Any]:
        """Raises unless the signature is right (Standard Webhooks); gives the event."""
        Webhook(secret).verify(self.body, self.headers)
        assert self.event["data"]["event_id"] == self.message_id, "webhook-id is not the event's id"
        return self.event


def status(code: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answers with a status of one's choice."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(url: str) -> Behaviour:
    """Tries to send the sender elsewhere."""
    return status(302, Location=url)


def hang(seconds: float, code: int = 204) -> Behaviour:
    """Keeps the sender waiting, then answers."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        status(code)(handler)

    return answer


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


@dataclass
class Receiver:
    """A context manager: listens while open."""

    port: int = 0
    deliveries: list[Delivery] = field(default_factory=list)
    _queue: deque[Behaviour] = field(default_factory=deque)
    _usual: Behaviour = field(default_factory=lambda: status(204))
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, format: str, *args: object) -> None:
                pass  # a receiver in a test has nobody to talk to

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a sender that gave up, or a connection dropped on purpose

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        if kind is None:
            self.refuse_personal()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def next(self, *behaviours: Behaviour) -> None:
        """What to do with the next deliveries, one each."""
        self._queue.extend(behaviours)

    def always(self, behaviour: Behaviour) -> None:
        """What to do from now on."""
        self._usual = behaviour

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # the sender was killed on the way
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._arrived:
            self.deliveries.append(Delivery(handler.path, headers, body, time.time()))
            behaviour = self._queue.popleft() if self._queue else self._usual
            self._arrived.notify_all()
        behaviour(handler)

    def refuse_personal(self) -> None:
        """Fails where anything that came has something personal in it."""
        for delivery in list(self.deliveries):
            if "webhook-id" in delivery.headers:
                refuse_planted("a webhook", delivery.body.decode(), *delivery.headers.values())
                if delivery.body.startswith(b'{"data"'):  # an event of the service's own; some tests send their own
                    refuse_words("a webhook", delivery.event)

    def of(self, event: object) -> list[Delivery]:
        """What came of one event, by its id."""
        return [delivery for delivery in list(self.deliveries) if delivery.message_id == str(event)]

    def events(self) -> list[dict[str, Any]]:
        """Distinct events in the order of first arrival: at-least-once delivery may bring one twice."""
        seen: dict[str, dict[str, Any]] = {}
        for delivery in list(self.deliveries):
            seen.setdefault(delivery.message_id, delivery.event)
        return list(seen.values())

    def wait_for(self, event_type: str, *, count: int = 1, timeout: float = 60, **data: Any) -> Delivery:
        """Waits until the `count`th distinct event of a type, with the given data, has come."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while True:
                found: dict[str, Delivery] = {}
                for delivery in self.deliveries:
                    event = delivery.event
                    if event["type"] == event_type and data.items() <= event["data"].items():
                        found.setdefault(delivery.message_id, delivery)
                if len(found) >= count:
                    return list(found.values())[count - 1]
                left = deadline - time.monotonic()
                came = [event["type"] for event in self.events()]
                assert left > 0, f"no {event_type} {data} number {count} within {timeout} s; came: {came}"
                self._arrived.wait(left)
