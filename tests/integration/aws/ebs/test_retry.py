"""The retry layer, the pace and the workers: what is tried again and how long, how fast, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError, ReadTimeoutError, SSLError
from botocore.parsers import ResponseParserError

from hallmark.aws.ebs.retry import Gone, Retrier, RetryPolicy, StoppedError, client_config
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
