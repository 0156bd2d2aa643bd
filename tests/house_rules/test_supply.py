"""The bill of materials is whole and valid, and the audit finds what it is there to find."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from supply import audit, bill
from supply.locked import DEVELOPMENT, RUNTIME, LockedPackage, NotPinned, read_lock

HASH = "a" * 64
WITHOUT_EXTRA = "pytest-cov needs coverage[toml], pinned without that extra"
LOCK = f"one==1.2 \\\n    --hash=sha256:{HASH}\n    # via casefile-api (pyproject.toml)\n"
LOCK += f"two==3 ; sys_platform == 'win32' \\\n    --hash=sha256:{HASH}\n"
LOCK += "    # via\n    #   -c requirements.lock\n    #   one\n"


def test_a_lock_is_read_with_hashes_and_what_brought_each_in() -> None:
    assert read_lock(LOCK) == [
        LockedPackage("one", "1.2", (HASH,), ("casefile-api",)),
        LockedPackage("two", "3", (HASH,), ("one",)),
    ]


def test_the_bill_is_valid_and_names_all_that_is_delivered_with_its_licence_and_hashes() -> None:
    text = bill.bill_of(RUNTIME.read_text())
    bill.check_bill(text)
    told = json.loads(text)

    delivered = {package.name: package.version for package in read_lock(RUNTIME.read_text())}
    assert {one["name"]: one["version"] for one in told["components"]} == delivered and len(delivered) > 60
    assert all(one["externalReferences"][0]["hashes"] for one in told["components"])
    installed = {package.name for package in read_lock(RUNTIME.read_text()) if package.installed_version}
    assert installed <= {one["name"] for one in told["components"] if one.get("licenses")}
    needs = {one["ref"]: one.get("dependsOn", []) for one in told["dependencies"]}
    assert any(ref.startswith("pkg:pypi/fastapi@") for ref in needs["casefile-api"])


def test_a_bill_that_is_none_is_found() -> None:
    with pytest.raises(bill.NotABill):
        bill.check_bill('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x"}]}')


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_everything_is_pinned_with_hashes_and_installed_as_pinned(lock: Any) -> None:
    assert list(audit.faults_of_lock(lock.read_text())) == []


def test_everything_that_is_delivered_is_under_a_licence_that_is_taken() -> None:
    told = audit.tomllib.loads(audit.ACCEPTED.read_text())

    assert list(audit.faults_of_licences(read_lock(RUNTIME.read_text()), frozenset(told["licences"]))) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda lock: lock.replace("one==1.2", "one>=1.2"), "one>=1.2 is not pinned to a version"),
        (lambda lock: lock.replace(f"--hash=sha256:{HASH}", "", 1), "one is pinned without a hash"),
        (lambda lock: lock.replace("one==1.2", "pytest==0.1"), "pytest 0.1 is pinned and"),
        (lambda lock: lock.replace("two==3", "coverage==3").replace("one==1.2", "pytest-cov==7.1.0"), WITHOUT_EXTRA),
    ],
)
def test_what_is_wrong_with_a_lock_is_said(spoil: Callable[[str], str], fault: str) -> None:
    assert [found for found in audit.faults_of_lock(spoil(LOCK)) if fault in found]


def test_a_line_without_a_version_is_no_lock() -> None:
    with pytest.raises(NotPinned, match="one"):
        read_lock("one\n")


@pytest.mark.parametrize(
    ("licence", "taken"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("", False),
        (None, False),
    ],
)
def test_of_a_choice_of_licences_one_that_is_taken_is_enough(licence: str | None, taken: bool) -> None:
    assert audit.may_be_used(licence, frozenset({"MIT", "Apache-2.0"})) is taken


def advisory(**affected: Any) -> dict[str, Any]:
    about = {"package": {"ecosystem": "PyPI", "name": "One"}, **affected}
    return {"id": "X-1", "aliases": ["CVE-1"], "affected": [about]}


def between(*events: dict[str, str]) -> dict[str, Any]:
    return advisory(ranges=[{"type": "ECOSYSTEM", "events": list(events)}])


@pytest.mark.parametrize(
    ("about", "found"),
    [
        (advisory(versions=["1.2"]), True),
        (advisory(versions=["1.3"]), False),
        (between({"introduced": "0"}, {"fixed": "1.3"}), True),
        (between({"introduced": "0"}, {"fixed": "1.2"}), False),
        (between({"introduced": "1.2"}, {"last_affected": "1.2"}), True),
        (between({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.1"}), True),
        (between({"introduced": "1.10"}), False),
        (advisory(versions=["1.2"]) | {"withdrawn": "2026-01-01T00:00:00Z"}, False),
        (advisory(versions=["1.2"]) | {"aliases": ["KNOWN"]}, False),
    ],
)
def test_an_advisory_is_held_against_what_is_pinned(about: dict[str, Any], found: bool) -> None:
    assert bool(list(audit.faults_by_advisories(read_lock(LOCK), [about], frozenset({"KNOWN"})))) is found
