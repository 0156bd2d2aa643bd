"""Recomputes version digests as a receiver would: RFC 8785 and SHA-256, from what the API answered and nothing else."""

from collections.abc import Iterable
from typing import Any

import rfc8785

from tests.outside.signing import sha256_hex

View = dict[str, Any]


def digest_of(view: View) -> str:
    """The digest a case-file view must have."""
    version = view["version"]
    covered = {
        "attachments": version["attachments"],
        "case_file_id": view["id"],
        "content": view["content"],
        "number": version["number"],
        "parent_digest": version["parent_digest"],
        "salt": version["salt"],
    }
    return "sha256:" + sha256_hex(rfc8785.dumps(covered))


def check_version(view: View) -> None:
    """The digest is right, the salt is one, and the attachments are exactly those the content's material names."""
    version = view["version"]
    assert version["digest"] == digest_of(view), f"version {version['number']} does not have the digest it states"
    assert len(version["salt"]) == 32 and set(version["salt"]) <= set("0123456789abcdef"), version["salt"]
    named = {attachment for item in view["content"].get("material", []) for attachment in item["attachment_ids"]}
    stated = [attachment["id"] for attachment in version["attachments"]]
    assert stated == sorted(named), "version.attachments are not the distinct named ones, sorted by id"
    assert all(set(attachment) == {"id", "sha256", "size"} for attachment in version["attachments"])


def check_chain(views: Iterable[View]) -> None:
    """Whole history from version 1: numbers without gaps, each naming its parent's digest."""
    parent: str | None = None
    for expected_number, view in enumerate(views, start=1):
        check_version(view)
        assert view["version"]["number"] == expected_number, "a version number was skipped or doubled"
        assert view["version"]["parent_digest"] == parent, f"version {expected_number} does not name its parent"
        parent = view["version"]["digest"]
