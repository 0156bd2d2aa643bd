"""Load by `wrk` (Debian `wrk`): a driver in C, so that what it takes of the machine is little beside what it measures.

Each connection is a thread of its own where it has state: its case file, and the tag that it saw last.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PROGRAM = shutil.which("wrk")


@dataclass(frozen=True)
class Figures:
    """What one run measured: answers a second, latencies in milliseconds, answers of another status than 2xx or 304."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int

    def as_raw(self) -> dict[str, float]:
        """What goes into the raw data."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


_DONE = """
function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  print(string.format('{"count": %d, "us": %d, "p50": %f, "p95": %f, "p99": %f, "failed": %d}', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99), failed))
end
"""
_WRITES = """
local places = {{ {places} }}
local next_place = 0
function setup(thread)
  next_place = next_place + 1
  thread:set("place", places[next_place])
end
function init(args)
  path, tag = place:match("^(%S+) (.*)$")
end
local body = {body}
function request()
  return wrk.format("POST", path, {{ {headers}, ["If-Match"] = tag }}, body)
end
function response(status, headers, body)
  if status == 201 then tag = headers["etag"] end
end
"""


def read(url: str, headers: Mapping[str, str], *, connections: int, seconds: float) -> Figures:
    """Ask for the same again and again."""
    options = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
    return _run(_DONE, [*options, url], threads=1, connections=connections, seconds=seconds)


def write(
    base_url: str, places: Sequence[tuple[str, str]], headers: Mapping[str, str], body: str, *, seconds: float
) -> Figures:
    """Post the same body, on one connection for each place (a path, and the tag to begin with)."""
    script = _WRITES.format(
        places=", ".join(_lua(f"{path} {tag}") for path, tag in places),
        body=_lua(body),
        headers=", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in headers.items()),
    )
    count = len(places)
    return _run(script + _DONE, [base_url], threads=count, connections=count, seconds=seconds)


def _run(script: str, rest: Sequence[str], *, threads: int, connections: int, seconds: float) -> Figures:
    if PROGRAM is None:
        raise SystemExit("The benchmarks need the program wrk (Debian and Ubuntu: apt-get install wrk).")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "load.lua"
        file.write_text(script)
        said = subprocess.run(
            [PROGRAM, f"-t{threads}", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(file), *rest],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"LC_ALL": "C"},
        ).stdout
    told = json.loads(said.strip().splitlines()[-1])
    places = (told[name] / 1000 for name in ("p50", "p95", "p99"))
    return Figures(told["count"] / told["us"] * 1e6, *places, told["failed"])


def _lua(text: str) -> str:
    """A string of Lua: JSON escapes are Lua's for ASCII without `\\u`."""
    if not text.isascii():
        raise ValueError("ASCII only")
    return json.dumps(text)
