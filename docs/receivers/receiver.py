"""A receiver of webhooks in Python: `pip install standardwebhooks`, then SECRET=whsec_… PORT=9000 python receiver.py"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from standardwebhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["SECRET"])
SEEN: set[str] = set()  # in production: a table with the event's id as its key, kept for a week
WORK: Queue[dict] = Queue()  # in production: a queue that outlives the process


def receive(headers: dict[str, str], body: bytes) -> int:
    """The answer to one webhook: take it at once, work on it afterwards."""
    try:
        event = WEBHOOK.verify(body, headers)  # the signature over the raw bytes, and the age of the attempt
    except (WebhookVerificationError, ValueError, KeyError):
        return 401
    if headers["webhook-id"] not in SEEN:  # deliveries are at least once
        SEEN.add(headers["webhook-id"])
        WORK.put(event)  # what you do not know, you ignore there: events and members are added
    return 204


class Handler(BaseHTTPRequestHandler):
    """HTTP around `receive`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a webhook."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(receive(headers, body))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing about what comes."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    print("listening", flush=True)
    server.serve_forever()
