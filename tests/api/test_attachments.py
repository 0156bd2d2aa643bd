"""Files go straight to storage, arrive whole or not at all, and are opened by redirect."""

import pytest

from tests.api.attaching import EICAR, ON_CEPH, a_statement, completed, holding, text_file
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox, check_problem, new_key
from tests.outside.files import photograph, statement
from tests.outside.signing import sha256_hex
from tests.outside.uploads import attach, declare, download, put, settled, upload


def test_a_statement_goes_up_in_one_part_by_the_url_of_its_declaration(officer: Party, case_id: str) -> None:
    file = statement()
    declared = declare(officer, case_id, file)
    assert declared["status"] == "uploading"
    assert declared["upload"]["part_count"] == 1
    put(officer, declared["upload"]["parts"][0], file.data)
    answer = officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert answer.json()["status"] == "verifying"
    attachment = settled(officer, declared["id"])
    assert attachment["status"] == "available"
    assert attachment["scan"] == "not_performed"
    assert download(officer, declared["id"]) == file.data


@pytest.mark.parametrize("data", [b"", b"x"])
def test_the_smallest_files_arrive_too(officer: Party, case_id: str, data: bytes) -> None:
    attachment = attach(officer, case_id, text_file(data))
    assert attachment["size"] == len(data)
    assert download(officer, attachment["id"]) == data


def test_a_redirect_names_ids_and_no_file_and_is_not_kept(officer: Party, case_id: str) -> None:
    file = statement()
    attachment = attach(officer, case_id, file)
    answer = officer.get(f"/v1/attachments/{attachment['id']}/content", expect=307)
    assert answer.headers["cache-control"] == "private, no-store"
    assert file.name not in answer.headers["location"]
    assert "X-Amz-Expires=60" in answer.headers["location"]
    opened = officer.get(f"/v1/attachments/{attachment['id']}/custody").json()["items"][-1]
    assert (opened["kind"], f"x-audit-entry={opened['audit_entry_id']}" in answer.headers["location"]) == (
        "consulted",
        True,
    )
    fetched = officer.sandbox.http.get(answer.headers["location"])
    assert fetched.headers["content-type"] == "application/pdf"
    assert fetched.headers["content-disposition"] == f'attachment; filename="{attachment["id"]}.pdf"'
    assert officer.sandbox.http.get(answer.headers["location"].split("?")[0]).status_code == 403


def test_what_is_not_verified_cannot_be_opened(officer: Party, case_id: str) -> None:
    declared = declare(officer, case_id, statement())
    officer.refused("GET", f"/v1/attachments/{declared['id']}/content", 409, "wrong-state")
    rejected = completed(officer, case_id, text_file(EICAR))
    officer.refused("GET", f"/v1/attachments/{rejected['id']}/content", 409, "wrong-state")


def test_a_wrong_hash_is_found_by_reading_the_file_back(officer: Party, case_id: str) -> None:
    good = a_statement(1)
    other = holding(good, good.data[:-1] + b"!")
    rejected = completed(officer, case_id, good, sent=other)
    assert rejected["status"] == "rejected"
    assert rejected["rejection"]["code"] == "hash_mismatch"
    assert "declare it anew" in rejected["rejection"]["detail"]


def test_a_picture_that_is_declared_as_a_pdf_is_rejected(officer: Party, case_id: str) -> None:
    picture = photograph(image_format="PNG")
    disguised = holding(statement(), picture.data)
    assert completed(officer, case_id, disguised)["rejection"]["code"] == "type_mismatch"


def test_malware_is_rejected_and_leaves_storage(officer: Party, case_id: str) -> None:
    rejected = completed(officer, case_id, text_file(b"some text\n" + EICAR))
    assert rejected["rejection"]["code"] == "infected"
    path = f"/v1/attachments/{rejected['id']}/custody"
    for _ in range(100):
        kinds = [link["kind"] for link in officer.get(path).json()["items"]]
        if "removed_from_storage" in kinds:
            break
    assert kinds[:3] == ["declared", "upload_authorised", "received"]
    assert kinds[-2:] == ["rejected", "removed_from_storage"]


def test_another_body_another_length_and_a_second_use_come_to_nothing(officer: Party, case_id: str) -> None:
    file = text_file(b"the body that was signed")
    declared = declare(officer, case_id, file)
    part = declared["upload"]["parts"][0]
    longer = {**part["headers"], "Content-Length": str(file.size + 1)}
    sent = [
        officer.sandbox.http.put(part["url"], content=body, headers=headers).status_code
        for body, headers in (
            (b"the body that was edited", part["headers"]),
            (file.data + b"!", longer),
            (file.data, part["headers"]),
            (b"the body that was edited", part["headers"]),
        )
    ]
    assert sent == ([200, 403, 200, 200] if ON_CEPH else [400, 403, 200, 412])
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    attachment = settled(officer, declared["id"])
    assert attachment["status"] == ("rejected" if ON_CEPH else "available")
    assert (attachment["rejection"] or {}).get("code") == ("hash_mismatch" if ON_CEPH else None)


def test_a_part_can_be_asked_for_again_after_it_was_sent(officer: Party, case_id: str) -> None:
    file = text_file(b"sent twice")
    declared = declare(officer, case_id, file)
    put(officer, declared["upload"]["parts"][0], file.data)
    upload(officer, declared, file)
    officer.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    assert settled(officer, declared["id"])["status"] == "available"


def test_completing_before_the_bytes_came_names_the_missing_part(officer: Party, case_id: str) -> None:
    declared = declare(officer, case_id, statement())
    problem = officer.refused("POST", f"/v1/attachments/{declared['id']}/complete", 409, "wrong-state")
    assert problem["missing_parts"] == [1]
    assert officer.get(f"/v1/attachments/{declared['id']}").json()["status"] == "uploading"


