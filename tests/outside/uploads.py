"""Bringing bytes to the store the way the contract tells an integrator to: declare, ask for URLs, PUT, complete."""

import time
from typing import Any

from tests.outside.client import Party
from tests.outside.files import EvidenceFile
from tests.outside.signing import sha256_hex

Json = Any
PARTS_ASKED_FOR_AT_ONCE = 100


def declare(party: Party, case_file_id: str, file: EvidenceFile, **changes: object) -> Json:
    """The attachment as declared, with the place to upload it to."""
    return party.post(f"/v1/case-files/{case_file_id}/attachments", file.declaration(**changes), expect=201).json()


def parts_of(file: EvidenceFile, part_size: int) -> dict[int, bytes]:
    """The file in numbered parts, counted from 1."""
    starts = range(0, max(file.size, 1), part_size)
    return {number: file.data[start : start + part_size] for number, start in enumerate(starts, start=1)}


def put(party: Party, part: Json, data: bytes) -> Any:
    """Sends one part straight to storage with the headers as given."""
    answer = party.sandbox.http.put(part["url"], content=data, headers=part["headers"])
    assert answer.status_code in (200, 204), f"storage answered {answer.status_code}: {answer.text[:500]}"
    return answer


def upload(party: Party, declared: Json, file: EvidenceFile, *, only: set[int] | None = None) -> None:
    """Uploads all parts, or only those numbered."""
    parts = parts_of(file, declared["upload"]["part_size"])
    assert len(parts) == declared["upload"]["part_count"], declared["upload"]
    wanted = [number for number in parts if only is None or number in only]
    for start in range(0, len(wanted), PARTS_ASKED_FOR_AT_ONCE):
        batch = wanted[start : start + PARTS_ASKED_FOR_AT_ONCE]
        asked = {"parts": [{"number": number, "sha256": sha256_hex(parts[number])} for number in batch]}
        given = party.post(f"/v1/attachments/{declared['id']}/upload", asked, expect=200).json()["parts"]
        assert [part["number"] for part in given] == batch
        for part in given:
            assert part["size"] == len(parts[part["number"]])
            put(party, part, parts[part["number"]])


def settled(party: Party, attachment_id: str, *, timeout: float = 60) -> Json:
    """The attachment once the worker has looked at it."""
    deadline = time.monotonic() + timeout
    while True:
        attachment = party.get(f"/v1/attachments/{attachment_id}").json()
        if attachment["status"] not in ("uploading", "verifying"):
            return attachment
        assert time.monotonic() < deadline, f"attachment still {attachment['status']} after {timeout} s"
        time.sleep(0.1)


def attach(party: Party, case_file_id: str, file: EvidenceFile, **changes: object) -> Json:
    """Declares, uploads, completes and waits: the attachment, available."""
    declared = declare(party, case_file_id, file, **changes)
    upload(party, declared, file)
    party.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    attachment = settled(party, declared["id"])
    assert attachment["status"] == "available", attachment
    return attachment


def download(party: Party, attachment_id: str) -> bytes:
    """The bytes, by way of the redirect."""
    answer = party.get(f"/v1/attachments/{attachment_id}/content", expect=307)
    fetched = party.sandbox.http.get(answer.headers["location"])
    assert fetched.status_code == 200, fetched.text[:500]
    return bytes(fetched.content)
