"""Lines of stores' access logs: Amazon's as its documentation has them, RGW's as it writes them."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from casefile_api.attachments.access_log import Fetch, fetches

ENTRY = UUID("01a20f26-270d-74a3-82ca-e78a6514e26c")
KEY = "attachments/01a20f26-2bb4-7656-8c9d-72da12c226d4/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
QUERY = f"versionId=3HL4&x-audit-entry={ENTRY}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=ab"
# The example of the Amazon S3 User Guide (server access log format), with a GET of ours in place of its request.
S3 = (
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be casefile [06/Feb/2026:00:00:38 +0000] 192.0.2.3 "
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be 3E57427F3EXAMPLE {operation} {key} "
    '"{method} /{path}?{query} HTTP/1.1" {status} - {sent} 2662992 70 10 "-" "Mozilla/5.0 [x] (a; b)" 3HL4 '
    "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 "
    "QueryString casefile.s3.eu-west-2.amazonaws.com TLSV1.2 - -"
)
WHOLE = Fetch("3E57427F3EXAMPLE", ENTRY, KEY, datetime(2026, 2, 6, 0, 0, 38, tzinfo=UTC), "192.0.2.3", 2662992, False)


def s3(**changes: str) -> str:
    usual = {"operation": "REST.GET.OBJECT", "key": KEY, "method": "GET", "path": KEY, "query": QUERY, "status": "200"}
    return S3.format(**(usual | {"sent": "2662992"} | changes))


def rgw(**changes: object) -> str:
    told = {
        "bucket": "casefile",
        "time": "2026-02-06T00:00:38.123456Z",
        "time_local": "2026-02-06T00:00:38.123456+0000",
        "remote_addr": "192.0.2.3",
        "user": "service",
        "operation": "get_obj",
        "uri": f"GET /casefile/{KEY}?{QUERY} HTTP/1.1",
        "http_status": "206",
        "error_code": "",
        "bytes_sent": 900,
        "bytes_received": 0,
        "object_size": 2662992,
        "total_time": 12,
        "user_agent": "curl",
        "referrer": "",
        "trans_id": "tx00000000000000000000a-0065c17a66-4105-default",
    }
    return json.dumps(told | changes)


def read(*lines: str) -> list[Fetch]:
    return list(fetches(lines, "casefile"))


def test_a_line_of_amazon_says_what_went_where() -> None:
    assert read(s3()) == [WHOLE]
    assert read(s3(path=f"casefile/{KEY}"), s3(key=KEY.replace("/", "%2F"))) == [WHOLE, WHOLE]
    (part,) = read(s3(status="206", sent="17"))
    assert (part.ranged, part.bytes_sent) == (True, 17)


def test_a_line_of_ceph_says_the_same() -> None:
    (part,) = read(rgw())
    assert (part.entry_id, part.object_key, part.address) == (ENTRY, KEY, "192.0.2.3")
    assert (part.bytes_sent, part.ranged, part.request[:2]) == (900, True, "tx")
    assert part.at == datetime(2026, 2, 6, 0, 0, 38, 123456, tzinfo=UTC)
    (older,) = read(rgw(time="2026-02-06 00:00:38.123456Z", uri=f"GET /{KEY}?{QUERY} HTTP/1.1"))
    assert (older.object_key, older.at) == (KEY, part.at)


@pytest.mark.parametrize(
    "line",
    [
        s3(status="403"),
        s3(status="-"),
        s3(operation="REST.HEAD.OBJECT", method="HEAD"),
        s3(query="versionId=3HL4"),
        s3(query="x-audit-entry=none"),
        s3(sent="-"),
        s3().replace(" casefile ", " elsewhere ", 1),
        s3().replace("06/Feb/2026", "soon"),
        s3()[:200],
        rgw(http_status="404"),
        rgw(operation="put_obj"),
        rgw(bucket="elsewhere"),
        rgw(uri="GET"),
        rgw(time="soon"),
        rgw(bytes_sent=None),
        "{",
        "[]",
        "",
        "nothing like a log",
    ],
    ids=range(19),
)
def test_other_lines_and_broken_ones_are_passed_over(line: str) -> None:
    assert read(line) == []
