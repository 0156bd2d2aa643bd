"""X-Forwarded-For is believed as far as trusted proxies wrote it, and no farther."""

import pytest

from casefile_api.errors import Misconfigured
from casefile_api.web.proxies import source_address, trusted_networks

TRUSTED = trusted_networks("10.0.0.0/8, 192.0.2.7, 2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", ["203.0.113.5"], "198.51.100.1"),
        ("10.1.1.1", [], "10.1.1.1"),
        ("10.1.1.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.1.1.1", ["1.2.3.4, 203.0.113.5"], "203.0.113.5"),
        ("10.1.1.1", ["1.2.3.4", "203.0.113.5, 192.0.2.7"], "203.0.113.5"),
        ("10.1.1.1", ["203.0.113.5, 10.2.2.2, 192.0.2.7"], "203.0.113.5"),
        ("10.1.1.1", ["nonsense"], "10.1.1.1"),
        ("10.1.1.1", ["203.0.113.5, nonsense"], "10.1.1.1"),
        ("2001:db8::1", ["2001:470::5"], "2001:470::5"),
        ("", ["203.0.113.5"], ""),
    ],
)
def test_the_source_is_where_the_outermost_trusted_proxy_was_called_from(
    peer: str, forwarded: list[str], source: str
) -> None:
    assert source_address(peer, forwarded, TRUSTED) == source


def test_nobody_is_believed_where_no_proxy_is_named() -> None:
    assert source_address("127.0.0.1", ["203.0.113.5"], trusted_networks("")) == "127.0.0.1"


def test_a_setting_that_names_no_address_stops_the_start() -> None:
    with pytest.raises(Misconfigured):
        trusted_networks("proxy.example")
