"""The figures of early advice: what each side and those who inspect them get, and what is left out for them."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.api.advising import ACCEPT, Teams, path_of
from tests.outside.cases import case_content, open_case
from tests.outside.client import Party, Sandbox
from tests.outside.feed_figures import figures_of
from tests.outside.running import running_sandbox
from tests.outside.unit_year import UnitYear

Json = Any
PATH = "/v1/statistics/early-advice"


@pytest.fixture(scope="module")
def counted(shared_folder: Path) -> Iterator[Teams]:
    """A sandbox with six requests and nothing else: one returned and resubmitted, one late, one with actions."""
    with running_sandbox(shared_folder / "counted") as sandbox:
        teams = Teams(sandbox)
        returned, late = teams.returned(), teams.submitted()
        for made in (teams.accepted, teams.refused, teams.completed, teams.action_plan_open):
            made()
        teams.wait("P3D")
        body = {"endorsement": "Endorsed.", "version": teams.add_version(returned)}
        teams.take("supervisor", returned["id"], "submit", body)
        teams.take("casework_assistant", returned["id"], "accept", ACCEPT)
        teams.wait("P20D")
        teams.take("casework_assistant", late["id"], "accept", ACCEPT)
        why = {"suspect_ids": ["s1"], "code": "custody_time"}
        path = f"/v1/case-files/{open_case(teams.person('officer'))['id']}/early-advice-not-sought"
        teams.person("supervisor").post(path, why, expect=201)
        yield teams
        sandbox.http.close()


def figures(party: Party, **asked: str) -> Json:
    told = party.get(PATH, params=asked).json()
    return {group["group"]: group for group in told["groups"]} | {"told": told}


def of_clock(group: Json, kind: str) -> Json:
    return next(item for item in group["clocks"] if item["kind"] == kind)


def test_the_force_counts_its_requests_and_its_first_time_acceptance(counted: Teams) -> None:
    group = figures(counted.person("senior_officer"))["all"]
    assert group["requests"] == 6
    assert group["first_time_acceptance"] == {"decided": 6, "accepted": 5, "rate_percent": 83.3}
    assert {item["code"]: item["count"] for item in group["return_reasons"]} == {
        "NO_MG3": 1,
        "NO_SUMMARY_OF_INTERVIEW": 1,
    }
    assert {item["state"]: item["count"] for item in group["outcomes"]}["manager_review"] == 2


def test_clocks_are_counted_in_days_with_their_breaches(counted: Teams) -> None:
    group = figures(counted.person("unit_head"))["all"]
    triage = of_clock(group, "triage")
    # Seven receipts: six decided on day 0, one on day 23, past the next working day.
    assert (triage["stopped"], triage["median_days"], triage["breaches"], triage["side"]) == (7, 0.0, 1, "cps")
    answered = of_clock(group, "police_response")
    assert (answered["stopped"], answered["median_days"], answered["breaches"]) == (1, 3.0, 0)
    # Returned, refused and twice advised stopped in time; two run on day 23, the resubmitted one is on its day 20.
    advice = of_clock(group, "advice")
    assert (advice["stopped"], advice["breaches"]) == (4, 2)


def test_actions_are_counted_by_request_with_those_that_are_late(counted: Teams) -> None:
    actions = figures(counted.person("legal_manager"))["all"]["actions"]
    assert (actions["count"], actions["per_request"], actions["late"], actions["unanswered"]) == (1, 0.5, 1, 1)
    assert (actions["cycles_per_action"], actions["late_median_days"]) == (1.0, None)


def test_each_side_is_told_how_long_it_held_the_ball_and_what_it_holds_now(counted: Teams) -> None:
    group = figures(counted.person("gatekeeper"))["all"]
    sides = {item["side"]: (item["turns"], item["median_days"]) for item in group["sides"]}
    # Police: six drafts and one answer to a return; CPS: returned, refused and advised at once (the late one goes on).
    assert sides == {"police": (7, 0.0), "cps": (4, 0.0)}
    holding = {item["side"]: (item["open"], item["median_days"]) for item in group["workload"]["sides"]}
    assert holding == {"police": (1, 23.0), "cps": (3, 23.0), "both": (1, 23.0)}
    assert (group["workload"]["open"], group["workload"]["median_days"]) == (5, 23.0)


def test_charges_are_counted_as_they_were_told_or_shown_and_the_cps_counts_what_it_was_told(counted: Teams) -> None:
    shown, told = counted.person("officer").items("/v1/early-advice-requests", state="manager_review")[:2]
    suspects = case_content()["suspects"]
    suspects[0]["proposed_charges"] = [{"id": "h1", "cjs_code": "SX03002", "charged_on": counted.day(-3)}]
    counted.add_version(shown, suspects=suspects)
    charged = {"suspect_id": "s1", "outcome": "CHARGE", "decided_on": counted.day(-13)}
    counted.person("officer").post(f"{path_of(told['id'])}/outcomes", charged, expect=201)
    for _ in range(2):  # from their sources, and as the worker counted them
        mine = figures(counted.person("senior_officer"))["all"]["charges"]
        assert mine == {"led_to_charge": 2, "median_days": 15.0, "p90_days": 19.0}
        theirs = figures(counted.person("unit_head"))["all"]["charges"]
        assert theirs == {"led_to_charge": 1, "median_days": 10.0, "p90_days": 10.0}
        counted_by_the_worker(counted.sandbox)
    why_not = figures(counted.person("senior_officer"))["all"]["case_files"]
    assert why_not == {"with_request": 6, "without_request": 1, "not_sought": [{"code": "custody_time", "count": 1}]}
    not_charged = charged | {"outcome": "NFA_EVIDENTIAL"}
    counted.person("officer").post(f"{path_of(shown['id'])}/outcomes", not_charged, expect=201)
    mine = figures(counted.person("senior_officer"))["all"]["charges"]
    assert mine == theirs, "what is told of a suspect goes before what a version shows"


def test_figures_are_broken_down_by_force_unit_and_month(counted: Teams) -> None:
    reader = counted.sandbox.system("cps-south-west")
    assert set(figures(reader, group_by="force")) == {"police-53", "told"}
    assert set(figures(reader, group_by="unit")) == {"cps-south-west-rasso", "told"}
    assert set(figures(reader, group_by="month")) == {counted.day(-23)[:7], "told"}
    reader.refused("GET", PATH + "?group_by=weather", 422, "invalid")


def test_small_numbers_are_left_out_for_oversight_and_every_measure_has_its_definition(counted: Teams) -> None:
    auditor = counted.sandbox.person("auditor", organisation="oversight-hmcpsi")
    at_once = figures(auditor)["all"]
    counted_by_the_worker(counted.sandbox)
    told = figures(auditor)
    group = told["all"]
    assert at_once | {"case_files": group["case_files"]} == group  # case files are counted by the worker alone
    assert figures(auditor, group_by="force")["police-53"]["requests"] == 6
    assert figures(auditor, unit="cps-south-west-rasso")["all"]["requests"] == 6
    assert group["requests"] == 6
    assert group["first_time_acceptance"] == {"decided": 6, "accepted": None, "rate_percent": None}
    assert all(item["count"] is None for item in group["return_reasons"])
    assert of_clock(group, "advice")["median_days"] is None and of_clock(group, "triage")["breaches"] is None
    assert told["told"]["suppressed_below"] == 5
    assert {"requests", "first_time_acceptance", "clocks", "breaches", "actions"} <= set(told["told"]["definitions"])


def test_other_forces_and_areas_have_figures_of_their_own_and_others_none(counted: Teams) -> None:
    sandbox = counted.sandbox
    for organisation in ("police-52", "cps-west-midlands"):
        assert sandbox.system(organisation).get(PATH).json()["groups"] == []
    assert sandbox.system("oversight-police-53-psd").get(PATH).json()["groups"][0]["requests"] == 6
    counted.person("officer").refused("GET", PATH, 403, "not-permitted")


def test_a_period_without_requests_has_no_groups_and_one_that_is_upside_down_is_refused(counted: Teams) -> None:
    reader = counted.person("unit_head")
    asked = {"from": "2020-01-01", "to": "2020-12-31"}
    group = reader.get(PATH, params=asked).json()["groups"][0]
    assert (group["requests"], group["outcomes"], group["workload"]["open"]) == (0, [], 5), "what is open is open now"
    assert reader.get(PATH, params=asked | {"group_by": "month"}).json()["groups"] == []
    reader.refused("GET", PATH + "?from=2026-02-01&to=2026-01-01", 422, "invalid")


def test_figures_come_as_csv_with_one_line_a_figure(counted: Teams) -> None:
    told = counted.person("unit_head").get(PATH, headers={"Accept": "text/csv"})
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(told.text.splitlines()))
    of = {(line["measure"], line["key"], line["figure"]): line["value"] for line in lines}
    assert of["requests", "", "count"] == "6" and of["return_reasons", "NO_MG3", "count"] == "1"
    assert of["clocks", "police_response", "median_days"] == "3.0" and of["workload.sides", "cps", "open"] == "3"
    charges = {figure for measure, _, figure in of if measure == "charges"}
    assert charges == {"led_to_charge", "median_days", "p90_days"}


def test_a_period_begins_and_ends_with_a_day_whoever_counted(counted: Teams) -> None:
    reader = counted.person("unit_head")

    def requests(first: int, last: int) -> int:
        groups = reader.get(PATH, params={"from": counted.day(first), "to": counted.day(last)}).json()["groups"]
        return int(groups[0]["requests"])

    for _ in range(2):
        assert (requests(-24, -23), requests(-23, -22), requests(-23, -23)) == (6, 6, 6)
        assert (requests(-24, -24), requests(-22, -1), requests(-60, 0)) == (0, 0, 6)
        counted_by_the_worker(counted.sandbox)


def test_oversight_is_told_of_whole_months(counted: Teams) -> None:
    auditor = counted.sandbox.person("auditor", organisation="oversight-hmcpsi")
    told = auditor.get(PATH, params={"from": "2026-01-15", "to": "2026-02-03"}).json()
    assert (told["from"], told["to"]) == ("2026-01-01", "2026-02-28")


def marks(sandbox: Sandbox) -> int:
    """How many requests and case files the worker has to count yet."""
    owner = PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner
    with psycopg.connect(owner) as connection:
        row = connection.execute("select count(*) from figure_due").fetchone()
    return row[0] if row else 0


def counted_by_the_worker(sandbox: Sandbox) -> None:
    deadline = time.monotonic() + 60
    while marks(sandbox):
        assert time.monotonic() < deadline, "the worker does not count"
        time.sleep(0.2)


def compare_with_the_feed(sandbox: Sandbox, year: UnitYear) -> Json:
    """The figures now, and when the worker has counted, are those worked out from the feed."""
    reader = sandbox.system(year.force)
    asked = {"from": "2026-01-01", "to": "2036-12-31", "unit": year.unit}
    at_once = reader.get(PATH, params=asked).json()["groups"][0]
    counted_by_the_worker(sandbox)
    later = reader.get(PATH, params=asked).json()["groups"][0]
    from_feed = figures_of(year.feed.told, year.today)
    for told in (at_once, later):
        told["workload"].pop("ages")
        reasons = told.pop("return_reasons")
        assert sum(item["count"] for item in reasons) >= from_feed["flow"]["returned"] > 0
        # Case files are counted by the worker alone.
        expected = from_feed if told is later else from_feed | {"case_files": told["case_files"]}
        assert told == expected
    return later


def test_figures_are_those_that_the_feed_of_events_tells(counted: Teams) -> None:
    year = UnitYear(counted.sandbox, "police-20", "cps-west-midlands", seed=7)
    year.play(requests=14, days=75)
    told = compare_with_the_feed(counted.sandbox, year)
    assert told["requests"] == year.requests > 10
    assert {item["kind"] for item in told["clocks"]} >= {"action", "advice", "police_response", "triage"}
