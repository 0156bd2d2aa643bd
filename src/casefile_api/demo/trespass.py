"""Chapter: those who have no business in the case try, and find nothing."""

from casefile_api.demo.answers import check
from casefile_api.demo.mending import MERGE_PATCH
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage


def play(stage: Stage) -> None:
    """A second force, a second Area, another unit, an auditor, and a stale credential."""
    progress = stage.progress
    strangers = [
        stage.person("senior_officer", "police-52-rasso", "investigation"),
        stage.person("unit_head", "cps-west-midlands-rasso", "early-advice"),
        stage.person("officer", "police-53-cid", "investigation"),
        stage.person("prosecutor", "cps-south-west-crown-court", "early-advice"),
    ]
    for stranger in strangers:
        finds_nothing(stage, stranger)
    with stage.story.line("A second force cannot add a version to it either"):
        body = {"content": {"issues": "not ours"}, "note": "not ours"}
        stranger = stage.person("officer", "police-52-rasso", "investigation")
        stranger.refused("PATCH", progress.case_file, 404, "not-found", body, media_type=MERGE_PATCH)
    auditor = stage.auditor()
    with stage.story.line(f"{auditor.name} sees acts, never content"):
        auditor.refused("GET", progress.case_file, 403, "not-permitted")
    officer = stage.officer()
    with stage.story.line("A tampered token opens nothing"):
        genuine = officer.bearer()
        forged = officer.wire.http.get(
            officer.wire.base_url + "/v1/me", headers={"Authorization": f"Bearer {genuine[:-8]}AAAAAAAA"}
        )
        check(forged.status_code == 401, "A tampered token was accepted.")
        check("invalid_token" in forged.headers.get("www-authenticate", ""), "The refusal does not say why.")


def finds_nothing(stage: Stage, stranger: Party) -> None:
    """Exactly as if the case did not exist: no file, no request, no evidence, nothing in the list."""
    progress = stage.progress
    with stage.story.line(f"{stranger.name} of {stranger.organisation} finds no such case") as line:
        paths = [
            progress.case_file,
            f"{progress.case_file}/versions",
            f"/v1/attachments/{progress.attachments['statement-1.pdf']}",
            progress.request,
        ]
        for path in paths:
            stranger.refused("GET", path, 404, "not-found")
        listed = stranger.get("/v1/case-files?limit=200").body.items("items")
        check(progress.case_file_id not in {item.text("id") for item in listed}, "A stranger finds the case in a list.")
        line.outcome = f"{len(paths)} addresses tried, all 404; the list does not show it"
