"""Versions as bytes: numbering, canonical bytes, digest. Pure.

A version is stored as the canonical bytes that its digest covers (RFC 8785), and its content is served as the slice of
them that it is: nothing is re-built, so what was hashed is what is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from casefile_api.canonical import canonical_json, sha256_hex
from casefile_api.identifiers import random_hex


@dataclass(frozen=True, slots=True)
class SealedVersion:
    """A version that can change no more: `body` is what the digest covers."""

    number: int
    digest: str
    parent_digest: str | None
    salt: str
    attachments: list[dict[str, Any]]
    body: bytes

    @property
    def content(self) -> bytes:
        """Return the content's canonical bytes."""
        return content_of(self.body, self.attachments)


def digest_of(body: bytes) -> str:
    """Return the digest of a version's canonical bytes."""
    return f"sha256:{sha256_hex(body)}"


def seal_version(
    case_file_id: UUID,
    content: Mapping[str, Any],
    attachments: Sequence[Mapping[str, Any]],
    *,
    number: int,
    parent_digest: str | None,
) -> SealedVersion:
    """Make a version of a content; `attachments` are `{id, sha256, size}` as declared, distinct."""
    named = sorted(({name: item[name] for name in ("id", "sha256", "size")} for item in attachments), key=_by_id)
    salt = random_hex(16)
    body = canonical_json(
        {
            "attachments": named,
            "case_file_id": str(case_file_id),
            "content": content,
            "number": number,
            "parent_digest": parent_digest,
            "salt": salt,
        }
    )
    return SealedVersion(number, digest_of(body), parent_digest, salt, named, body)


def content_of(body: bytes, attachments: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the slice of a version's canonical bytes that is its content.

    Members are in canonical order, so all that comes before the content is known, and so is all that follows it.
    """
    start = len(b'{"attachments":') + len(canonical_json(list(attachments))) + len(b',"case_file_id":"",') + 36
    opening = b'"content":'
    if body[start : start + len(opening)] != opening:
        raise RuntimeError("these are not the canonical bytes of a version")
    return body[start + len(opening) : body.rindex(b',"number":')]


def _by_id(item: Mapping[str, Any]) -> str:
    return str(item["id"])
