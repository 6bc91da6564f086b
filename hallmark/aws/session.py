"""Clients from the stack's settings: the same account and region as Pulumi's provider.

Credentials come from the ambient chain, then through the roles to assume, refreshed as they expire.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.session import Session as BotocoreSession

from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.settings import AssumedRole, AwsSettings

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_SECONDS = {"s": 1, "m": 60, "h": 3600}
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="hallmark",
)
"""What all clients have: botocore's standard retries, and time-outs."""

_lock = threading.RLock()  # threads may share boto3's clients, but not the sessions that make them
_sessions: dict[str, boto3.Session] = {}


def open_session(settings: AwsSettings) -> boto3.Session:
    """The one session of these settings in this process. AwsError when there are no credentials, or no such profile."""
    with _lock:
        key = settings.model_dump_json()
        if key not in _sessions:
            with translate_aws_errors(settings, "credentials"):
                _sessions[key] = _new_session(settings)
        return _sessions[key]


def forget_sessions() -> None:
    """Look for credentials anew from now on."""
    with _lock:
        _sessions.clear()


def _new_session(settings: AwsSettings) -> boto3.Session:
    session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
    for role in settings.assume_roles:
        session = _assume(session, role, settings)
    return session


def _assume(source: boto3.Session, role: AssumedRole, settings: AwsSettings) -> boto3.Session:
    """A session with the credentials of `role`, which those of `source` may assume."""
    credentials = source.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    arguments: dict[str, Any] = {"RoleSessionName": role.session_name}
    if role.external_id:
        arguments["ExternalId"] = role.external_id
    if role.duration:
        arguments["DurationSeconds"] = int(role.duration[:-1]) * _SECONDS[role.duration[-1]]
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=_sts_creator(source, settings),
        source_credentials=credentials,
        role_arn=role.role_arn,
        extra_args=arguments,
    )
    assumed: Any = BotocoreSession()
    assumed._credentials = DeferredRefreshableCredentials(  # botocore has no other way to set them
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=assumed, region_name=settings.region)


def _sts_creator(source: boto3.Session, settings: AwsSettings) -> Callable[..., Any]:
    def create(service: Any, **arguments: Any) -> Any:
        with _lock:
            return source.client(service, endpoint_url=settings.endpoints.get("sts"), config=CONFIG, **arguments)

    return create


class Aws:
    """The account and region of a stack, and its clients, each made when first used; threads may share it."""

    def __init__(self, settings: AwsSettings) -> None:
        self.settings = settings

    @cached_property
    def session(self) -> boto3.Session:
        """The session behind the clients; AwsError when the profile is unknown."""
        return open_session(self.settings)

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of any service, at the endpoint that the settings name; `config` is merged over ours."""
        merged = CONFIG.merge(config) if config else CONFIG
        name = {"service-quotas": "servicequotas"}.get(service, service)
        maker: Any = self.session.client
        with _lock:
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
