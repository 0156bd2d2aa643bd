"""Access logs of stores, line by line: which bytes went where. Pure.

Amazon S3 writes a line of fields for each request (server access log format), Ceph RGW a JSON object (`rgw ops log`).
A download's URL names the entry of our log that it was given with (`x-audit-entry`), so each line says whose it was.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

_FIELD = re.compile(r'\[[^\]]*\]|"[^"]*"|\S+')
_GIVING = (200, 206)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Bytes of an object that the store gave to somebody who had a URL of ours."""

    request: str
    """The store's own id of the request: a line that is read twice counts once."""
    entry_id: UUID
    object_key: str
    at: datetime
    address: str
    bytes_sent: int
    ranged: bool


def fetches(lines: Iterable[str], bucket: str) -> Iterator[Fetch]:
    """Give what was fetched from the bucket by our URLs; every other line of the log is somebody else's business."""
    for line in lines:
        found = _of_rgw(line) if line.lstrip().startswith("{") else _of_s3(line)
        if found is not None and found[0] == bucket:
            yield found[1]


def _of_s3(line: str) -> tuple[str, Fetch] | None:
    fields = _FIELD.findall(line)
    if len(fields) < 13 or fields[6] != "REST.GET.OBJECT":
        return None
    asked = fields[8].strip('"').split(" ")
    try:
        at = datetime.strptime(fields[2], "[%d/%b/%Y:%H:%M:%S %z]")
    except ValueError:
        return None
    key = unquote(unquote(fields[7]))
    return _fetch(fields[1], fields[5], asked, key, at, fields[3], fields[9], fields[11])


def _of_rgw(line: str) -> tuple[str, Fetch] | None:
    try:
        told = json.loads(line)
        asked = str(told["uri"]).split(" ")
        at = datetime.fromisoformat(str(told["time"]).replace(" ", "T", 1))
        if told["operation"] != "get_obj":
            return None
        bucket, address, status = str(told["bucket"]), str(told["remote_addr"]), str(told["http_status"])
        request, sent = str(told["trans_id"]), str(told["bytes_sent"])
    except (ValueError, KeyError, TypeError):
        return None
    # By the path, which begins with the bucket unless the host name does: this field has no version in it.
    path = unquote(urlsplit(asked[1]).path).lstrip("/") if len(asked) > 1 else ""
    return _fetch(bucket, request, asked, path.removeprefix(f"{bucket}/"), at, address, status, sent)


def _fetch(
    bucket: str, request: str, asked: list[str], key: str, at: datetime, address: str, status: str, sent: str
) -> tuple[str, Fetch] | None:
    """A line of ours: bytes were given, and the URL says for which entry. None where it is not, or is not whole."""
    try:
        entry = UUID(parse_qs(urlsplit(asked[1]).query)["x-audit-entry"][0])
        if asked[0] != "GET" or int(status) not in _GIVING:
            return None
        in_utc = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        return bucket, Fetch(request, entry, key, in_utc, address, int(sent), int(status) == 206)
    except (ValueError, KeyError, IndexError):
        return None
