"""Whose address a request comes from, behind proxies and without."""

import pytest

from imsite.core.addresses import client_address, is_trusted, network_of, read_networks

CLIENT = "203.0.113.9"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ([], "10.0.0.1", CLIENT, "10.0.0.1"),  # nobody is believed
        (["10.0.0.1"], "10.0.0.1", CLIENT, CLIENT),
        (["10.0.0.0/8"], "10.9.9.9", CLIENT, CLIENT),
        (["10.0.0.0/8"], "192.0.2.1", CLIENT, "192.0.2.1"),  # spoofed by a client that came directly
        (["10.0.0.0/8"], "10.0.0.1", f"1.2.3.4, {CLIENT}", CLIENT),  # spoofed before the proxy
        (["10.0.0.0/8"], "10.0.0.1", f"{CLIENT}, 10.0.0.2", CLIENT),  # two proxies of ours
        (["10.0.0.0/8"], "10.0.0.1", f"10.0.0.3, {CLIENT},10.0.0.2", CLIENT),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "unknown", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", f"{CLIENT}, nonsense", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "10.0.0.7", "10.0.0.7"),  # a client in the own network
        (["10.0.0.0/8"], "10.0.0.1", f"{CLIENT}:51234", CLIENT),
        (["10.0.0.0/8"], "10.0.0.1", '"[2001:db8::1]:443"', "2001:db8::1"),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", CLIENT, CLIENT),  # of a server that listens on both
        (["::1"], "::1", "2001:db8::1", "2001:db8::1"),
        (["unix"], "", CLIENT, CLIENT),
        (["10.0.0.0/8"], "", CLIENT, ""),
    ],
)
def test_the_clients_address(settings, trusted, peer, forwarded, address):
    settings.TRUSTED_PROXIES = trusted
    assert client_address(peer, forwarded) == address


def test_who_is_trusted(settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1", "2001:db8::/32"]
    assert is_trusted("127.0.0.1")
    assert is_trusted("2001:db8:1::5")
    assert not is_trusted("127.0.0.2")
    assert not is_trusted("nonsense")
    assert not is_trusted("")


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.0/99", "proxy.example.com", ""])
def test_what_is_no_network(text):
    with pytest.raises(ValueError, match=".+"):
        read_networks([text])


def test_a_network_may_be_written_by_any_of_its_addresses():
    assert [str(network) for network in read_networks(["10.1.2.3/8", "unix", " ::1 "])] == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testserver" * 20, ("testserver" * 20)[:64]),
    ],
)
def test_by_what_limits_count(address, network):
    assert network_of(address) == network
