"""A webhook receiver that may be killed: a process of its own, which keeps each delivery before it says that it has it.

Run as a program, `kept_receiver.py PORT FILE`, it needs nothing but the standard library.
"""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

STARTED_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Kept:
    """One delivery as it was kept."""

    path: str
    message_id: str
    body: str

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


class KeptReceiver:
    """The receiver's process, killed and begun again, and what its lives have kept."""

    def __init__(self, file: Path, port: int) -> None:
        self.file, self.port = file, port
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, name: str) -> str:
        """Where deliveries of this name go."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Begin, and wait until it listens."""
        self._process = subprocess.Popen([sys.executable, "-I", __file__, str(self.port), str(self.file)])
        deadline = time.monotonic() + STARTED_WITHIN_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "the receiver does not begin"
                time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def deliveries(self, name: str) -> list[Kept]:
        """What was kept of this name, in the order of arrival; a line that a kill cut short was never answered."""
        if not self.file.exists():
            return []
        lines = self.file.read_text().split("\n")[:-1]
        kept = [Kept(*json.loads(line)) for line in lines if line.startswith("[") and line.endswith("]")]
        return [one for one in kept if one.path == f"/{name}"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept = -1

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        line = json.dumps([self.path, self.headers["webhook-id"], body.decode()])
        os.write(self.kept, f"{line}\n".encode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody is there to read it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed."""


if __name__ == "__main__":
    _Handler.kept = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    _Server(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
