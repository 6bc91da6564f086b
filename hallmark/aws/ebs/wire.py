"""PutSnapshotBlock by the shortest way: on connections that botocore opened, past its costly layers.

A block takes 1 ms of CPU through `client.put_snapshot_block`, besides its hash, and little more here than the kernel
needs to send it; with 64 threads and one interpreter lock that decides the throughput.

Connecting, TLS, its checks and their errors are botocore's: the first block on each connection goes the long way,
through the client's own session, and only a connection that has served so is used again by the short one. The short
way knows one form of answer (HTTP/1.1, with a length); after any other, and where there is a proxy, the block goes the
long way. Credentials, time-outs and the `before-send` event are the client's own on both.
"""

from __future__ import annotations

import json
import queue
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.hooks import first_non_none_response

from hallmark.aws.ebs.retry import BrokenAnswerError, WrongChecksumError
from hallmark.aws.ebs.sign import Signer

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient

_OPERATION = "PutSnapshotBlock"
_EVENT = f"before-send.ebs.{_OPERATION}"
_LONGEST_ANSWER = 64 << 10
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the service said: status, headers by their names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class BlockWriter:
    """Writes blocks to snapshots with the connections and credentials of a client; threads may share it."""

    def __init__(self, client: EBSClient) -> None:
        inner: Any = client  # botocore has no public name for a client's connections and credentials
        self._session = inner._endpoint.http_session
        self._credentials = inner._request_signer._credentials
        self._events = client.meta.events
        self._url = client.meta.endpoint_url.rstrip("/")
        self._agent = str(inner.meta.config.user_agent)
        self._host, self._base = _place(self._url)
        self._signer = Signer(region=client.meta.region_name, service="ebs", host=self._host)
        proxied = self._session._proxy_config.proxy_url_for(self._url) is not None
        self._pool: Any = None if proxied else self._session._manager.connection_from_url(self._url)

    def put(self, snapshot: str, index: int, data: bytes, checksum: str) -> None:
        """Write one block; `checksum` is the base64 of its SHA-256. Raises what botocore's own call would."""
        request = self._signed(f"/snapshots/{snapshot}/blocks/{index}", data, checksum)
        answered = first_non_none_response(self._events.emit(_EVENT, request=request))
        answer = _told(answered) if answered else self._send(request)
        if answer.status >= 300:
            raise _error(answer)
        _check_whole(answer, checksum)

    def _signed(self, path: str, data: bytes, checksum: str) -> AWSPreparedRequest:
        if self._credentials is None:
            raise NoCredentialsError
        headers = {
            "Content-Length": str(len(data)),
            "User-Agent": self._agent,
            "x-amz-Data-Length": str(len(data)),
            "x-amz-Checksum": checksum,
            "x-amz-Checksum-Algorithm": "SHA256",
        }
        self._signer.sign("PUT", self._base + path, headers, self._credentials.get_frozen_credentials())
        plain: Any = headers  # botocore's class for headers takes longer to fill than the signature to make
        return AWSPreparedRequest("PUT", self._url + path, plain, data, stream_output=False)

    def _send(self, request: AWSPreparedRequest) -> Answer:
        connection = self._idle_connection()
        answer = self._exchange(connection, request) if connection is not None else None
        return answer or _told(self._session.send(request))

    def _idle_connection(self) -> Any:
        """A connection out of botocore's pool that has served and still stands; None: botocore is to make one."""
        try:
            connection = self._pool.pool.get(block=False) if self._pool is not None else None
        except queue.Empty:
            return None
        if connection is None or connection.is_connected:
            return connection
        connection.close()
        return None

    def _exchange(self, connection: Any, request: AWSPreparedRequest) -> Answer | None:
        """One request and its answer, None when it is of a form that botocore had better read."""
        answer, body = None, request.body
        assert isinstance(body, bytes)
        try:
            _send(connection.sock, self._head(request), body)
            answer = _receive(connection.sock)
        finally:
            if answer is None or answer.headers.get("connection", "keep-alive").lower() != "keep-alive":
                connection.close()
            self._pool._put_conn(connection)
        return answer

    def _head(self, request: AWSPreparedRequest) -> bytes:
        path = self._base + request.url[len(self._url) :]
        lines = [f"PUT {path} HTTP/1.1", f"Host: {self._host}", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _place(url: str) -> tuple[str, str]:
    """What an endpoint's requests name: its host, with the port unless it is the usual one, and its path, quoted."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    usual = parts.port in (None, _DEFAULT_PORTS.get(parts.scheme))
    return host if usual else f"{host}:{parts.port}", quote(parts.path, safe="/~")


def _send(sock: socket.socket, head: bytes, body: bytes) -> None:
    """Head and body in one call where the socket can: each call gives the interpreter up and waits to get it back."""
    sent = 0 if isinstance(sock, ssl.SSLSocket) else sock.sendmsg((head, body))
    if sent < len(head):
        sock.sendall(head[sent:])
    if sent < len(head) + len(body):
        sock.sendall(memoryview(body)[max(0, sent - len(head)) :])


def _receive(sock: socket.socket) -> Answer | None:
    """An answer of the one form: a status line of HTTP/1.1, headers, and a body as long as they say; else None."""
    data = b""
    while b"\r\n\r\n" not in data:
        data = _more(sock, data)
    head, _, content = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, status = first.partition(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = headers.get("content-length", "")
    if version != "HTTP/1.1" or not status[:3].isdigit() or int(status[:3]) < 200:
        return None
    if not length.isdigit() or "transfer-encoding" in headers or int(length) > _LONGEST_ANSWER:
        return None
    while len(content) < int(length):
        content = _more(sock, content)
    return Answer(status=int(status[:3]), headers=headers, content=content) if len(content) == int(length) else None


def _more(sock: socket.socket, data: bytes) -> bytes:
    piece = sock.recv(_LONGEST_ANSWER)
    if not piece or len(data) + len(piece) > 2 * _LONGEST_ANSWER:
        raise BrokenAnswerError(f"expected a whole answer, it ended after {len(data)} bytes")
    return data + piece


def _told(answer: AWSResponse) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(status=answer.status_code, headers=headers, content=answer.content)


def _check_whole(answer: Answer, checksum: str) -> None:
    """Refuse what botocore lets pass: a head that broke off in its first line, a body that is shorter than told."""
    told = answer.headers.get("content-length")
    if not answer.headers or (told is not None and int(told) != len(answer.content)):
        raise BrokenAnswerError(f"expected a whole answer, got {len(answer.content)} bytes of {told or 'unknown'}")
    if answer.headers.get("x-amz-checksum", checksum) != checksum:
        raise WrongChecksumError(f"expected SHA-256 {checksum}, the service got {answer.headers['x-amz-checksum']}")


def _error(answer: Answer) -> ClientError:
    """An answer that is no success, as botocore would raise it."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        body = None
    told: dict[str, Any] = body if isinstance(body, dict) else {}
    kind = answer.headers.get("x-amzn-errortype") or told.get("__type") or told.get("code") or str(answer.status)
    response: Any = {
        "Error": {
            "Code": str(kind).split(":", 1)[0].rsplit("#", 1)[-1],
            "Message": str(told.get("Message") or told.get("message") or ""),
        },
        "Reason": str(told.get("Reason") or ""),
        "ResponseMetadata": {"HTTPStatusCode": answer.status, "HTTPHeaders": dict(answer.headers)},
    }
    return ClientError(response, _OPERATION)
