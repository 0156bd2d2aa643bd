"""`python -m benchmarks.guarding`: what knowing the caller costs, piece by piece, and what a flood costs the others."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.load import http_request
from benchmarks.statements import viewed_by
from benchmarks.wrk import PROGRAM
from casefile_api.access.key_proofs import Aim, ProofReader
from casefile_api.access.nonces import Nonces
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import SigningKeys, new_signing_key_pem
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.cases import open_case
from tests.outside.client import Sandbox
from tests.outside.dpop import Holder
from tests.outside.running import running_sandbox

FLOOD_TURNS = int(os.environ.get("BENCH_TURNS", "6"))
FLOOD_CONNECTIONS = 16
FLOOD_BURST_SECONDS = 4
TIMES = 400
CONNECTIONS = 8
ISSUER = "https://casefile.example"


def main() -> None:
    """Measure and print."""
    table = Table("what", "figure")
    for name, microseconds in pieces():
        table.add_row(name, f"{microseconds:.0f} µs")
    with sandbox() as running:
        bearer, bound = reads(running)
        table.add_row("reads of one case file, bearer token", f"{bearer:.0f} a second")
        table.add_row("the same, bound token, a fresh proof each", f"{bound:.0f} a second ({bound / bearer:.2f})")
        for name, share in row_level_security(running):
            table.add_row(name, share)
    # The rates of production: a sandbox of its own is generous.
    rates = {"CASEFILE_RATE_PER_SECOND": "100", "CASEFILE_RATE_BURST": "400"}
    with sandbox(**rates) as flooded, sandbox(**rates) as other:
        found = list(quiet_latency(flooded, other))
    for name, median, last in found:
        table.add_row(f"a quiet client, {name}", f"p50 {median:.2f} ms, p99 {last:.2f} ms")
    (_, apart, apart_last), (_, beside, beside_last) = found[1:]
    table.add_row("what our own sharing adds", f"p50 {beside / apart:.2f}, p99 {beside_last / apart_last:.2f}")
    Console(width=110).print(table)


def pieces() -> Iterator[tuple[str, float]]:
    """The work of the processor alone, for each piece."""
    keys = SigningKeys.from_pems([new_signing_key_pem()])
    issuer = TokenIssuer(keys, ISSUER)
    words = {"subject": "s", "client_id": "c", "organisation": "police-53", "issued_at": int(time.time())}
    sets = {"roles": frozenset({"system"}), "scopes": frozenset({"case-files:read"})}
    tokens = [issuer.sign(issuer.claims_for(**words, **sets)) for _ in range(TIMES)]  # type: ignore[arg-type]
    verifier = TokenVerifier(keys, ISSUER, RevocationList())
    yield "verify a token for the first time", each(verifier.verify, tokens)
    yield "verify a token again", each(verifier.verify, tokens)
    nonces = Nonces(b"shared")
    reader, url = ProofReader(nonces), f"{ISSUER}/v1/me"
    holder = Holder(None, nonce=nonces.newest())  # type: ignore[arg-type]
    proofs = [holder.proof("GET", url, tokens[0]) for _ in range(TIMES)]
    yield "read a proof of a key (ES256)", each(lambda proof: reader.read([proof], Aim("GET", url, tokens[0])), proofs)


def each(act: Callable[[str], object], on: Sequence[str]) -> float:
    """Microseconds for one."""
    begun = time.perf_counter()
    for one in on:
        act(one)
    return (time.perf_counter() - begun) / len(on) * 1e6


@contextmanager
def sandbox(**environment: str) -> Iterator[Sandbox]:
    """A sandbox on a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with running_sandbox(folder / "sandbox", **environment) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def row_level_security(running: Sandbox) -> Iterator[tuple[str, str]]:
    """What the policies cost the database: the statement of a read for a caller, and by the owner, who is not bound."""
    server = PostgreSQL(DataDirectory(running.directory)).addresses()
    party = running.person("officer", unit="police-53-rasso")
    case_id = open_case(party)["id"]
    statement = viewed_by(party).encode()
    scope = {"organisation": "police-53", "kind": "police", "principals": "police-53/bench police-53#officer"}
    figures = []
    for url, role in ((server.owner, "none"), (server.service, "casefile_service")):
        with psycopg.connect(url, options=f"-c role={role} -c plan_cache_mode=force_generic_plan") as connection:
            for name, value in scope.items():
                connection.execute("select set_config(%s, %s, false)", (f"casefile.{name}", value))
            for _ in range(20):
                assert connection.execute(statement, {"id": case_id}, prepare=True).fetchone() is not None
            begun = time.perf_counter()
            for _ in range(TIMES):
                connection.execute(statement, {"id": case_id}, prepare=True).fetchone()
            figures.append((time.perf_counter() - begun) / TIMES * 1e6)
    yield "the SELECT of a read, round trip, without row-level security", f"{figures[0]:.0f} µs"
    yield "the same under row-level security", f"{figures[1]:.0f} µs ({figures[1] / figures[0]:.2f})"


