"""Chapter: the prosecutor reads, asks, and advises with an action plan."""

import hashlib

from casefile_api.demo.answers import check
from casefile_api.demo.digests import check_digest
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage
from casefile_api.demo.story import MEBIBYTE, short
from casefile_api.demo.triage import in_days
from casefile_api.demo.uploading import STATEMENTS


def play(stage: Stage) -> None:
    """Reads the file and its evidence, asks a question, talks to the officer, advises."""
    prosecutor = stage.prosecutor()
    read(stage, prosecutor)
    ask(stage, prosecutor)
    talk(stage, prosecutor)
    advise(stage, prosecutor)


def read(stage: Stage, prosecutor: Party) -> None:
    """The content, what changed between the two submissions, and the files themselves."""
    progress = stage.progress
    with stage.story.line(
        f"{prosecutor.name} reads the file as endorsed, and what changed since it was returned"
    ) as line:
        view = prosecutor.get(progress.case_file).body
        check(view.text("version.digest") == progress.receipts[-1].text("digest"), "The CPS reads another version.")
        first, last = (receipt.number("version") for receipt in progress.receipts)
        changes = prosecutor.get(f"{progress.case_file}/versions/{last}/changes?since={first}").body
        check(changes.number("summary.added") >= 1, "The added material is not told as a change.")
        line.outcome = f"digest {short(check_digest(view))}; {changes.number('summary.added')} item added"
    with stage.story.line("Downloads a statement and the recorded interview straight from storage") as line:
        statement = download(stage, prosecutor, progress.attachments["statement-1.pdf"])
        check(statement == STATEMENTS[0].data, "The statement is not the one that was attached.")
        film_id = progress.attachments["abe-interview.mp4"]
        film = download(stage, prosecutor, film_id)
        stated = prosecutor.get(f"/v1/attachments/{film_id}").body.text("sha256")
        check(hashlib.sha256(film).hexdigest() == stated, "The recorded interview is not the one that was attached.")
        line.outcome = f"{len(film) / MEBIBYTE:.0f} MiB; both hashes are those of the receipt"


def download(stage: Stage, party: Party, attachment_id: str) -> bytes:
    """By way of a redirect that is good for a minute, and is itself in the log."""
    answer = party.get(f"/v1/attachments/{attachment_id}/content", expect=307)
    return stage.wire.storage("GET", answer.headers["location"])


def ask(stage: Stage, prosecutor: Party) -> None:
    """A question pauses the advice clock; the answer lets it run again."""
    progress, officer = stage.progress, stage.officer()
    with stage.story.line(f"{prosecutor.name} asks for information") as line:
        body = {"questions": ["Who else was at the bar until closing time?"], "response_due_on": in_days(7)}
        request = prosecutor.step(progress.request, "request-information", body).body
        paused = [
            clock for clock in request.items("clocks") if clock.text("kind") == "advice" and clock.at("paused_at")
        ]
        check(len(paused) == 1, "The advice clock did not pause.")
        line.outcome = "the 21-day clock is paused while the police look"
    with stage.story.line(f"{officer.name} answers"):
        stage.receiver.wait_for(
            "police", "early_advice.information_requested", early_advice_request_id=progress.request_id
        )
        answer = {"answer": "Two members of staff; both are being asked for statements."}
        request = officer.step(progress.request, "provide-information", answer).body
        check(request.text("state") == "allocated", "The answer did not bring the request back.")


def talk(stage: Stage, prosecutor: Party) -> None:
    """Messages inside the record."""
    officer, path = stage.officer(), f"{stage.progress.request}/messages"
    with stage.story.line("Officer and prosecutor exchange messages inside the record"):
        prosecutor.post(path, {"text": "Please keep the bar's till records too."})
        officer.post(path, {"text": "Will do; the bar has been told."})
        texts = [message.text("text") for message in officer.get(path).body.items("items")]
        check(len(texts) == 2 and texts[0].startswith("Please keep"), "The thread is not in order.")


def advise(stage: Stage, prosecutor: Party) -> None:
    """Advice on the topics asked, with two actions."""
    actions = [
        ("FORENSIC_EVIDENCE", "Submit the scarf RF/1 for examination and send the report.", 21),
        ("STATEMENTS", "Take statements from the two members of the bar's staff.", 14),
    ]
    body = {
        "advice": [{"topic": "lines_of_enquiry", "text": "Limit the phone extraction to the evening in question."}],
        "strategy": "Suspect-focused: establish who followed whom before looking at any third-party material.",
        "actions": [
            {
                "category": category,
                "description": description,
                "due_on": in_days(days),
                "suspect_ids": ["s1"],
                "gating": "pre_decision",
            }
            for category, description, days in actions
        ],
    }
    with stage.story.line(f"{prosecutor.name} advises, with an action plan of two") as line:
        request = prosecutor.step(stage.progress.request, "advise", body).body
        check(request.text("state") == "action_plan_open" and request.text("with") == "both", "No plan was opened.")
        stage.receiver.wait_for("police", "early_advice.advised", early_advice_request_id=stage.progress.request_id)
        line.outcome = f"first due {in_days(14)}; the plan is with both"
