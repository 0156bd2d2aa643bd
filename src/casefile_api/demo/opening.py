"""Chapter: both systems ask to be told, and Gloucestershire opens the case file."""

from casefile_api.demo.answers import check
from casefile_api.demo.case import new_urn, unfinished_content
from casefile_api.demo.digests import check_digest
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import CPS_UNIT, POLICE_UNIT, Stage
from casefile_api.demo.story import short


def play(stage: Stage) -> None:
    """Registers both webhook endpoints, opens the case file and shows that it is nobody else's yet."""
    listen(stage, stage.system("force-53-rms"), "police")
    listen(stage, stage.system("cps-south-west-cms"), "cps")
    keep_checkpoint(stage)
    open_case_file(stage)
    unknown_to_the_cps(stage)


def listen(stage: Stage, system: Party, mailbox: str) -> None:
    """Registers a receiver; it counts once it has answered a signed verification."""
    with stage.story.line(f"{system.name} registers a webhook endpoint and proves that it listens") as line:
        url = stage.receiver.url(mailbox)
        body = {"url": url, "event_types": ["*"], "description": "demonstration"}
        endpoint = system.post("/v1/webhook-endpoints", body).body
        stage.receiver.knows(mailbox, endpoint.text("secret"))
        stage.receiver.wait_for(mailbox, "webhook_endpoint.verification")
        line.outcome = "signature verified with the standardwebhooks library"


def keep_checkpoint(stage: Stage) -> None:
    """An early checkpoint of the log, against which the later log must be consistent."""
    with stage.story.line("The auditor keeps today's signed checkpoint of the log") as line:
        stage.progress.first_checkpoint = stage.auditor().get("/v1/audit-log/checkpoint").raw
        line.outcome = f"{stage.progress.first_checkpoint.decode().splitlines()[1]} entries so far"


def open_case_file(stage: Stage) -> None:
    """The case file with its first version."""
    officer, progress = stage.officer(), stage.progress
    body = {
        "urn": new_urn(),
        "cps_unit": CPS_UNIT,
        "crime_references": ["53/2026/004711"],
        "note": "opened",
        "content": unfinished_content(),
    }
    with stage.story.line(f"{officer.name} opens a case file") as line:
        opened = officer.post("/v1/case-files", body)
        view = opened.body
        progress.case_file_id, progress.version = view.text("id"), view.number("version.number")
        check(opened.headers["location"].endswith(progress.case_file), "Location does not name the case file.")
        check(view.at("content") == body["content"], "The content came back changed.")
        check(view.text("police_unit") == POLICE_UNIT, "The case file is not in the opener's unit.")
        line.outcome = f"{body['urn']}, version 1, digest {short(check_digest(view))} recomputed"
    with stage.story.line("The same URN cannot be opened twice"):
        officer.refused("POST", "/v1/case-files", 409, "already-exists", body)


def unknown_to_the_cps(stage: Stage) -> None:
    """Nothing was shared, so for the CPS there is nothing."""
    prosecutor = stage.prosecutor()
    with stage.story.line(f"{prosecutor.name} cannot see it: nothing has been shared yet"):
        prosecutor.refused("GET", stage.progress.case_file, 404, "not-found")
