"""The whole way of a file: hashed, declared, sent in parts, completed, and found good by the service.

It can be broken off anywhere. What was declared is found again by the note kept here, or else by asking the service
for an unfinished upload with the same hash; what has arrived is what storage says.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from casefile_api.client.calls import Calls, Json
from casefile_api.client.endings import Ending, Refused, TransferFailed
from casefile_api.client.hashing import Hashing, place_of
from casefile_api.client.links import Links, repeatable
from casefile_api.client.local import Hashes, LocalFile
from casefile_api.client.notes import Note, Notes
from casefile_api.client.sending import Sending
from casefile_api.client.showing import Showing

_LONGEST_LOOK_SECONDS = 5.0
_ROUNDS = 10
_GOES_ON = ("uploading", "verifying", "available")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said of the file: the members of its declaration beside name, size and hash."""

    case_file_id: str
    kind: str
    media_type: str
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Uploading:
    """Brings files of one caller to their cases."""

    calls: Calls
    sending: Sending
    notes: Notes
    showing: Showing

    def bring(self, file: LocalFile, wanted: Wanted, *, begun: Hashing | None = None, wait: bool = True) -> Json:
        """Bring one file; returns the attachment as the service has it. Raises TransferFailed otherwise."""
        place = place_of(self.calls.url, wanted.case_file_id, wanted.kind)
        hashing = begun or Hashing.begin(self.notes, place, file)
        self.showing.begin(f"hashing {file.path.name}", file.size)
        # Said while the file is hashed: a token is had, and who is not let in need not wait for the hash to hear it.
        own = self.calls.get("/v1/me")["organisation"]
        note, hashes = hashing.ended(self.notes, self.showing.advance)
        attachment = self._found(note, wanted, own) or self._declared(file, note, wanted)
        note = self.notes.keep(place, note, attachment_id=attachment["id"])
        attachment = self._sent(file, attachment, hashes)
        if wait:
            attachment = self._decided(attachment)
        if attachment["status"] != "uploading":
            self.notes.drop(place, note)
        return _expect_good(file, attachment)

    def _found(self, note: Note, wanted: Wanted, own: str) -> Json | None:
        """The attachment that was begun: by the note, or as an upload of the same bytes by the same organisation."""
        if note.attachment_id:
            try:
                attachment = self.calls.get(f"/v1/attachments/{note.attachment_id}")
                return attachment if attachment["status"] in _GOES_ON else None
            except Refused as refused:
                if refused.code != "not-found":
                    raise
        for item in self.calls.items(f"/v1/case-files/{wanted.case_file_id}/attachments"):
            same = (item["sha256"], item["size"], item["kind"]) == (note.sha256, note.size, wanted.kind)
            if same and item["organisation"] == own and item["status"] in _GOES_ON:
                return self.calls.get(f"/v1/attachments/{item['id']}")
        return None

    def _declared(self, file: LocalFile, note: Note, wanted: Wanted) -> Json:
        body = {
            "file_name": file.path.name,
            "media_type": wanted.media_type,
            "size": file.size,
            "sha256": note.sha256,
            "kind": wanted.kind,
            **wanted.more,
        }
        # Killed before the answer came, it says the same again, and gets the same attachment.
        key = repeatable(note.key, note.attachment_id, json.dumps(body, sort_keys=True))
        return self.calls.post(f"/v1/case-files/{wanted.case_file_id}/attachments", body, key=key)

    def _sent(self, file: LocalFile, attachment: Json, hashes: Hashes | None) -> Json:
        """Send what is missing and say that all was sent, until the service finds nothing missing."""
        path = f"/v1/attachments/{attachment['id']}"
        for _ in range(_ROUNDS):
            if attachment["status"] != "uploading":
                return attachment
            if attachment["same_as"]:
                # These bytes are in the case already, as another kind of document: the service copies them.
                attachment = self.calls.post(f"{path}/complete", key=str(uuid.uuid4()))
                continue
            upload = self.calls.get(f"{path}/upload")
            self.showing.begin(f"sending {file.path.name}", file.size, upload["received_bytes"])
            self._send_parts(file, upload, upload["missing"], hashes)
            file.expect_unchanged()
            try:
                attachment = self.calls.post(f"{path}/complete", key=str(uuid.uuid4()))
            except Refused as refused:
                again = refused.problem.get("missing_parts")
                if not isinstance(again, list):
                    raise
                self._send_parts(file, upload, again, hashes)
        raise TransferFailed(f"Parts of {file.path} keep going missing in the store.", Ending.REFUSED)

    def _send_parts(self, file: LocalFile, upload: Json, numbers: list[int], hashes: Hashes | None) -> None:
        self.sending.send(file, Links(self.calls, file, upload, numbers, hashes), numbers)

    def _decided(self, attachment: Json) -> Json:
        """Wait until the service has read the file back."""
        pause = 0.1
        self.showing.begin("waiting for the service to read it back")
        while attachment["status"] == "verifying":
            time.sleep(pause)
            pause = min(_LONGEST_LOOK_SECONDS, pause * 1.5)
            attachment = self.calls.get(f"/v1/attachments/{attachment['id']}")
        return attachment


def _expect_good(file: LocalFile, attachment: Json) -> Json:
    if attachment["status"] == "rejected":
        reason = attachment["rejection"]
        sentence = f"{file.path} was rejected ({reason['code']}): {reason['detail']}"
        raise TransferFailed(sentence, Ending.REJECTED)
    if attachment["status"] == "deleted":
        raise TransferFailed(f"{file.path} was deleted from the case in the meantime.", Ending.REFUSED)
    return attachment
