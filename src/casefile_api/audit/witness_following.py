"""A witness that goes and looks: it fetches checkpoint and tiles of a public log, and works out the proof by itself.

For a witness that the log cannot reach. It needs no token where the operator publishes the log; nothing it is told is
believed, since the proof is worked out from tiles (C2SP tlog-tiles) and must lead from what it saw to what is signed.
"""

from collections.abc import Iterable

import httpx2

from casefile_api.audit.witness import Submission, Witness, WitnessRefusal
from casefile_api.ledger import tiles, tree
from casefile_api.ledger.checkpoints import Checkpoint, CheckpointError, parse_checkpoint, parse_note
from casefile_api.ledger.tiles import Tile, TileId, tile_path

SECONDS = 10.0


class NotSeen(Exception):
    """The log could not be looked at; the message is a sentence."""


async def look_at(client: httpx2.AsyncClient, url: str, witness: Witness) -> Checkpoint:
    """Look at the log once and vouch for its newest checkpoint.

    Raises NotSeen where it cannot be fetched, and WitnessRefusal where the witness does not vouch.
    """
    log = f"{url.rstrip('/')}/v1/audit-log"
    note = (await _get(client, f"{log}/checkpoint")).decode("utf-8", "replace")
    try:
        new = parse_checkpoint(parse_note(note).text)
        seen = witness.seen(new.origin)
    except CheckpointError as fault:
        raise NotSeen(f"What {log}/checkpoint answers, or what I remember of it, is not right: {fault}.") from None
    proof: tuple[bytes, ...] = ()
    if 0 < seen.tree_size < new.tree_size:
        proof = await _proof(client, log, seen.tree_size, new.tree_size)
    witness.vouch(Submission(min(seen.tree_size, new.tree_size), proof, note))
    return new


async def _proof(client: httpx2.AsyncClient, log: str, old: int, new: int) -> tuple[bytes, ...]:
    plan = tree.consistency_plan(old, new)
    stored = await _tiles(client, log, {tiles.tile_holding(node) for span in plan for node in span}, new)
    try:
        return tuple(tree.carry_out(plan, tiles.node_reader(stored)))
    except LookupError:
        raise WitnessRefusal(422, f"The tiles of the log are too short for the {new} entries it signed for.") from None


async def _tiles(client: httpx2.AsyncClient, log: str, wanted: Iterable[TileId], size: int) -> dict[TileId, bytes]:
    found = {}
    for tile in sorted(wanted):
        path = tile_path(Tile(tile, tiles.tile_width(tile, size)))
        found[tile] = await _get(client, f"{log}/tile/{path}")
    return found


async def _get(client: httpx2.AsyncClient, url: str) -> bytes:
    try:
        answer = await client.get(url, timeout=SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise NotSeen(f"{url} cannot be reached.") from None
    if answer.status_code == 401:
        raise NotSeen(f"{url} wants a token: ask the operator to publish the log (CASEFILE_PUBLIC_LOG=true).")
    if answer.status_code != 200:
        raise NotSeen(f"{url} answers {answer.status_code}.")
    return answer.content
