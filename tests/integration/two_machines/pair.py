"""Two machines of a released image on a network of their own: what one can do to the other.

The network between them is a pair of UDP ports on loopback, which carry Ethernet frames from one QEMU to the other and
nothing else. Besides, each machine has `hallmark run`'s way in from this host, cut off from everything else.
"""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from hallmark.common.containment import writing
from hallmark.common.process import Completed, run
from hallmark.local.accelerator import Accelerator
from hallmark.local.trial import Machine, Running, TrialOptions, power_on
from hallmark.store.image import Image
from hallmark.store.store import Store

FIREWALL = "hallmark-firewall.service"
_QEMUS_FIRST_MAC = "52:54:00:12:34:56"


@dataclass(frozen=True, kw_only=True)
class Guest:
    """One of the machines; `address` is its own on the network between the two."""

    address: str
    machine: Machine
    running: Running

    def run(self, command: str, *, stdin: str = "", timeout: float = 180) -> Completed:
        """Run a shell command in it, as its administrator, by the way in from this host."""
        words = self.running.ssh_command()
        settings = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=60"]
        return run(
            [words[0], *settings, *words[1:], command],
            timeout=timeout,
            check=False,
            stdin=stdin.encode(),
            reach=writing(network=True),
        )

    def root(self, command: str, *, timeout: float = 180) -> Completed:
        """Run a shell command in it as root, by sudo with the administrator's password."""
        password = f"{self.running.access.password}\n"
        return self.run(f"sudo -S -p '' sh -c {shlex.quote(command)}", stdin=password, timeout=timeout)

    def reaches(self, other: Guest, port: int) -> bool:
        """Whether a TCP connection to the other machine is taken, tried as root."""
        attempt = f"exec 3<>/dev/tcp/{other.address}/{port}"
        return self.root(f"timeout 10 bash -c {shlex.quote(attempt)}").returncode == 0

    def open_its_firewall(self) -> None:
        """Let it do whatever an attacker's machine would do."""
        done = self.root("nft delete table inet hallmark")
        assert done.returncode == 0, done.stderr


@contextmanager
def pair(store: Store, image: Image, user: str, accelerator: Accelerator) -> Iterator[tuple[Guest, Guest]]:
    """Boot two machines of an image side by side; both are gone when the block ends."""
    ports = _free_ports()
    with ExitStack() as stack:
        machines = [
            stack.enter_context(power_on(store, image, user, accelerator, _options(number, ports)))
            for number in range(2)
        ]
        first, second = (
            Guest(address=_address(number), machine=machine, running=machine.wait_for_ssh())
            for number, machine in enumerate(machines)
        )
        yield first, second


def _address(number: int) -> str:
    return f"10.77.0.{number + 1}"


def _options(number: int, ports: tuple[int, int]) -> TrialOptions:
    mac = f"52:54:00:77:00:0{number + 1}"
    ours, theirs = ports[number], ports[1 - number]
    link = (
        f"dgram,id=between,local.type=inet,local.host=127.0.0.1,local.port={ours},"
        f"remote.type=inet,remote.host=127.0.0.1,remote.port={theirs}"
    )
    network = {
        "version": 2,
        "ethernets": {
            "host": {"match": {"macaddress": _QEMUS_FIRST_MAC}, "dhcp4": True},
            "between": {"match": {"macaddress": mac}, "addresses": [f"{_address(number)}/24"]},
        },
    }
    return TrialOptions(
        memory_mib=1024,
        offline=True,
        devices=("-netdev", link, "-device", f"virtio-net-pci,netdev=between,mac={mac}"),
        seed={"network-config": json.dumps(network).encode()},
    )


def _free_ports() -> tuple[int, int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        first, second = (int(one.getsockname()[1]) for one in sockets)
        return first, second
