"""Whose address a request comes from: the peer's, or behind a proxy that the operator trusts the one that it names."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Sequence

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_NETWORK_BITS = 64  # what one household or machine has to choose addresses from
UNIX = "unix"  # in IM_TRUSTED_PROXIES: a proxy that comes through a Unix socket


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks, `10.0.0.0/8`; ValueError for what is none. `unix` is left out, see `is_trusted`."""
    return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts if text.strip() != UNIX)


def is_trusted(peer: str) -> bool:
    """Whether what the peer says in `X-Forwarded-*` is believed."""
    trusted = tuple(settings.TRUSTED_PROXIES)
    return bool(trusted) and _is_among(peer, trusted)


def client_address(peer: str, forwarded_for: str) -> str:
    """The client's address: the last in `X-Forwarded-For` that is no trusted proxy's own, else the peer's.

    Each proxy puts the peer that it saw at the end, so what stands before that is what anyone may have written.
    """
    address = peer
    for named in reversed(forwarded_for.split(",")):
        if not is_trusted(address):
            break
        if (read := _read(named)) is None:
            break
        address = str(read)
    return address


@functools.lru_cache(10_000)
def network_of(address: str) -> str:
    """By what limits count: an IPv4 address, the /64 of an IPv6 address; what is no address by itself."""
    read = _read(address)
    if read is None:
        return address[:64]
    if read.version == 4:
        return str(read)
    return str(ipaddress.ip_network((read, IPV6_NETWORK_BITS), strict=False))


@functools.lru_cache(10_000)
def _is_among(peer: str, trusted: tuple[str, ...]) -> bool:
    address = _read(peer)
    if address is None:
        return not peer and UNIX in trusted  # who comes through a Unix socket has no address
    return any(address in network for network in read_networks(trusted))


def _read(text: str) -> Address | None:
    """An address as headers and servers write it: with a port, in brackets, with a zone, IPv4 within IPv6."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
