"""Chapter: a supervisor, never the officer alone, endorses one version and submits it; the CPS is told."""

from casefile_api.demo.answers import View, check
from casefile_api.demo.digests import check_digest
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage
from casefile_api.demo.story import short


def play(stage: Stage) -> None:
    """The endorsement, its receipt, and the webhook at the other side."""
    officer, supervisor = stage.officer(), stage.supervisor()
    with stage.story.line(f"{officer.name} may not endorse the file: that is a supervisor's act"):
        body = {"endorsement": "Endorsed.", "version": stage.progress.version}
        officer.refused("POST", f"{stage.progress.request}/submit", 403, "not-permitted", body)
    submit(stage, supervisor, "I have read the file and endorse it.")
    told(stage)


def submit(stage: Stage, supervisor: Party, endorsement: str) -> View:
    """Endorses the newest version and checks the receipt against what was read."""
    progress = stage.progress
    with stage.story.line(f"{supervisor.name} endorses version {progress.version} and submits it") as line:
        read = supervisor.get(progress.case_file).body
        body = {"endorsement": endorsement, "version": progress.version}
        request = supervisor.step(progress.request, "submit", body).body
        receipt = View(request.at("receipt"))
        check(request.text("state") == "submitted" and request.text("with") == "cps", "The request did not move.")
        check(receipt.text("digest") == check_digest(read), "The receipt is for another version than was read.")
        hashes = {item.text("id"): item.text("sha256") for item in read.items("version.attachments")}
        receipted = {item.text("id"): item.text("sha256") for item in receipt.items("attachments")}
        check(receipted == hashes, "The receipt does not name the attachments that were sent.")
        progress.receipts.append(receipt)
        line.outcome = (
            f"receipt: {short(receipt.text('digest'))}, {len(hashes)} files, leaf {short(receipt.text('leaf_hash'))}"
        )
    return request


def told(stage: Stage) -> None:
    """The CPS hears of it by a signed webhook that carries ids and states, and no person."""
    progress = stage.progress
    with stage.story.line("The CPS system is told by signed webhook, and looks for itself") as line:
        ids = {"case_file_id": progress.case_file_id, "early_advice_request_id": progress.request_id}
        event = stage.receiver.wait_for("cps", "early_advice.submitted", **ids)
        stage.receiver.wait_for("cps", "case_file.version_shared", version=progress.version)
        view = stage.system("cps-south-west-cms").get(progress.case_file).body
        check(view.number("version.number") == progress.version, "The CPS sees another version than was shared.")
        check_digest(view)
        line.outcome = f"sequence {event.number('data.sequence')}; version {progress.version} read, digest recomputed"
    with stage.story.line("It sees what was shared, and none of the versions before"):
        stage.assistant().refused("GET", f"{progress.case_file}/versions/1", 404, "not-found")
