"""What AWS's errors mean, and the line that people read about each."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
    SSLError,
    UnauthorizedSSOTokenError,
)

from hallmark.aws.errors import BrokenAnswerError, Meaning, explain, meaning_of, translate_aws_errors
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import AwsError
from tools.iam.actions import needed_actions

URL = "https://ebs.test"


def said(code: str, status: int = 400, *, reason: str = "", message: str = "no") -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "Reason": reason,
    }
    return ClientError(response, "RunInstances")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "meaning"),
    [
        (said("ExpiredToken"), Meaning.EXPIRED),
        (said("InvalidClientTokenId"), Meaning.UNKNOWN),
        (said("AuthFailure"), Meaning.NOT_VALIDATED),
        (said("OptInRequired"), Meaning.REGION_OFF),
        (said("UnauthorizedOperation", 500), Meaning.DENIED),
        (said("AccessDeniedException", message="not authorized to perform kms:Decrypt"), Meaning.KEY),
        (said("AccessDeniedException", message="not authorized to perform: kms:RunInstances"), Meaning.DENIED),
        (said("AccessDeniedException", reason="DEPENDENCY_ACCESS_DENIED"), Meaning.KEY),
        (said("ValidationException", reason="INVALID_CUSTOMER_KEY"), Meaning.KEY),
        (said("KMSInvalidStateException"), Meaning.KEY),
        (said("VcpuLimitExceeded"), Meaning.QUOTA),
        (said("RequestLimitExceeded", 503), Meaning.THROTTLED),
        (said("anything", 500), Meaning.TROUBLE),
        (said("429", 429), Meaning.TROUBLE),
        (said("ValidationException", reason="CONFLICTING_BLOCK_UPDATE"), Meaning.TROUBLE),
        (said("InvalidSnapshot.NotFound"), Meaning.MISSING),
        (said("ValidationException", reason="INVALID_SNAPSHOT_ID", message="does not exist"), Meaning.MISSING),
        (said("ValidationException", reason="INVALID_SNAPSHOT_ID", message="is completed"), Meaning.OTHER),
        (ProfileNotFound(profile="p"), Meaning.NO_PROFILE),
        (NoCredentialsError(), Meaning.NO_CREDENTIALS),
        (UnauthorizedSSOTokenError(), Meaning.SIGNED_OUT),
        (EndpointConnectionError(endpoint_url=URL), Meaning.NO_ANSWER),
        (ConnectionClosedError(endpoint_url=URL), Meaning.NO_ANSWER),
        (SSLError(endpoint_url=URL, error=OSError("certificate")), Meaning.NOT_TRUSTED),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Meaning.BROKEN),
        (BrokenAnswerError("cut short"), Meaning.BROKEN),
        (ParamValidationError(report="bad"), Meaning.OTHER),
    ],
)
def test_each_error_has_one_meaning(problem: Exception, meaning: Meaning) -> None:
    assert meaning_of(problem) is meaning


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (
            said("AuthFailure"),
            (
                "AWS could not validate the credentials, or region eu-central-1 is not enabled for this account; "
                "check the profile, and enable the region or mend aws:region (AWS said AuthFailure: no)"
            ),
        ),
        (
            said("VpcLimitExceeded", message="the\nmost"),
            "the quota of VPCs in eu-central-1 is reached: wait, or ask for more (AWS said VpcLimitExceeded: the most)",
        ),
        (
            ProfileNotFound(profile="nobody"),
            (
                "aws:profile: no profile 'nobody' on this machine; `aws configure` makes one "
                "(The config profile (nobody) could not be found)"
            ),
        ),
        (said("Odd"), "RunInstances failed (AWS said Odd: no)"),
        (BrokenAnswerError("short"), "the answer arrived broken; check the network, then run again (short)"),
    ],
)
def test_the_line_says_what_is_wrong_what_to_do_and_what_aws_said(problem: Exception, line: str) -> None:
    assert explain(problem, "eu-central-1") == line


def test_the_advice_about_keys_names_what_the_policy_allows() -> None:
    advised = set(re.findall(r"kms:[A-Za-z]+\*?", Meaning.KEY.value))
    assert advised == {action for action in needed_actions() if action.startswith("kms:")}


def test_what_is_not_of_aws_passes_by_untouched() -> None:
    settings = AwsSettings(region="eu-central-1")
    with pytest.raises(ZeroDivisionError), translate_aws_errors(settings, "x"):
        raise ZeroDivisionError
    with pytest.raises(AwsError, match=r"^x: no credentials found; "), translate_aws_errors(settings, "x"):
        raise NoCredentialsError
    with pytest.raises(AwsError, match=r"^x: RunInstances failed \(AWS"), translate_aws_errors(settings, "x"):
        raise said("Odd")
