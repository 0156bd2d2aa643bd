"""The version store against a simple model: whatever police do to a case file, in any order, both sides see what the
model says, and the history is whole.

Generated runs are the same each time in the normal run; `make soak` makes many more of them (CASEFILE_SOAK_WALKS).
"""

import os
from dataclasses import dataclass, field
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

    @initialize()
    def opened(self) -> None:
        self.officer = self.sandbox.person("officer", unit="police-53-rasso")
        self.supervisor = self.sandbox.person("supervisor", unit="police-53-rasso")
        self.prosecutor = self.sandbox.person("prosecutor", unit="cps-south-west-rasso")
        view = open_case(self.officer)
        self.path, self.id, self.tag = f"/v1/case-files/{view['id']}", view["id"], ""
        self.model = Model(view["urn"], [view["content"]], ["opened"])

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
        content = case_content(issues=word)
        self.changed(self.officer, "POST", f"{self.path}/versions", 201, json={"content": content, "note": note})
        self.model.contents.append(content)
        self.model.notes.append(note)

    @rule(word=WORDS)
    def patch(self, word: str) -> None:
        now = self.model.contents[-1]
        body = {"content": {"issues": word, "defence_case": None}, "note": "patched"}
        after = {name: value for name, value in now.items() if name != "defence_case"} | {"issues": word}
        expect = 422 if after == now else 200
        self.changed(self.officer, "PATCH", self.path, expect, json=body, media_type=MERGE)
        if expect == 200:
            self.model.contents.append(after)
            self.model.notes.append("patched")

    @rule(word=WORDS)
    def patch_what_must_be_so(self, word: str) -> None:
        now = self.model.contents[-1]
        test = {"op": "test", "path": "/content/issues", "value": word}
        body = [test, {"op": "replace", "path": "/content/summary", "value": f"{now['summary']}."[-80:]}]
        changes = body[1]["value"] != now["summary"]
        expect = 409 if now["issues"] != word else 200 if changes else 422
        self.changed(self.officer, "PATCH", self.path, expect, json=body, media_type=JSON_PATCH)
        if expect == 200:
            self.model.contents.append(now | {"summary": body[1]["value"]})
            self.model.notes.append("")

    @rule(place=PLACES)
    def restore(self, place: int) -> None:
        number = place % self.model.newest + 1
        content = self.model.contents[number - 1]
        expect = 422 if content == self.model.contents[-1] else 201
        where = f"{self.path}/versions/{number}/restore"
        self.changed(self.officer, "POST", where, expect, json={"note": "back"})
        if expect == 201:
            self.model.contents.append(content)
            self.model.notes.append("back")

    @rule()
    def write_on_top_of_what_is_no_more(self) -> None:
        if self.tag:
            body = {"content": case_content(issues="lost"), "note": ""}
            self.officer.refused("POST", f"{self.path}/versions", 412, "stale", json=body, if_match=self.tag)

    @rule()
    def correct_the_urn(self) -> None:
        urn = new_urn()
        body = {"urn": urn, "reason": "Typed wrongly."}
        self.changed(self.officer, "POST", f"{self.path}/corrections", 200, json=body)
        self.model.urn = urn

    @precondition(lambda self: self.model.open_request is None)
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
        if self.model.shared:
            theirs = self.prosecutor.items(f"{self.path}/versions")
            assert [item["number"] for item in theirs] == sorted(self.model.shared)


def walk(sandbox: Sandbox, walks: int, steps: int, *, again: bool) -> None:
    machine = type("VersionStoreOfThisSandbox", (VersionStore,), {"sandbox": sandbox})
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
def test_many_walks_end_where_the_model_says(sandbox: Sandbox) -> None:
    walk(sandbox, int(os.environ.get("CASEFILE_SOAK_WALKS", "300")), 40, again=False)
