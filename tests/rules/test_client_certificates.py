"""A certificate that a proxy passes on is read in either spelling, and anything else is no certificate (RFC 9440)."""

import base64

import pytest

from casefile_api.access.client_certificates import LONGEST_HEADER, thumbprint_of
from tests.outside.certificates import ClientCertificate

CERTIFICATE = ClientCertificate.new()


@pytest.mark.parametrize("header", [CERTIFICATE.header, CERTIFICATE.escaped])
def test_a_certificate_has_one_thumbprint_in_both_spellings(header: str) -> None:
    assert thumbprint_of([header]) == CERTIFICATE.thumbprint


def with_a_tail(tail: bytes) -> str:
    return f":{base64.b64encode(CERTIFICATE.der + tail).decode()}:"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [CERTIFICATE.header, CERTIFICATE.header],
        [""],
        [":"],
        ["::"],
        [":AAAA:"],
        [":not base64:"],
        ["nonsense"],
        ["%ff%fe"],
        ["é"],
        [CERTIFICATE.header[:-20]],
        [CERTIFICATE.escaped[:-60]],
        [CERTIFICATE.header + ", " + CERTIFICATE.header],
        [with_a_tail(b"\0")],
        [":" + "A" * LONGEST_HEADER + ":"],
    ],
)
def test_what_is_not_one_certificate_is_none(headers: list[str]) -> None:
    assert thumbprint_of(headers) is None
