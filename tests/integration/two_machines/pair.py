"""Two machines of a released image on a network of their own: what one can do to the other.

The network between them is a pair of UDP ports on loopback, which carry Ethernet frames from one QEMU to the other and
nothing else. Besides, each machine has `hallmark run`'s way in from this host, cut off from everything else.
"""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hallmark.common.containment import writing
from hallmark.common.process import Completed, run
from hallmark.drift.released import load_released
from hallmark.guest.checks_archive import make_archive
from hallmark.local.accelerator import Accelerator
from hallmark.local.trial import Machine, Running, TrialOptions, power_on
from hallmark.store.image import Image
from hallmark.store.store import Store

FIREWALL = "hallmark-firewall.service"
SERVERS = Path(__file__).with_name("servers.py")
SCRIPTS = Path(__file__).parents[3] / "image_scripts"
_QEMUS_FIRST_MAC = "52:54:00:12:34:56"
_CHECKS = "/run/hallmark-checks"
_BOOT_SECONDS = 1800.0


@dataclass(frozen=True, kw_only=True)
class Guest:
    """One of the machines; `address` is its own on the network between the two."""

    address: str
    machine: Machine
    running: Running

    def run(self, command: str, *, stdin: bytes = b"", timeout: float = 600) -> Completed:
        """Run a shell command in it, as its administrator, by the way in from this host."""
        words = self.running.ssh_command()
        # A connection that began while the firewall was off is a new one to the firewall. Who waits for an answer to it
        # has to speak first, as sshd may open none.
        settings = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=120", "-o", "ServerAliveInterval=20"]
        return run(
            [words[0], *settings, *words[1:], command],
            timeout=timeout,
            check=False,
            stdin=stdin,
            reach=writing(network=True),
        )

    def root(self, command: str, *, stdin: bytes = b"", timeout: float = 600) -> Completed:
        """Run a shell command in it as root, by sudo with the administrator's password."""
        asked = f"{self.running.access.password}\n".encode()
        return self.run(f"sudo -S -p '' sh -c {shlex.quote(command)}", stdin=asked + stdin, timeout=timeout)

    def must(self, command: str, *, stdin: bytes = b"") -> str:
        """The same of a command that has to succeed; what it prints."""
        done = self.root(command, stdin=stdin)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, data: bytes) -> None:
        """Put a file in it, which root alone may read."""
        folder = shlex.quote(str(PurePosixPath(path).parent))
        self.must(f"umask 077; mkdir -p {folder}; cat >{shlex.quote(path)}", stdin=data)

    def unpack(self, archive: bytes, folder: str) -> None:
        """Unpack a tar into a folder."""
        self.must(
            f"umask 022; mkdir -p {folder} && tar -xpf - --no-overwrite-dir --no-same-owner -C {folder}", stdin=archive
        )

    def apply(self, control: str, values: Mapping[str, str]) -> None:
        """Run a control's apply with the image's own parameters, but for these."""
        self._control(control, values, f"sh {_CHECKS}/image_scripts/controls/{control}/apply.sh")

    def check(self, control: str, values: Mapping[str, str]) -> None:
        """Run a control's check, which must pass, with the same."""
        self._control(control, values, f"python3 -IS {_CHECKS}/image_scripts/run_checks.py {control}")

    def _control(self, control: str, values: Mapping[str, str], command: str) -> None:
        files = load_released(self.running.image.evidence, SCRIPTS).checks
        for path in (SCRIPTS / "controls" / control).glob("*.*"):  # what checks an image leaves out what applies
            files[f"image_scripts/{path.relative_to(SCRIPTS)}"] = path.read_bytes()
        self.unpack(make_archive(files), _CHECKS)
        settings = {f"HM_{name.upper()}": value for name, value in values.items()} | {
            "HALLMARK_PHASE": "drift",
            "HALLMARK_SCRIPTS": f"{_CHECKS}/image_scripts",
            "HALLMARK_CONTROL": f"{_CHECKS}/image_scripts/controls/{control}",
            "HALLMARK_PLAN": f"{_CHECKS}/plan",
            "HALLMARK_TABLE": f"{_CHECKS}/plan/table/{control}",
        }
        words = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
        self.must(f"umask 022; set -a; . {_CHECKS}/plan/env/{control}; export {words}; {command} && rm -r {_CHECKS}")

    def serve(self, what: str, *words: str) -> None:
        """Start one of the small servers in it."""
        self.write("/run/servers.py", SERVERS.read_bytes())
        self.must(
            f"systemd-run --quiet --collect --unit=serve-{what} python3 -I /run/servers.py {shlex.join([what, *words])}"
        )

    def stop_serving(self, what: str) -> None:
        """End one of them."""
        self.must(f"systemctl stop serve-{what}")

    def reaches(self, other: Guest, port: int) -> bool:
        """Whether a TCP connection to the other machine is taken, tried as root."""
        attempt = f"exec 3<>/dev/tcp/{other.address}/{port}"
        return self.root(f"timeout 20 bash -c {shlex.quote(attempt)}").returncode == 0

    def open_its_firewall(self) -> None:
        """Let it do whatever an attacker's machine would do."""
        self.must("nft delete table inet hallmark")


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
            Guest(address=_address(number), machine=machine, running=machine.wait_for_ssh(_BOOT_SECONDS))
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
