"""The log asks its witnesses to vouch for the newest checkpoint, and keeps their lines beside it.

Nobody waits for them: a witness that is away is asked again at the next round. What a witness says is believed only
where its key signed it; that it refuses is told loudly, since it may be the first to see a restored backup or a fork.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx2
import structlog
from sqlalchemy import text

from casefile_api.audit.witness import submission_body
from casefile_api.audit.witness_server import SIZE_TYPE
from casefile_api.clock import real_now
from casefile_api.database import Database
from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import CheckpointError, parse_note
from casefile_api.ledger.cosignatures import WitnessKey, cosignatures_on, parse_witness_key
from casefile_api.ledger.proofs import prove_consistency
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from casefile_api.web.parts import Parts

SECONDS = 5.0
MOST_BYTES = 64 * 1024

_log = structlog.get_logger("casefile_api.cosigning")

_NEWEST = text("select id, tree_size, note from audit_checkpoint order by tree_size desc, id desc limit 1")
_SEEN = text(
    """
    select c.tree_size from audit_cosignature s join audit_checkpoint c on c.id = s.checkpoint_id
    where s.origin = (select origin from audit_log) and s.witness = :witness order by s.checkpoint_id desc limit 1
    """
)
_KEEP = text(
    "insert into audit_cosignature (origin, checkpoint_id, witness, line, cosigned_at)"
    " values ((select origin from audit_log), :checkpoint, :witness, :line, :at) on conflict do nothing"
)
_TELL = text(
    "insert into audit_witness (witness, trouble, told_at) values (:witness, :trouble, :at)"
    " on conflict (witness) do update set trouble = excluded.trouble, told_at = excluded.told_at"
    " where audit_witness.trouble is distinct from excluded.trouble returning true"
)


@dataclass(frozen=True)
class ConfiguredWitness:
    """A witness that the operator agreed on with somebody: its key and where it listens."""

    key: WitnessKey
    url: str


class NotVouched(Exception):
    """A witness did not vouch; the message is a sentence."""


@dataclass(frozen=True)
class Newest:
    """The checkpoint to vouch for."""

    id: int
    tree_size: int
    note: str


def configured_witnesses(settings: Settings) -> tuple[ConfiguredWitness, ...]:
    """The witnesses of CASEFILE_LOG_WITNESSES.

    Raises Misconfigured where one is not written `KEY URL`.
    """
    found = []
    for written in settings.log_witnesses:
        key, _, url = written.partition(" ")
        try:
            if not url.startswith(("https://", "http://")) or " " in url:
                raise CheckpointError("no URL")
            found.append(ConfiguredWitness(parse_witness_key(key), url.rstrip("/")))
        except CheckpointError as fault:
            reason = f'CASEFILE_LOG_WITNESSES must be a list of "NAME+ID+KEY URL"; {written[:60]!r} is not ({fault}).'
            raise Misconfigured(reason) from None
    return tuple(found)


async def ask_witnesses(parts: Parts) -> None:
    """Ask each witness that has not vouched for the newest checkpoint yet."""
    witnesses = configured_witnesses(parts.settings)
    if not witnesses:
        return
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=SECONDS) as client:
        for witness in witnesses:
            trouble = None
            try:
                await _ask(client, parts.database, witness)
            except NotVouched as refused:
                trouble = str(refused)
            await _tell(parts.database, witness, trouble)


async def _ask(client: httpx2.AsyncClient, database: Database, witness: ConfiguredWitness) -> None:
    async with database.connection(WORKER) as connection:
        row = (await connection.execute(_NEWEST)).one_or_none()
        seen = (await connection.execute(_SEEN, {"witness": witness.key.text()})).scalar_one_or_none() or 0
    if row is None or row.tree_size in {0, seen}:
        return
    newest = Newest(row.id, row.tree_size, row.note)
    answer = await _submit(client, database, witness, newest, seen)
    told = _size_in(answer)
    if told is not None and told != seen and told <= newest.tree_size:
        answer = await _submit(client, database, witness, newest, told)
    if answer.status_code != 200:
        raise NotVouched(_why(answer, newest))
    await _keep(database, witness, newest, answer.text)


async def _submit(
    client: httpx2.AsyncClient, database: Database, witness: ConfiguredWitness, newest: Newest, old: int
) -> httpx2.Response:
    hashes: Sequence[bytes] = ()
    if old <= newest.tree_size:
        async with database.connection(WORKER) as connection:
            hashes = (await prove_consistency(connection, old, newest.tree_size)).hashes
    body = submission_body(old, hashes, newest.note).encode()
    try:
        answer = await client.post(f"{witness.url}/add-checkpoint", content=body)
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise NotVouched("it cannot be reached") from None
    if len(answer.content) > MOST_BYTES:
        raise NotVouched("it answers at too great length")
    return answer


def _size_in(answer: httpx2.Response) -> int | None:
    """The size that a witness says it has seen."""
    told = answer.text.strip()
    of_size = answer.status_code == 409 and answer.headers.get("content-type", "").startswith(SIZE_TYPE)
    return int(told) if of_size and told.isascii() and told.isdigit() and len(told) < 20 else None


def _why(answer: httpx2.Response, newest: Newest) -> str:
    told = _size_in(answer)
    if told is not None and told > newest.tree_size:
        return (
            f"it has vouched for {told} entries and this database holds {newest.tree_size}: an old backup was restored,"
            " or another log was shown under this name"
        )
    words = "".join(letter for letter in answer.text[:300] if letter.isprintable())
    return f"it answers {answer.status_code}: {words}"


async def _keep(database: Database, witness: ConfiguredWitness, newest: Newest, answer: str) -> None:
    """Keep the line that its key signed, and nothing else of the answer."""
    for line in answer.splitlines():
        note = f"{parse_note(newest.note).text}\n{line}\n"
        try:
            if not cosignatures_on(parse_note(note), [witness.key]):
                continue
        except CheckpointError as fault:
            raise NotVouched(str(fault)) from None
        values = {"checkpoint": newest.id, "witness": witness.key.text(), "line": f"{line}\n", "at": real_now()}
        async with database.connection(WORKER) as connection:
            await connection.execute(_KEEP, values)
            await connection.commit()
        return
    raise NotVouched("its answer holds no line by its key")


async def _tell(database: Database, witness: ConfiguredWitness, trouble: str | None) -> None:
    """Say once what keeps a witness from vouching, and once that it vouches again."""
    values = {"witness": witness.key.text(), "trouble": trouble, "at": real_now()}
    async with database.connection(WORKER) as connection:
        changed = (await connection.execute(_TELL, values)).one_or_none() is not None
        await connection.commit()
    if changed and trouble is not None:
        _log.error("witness_does_not_vouch", witness=witness.key.name, reason=trouble)
    elif changed:
        _log.info("witness_vouches", witness=witness.key.name)
