"""Holds what reaches the doubled account to IAM policies: each call becomes the requests that IAM would be asked.

    with held_to(server, documented("pipeline.json", kms_key=key)) as gate:
        ...                         # the run, with server.environment()
    assert gate.denied == []
    gate.used                       # the actions that it needed

What a call asks IAM for, iam_requests.py says. All of it must be allowed, by the union of the policies, and nothing
denied. A call that is refused is answered as the service does it, and recorded. A call that is not known fails the test
rather than passing.

Not asked: resource policies (of key and bucket), permission boundaries, SCPs, and what the tests themselves do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.doubles.iam_requests import requests_of
from tests.doubles.server import ACCOUNT, REGION, Asked, Server
from tests.support.aws.iam import Request, judge
from tools.iam.policies import EXAMPLE

Policy = Mapping[str, Any]
DOCS = Path(__file__).parents[2] / "docs" / "iam"


@dataclass(frozen=True, kw_only=True)
class Denial:
    """A call that was refused, and the first request of it that was."""

    asked: Asked
    request: Request
    explicit: bool

    def __str__(self) -> str:
        why = "with an explicit deny" if self.explicit else "because no identity-based policy allows it"
        return f"not authorized to perform: {self.request.action} on resource: {self.request.resource} {why}"


@dataclass
class Gate:
    """The policies in force and what they were asked for."""

    policies: tuple[Policy, ...]
    requests: list[Request] = field(default_factory=list)
    denied: list[Denial] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def used(self) -> set[str]:
        """The actions of all requests that were allowed."""
        return {request.action for request in self.requests}

    def replay(self, *policies: Policy) -> list[Request]:
        """Which of the requests of the run these policies would not allow."""
        return [request for request in self.requests if judge(request, *policies) != "allow"]

    def __call__(self, asked: Asked) -> tuple[str, str] | None:
        with self._lock:
            try:
                requests = requests_of(asked)
            except NotImplementedError as error:
                self.unknown.append(str(error))
                return _code(asked), f"the gate does not know {error}"
            for request in requests:
                verdict = judge(request, *self.policies)
                if verdict != "allow":
                    self.denied.append(Denial(asked=asked, request=request, explicit=verdict == "deny"))
                    return _code(asked), f"User: arn:aws:sts::{ACCOUNT}:role is {self.denied[-1]}"
            self.requests += requests
            return None


@contextmanager
def held_to(server: Server, *policies: Policy) -> Iterator[Gate]:
    """Hold all calls but the tests' own to the union of these policies, while the block lasts."""
    gate = Gate(policies)
    server.judges.append(gate)
    try:
        yield gate
    finally:
        server.judges.remove(gate)
    assert not gate.unknown, f"the gate was asked for calls that it does not know: {sorted(set(gate.unknown))}"


def documented(name: str, kms_key: str = EXAMPLE.kms_key, bucket: str = EXAMPLE.bucket) -> Policy:
    """A document of docs/iam with the doubled account's values in it, put there as its README says."""
    text = (DOCS / name).read_text().replace(EXAMPLE.kms_key, kms_key).replace(EXAMPLE.bucket, bucket)
    policy: Policy = json.loads(text.replace(EXAMPLE.account, ACCOUNT).replace(EXAMPLE.region, REGION))
    return policy


def _code(asked: Asked) -> str:
    return {"ec2": "UnauthorizedOperation", "s3": "AccessDenied", "sts": "AccessDenied"}.get(
        asked.call.service, "AccessDeniedException"
    )
