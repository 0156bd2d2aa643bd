"""The log and its witnesses: asked, kept, served and demanded; and the program that a force runs as its witness."""

import asyncio
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casefile_api.audit.cosigning import ask_witnesses, configured_witnesses
from casefile_api.audit.findings import Report
from casefile_api.audit.published import published_note
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.audit.witness import Submission, Witness, WitnessRefusal, submission_body
from casefile_api.audit.witness_following import NotSeen, look_at
from casefile_api.audit.witness_memory import WitnessMemory
from casefile_api.audit.witness_server import witness_app
from casefile_api.database import Database
from casefile_api.errors import Misconfigured, NotFound
from casefile_api.ledger import tiles, tree
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    SignerKey,
    parse_checkpoint,
    parse_note,
    parse_verifier_key,
    sign_checkpoint,
)
from casefile_api.ledger.cosignatures import NOBODY, Quorum, WitnessKey
from casefile_api.tenancy import WORKER
from casefile_api.web.assembly import build_parts
from tests.logs import ORIGIN, LogInHand
from tests.outside.client import Sandbox
from tests.outside.running import PROGRAM, free_port


@dataclass
class Watched:
    """A log with a witness that listens on a port of this process."""

    log: LogInHand
    witness: Witness
    port: int

    @property
    def key(self) -> WitnessKey:
        return self.witness.key

    def ask(self) -> None:
        """One round of the worker."""

        async def round_made() -> None:
            parts = build_parts(self.log.settings, application="test")
            try:
                await ask_witnesses(parts)
            finally:
                await parts.database.close()

        asyncio.run(round_made())

    def lines(self) -> int:
        count: int = self.log.rows("select count(*) from audit_cosignature")[0][0]
        return count

    def trouble(self) -> str:
        return str(self.log.rows("select trouble from audit_witness")[0][0])

    def verified(self, quorum: Quorum | None = None) -> Report:
        async def verify() -> Report:
            database = Database(self.log.settings)
            try:
                believed = await believed_beside(database, self.log.settings, quorum=quorum or Quorum((self.key,), 1))
                return await verify_database(database, None, believed)
            finally:
                await database.close()

        return asyncio.run(verify())

    def served(self, witnesses: int, size: int | None = None) -> str:
        async def read() -> str:
            database = Database(self.log.settings)
            try:
                async with database.session(WORKER) as session:
                    return await published_note(session, size, witnesses)
            finally:
                await database.close()

        return asyncio.run(read())


@pytest.fixture
def watched(database_url: str, owner_database_url: str, tmp_path: Path) -> Iterator[Watched]:
    log = LogInHand.on(database_url, owner_database_url, tmp_path)
    log.write(5)
    asyncio.run(log.step())
    memory = WitnessMemory(tmp_path / "witness")
    with memory.held():
        keys = [signer.verifier for signer in asyncio.run(log.signers())]
        witness = Witness(memory.cosigner("witness.example/1"), keys, memory, lambda: int(time.time()))
        with listening(witness) as port:
            log.settings = log.settings.with_values(log_witnesses=(f"{witness.key.text()} http://127.0.0.1:{port}",))
            yield Watched(log, witness, port)


