"""The tree and its proofs, held against RFC 6962's own recursive words, its known vectors, and pymerkle."""

import random
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, InvalidProof

from casefile_api.ledger import tree
from casefile_api.ledger.tree import Node, ProofError

LARGEST = 300
ENTRIES = [b"entry %d" % number for number in range(LARGEST)]
LEAVES = tuple(tree.leaf_hash(entry) for entry in ENTRIES)

# Inputs and roots of the Certificate Transparency reference implementation's own tests.
CT_INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@cache
def rfc_root(start: int, end: int) -> bytes:
    """MTH(D[start:end]) as RFC 6962 2.1 writes it."""
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return sha256(b"\x00" + ENTRIES[start]).digest()
    middle = start + rfc_split(end - start)
    return sha256(b"\x01" + rfc_root(start, middle) + rfc_root(middle, end)).digest()


def rfc_split(width: int) -> int:
    power = 1
    while power * 2 < width:
        power *= 2
    return power


def rfc_path(index: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 2.1.1."""
    if end - start == 1:
        return []
    middle = start + rfc_split(end - start)
    if index < middle:
        return [*rfc_path(index, start, middle), rfc_root(middle, end)]
    return [*rfc_path(index, middle, end), rfc_root(start, middle)]


def rfc_subproof(old: int, start: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 2.1.2."""
    if old == end:
        return [] if whole else [rfc_root(start, end)]
    middle = start + rfc_split(end - start)
    if old <= middle:
        return [*rfc_subproof(old, start, middle, whole), rfc_root(middle, end)]
    return [*rfc_subproof(old, middle, end, False), rfc_root(start, middle)]


def read(node: Node) -> bytes:
    return rfc_root(node.number << node.level, (node.number + 1) << node.level)


def inclusion(index: int, size: int) -> list[bytes]:
    return tree.carry_out(tree.inclusion_plan(index, size), read)


def consistency(old: int, new: int) -> list[bytes]:
    return tree.carry_out(tree.consistency_plan(old, new), read)


def test_the_roots_are_those_of_the_certificate_transparency_vectors() -> None:
    hashes = [tree.leaf_hash(data) for data in CT_INPUTS]

    assert [tree.root_of(hashes[:size]).hex() for size in range(1, 9)] == list(CT_ROOTS)
    assert tree.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_root_up_to_300_is_that_of_the_rfc_and_of_pymerkle() -> None:
    other = InmemoryTree(algorithm="sha256")
    for size in range(1, LARGEST + 1):
        other.append_entry(ENTRIES[size - 1])

        assert tree.root_of(LEAVES[:size]) == rfc_root(0, size) == other.get_root(size)
        assert tree.fold([read(node) for node in tree.root_plan(size)]) == rfc_root(0, size)


def test_every_audit_path_up_to_300_is_that_of_the_rfc_and_leads_to_the_root() -> None:
    for size in range(1, LARGEST + 1):
        for index in range(0, size, 1 if size < 70 else 7):
            hashes = inclusion(index, size)

            assert hashes == rfc_path(index, 0, size)
            tree.verify_inclusion(LEAVES[index], index, size, rfc_root(0, size), hashes)


def test_every_consistency_proof_up_to_300_is_that_of_the_rfc_and_holds() -> None:
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1, 1 if new < 70 else 7):
            hashes = consistency(old, new)

            assert hashes == rfc_subproof(old, 0, new, True)
            tree.verify_consistency(old, new, rfc_root(0, old), rfc_root(0, new), hashes)


def test_pymerkle_proves_and_verifies_the_same_at_random_places() -> None:
    other = InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        other.append_entry(entry)
    chance = random.Random(6962)

    for _ in range(1000):
        size = chance.randint(1, LARGEST)
        index, old = chance.randrange(size), chance.randint(1, size)
        theirs = other.prove_inclusion(index + 1, size)
        assert theirs.path[1:] == inclusion(index, size)
        theirs.verify(LEAVES[index], tree.root_of(LEAVES[:size]), index=index + 1, size=size)
        grown = other.prove_consistency(old, size)
        grown.verify(tree.root_of(LEAVES[:old]), tree.root_of(LEAVES[:size]), prior_size=old, later_size=size)
        with pytest.raises(InvalidProof):
            grown.verify(tree.leaf_hash(b"other"), tree.root_of(LEAVES[:size]))


def test_a_proof_needs_few_nodes_however_large_the_tree() -> None:
    size = 5_000_000

    for index in (0, 1, size // 2, size - 1):
        assert sum(len(span) for span in tree.inclusion_plan(index, size)) < 50
    assert sum(len(span) for span in tree.consistency_plan(size // 3, size)) < 50


@given(st.integers(1, LARGEST), st.data())
@settings(max_examples=300, deadline=None)
def test_an_inclusion_proof_changed_anywhere_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes, leaf, root = inclusion(index, size), LEAVES[index], rfc_root(0, size)
    wrong = tree.leaf_hash(b"never appended")
    changed = [
        (wrong, index, size, root, hashes),
        (leaf, index, size, wrong, hashes),
        (leaf, size, size, root, hashes),
        (leaf, -1, size, root, hashes),
        (leaf, index, size, root, [*hashes, wrong]),
        *[(leaf, index, size, root, hashes[:at]) for at in range(len(hashes))],
        *[(leaf, index, size, root, [*hashes[:at], wrong, *hashes[at + 1 :]]) for at in range(len(hashes))],
    ]

    for arguments in changed:
        with pytest.raises(ProofError):
            tree.verify_inclusion(*arguments)


@given(st.integers(1, LARGEST), st.data())
@settings(max_examples=300, deadline=None)
def test_a_consistency_proof_changed_anywhere_is_refused(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    hashes, old_root, new_root = consistency(old, new), rfc_root(0, old), rfc_root(0, new)
    wrong = tree.leaf_hash(b"never appended")
    changed = [
        (old, new, wrong, new_root, hashes),
        (old, new, old_root, wrong, hashes),
        (new + 1, new, old_root, new_root, hashes),
        (old, new, old_root, new_root, [*hashes, wrong]),
        *[(old, new, old_root, new_root, hashes[:at]) for at in range(len(hashes))],
        *[(old, new, old_root, new_root, [*hashes[:at], wrong, *hashes[at + 1 :]]) for at in range(len(hashes))],
    ]

    for arguments in changed:
        with pytest.raises(ProofError):
            tree.verify_consistency(*arguments)


def test_everything_continues_the_empty_tree_and_nothing_else_does() -> None:
    tree.verify_consistency(0, 7, tree.EMPTY_ROOT, rfc_root(0, 7), [])

    with pytest.raises(ProofError):
        tree.verify_consistency(0, 7, rfc_root(0, 1), rfc_root(0, 7), [])
    with pytest.raises(ProofError):
        tree.verify_consistency(0, 7, tree.EMPTY_ROOT, rfc_root(0, 7), [rfc_root(0, 1)])


def test_no_proof_is_planned_for_sizes_that_cannot_be() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 3)):
        with pytest.raises(ProofError):
            tree.inclusion_plan(index, size)
    with pytest.raises(ProofError):
        tree.consistency_plan(4, 3)
