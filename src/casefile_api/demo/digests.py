"""A receiver's own reckoning of a version's digest (RFC 8785, SHA-256), from nothing but the answer itself."""

import hashlib

import rfc8785

from casefile_api.demo.answers import View, check


def check_digest(case_file: View) -> str:
    """Ends the story unless the version's digest is that of its content, attachments and place in the history."""
    covered = {
        "attachments": case_file.at("version.attachments"),
        "case_file_id": case_file.at("id"),
        "content": case_file.at("content"),
        "number": case_file.at("version.number"),
        "parent_digest": case_file.at("version.parent_digest"),
        "salt": case_file.at("version.salt"),
    }
    reckoned = "sha256:" + hashlib.sha256(rfc8785.dumps(covered)).hexdigest()  # type: ignore[arg-type]
    number = case_file.number("version.number")
    check(reckoned == case_file.text("version.digest"), f"The digest of version {number} is not that of its content.")
    return reckoned
