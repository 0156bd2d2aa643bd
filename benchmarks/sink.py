"""A receiver for benchmarks: takes everything at once and remembers when which event came first to which path.

A path that begins with /hang is never answered, /slow after two seconds, /fail with 500; `down` answers 503 to all.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

SLOW_SECONDS = 2.0


class Sink:
    """What arrived, and how many were under way at a time."""

    def __init__(self) -> None:
        self.arrived: dict[tuple[str, str], float] = {}
        self.bodies: list[bytes] = []
        self.port = 0
        self.down = False
        self.seconds = 0.0
        self.under_way = self.most_at_once = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Listen while open."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    @property
    def base(self) -> str:
        """The URL of everything here."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ", 2)[1]
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                headers = {name.lower(): value for name, value in fields.items()}
                body = await reader.readexactly(int(headers["content-length"]))
                self.under_way += 1
                self.most_at_once = max(self.most_at_once, self.under_way)
                try:
                    status = await self._take(path, headers.get("webhook-id", ""), body)
                finally:
                    self.under_way -= 1
                writer.write(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    async def _take(self, path: str, event: str, body: bytes) -> int:
        if self.down:
            return 503
        if path.startswith("/hang"):
            await asyncio.sleep(3600)
        if path.startswith("/fail"):
            return 500
        if self.seconds or path.startswith("/slow"):
            await asyncio.sleep(self.seconds or SLOW_SECONDS)
        self.bodies.append(body)
        self.arrived.setdefault((path, event), time.time())
        return 200

    def in_order(self) -> bool:
        """Whether the events of each case came in the order of their sequence, each once or again in order."""
        heard: dict[str, list[int]] = defaultdict(list)
        for body in self.bodies:
            data = json.loads(body)["data"]
            if data["sequence"] not in heard[data["case_file_id"]]:
                heard[data["case_file_id"]].append(data["sequence"])
        return all(sequence == list(range(1, len(sequence) + 1)) for sequence in heard.values())
