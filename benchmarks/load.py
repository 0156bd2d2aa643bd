"""A small load generator: so many kept-alive connections, one request after another on each, for so many seconds."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What one run measured: answers a second and latencies in milliseconds."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int


async def press(host: str, port: int, request: bytes, *, connections: int, seconds: float, status: int) -> Figures:
    """Send the same request on every connection until the time is over; any other status counts as failed."""
    until = time.perf_counter() + seconds
    runs = await asyncio.gather(*(_one(host, port, request, until, status) for _ in range(connections)))
    taken = sorted(value for latencies, _ in runs for value in latencies)
    failed = sum(count for _, count in runs)
    if not taken:
        raise RuntimeError("nothing was answered")
    places = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    return Figures(len(taken) / seconds, *places, failed)


async def _one(host: str, port: int, request: bytes, until: float, status: int) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection(host, port, limit=2**20)
    latencies, failed = [], 0
    wanted = f" {status} ".encode()
    while (begun := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        latencies.append(time.perf_counter() - begun)
        failed += wanted not in head.partition(b"\r\n")[0] + b" "
    writer.close()
    return latencies, failed


def http_request(method: str, path: str, host: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a request without a body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
