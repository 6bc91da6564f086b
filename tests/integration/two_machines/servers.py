"""Small servers that run in a guest, on its network with the other one: python3 -I servers.py WHAT WORD...

names ADDRESS                      answers every question for a name with ADDRESS
time                               tells the time
logs FOLDER FILE                   takes lines over TLS, from who has a key that FOLDER's authority signed
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

_SINCE_1900 = 2_208_988_800
_ADDRESS = 1  # the type of a name's IPv4 address


def names(address: str) -> None:
    """DNS (RFC 1035): the question comes back with one answer, or with none for what is no IPv4 address."""
    server = _udp(53, address)
    while True:
        asked, client = server.recvfrom(512)
        end = asked.index(b"\0", 12) + 5
        kind = int.from_bytes(asked[end - 4 : end - 2])
        found = kind == _ADDRESS
        head = struct.pack(">2s5H", asked[:2], 0x8180, 1, int(found), 0, 0)
        answer = struct.pack(">3HIH4s", 0xC00C, _ADDRESS, 1, 60, 4, socket.inet_aton(address)) if found else b""
        server.sendto(head + asked[12:end] + answer, client)


def time_of_day() -> None:
    """NTP (RFC 5905): a server of stratum 2, which is as sure as one can be."""
    server = _udp(123)
    while True:
        asked, client = server.recvfrom(512)
        now = _stamp()
        head = struct.pack(">BBbbII4s", 0x24, 2, 6, -20, 0, 0, socket.inet_aton("127.0.0.1"))
        server.sendto(head + now + asked[40:48] + now + _stamp(), client)


def _stamp() -> bytes:
    now = time.time() + _SINCE_1900
    return struct.pack(">II", int(now), int(now % 1 * 2**32))


def logs(folder: str, target: str) -> None:
    """Append what comes to a file, one connection after the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.crt", f"{folder}/server.key")
    context.load_verify_locations(f"{folder}/authority.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("", 6514))
    while True:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as stream, Path(target).open("ab", 0) as out:
                while data := stream.recv(1 << 16):
                    out.write(data)
        except OSError:
            pass  # it sends again what did not arrive


def _udp(port: int, address: str = "") -> socket.socket:
    """A socket on one address, or on all; systemd-resolved has port 53 of a loopback address."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))
    return server


SERVERS: dict[str, Callable[..., None]] = {"names": names, "time": time_of_day, "logs": logs}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](*sys.argv[2:])
