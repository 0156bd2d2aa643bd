"""Where a webhook may go: every spelling of an address we must never reach is refused."""

import ipaddress

import pytest

from casefile_api.outward.addresses import AddressRefused, judge_address, parse_destination

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

REFUSED_URLS = [
    # not https, or no URL at all
    "http://hooks.police.uk/cases", "ftp://hooks.police.uk/", "file:///etc/passwd", "gopher://hooks.police.uk/",
    "javascript:alert(1)", "//hooks.police.uk/", "hooks.police.uk/cases", "", "https://", "https:///cases",
    "https:hooks.police.uk", "https:/hooks.police.uk",
    # this machine
    "https://localhost/", "https://LOCALHOST/", "https://app.localhost/", "https://127.0.0.1/", "https://127.1/",
    "https://127.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
    "https://0177.0x0.0.1/", "https://017700000001/", "https://127.0.0.1./", "https://0/", "https://0.0.0.0/",
    "https://127.000.000.001/", "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://\uff11\uff12\uff17.0.0.1/", "https://127\u30020\u30020\u30021/", "https://\u24dbocalhost/",
    "https://127.0.0.1%2f@hooks.police.uk/",
    "https://%31%32%37.0.0.1/", "https://lo%63alhost/",
    # private networks
    "https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/", "https://192.0.2.1/", "https://198.51.100.7/", "https://203.0.113.9/",
    "https://0xc0a80101/",
    "https://192.168.257/", "https://[fc00::1]/", "https://[fd12:3456:789a::1]/", "https://[fec0::1]/",
    "https://[::ffff:10.0.0.1]/",
    # link-local, metadata
    "https://169.254.169.254/latest/meta-data", "https://169.254.0.1/", "https://2852039166/", "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/", "https://[fd00:ec2::254]/", "https://100.100.100.200/", "https://168.63.129.16/",
    "https://metadata.google.internal/", "https://[::ffff:a9fe:a9fe]/",
    # multicast, broadcast, reserved
    "https://224.0.0.1/", "https://239.255.255.250/", "https://255.255.255.255/", "https://240.0.0.1/",
    "https://[ff02::1]/", "https://[ff0e::1]/",
    # ways round: NAT64, 6to4, Teredo, ISATAP, documentation
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::10.0.0.1]/", "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/", "https://[2002:a00:1::1]/", "https://192.88.99.1/", "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/", "https://[3fff::1]/", "https://[2a00:1450::5efe:7f00:1]/", "https://[100::1]/",
    # local names
    "https://receiver/", "https://receiver.local/", "https://db.internal/", "https://cms.corp/",
    "https://nas.home.arpa/",
    "https://printer.lan/", "https://hidden.onion/",
    # credentials, fragments, odd hosts and ports
    "https://user:secret@hooks.police.uk/", "https://user@hooks.police.uk/", "https://@hooks.police.uk/",
    "https://hooks.police.uk/#part", "https://hooks.police.uk:0/", "https://hooks.police.uk:65536/",
    "https://hooks.police.uk:22/", "https://hooks.police.uk:25/", "https://hooks.police.uk:80/",
    "https://hooks.police.uk:+443/", "https://hooks.police.uk:/", "https://hooks.police.uk:44\uff13/",
    "https://hooks.police.uk./", "https://hooks..police.uk/", "https://-hooks.police.uk/", "https://.police.uk/",
    "https://hooks.police.uk\\@10.0.0.1/", "https://hooks.police.uk /", "https://hooks.police.uk\t/",
    "https://hooks.police.uk\r\nHost: x/", "https://hooks.police.uk\x00/", "https://hooks.police.123/",
    "https://hooks.police.0x1f/", "https://[::1/", "https://[::1]x/", "https://[1.2.3.4]/", "https://[::g]/",
    "https://1.2.3/", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://" + "a" * 64 + ".police.uk/",
    "https://" + "a." * 127 + "police.uk/", "https://hooks.police.uk/" + "x" * 2048,
    # and the spellings that others' checks were walked round by
    "https://\u2460\u2461\u2466.0.0.1/", "https://\u2460\u2461\u2466.1/", "https://0x7f.1/", "https://0x/",
    "https://00/", "https://0177.1/",
    "https://127.0.0.0x1/", "https://4294967295/", "https://4294967296/", "https://[::ffff:0a00:1]/",
    "https://[0::ffff:a9fe:a9fe]/",
    "https://[::a9fe:a9fe]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1:a9fe:0:a9fe::]/",
    "https://[2002:a9fe:a9fe::]/",
    "https://[2001::f5ff:fffe]/", "https://[5f00::1]/", "https://[2001:20::1]/", "https://[2001:2::1]/",
    "https://[fe80::1%eth0]/",
    "https://[fe80::1%251]/", "https://[ff05::1:3]/", "https://[fec0::a00:1]/", "https://[fdff::1]/",
    "https://192.0.0.192/", "https://198.19.255.255/",
    "https://0.1.2.3/", "https://255.255.255.254/", "https://localhost./", "https://LocalHost.:443/",
    "https://a.LOCALHOST/", "https://metadata/",
    "https://instance-data/", "https://kubernetes.default.svc.cluster.local/",
    "https://hooks.police.uk%00.example.org/", "https://hooks.police.uk;x/",
    "https://hooks.police.uk,10.0.0.1/", "https://hooks.police.uk\\.example.org/", "https:\\\\hooks.police.uk/",
    "https:///10.0.0.1/",
    "https:////10.0.0.1/", " https://hooks.police.uk/", "https://hooks.police.uk/\n", "https://hooks.police.uk/a b",
    "https://hooks.police.uk\u200b/",
    "https://hooks.poli\u00adce.uk/", "https://hooks.police.uk\uff0fx/", "https://hooks.police.uk\uff20x/",
    "https://hooks.police.uk\u2024uk/",
    "https://hooks.police.uk:443:80/", "https://hooks.police.uk:1023/", "https://hooks.police.uk:-1/",
    "https://hooks.police.uk:4 43/",
    "https://10.0.0.1?@hooks.police.uk/", "https://10.0.0.1#@hooks.police.uk/", "https://hooks.police.uk@10.0.0.1/",
    "https://:pw@hooks.police.uk/",
    "data:text/html,x", "ws://hooks.police.uk/", "https+unix://x/", "https://hooks.police.uk/?a#b",
    "https://[10.0.0.1]/", "https://[::1%00]/",
]  # fmt: skip

