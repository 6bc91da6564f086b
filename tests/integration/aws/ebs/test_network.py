"""On real sockets: connections that are used again, and faults: closed, reset, cut short, silent, of another form."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hallmark.aws.ebs.blocks import BLOCK
from hallmark.aws.ebs.retry import Retrier, RetryPolicy, client_config
from hallmark.aws.ebs.wire import BlockWriter
from hallmark.common.errors import AwsError

Answer = Callable[[socket.socket], bool]
"""Answers one request; whether the connection stays open."""

POLICY = RetryPolicy(attempts=3, base=0.001, cap=0.01)


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
cut_body = say("HTTP/1.1 201 Created", "Content-Length: 100")
succeed = say("HTTP/1.1 201 Created", "Content-Length: 2", stay=True)
succeed_and_close = say("HTTP/1.1 201 Created", "Content-Length: 2", "Connection: close")
refuse = say("HTTP/1.1 400 Bad", "Content-Length: 2", "x-amzn-ErrorType: ValidationException", stay=True)
FAULTS = {"close": close, "reset": reset, "cut_body": cut_body, "cut_head": cut_head, "say_nothing": say_nothing}
OTHER_FORMS = {
    "chunks": say("HTTP/1.1 201 Created", "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n", stay=True),
    "no_length": say("HTTP/1.1 201 Created"),
    "an_older_version": say("HTTP/1.0 201 Created", "Content-Length: 2"),
    "another_answer_first": say("HTTP/1.1 100 Continue", "Content-Length: 2", body=b"{}"),
    "more_than_it_says": say("HTTP/1.1 201 Created", "Content-Length: 1", stay=True),
    "no_http": say("SSH-2.0-OpenSSH", body=b""),
}


class Server:
    """Takes one connection at a time and answers each request as it is told; `heads` are those of the requests."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.answers: list[Answer] = []
        self.heads: list[bytes] = []
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                continue
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


def writer(url: str, **given: Any) -> BlockWriter:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1")
    config = client_config(workers=1, connect_timeout=1, read_timeout=0.5).merge(given.pop("config", Config()))
    return BlockWriter(session.client("ebs", endpoint_url=url, config=config, **given))


def put(to: BlockWriter, index: int = 0) -> None:
    Retrier(POLICY).call("a write", "ebs:PutSnapshotBlock", lambda: to.put("snap-1", index, bytes(BLOCK), "sum"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_answer_is_asked_for_again(server: Server, fault: str) -> None:
    server.answers = [FAULTS[fault], succeed]
    put(writer(server.url))
    assert len(server.heads) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_answer_on_a_connection_that_has_served_is_asked_for_again(server: Server, fault: str) -> None:
    server.answers = [succeed, FAULTS[fault], succeed, succeed]
    ours = writer(server.url)
    for index in range(3):
        put(ours, index)
    assert [_block(head) for head in server.heads] == [0, 1, 1, 2]
    assert server.connections == 2


def test_an_answer_that_never_is_whole_is_an_error(server: Server) -> None:
    server.answers = [succeed, cut_body, close, reset]
    ours = writer(server.url)
    put(ours)
    with pytest.raises(AwsError, match=r"^a write: AWS answered .* \(tried 3 times\).*; check the network, the region"):
        put(ours)
    assert len(server.heads) == 4


def test_a_connection_is_used_again_and_asks_as_botocore_does(server: Server) -> None:
    server.answers = [succeed] * 3
    ours = writer(server.url)
    for index in range(3):
        put(ours, index)
    assert server.connections == 1
    first, *others = [_fields(head) for head in server.heads]
    assert [_block(head) for head in server.heads] == [0, 1, 2]
    for other in others:
        assert other == first


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_an_answer_of_another_form_is_left_to_botocore(server: Server, form: str) -> None:
    server.answers = [succeed, OTHER_FORMS[form], succeed, succeed]
    ours = writer(server.url)
    for index in range(3):
        put(ours, index)
    assert [_block(head) for head in server.heads] == [0, 1, 1, 2]
    assert server.connections == 2


def test_a_connection_that_the_service_closes_is_not_used_again(server: Server) -> None:
    server.answers = [succeed, succeed_and_close, succeed]
    ours = writer(server.url)
    for index in range(3):
        ours.put("snap-1", index, bytes(BLOCK), "sum")
    assert (len(server.heads), server.connections) == (3, 2)


def test_a_refusal_keeps_the_connection_and_is_told(server: Server) -> None:
    server.answers = [succeed, refuse, succeed]
    ours = writer(server.url)
    put(ours)
    with pytest.raises(ClientError, match="ValidationException"):
        ours.put("snap-1", 1, bytes(BLOCK), "sum")
    put(ours, 2)
    assert (len(server.heads), server.connections) == (3, 1)


def test_a_proxy_is_asked_for_every_block(server: Server) -> None:
    server.answers = [succeed] * 2
    ours = writer("http://ebs.test", config=Config(proxies={"http": server.url}))
    for index in range(2):
        put(ours, index)
    assert [head.split(b" ")[1] for head in server.heads] == [
        b"http://ebs.test/snapshots/snap-1/blocks/0",
        b"http://ebs.test/snapshots/snap-1/blocks/1",
    ]


def test_tls_is_used_again_and_its_certificate_is_checked(tmp_path: Path) -> None:
    good, other = _certificate(tmp_path / "good"), _certificate(tmp_path / "other")
    server = Server(good)
    try:
        server.answers = [succeed] * 3
        ours = writer(server.url, verify=str(good[0]))
        for index in range(3):
            put(ours, index)
        assert (len(server.heads), server.connections) == (3, 1)
        del ours
        with pytest.raises(AwsError, match=r"AWS answered SSLError: .*certificates of this machine"):
            put(writer(server.url, verify=str(other[0])))
        assert len(server.heads) == 3
    finally:
        server.close()


def _block(head: bytes) -> int:
    return int(head.split(b" ")[1].rpartition(b"/")[2])


def _fields(head: bytes) -> dict[str, str]:
    """The headers of a request, without those that differ from one to the next."""
    pairs = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    return {name.lower(): value for name, _, value in pairs if name.lower() not in ("authorization", "x-amz-date")}


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    folder.mkdir()
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"
