"""Chapter: what is missing is named, and mended, before anybody at the CPS has to return the file."""

from casefile_api.demo.answers import View, check
from casefile_api.demo.case import line_of_enquiry, request_for_advice
from casefile_api.demo.digests import check_digest
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage
from casefile_api.demo.story import short

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


def play(stage: Stage) -> None:
    """Drafts the request, reads the check, mends twice, reads what changed."""
    officer = stage.officer()
    draft(stage, officer)
    missing(stage, officer)
    mend(stage, officer)
    compare(stage, officer)


def draft(stage: Stage, officer: Party) -> None:
    """A request that only its own side can see."""
    with stage.story.line(f"{officer.name} drafts a request for early advice") as line:
        path = f"{stage.progress.case_file}/early-advice-requests"
        request = officer.post(path, request_for_advice()).body
        stage.progress.request_id = request.text("id")
        check(request.text("state") == "draft" and request.text("with") == "police", "The request is no draft.")
        line.outcome = "state draft, with the police"
    with stage.story.line("For the CPS there is no draft"):
        stage.assistant().refused("GET", stage.progress.request, 404, "not-found")


def unmet(readiness: View) -> list[View]:
    """The required things that are missing."""
    results = readiness.items("results")
    return [item for item in results if item.text("level") == "required" and item.text("outcome") == "missing"]


def missing(stage: Stage, officer: Party) -> None:
    """The file standard in sentences an officer can act on."""
    with stage.story.line("The file standard says what is missing, before it is sent") as line:
        readiness = officer.get(f"{stage.progress.request}/readiness").body
        found = unmet(readiness)
        check(readiness.at("ready") is False and len(found) == 2, "The check does not find the two gaps there are.")
        line.outcome = "  ".join(f"{item.text('message')} {item.text('mend')}" for item in found)
    supervisor = stage.supervisor()
    with stage.story.line("Submitting it like this is refused with the same results"):
        tag = supervisor.get(stage.progress.request).etag
        body = {"endorsement": "Endorsed.", "version": stage.progress.version}
        problem = supervisor.post(f"{stage.progress.request}/submit", body, expect=422, if_match=tag).body
        check(problem.text("code") == "not-ready", "An unready file was refused for another reason.")


def mend(stage: Stage, officer: Party) -> None:
    """Two versions by patch, one of each kind."""
    progress, supervisor = stage.progress, stage.supervisor()
    with stage.story.line(f"{supervisor.name} adds the comments by merge patch") as line:
        comments = "Reviewed; a proportionate set of enquiries, ready for early advice."
        patch: object = {"content": {"supervisor_comments": comments}, "note": "Supervisor's comments"}
        tag = supervisor.get(progress.case_file).etag
        view = supervisor.patch(progress.case_file, patch, MERGE_PATCH, if_match=tag).body
        line.outcome = f"version {view.number('version.number')}, digest {short(check_digest(view))}"
    with stage.story.line(f"{officer.name} adds a line of enquiry by JSON patch") as line:
        patch = [
            {"op": "add", "path": "/content/lines_of_enquiry/-", "value": line_of_enquiry()},
            {"op": "replace", "path": "/note", "value": "A line of enquiry"},
        ]
        tag = officer.get(progress.case_file).etag
        view = officer.patch(progress.case_file, patch, JSON_PATCH, if_match=tag).body
        progress.version = view.number("version.number")
        check(progress.version == 4, "A version number was skipped or doubled.")
        line.outcome = f"version 4, digest {short(check_digest(view))}"
    with stage.story.line("Now the file is ready"):
        readiness = officer.get(f"{progress.request}/readiness").body
        check(readiness.at("ready") is True and not unmet(readiness), "The mended file is still not ready.")


def compare(stage: Stage, officer: Party) -> None:
    """What changed, item by item."""
    with stage.story.line("What changed since version 2 is told item by item") as line:
        changes = officer.get(f"{stage.progress.case_file}/versions/4/changes?since=2").body
        sections = {section.text("section"): section for section in changes.items("sections")}
        check("lines_of_enquiry" in sections, "The new line of enquiry is not among the changes.")
        sentences = [change.text("sentence") for section in sections.values() for change in section.items("changes")]
        line.outcome = "  ".join(sentences)
