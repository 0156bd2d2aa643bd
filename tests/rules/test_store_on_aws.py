"""What is sent to AWS S3, as far as it can be seen without AWS: hosts, credentials, encryption, checksums."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from casefile_api.attachments.bucket import _create, _refuse_the_public, prepare_bucket
from casefile_api.attachments.lifecycle import give_up_unfinished
from casefile_api.attachments.links import get_link, put_link
from casefile_api.attachments.storage import Storage, StoreRefused
from casefile_api.errors import Misconfigured
from casefile_api.settings import Settings, StoreChecksums

Asked = list[tuple[str, str, dict[str, str], bytes]]
ROLE = {
    "Code": "Success",
    "AccessKeyId": "ASIAINVENTED",
    "SecretAccessKey": "invented",
    "Token": "of the instance",
    "Expiration": "2099-01-01T00:00:00Z",
}
METADATA = {
    "/latest/api/token": "a token",
    "/latest/meta-data/iam/security-credentials/": "casefile",
    "/latest/meta-data/iam/security-credentials/casefile": json.dumps(ROLE),
}


@contextmanager
def noting(answers: dict[str, str] | None = None, refuse: str = "?refused") -> Iterator[tuple[str, Asked]]:
    """A server that notes what it is asked, and refuses where the query has a word."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked.append((self.command, self.path, dict(self.headers.items()), self.rfile.read(length)))
            body = (answers or {}).get(self.path, "").encode()
            self.send_response(403 if refuse in self.path else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 - the names are those of http.server

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "invented")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")


@contextmanager
def storage_with(**settings: object) -> Iterator[Storage]:
    storage = Storage(Settings(s3_bucket="case-files", **settings))  # type: ignore[arg-type]
    yield storage
    storage.close()


def test_a_url_names_the_bucket_in_its_region_and_is_signed_for_it() -> None:
    with storage_with(s3_endpoint_url="https://s3.eu-west-2.amazonaws.com") as storage:
        link = put_link(storage, "k", size_bytes=1, sha256="ab" * 32, lifetime=timedelta(minutes=1))
    url = urlsplit(link.url)
    assert (url.scheme, url.netloc, url.path) == ("https", "case-files.s3.eu-west-2.amazonaws.com", "/k")
    assert parse_qs(url.query)["X-Amz-Credential"][0].split("/")[2:4] == ["eu-west-2", "s3"]


def test_credentials_of_the_instance_are_found_and_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "none-such")
    with noting(METADATA) as (instance, asked):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance)
        with storage_with(s3_endpoint_url="https://s3.eu-west-2.amazonaws.com") as storage:
            link = get_link(storage, "k", None, media_type="text/plain", name="n", lifetime=timedelta(minutes=1))
    query = parse_qs(urlsplit(link.url).query)
    assert (query["X-Amz-Security-Token"], query["X-Amz-Credential"][0].split("/")[0]) == (
        ["of the instance"],
        "ASIAINVENTED",
    )
    assert asked[0][0] == "PUT", "version 2 of the metadata service is asked, by a token"


async def test_the_bucket_is_told_to_encrypt_by_the_key_that_is_set() -> None:
    with noting() as (url, asked), storage_with(s3_endpoint_url=url, s3_kms_key_id="alias/casefile") as storage:
        await prepare_bucket(storage)
    [told] = [body.decode() for method, path, _, body in asked if (method, "encryption" in path) == ("PUT", True)]
    for part in ("<SSEAlgorithm>aws:kms<", "<KMSMasterKeyID>alias/casefile<", "<BucketKeyEnabled>true<"):
        assert part in told
    with noting() as (url, asked), storage_with(s3_endpoint_url=url) as storage:
        await prepare_bucket(storage)
    assert not [path for _, path, _, _ in asked if "encryption" in path]


async def test_a_key_that_cannot_be_used_is_one_sentence() -> None:
    with (
        noting(refuse="encryption") as (url, _),
        storage_with(s3_endpoint_url=url, s3_kms_key_id="alias/casefile") as storage,
        pytest.raises(Misconfigured, match=r"cannot be encrypted by CASEFILE_S3_KMS_KEY_ID \(403\)"),
    ):
        await prepare_bucket(storage)


