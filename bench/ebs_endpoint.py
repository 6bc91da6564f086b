"""An EBS direct endpoint that answers at once and keeps nothing: what is measured against it is the client.

`python -m bench.ebs_endpoint` prints its port, serves until it is ended, and prints how many puts it was sent.
"""

from __future__ import annotations

import asyncio
import json
import signal

_STARTED = {"SnapshotId": "snap-0123456789abcdef0", "Status": "pending", "BlockSize": 524288, "VolumeSize": 8}


class Endpoint(asyncio.BufferedProtocol):
    """One connection: requests one after the other, bodies counted and thrown away."""

    puts = 0

    def __init__(self) -> None:
        self._view = memoryview(bytearray(1 << 20))
        self._head = b""
        self._left = -1  # bytes of body still to come; -1: a head is being read
        self._line = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """The one buffer."""
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Take a piece of a head or a body. A client sends its next request only after our answer."""
        if self._left < 0:
            self._head += bytes(self._view[:nbytes])
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._line = self._head.partition(b"\r\n")[0]
            lower = self._head[:end].lower()
            length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            self._left, self._head = length - (len(self._head) - end - 4), b""
        else:
            self._left -= nbytes
        if self._left == 0:
            self._left = -1
            self._answer()

    def _answer(self) -> None:
        method, path, _ = self._line.split(b" ", 2)
        status, body = b"201 Created", json.dumps(_STARTED).encode()
        if method == b"PUT":
            Endpoint.puts += 1
            body = b"{}"
        elif path.startswith(b"/snapshots/completion"):
            status, body = b"202 Accepted", b'{"Status": "completed"}'
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (status, len(body)) + body)


async def _serve() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await ended.wait()
    print(Endpoint.puts, flush=True)


if __name__ == "__main__":
    asyncio.run(_serve())