def reads(running: Sandbox) -> tuple[float, float]:
    """Reads a second with a bearer token, and with a bound one."""
    path = f"/v1/case-files/{open_case(running.person('officer', unit='police-53-rasso'))['id']}"
    holder = Holder(running.party("force-53-rms"))
    bound, host = holder.token(), urlsplit(running.base_url).netloc
    why = {"Access-Justification": "system-sync"}
    plain = [http_request("GET", path, host, why | {"Authorization": f"Bearer {holder.party.token}"})] * TIMES
    url = running.base_url + path

    def proven() -> bytes:
        proof = holder.proof("GET", url, bound)
        return http_request("GET", path, host, why | {"Authorization": f"DPoP {bound}", "DPoP": proof})

    asyncio.run(send_all(host, plain))
    unbound = asyncio.run(send_all(host, plain))
    # Proofs are good for a minute: they are made when they are needed.
    return unbound, asyncio.run(send_all(host, [proven() for _ in range(TIMES)]))


async def send_all(host: str, requests: Sequence[bytes]) -> float:
    """Send each once over a few connections; requests answered a second. Any other answer than 200 is an error."""
    name, _, port = host.partition(":")
    waiting = list(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(name, int(port), limit=2**20)
        while waiting:
            writer.write(waiting.pop())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0] + b" ":
                raise RuntimeError(head.decode())
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return len(requests) / (time.perf_counter() - begun)


def quiet_latency(flooded: Sandbox, other: Sandbox) -> Iterator[tuple[str, float, float]]:
    """The latencies of a quiet client in milliseconds, median and 99th of a hundred.

    Alone; while another client floods a second service on the same machine, which takes the processors and the disk as
    much; and while it floods the same service. What the last is over the second is what the service itself lets one
    client cost another. In short turns, so that what else the machine does falls on all three alike.
    """
    quiet, path = flooded.party("force-20-rms"), "/v1/me"
    taken: dict[str, list[float]] = {"alone": [], "beside a flood of another service": [], "beside a flood": []}
    targets: list[Sandbox | None] = [None, other, flooded]
    for target in targets:
        if target is not None:
            _begin_flood(target, seconds=FLOOD_BURST_SECONDS).wait()  # what a client may ask for at once is used up
    for _ in range(FLOOD_TURNS):
        for name, target in zip(taken, targets, strict=True):
            flood = _begin_flood(target, seconds=2) if target is not None else None
            time.sleep(0.3)
            taken[name] += _asked(flooded, path, quiet.token, times=60)
            if flood is not None:
                flood.wait()
    for name, latencies in taken.items():
        latencies.sort()
        yield name, latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]


def _begin_flood(target: Sandbox, *, seconds: float) -> "subprocess.Popen[bytes]":
    flood = target.party("force-53-rms")
    command = [
        str(PROGRAM),
        "-t1",
        f"-c{FLOOD_CONNECTIONS}",
        f"-d{seconds:.0f}s",
        "-H",
        f"Authorization: Bearer {flood.token}",
    ]
    return subprocess.Popen([*command, f"{target.base_url}/v1/me"], stdout=subprocess.DEVNULL)


def _asked(running: Sandbox, path: str, token: str, *, times: int) -> list[float]:
    """Ask so many times, 40 times a second, on one connection; milliseconds each."""
    host = urlsplit(running.base_url)
    connection = HTTPConnection(str(host.hostname), host.port)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the quiet client was answered {answer.status}")
        taken.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.025)
    connection.close()
    return taken


if __name__ == "__main__":
    main()