ALLOWED_URLS = [
    "https://hooks.police.uk/cases", "https://HOOKS.police.uk", "https://hooks.police.uk:8443/a?b=c%20d",
    "https://hooks.police.uk:443/", "https://xn--bcher-kva.example/hook", "https://8.8.8.8/",
    "https://[2a00:1450::1]/x",
    "https://_cms.hooks.police.uk/", "HTTPS://hooks.police.uk/cases", "https://hooks.police.uk?case=1",
]  # fmt: skip


def test_the_table_of_refused_spellings_is_as_long_as_promised() -> None:
    assert len(set(REFUSED_URLS)) >= 60


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_out_of_bounds_is_refused_at_registration(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse_destination(url)
    assert url == "" or url not in refused.value.mend


@pytest.mark.parametrize("url", ALLOWED_URLS)
def test_a_public_https_address_is_accepted(url: str) -> None:
    destination = parse_destination(url)
    assert destination.scheme == "https"
    assert destination.target.startswith("/")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000/hook", "http://localhost:9000/hook", "http://[::1]:9000/hook", "https://127.0.0.1:80/"],
)
def test_loopback_over_plain_http_is_accepted_where_a_setting_exempts_it(url: str) -> None:
    assert parse_destination(url, LOOPBACK).target in ("/hook", "/")


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/", "http://127.1/", "http://hooks.police.uk/", "http://169.254.169.254/", "http://2130706433/"],
)
def test_the_exemption_of_loopback_opens_nothing_else(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse_destination(url, LOOPBACK)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1", "fe80::1%eth0", "::ffff:8.8.8.8",
    "64:ff9b::808:808",
     "2002:808:808::1", "224.0.0.251", "ff02::fb", "fd00::1", "0.1.2.3", "100.64.1.1", "2001::1", "168.63.129.16",
     str(ipaddress.IPv4Address(0)), "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1",
     "172.16.0.1", "192.168.0.1", "192.0.0.192", "192.0.2.1",
     "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "100.100.100.200",
     "100.127.255.255", "239.255.255.250",
     "240.0.0.1", "255.255.255.254", "255.255.255.255", "fc00::1", "fd00:ec2::254", "fec0::1", "febf::1", "ff0e::1",
     "64:ff9b::a9fe:a9fe",
     "64:ff9b:1::1", "64:ff9b:1:ffff::1", "100::1", "2001:2::1", "2001:20::1", "2001:db8::1", "2002:a9fe:a9fe::",
     "3fff::1", "5f00::1",
     "2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:a00:1"],
)  # fmt: skip
def test_an_address_that_a_name_resolves_to_is_judged_at_connection(address: str) -> None:
    with pytest.raises(AddressRefused):
        judge_address(ipaddress.ip_address(address))


def test_the_host_header_names_the_host_and_only_an_unusual_port() -> None:
    assert parse_destination("https://hooks.police.uk/x").host_header == "hooks.police.uk"
    assert parse_destination("https://hooks.police.uk:8443/x").host_header == "hooks.police.uk:8443"
    assert parse_destination("https://[2a00:1450::1]:8443/x").host_header == "[2a00:1450::1]:8443"
