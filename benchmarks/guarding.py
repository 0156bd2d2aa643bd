"""`python -m benchmarks.guarding`: what knowing the caller costs, piece by piece, and what a flood costs the others."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.load import http_request, press
from casefile_api.access.key_proofs import Aim, ProofReader
from casefile_api.access.nonces import Nonces
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import SigningKeys, new_signing_key_pem
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from tests.outside.cases import open_case
from tests.outside.client import Sandbox
from tests.outside.dpop import Holder
from tests.outside.running import running_sandbox

SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
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
    with sandbox(CASEFILE_RATE_PER_SECOND="50", CASEFILE_RATE_BURST="200") as running:
        alone, beside = quiet_latency(running)
        table.add_row("median of one client that asks 20 times a second", f"{alone:.1f} ms")
        table.add_row("the same while another client floods over its rate", f"{beside:.1f} ms ({beside / alone:.2f})")
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


def quiet_latency(running: Sandbox) -> tuple[float, float]:
    """The median of a quiet client's calls in milliseconds: alone, and while another asks as fast as it can."""
    host = urlsplit(running.base_url).netloc
    quiet, flood = running.party("force-20-rms"), running.party("force-53-rms")
    calls = {
        party.client_id: http_request("GET", "/v1/me", host, {"Authorization": f"Bearer {party.token}"})
        for party in (quiet, flood)
    }

    async def medians() -> tuple[float, float]:
        alone = await median(host, calls[quiet.client_id])
        name, _, port = host.partition(":")
        flooding = asyncio.create_task(
            press(name, int(port), calls[flood.client_id], connections=2, seconds=SECONDS, status=429)
        )
        beside = await median(host, calls[quiet.client_id])
        await flooding
        return alone, beside

    return asyncio.run(medians())


async def median(host: str, request: bytes) -> float:
    """Send the request 20 times a second for a while; the median latency in milliseconds."""
    taken = []
    until = time.perf_counter() + SECONDS - 0.5
    while time.perf_counter() < until:
        taken.append(1000 / await send_all(host, [request]))
        await asyncio.sleep(0.05)
    return sorted(taken)[len(taken) // 2]


if __name__ == "__main__":
    main()
