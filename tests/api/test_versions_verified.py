"""Versions of case files altered, removed or moved: found and named."""

from collections.abc import Iterator
from typing import Any

import pytest

from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.audit.version_verification import _UNTOLD
from casefile_api.vault import Vault
from tests.api.verified_log import VerifiedLog


@pytest.mark.parametrize(
    "damage",
    [
        "update case_file_version set body = set_byte(body, 30, get_byte(body, 30) # 1) where number = 2",
        "update case_file_version set digest = 'sha256:' || repeat('0', 64) where number = 3",
        "update case_file_version set salt = repeat('0', 32) where number = 3",
        "update case_file_version set parent_digest = 'sha256:' || repeat('0', 64) where number = 3",
        'update case_file_version set attachments = \'[{"id":"x"}]\' where number = 3',
        "delete from case_file_version where number = 2",
        "delete from case_file_version where number = 3",
    ],
)
async def test_an_altered_or_removed_version_is_named(log: VerifiedLog, damage: str) -> None:
    number = damage[-1]
    log.tamper(damage)

    assert f"version {number} of case file {log.case}" in await log.named()


async def test_a_version_removed_with_its_count_is_named_by_the_log(log: VerifiedLog) -> None:
    log.tamper("delete from case_file_version where number = 3")
    log.tamper("update case_file set newest_number = 2")

    assert await log.named() == {f"version 3 of case file {log.case}"}


async def test_versions_that_changed_places_are_named(log: VerifiedLog) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        log.tamper("update case_file_version set number = %s where number = %s", new, old)

    assert {f"version {n} of case file {log.case}" for n in (2, 3)} <= await log.named()


async def test_a_whole_case_file_removed_is_named(log: VerifiedLog) -> None:
    log.tamper("delete from case_file_version")
    log.tamper("delete from case_file")

    assert {f"version {n} of case file {log.case}" for n in (1, 2, 3)} <= await log.named()


async def test_a_case_whose_key_was_taken_out_by_hand_is_named(log: VerifiedLog) -> None:
    keys = log.rows("select case_file_id, wrapped_key from case_key")
    log.tamper("delete from case_key")
    try:
        assert {f"version {number} of case file {log.case}" for number in (1, 2, 3)} <= await named_afresh(log)
    finally:
        log.tamper("insert into case_key values (%s, %s)", *keys[0])


async def named_afresh(log: VerifiedLog) -> set[str]:
    """What a verification finds that knows no key from before."""
    believed = await believed_beside(log.database, log.settings)
    report = await verify_database(log.database, Vault(b"v" * 32), believed)
    return {f"{found.kind} {found.name}" for found in report.findings}


async def test_a_version_whose_entry_never_reached_the_tree_is_named(log: VerifiedLog) -> None:
    """An entry taken out together with its place in the queue leaves no gap in the log, but the version stands."""
    entry = log.rows("select id from audit_entry where action = 'add_version' limit 1")[0][0]
    log.tamper("alter table audit_leaf drop constraint if exists audit_leaf_entry_id_fkey")
    log.tamper("delete from audit_entry where id = %s", entry)

    found = (await log.verify()).findings

    assert ("version", "no entry of the log says that it was written") in {(each.kind, each.wrong) for each in found}


async def test_whether_a_version_was_written_is_asked_of_each_entry_once(log: VerifiedLog) -> None:
    """A case file may have any number of versions: it is not asked of each version and each entry of its case."""
    [(plan,)] = log.rows(f"explain (format json) {_UNTOLD.text}")
    whole = plan[0]["Plan"]
    [told] = [node for node in nodes(whole) if node.get("Subplan Name") == "CTE told"]
    assert entries_read(told) == entries_read(whole) > 0
    assert not any(node.get("Parent Relationship") == "SubPlan" for node in nodes(whole) if entries_read(node))


def entries_read(plan: dict[str, Any]) -> int:
    return sum(str(node.get("Relation Name")).startswith("audit_entry") for node in nodes(plan))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
