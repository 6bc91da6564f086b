"""The one retry layer around calls to AWS (botocore's own is off), and AWS's errors in words that help.

Tried again, with full jitter: throttling, 5xx, time-outs, broken connections and answers, a checksum that is wrong,
and `does not exist` for a short time after a thing was made. Never: refused access, wrong input, no credentials.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from hallmark.common.errors import AwsError

T = TypeVar("T")
A = TypeVar("A", bound=Mapping[str, object])

_THROTTLED = {
    "ConcurrentLimitExceededException",
    "EC2ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SnapshotCreationPerVolumeRateExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_BROKEN = {"InternalError", "InternalFailure", "InternalServerException", "RequestTimeout", "ServiceUnavailable"}
_MISSING = {"InvalidSnapshot.NotFound", "ResourceNotFoundException"}
# What the service calls a validation error though nothing is wrong with what was asked: the same block is still being
# written by a try of ours that timed out, or the write itself timed out there.
_NOT_OUR_FAULT = {"CONFLICTING_BLOCK_UPDATE", "WRITE_REQUEST_TIMEOUT"}
_ACCESS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN_KEYS = {"AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
_LONGEST_ANSWER = 500
_KEY_ADVICE = (
    "check that the KMS key exists in this region and is enabled, and that its policy and the role's allow "
    "kms:DescribeKey, kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey* and kms:CreateGrant on it"
)


class BrokenAnswerError(Exception):
    """An answer that is cut short; tried again."""


class WrongChecksumError(BrokenAnswerError):
    """What arrived is not what its checksum says; tried again."""


class StoppedError(Exception):
    """The work that a call was part of has been stopped; the call was not made."""


class Gone(AwsError):  # noqa: N818 # a state of a snapshot rather than a fault
    """The snapshot does not exist, long after it could have been expected to."""


class Verdict(Enum):
    """What an error means for the next try."""

    AGAIN = auto()
    AGAIN_WHILE_YOUNG = auto()
    FINAL = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often a call is made at most; the jitter's base and cap, and how long `does not exist` may last: seconds."""

    attempts: int = 10
    base: float = 0.2
    cap: float = 20.0
    young: float = 120.0


def client_config(*, workers: int = 64, connect_timeout: float = 10, read_timeout: float = 60) -> Config:
    """The botocore configuration that this layer expects: no retries below it, a connection for each worker."""
    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=workers,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        tcp_keepalive=True,
    )


def judge(problem: Exception) -> Verdict:
    """Whether a call that ended so may be made again."""
    if isinstance(problem, ClientError):
        return _judge_answer(problem)
    if isinstance(problem, SSLError):
        return Verdict.FINAL
    broken = (HTTPClientError, HTTPError, IncompleteReadError, ResponseParserError, BrokenAnswerError, OSError)
    return Verdict.AGAIN if isinstance(problem, broken) else Verdict.FINAL


def _judge_answer(problem: ClientError) -> Verdict:
    code, reason, status = code_of(problem), str(problem.response.get("Reason", "")), _status(problem)
    if code in _ACCESS:
        return Verdict.FINAL
    if code in _THROTTLED | _BROKEN or reason in _NOT_OUR_FAULT or status >= 500 or status in (408, 429):
        return Verdict.AGAIN
    if code in _MISSING or (reason == "INVALID_SNAPSHOT_ID" and "not exist" in str(problem)):
        return Verdict.AGAIN_WHILE_YOUNG
    return Verdict.FINAL


def code_of(problem: Exception) -> str:
    """AWS's code of an error, or the name of its class."""
    if isinstance(problem, ClientError):
        return str(problem.response.get("Error", {}).get("Code", "")) or "unknown"
    return type(problem).__name__


