"""The version store against a simple model: whatever police do to a case file, in any order, both sides see what the
model says, and the history is whole.

Generated runs are the same each time in the normal run; `make soak` makes many more of them (CASEFILE_SOAK_WALKS).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from casefile_api.cli import case_files
from tests.commands import enter, run, token_file
from tests.outside.cases import case_content, draft_request, new_urn, open_case
from tests.outside.client import Party, Sandbox
from tests.outside.digest import check_chain

Json = Any
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
WORDS = st.sampled_from(["Consent.", "Alibi.", "Identity.", "Delay."])
PLACES = st.integers(min_value=0, max_value=30)


@dataclass
class Model:
    """What there should be: contents by number, which of them were shared, and which retracted."""

    urn: str
    contents: list[Json]
    notes: list[str]
    shared: list[int] = field(default_factory=list)
    retracted: set[int] = field(default_factory=set)
    open_request: str | None = None
    split_off: list[str] = field(default_factory=list)
    merged_into: str | None = None

    @property
    def newest(self) -> int:
        return len(self.contents)

    @property
    def standing(self) -> list[int]:
        """What the CPS can read."""
        return [number for number in self.shared if number not in self.retracted]


class VersionStore(RuleBasedStateMachine):
    """A case file, a model of it, and what can be done to both."""

    sandbox: Sandbox
    erase: Callable[[str], object] | None = None

    @initialize()
    def opened(self) -> None:
        self.officer = self.sandbox.person("officer", unit="police-53-rasso")
        self.supervisor = self.sandbox.person("supervisor", unit="police-53-rasso")
        self.prosecutor = self.sandbox.person("prosecutor", unit="cps-south-west-rasso")
        view = open_case(self.officer, content=two_suspects())
        self.path, self.id, self.tag = f"/v1/case-files/{view['id']}", view["id"], ""
        self.model = Model(view["urn"], [view["content"]], ["opened"])

    def versioned(self, method: str, path: str, expect: int, **how: Any) -> bool:
        """What would make a version: refused once the case file is merged into another; whether it did make one."""
        expect = 409 if self.model.merged_into else expect
        self.changed(self.officer, method, path, expect, **how)
        return expect < 300

    def changed(self, party: Party, method: str, path: str, expect: int, **how: Any) -> Json:
        """A change with the tag of now; the tag before it is stale from then on."""
        tag = party.etag(self.path)
        answer = party.call(method, path, if_match=tag, **how)
        assert answer.status_code == expect, answer.text
        if answer.is_success:
            self.tag = tag
        return answer.json()

    @rule(word=WORDS, note=st.text("ab", max_size=3))
    def add(self, word: str, note: str) -> None:
        content = two_suspects(issues=word)
        if self.versioned("POST", f"{self.path}/versions", 201, json={"content": content, "note": note}):
            self.model.contents.append(content)
            self.model.notes.append(note)

    @rule(word=WORDS)
    def patch(self, word: str) -> None:
        now = self.model.contents[-1]
        body = {"content": {"issues": word, "defence_case": None}, "note": "patched"}
        after = {name: value for name, value in now.items() if name != "defence_case"} | {"issues": word}
        expect = 422 if after == now else 200
        if self.versioned("PATCH", self.path, expect, json=body, media_type=MERGE):
            self.model.contents.append(after)
            self.model.notes.append("patched")

    @rule(word=WORDS)
    def patch_what_must_be_so(self, word: str) -> None:
        now = self.model.contents[-1]
        test = {"op": "test", "path": "/content/issues", "value": word}
        body = [test, {"op": "replace", "path": "/content/summary", "value": f"{now['summary']}."[-80:]}]
        changes = body[1]["value"] != now["summary"]
        expect = 409 if now["issues"] != word else 200 if changes else 422
        if self.versioned("PATCH", self.path, expect, json=body, media_type=JSON_PATCH):
            self.model.contents.append(now | {"summary": body[1]["value"]})
            self.model.notes.append("")

    @rule(place=PLACES)
    def restore(self, place: int) -> None:
        number = place % self.model.newest + 1
        content = self.model.contents[number - 1]
        expect = 422 if content == self.model.contents[-1] else 201
        where = f"{self.path}/versions/{number}/restore"
        if self.versioned("POST", where, expect, json={"note": "back"}):
            self.model.contents.append(content)
            self.model.notes.append("back")

    @rule()
    def write_on_top_of_what_is_no_more(self) -> None:
        if self.tag:
            body = {"content": two_suspects(issues="lost"), "note": ""}
            self.officer.refused("POST", f"{self.path}/versions", 412, "stale", json=body, if_match=self.tag)

    @rule()
    def correct_the_urn(self) -> None:
        urn = new_urn()
        body = {"urn": urn, "reason": "Typed wrongly."}
        self.changed(self.officer, "POST", f"{self.path}/corrections", 200, json=body)
        self.model.urn = urn

    @rule()
    def split(self) -> None:
        suffix = str(len(self.model.split_off) + 1)
        body = {"suspect_ids": ["s2"], "urn": new_urn(), "urn_suffix": suffix, "note": "off", "reason": "Tried apart."}
        expect = 409 if self.model.merged_into else 201
        new = self.changed(self.supervisor, "POST", f"{self.path}/split", expect, json=body)
        if expect == 201:
            assert [one["id"] for one in new["content"]["suspects"]] == ["s2"]
            assert new["content"]["issues"] == self.model.contents[-1]["issues"]
            self.model.split_off.append(new["id"])

    @precondition(lambda self: self.model.newest > 5)
    @rule()
    def merge(self) -> None:
        other = open_case(self.officer)["id"]
        expect = 409 if self.model.merged_into or self.model.open_request else 200
        body = {"case_file_id": other, "reason": "One event."}
        self.changed(self.supervisor, "POST", f"{self.path}/merge", expect, json=body)
        if expect == 200:
            self.model.merged_into = other

    @precondition(lambda self: self.model.open_request is None and self.model.merged_into is None)
    @rule()
    def share(self) -> None:
        number = self.model.newest
        draft = f"/v1/early-advice-requests/{draft_request(self.officer, self.id)['id']}"
        body = {"endorsement": "Endorsed.", "version": number}
        tag = self.supervisor.etag(draft)
        answer = self.supervisor.call("POST", f"{draft}/submit", json=body, if_match=tag)
        if number in self.model.retracted:
            assert answer.status_code == 409, "what was retracted is not shared again"
            self.supervisor.step(draft, "withdraw", {"reason": "Retracted."}, expect=200)
            return
        assert answer.status_code == 200, answer.text
        self.model.open_request = draft
        if number not in self.model.shared:
            self.model.shared.append(number)

    @precondition(lambda self: self.model.open_request is not None)
    @rule()
    def withdraw(self) -> None:
        self.supervisor.step(str(self.model.open_request), "withdraw", {"reason": "Done."}, expect=200)
        self.model.open_request = None

    @rule(place=PLACES)
    def retract(self, place: int) -> None:
        number = place % self.model.newest + 1
        expect = 200 if number in self.model.standing else 409
        body = {"code": "other", "reason": "Sent in error."}
        self.changed(self.supervisor, "POST", f"{self.path}/versions/{number}/retract", expect, json=body)
        if expect == 200:
            self.model.retracted.add(number)

    @invariant()
    def the_force_sees_all_of_it(self) -> None:
        view = self.officer.get(self.path).json()
        assert (view["urn"], view["version"]["number"]) == (self.model.urn, self.model.newest)
        assert view["content"] == self.model.contents[-1] and view["version"]["note"] == self.model.notes[-1]

    @invariant()
    def the_cps_sees_what_was_shared_and_stands(self) -> None:
        answer = self.prosecutor.call("GET", self.path)
        if not self.model.standing:
            assert answer.status_code == (410 if self.model.shared else 404)
            return
        newest, view = max(self.model.standing), answer.json()
        assert (view["version"]["number"], view["content"]) == (newest, self.model.contents[newest - 1])

    def teardown(self) -> None:
        listed = self.officer.items(f"{self.path}/versions")
        assert [item["note"] for item in listed] == self.model.notes
        assert {item["number"] for item in listed if item["retraction"]} == self.model.retracted
        assert {item["number"] for item in listed if item["shared_with"]} == set(self.model.shared)
        views = [self.officer.get(f"{self.path}/versions/{item['number']}").json() for item in listed]
        check_chain(views)
        assert [view["content"] for view in views] == self.model.contents
        links = [(item["relation"], item["case_file_id"]) for item in self.officer.items(f"{self.path}/links")]
        merged = [("merged_into", self.model.merged_into)] if self.model.merged_into else []
        assert sorted(links) == sorted([("split_into", new) for new in self.model.split_off] + merged)
        if self.model.shared:
            theirs = self.prosecutor.items(f"{self.path}/versions")
            assert [item["number"] for item in theirs] == sorted(self.model.shared)
        if self.erase is not None:
            self.erased(self.erase)

    def erased(self, erase: Callable[[str], object]) -> None:
        """The case file alone is erased: its numbers and digests stay, and what was split off from it."""
        digests = [item["digest"] for item in self.officer.items(f"{self.path}/versions")]
        erase(self.id)
        self.officer.refused("GET", self.path, 410, "gone")
        left = self.officer.items(f"{self.path}/versions")
        assert [item["digest"] for item in left] == digests and {item["note"] for item in left} == {""}
        for new in self.model.split_off:
            [origin] = self.officer.items(f"/v1/case-files/{new}/links")
            assert (origin["case_file_id"], origin["reason"]) == (self.id, None)
            assert self.officer.get(f"/v1/case-files/{new}").json()["version"]["number"] == 1


def two_suspects(**changes: Any) -> Json:
    content = case_content(**changes)
    content["suspects"].append({**content["suspects"][0], "id": "s2"})
    return content


def walk(
    sandbox: Sandbox, walks: int, steps: int, *, again: bool, erase: Callable[[str], object] | None = None
) -> None:
    members = {"sandbox": sandbox, "erase": staticmethod(erase) if erase is not None else None}
    machine = type("VersionStoreOfThisSandbox", (VersionStore,), members)
    how = settings(
        max_examples=walks,
        stateful_step_count=steps,
        deadline=None,
        derandomize=again,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)


def test_a_few_walks_end_where_the_model_says(sandbox: Sandbox) -> None:
    walk(sandbox, 3, 12, again=True)


@pytest.mark.soak
def test_many_walks_end_where_the_model_says(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(sandbox, monkeypatch)
    operators = [sandbox.party("operator-console", staff=staff, roles=["operator"]) for staff in ("OP-01", "OP-02")]

    def erase(case: str) -> None:
        first, second = (token_file(tmp_path, operator) for operator in operators)  # a token lives for 15 minutes
        said = run(case_files.app, "erase", "ask", "--token", first, "--reason", "data-subject", case)
        run(case_files.app, "erase", "confirm", said.split(":")[0], "--token", second)

    walk(sandbox, int(os.environ.get("CASEFILE_SOAK_WALKS", "300")), 40, again=False, erase=erase)
