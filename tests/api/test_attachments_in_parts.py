"""Large files go in parts, in any order, by anyone with the same rights, and go on where they stopped."""

import threading
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.api.attaching import ON_CEPH, PART_BYTES, holding, large_text, text_file
from tests.outside.client import Party, Sandbox
from tests.outside.signing import sha256_hex
from tests.outside.uploads import attach, declare, download, parts_of, put, settled, upload


def test_parts_arrive_in_any_order_and_make_the_file(officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    assert declared["upload"] == {"part_size": PART_BYTES, "part_count": 3, "parts": []}
    for number in (3, 1, 2):
        upload(officer, declared, file, only={number})
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["status"] == "available"
    assert download(officer, declared["id"]) == file.data


@pytest.mark.parametrize(("size", "count"), [(PART_BYTES - 1, 1), (PART_BYTES, 1), (PART_BYTES + 1, 2)])
def test_files_around_the_size_of_a_part_arrive(officer: Party, case_id: str, size: int, count: int) -> None:
    file = large_text(size)
    attachment = attach(officer, case_id, file)
    assert attachment["size"] == size
    assert declare(officer, case_id, file)["upload"]["part_count"] == count


def test_an_upload_that_broke_off_goes_on_from_another_system(sandbox: Sandbox, officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file, only={2})
    system = sandbox.system("police-53")
    progress = system.get(f"/v1/attachments/{declared['id']}/upload").json()
    assert progress["missing"] == [1, 3]
    assert progress["received"] == [
        {"number": 2, "size": PART_BYTES, "sha256": sha256_hex(parts_of(file, PART_BYTES)[2])}
    ]
    upload(system, declared, file, only=set(progress["missing"]))
    system.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["status"] == "available"


def test_completing_with_parts_missing_names_them_and_changes_nothing(officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file, only={2})
    problem = officer.refused("POST", f"/v1/attachments/{declared['id']}/complete", 409, "wrong-state")
    assert problem["missing_parts"] == [1, 3]
    upload(officer, declared, file, only={1, 3})
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)


