"""Faults on a real socket: a connection that is closed or reset, an answer that is cut short or never comes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import boto3
import pytest

from hallmark.ebs_blocks import BLOCK
from hallmark.ebs_retry import Retrier, RetryPolicy, client_config
from hallmark.ebs_wire import BlockWriter
from hallmark.errors import AwsError

Answer = Callable[[socket.socket], None]
POLICY = RetryPolicy(attempts=3, base=0.001, cap=0.01)


def close(_: socket.socket) -> None:
    """No answer at all."""


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{}")


def cut_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Crea")


def say_nothing(connection: socket.socket) -> None:
    connection.settimeout(3)
    connection.recv(1)


def succeed(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


class Server:
    """Takes one request a connection and ends each as it is told."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.taken = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                received = b""
                while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < BLOCK:
                    received += connection.recv(1 << 20)
                self.taken += 1
                self.answers.pop(0)(connection)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def put(server: Server) -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1")
    config = client_config(workers=1, connect_timeout=1, read_timeout=0.5)
    writer = BlockWriter(session.client("ebs", endpoint_url=server.url, config=config))
    Retrier(POLICY).call("a write", "ebs:PutSnapshotBlock", lambda: writer.put("snap-1", 0, bytes(BLOCK), "sum"))


@pytest.mark.parametrize("fault", [close, reset, cut_body, cut_head, say_nothing])
def test_a_broken_answer_is_asked_for_again(server: Server, fault: Answer) -> None:
    server.answers = [fault, succeed]
    put(server)
    assert server.taken == 2


def test_an_answer_that_never_is_whole_is_an_error(server: Server) -> None:
    server.answers = [cut_body, close, reset]
    with pytest.raises(AwsError, match=r"^a write: AWS answered .* \(tried 3 times\).*; check the network, the region"):
        put(server)
    assert server.taken == 3
