"""An account behind strict moto, disks to upload, and faults that its EBS direct APIs can be given."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

from hallmark.aws.ebs.blocks import BLOCK
from hallmark.aws.ebs.retry import RetryPolicy, client_config
from hallmark.aws.ebs.upload import Transfer, Upload
from hallmark.common.fingerprint import hash_bytes
from tests.doubles.moto_ebs import extended

if TYPE_CHECKING:
    from moto.ebs.models import EBSSnapshot
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client

REGION = "eu-central-1"
ACCOUNT = "123456789012"  # moto's own
TAGS = {"hallmark:managed": "true", "hallmark:build": "b1"}
QUICK = Transfer(workers=4, puts_per_second=0, retry=RetryPolicy(deadline=0.3, young=0.2, pause=0.01))

Fault = Callable[[AWSPreparedRequest], "AWSResponse | None"]


@dataclass
class Account:
    """Clients of one account, the calls that went out (also those that a fault answered), and the faults to come."""

    ebs: EBSClient
    ec2: EC2Client
    calls: list[str] = field(default_factory=list)
    _faults: dict[str, list[Fault]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for client, service in ((self.ebs, "ebs"), (self.ec2, "ec2")):
            client.meta.events.register_first(f"before-send.{service}", self._before_send)

    def fail(self, operation: str, *faults: Fault) -> None:
        """Let the next calls of an operation end so, one after the other."""
        self._faults.setdefault(operation, []).extend(faults)

    def relent(self, operation: str) -> None:
        """No faults any more for this operation."""
        self._faults[operation].clear()

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def snapshots(self) -> list[str]:
        """Ours, by their tag: moto makes some of its own."""
        found = self.ec2.describe_snapshots(Filters=[{"Name": "tag:hallmark:managed", "Values": ["true"]}])
        return [each["SnapshotId"] for each in found["Snapshots"]]

    def content(self, snapshot: str) -> EBSSnapshot:
        from moto.ebs.models import ebs_backends

        return ebs_backends[ACCOUNT][REGION].snapshots[snapshot]

    def _before_send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> Any:
        operation = event_name.rpartition(".")[2]
        with self._lock:
            self.calls.append(operation)
            waiting = self._faults.get(operation)
            fault = waiting.pop(0) if waiting else None
        _local.answered = fault is not None
        return fault(request) if fault else None


_local = threading.local()
_process_request = BotocoreStubber.process_request


def _unless_answered(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    """What a fault has answered does not reach moto (botocore asks every handler, and takes the first answer)."""
    return None if getattr(_local, "answered", False) else _process_request(stubber, request)


def _with_faults() -> AbstractContextManager[Any]:
    return patch.object(BotocoreStubber, "process_request", _unless_answered)


def without_pauses() -> AbstractContextManager[Any]:
    """Botocore tries again at once."""
    return patch("botocore.retries.standard.ExponentialBackoff.delay_amount", return_value=0.0)


@contextmanager
def open_account(*, strict: bool = True) -> Iterator[Account]:
    with patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}), mock_aws(), _with_faults(), without_pauses():
        session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
        config = client_config(workers=4)
        made = Account(ebs=session.client("ebs", config=config), ec2=session.client("ec2", config=config))
        if not strict:
            yield made
            return
        with extended():
            yield made


@pytest.fixture
def account() -> Iterator[Account]:
    with open_account() as made:
        yield made


class _Body(BytesIO):
    """A response's body as botocore reads it: `stream` at once, or `read` by and by."""

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        while data := self.read(amt):
            yield data


def answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Fault:
    """This answer instead of the service's."""

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        return AWSResponse(str(request.url), status, HTTPHeaders.from_dict(dict(headers or {})), _Body(body))

    return fault


def refuse(code: str, status: int = 400, *, reason: str = "", message: str = "no") -> Fault:
    """An error of the EBS direct APIs."""
    body = f'{{"Message": "{message}", "Reason": "{reason}"}}' if reason else f'{{"Message": "{message}"}}'
    return answer(status, body.encode(), {"x-amzn-ErrorType": code, "Content-Type": "application/json"})


def lose() -> Fault:
    """The service does what it is asked, but its answer does not arrive."""

    def fault(request: AWSPreparedRequest) -> None:
        _process_request(botocore_stubber, request)
        raise ConnectionClosedError(endpoint_url=str(request.url))

    return fault


def break_with(problem: Exception) -> Fault:
    """The network fails so, before the service hears of it."""

    def fault(_: AWSPreparedRequest) -> None:
        raise problem

    return fault


def disk(path: Path, blocks: Mapping[int, bytes], *, size: int = 8 * BLOCK) -> Path:
    """A sparse file of `size` bytes with these blocks (their content's start) written."""
    with path.open("wb") as stream:
        stream.truncate(size)
        for index, data in blocks.items():
            stream.seek(index * BLOCK)
            stream.write(data)
    return path


def job(path: Path, **changes: Any) -> Upload:
    given: dict[str, Any] = {"path": path, "content": hash_bytes(b"media"), "build": "b1", "tags": TAGS}
    return Upload(**{**given, **changes})
