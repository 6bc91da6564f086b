"""Ports of this host's loopback that lead into a machine of `hallmark run`: the recipe's, and others."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hallmark.common.errors import SettingsError

LOOPBACK = "127.0.0.1"
Protocol = Literal["tcp", "udp"]
_PUBLISH = re.compile(r"([0-9]{1,5}):([0-9]{1,5})(?:/(tcp|udp))?")
_DECLARED = re.compile(r"([0-9]{1,5})/(tcp|udp)")
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@dataclass(frozen=True, kw_only=True, slots=True)
class Forward:
    """A port of this host's loopback that leads to a port of the machine; `host` 0 is any free one."""

    host: int
    guest: int
    protocol: Protocol = "tcp"

    @property
    def port(self) -> str:
        """The machine's port, as recipes write it."""
        return f"{self.guest}/{self.protocol}"

    @property
    def rule(self) -> str:
        """A word of QEMU's user network."""
        return f"hostfwd={self.protocol}:{LOOPBACK}:{self.host}-:{self.guest}"


def parse_publish(words: Sequence[str]) -> tuple[Forward, ...]:
    """What `--publish` was given: HOST:GUEST, or HOST:GUEST/udp. SettingsError for anything else."""
    found: list[Forward] = []
    for word in words:
        parts = _PUBLISH.fullmatch(word)
        if parts is None or not 1 <= int(parts[2]) <= 65535 or int(parts[1]) > 65535:
            raise SettingsError(
                f"--publish {word}: expected HOST:GUEST or HOST:GUEST/udp, such as 8080:80; HOST 0 is any free port"
            )
        protocol: Protocol = "udp" if parts[3] == "udp" else "tcp"
        found.append(Forward(host=int(parts[1]), guest=int(parts[2]), protocol=protocol))
    return tuple(found)


def forwards_for(listen: Iterable[str], published: Sequence[Forward]) -> tuple[Forward, ...]:
    """What is published, and each port that a recipe declares for a network and that is not published otherwise.

    SSH's is left out: it has a port of its own. So is what listens on the machine's loopback.
    """
    taken = {forward.port for forward in published} | {"22/tcp"}
    declared = (found for word in listen if (found := _DECLARED.fullmatch(word)) and word not in taken)
    free = (Forward(host=0, guest=int(found[1]), protocol="udp" if found[2] == "udp" else "tcp") for found in declared)
    return (*published, *free)


def choose_ports(forwards: Sequence[Forward]) -> tuple[Forward, ...]:
    """The same with a free port in place of each 0. SettingsError for a port that cannot be had."""
    with ExitStack() as held:  # all at once: no port is chosen twice
        return tuple(replace(forward, host=_bind(forward, held)) for forward in forwards)


def _bind(forward: Forward, held: ExitStack) -> int:
    listener = held.enter_context(socket.socket(type=_KINDS[forward.protocol]))
    where = f"{LOOPBACK}:{forward.host}/{forward.protocol}"
    # QEMU has no privilege, whoever starts it.
    if 0 < forward.host < int(_UNPRIVILEGED.read_text()):
        raise SettingsError(f"{where}: expected a port that needs no privilege; take a higher one")
    try:
        listener.bind((LOOPBACK, forward.host))
    except OSError as problem:
        raise SettingsError(f"{where}: expected a free port: {problem.strerror}; take another one") from problem
    return int(listener.getsockname()[1])
