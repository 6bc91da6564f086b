"""A network namespace that looks like a machine's expected_network on EC2, and image_scripts/isolation.sh run in it.

`probe(World(...), folder)` runs this file again below `unshare`. What is on the other side of the one interface is
nothing: packets are dropped, as a network ACL drops them. Metadata service, resolvers and whatever else is to answer
have their addresses on loopback.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hallmark.common.process import need
from tests.doubles import imds

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "image_scripts" / "isolation.sh"
MAC = "06:00:00:00:00:01"
MACS = f"meta-data/network/interfaces/macs/{MAC}"
METADATA = {
    "meta-data/instance-id": "i-0123456789abcdef0",
    "meta-data/ami-id": "ami-0123456789abcdef0",
    "meta-data/instance-type": "t3.small",
    "meta-data/local-ipv4": "10.83.4.5",
    f"{MACS}/mac": MAC,
    f"{MACS}/vpc-ipv4-cidr-block": "10.83.0.0/16",
}
INTERFACE = (
    "link set lo up",
    "link add ens5 type bridge",
    "link set ens5 up",
    "addr add 10.83.4.5/24 dev ens5",
)
GATEWAY = (
    "neigh replace 10.83.4.1 lladdr 02:00:00:00:00:01 dev ens5 nud permanent",
    "route add default via 10.83.4.1 dev ens5",
)


@dataclass(frozen=True, kw_only=True)
class World:
    """What there is; a machine's surroundings as they should be, unless told otherwise. `network`: words for `ip`."""

    network: tuple[str, ...] = (*INTERFACE, *GATEWAY)
    metadata: dict[str, str] = field(default_factory=lambda: dict(METADATA))
    service: str = "on"  # or: off (nothing listens), disabled (403), lax (answers without a token)
    udp: tuple[str, ...] = ()  # ADDRESS/PORT that answers whatever is sent there
    tcp: tuple[str, ...] = ()  # ADDRESS/PORT that lets one connect
    nameservers: tuple[str, ...] = ()
    names: bool = False  # a name is resolved
    without: str = ""  # a program that is not there
    expect: str = "imds"
    probes: str = ""  # what the host hands over: ADDRESS/PORT=NAME, words


@dataclass(frozen=True, kw_only=True)
class Probed:
    """How the probe ended and what it wrote."""

    code: int
    report: tuple[str, ...]

    @property
    def surprises(self) -> list[str]:
        """What it took for a way out."""
        return [line.removeprefix("SURPRISE: ") for line in self.report if line.startswith("SURPRISE")]


def probe(world: World, folder: Path) -> Probed:
    """Run the probe in a world of its own."""
    (folder / "world.json").write_text(json.dumps(asdict(world)))
    own_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    own_world = ["unshare", *own_user, "--net", "--mount", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        [*own_world, "--", sys.executable, "-m", "tests.support.aws.isolated_world", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    report = folder / "report"
    assert report.exists(), done.stderr
    return Probed(code=done.returncode, report=tuple(report.read_text().splitlines()))


def main(folder: Path) -> int:
    """Inside: make the world, run the probe."""
    asked = json.loads((folder / "world.json").read_text())
    for words in asked["network"]:
        _ip(words)
    _resolv_conf(folder, asked["nameservers"])
    if asked["service"] != "off":
        _serve_metadata(asked["metadata"], asked["service"])
    for where in asked["udp"]:
        _answer_packets(*_at(where))
    for where in asked["tcp"]:
        _listen(*_at(where))
    environment = {"PATH": _path(folder, names=asked["names"], without=asked["without"]), "TMPDIR": str(folder)}
    environment["HALLMARK_PROBES"] = asked["probes"]
    words = ["sh", str(SCRIPT), str(folder / "report"), asked["expect"]]
    return subprocess.run(words, env=environment, timeout=150, check=False).returncode


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True, timeout=20)


def _resolv_conf(folder: Path, nameservers: list[str]) -> None:
    own = folder / "resolv.conf"
    own.write_text("".join(f"nameserver {one}\n" for one in ("127.0.0.53", *nameservers)))
    there = Path("/etc/resolv.conf").resolve()
    if there.exists():
        subprocess.run(["mount", "--bind", own, there], check=True, timeout=20)


def _path(folder: Path, *, names: bool, without: str) -> str:
    """The programs that the probe uses; getent is not the real one: what this host resolves is no concern here."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "getent").write_text(f"#!/bin/sh\nexit {0 if names else 2}\n")
    (programs / "getent").chmod(0o755)
    for name in ("awk", "bash", "cat", "grep", "ip", "mktemp", "rm", "sh", "timeout", "tr"):
        (programs / name).symlink_to(need(name))
    if without:
        (programs / without).unlink()
    return str(programs)


def _at(where: str) -> tuple[str, int]:
    """The address and port of ADDRESS/PORT, which is on loopback from now on."""
    address, port = where.split("/")
    _ip(f"addr replace {address}/32 dev lo")
    return address, int(port)


def _serve_metadata(documents: dict[str, str], service: str) -> None:
    facts = {
        "enabled": service != "disabled",
        "needs_token": service != "lax",
        "secret": "secret",
        "documents": {path: base64.b64encode(text.encode()).decode() for path, text in documents.items()},
    }

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            imds.serve(self.rfile, self.wfile, imds.Service(facts))

    _in_background(socketserver.ThreadingTCPServer(_at("169.254.169.254/80"), Connection))


def _answer_packets(address: str, port: int) -> None:
    class Packet(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(self.rfile.read())

    _in_background(socketserver.UDPServer((address, port), Packet))


def _in_background(server: socketserver.BaseServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


_listening: list[socket.socket] = []


def _listen(address: str, port: int) -> None:
    _listening.append(socket.create_server((address, port)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
