"""Clients from the stack's settings, the same account and region as Pulumi's provider; and AWS's errors in words.

Credentials come from the ambient chain, then through the roles to assume, refreshed as they expire. boto3 would add
nothing but its resources, which nobody here uses, and time to each start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.session import Session as BotoSession

from hallmark.aws.settings import AssumedRole, AwsSettings
from hallmark.common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
_REGION_OFF = {"AuthFailure", "OptInRequired"}
_DENIED = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation"}
_QUOTA = {
    "VpcLimitExceeded": "VPCs",
    "VcpuLimitExceeded": "vCPUs of running instances",
    "InstanceLimitExceeded": "running instances",
    "VolumeLimitExceeded": "volumes",
    "SnapshotLimitExceeded": "snapshots",
    "MaxSpotInstanceCountExceeded": "instances",
}
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_SSO = (SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError)


class Aws:
    """The account and region of a stack, and its clients, each made when first used."""

    def __init__(self, settings: AwsSettings, *, attempts: int = 5) -> None:
        self.settings = settings
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra="hallmark",
        )

    @cached_property
    def session(self) -> BotoSession:
        """The session behind the clients; AwsError when the profile is unknown."""
        with in_words(self.settings, "credentials"):
            botocore = BotoSession(profile=self.settings.profile)
            botocore.set_config_variable("region", self.settings.region)
            for role in self.settings.assume_roles:
                # None is what get_credentials gives without any: say so now, the fetcher would fail obscurely.
                if botocore.get_credentials() is None:
                    raise NoCredentialsError
                botocore = self._assume(botocore, role)
            return botocore

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of any service, at the endpoint that the settings name; `config` is merged over ours."""
        merged = self._config.merge(config) if config else self._config
        name = {"service-quotas": "servicequotas"}.get(service, service)
        maker: Any = self.session.create_client
        return maker(service, config=merged, endpoint_url=self.settings.endpoints.get(name))

    @cached_property
    def ec2(self) -> EC2Client:
        """EC2."""
        client: EC2Client = self.client("ec2")
        return client

    @cached_property
    def ssm(self) -> SSMClient:
        """The parameter store."""
        client: SSMClient = self.client("ssm")
        return client

    @cached_property
    def kms(self) -> KMSClient:
        """Keys."""
        client: KMSClient = self.client("kms")
        return client

    @cached_property
    def s3(self) -> S3Client:
        """Buckets."""
        client: S3Client = self.client("s3")
        return client

    @cached_property
    def sts(self) -> STSClient:
        """Who we are."""
        client: STSClient = self.client("sts")
        return client

    def _assume(self, source: BotoSession, role: AssumedRole) -> BotoSession:
        arguments: dict[str, Any] = {"RoleSessionName": role.session_name}
        if role.external_id:
            arguments["ExternalId"] = role.external_id
        if role.duration:
            arguments["DurationSeconds"] = int(role.duration[:-1]) * _SECONDS[role.duration[-1]]
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._sts_creator(source),
            source_credentials=source.get_credentials(),
            role_arn=role.role_arn,
            extra_args=arguments,
        )
        session: Any = BotoSession()
        session.set_config_variable("region", self.settings.region)
        session._credentials = DeferredRefreshableCredentials(  # botocore has no other way to set them
            method="assume-role", refresh_using=fetcher.fetch_credentials
        )
        assumed: BotoSession = session
        return assumed

    def _sts_creator(self, source: BotoSession) -> Callable[..., Any]:
        endpoint = self.settings.endpoints.get("sts")

        def create(service: str, **arguments: Any) -> Any:
            return source.create_client(
                service, region_name=self.settings.region, endpoint_url=endpoint, config=self._config, **arguments
            )

        return create


@contextmanager
def in_words(settings: AwsSettings, doing: str) -> Iterator[None]:
    """Turn what botocore raises inside the block into AwsError: what was done, what is wrong, what to do."""
    try:
        yield
    except ClientError as error:
        raise AwsError(f"{doing}: {explain(error, settings)}") from error
    except BotoCoreError as error:
        raise AwsError(f"{doing}: {_explain_local(error, settings)}") from error


def code_of(error: ClientError) -> str:
    """The service's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: ClientError, settings: AwsSettings) -> str:
    """A service's refusal in words: what to do about it, and what AWS said."""
    code = code_of(error)
    detail: Mapping[str, Any] = error.response.get("Error", {})
    said = f"AWS said {code}: {str(detail.get('Message', ''))[:300]}"
    if code in _EXPIRED:
        return f"the credentials have expired; sign in again ({said})"
    if code in _UNKNOWN_KEY:
        return f"the credentials are unknown to AWS; check profile and environment ({said})"
    if code in _REGION_OFF:
        return f"region {settings.region} refuses this account: enable it there, or mend aws:region ({said})"
    if code in _QUOTA:
        return f"the quota of {_QUOTA[code]} in {settings.region} is reached: wait, or ask for more ({said})"
    if code in _DENIED:
        return f"not allowed: {error.operation_name}; docs/iam/pipeline.json lists what is needed ({said})"
    if code == "InvalidAMIName.Duplicate":
        return f"an AMI of this name is there but cannot be used: it was disabled; enable or deregister it ({said})"
    return f"{error.operation_name} failed ({said})"


def _explain_local(error: BotoCoreError, settings: AwsSettings) -> str:
    if isinstance(error, ProfileNotFound):
        return f"aws:profile: no profile {settings.profile!r} on this machine; `aws configure` makes one"
    if isinstance(error, _NO_CREDENTIALS):
        return "no credentials found; set AWS_PROFILE or aws:profile, sign in, or run on a machine with a role"
    if isinstance(error, _SSO):
        return f"the sign-in has expired: aws sso login ({error})"
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return f"region {settings.region}: no answer; is aws:region right, and the network up? ({error})"
    return str(error)