@pytest.mark.parametrize("wanted", StoreChecksums)
def test_checksums_go_with_what_the_service_writes_where_they_are_wanted(wanted: StoreChecksums) -> None:
    with noting() as (url, asked), storage_with(s3_endpoint_url=url, s3_checksums=wanted) as storage:
        storage.ask("upload_part", Key="k", UploadId="u", PartNumber=1, Body=b"a part of a bundle")
        storage.ask("get_object", Key="k")
    written, read = asked
    names = {name.lower() for name in written[2]}
    always = wanted is StoreChecksums.ALWAYS
    assert bool({"x-amz-trailer", "x-amz-checksum-crc32", "x-amz-checksum-crc64nvme"} & names) is always
    assert (read[2].get("x-amz-checksum-mode") == "ENABLED") is always


class OtherStore:
    """A store that refuses some calls by their words."""

    bucket, region, object_lock = "case-files", "eu-west-2", None

    def __init__(self, refuses: Callable[[str, dict[str, Any]], bool]) -> None:
        self.refuses, self.asked = refuses, list[tuple[str, dict[str, Any]]]()

    def ask(self, operation: str, **values: Any) -> dict[str, Any]:
        self.asked.append((operation, values))
        if self.refuses(operation, values):
            raise StoreRefused("InvalidLocationConstraint")
        return {}


def test_a_bucket_is_made_to_be_locked_and_without_a_region_where_the_store_knows_none() -> None:
    store = OtherStore(lambda operation, values: "CreateBucketConfiguration" in values)
    _create(store)  # type: ignore[arg-type]
    assert [sorted(values) for _, values in store.asked] == [
        ["CreateBucketConfiguration", "ObjectLockEnabledForBucket"],
        ["ObjectLockEnabledForBucket"],
    ]
    with pytest.raises(Misconfigured, match=r"cannot be created \(InvalidLocationConstraint\)"):
        _create(OtherStore(lambda operation, values: True))  # type: ignore[arg-type]


@pytest.mark.parametrize(("takes_uploads", "blocked"), [(True, [4]), (False, [4, 3])])
def test_the_public_is_shut_out_without_shutting_ourselves_out(takes_uploads: bool, blocked: list[int]) -> None:
    store = OtherStore(lambda operation, values: operation == "put_object" and not takes_uploads)
    _refuse_the_public(store)  # type: ignore[arg-type]
    told = [values["PublicAccessBlockConfiguration"] for name, values in store.asked if "public_access" in name]
    assert [len(each) for each in told] == blocked
    assert all(each["IgnorePublicAcls"] and each["RestrictPublicBuckets"] for each in told)


OURS = {
    "ID": "casefile-unfinished-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": "attachments/"},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 28},
}
THEIRS = {"ID": "of the operator", "Status": "Enabled", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 90}}


@pytest.mark.parametrize(
    ("there", "written", "holds"),
    [
        ("NoSuchLifecycleConfiguration", [[OURS]], True),
        ([THEIRS, OURS | {"Status": "Disabled", "AbortIncompleteMultipartUpload": {}}], [[THEIRS, OURS]], True),
        ([THEIRS, OURS], [], True),
        ("AccessDenied", [], False),
    ],
    ids=["none", "another of ours", "there", "not readable"],
)
def test_the_store_gives_up_what_nobody_finished_and_keeps_the_rules_of_others(
    there: Any, written: list[Any], holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, puts = [there], []

    def ask(self: Storage, operation: str, **values: Any) -> Any:
        if operation.startswith("put"):
            puts.append(values["LifecycleConfiguration"]["Rules"])
            rules[0] = puts[-1]
        if isinstance(rules[0], str):
            raise StoreRefused(rules[0])
        return {"Rules": rules[0]}

    with storage_with(s3_endpoint_url="http://127.0.0.1:1") as storage:
        monkeypatch.setattr(Storage, "ask", ask)
        assert give_up_unfinished(storage, storage.give_up_days) is holds
    assert puts == written
