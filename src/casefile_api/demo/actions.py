"""Chapter: the police answer the action plan with new material, and the prosecutor completes the request."""

from casefile_api.demo import files
from casefile_api.demo.answers import View, check
from casefile_api.demo.case import material
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage
from casefile_api.demo.triage import add_material, in_days
from casefile_api.demo.uploading import attach

REPORT = files.laboratory_report()


def play(stage: Stage) -> None:
    """One action answered with a report, one in words after a second try; then the end."""
    prosecutor = stage.prosecutor()
    forensic, statements = plan(stage)
    answer_with_report(stage, forensic)
    answer_in_words(stage, prosecutor, statements)
    satisfy(stage, prosecutor, [forensic, statements])
    complete(stage, prosecutor)


def plan(stage: Stage) -> tuple[str, str]:
    """Paths of the two actions."""
    with stage.story.line("The police see the plan"):
        items = stage.officer().get(f"{stage.progress.request}/actions").body.items("items")
        check([item.text("state") for item in items] == ["open", "open"], "The plan does not hold two open actions.")
        by_category = {item.text("category"): f"{stage.progress.request}/actions/{item.text('id')}" for item in items}
    return by_category["FORENSIC_EVIDENCE"], by_category["STATEMENTS"]


def answer_with_report(stage: Stage, action: str) -> None:
    """New material, a new version, and the supervisor who shares it by naming it."""
    officer, supervisor, progress = stage.officer(), stage.supervisor(), stage.progress
    with stage.story.line(f"{officer.name} starts on the forensic action"):
        check(officer.step(action, "start", {}).body.text("state") == "in_progress", "The action did not start.")
    attachment_id = attach(stage, officer, REPORT)
    with stage.story.line(
        f"{officer.name} adds a version with the report; {supervisor.name} returns the action"
    ) as line:
        add_material(stage, officer, material("m6", "SFR/1", "MG22(SFR)", "Forensic report", [attachment_id]))
        answer = {"answer": "The report is SFR/1.", "material_ids": ["m6"], "version": progress.version}
        returned = supervisor.step(action, "return", answer).body
        check(returned.text("state") == "returned", "The action was not returned.")
        stage.receiver.wait_for("cps", "case_file.version_shared", version=progress.version)
        line.outcome = f"version {progress.version} is now shared with the CPS"


def answer_in_words(stage: Stage, prosecutor: Party, action: str) -> None:
    """An extension granted, a first answer rejected, a second one good enough."""
    officer = stage.officer()
    with stage.story.line(f"{officer.name} asks for a week more; {prosecutor.name} grants it"):
        due_on = in_days(21)
        officer.step(action, "request-extension", {"due_on": due_on, "reason": "One witness is abroad."})
        decision = {"granted": True, "reason": "Reasonable."}
        extended = prosecutor.step(action, "decide-extension", decision).body
        check(extended.text("due_on") == due_on, "The granted date is not the action's date.")
    with stage.story.line("A first answer is rejected, and the action is open again") as line:
        officer.step(action, "return", {"answer": "One statement taken.", "material_ids": []})
        rejected = prosecutor.step(action, "reject", {"reason": "The second witness is missing."}).body
        check(rejected.text("state") == "open", "A rejected action is not open again.")
        line.outcome = "cycle 2 begins"
    with stage.story.line(f"{officer.name} answers again"):
        officer.step(action, "return", {"answer": "Both statements taken; they agree.", "material_ids": ["m2"]})


def satisfy(stage: Stage, prosecutor: Party, actions: list[str]) -> None:
    """The prosecutor looks at what came and is satisfied."""
    with stage.story.line(f"{prosecutor.name} reads the new version and is satisfied with both"):
        view: View = prosecutor.get(stage.progress.case_file).body
        check(view.number("version.number") == stage.progress.version, "The new version did not reach the prosecutor.")
        report = stage.wire.storage(
            "GET",
            prosecutor.get(f"/v1/attachments/{stage.progress.attachments[REPORT.name]}/content", expect=307).headers[
                "location"
            ],
        )
        check(report == REPORT.data, "The report is not the one that was attached.")
        for action in actions:
            check(prosecutor.step(action, "satisfy", {}).body.text("state") == "satisfied", "Not satisfied.")


def complete(stage: Stage, prosecutor: Party) -> None:
    """The end of the request."""
    with stage.story.line(f"{prosecutor.name} completes the request") as line:
        request = prosecutor.step(stage.progress.request, "complete", {"note": "Ready for a charging decision."}).body
        check(request.text("state") == "completed" and request.text("with") == "none", "The request is not completed.")
        ids = {"early_advice_request_id": stage.progress.request_id}
        stage.receiver.wait_for("police", "early_advice.completed", **ids)
        timeline = stage.officer().get(f"{stage.progress.case_file}/timeline").body.items("items")
        line.outcome = f"the timeline of the case tells {len(timeline)} things that happened"
