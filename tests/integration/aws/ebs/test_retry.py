"""The retry layer and the pace: what is tried again, after how long, and what AWS's errors become."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError, SSLError
from hypothesis import given
from hypothesis import strategies as st

from hallmark.aws.ebs.pace import Pace
from hallmark.aws.ebs.retry import Gone, Retrier, RetryPolicy, StoppedError, Verdict, client_config, explained, judge
from hallmark.aws.ebs.workers import run_workers
from hallmark.common.errors import AwsError

BAD_ID = "INVALID_SNAPSHOT_ID"


def said(code: str, status: int = 400, *, reason: str = "", message: str = "no") -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "Reason": reason,
    }
    return ClientError(response, "PutSnapshotBlock")  # type: ignore[arg-type]


def failing(*problems: Exception) -> Callable[[], str]:
    left = list(problems)

    def function() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return function


def test_botocore_does_not_try_again_by_itself() -> None:
    config = client_config(workers=64)
    assert config.retries == {"total_max_attempts": 1, "mode": "standard"}  # type: ignore[attr-defined]
    assert config.max_pool_connections == 64  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("problem", "verdict"),
    [
        (said("RequestThrottledException"), Verdict.AGAIN),
        (said("RequestLimitExceeded", 503), Verdict.AGAIN),
        (said("anything", 500), Verdict.AGAIN),
        (said("429", 429), Verdict.AGAIN),
        (said("ValidationException", reason="WRITE_REQUEST_TIMEOUT"), Verdict.AGAIN),
        (ConnectionResetError(), Verdict.AGAIN),
        (said("ResourceNotFoundException", 404), Verdict.AGAIN_WHILE_YOUNG),
        (said("InvalidSnapshot.NotFound"), Verdict.AGAIN_WHILE_YOUNG),
        (
            said("ValidationException", reason="INVALID_SNAPSHOT_ID", message="does not exist"),
            Verdict.AGAIN_WHILE_YOUNG,
        ),
        (said("ValidationException", reason="INVALID_SNAPSHOT_ID", message="is completed"), Verdict.FINAL),
        (said("AccessDeniedException", 403), Verdict.FINAL),
        (said("UnauthorizedOperation", 500), Verdict.FINAL),
        (said("ValidationException", reason="INVALID_BLOCK"), Verdict.FINAL),
        (said("ConflictException", 409), Verdict.FINAL),
        (said("ServiceQuotaExceededException", 402), Verdict.FINAL),
        (NoCredentialsError(), Verdict.FINAL),
        (ParamValidationError(report="bad"), Verdict.FINAL),
        (SSLError(endpoint_url="https://ebs.test", error=OSError("certificate")), Verdict.FINAL),
    ],
)
def test_verdicts(problem: Exception, verdict: Verdict) -> None:
    assert judge(problem) is verdict


@given(st.integers(1, 12), st.floats(0.01, 5), st.floats(0.01, 30))
def test_waits_are_drawn_from_nothing_up_to_a_cap_that_doubles(attempts: int, base: float, cap: float) -> None:
    drawn: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.0

    retrier = Retrier(RetryPolicy(attempts=attempts, base=base, cap=cap), jitter=jitter)
    with pytest.raises(AwsError):
        retrier.call("a call", "ebs:Any", failing(*[said("Throttling")] * 20))
    assert drawn == [(0, min(cap, base * 2**attempt)) for attempt in range(attempts - 1)]


def test_does_not_exist_is_believed_once_the_thing_is_old_enough() -> None:
    now = [0.0]

    def jitter(_: float, __: float) -> float:
        now[0] += 1
        return 0.0

    retrier = Retrier(RetryPolicy(young=5, attempts=2), clock=lambda: now[0], jitter=jitter)
    with pytest.raises(Gone, match=r"it does not exist, or somebody has deleted it meanwhile: run again$"):
        retrier.call("a look", "ec2:DescribeSnapshots", failing(*[said("InvalidSnapshot.NotFound")] * 20))
    assert now == [5.0]


def test_a_stopped_call_is_not_made_and_ends_its_wait() -> None:
    stop = threading.Event()
    retrier = Retrier(RetryPolicy(base=1000, cap=1000), stop=stop, jitter=max)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(StoppedError):
        retrier.call("a call", "ebs:Any", failing(said("Throttling")))
    with pytest.raises(StoppedError):
        retrier.call("a call", "ebs:Any", lambda: pytest.fail("was called"))


def test_an_error_says_what_was_asked_what_was_answered_and_what_to_do() -> None:
    problem = said("AccessDeniedException", 403, reason="UNAUTHORIZED_ACCOUNT", message="not authorized")
    error = explained("a start", "ebs:StartSnapshot", problem, tries=2)
    assert error.exit_code == 8
    assert str(error) == (
        "a start: AWS answered AccessDeniedException (tried 2 times): An error occurred (AccessDeniedException) when "
        "calling the PutSnapshotBlock operation: not authorized; allow ebs:StartSnapshot for the role in use, then run "
        "again"
    )


def test_want_of_credentials_is_told_at_once() -> None:
    with pytest.raises(AwsError) as caught:
        Retrier().call("a start", "ebs:StartSnapshot", failing(NoCredentialsError()))
    assert str(caught.value) == (
        "a start: AWS answered NoCredentialsError: Unable to locate credentials; sign in (`aws sso login`), or set "
        "AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY"
    )


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (said("AccessDeniedException", 403, reason="DEPENDENCY_ACCESS_DENIED"), "check that the KMS key exists"),
        (said("ExpiredTokenException", 403), "the credentials have expired: sign in again"),
        (said("UnrecognizedClientException", 403), "AWS does not know these credentials"),
        (said("ServiceQuotaExceededException", 402), "ask for a higher quota"),
        (said("ThrottlingException"), "the account is throttled"),
        (said("ConflictException", 409), "this build has asked for the same"),
        (ConnectionResetError(), "check the network, the region and its endpoint"),
    ],
)
def test_the_advice_fits_the_error(problem: Exception, advice: str) -> None:
    assert f"; {advice}" in str(explained("a start", "ebs:StartSnapshot", problem))


@given(st.floats(1, 2000), st.integers(1, 64), st.integers(1, 300))
def test_the_pace_is_kept_and_a_burst_is_let_through(rate: float, burst: int, calls: int) -> None:
    pace = Pace(rate, burst=burst, clock=lambda: 100.0)
    waits = [pace.reserve() for _ in range(calls)]
    assert waits == pytest.approx([max(0, index - burst + 1) / rate for index in range(calls)], abs=1e-6)


def test_idle_time_earns_no_more_than_a_burst() -> None:
    now = [0.0]
    pace = Pace(10, burst=2, clock=lambda: now[0])
    now[0] = 1000
    assert [pace.reserve() for _ in range(3)] == pytest.approx([0, 0, 0.1])


def test_no_rate_is_no_limit() -> None:
    assert {Pace(0).reserve() for _ in range(1000)} == {0.0}


def test_workers_stop_at_the_first_error_and_raise_it() -> None:
    seen: list[int] = []
    stop = threading.Event()

    def handle(item: int) -> None:
        seen.append(item)
        if item == 3:
            raise AwsError("three")
        if stop.wait(5):
            raise StoppedError

    with pytest.raises(AwsError, match="three"):
        run_workers(range(1000), handle, workers=8, stop=stop, tick=lambda _: None)
    assert len(seen) <= 8


def test_more_workers_than_items_are_no_harm() -> None:
    seen: list[int] = []
    run_workers(range(3), seen.append, workers=8, stop=threading.Event(), tick=lambda _: None)
    assert sorted(seen) == [0, 1, 2]
