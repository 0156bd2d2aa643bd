"""Chapter: the evidence goes straight to storage, in one part or many, and a version names it."""

import hashlib

from casefile_api.demo import files
from casefile_api.demo.answers import View, check
from casefile_api.demo.case import material
from casefile_api.demo.digests import check_digest
from casefile_api.demo.files import EvidenceFile
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage
from casefile_api.demo.story import MEBIBYTE, short

STATEMENTS = (
    files.statement(1, "I live at the address. I had met Alex Invented twice before."),
    files.statement(2, "I am a friend of the complainant. She telephoned me at 00:40."),
)


def play(stage: Stage) -> None:
    """Two statements, a photograph and a film; then the version that names them."""
    officer = stage.officer()
    for evidence in (*STATEMENTS, files.photograph()):
        attach(stage, officer, evidence)
    attach_interrupted(stage, officer, files.recorded_interview())
    name_them(stage, officer)


def attach(stage: Stage, party: Party, evidence: EvidenceFile) -> str:
    """Declares, uploads and completes a file, and waits for the worker to have verified it."""
    size = len(evidence.data) / 1024
    with stage.story.line(f"{party.name} attaches {evidence.name} ({size:,.1f} KiB)") as line:
        declared = declare(stage, party, evidence)
        send_parts(stage, party, declared, evidence, {1})
        finish(stage, party, declared.text("id"))
        line.outcome = f"verified by reading it back: sha256 {short(evidence.sha256)}"
    return declared.text("id")


def attach_interrupted(stage: Stage, party: Party, evidence: EvidenceFile) -> None:
    """A large file in parts; the connection is lost after the first, and the upload goes on where it stood."""
    size = len(evidence.data) / MEBIBYTE
    with stage.story.line(f"{party.name} starts to upload {evidence.name} ({size:.0f} MiB) and is cut off") as line:
        declared = declare(stage, party, evidence)
        count = declared.number("upload.part_count")
        check(count > 1, "A film of more than 40 MB fits in one part.")
        send_parts(stage, party, declared, evidence, {1})
        party.refused("POST", f"/v1/attachments/{declared.text('id')}/complete", 409, "wrong-state")
        line.outcome = f"1 of {count} parts stored; completing it is refused, naming those that are missing"
    with stage.story.line("The upload goes on where it stood") as line:
        state = party.get(f"/v1/attachments/{declared.text('id')}/upload").body
        missing = {_number_of(item) for item in state.items("missing")}
        check(missing == set(range(2, count + 1)), "The service does not know which parts are missing.")
        send_parts(stage, party, declared, evidence, missing)
        finish(stage, party, declared.text("id"))
        line.outcome = f"{len(missing)} further parts, each with its own signed checksum; the whole hash verified"


def _number_of(item: View) -> int:
    return item.value if isinstance(item.value, int) else item.number("number")


def declare(stage: Stage, party: Party, evidence: EvidenceFile) -> View:
    """Tells the service what is coming."""
    path = f"{stage.progress.case_file}/attachments"
    declared = party.post(path, evidence.declaration()).body
    check(declared.text("status") == "uploading", f"{evidence.name} is not waiting for its bytes.")
    stage.progress.attachments[evidence.name] = declared.text("id")
    return declared


def send_parts(stage: Stage, party: Party, declared: View, evidence: EvidenceFile, numbers: set[int]) -> None:
    """Asks for presigned addresses and sends these parts there."""
    part_size = declared.number("upload.part_size")
    parts = {number: evidence.data[(number - 1) * part_size : number * part_size] for number in sorted(numbers)}
    asked = [{"number": number, "sha256": hashlib.sha256(part).hexdigest()} for number, part in parts.items()]
    given = party.post(f"/v1/attachments/{declared.text('id')}/upload", {"parts": asked}, expect=200).body
    for part in given.items("parts"):
        headers = {name: str(value) for name, value in part.mapping("headers").items()}
        stage.wire.storage("PUT", part.text("url"), data=parts[part.number("number")], headers=headers)


def finish(stage: Stage, party: Party, attachment_id: str) -> None:
    """Completes an upload and waits for the word that it is available."""
    party.post(f"/v1/attachments/{attachment_id}/complete", expect=202)
    stage.receiver.wait_for("police", "attachment.available", attachment_id=attachment_id)
    status = party.get(f"/v1/attachments/{attachment_id}").body.text("status")
    check(status == "available", f"An attachment announced as available is {status}.")


def name_them(stage: Stage, officer: Party) -> None:
    """Version 2: the same content with its material."""
    attached, progress = stage.progress.attachments, stage.progress
    with stage.story.line(f"{officer.name} adds version 2, which names all four files") as line:
        seen = officer.get(progress.case_file)
        items = [
            material("m1", "MF/1", "MG11", "Complainant's statement", [attached["statement-1.pdf"]]),
            material("m2", "MF/2", "MG11", "Friend's statement", [attached["statement-2.pdf"]]),
            material("m3", "RF/1", "OTHER_EXHIBIT", "Photograph of the scarf", [attached["exhibit-rf-1.png"]]),
        ]
        film = material("m4", "ABE/1", "ABE_RECORDING", "Recorded interview", [attached["abe-interview.mp4"]])
        content = seen.body.mapping("content") | {"material": [*items, film]}
        body = {"content": content, "note": "Evidence gathered so far"}
        view = officer.post(f"{progress.case_file}/versions", body, if_match=seen.etag).body
        progress.version = view.number("version.number")
        check(progress.version == 2 and len(view.items("version.attachments")) == 4, "Version 2 lacks its attachments.")
        line.outcome = f"digest {short(check_digest(view))} covers the hashes of all four"
    with stage.story.line("A colleague who still holds the old tag is refused, and loses nothing"):
        officer.call("POST", f"{progress.case_file}/versions", body, expect=412, headers={"If-Match": seen.etag})
