"""Object storage: the only module that imports boto3, and how the house speaks to an S3-compatible store.

The one thing to know: nothing here trusts the store. Checksum and length are signed into every upload (`links`), a key
is written once (`uploads`), and what was uploaded is read back and hashed before anybody may read it (`verification`).
Calls that wait run in threads of their own, with time limits and a bounded number of attempts, so that a silent store
costs an answer and never the service.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from casefile_api.errors import DependencyUnavailable
from casefile_api.settings import Settings, StoreChecksums

T = TypeVar("T")
Answer = dict[str, Any]

_CALL_SECONDS = 12.0
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchUpload", "NoSuchVersion", "NoSuchBucket", "NotFound"})
_WRITTEN = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
# Faults of the moment, for which the caller may come back; anything else the store means as it says.
_PASSING = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "500", "502", "503", "504"})


class MissingObject(Exception):
    """Storage holds no such bucket, object or upload."""


class WrittenAlready(Exception):
    """There is an object under this key, and it is not overwritten."""


class StoreRefused(DependencyUnavailable):
    """The store will not do this; `reason` is its own word.

    Whoever did not reckon with it says to the caller that storage is away: credentials that ran out, a clock that is
    wrong, a policy that was changed are the operator's to mend, and nothing was changed.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"Storage refuses it ({reason}); nothing was changed.", retry_after_seconds=30)
        self.reason = reason


class Closing(DependencyUnavailable):
    """This process is on its way out: what streams breaks off, and is taken up by another."""


class Storage:
    """The bucket of this service, and the ways to it: one that the service reaches, one that callers reach."""

    def __init__(self, settings: Settings) -> None:
        self.bucket = settings.s3_bucket
        self.region = settings.s3_region
        self.object_lock = settings.object_lock
        # The worker goes by the last that was done with an upload, the store by its beginning alone.
        self.give_up_days = 2 * settings.upload_expiry_days
        endpoint = settings.s3_endpoint_url
        public = settings.s3_public_endpoint_url or endpoint
        self.kms_key_id = settings.s3_kms_key_id
        checksums = settings.s3_checksums
        self._client = _client(endpoint, self.region, checksums)
        self._signer = self._client if public == endpoint else _client(public, self.region, checksums)
        self._calls = ThreadPoolExecutor(max_workers=16, thread_name_prefix="storage-call")
        self._closing = threading.Event()
        self._streams = ThreadPoolExecutor(max_workers=8, thread_name_prefix="storage-stream")

    def ask(self, operation: str, **values: Any) -> Answer:
        """Make one call and wait for it: for a thread.

        Raises MissingObject, WrittenAlready, StoreRefused, or DependencyUnavailable where the store does not answer.
        """
        self._go_on()
        try:
            answer: Answer = getattr(self._client, operation)(Bucket=self.bucket, **values)
        except (ClientError, BotoCoreError) as fault:
            raise _translated(fault) from fault
        return answer

    def pages(self, operation: str, **values: Any) -> Iterator[Answer]:
        """Make a call that answers in pages, to its end: for a thread."""
        try:
            yield from self._client.get_paginator(operation).paginate(Bucket=self.bucket, **values)
        except (ClientError, BotoCoreError) as fault:
            raise _translated(fault) from fault

    def chunks(self, answer: Answer, size_bytes: int) -> Iterator[bytes]:
        """Read the body of a `get_object` answer in chunks: for a thread."""
        try:
            for chunk in answer["Body"].iter_chunks(size_bytes):
                self._go_on()
                yield chunk
        except (ClientError, BotoCoreError) as fault:
            raise _translated(fault) from fault
        finally:
            answer["Body"].close()

    def sign(self, operation: str, lifetime_seconds: int, *, entry: UUID | None = None, **values: Any) -> str:
        """Return the URL of a presigned request on the host that callers reach; needs no call to the store.

        A download's may name the entry of our log: stores ignore a parameter that begins with `x-`, and write it into
        their access log with the rest of the URL (Amazon S3, server access log format).
        """
        values |= {_NOTE: str(entry)} if entry else {}
        try:
            url: str = self._signer.generate_presigned_url(
                operation, Params={"Bucket": self.bucket, **values}, ExpiresIn=lifetime_seconds
            )
        except BotoCoreError as fault:
            raise DependencyUnavailable("Storage credentials cannot be had; nothing was changed.") from fault
        return url

    async def call(self, work: Callable[[], T], *, seconds: float = _CALL_SECONDS) -> T:
        """Do work that makes a few calls, within a time limit."""
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._calls, work)
        except TimeoutError as fault:
            raise _silent() from fault

    async def stream(self, work: Callable[[], T]) -> T:
        """Do work that streams whole files, for as long as it takes; it has threads of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._streams, work)

    def _go_on(self) -> None:
        if self._closing.is_set():
            raise Closing("This process is stopping; the work is taken up by another.")

    def close(self) -> None:
        """Let go of threads and connections; a stream that is under way breaks off at its next chunk."""
        self._closing.set()
        for threads in (self._calls, self._streams):
            threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


_NOTE = "NoteForTheAccessLog"


def _take_note(params: Answer, context: Answer, **_: Any) -> Answer | None:
    """Take what is no parameter of S3 from those of a call; it goes with the URL."""
    if _NOTE not in params:
        return None
    context[_NOTE] = params[_NOTE]
    return {name: value for name, value in params.items() if name != _NOTE}


def _write_note(request: Any, **_: Any) -> None:
    if note := request.context.get(_NOTE):
        request.url += f"{'&' if '?' in request.url else '?'}x-audit-entry={note}"


def _client(endpoint: str, region: str, checksums: StoreChecksums) -> Any:
    """Build a client: SigV4, bounded attempts and time limits, checksums where we ask for them or wherever S3 has them.

    On AWS a bucket has a host name of its own in its region. Credentials are found where AWS's own programs find them.
    """
    wanted = "when_supported" if checksums is StoreChecksums.ALWAYS else "when_required"
    host = urlsplit(endpoint).hostname or ""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual" if host.endswith(".amazonaws.com") else "path"},
            connect_timeout=3,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=24,
            request_checksum_calculation=wanted,
            response_checksum_validation=wanted,
        ),
    )
    client.meta.events.register("provide-client-params.s3.GetObject", _take_note)
    client.meta.events.register("before-sign.s3.GetObject", _write_note)
    return client


def _translated(fault: ClientError | BotoCoreError) -> Exception:
    """Turn a fault of the store into one of ours; no foreign exception leaves this module."""
    if not isinstance(fault, ClientError):
        return _silent()
    code = str(fault.response.get("Error", {}).get("Code", "unknown"))
    if code in _MISSING:
        return MissingObject()
    if code in _WRITTEN:
        return WrittenAlready()
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _silent() if code in _PASSING or status >= 500 and code != "NotImplemented" else StoreRefused(code)


def _silent() -> DependencyUnavailable:
    return DependencyUnavailable("Storage does not answer; nothing was changed.", retry_after_seconds=5)
