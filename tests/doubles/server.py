"""A whole account behind a local endpoint: a moto server made strict, with a record of its calls and faults on demand.

The doubled provider, boto3 in other processes and the tests all speak to it over HTTP at `Server.url`. A judge
(`Server.judges`, see permissions.py) is shown each call with its parameters before it is carried out; the tests' own
calls, through `Server.client`, are not shown to it.
"""

from __future__ import annotations

import io
import json
import logging
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.doubles import moto_ebs, moto_ec2
from tests.doubles.moto_ec2 import Rules

REGION = "eu-central-1"
ACCOUNT = DEFAULT_ACCOUNT_ID
BIN = Path(__file__).resolve().parent / "bin"
_OWNER = "owner"
_STATUS = {
    **dict.fromkeys(("Unavailable", "InternalError", "ServiceUnavailable"), "503 Service Unavailable"),
    **dict.fromkeys(("UnauthorizedOperation", "AccessDenied"), "403 Forbidden"),
}
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it came: its region, and its parameters (form or JSON; with a path alone `PATH` and `QUERY`)."""

    call: Call
    region: str
    parameters: Mapping[str, Any]


Fault = Callable[[Call], "tuple[str, str] | None"]  # a call → (error code, message), or None: let it through
Judge = Callable[[Asked], "tuple[str, str] | None"]  # the same for a call with its parameters


@dataclass
class Server:
    """The running account."""

    url: str
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    judges: list[Judge] = field(default_factory=list)
    after: list[Callable[[Call], None]] = field(default_factory=list)  # told once a call has been carried out
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:
        """A client of this account for a test: whoever owns the account, so no judge is asked."""
        return self._client(service, _OWNER)

    def client_of_role(self, service: str) -> Any:
        """A client with the credentials of `environment`, held to what the judges say."""
        return self._client(service, "testing")

    def _client(self, service: str, key: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key,
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
            error = error or self._judged(call, environ)
            if error:
                return _answer_error(call, error, start)
            answer = application(environ, start)
            for told in self.after:
                told(call)
            return answer  # type: ignore[no-any-return]

        return wrapped

    def _judged(self, call: Call, environ: dict[str, Any]) -> tuple[str, str] | None:
        key, region = _signer(environ)
        if not self.judges or key == _OWNER:
            return None
        asked = Asked(call, region, _parameters(environ))
        return next((found for judge in self.judges if (found := judge(asked))), None)


def _call(environ: dict[str, Any]) -> Call | None:
    path = environ["PATH_INFO"]
    if path.startswith("/moto-api"):
        return None
    service = _service(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return Call(service, target.rsplit(".", 1)[-1])
    if path.startswith("/snapshots"):
        return Call("ebs", _ebs_action(environ["REQUEST_METHOD"], path))
    if _is_form(environ):
        return Call(service, urllib.parse.parse_qs(_body(environ).decode()).get("Action", ["?"])[0])
    return Call(service, f"{environ['REQUEST_METHOD']} {path}")


def _is_form(environ: dict[str, Any]) -> bool:
    return "form-urlencoded" in environ.get("CONTENT_TYPE", "")


def _body(environ: dict[str, Any]) -> bytes:
    """The request's body, which is put back for the application."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _parameters(environ: dict[str, Any]) -> dict[str, Any]:
    """What the call asks for: a form's dotted names are unfolded, `X.1.Y` into {"X": {"1": {"Y": …}}}."""
    where = {"PATH": environ["PATH_INFO"], "QUERY": dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), True))}
    if _is_form(environ):
        return {**where, **_unfolded(urllib.parse.parse_qsl(_body(environ).decode(), keep_blank_values=True))}
    if "json" in environ.get("CONTENT_TYPE", ""):
        return {**where, **json.loads(_body(environ) or b"{}")}
    return where


def _unfolded(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    unfolded: dict[str, Any] = {}
    for name, value in pairs:
        *folders, last = name.split(".")
        inner = unfolded
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[last] = value
    return unfolded


def _service(environ: dict[str, Any]) -> str:
    scope = _scope(environ)
    return scope[3] if len(scope) > 3 else ""


def _signer(environ: dict[str, Any]) -> tuple[str, str]:
    """The access key and the region that the call is signed with."""
    scope = _scope(environ)
    return (scope[0], scope[2]) if len(scope) > 3 else ("", "")


def _scope(environ: dict[str, Any]) -> list[str]:
    parts = environ.get("HTTP_AUTHORIZATION", "").split("Credential=")
    return parts[1].split(",")[0].split("/") if len(parts) > 1 else []


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
    status = _STATUS.get(code, "400 Bad Request")
    if call.service in ("ssm", "kms", "ebs", "servicequotas"):
        start(status, [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)])
        return [json.dumps({"__type": code, "message": message, "Message": message}).encode()]
    start(status, [("Content-Type", "text/xml")])
    told = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if call.service == "s3":
        return [told.encode()]
    return [f"<Response><Errors>{told}</Errors><RequestID>0</RequestID></Response>".encode()]


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
