"""A whole account behind a local endpoint: a moto server made strict, with a record of its calls and faults on demand.

The doubled provider, boto3 in other processes and the tests all speak to it over HTTP at `Server.url`.
"""

from __future__ import annotations

import io
import json
import logging
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.doubles import moto_ebs, moto_ec2
from tests.doubles.moto_ec2 import Rules

REGION = "eu-central-1"
ACCOUNT = DEFAULT_ACCOUNT_ID
BIN = Path(__file__).resolve().parent / "bin"
_READING = ("Describe", "Get", "List", "Head", "AssumeRole")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the account."""

    service: str
    action: str

    @property
    def mutates(self) -> bool:
        """Whether it changes something (by its name)."""
        return not self.action.startswith(_READING)


Fault = Callable[[Call], "tuple[str, str] | None"]  # a call → (error code, message), or None: let it through


@dataclass
class Server:
    """The running account."""

    url: str
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    after: list[Callable[[Call], None]] = field(default_factory=list)  # told once a call has been carried out
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:
        """A client of this account."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to reach this account and no other."""
        return {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def actions(self, *, mutating: bool = False) -> list[str]:
        """The names of the calls so far, in order."""
        return [call.action for call in self.calls if call.mutates or not mutating]

    def fail(self, action: str, code: str, message: str = "injected", times: int = 10**9) -> None:
        """Let the next calls of an action fail."""
        left = [times]

        def fault(call: Call) -> tuple[str, str] | None:
            if call.action != action or left[0] <= 0:
                return None
            left[0] -= 1
            return code, message

        self.faults.append(fault)

    def wrap(self, application: Any) -> Any:
        """The WSGI application with record and faults."""

        def wrapped(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            call = _call(environ)
            if call is None:
                return application(environ, start)  # type: ignore[no-any-return]
            with self._lock:
                self.calls.append(call)
                error = next((found for fault in self.faults if (found := fault(call))), None)
            if error:
                return _answer_error(call, error, start)
            answer = application(environ, start)
            for told in self.after:
                told(call)
            return answer  # type: ignore[no-any-return]

        return wrapped


def _call(environ: dict[str, Any]) -> Call | None:
    path = environ["PATH_INFO"]
    if path.startswith("/moto-api"):
        return None
    service = _service(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return Call(service, target.rsplit(".", 1)[-1])
    if path.startswith("/snapshots"):
        return Call("ebs", _ebs_action(environ["REQUEST_METHOD"], path))
    if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return Call(service, urllib.parse.parse_qs(body.decode()).get("Action", ["?"])[0])
    return Call(service, f"{environ['REQUEST_METHOD']} {path}")


def _service(environ: dict[str, Any]) -> str:
    parts = environ.get("HTTP_AUTHORIZATION", "").split("Credential=")
    scope = parts[1].split(",")[0].split("/") if len(parts) > 1 else []
    return scope[3] if len(scope) > 3 else ""


def _ebs_action(method: str, path: str) -> str:
    if path.startswith("/snapshots/completion"):
        return "CompleteSnapshot"
    if method == "POST":
        return "StartSnapshot"
    if method == "PUT":
        return "PutSnapshotBlock"
    return "ListSnapshotBlocks" if path.endswith("/blocks") else "GetSnapshotBlock"


def _answer_error(call: Call, error: tuple[str, str], start: Any) -> list[bytes]:
    code, message = error
    status = (
        "503 Service Unavailable"
        if code in ("Unavailable", "InternalError", "ServiceUnavailable")
        else "400 Bad Request"
    )
    if call.service in ("ssm", "kms", "ebs"):
        start(status, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)])
        return [json.dumps({"__type": code, "message": message, "Message": message}).encode()]
    start(status, [("Content-Type", "text/xml")])
    text = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    return [f"<Response>{text}<RequestID>0</RequestID></Response>".encode()]


@contextmanager
def running(rules: Rules | None = None) -> Iterator[Server]:
    """An empty account on a free port of 127.0.0.1, strict, until the block ends."""
    own = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}
    with patch.dict(os.environ, own), moto_ec2.extended(rules), moto_ebs.extended():
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
        moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        moto.start()
        host, port = moto.get_host_and_port()
        server = Server(url=f"http://{host}:{port}")
        try:
            _reset(server.url)
            inner: Any = moto._server
            inner.app = server.wrap(inner.app)
            yield server
        finally:
            _reset(server.url)
            moto.stop()


def _reset(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=60):  # noqa: S310
        pass
