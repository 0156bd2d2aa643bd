"""`python -m benchmarks.guarding`: what knowing the caller costs, piece by piece, and what a flood costs the others."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.floods import FLOODS, RATES, quiet_latency, sandbox
from benchmarks.load import http_request
from benchmarks.statements import viewed_by
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
    with sandbox(**RATES) as flooded, sandbox(**RATES) as other:
        for name, told in quiet_latency(flooded, other, FLOODS[0]):
            table.add_row(name, told)
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


if __name__ == "__main__":
    main()