def test_a_part_with_another_body_comes_to_nothing(officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    asked = {"parts": [{"number": 3, "sha256": sha256_hex(b"12345")}]}
    part = officer.post(f"/v1/attachments/{declared['id']}/upload", asked).json()["parts"][0]
    assert part["size"] == 5
    http = officer.sandbox.http
    assert http.put(part["url"], content=b"12346", headers=part["headers"]).is_success is ON_CEPH
    assert http.put(part["url"].replace("partNumber=3", "partNumber=1"), content=b"12345").status_code == 403
    assert http.put(part["url"], content=b"12345", headers=part["headers"]).status_code == 200


def test_a_url_is_of_no_use_for_another_upload(officer: Party, case_id: str) -> None:
    file = large_text()
    one, two = declare(officer, case_id, file), declare(officer, case_id, file)
    asked = {"parts": [{"number": 3, "sha256": sha256_hex(file.data[-5:])}]}
    urls = [officer.post(f"/v1/attachments/{each['id']}/upload", asked).json()["parts"][0] for each in (one, two)]
    first, second = (urlsplit(part["url"]) for part in urls)
    mixed = [second._replace(query=first.query), first._replace(path=second.path)]
    uploads = [dict(parse_qsl(each.query))["uploadId"] for each in (first, second)]
    mixed.append(first._replace(query=first.query.replace(uploads[0], uploads[1])))
    http = officer.sandbox.http
    for url in mixed:
        answer = http.put(url.geturl(), content=file.data[-5:], headers=urls[0]["headers"])
        assert answer.status_code == 403, answer.text
    assert officer.get(f"/v1/attachments/{two['id']}/upload").json()["received"] == []


def test_a_part_of_another_file_is_found_by_reading_the_file_back(officer: Party, case_id: str) -> None:
    file, other = large_text(), holding(large_text(), b"#" * large_text().size)
    declared = declare(officer, case_id, file)
    upload(officer, declared, other, only={2})
    upload(officer, declared, file, only={1, 3})
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["rejection"]["code"] == "hash_mismatch"
    officer.refused("GET", f"/v1/attachments/{declared['id']}/content", 409, "wrong-state")


def test_swapped_parts_are_found_by_reading_the_file_back(officer: Party, case_id: str) -> None:
    file = large_text()
    parts = parts_of(file, PART_BYTES)
    swapped = holding(file, parts[2] + parts[1] + parts[3])
    declared = declare(officer, case_id, file)
    upload(officer, declared, swapped)
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["rejection"]["code"] == "hash_mismatch"


def test_a_part_sent_twice_counts_once_and_the_newest_counts(officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    other = holding(file, b"#" * file.size)
    upload(officer, declared, other, only={1})
    upload(officer, declared, file)
    progress = officer.get(f"/v1/attachments/{declared['id']}/upload").json()
    assert [part["number"] for part in progress["received"]] == [1, 2, 3]
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["status"] == "available"


def test_racing_completes_end_in_one_verification(sandbox: Sandbox, officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file)
    statuses: list[int] = []
    path = f"/v1/attachments/{declared['id']}/complete"
    callers = [
        threading.Thread(target=lambda: statuses.append(officer.call("POST", path).status_code)) for _ in range(6)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(set(statuses)) == [200, 202]
    assert statuses.count(202) == 1
    assert settled(officer, declared["id"])["status"] == "available"
    custody = officer.get(f"/v1/attachments/{declared['id']}/custody").json()["items"]
    assert [link["kind"] for link in custody].count("verified") == 1


def test_more_than_a_hundred_parts_at_once_are_refused(officer: Party, case_id: str) -> None:
    declared = declare(officer, case_id, text_file(b""), size=200 * PART_BYTES)
    body = {"parts": [{"number": number, "sha256": sha256_hex(b"")} for number in range(1, 102)]}
    path = f"/v1/attachments/{declared['id']}/upload"
    assert officer.refused("POST", path, 422, "invalid", json=body)["errors"][0]["pointer"] == "/parts"
    body["parts"].pop()
    assert len(officer.post(path, body, expect=200).json()["parts"]) == 100


def test_the_largest_file_is_cut_into_parts_that_storage_takes(officer: Party, case_id: str) -> None:
    declared = declare(officer, case_id, text_file(b""), size=5 * 1024**4)
    plan = declared["upload"]
    assert plan["part_count"] <= 10_000
    assert (plan["part_count"] - 1) * plan["part_size"] < 5 * 1024**4 <= plan["part_count"] * plan["part_size"]


def test_a_file_that_is_complete_takes_no_more_parts(officer: Party, case_id: str) -> None:
    file = large_text()
    attachment = attach(officer, case_id, file)
    asked = {"parts": [{"number": 1, "sha256": sha256_hex(b"x")}]}
    officer.refused("POST", f"/v1/attachments/{attachment['id']}/upload", 409, "wrong-state", json=asked)
    progress = officer.get(f"/v1/attachments/{attachment['id']}/upload").json()
    assert progress["missing"] == []
    assert progress["received_bytes"] == file.size


def test_a_url_of_a_part_is_of_no_use_after_the_file_is_complete(officer: Party, case_id: str) -> None:
    file = large_text()
    declared = declare(officer, case_id, file)
    upload(officer, declared, file)
    data = parts_of(file, PART_BYTES)[3]
    asked = {"parts": [{"number": 3, "sha256": sha256_hex(data)}]}
    kept = officer.post(f"/v1/attachments/{declared['id']}/upload", asked).json()["parts"][0]
    put(officer, kept, data)
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["status"] == "available"
    assert officer.sandbox.http.put(kept["url"], content=data, headers=kept["headers"]).status_code == 404
