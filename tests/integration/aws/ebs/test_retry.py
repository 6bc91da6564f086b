"""The retry layer, the pace and the workers: what is tried again and how long, how fast, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError, ReadTimeoutError, SSLError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from hallmark.aws.ebs.pace import Pace
from hallmark.aws.ebs.retry import Gone, Retrier, RetryPolicy, StoppedError, client_config
from hallmark.aws.ebs.workers import run_workers
from hallmark.aws.errors import BrokenAnswerError
from hallmark.common.errors import AwsError


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


def test_botocores_standard_retries_are_on_and_each_worker_has_a_connection() -> None:
    config = client_config(workers=64)
    assert config.retries == {"total_max_attempts": 5, "mode": "standard"}  # type: ignore[attr-defined]
    assert config.max_pool_connections == 64  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "problem",
    [
        said("RequestThrottledException"),
        said("anything", 500),
        said("ValidationException", reason="WRITE_REQUEST_TIMEOUT"),
        ReadTimeoutError(endpoint_url="https://ebs.test"),
        ResponseParserError("no XML"),
        BrokenAnswerError("cut short"),
    ],
)
def test_what_passes_is_tried_again_until_a_deadline(problem: Exception) -> None:
    now = [0.0]

    def jitter(low: float, high: float) -> float:
        assert (low, high) == (0, 3)
        now[0] += 1
        return 0.0

    patient = Retrier("r", RetryPolicy(deadline=5, pause=3), clock=lambda: now[0], jitter=jitter)
    assert patient.call("a call", failing(*[problem] * 5)) == "done"
    with pytest.raises(AwsError):
        patient.call("a call", failing(*[problem] * 6))
    assert now == [10.0]


@pytest.mark.parametrize(
    "problem",
    [
        said("AccessDeniedException", 403),
        said("UnauthorizedOperation", 500),
        said("ValidationException", reason="INVALID_BLOCK"),
        said("ValidationException", reason="INVALID_SNAPSHOT_ID", message="is completed"),
        said("ConflictException", 409),
        said("ServiceQuotaExceededException", 402),
        NoCredentialsError(),
        ParamValidationError(report="bad"),
        SSLError(endpoint_url="https://ebs.test", error=OSError("certificate")),
    ],
)
def test_what_stays_as_it_is_is_asked_once(problem: Exception) -> None:
    with pytest.raises(AwsError):
        Retrier("r").call("a call", failing(problem))


@pytest.mark.parametrize(
    "problem",
    [
        said("ResourceNotFoundException", 404),
        said("InvalidSnapshot.NotFound"),
        said("ValidationException", reason="INVALID_SNAPSHOT_ID", message="does not exist"),
    ],
)
def test_does_not_exist_is_believed_once_the_thing_is_old_enough(problem: Exception) -> None:
    now = [0.0]

    def jitter(_: float, __: float) -> float:
        now[0] += 1
        return 0.0

    retrier = Retrier("r", RetryPolicy(young=5, deadline=0), clock=lambda: now[0], jitter=jitter)
    with pytest.raises(Gone, match=r"^a look: it does not exist, or somebody has deleted it meanwhile; run again \("):
        retrier.call("a look", failing(*[problem] * 20))
    assert now == [5.0]


def test_a_stopped_call_is_not_made_and_ends_its_wait() -> None:
    stop = threading.Event()
    retrier = Retrier("r", RetryPolicy(pause=1000), stop=stop, jitter=max)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(StoppedError):
        retrier.call("a call", failing(said("Throttling")))
    with pytest.raises(StoppedError):
        retrier.call("a call", lambda: pytest.fail("was called"))


def test_an_error_says_what_was_asked_what_to_do_and_what_was_answered() -> None:
    with pytest.raises(AwsError) as caught:
        Retrier("r").call("a start", failing(said("AccessDeniedException", 403, message="not authorized")))
    assert caught.value.exit_code == 8
    assert str(caught.value) == (
        "a start: not allowed: PutSnapshotBlock; docs/iam/pipeline.json lists what is needed "
        "(AWS said AccessDeniedException: not authorized)"
    )


@given(st.floats(1, 2000), st.integers(1, 300))
def test_the_pace_is_kept(rate: float, calls: int) -> None:
    pace = Pace(rate, clock=lambda: 100.0)
    waits = [pace.reserve() for _ in range(calls)]
    assert waits == pytest.approx([index / rate for index in range(calls)], abs=1e-6)


def test_idle_time_earns_nothing() -> None:
    now = [0.0]
    pace = Pace(10, clock=lambda: now[0])
    now[0] = 1000
    assert [pace.reserve() for _ in range(3)] == pytest.approx([0, 0.1, 0.2])


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
