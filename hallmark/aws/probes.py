"""Addresses that a machine in an isolated network must find no way to, although something answers there.

An address where nobody answers proves nothing: an open network passes too. So this host resolves what it speaks with
itself, the region's endpoints and the mirror, and hands the addresses over in the user data. They change from day to
day and make no other image.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from hallmark.aws.session import Aws
from hallmark.order.places import Places

Resolve = Callable[[str, int], list[str]]

_SERVICES = ("ec2", "s3", "sts")
_PORTS = {"http": 80, "https": 443}
_EACH = 2  # addresses of a name: user data is small
_PATIENCE = 5.0


def probes_for(aws: Aws, places: Places, resolve: Resolve | None = None) -> tuple[str, ...]:
    """What `GuestTask.probes` takes. A name that this host cannot resolve is left out, as is an address of its own."""
    urls = {f"endpoint-of-{name}": str(aws.client(name).meta.endpoint_url) for name in _SERVICES}
    urls |= {"mirror": places.main, "security-mirror": places.security}
    found = {name: _Lookup(url, resolve or _resolve) for name, url in urls.items()}
    return tuple(f"{address}={name}" for name, lookup in found.items() for address in lookup.addresses())


class _Lookup:
    """One name, looked up beside the others; a resolver that does not answer holds no run up."""

    def __init__(self, url: str, resolve: Resolve) -> None:
        self._url, self._resolve = url, resolve
        self._found: list[str] = []
        self._thread = threading.Thread(target=self._look_up, daemon=True)
        self._thread.start()

    def addresses(self) -> list[str]:
        """ADDRESS/PORT, in an order that does not depend on the resolver's mood."""
        self._thread.join(_PATIENCE)
        return sorted(self._found)[:_EACH]

    def _look_up(self) -> None:
        self._found = list(_addresses(self._url, self._resolve))


def _addresses(url: str, resolve: Resolve) -> Iterator[str]:
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    if not parts.hostname or port is None:
        return
    try:
        for address in dict.fromkeys(resolve(parts.hostname, port)):
            if _is_elsewhere(address):
                yield f"{address}/{port}"
    except OSError:
        return


def _is_elsewhere(address: str) -> bool:
    """Whether it means the same to this host and to a guest. A name for the loopback would find the guest itself."""
    ip = ip_address(address.partition("%")[0])
    return not (ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified)


def _resolve(name: str, port: int) -> list[str]:
    return [str(answer[4][0]) for answer in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
