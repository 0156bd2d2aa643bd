"""Roots, proofs, tiles, checkpoints and cosignatures held against code that is not ours: pymerkle, Go's tlog, note."""

import json
import os
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymerkle import InmemoryTree

from casefile_api.ledger import tiles
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, parse_checkpoint, parse_note, sign_checkpoint
from casefile_api.ledger.cosignatures import CosignerKey
from tests.foreign.trees import GrownTree, every_size, random_tree
from tests.outside.client import Party, Sandbox

SOURCES = Path("/usr/share/gocode")
LARGEST = 600
Case = dict[str, Any]


class Go:
    """The checker, built once; Debian's golang-golang-x-mod-dev has the packages it uses."""

    def __init__(self, program: Path) -> None:
        self.program = program

    def said(self, cases: Iterable[Case]) -> list[str]:
        """What it says of each case: `ok`, or what is wrong."""
        lines = "".join(json.dumps(case) + "\n" for case in cases)
        ended = subprocess.run([self.program], input=lines, capture_output=True, text=True, check=True)
        return ended.stdout.splitlines()

    def wrong(self, cases: list[Case]) -> list[str]:
        said = self.said(cases)
        assert len(said) == len(cases)
        return [words for words in said if words != "ok"]


@pytest.fixture(scope="session")
def go(shared_folder: Path) -> Go:
    if shutil.which("go") is None or not (SOURCES / "src/golang.org/x/mod/sumdb/tlog").exists():
        pytest.skip("Go and Debian's golang-golang-x-mod-dev are not here")
    program = shared_folder / "go-checker"
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": str(SOURCES), "GOFLAGS": ""}
    environment.setdefault("GOCACHE", str(shared_folder / "go-cache")) if "HOME" not in environment else None
    command = ["go", "build", "-o", str(program), str(Path(__file__).parent / "go" / "main.go")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return Go(program)


def pymerkle_agrees(grown: GrownTree, case: Case) -> None:
    """Root, paths and growth as pymerkle has them, and ours accepted by its verifier."""
    other, size = InmemoryTree(algorithm="sha256"), grown.size
    for number in range(size):
        other.append_entry(grown.entry(number))
    root = grown.root(size)
    assert other.get_root(size) == root
    for at in (proof["number"] for proof in case["inclusion"]):
        theirs = other.prove_inclusion(at + 1, size)
        assert theirs.path[1:] == grown.inclusion(at, size)
        theirs.verify(grown.leaves[at], root, index=at + 1, size=size)
    for old in (proof["number"] for proof in case["growth"]):
        grew = other.prove_consistency(old, size)
        grew.verify(grown.root(old), root, prior_size=old, later_size=size)


def test_go_agrees_with_every_tree_up_to_300_its_proofs_and_its_tiles(go: Go) -> None:
    assert go.wrong(every_size(300)) == []


def test_go_and_pymerkle_agree_with_random_trees(go: Go) -> None:
    chance = random.Random(6962)
    made = [random_tree(chance, LARGEST) for _ in range(60)]

    assert go.wrong([case for _, case in made]) == []
    for grown, case in made[:20]:
        pymerkle_agrees(grown, case)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_go_and_pymerkle_agree_with_ten_thousand_random_trees(go: Go) -> None:
    chance = random.Random()
    for _ in range(100):
        made = [random_tree(chance, LARGEST) for _ in range(100)]
        assert go.wrong([case for _, case in made]) == []
        for grown, case in made:
            pymerkle_agrees(grown, case)


def altered(hashes: list[str]) -> list[str]:
    return [hashes[0][:-1] + ("0" if hashes[0][-1] != "0" else "1"), *hashes[1:]]


def test_go_refuses_what_was_altered_so_its_yes_means_something(go: Go) -> None:
    case = GrownTree("altered", 300).case(300, [7], [200], with_tiles=True)
    parts = ("inclusion", "growth")
    wrong = [
        {**case, "root": altered([case["root"]])[0]},
        {**case, "size": 299},
        *({**case, part: [{**case[part][0], "hashes": altered(case[part][0]["hashes"])}]} for part in parts),
        *({**case, part: [{**case[part][0], "number": 8}]} for part in parts),
        {**case, "tiles": {**case["tiles"], "0/000": case["tiles"]["0/001.p/44"]}},
    ]

    assert go.said([case]) == ["ok"]
    assert len(go.wrong(wrong)) == len(wrong)


def log_case(grown: GrownTree, note: str, keys: list[str], witnesses: list[str]) -> Case:
    case = grown.case(grown.size, [0, grown.size - 1], [1], with_tiles=True)
    return {**case, "note": note, "keys": keys, "witnesses": witnesses, "leaves": []}


def test_go_opens_checkpoints_of_two_keys_and_two_witnesses(go: Go) -> None:
    grown = GrownTree("signed", 280)
    signers = [SignerKey("casefile.example/log", Ed25519PrivateKey.generate()) for _ in range(2)]
    cosigners = [CosignerKey(f"w{number}.example", Ed25519PrivateKey.generate()) for number in range(2)]
    note = sign_checkpoint(Checkpoint(signers[0].name, 280, grown.root(280)), signers)
    lines = [cosigner.cosignature_line(parse_note(note).text, 1_790_000_000) for cosigner in cosigners]
    keys, witnesses = [key.verifier.text() for key in signers], [key.public.text() for key in cosigners]

    good = log_case(grown, note + "".join(lines), keys, witnesses)

    assert go.said([good]) == ["ok"]
    wrong = [
        {**good, "note": note + lines[0]},
        {**good, "note": (note + "".join(lines)).replace("\n280\n", "\n281\n")},
        {**good, "note": note + lines[0] + cosigners[1].cosignature_line("another\n", 1)},
    ]
    assert len(go.wrong(wrong)) == len(wrong)


def test_go_follows_the_log_of_the_running_service(go: Go, sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    officer.get("/v1/case-files")
    note = officer.get("/v1/audit-log/checkpoint").text
    size = parse_checkpoint(parse_note(note).text).tree_size

    assert size > 1 and go.said([served_log(officer, note, size)]) == ["ok"]


def served_log(party: Party, note: str, size: int) -> Case:
    """Everything that an auditor needs, as it is served: checkpoint, key, tiles, proofs."""
    log = "/v1/audit-log"
    paths = [tiles.tile_path(tile) for tile in tiles.tiles_of(size)]
    inclusion = [party.get(f"{log}/entries/{at}/inclusion-proof?tree_size={size}").json() for at in (0, size - 1)]
    growth = [party.get(f"{log}/consistency-proof?from={old}&to={size}").json() for old in (1, size // 2 + 1, size)]
    return {
        "size": size,
        "note": note,
        "keys": party.get(f"{log}/public-key").text.splitlines(),
        "tiles": {path: b64encode(party.get(f"{log}/tile/{path}").content).decode() for path in paths},
        "inclusion": [{"number": proof["leaf_index"], "hashes": proof["hashes"]} for proof in inclusion],
        "growth": [{"number": p["from"], "root": p["from_root"], "hashes": p["hashes"]} for p in growth],
    }