def _status(problem: ClientError) -> int:
    return int(problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def whole(answer: A, *names: str) -> A:
    """An answer that has what it must have: botocore takes JSON that is cut short for an answer without content."""
    missing = [name for name in names if name not in answer]
    if missing:
        raise BrokenAnswerError(f"expected an answer with {', '.join(missing)}, it was cut short")
    return answer


class Retrier:
    """Makes calls until they succeed, cannot succeed, or have been tried often enough."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self._stop = stop or threading.Event()
        self._clock = clock
        self._jitter = jitter
        self._born = clock()
        self.retries = 0

    def newborn(self) -> None:
        """The thing that is talked about has just been made: `does not exist` is believed only after a while."""
        self._born = self._clock()

    def pause(self, seconds: float) -> None:
        """Sleep; StoppedError when the work is stopped meanwhile, or has been."""
        if self._stop.wait(seconds) if seconds > 0 else self._stop.is_set():
            raise StoppedError

    def call(self, what: str, action: str, function: Callable[[], T]) -> T:
        """The result of `function`; AwsError, saying what was asked, when it is not to be had.

        `what` is what we were doing, for people; `action` is the permission it takes: `ebs:StartSnapshot`.
        """
        attempt = 0
        while True:
            self.pause(0)
            try:
                return function()
            except (BotoCoreError, ClientError, HTTPError, OSError, ResponseParserError, BrokenAnswerError) as problem:
                if not self._may_try_again(judge(problem), attempt):
                    raise explained(what, action, problem, tries=attempt + 1) from problem
            self.retries += 1
            self.pause(self._jitter(0, min(self.policy.cap, self.policy.base * 2**attempt)))
            attempt += 1

    def _may_try_again(self, verdict: Verdict, attempt: int) -> bool:
        if verdict is Verdict.AGAIN_WHILE_YOUNG:
            return self._clock() - self._born < self.policy.young
        return verdict is Verdict.AGAIN and attempt + 1 < self.policy.attempts


def explained(what: str, action: str, problem: Exception, *, tries: int = 1) -> AwsError:
    """An error of AWS as one of ours: what was asked, what was answered, what to do."""
    often = f" (tried {tries} times)" if tries > 1 else ""
    text = " ".join(str(problem).split())[:_LONGEST_ANSWER]
    kind = Gone if isinstance(problem, ClientError) and judge(problem) is Verdict.AGAIN_WHILE_YOUNG else AwsError
    return kind(f"{what}: AWS answered {code_of(problem)}{often}: {text}; {_advice(action, problem)}")


def _advice(action: str, problem: Exception) -> str:
    """What to do about an error: the first line of the table that fits it."""
    if isinstance(problem, (NoCredentialsError, PartialCredentialsError)):
        return "sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY"
    if not isinstance(problem, ClientError) and judge(problem) is Verdict.FINAL:
        return "check the settings that this call was made of, and the certificates of this machine"
    if not isinstance(problem, ClientError):
        return "check the network, the region and its endpoint, then run again"
    code, verdict = code_of(problem), judge(problem)
    table = (
        (_is_about_a_key(problem), _KEY_ADVICE),
        (code in _EXPIRED, "the credentials have expired: sign in again, then run again"),
        (
            code in _UNKNOWN_KEYS,
            "AWS does not know these credentials: check them, the profile and this machine's clock",
        ),
        (code in _ACCESS, f"allow {action} for the role in use, then run again"),
        (
            code == "ConflictException",
            "this build has asked for the same with other tags, size or key: start a new build",
        ),
        (verdict is Verdict.AGAIN_WHILE_YOUNG, "it does not exist, or somebody has deleted it meanwhile: run again"),
        (code in _THROTTLED, "the account is throttled: run fewer builds at once, or lower the rate of puts"),
        (
            "Quota" in code or "Limit" in code,
            "ask for a higher quota (Service Quotas, Amazon EBS), or remove snapshots",
        ),
        (verdict is Verdict.AGAIN, "AWS has trouble of its own: run again later"),
    )
    return next((advice for fits, advice in table if fits), "check the settings that this call was made of")


def _is_about_a_key(problem: ClientError) -> bool:
    """The key rather than EBS: the service says so in its reason, or names a KMS action."""
    code, reason = code_of(problem), problem.response.get("Reason")
    refused = code in _ACCESS and (reason == "DEPENDENCY_ACCESS_DENIED" or "kms" in str(problem).lower())
    return refused or reason == "INVALID_CUSTOMER_KEY" or code.startswith("KMS")
