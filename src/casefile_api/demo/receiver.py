"""Where webhooks arrive: a small HTTP server on loopback that believes only what `standardwebhooks` verifies."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from casefile_api.demo.answers import NotAsToldError, View

LONGEST_WAIT_SECONDS = 20


@dataclass
class Mailbox:
    """One receiver's deliveries, verified with the secret it was shown once."""

    secret: str = ""
    events: dict[str, View] = field(default_factory=dict)
    forged: int = 0
    waiting: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@dataclass
class Receiver:
    """A context manager: listens while open. `/police` and `/cps` are two mailboxes."""

    mailboxes: dict[str, Mailbox] = field(default_factory=lambda: {"police": Mailbox(), "cps": Mailbox()})
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.receive(self)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the story is printed elsewhere."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def url(self, name: str) -> str:
        """The address to register for a mailbox."""
        if self._server is None:
            raise NotAsToldError("The webhook receiver is not listening.")
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def knows(self, name: str, secret: str) -> None:
        """From now on deliveries can be verified; those that came before the secret was known are looked at now."""
        with self._arrived:
            mailbox = self.mailboxes[name]
            mailbox.secret = secret
            for headers, body in mailbox.waiting:
                self._open(mailbox, headers, body)
            mailbox.waiting.clear()

    def receive(self, handler: BaseHTTPRequestHandler) -> None:
        """Takes one delivery in; a signature that does not verify gets 401."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._arrived:
            mailbox = self.mailboxes[handler.path.strip("/")]
            if mailbox.secret:
                accepted = self._open(mailbox, headers, body)
            else:
                mailbox.waiting.append((headers, body))
                accepted = True
            self._arrived.notify_all()
        handler.send_response(204 if accepted else 401)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _open(self, mailbox: Mailbox, headers: dict[str, str], body: bytes) -> bool:
        try:
            Webhook(mailbox.secret).verify(body, headers)
        except WebhookVerificationError:
            mailbox.forged += 1
            return False
        mailbox.events.setdefault(headers["webhook-id"], View(json.loads(body)))
        return True

    def wait_for(self, name: str, event_type: str, **data: object) -> View:
        """The newest verified event of a type with this data, waiting for it a while."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        with self._arrived:
            while True:
                for event in reversed(list(self.mailboxes[name].events.values())):
                    if event.text("type") == event_type and data.items() <= event.mapping("data").items():
                        return event
                if not self._arrived.wait(max(0.0, deadline - time.monotonic())):
                    raise NotAsToldError(f"No webhook {event_type} reached the {name} receiver in time.")
