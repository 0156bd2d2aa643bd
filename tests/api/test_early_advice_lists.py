"""The lists that people work from: what is on them, how many, in what order; and who has read what was written."""

from typing import Any
from urllib.parse import parse_qsl

from tests.api.advising import Teams, path_of

Json = Any
QUEUE = "/v1/early-advice-requests"


def listed(teams: Teams, role: str, queue: str, unit: str | None = None) -> list[str]:
    """Ids on somebody's list, soonest deadline first."""
    return [item["id"] for item in teams.person(role, unit).items(QUEUE, queue=queue, sort="due_at", limit=200)]


def counts(teams: Teams, role: str, unit: str | None = None) -> dict[str, int]:
    told = teams.person(role, unit).get("/v1/early-advice-queues").json()
    return {item["queue"]: item["count"] for item in told["queues"]}


def test_each_side_finds_a_request_on_the_lists_that_it_is_on_and_on_no_other(teams: Teams) -> None:
    before = {role: counts(teams, role) for role in ("officer", "prosecutor", "legal_manager")}
    accepted, allocated, returned = teams.accepted(), teams.allocated(), teams.returned()
    ours = {request["id"] for request in (accepted, allocated, returned)}
    expected = {
        ("officer", "mine"): ours,
        ("officer", "with_other_side"): {accepted["id"], allocated["id"]},
        ("officer", "unallocated"): {accepted["id"]},
        ("prosecutor", "mine"): {allocated["id"]},
        ("prosecutor", "my_unit"): ours,
        ("prosecutor", "with_other_side"): {returned["id"]},
        ("legal_manager", "unallocated"): {accepted["id"]},
        ("legal_manager", "mine"): set(),
        ("legal_manager", "overdue"): set(),
        ("legal_manager", "due_today"): set(),
    }
    for (role, queue), there in expected.items():
        on_it = set(listed(teams, role, queue))
        assert on_it & ours == there, (role, queue)
        assert counts(teams, role)[queue] - before[role][queue] == len(there), (role, queue)
    ended = teams.take("supervisor", accepted["id"], "withdraw", {"reason": "Charged."})
    assert ended["id"] not in listed(teams, "officer", "mine")
    assert not ours & set(listed(teams, "prosecutor", "my_unit", "cps-west-midlands-rasso"))


def running(item: Json) -> list[str]:
    """When the clocks fall due that run."""
    return [clock["due_at"] for clock in item["clocks"] if clock["stopped_at"] is None and clock["paused_at"] is None]


def test_as_many_are_counted_as_are_listed_where_the_count_says(teams: Teams) -> None:
    teams.draft()
    for role in ("officer", "legal_manager", "prosecutor"):
        person = teams.person(role)
        for told in person.get("/v1/early-advice-queues").json()["queues"]:
            path, _, asked = told["href"].partition("?")
            assert len(person.items(path, limit=200, **dict(parse_qsl(asked)))) == told["count"], (role, told)


def test_by_deadline_the_soonest_comes_first_page_by_page_and_what_waits_for_none_last(teams: Teams) -> None:
    for days in (9, 3, 6):
        teams.take(
            "casework_assistant",
            teams.submitted()["id"],
            "return",
            teams.returning(response_due_on=teams.day(days)),
        )
    unwaited = teams.draft()["id"]
    whole = teams.person("officer").items(QUEUE, sort="due_at", limit=200)
    paged = teams.person("officer").items(QUEUE, sort="due_at", limit=7)
    assert [item["id"] for item in paged] == [item["id"] for item in whole]
    drafts = [place for place, item in enumerate(whole) if item["state"] == "draft"]
    assert unwaited in {whole[place]["id"] for place in drafts}
    assert min(drafts) > max(place for place, item in enumerate(whole) if running(item))
    due = [min(running(item)) for item in whole if running(item) and item["state"] != "action_plan_open"]
    assert due == sorted(due)
    newest = teams.person("officer").get(QUEUE, params={"limit": 1}).json()["next_cursor"]
    answer = teams.person("officer").call("GET", QUEUE, params={"sort": "due_at", "cursor": newest})
    assert answer.status_code == 422, "the cursor of one order is none of the other"


def test_what_is_overdue_and_due_today_is_told_by_the_working_clock(later_teams: Teams) -> None:
    teams = later_teams
    request = teams.submitted()  # triage within one working day
    due = next(item for item in request["clocks"] if item["kind"] == "triage")["due_at"][:10]
    days = next(day for day in range(8) if teams.day(day) == due)
    teams.wait(f"P{days}D")
    assert request["id"] in listed(teams, "casework_assistant", "due_today")
    assert request["id"] not in listed(teams, "casework_assistant", "overdue")
    teams.wait("P1D")
    assert request["id"] in listed(teams, "casework_assistant", "overdue")
    assert request["id"] not in listed(teams, "casework_assistant", "due_today")


def test_a_message_says_whom_it_is_for_and_who_has_read_it(teams: Teams) -> None:
    request = teams.allocated()
    path = f"{path_of(request['id'])}/messages"
    officer, prosecutor = teams.person("officer"), teams.person("prosecutor")
    officer.post(path, {"text": "The phone is back."}, expect=201)
    officer.post(path, {"text": "For my supervisor.", "to_side": "police"}, expect=201)
    assert [item["to_side"] for item in prosecutor.items(path)] == ["cps", "police"]
    assert [item["read_by"] for item in officer.items(path)] == [[], []]
    tag = officer.etag(path_of(request["id"]))
    mark = prosecutor.post(f"{path}/read", {"up_to": 1}, expect=200).json()
    assert mark["up_to"] == 1
    for _ in range(2):
        prosecutor.post(f"{path}/read", {"up_to": 2}, expect=200)
    officer.post(f"{path}/read", {"up_to": 2}, expect=200)
    first, second = officer.items(path)
    reader = {"organisation": "cps-south-west", "staff_id": prosecutor.staff_id}
    assert first["read_by"] == [reader | {"read_at": mark["read_at"]}]
    assert [item["staff_id"] for item in second["read_by"]] == [prosecutor.staff_id], "not the sender's own mark"
    assert officer.etag(path_of(request["id"])) == tag
    prosecutor.refused("POST", f"{path}/read", 422, "invalid", json={"up_to": 3})
    teams.person("officer", "police-53-cid").refused("POST", f"{path}/read", 404, "not-found", json={"up_to": 1})
