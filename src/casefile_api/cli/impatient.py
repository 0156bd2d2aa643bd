"""HTTP connections that wait for no head for ever, and for none without end (uvicorn leaves both to others).

They also go by the host that is asked where a request's target names it, as a server must and uvicorn does not.

A client that opens connections and lets heads drip would hold them all; one that sends a head of megabytes would be
read into memory, and keep everybody waiting. How long a body may take and be is `web.bodies`'s affair, how long a
connection may rest between requests uvicorn's own. What comes of a body that is answered already (it is too large, or
nobody may send it) is thrown away, so that its sender can read the answer, and has an end as well.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
HEAD_BYTES = 65_536
"""How much may come that is no body before it is whole."""
MOST_HEADERS = 200
"""Each is a piece of work of its own, for the server and for whatever looks through them; browsers send some thirty."""
UNHEARD_SECONDS = 15.0
UNHEARD_BYTES = 2_097_152
"""How long and how much of a body may come when it is answered already: twice the largest that is taken."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HeadTooLarge(ValueError):
    """A head has more headers, or more in them, than is taken; nothing more of it is read."""


class ImpatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request's head is not whole in time, or too large (RFC 6585 5)."""

    _overdue: asyncio.TimerHandle | None = None
    _unfinished = 0
    _unheard = 0
    _whole = True
    _in_head = False
    _head_bytes = 0
    _head_is_too_large = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head, or what stands between and after the pieces of a body, has no end."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > HEAD_BYTES and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """Count anew: a body has limits of its own."""
        self._unfinished = 0
        if self._is_answered():
            self._unheard += len(body)
            if self._unheard > UNHEARD_BYTES:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Count anew for the next request."""
        self._unfinished = self._unheard = 0
        self._whole = True
        if self._is_answered():
            self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the rest of a body that was answered before it was whole."""
        super().on_response_complete()
        if not self._whole and self._is_answered() and not self.transport.is_closing():
            self._wait(UNHEARD_SECONDS)

    def _is_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        self._wait_for_head()
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take up a header of the head; what follows a body in pieces is no header of its request.

        Raises HeadTooLarge, which ends the reading.
        """
        if not self._in_head:
            return
        self._head_bytes += len(name) + len(value)
        if len(self.headers) >= MOST_HEADERS or self._head_bytes > HEAD_BYTES:
            self._head_is_too_large = True
            raise HeadTooLarge
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close; a head that is too large is told so."""
        if not self._head_is_too_large:
            super().send_400_response(msg)
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_TOO_LARGE)
        self.transport.close()

    def on_headers_complete(self) -> None:
        """Wait no longer: the head is there."""
        self._stop_waiting()
        self._in_head = False
        self._unfinished = 0
        self._whole = False
        self._go_by_target()
        super().on_headers_complete()

    def _go_by_target(self) -> None:
        """Where the target itself names a host, put that for what the Host header says (RFC 9112 3.2.2)."""
        if self.url[:1] in (b"/", b"*"):
            return
        host = httptools.parse_url(self.url).host or b""
        named = b"[%b]" % host if b":" in host else host
        self.headers[:] = [(name, named if name == b"host" else value) for name, value in self.headers]

    def _wait_for_head(self) -> None:
        self._wait(HEAD_SECONDS)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._overdue = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """Close, unless the answer to an earlier request is still under way on this connection."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_for_head()
        else:
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
