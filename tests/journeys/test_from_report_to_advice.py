"""The main journey: one case, two outside parties, and a log that proves it."""

import subprocess
from pathlib import Path

from tests.journeys import log_story
from tests.journeys.cast import Cast
from tests.journeys.conftest import Listener
from tests.journeys.main_story import MainStory
from tests.outside import log
from tests.outside.client import Sandbox
from tests.outside.running import PROGRAM


def test_one_case_travels_from_the_police_to_the_cps_and_back(
    sandbox: Sandbox, police_listener: Listener, cps_listener: Listener, tmp_path: Path
) -> None:
    story = MainStory(sandbox, Cast.of(sandbox), police_listener, cps_listener)
    before = log_story.checkpoint(story.cast.auditor)

    story.opens_a_case_file()
    story.attaches_real_files()
    story.finds_and_mends_what_is_missing()
    story.endorses_and_submits()
    story.is_returned_and_resubmitted()
    story.passes_both_gates()
    story.is_read_and_advised_on()
    story.answers_the_actions()
    story.is_completed()
    story.is_closed_to_others()

    the_log_tells_all_of_it(story)
    the_receipts_prove_the_submissions(story, before)
    the_feed_tells_what_the_webhooks_told(story)
    the_export_can_be_verified_offline(story, before, tmp_path)
    the_program_wrote_down_nothing_personal(story)


def the_log_tells_all_of_it(story: MainStory) -> None:
    entries = log_story.entries_of(story.cast.auditor, story.case_id)
    log_story.check_entries(story.cast.auditor, entries)
    allowed = {item["entry"]["action"] for item in entries if item["entry"]["outcome"] == "allowed"}
    steps = ("submit", "return", "accept", "approve", "allocate", "advise", "complete")
    assert {f"{step}_early_advice_request" for step in steps} <= allowed
    refused = {item["entry"]["organisation"] for item in entries if item["entry"]["outcome"] == "refused"}
    assert {"police-52", "cps-west-midlands", "oversight-hmcpsi"} <= refused
    acts = [item["entry"] for item in entries if item["entry"]["outcome"] == "allowed"]
    [submitted, _] = [entry for entry in acts if entry["action"] == "submit_early_advice_request"]
    assert (submitted["operation"], submitted["recipients"]) == ("disclosure", ["cps-south-west-rasso"])


def the_receipts_prove_the_submissions(story: MainStory, before: log.Checkpoint) -> None:
    for receipt in story.receipts:
        log_story.check_receipt(story.cast.supervisor, receipt)
    log_story.check_growth(story.cast.auditor, before, log_story.checkpoint(story.cast.auditor))


def the_feed_tells_what_the_webhooks_told(story: MainStory) -> None:
    for listener in (story.police, story.cps):
        system, cursor, told = story.sandbox.system(listener.organisation), "", []
        while True:
            page = system.get("/v1/events", params={"limit": 200} | ({"after": cursor} if cursor else {})).json()
            told += [event for event in page["items"] if event["data"].get("case_file_id") == story.case_id]
            if page["next_cursor"] == cursor or not page["items"]:
                break
            cursor = page["next_cursor"]
        assert [event["data"]["sequence"] for event in told] == list(range(1, len(told) + 1)), "a gap in the sequence"
        sent = [event for event in listener.receiver.events() if event["data"].get("case_file_id") == story.case_id]
        assert {event["data"]["event_id"]: event for event in sent} == {
            event["data"]["event_id"]: event for event in told
        }


def the_export_can_be_verified_offline(story: MainStory, before: log.Checkpoint, folder: Path) -> None:
    auditor = story.cast.auditor
    exported, note = log_story.export(auditor, story.case_id)
    key = auditor.get("/v1/audit-log/public-key").text
    signed = log.Checkpoint.open(note, [log.VerifierKey.parse(key.strip().splitlines()[0])])
    assert log_story.check_export(exported, signed) > 50
    for name, text in (("export", exported.decode()), ("checkpoint", note), ("key", key)):
        (folder / name).write_text(text, encoding="utf-8")
    command = [*PROGRAM, "audit", "verify-export", "export", "--checkpoint", "checkpoint", "--public-key", "key"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
    (folder / "export").write_text(exported.decode().replace("police-52", "police-53", 1), encoding="utf-8")
    altered = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert altered.returncode != 0 and altered.stderr, "an altered export was accepted"


def the_program_wrote_down_nothing_personal(story: MainStory) -> None:
    written = "".join(path.read_text(errors="replace") for path in (story.sandbox.directory / "logs").glob("*.log"))
    case = story.cast.officer.get(story.case).json()
    private = [case["urn"], case["content"]["summary"], case["content"]["suspects"][0]["family_name"]]
    private += [file.name for file in story.attached.values()] + [story.police.secret, story.cast.officer.token[:40]]
    private += [story.cast.officer.sandbox.staff("officer", unit="police-53-rasso")["name"]]
    assert [word for word in private if word in written] == []
