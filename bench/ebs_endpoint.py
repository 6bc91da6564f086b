"""An EBS direct endpoint that answers at once and keeps nothing: what is measured against it is the client.

`python -m bench.ebs_endpoint` prints its port, serves until it is ended, and prints a Report as one line of JSON. The
kernel throws the bodies away (MSG_TRUNC), so that a block costs far less here than at any client; the Report says how
much processor time it took, and both ends of the time that a client is judged by are taken here.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_STARTED = {"SnapshotId": "snap-0123456789abcdef0", "Status": "pending", "BlockSize": 524288, "VolumeSize": 8}
_SEALED = {"Status": "completed"}
_HEAD = 4096  # a head is shorter, and hardly any of the body is copied with it
_TELLING = ("x-amz-changedblockscount", "x-amz-checksum")


@dataclass(kw_only=True)
class Report:
    """What one client did: its puts and the blocks they named, what it sealed them with, and how long it took.

    `which` is a digest of the blocks' indexes (`name_blocks`), which the service's own checksum leaves out. `seconds`
    go from its StartSnapshot to our answer to its CompleteSnapshot; `cpu` is ours, and `connections` its.
    """

    puts: int = 0
    blocks: int = 0
    which: str = ""
    changed: int = -1
    checksum: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    connections: int = 0


@dataclass(kw_only=True)
class Exchange:
    """One connection: a head as far as it has come, or the bytes of a body that are still to come."""

    socket: socket.socket
    head: bytes = b""
    left: int = 0


@dataclass
class Endpoint:
    """Requests are counted, bodies thrown away; a client sends its next request only after our answer."""

    report: Report = field(default_factory=Report)
    _blocks: set[int] = field(default_factory=set)
    _began: float = 0.0

    def take(self, one: Exchange, sink: memoryview) -> bool:
        """Take what has come on a connection; False when it has ended."""
        if one.left == 0:
            data = one.socket.recv(_HEAD)
            one.head += data
            end = one.head.find(b"\r\n\r\n")
            if end < 0:
                return bool(data)
            one.left = _length(one.head[:end]) - (len(one.head) - end - 4)
        else:
            taken = one.socket.recv_into(sink, min(one.left, len(sink)), socket.MSG_TRUNC)
            one.left -= taken
            if not taken:
                return False
        if one.left == 0:
            one.socket.sendall(self._answer(one.head))
            one.head = b""
        return True

    def _answer(self, head: bytes) -> bytes:
        method, path, _ = head.split(b" ", 2)
        if method == b"PUT":
            self.report.puts += 1
            self._blocks.add(int(path.rpartition(b"/")[2]))
            return _message(b"201 Created", {})
        if path.startswith(b"/snapshots/completion"):
            told = {name: value for name, value in _headers(head).items() if name in _TELLING}
            self.report.changed, self.report.checksum = int(told[_TELLING[0]]), told[_TELLING[1]]
            self.report.seconds = time.monotonic() - self._began
            return _message(b"202 Accepted", _SEALED)
        self._began = time.monotonic()
        return _message(b"201 Created", _STARTED)

    def closed(self) -> Report:
        """The report, at the end."""
        self.report.blocks, self.report.which = len(self._blocks), name_blocks(self._blocks)
        self.report.cpu = time.process_time()
        return self.report


def name_blocks(indexes: Iterable[int]) -> str:
    """A digest of which blocks these are."""
    return hashlib.sha256(json.dumps(sorted(indexes)).encode()).hexdigest()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").splitlines()[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _message(status: bytes, document: Mapping[str, Any]) -> bytes:
    body = json.dumps(document).encode()
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def serve(server: socket.socket, ended: socket.socket) -> Report:
    """Serve until something comes out of `ended`."""
    endpoint, sink = Endpoint(), memoryview(bytearray(1 << 20))
    open_ones: dict[int, Exchange] = {}
    with select.epoll() as poll:
        poll.register(server, select.EPOLLIN)
        poll.register(ended, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                if number == ended.fileno():
                    return endpoint.closed()
                if number == server.fileno():
                    connection = server.accept()[0]
                    open_ones[connection.fileno()] = Exchange(socket=connection)
                    poll.register(connection, select.EPOLLIN)
                    endpoint.report.connections += 1
                elif not endpoint.take(open_ones[number], sink):
                    poll.unregister(number)
                    open_ones.pop(number).socket.close()


def main() -> None:
    """Serve one client on a port of the kernel's choice."""
    ended, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        os.write(1, f"{server.getsockname()[1]}\n".encode())
        report = serve(server, ended)
    signal.set_wakeup_fd(-1)  # a second signal may come
    print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    main()
