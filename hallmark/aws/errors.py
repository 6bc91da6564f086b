"""AWS's errors: one table of what their codes mean, and one line for people about each.

Everything in hallmark/aws uses it: most calls by `translate_aws_errors`, those of EBS direct by `ebs/retry.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 # botocore's own, not Python's
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import AwsError

_LONGEST_ANSWER = 500


class BrokenAnswerError(Exception):
    """An answer of AWS that is cut short, or whose bytes do not have the checksum that it states."""


class Meaning(Enum):
    """What an error means. The value is the line for people, with places for what differs."""

    NO_PROFILE = "aws:profile: no profile {profile!r} on this machine; `aws configure` makes one"
    NO_CREDENTIALS = "no credentials found; set AWS_PROFILE or aws:profile, sign in, or run on a machine with a role"
    SIGNED_OUT = "the sign-in has expired; `aws sso login` signs in again"
    EXPIRED = "the credentials have expired; sign in again"
    UNKNOWN = "the credentials are unknown to AWS; check profile and environment, and this machine's clock"
    NOT_VALIDATED = (
        "AWS could not validate the credentials, or region {region} is not enabled for this account; "
        "check the profile, and enable the region or mend aws:region"
    )
    REGION_OFF = "region {region} is not enabled for this account; enable it, or mend aws:region"
    DENIED = "not allowed: {operation}; docs/iam/pipeline.json lists what is needed"
    KEY = (
        "AWS could not use the KMS key; check that it exists in region {region} and is enabled, and that its policy "
        "and the role's allow kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:GenerateDataKey, "
        "kms:GenerateDataKeyWithoutPlaintext and kms:ReEncrypt* on it"
    )
    QUOTA = "the quota of {quota} in {region} is reached: wait, or ask for more"
    THROTTLED = "AWS throttles this account; run fewer builds at once, or lower the rate of puts"
    TROUBLE = "AWS has trouble of its own; run again later"
    MISSING = "it does not exist, or somebody has deleted it meanwhile; run again"
    CONFLICT = "this build has asked for the same with other tags, size or key; start a new build"
    AMI_DISABLED = "an AMI of this name is there but cannot be used: it was disabled; enable or deregister it"
    BROKEN = "the answer arrived broken; check the network, then run again"
    NO_ANSWER = "region {region}: no answer; is aws:region right, and the network up?"
    NOT_TRUSTED = "the endpoint's certificate is not trusted; check the endpoint and the certificates of this machine"
    OTHER = "{operation} failed"


PASSING = (Meaning.THROTTLED, Meaning.TROUBLE, Meaning.BROKEN, Meaning.NO_ANSWER)
"""What passes by itself: the same call may succeed a little later."""

_CODES: Mapping[Meaning, tuple[str, ...]] = {
    Meaning.EXPIRED: ("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
    Meaning.UNKNOWN: (
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ),
    # EC2 answers so to wrong keys, and to right ones in a region that the account has not enabled.
    Meaning.NOT_VALIDATED: ("AuthFailure",),
    Meaning.REGION_OFF: ("OptInRequired",),
    Meaning.DENIED: ("AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "UnauthorizedOperation"),
    Meaning.THROTTLED: (
        "ConcurrentLimitExceededException",
        "EC2ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SnapshotCreationPerVolumeRateExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ),
    Meaning.TROUBLE: (
        "InternalError",
        "InternalFailure",
        "InternalServerException",
        "RequestTimeout",
        "ServiceUnavailable",
    ),
    Meaning.MISSING: ("InvalidSnapshot.NotFound", "ResourceNotFoundException"),
    Meaning.CONFLICT: ("ConflictException",),
    Meaning.AMI_DISABLED: ("InvalidAMIName.Duplicate",),
}
_MEANINGS = {code: meaning for meaning, codes in _CODES.items() for code in codes}

# What EBS direct calls a validation error though nothing is wrong with what was asked: the same block is still being
# written by a try of ours that timed out, or the write itself timed out there.
_REASONS: Mapping[str, Meaning] = {
    "CONFLICTING_BLOCK_UPDATE": Meaning.TROUBLE,
    "DEPENDENCY_ACCESS_DENIED": Meaning.KEY,
    "INVALID_CUSTOMER_KEY": Meaning.KEY,
    "WRITE_REQUEST_TIMEOUT": Meaning.TROUBLE,
}

_QUOTAS: Mapping[str, str] = {
    "InstanceLimitExceeded": "running instances",
    "MaxSpotInstanceCountExceeded": "instances",
    "ServiceQuotaExceededException": "pending snapshots",
    "SnapshotLimitExceeded": "snapshots",
    "VcpuLimitExceeded": "vCPUs of running instances",
    "VolumeLimitExceeded": "volumes",
    "VpcLimitExceeded": "VPCs",
}

_CLASSES: tuple[tuple[tuple[type[Exception], ...], Meaning], ...] = (
    ((ProfileNotFound,), Meaning.NO_PROFILE),
    ((NoCredentialsError, PartialCredentialsError, CredentialRetrievalError), Meaning.NO_CREDENTIALS),
    ((SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError), Meaning.SIGNED_OUT),
    ((SSLError,), Meaning.NOT_TRUSTED),
    ((IncompleteReadError, ResponseParserError, BrokenAnswerError), Meaning.BROKEN),
    ((ConnectionError, HTTPClientError), Meaning.NO_ANSWER),
)


@contextmanager
def translate_aws_errors(settings: AwsSettings, doing: str) -> Iterator[None]:
    """Turn what botocore raises inside the block into AwsError: what was done, what is wrong, what to do."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise AwsError(f"{doing}: {explain(error, settings.region)}") from error


def code_of(error: ClientError) -> str:
    """The service's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def meaning_of(problem: Exception) -> Meaning:
    """What an error of AWS, or on the way to it, means."""
    if not isinstance(problem, ClientError):
        return next((meaning for classes, meaning in _CLASSES if isinstance(problem, classes)), Meaning.OTHER)
    code, reason = code_of(problem), str(problem.response.get("Reason", ""))
    status = int(problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    known = _REASONS.get(reason) or _MEANINGS.get(code)
    # A call that needs the key besides; where the call itself is of KMS, that call is what is not allowed.
    needs_key = "kms" in str(problem).lower() and f"kms:{problem.operation_name}" not in str(problem)
    if code.startswith("KMS") or (known is Meaning.DENIED and needs_key):
        return Meaning.KEY
    if reason == "INVALID_SNAPSHOT_ID" and "not exist" in str(problem):
        return Meaning.MISSING
    if code in _QUOTAS:
        return Meaning.QUOTA
    passing = status >= 500 or status in (408, 429)
    return known or (Meaning.TROUBLE if passing else Meaning.OTHER)


def explain(problem: Exception, region: str) -> str:
    """An error in one line: what is wrong and what to do, and what AWS said."""
    given = {"region": region, "operation": "the call", "quota": "", "profile": ""}
    text = " ".join(str(problem).split())[:_LONGEST_ANSWER]
    if isinstance(problem, ClientError):
        code, message = code_of(problem), str(problem.response.get("Error", {}).get("Message", ""))
        text = f"AWS said {code}: {' '.join(message.split())[:_LONGEST_ANSWER]}"
        given |= {"operation": problem.operation_name, "quota": _QUOTAS.get(code, "")}
    elif isinstance(problem, ProfileNotFound):
        given |= {"profile": problem.kwargs["profile"]}
    return f"{meaning_of(problem).value.format(**given)} ({text})"
