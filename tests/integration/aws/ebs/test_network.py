"""On real sockets: connections that are used again, and faults: closed, reset, cut short, silent."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from hallmark.aws.ebs.blocks import BLOCK
from hallmark.aws.ebs.retry import Retrier, RetryPolicy, client_config
from hallmark.aws.ebs.upload import put_block
from hallmark.common.errors import AwsError
from tests.support.aws.ebs_account import without_pauses

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient

Answer = Callable[[socket.socket], bool]
"""Answers one request; whether the connection stays open."""

POLICY = RetryPolicy(deadline=2, pause=0.01)


def close(_: socket.socket) -> bool:
    """No answer at all."""
    return False


def reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def say_nothing(connection: socket.socket) -> bool:
    connection.settimeout(3)
    connection.recv(1)
    return False


def say(*lines: str, body: bytes = b"{}", stay: bool = False) -> Answer:
    def answer(connection: socket.socket) -> bool:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return stay

    return answer


cut_head = say("HTTP/1.1 201 Crea", body=b"")
succeed = say("HTTP/1.1 201 Created", "Content-Length: 2", stay=True)
refuse = say("HTTP/1.1 400 Bad", "Content-Length: 2", "x-amzn-ErrorType: ValidationException", stay=True)
FAULTS = {"close": close, "reset": reset, "cut_head": cut_head, "say_nothing": say_nothing}


class Server:
    """Takes one connection at a time and answers each request as it is told; `heads` are those of the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.heads: list[bytes] = []
        self.connections = 0
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
            self.connections += 1
            with connection:
                while (head := self._request(connection)) is not None:
                    self.heads.append(head)
                    if not self.answers.pop(0)(connection):
                        break

    @staticmethod
    def _request(connection: socket.socket) -> bytes | None:
        received = b""
        while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < BLOCK:
            piece = connection.recv(1 << 20)
            if not piece:
                return None
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        assert body == bytes(BLOCK)
        return head

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def client(server: Server) -> Iterator[EBSClient]:
    """One connection to the server, and tries without pauses between them."""
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1")
    config = client_config(workers=1).merge(Config(connect_timeout=1, read_timeout=0.5))
    with without_pauses():
        yield session.client("ebs", endpoint_url=server.url, config=config)


def put(client: EBSClient, index: int = 0) -> None:
    Retrier("eu-central-1", POLICY).call("a write", lambda: put_block(client, "snap-1", index, bytes(BLOCK), "sum"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_answer_is_asked_for_again(server: Server, client: EBSClient, fault: str) -> None:
    server.answers = [FAULTS[fault], succeed]
    put(client)
    assert len(server.heads) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_answer_on_a_connection_that_has_served_is_asked_for_again(
    server: Server, client: EBSClient, fault: str
) -> None:
    server.answers = [succeed, FAULTS[fault], succeed, succeed]
    for index in range(3):
        put(client, index)
    assert [_block(head) for head in server.heads] == [0, 1, 1, 2]
    assert server.connections == 2


def test_an_answer_that_never_is_whole_is_an_error(server: Server, client: EBSClient) -> None:
    server.answers = [succeed, *[close, reset] * 1000]
    put(client)
    with pytest.raises(AwsError, match=r"^a write: region eu-central-1: no answer; is aws:region right, and the netw"):
        put(client)


def test_a_connection_is_used_again(server: Server, client: EBSClient) -> None:
    server.answers = [succeed] * 3
    for index in range(3):
        put(client, index)
    assert ([_block(head) for head in server.heads], server.connections) == ([0, 1, 2], 1)


def test_a_refusal_is_told_and_keeps_the_connection(server: Server, client: EBSClient) -> None:
    server.answers = [succeed, refuse, succeed]
    put(client)
    with pytest.raises(AwsError, match=r"^a write: PutSnapshotBlock failed \(AWS said ValidationException: "):
        put(client, 1)
    put(client, 2)
    assert (len(server.heads), server.connections) == (3, 1)


def _block(head: bytes) -> int:
    return int(head.split(b" ")[1].rpartition(b"/")[2])
