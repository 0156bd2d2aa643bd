"""What `audit witness` does: serve the witness, look at a log from time to time, or both, until told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvicorn
from rich.console import Console

from casefile_api.audit.witness import Witness, WitnessRefusal
from casefile_api.audit.witness_following import NotSeen, look_at
from casefile_api.audit.witness_memory import WitnessMemory
from casefile_api.audit.witness_server import witness_app
from casefile_api.cli.failing import CommandFailed
from casefile_api.ledger.checkpoints import VerifierKey


@dataclass(frozen=True)
class Watch:
    """How a witness works: where it listens, which log it looks at and how often (0: once)."""

    host: str = "127.0.0.1"
    port: int | None = None
    url: str | None = None
    every_seconds: float = 60.0


def run_witness(folder: Path, name: str | None, logs: Sequence[VerifierKey], watch: Watch) -> None:
    """Be a witness; CommandFailed where a single look was not vouched for."""
    with WitnessMemory(folder).held() as memory:
        witness = Witness(memory.cosigner(name), logs, memory, lambda: int(time.time()))
        console = Console(soft_wrap=True, highlight=False)
        console.print(witness.key.text(), markup=False)
        asyncio.run(_run(witness, watch, console))


async def _run(witness: Witness, watch: Watch, console: Console) -> None:
    if watch.url is not None and watch.port is None:
        await _follow(witness, watch.url, watch.every_seconds, console)
        return
    config = uvicorn.Config(
        witness_app(witness), watch.host, watch.port or 0, log_config=None, access_log=False, server_header=False
    )
    following = None
    if watch.url is not None:
        following = asyncio.create_task(_follow(witness, watch.url, watch.every_seconds or 60.0, console))
    try:
        await uvicorn.Server(config).serve()
    finally:
        if following is not None:
            following.cancel()


async def _follow(witness: Witness, url: str, every_seconds: float, console: Console) -> None:
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client:
        while True:
            wrong = None
            try:
                seen = await look_at(client, url, witness)
                console.print(f"Vouched for {seen.tree_size} entries of {seen.origin}.", markup=False)
            except WitnessRefusal as refused:
                wrong = f"NOT vouched for: {refused.sentence}"
            except NotSeen as fault:
                wrong = str(fault)
            if not every_seconds:
                if wrong is not None:
                    raise CommandFailed(wrong)
                return
            if wrong is not None:
                console.print(wrong, style="bold red", markup=False)
            await asyncio.sleep(every_seconds)
