"""A bad line: a proxy (RFC 9112 3.2.2) that passes HTTP on as it is, until something happens to a request it picks out.

Whoever has it as `HTTP_PROXY` is on the line: a client, or the service on its way to the store. It signs nothing and
knows nothing of S3: what comes through is what was sent. Each thing that can happen is a word of `FAULTS`.
"""

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PIECE_BYTES = 64 * 1024
ANSWERS = {
    "internal error": (500, "InternalError"),
    "slow down": (503, "SlowDown"),
    "clock skew": (403, "RequestTimeTooSkewed"),
}
FAULTS = (*ANSWERS, "refused", "reset in the body", "slow", "wrong etag")
_PASSED_ON_BY_ITSELF = {"connection", "transfer-encoding", "expect", "keep-alive", "date", "server"}
_ETAG = re.compile(rb"(<ETag>)[^<]*(</ETag>)")


@dataclass
class BadLine:
    """The line, what happens on it, and how often something did."""

    pick: Callable[[str, str], str | None] = lambda method, path: None
    happened: list[str] = field(default_factory=list)
    url: str = ""
    open_sockets: set[socket.socket] = field(default_factory=set)

    def cut(self) -> None:
        """Cut everything that is under way."""
        for each in list(self.open_sockets):
            break_off(each)
        self.happened.append("cut")


def break_off(connection: socket.socket) -> None:
    """End a connection by a reset, wherever it is."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_line() -> Iterator[BadLine]:
    """A line, good until told otherwise."""
    line = BadLine()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Passing,), {"line": line}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    line.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield line
    finally:
        server.shutdown()
        line.cut()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A line that breaks is what this is for."""


class _Passing(BaseHTTPRequestHandler):
    line: BadLine
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.line.open_sockets.add(self.connection)

    def finish(self) -> None:
        self.line.open_sockets.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        return

    def pass_on(self) -> None:
        fault = self.line.pick(self.command, self.path)
        if fault:
            self.line.happened.append(fault)
        if fault == "refused":
            self.close_connection = True
            break_off(self.connection)
        elif fault in ANSWERS:
            self.answer(*ANSWERS[fault])
        else:
            self.exchange(fault)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on  # noqa: N815 - the names are those of http.server

    def answer(self, status: int, code: str) -> None:
        self.close_connection = True
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def exchange(self, fault: str | None) -> None:
        """Pass a request on and its answer back."""
        length = int(self.headers.get("Content-Length", 0))
        target = urlsplit(self.path)
        path = target.path + (f"?{target.query}" if target.query else "")
        with closing(http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)) as upstream:
            try:
                upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in _PASSED_ON_BY_ITSELF:
                        upstream.putheader(name, value)
                upstream.endheaders()
                for piece in self.received(length, fault if self.command == "PUT" else None):
                    upstream.send(piece)
                self.give_back(upstream.getresponse(), fault)
            except (OSError, http.client.HTTPException):
                self.close_connection = True
                break_off(self.connection)

    def received(self, length: int, fault: str | None) -> Iterator[bytes]:
        left = length
        while left > 0:
            if fault == "slow":
                time.sleep(0.004)
            piece = self.rfile.read(min(PIECE_BYTES, left))
            if not piece or (fault == "reset in the body" and left <= max(length // 2, 1)):
                raise ConnectionResetError
            left -= len(piece)
            yield piece

    def give_back(self, answer: http.client.HTTPResponse, fault: str | None) -> None:
        if fault == "reset in the body" and self.command == "HEAD":
            raise ConnectionResetError
        self.send_response(answer.status)
        whole = answer.headers.get("Content-Length") is None or fault == "wrong etag"
        body = answer.read() if whole and self.command != "HEAD" else b""
        if fault == "wrong etag":
            body = _ETAG.sub(rb"\1&quot;" + b"0" * 32 + rb"&quot;\2", body)
        for name, value in answer.headers.items():
            if name.lower() not in _PASSED_ON_BY_ITSELF and not (whole and name.lower() == "content-length"):
                self.send_header(name, '"' + "0" * 32 + '"' if fault == "wrong etag" and name == "ETag" else value)
        if whole:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if whole:
            self.wfile.write(body)
            return
        self.give_body_back(answer, int(answer.headers["Content-Length"]), fault)

    def give_body_back(self, answer: http.client.HTTPResponse, length: int, fault: str | None) -> None:
        given = 0
        while piece := answer.read(PIECE_BYTES):
            if fault == "slow":
                time.sleep(0.004)
            if fault == "reset in the body" and given + len(piece) >= max(length // 2, 1):
                raise ConnectionResetError
            self.wfile.write(piece)
            given += len(piece)
