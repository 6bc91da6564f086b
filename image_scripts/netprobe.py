"""Tries firewall rules with real packets: loads them into a copy of this machine's network, with a stranger beside it.

    unshare --net python3 -I netprobe.py machine <TASK   prints the outcomes

Both networks are namespaces that end with their processes; the machine's own network is not touched. TASK is a JSON
object: `rules`, as nft reads them, and `inbound` and `outbound`, lists of [protocol, address, port, uid]. Inbound ones
the stranger sends to the machine, outbound ones the machine to the stranger as the user with that number. The
outcome is a boolean for each: whether it arrived at the other end.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MACHINE = ("198.51.100.1/24", "2001:db8:1::1/64")
STRANGER = ("198.51.100.2/24", "2001:db8:1::2/64")
SOURCE_PORT = 40000  # of the first attempt; each has its own, so that its receiver knows it
PATIENCE = 1.5  # seconds on a cable that is memory: a handshake's packet is sent again after one

Attempt = tuple[str, str, int, int]


def try_rules(rules: str, inbound: Sequence[Attempt], outbound: Sequence[Attempt]) -> tuple[list[bool], list[bool]]:
    """Which attempts arrive under these rules. Raises CalledProcessError when the kernel refuses rules or networks."""
    task = json.dumps({"rules": rules, "inbound": inbound, "outbound": outbound})
    words = ["unshare", "--net", sys.executable, "-I", __file__, "machine"]
    done = subprocess.run(words, input=task, capture_output=True, text=True, check=True, timeout=120)
    answer = json.loads(done.stdout)
    return answer["inbound"], answer["outbound"]


def speaks_ipv6() -> bool:
    """Whether this kernel has IPv6."""
    return Path("/proc/sys/net/ipv6").exists()


def be_machine() -> None:
    """The copy: loads the rules, plugs the stranger in, tries both ways."""
    task = json.load(sys.stdin)
    subprocess.run(["nft", "-f", "-"], input=task["rules"], text=True, check=True)
    words = ["unshare", "--net", sys.executable, "-I", __file__, "stranger"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as stranger:
        assert stranger.stdin is not None
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "apart\n"
        set_up("m0", MACHINE, f"link add m0 type veth peer name s0 netns {stranger.pid}")
        print(json.dumps(task), file=stranger.stdin)
        assert stranger.stdout.readline() == "ready\n"
        gateways = [address.partition("/")[0] for address in families(STRANGER)]
        configure(*(f"route add {'::/0' if ':' in gateway else '0.0.0.0/0'} via {gateway}" for gateway in gateways))
        with ends(task["inbound"]) as mine:
            print("go", file=stranger.stdin)
            assert stranger.stdout.readline() == "sent\n"
            inbound = arrived(mine, len(task["inbound"]))
        send(task["outbound"])
        print("sent", file=stranger.stdin)
        print(json.dumps({"inbound": inbound, "outbound": json.loads(stranger.stdout.readline())}))


def be_stranger() -> None:
    """The other end: has every address that the machine tries."""
    print("apart", flush=True)
    task = json.loads(sys.stdin.readline())
    far = {f"{address}/{128 if ':' in address else 32}" for _, address, _, _ in task["outbound"]}
    set_up("s0", (*STRANGER, *sorted(far)))
    with ends(task["outbound"]) as mine:
        print("ready", flush=True)
        sys.stdin.readline()
        send(task["inbound"])
        print("sent", flush=True)
        sys.stdin.readline()
        print(json.dumps(arrived(mine, len(task["outbound"]))), flush=True)


def families(addresses: Sequence[str]) -> list[str]:
    """Those that this kernel can have."""
    return [address for address in addresses if "." in address or speaks_ipv6()]


def set_up(device: str, addresses: Sequence[str], *before: str) -> None:
    """Give a device these addresses, at once, and bring it up."""
    given = [f"addr add {a} dev {device}{' nodad' if ':' in a else ''}" for a in families(addresses)]
    configure(*before, "link set lo up", *given, f"link set {device} up")


def configure(*commands: str) -> None:
    """Commands for ip."""
    text = "".join(f"{command}\n" for command in commands)
    subprocess.run(["ip", "-batch", "-"], input=text, text=True, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def ends(attempts: Sequence[Attempt]) -> Iterator[list[socket.socket]]:
    """Sockets that wait for these, on any address."""
    wanted = {(protocol, ":" in address, port) for protocol, address, port, _ in attempts}
    sockets = []
    for protocol, six, port in sorted(wanted):
        end = new_socket(protocol, six=six)
        end.bind(("::" if six else "0.0.0.0", port))  # noqa: S104 - in a network of its own
        if protocol == "tcp":
            end.listen(64)
        sockets.append(end)
    yield sockets
    for end in sockets:
        end.close()


def new_socket(protocol: str, *, six: bool) -> socket.socket:
    """One that neither blocks nor speaks the other family."""
    made = socket.socket(
        socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    )
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if six:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setblocking(False)
    return made


def send(attempts: Sequence[Attempt]) -> None:
    """One packet, or the beginning of a connection, for each; and the time that it may take."""
    sockets = []
    for number, (protocol, address, port, uid) in enumerate(attempts):
        os.seteuid(uid)  # the kernel notes the owner of a socket when it is made
        sender = new_socket(protocol, six=":" in address)
        os.seteuid(0)
        sender.bind(("", SOURCE_PORT + number))
        try:
            if protocol == "tcp":
                sender.connect((address, port))
            else:
                sender.sendto(b"?", (address, port))
        except OSError:
            pass  # it is under way, or the machine's own rules refuse it
        sockets.append(sender)
    time.sleep(PATIENCE)


def arrived(sockets: Sequence[socket.socket], count: int) -> list[bool]:
    """Which of `count` attempts have arrived at these sockets, by the port that they come from."""
    outcome = [False] * count
    for end in sockets:
        try:
            while True:
                peer = end.accept()[1] if end.type == socket.SOCK_STREAM else end.recvfrom(16)[1]
                outcome[peer[1] - SOURCE_PORT] = True
        except BlockingIOError:
            continue
    return outcome


if __name__ == "__main__":
    {"machine": be_machine, "stranger": be_stranger}[sys.argv[1]]()
