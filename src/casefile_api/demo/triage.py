"""Chapter: the CPS returns the file with reasons, the police mend it, and it passes both gates."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from casefile_api.demo import files
from casefile_api.demo.answers import View, check
from casefile_api.demo.case import material
from casefile_api.demo.endorsing import submit
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import CPS_UNIT, Stage
from casefile_api.demo.uploading import attach

REVIEW = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}


def in_days(days: int) -> str:
    """A date from today, as the parties' calendars have it."""
    return (datetime.now(ZoneInfo("Europe/London")).date() + timedelta(days=days)).isoformat()


def play(stage: Stage) -> None:
    """Returned, resubmitted, accepted, approved, allocated."""
    assistant = stage.assistant()
    find_in_queue(stage, assistant)
    give_back(stage, assistant)
    resubmit(stage)
    accept(stage, assistant)
    approve_and_allocate(stage)


def find_in_queue(stage: Stage, assistant: Party) -> None:
    """The unit's queue."""
    with stage.story.line(f"{assistant.name} finds the request in the unit's queue") as line:
        queue = assistant.get(f"/v1/early-advice-requests?unit={CPS_UNIT}&state=submitted").body.items("items")
        found = [item for item in queue if item.text("id") == stage.progress.request_id]
        check(len(found) == 1, "The request is not in the queue of the unit it was sent to.")
        clocks = {clock.text("kind"): clock.text("due_at") for clock in found[0].items("clocks")}
        check({"advice", "triage"} <= set(clocks), "The CPS clocks did not start on receipt.")
        line.outcome = f"advice due {clocks['advice']}, triage due {clocks['triage']}"


def give_back(stage: Stage, assistant: Party) -> None:
    """A coded reason and a date."""
    with stage.story.line(f"{assistant.name} returns it: no summary of interview") as line:
        reason = {"code": "NO_SUMMARY_OF_INTERVIEW", "detail": "The suspect's account is one sentence."}
        body = REVIEW | {"reasons": [reason], "response_due_on": in_days(7)}
        request = assistant.step(stage.progress.request, "return", body).body
        check(request.text("state") == "returned" and request.text("with") == "police", "It is not with the police.")
        stage.receiver.wait_for("police", "early_advice.returned", early_advice_request_id=stage.progress.request_id)
        line.outcome = f"the police are told by webhook and have until {in_days(7)}"


def resubmit(stage: Stage) -> None:
    """A new version with the summary, endorsed again."""
    officer, progress = stage.officer(), stage.progress
    lines = ("Alex Invented said that the complainant had asked him in.", "He could not say when she had done so.")
    data = files.pdf(["SHORT DESCRIPTIVE NOTE OF INTERVIEW (MG15)", "", *lines])
    note = files.EvidenceFile("interview-note.pdf", "application/pdf", "MG15(SDN)", "Interview of s1", data)
    attachment_id = attach(stage, officer, note)
    with stage.story.line(f"{officer.name} adds a version with the summary of interview") as line:
        add_material(stage, officer, material("m5", "MF/3", "MG15(SDN)", "Note of interview", [attachment_id]))
        line.outcome = f"version {progress.version}"
    submit(stage, stage.supervisor(), "The summary of interview is now there.")


def add_material(stage: Stage, officer: Party, item: dict[str, object]) -> View:
    """A new version with one more item of material."""
    progress = stage.progress
    seen = officer.get(progress.case_file)
    content = seen.body.mapping("content")
    content["material"] = [entry.value for entry in seen.body.items("content.material")] + [item]
    body = {"content": content, "note": "Further material"}
    view = officer.post(f"{progress.case_file}/versions", body, if_match=seen.etag).body
    progress.version = view.number("version.number")
    return view


def accept(stage: Stage, assistant: Party) -> None:
    """The first gate, seen through a lost answer: the same key gives the same answer again."""
    with stage.story.line(f"{assistant.name} accepts the resubmission; it goes to the second gate") as line:
        path, tag = stage.progress.request, assistant.get(stage.progress.request).etag
        headers = {"If-Match": tag, "Idempotency-Key": f"accept-{stage.progress.request_id}"}
        first = assistant.call("POST", f"{path}/accept", REVIEW, expect=200, headers=headers)
        check(first.body.text("state") == "manager_review", "A RASSO request did not go to the legal manager.")
        again = assistant.call("POST", f"{path}/accept", REVIEW, expect=200, headers=headers)
        check(again.headers.get("idempotent-replayed") == "true", "A retried call was not recognised.")
        check(again.body.text("state") == first.body.text("state"), "A retried call got another answer.")
        line.outcome = "sent twice with one Idempotency-Key: done once, answered twice"


def approve_and_allocate(stage: Stage) -> None:
    """The second gate, and a name for the work."""
    manager, prosecutor = stage.manager(), stage.prosecutor()
    with stage.story.line(f"{manager.name} approves it"):
        request = manager.step(stage.progress.request, "approve", {"note": "Suitable for early advice."}).body
        check(request.text("state") == "accepted", "An approved request is not accepted.")
    with stage.story.line(f"{manager.name} allocates it to {prosecutor.name}"):
        request = manager.step(stage.progress.request, "allocate", {"prosecutor": prosecutor.staff_id}).body
        check(request.text("state") == "allocated", "An allocated request is not allocated.")
        stage.receiver.wait_for("police", "early_advice.allocated", early_advice_request_id=stage.progress.request_id)
