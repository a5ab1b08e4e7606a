"""Requests that leave this server: to the internet, never into the network it stands in. No Odoo, no database.

Whoever may type an address could otherwise ask this server to speak to its own database, to the router or to the
metadata service of the cloud. A name is judged by what it resolves to, twice: before anything leaves, and once more on
the very connection, because the second answer of a name server may be another one.
"""

import ipaddress
import socket

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

#: Addresses of IPv6 that carry one of IPv4 in their last 32 bits (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class InternalAddressError(ValueError):
    """The host is, or resolves to, an address that is not one of the internet."""


def is_internal(address: str) -> bool:
    """Whether an IP address is this machine, a private or link-local network, or anything else that is not the internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.version == 6:
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner:
            return is_internal(str(inner))
    return not found.is_global or found.is_multicast


def hosts(text: str | None) -> frozenset:
    """A setting with hosts, as people type it: commas, spaces or lines between them."""
    return frozenset((text or "").replace(",", " ").lower().split())


def is_named_internal(host: str) -> bool:
    """Whether a host says by itself that it is internal, without asking a name server."""
    try:
        return is_internal(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def check_host(host: str, port: int, allowed=()) -> None:
    """:param allowed: hosts that an administrator allows, whatever their address
    :raises InternalAddressError: when any of the addresses of the host is internal
    :raises OSError: when it has none
    """
    host = host.lower()
    if host in allowed:
        return
    for *_kind, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if is_internal(address[0]):
            raise InternalAddressError(host)


def session(allowed=(), retries=0) -> requests.Session:
    """A session that connects to the internet and to `allowed` hosts only, also after a redirect.

    :param allowed: hosts in small letters
    :param retries: as an `HTTPAdapter` takes them
    """
    result = requests.Session()
    result.auth = _nobody  # no passwords from a .netrc
    adapter = _Adapter(frozenset(allowed), max_retries=retries)
    result.mount("http://", adapter)
    result.mount("https://", adapter)
    return result


def _nobody(request):
    return request


class _Guard:
    """Of a connection: looks at the address that answered before a byte is said."""

    allowed = frozenset()

    def _new_conn(self):
        connected = super()._new_conn()
        if self.host.strip("[]").lower() not in self.allowed and is_internal(connected.getpeername()[0]):
            connected.close()
            raise NewConnectionError(self, "an internal address")
        return connected


class _Adapter(HTTPAdapter):
    def __init__(self, allowed, **options):
        self._allowed = allowed
        super().__init__(**options)

    def init_poolmanager(self, *args, **options):
        result = super().init_poolmanager(*args, **options)
        own = {"allowed": self._allowed}
        plain = type("GuardedConnection", (_Guard, HTTPConnection), own)
        secure = type("GuardedSecureConnection", (_Guard, HTTPSConnection), own)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedSecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        return result