class listening:  # noqa: N801 - reads as a verb phrase at its call
    """The witness on a port of its own, in a thread of its own."""

    def __init__(self, witness: Witness) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(witness_app(witness), log_config=None, access_log=False)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    def __enter__(self) -> int:
        self.thread.start()
        return int(self.socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()


def grow(log: LogInHand, count: int) -> None:
    log.write(count)
    asyncio.run(log.step())


def test_the_log_collects_the_words_of_its_witness_and_serves_them_under_its_own(watched: Watched) -> None:
    watched.ask()
    grow(watched.log, 300)
    watched.ask()
    watched.ask()

    note = watched.served(1)

    assert watched.lines() == 2, "asked again without need"
    assert note.startswith(f"{ORIGIN}\n305\n") and len(parse_note(note).signatures) == 2
    assert Quorum((watched.key,), 1).check(note)
    assert Quorum((watched.key,), 1).check(watched.served(1, size=5))
    grow(watched.log, 1)
    assert watched.served(1) == note and watched.served(0).startswith(f"{ORIGIN}\n306\n")
    with pytest.raises(NotFound):
        watched.served(2)


def test_verification_demands_the_words_of_witnesses_and_names_a_false_one(watched: Watched) -> None:
    assert [found.wrong for found in watched.verified().findings] == ["none is vouched for by 1 of 1 witnesses"]
    watched.ask()
    whole = watched.verified()
    assert whole.whole and "The first 5 of 5 entries are vouched for by 1 of 1 witnesses." in whole.notes

    watched.log.tamper("update audit_cosignature set line = overlay(line placing 'AAAA' from length(line) - 40)")

    false = "cosignature under checkpoint 1 by witness.example/1"
    assert false in {f"{found.kind} {found.name}" for found in watched.verified().findings}
    assert false in {f"{found.kind} {found.name}" for found in watched.verified(NOBODY).findings}


def test_a_witness_that_lost_an_answer_says_how_far_it_has_seen_and_is_asked_from_there(watched: Watched) -> None:
    watched.ask()
    grow(watched.log, 7)
    watched.ask()
    watched.log.tamper("delete from audit_cosignature where checkpoint_id = 2")  # as if the answer had been lost
    grow(watched.log, 7)

    watched.ask()

    assert watched.trouble() == "None" and watched.witness.seen(ORIGIN).tree_size == 19


def test_a_restored_backup_is_seen_by_the_witness_and_told(watched: Watched) -> None:
    grow(watched.log, 7)
    watched.ask()
    for table in ("audit_cosignature", "audit_checkpoint"):
        column = "checkpoint_id" if table == "audit_cosignature" else "id"
        watched.log.tamper(f"delete from {table} where {column} = 2")

    watched.ask()

    assert "it has vouched for 12 entries and this database holds 5" in watched.trouble()
    assert watched.lines() == 0


def test_a_fork_signed_with_the_logs_own_key_gets_no_word_of_the_witness(watched: Watched) -> None:
    watched.ask()
    leaves = [tree.leaf_hash(b"another %d" % number) for number in range(9)]
    signers: list[SignerKey] = asyncio.run(watched.log.signers())
    root = tree.root_of(leaves)
    note = sign_checkpoint(Checkpoint(ORIGIN, 9, root), signers)
    watched.log.tamper("update audit_tile set hashes = %s where level = 0", tiles.append(0, {}, leaves)[(0, 0)])
    watched.log.tamper("insert into audit_checkpoint values (2, 9, %s, %s, now())", root, note)

    watched.ask()

    assert "422" in watched.trouble() and "the log was rewritten" in watched.trouble()
    assert watched.lines() == 1


def test_a_witness_that_is_away_holds_nothing_up_and_a_false_one_is_not_believed(watched: Watched) -> None:
    settings = watched.log.settings
    watched.log.settings = settings.with_values(log_witnesses=(f"{watched.key.text()} http://127.0.0.1:1",))
    watched.ask()
    assert watched.trouble() == "it cannot be reached"

    other = WitnessKey("witness.example/1", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    watched.log.settings = settings.with_values(log_witnesses=(f"{other.text()} http://127.0.0.1:{watched.port}",))
    watched.ask()
    found = watched.log.rows("select trouble from audit_witness where witness = %s", other.text())
    assert found == [("its answer holds no line by its key",)] and watched.lines() == 0


def test_witnesses_that_are_not_written_well_are_refused_at_the_start(watched: Watched) -> None:
    for written in ("x", watched.key.text(), f"{watched.key.text()} ftp://x", "a+00000000+AAAA https://w.example"):
        with pytest.raises(Misconfigured):
            configured_witnesses(watched.log.settings.with_values(log_witnesses=(written,)))


async def test_a_witness_that_looks_by_itself_works_out_the_proof_from_tiles(sandbox: Sandbox, tmp_path: Path) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    keys = [parse_verifier_key(key) for key in officer.get("/v1/audit-log/public-key").text.splitlines()]
    memory = WitnessMemory(tmp_path)
    with memory.held():
        witness = Witness(memory.cosigner("w.example"), keys, memory, lambda: int(time.time()))
        async with httpx2.AsyncClient(trust_env=False) as client:
            first = await look_at(client, sandbox.base_url, witness)
            note, officer_reads = memory.read(first.origin), 0
            while (second := await look_at(client, sandbox.base_url, witness)).tree_size == first.tree_size:
                officer_reads += 1
                assert officer_reads < 200 and officer.get("/v1/case-files").status_code == 200
            assert note is not None and note.startswith(f"{first.origin}\n{first.tree_size}\n")
            with pytest.raises(NotSeen, match="cannot be reached"):
                await look_at(client, "http://127.0.0.1:1", witness)
    assert (memory.read(first.origin) or "").startswith(f"{first.origin}\n{second.tree_size}\n")


LOG = SignerKey("log.example", Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
LEAVES = [tree.leaf_hash(b"%d" % number) for number in range(600)]


def submission(old: int, new: int, leaves: list[bytes]) -> bytes:
    def read(node: tree.Node) -> bytes:
        return tree.perfect_root(leaves[node.number << node.level : (node.number + 1) << node.level])

    note = sign_checkpoint(Checkpoint(LOG.name, new, tree.root_of(leaves[:new])), [LOG])
    return submission_body(old, tree.carry_out(tree.consistency_plan(old, new), read), note).encode()


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    """The program, as somebody runs it who has neither the service's settings nor its database."""
    words = ["audit", "witness", str(folder), "--log-key", LOG.verifier.text(), "--name", "w.example", "--port", port]
    running = subprocess.Popen([*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, text=True)
    until, url = time.monotonic() + 30, f"http://127.0.0.1:{port}/"
    while time.monotonic() < until:
        try:
            httpx2.get(url, trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            break
    return running


def test_the_program_killed_at_any_moment_vouches_for_one_log_only(tmp_path: Path) -> None:
    port, vouched, chance, size = free_port(), [0], random.Random(7), 0
    for pause in (0.013, 0.002):
        running, at_first = start(tmp_path / "w", port), len(vouched)
        try:
            while size < len(LEAVES) - 10:
                old, size = size, size + chance.randint(1, 3)
                answer = httpx2.post(
                    f"http://127.0.0.1:{port}/add-checkpoint", content=submission(old, size, LEAVES), trust_env=False
                )
                assert answer.status_code == 200, answer.text
                vouched.append(size)
                if len(vouched) == at_first + 3:
                    threading.Timer(pause, running.send_signal, [signal.SIGKILL]).start()
        except httpx2.TransportError:
            pass
        running.wait()
        assert running.stdout is not None
        running.stdout.close()
        last = WitnessMemory(tmp_path / "w").read(LOG.name)
        remembered = parse_checkpoint(parse_note(last).text).tree_size if last else 0
        assert remembered in {vouched[-1], size}, "what it vouched for was forgotten"
        size = remembered

    memory = WitnessMemory(tmp_path / "w")
    with memory.held():
        witness = Witness(memory.cosigner(None), [LOG.verifier], memory, lambda: 1)
        fork = [tree.leaf_hash(b"x"), *LEAVES[1:]]
        for old, new in ((size, size + 5), (0, size - 1), (size - 1, size), (size, size)):
            with pytest.raises(WitnessRefusal):
                witness.vouch(Submission.read(submission(old, new, fork).decode()))


def test_a_single_look_that_is_not_vouched_for_fails_in_words(tmp_path: Path, sandbox: Sandbox) -> None:
    words = ["audit", "witness", str(tmp_path / "w"), "--log-key", LOG.verifier.text(), "--name", "w.example"]
    ended = subprocess.run(
        [*PROGRAM, *words, "--follow", sandbox.base_url, "--every", "0"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1 and "NOT vouched for: I am no witness of the log" in ended.stderr
