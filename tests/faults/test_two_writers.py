"""Two who write at once: one wins, the other is told, and no version number is skipped or doubled."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import psycopg
import pytest

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside import cases
from tests.outside.client import Party, Sandbox, new_key
from tests.outside.digest import check_chain

WRITERS, ROUNDS = 8, 3


def patch(path: str, tag: str, party: Party, body: object) -> Any:
    """A merge patch on top of a tag that somebody else has seen too."""
    return party.call("PATCH", path, json=body, media_type="application/merge-patch+json", if_match=tag)


def test_of_writers_with_the_same_tag_one_wins(sandbox: Sandbox) -> None:
    parties = [sandbox.system("police-53") for _ in range(WRITERS)]
    case = cases.open_case(parties[0])
    path = f"/v1/case-files/{case['id']}"
    with ThreadPoolExecutor(WRITERS) as pool:
        for round_number in range(ROUNDS):
            tag = parties[0].etag(path)
            bodies = [{"content": {"issues": f"{round_number} by {n}"}, "note": f"writer {n}"} for n in range(WRITERS)]
            answers = list(pool.map(partial(patch, path, tag), parties, bodies))
            assert sorted(answer.status_code for answer in answers) == [200] + [412] * (WRITERS - 1)
            [won] = [answer for answer in answers if answer.status_code == 200]
            assert won.headers["etag"] == parties[0].etag(path)
    versions = parties[0].items(f"{path}/versions")
    assert [item["number"] for item in versions] == list(range(1, ROUNDS + 2))
    check_chain(parties[0].get(f"{path}/versions/{item['number']}").json() for item in versions)


def write_on(party: Party, path: str, attempts: int, name: int) -> list[tuple[int, int, int]]:
    """Counts up by one on top of what was read, as often; (number, count, writer) of each that was taken."""
    taken: list[tuple[int, int, int]] = []
    view, tag = None, ""
    for _ in range(attempts):
        if view is None:
            read = party.get(path, expect=200)
            view, tag = read.json(), read.headers["etag"]
        count = int(view["content"]["extensions"].get("count", 0)) + 1
        body = {"content": {"extensions": {"count": count, "by": name}}, "note": f"{name} counts {count}"}
        answer = patch(path, tag, party, body)
        assert answer.status_code in (200, 412), answer.text
        view = None
        if answer.status_code == 200:
            view, tag = answer.json(), answer.headers["etag"]
            taken.append((view["version"]["number"], count, name))
    return taken


def count_up(sandbox: Sandbox, writers: int, attempts: int) -> None:
    parties = [sandbox.system("police-53") for _ in range(writers)]
    path = f"/v1/case-files/{cases.open_case(parties[0])['id']}"
    with ThreadPoolExecutor(writers) as pool:
        tries = [attempts // writers] * writers
        taken = [each for some in pool.map(write_on, parties, [path] * writers, tries, range(writers)) for each in some]
    versions = parties[0].items(f"{path}/versions")
    assert [item["number"] for item in versions] == list(range(1, len(taken) + 2)), "consecutive, each answered"
    assert Counter(number for number, _, _ in taken) == Counter(range(2, len(taken) + 2)), "every answer in the history"
    assert sorted(count for _, count, _ in taken) == list(range(1, len(taken) + 1)), "no update is lost"
    notes = {item["number"]: item["note"] for item in versions}
    assert all(notes[number] == f"{name} counts {count}" for number, count, name in taken)
    check_chain(parties[0].get(f"{path}/versions/{item['number']}").json() for item in versions)


def test_32_writers_on_one_case_file_lose_nothing(sandbox: Sandbox) -> None:
    count_up(sandbox, 32, 640)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_32_writers_on_one_case_file_lose_nothing_in_many_attempts(sandbox: Sandbox) -> None:
    count_up(sandbox, 32, int(os.environ.get("CASEFILE_SOAK_ATTEMPTS", "100000")))


def test_versions_sent_together_are_each_written_once_and_none_waits_for_the_lock_of_another(sandbox: Sandbox) -> None:
    """What one caller sends at once goes together; a case file that somebody holds is waited for by its own change."""
    system = sandbox.system("police-53")
    paths = [f"/v1/case-files/{cases.open_case(system)['id']}" for _ in range(WRITERS * 2)]
    tags = {path: system.etag(path) for path in paths}
    held, stale = paths[3], paths[5]

    def write(path: str) -> Any:
        return patch(
            path, '"gone"' if path == stale else tags[path], system, {"content": {"issues": path}, "note": f"of {path}"}
        )

    owner = PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner
    with ThreadPoolExecutor(len(paths)) as pool:
        with psycopg.connect(owner) as other:
            other.execute("select from case_file where id = %s for update", [held.rsplit("/", 1)[1]])
            answers = {path: pool.submit(write, path) for path in paths}
            assert wait([answer for path, answer in answers.items() if path != held], timeout=60).not_done == set()
            assert not answers[held].done(), "nobody else may write it now"
        codes = {path: answer.result(60).status_code for path, answer in answers.items()}

    assert codes == {path: 412 if path == stale else 200 for path in paths}
    for path in paths:
        notes = [item["note"] for item in system.items(f"{path}/versions")]
        assert notes[1:] == ([] if path == stale else [f"of {path}"])


def test_of_two_who_take_a_step_one_wins(sandbox: Sandbox) -> None:
    _, request = cases.submitted_case(sandbox)
    path = f"/v1/early-advice-requests/{request['id']}"
    assistants = [sandbox.person("casework_assistant", unit="cps-south-west-rasso") for _ in range(WRITERS)]
    tag, body = assistants[0].etag(path), {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(
            pool.map(lambda party: party.call("POST", f"{path}/accept", json=body, if_match=tag), assistants)
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (WRITERS - 1)


def test_one_key_does_a_thing_once_however_often_it_is_sent(sandbox: Sandbox) -> None:
    system, key, body = sandbox.system("police-53"), new_key(), cases.opening(police_unit="police-53-rasso")
    assert system.token
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(
            pool.map(lambda _: system.call("POST", "/v1/case-files", json=body, idempotency_key=key), range(WRITERS))
        )
    codes = {answer.status_code for answer in answers}
    assert codes <= {201, 409} and 201 in codes
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    again = system.post("/v1/case-files", body, expect=201, idempotency_key=key)
    assert again.headers["idempotent-replayed"] == "true"


def test_one_urn_is_opened_once_however_many_try(sandbox: Sandbox) -> None:
    parties = [sandbox.system("police-53") for _ in range(WRITERS)]
    body = cases.opening(police_unit="police-53-rasso")
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(lambda party: party.call("POST", "/v1/case-files", json=body), parties))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (WRITERS - 1)