def test_completing_again_answers_the_present_state(officer: Party, case_id: str) -> None:
    attachment = attach(officer, case_id, statement())
    again = officer.post(f"/v1/attachments/{attachment['id']}/complete", expect=200)
    assert again.json()["status"] == "available"
    assert again.headers["etag"] == officer.etag(f"/v1/attachments/{attachment['id']}")
    kinds = [link["kind"] for link in officer.get(f"/v1/attachments/{attachment['id']}/custody").json()["items"]]
    assert kinds.count("received") == kinds.count("verified") == 1


HOSTILE = [
    "../../etc/passwd",
    "a\x01\x1f\r\nSet-Cookie: x.pdf",
    "\u202egnp.fdp",
    "\u0627\u0644\u0634\u0627\u0647\u062f.pdf",
    "\U0001f9fe" * 255,
    "a" * 255,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_file_name_is_kept_as_data_and_found_nowhere_else(officer: Party, case_id: str, name: str) -> None:
    declared = declare(officer, case_id, statement(), file_name=name)
    assert officer.get(f"/v1/attachments/{declared['id']}").json()["file_name"] == name
    listed = officer.get(f"/v1/case-files/{case_id}/attachments")
    assert "file_name" not in listed.text
    assert "title" not in listed.json()["items"][0]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "MG999"}, "/kind"),
        ({"media_type": "application/x-msdownload"}, "/media_type"),
        ({"media_type": "video/mp4"}, "/media_type"),
        ({"sha256": "A" * 64}, "/sha256"),
        ({"sha256": "ab"}, "/sha256"),
        ({"size": -1}, "/size"),
        ({"size": 5 * 1024**4 + 1}, "/size"),
        ({"file_name": "a" * 256}, "/file_name"),
        ({"file_name": ""}, "/file_name"),
        ({"derived_from": "01a20c3a-4c57-77f5-8561-00354d399394"}, "/derived_from"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_declaration_that_cannot_be_kept_names_the_place(
    officer: Party, case_id: str, change: dict[str, object], pointer: str
) -> None:
    body = statement().declaration(**change)
    answer = officer.post(f"/v1/case-files/{case_id}/attachments", body, expect=422)
    assert [fault["pointer"] for fault in check_problem(answer, 422, "invalid")["errors"]] == [pointer]
    assert officer.items(f"/v1/case-files/{case_id}/attachments") == []


def test_a_redacted_copy_names_its_source_of_the_same_case(officer: Party, case_id: str) -> None:
    source = attach(officer, case_id, a_statement(1))
    copy = declare(officer, case_id, a_statement(2), derived_from=source["id"])
    assert copy["derived_from"] == source["id"]
    other_case = open_case(officer)["id"]
    officer.post(
        f"/v1/case-files/{other_case}/attachments", a_statement(3).declaration(derived_from=source["id"]), expect=422
    )


def test_a_repeated_declaration_gives_one_attachment_and_a_url_that_works(officer: Party, case_id: str) -> None:
    file, key = statement(), new_key()
    path = f"/v1/case-files/{case_id}/attachments"
    first = officer.post(path, file.declaration(), idempotency_key=key, expect=201)
    again = officer.post(path, file.declaration(), idempotency_key=key, expect=201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    put(officer, again.json()["upload"]["parts"][0], file.data)
    assert len(officer.items(path)) == 1


def test_repeated_asking_for_urls_gives_fresh_ones(officer: Party, case_id: str) -> None:
    file, key = statement(), new_key()
    declared = declare(officer, case_id, file)
    body = {"parts": [{"number": 1, "sha256": file.sha256}]}
    path = f"/v1/attachments/{declared['id']}/upload"
    officer.post(path, body, idempotency_key=key, expect=200)
    again = officer.post(path, body, idempotency_key=key, expect=200)
    assert again.headers["idempotent-replayed"] == "true"
    put(officer, again.json()["parts"][0], file.data)


@pytest.mark.parametrize("parts", [[{"number": 2}], [{"number": 1}, {"number": 1}]])
def test_parts_that_the_file_does_not_have_are_refused(
    officer: Party, case_id: str, parts: list[dict[str, object]]
) -> None:
    declared = declare(officer, case_id, statement())
    body = {"parts": [part | {"sha256": sha256_hex(b"")} for part in parts]}
    problem = officer.refused("POST", f"/v1/attachments/{declared['id']}/upload", 422, "invalid", json=body)
    assert problem["errors"][0]["pointer"] == f"/parts/{len(parts) - 1}/number"


def test_the_list_goes_on_page_by_page_and_is_stable(officer: Party, case_id: str) -> None:
    ids = [declare(officer, case_id, a_statement(number))["id"] for number in range(5)]
    path = f"/v1/case-files/{case_id}/attachments"
    assert [item["id"] for item in officer.items(path, limit=2)] == ids
    page = officer.get(path, params={"limit": 2})
    assert 'rel="next"' in page.headers["link"]
    assert page.json()["items"][0]["etag"] == officer.etag(f"/v1/attachments/{ids[0]}")


def test_a_reader_that_has_the_attachment_gets_304(officer: Party, case_id: str) -> None:
    declared = declare(officer, case_id, statement())
    path = f"/v1/attachments/{declared['id']}"
    officer.get(path, headers={"If-None-Match": officer.etag(path)}, expect=304)


def test_one_file_is_attached_by_a_system_as_well(sandbox: Sandbox, case_id: str) -> None:
    system = sandbox.system("police-53")
    attachment = attach(system, case_id, statement())
    assert attachment["declared_by"] == {"organisation": "police-53", "client_id": "force-53-rms", "staff": None}
