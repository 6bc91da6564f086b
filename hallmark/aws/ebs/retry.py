"""Retries of EBS direct calls, for what botocore's standard retries do not know.

botocore tries calls again that are throttled, fail with 5xx, or get no answer: five times. It does
not know, and this layer does:

- an answer that is cut short, and bytes with another checksum than the service states;
- two validation errors of EBS direct that pass by themselves (CONFLICTING_BLOCK_UPDATE, WRITE_REQUEST_TIMEOUT);
- a snapshot that has just been made and does not exist everywhere yet;
- trouble that outlasts five tries: a transfer of many blocks goes on until a deadline, and is not lost before;
- that the work is stopped: then no try follows, botocore's own included.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from hallmark.aws.errors import PASSING, BrokenAnswerError, Meaning, explain, meaning_of
from hallmark.aws.session import CONFIG
from hallmark.common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient

T = TypeVar("T")
A = TypeVar("A", bound=Mapping[str, object])


class StoppedError(Exception):
    """The work that a call was part of has been stopped; the call was not made."""


class Gone(AwsError):  # noqa: N818 # a state of a snapshot rather than a fault
    """The snapshot does not exist, long after it could have been expected to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """Seconds: how long a call is tried, how long `does not exist` may last, and the longest pause between tries."""

    deadline: float = 120.0
    young: float = 120.0
    pause: float = 4.0


def client_config(*, workers: int = 64) -> Config:
    """The configuration of a client for this layer: as for all others, with a connection for each worker."""
    return CONFIG.merge(Config(max_pool_connections=workers, tcp_keepalive=True))


def require_fields(answer: A, *names: str) -> A:
    """An answer that has what it must have: botocore takes JSON that is cut short for an answer without content."""
    missing = [name for name in names if name not in answer]
    if missing:
        raise BrokenAnswerError(f"expected an answer with {', '.join(missing)}, it was cut short")
    return answer


@contextmanager
def stoppable(ebs: EBSClient, stop: threading.Event) -> Iterator[None]:
    """Within this block botocore's own retries end when `stop` is set: the call raises StoppedError."""

    def check(**_: object) -> None:
        if stop.is_set():
            raise StoppedError

    ebs.meta.events.register_first("needs-retry.ebs", check)
    try:
        yield
    finally:
        ebs.meta.events.unregister("needs-retry.ebs", check)


class Retrier:
    """Makes calls to one region until they succeed, cannot succeed, or a deadline has passed.

    It is made with the snapshot that its calls are about: `does not exist` is believed when both are old enough.
    """

    def __init__(
        self,
        region: str,
        policy: RetryPolicy | None = None,
        *,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._region = region
        self._policy = policy or RetryPolicy()
        self._stop = stop or threading.Event()
        self._clock = clock
        self._jitter = jitter
        self._born = clock()

    def pause(self, seconds: float) -> None:
        """Sleep; StoppedError when the work is stopped meanwhile, or has been."""
        if self._stop.wait(seconds) if seconds > 0 else self._stop.is_set():
            raise StoppedError

    def call(self, what: str, function: Callable[[], T]) -> T:
        """The result of `function`; AwsError, saying what was asked (`what`), when it is not to be had."""
        began = self._clock()
        while True:
            self.pause(0)
            try:
                return function()
            except (BotoCoreError, ClientError, ResponseParserError, BrokenAnswerError) as problem:
                meaning = meaning_of(problem)
                if not self._may_try_again(meaning, began):
                    kind = Gone if meaning is Meaning.MISSING else AwsError
                    raise kind(f"{what}: {explain(problem, self._region)}") from problem
            self.pause(self._jitter(0, self._policy.pause))

    def _may_try_again(self, meaning: Meaning, began: float) -> bool:
        now = self._clock()
        if meaning is Meaning.MISSING:
            return now - self._born < self._policy.young
        return meaning in PASSING and now - began < self._policy.deadline
