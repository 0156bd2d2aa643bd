"""Making the parts of a process from its settings, and starting and stopping them."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from casefile_api.access import nonces
from casefile_api.access.external_tokens import ExternalTokens
from casefile_api.access.guard import Guard
from casefile_api.access.key_proofs import ProofReader
from casefile_api.access.key_ring import KeyRing
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import key_files
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from casefile_api.access.trusted_issuers import read_issuers
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.errors import Misconfigured
from casefile_api.ledger.reads import ReadLedger
from casefile_api.ledger.refusals import RefusalTally
from casefile_api.ledger.stored_tree import KeptTiles
from casefile_api.outward.proxies import Proxy
from casefile_api.settings import Settings
from casefile_api.tenancy import SERVICE_ROLE
from casefile_api.vault import Vault, derive_key, read_master_key
from casefile_api.web.limits import Policy, RateLimits
from casefile_api.web.parts import Parts
from casefile_api.web.proxies import certificate_networks, trusted_networks
from casefile_api.web.turns import Turns

MOST_STRANGERS_WAITING = 4096
"""As many as a process has connections: whoever shares an address with who floods is late, and not shut out."""


def build_parts(settings: Settings, *, application: str = "casefile-api", role: str = SERVICE_ROLE) -> Parts:
    """Make the parts of a process; nothing is connected yet.

    Raises Misconfigured where a key, the list of proxies or that of trusted issuers cannot be read.
    """
    trusted_networks(settings.trusted_proxies)
    certificate_networks(settings)
    issuers = read_issuers(settings.trusted_issuers, settings.public_url)
    database = Database(settings, application=application, role=role)
    keys = KeyRing(key_files(settings.token_key_files, settings.data_dir))
    revocations = RevocationList()
    master_key = read_master_key(master_key_file(settings))
    verifier = TokenVerifier(keys, settings.public_url, revocations)
    external = ExternalTokens(
        issuers, database.rows, revocations, settings.webhook_exemptions, proxy=Proxy.of(settings)
    )
    key_proofs = ProofReader(nonces.Nonces(derive_key(master_key, nonces.PURPOSE)))
    return Parts(
        settings=settings,
        clock=Clock(),
        database=database,
        vault=Vault(master_key),
        reads=ReadLedger(database, batch_limit=settings.read_batch_limit),
        keys=keys,
        issuer=TokenIssuer(keys, issuer=settings.public_url),
        verifier=verifier,
        key_proofs=key_proofs,
        guard=Guard(verifier, external, key_proofs, settings.sender_binding),
        revocations=revocations,
        limits=_rates("client", database, settings, settings.rate_per_second, settings.rate_burst),
        address_limits=_rates(
            "address", database, settings, settings.address_rate_per_second, settings.address_rate_burst
        ),
        tally=RefusalTally(database),
        turns=Turns(settings.turns_per_client),
        tiles=KeptTiles(),
        turns_of_strangers=Turns(1, most_waiting=MOST_STRANGERS_WAITING, always=True),
    )


def _rates(name: str, database: Database, settings: Settings, per_second: float, burst: int) -> RateLimits:
    return RateLimits(database.rows, Policy(name, per_second, burst, settings.rate_body_bytes))


def master_key_file(settings: Settings) -> Path:
    """Return the file of the master key; where none is set, one is made in the data folder at first use."""
    if settings.master_key_file is not None:
        return settings.master_key_file
    path = settings.data_dir / "keys" / "master.key"
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        except OSError as fault:
            raise Misconfigured(f"No master key can be made in {path.parent}: {fault.strerror}.") from fault
    return path


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[Parts]:
    """Run the parts of an API process: reads are recorded, revocations and token keys kept fresh."""
    await parts.revocations.refresh(parts.database)
    fresh = [
        asyncio.create_task(parts.revocations.keep_fresh(parts.database), name="revocations"),
        asyncio.create_task(parts.keys.keep_fresh(), name="token-keys"),
        asyncio.create_task(parts.tally.keep_written(), name="tally"),
    ]
    parts.reads.start()
    try:
        yield parts
    finally:
        for task in fresh:
            task.cancel()
        await asyncio.wait(fresh)
        await parts.reads.stop()
        await parts.tally.write()
        await parts.database.close()
