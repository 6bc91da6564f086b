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
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleWithWebIdentityCredentialFetcher,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.session import Session as BotocoreSession
from botocore.utils import FileWebIdentityTokenLoader

from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.settings import AssumedRole, AwsSettings, WebIdentity
from hallmark.common.errors import AwsError

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
    """The one session of these settings in this process.

    AwsError when there are no credentials, no such profile, or when they are of an account that is not allowed.
    """
    with _lock:
        key = settings.model_dump_json()
        if key not in _sessions:
            with translate_aws_errors(settings, "credentials"):
                session = _new_session(settings)
                _check_account(session, settings)
            _sessions[key] = session
        return _sessions[key]


def forget_sessions() -> None:
    """Look for credentials anew from now on."""
    with _lock:
        _sessions.clear()


def _new_session(settings: AwsSettings) -> boto3.Session:
    source: Any = BotocoreSession()
    for variable, files in (("config_file", settings.config_files), ("credentials_file", settings.credentials_files)):
        for path in files:
            source.set_config_variable(variable, path)
    session = boto3.Session(botocore_session=source, profile_name=settings.profile, region_name=settings.region)
    if settings.web_identity:
        session = _assume_by_web_identity(session, settings.web_identity, settings)
    for role in settings.assume_roles:
        session = _assume(session, role, settings)
    return session


def _check_account(session: boto3.Session, settings: AwsSettings) -> None:
    """Before any other call: AwsError when the credentials are of an account that the settings keep us from."""
    allowed, forbidden = settings.allowed_accounts, settings.forbidden_accounts
    if not allowed and not forbidden:
        return
    sts: STSClient = _sts_creator(session, settings)("sts")
    account = sts.get_caller_identity()["Account"]
    if account in forbidden:
        raise AwsError(f"credentials: they are of account {account}, which aws:forbiddenAccountIds names; use others")
    if allowed and account not in allowed:
        raise AwsError(
            f"credentials: they are of account {account}, but aws:allowedAccountIds names {', '.join(allowed)}; "
            "use others, or mend that setting"
        )


def _assume(source: boto3.Session, role: AssumedRole, settings: AwsSettings) -> boto3.Session:
    """A session with the credentials of `role`, which those of `source` may assume."""
    credentials = source.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    more = {"ExternalId": role.external_id} if role.external_id else {}
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=_sts_creator(source, settings),
        source_credentials=credentials,
        role_arn=role.role_arn,
        extra_args={**_session_of(role), **more},
    )
    return _session_with(fetcher.fetch_credentials, "assume-role", settings)


def _assume_by_web_identity(source: boto3.Session, role: WebIdentity, settings: AwsSettings) -> boto3.Session:
    """A session with the credentials of `role`, for which the token in its file stands."""
    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=_sts_creator(source, settings),
        web_identity_token_loader=FileWebIdentityTokenLoader(role.token_file),
        role_arn=role.role_arn,
        extra_args=_session_of(role),
    )
    return _session_with(fetcher.fetch_credentials, "assume-role-with-web-identity", settings)


def _session_of(role: AssumedRole | WebIdentity) -> dict[str, Any]:
    """Name and duration of a role's session, as STS takes them."""
    arguments: dict[str, Any] = {"RoleSessionName": role.session_name}
    if role.duration:
        arguments["DurationSeconds"] = int(role.duration[:-1]) * _SECONDS[role.duration[-1]]
    return arguments


def _session_with(fetch: Callable[[], Any], method: str, settings: AwsSettings) -> boto3.Session:
    assumed: Any = BotocoreSession()
    assumed._credentials = DeferredRefreshableCredentials(  # botocore has no other way to set them
        method=method, refresh_using=fetch
    )
    return boto3.Session(botocore_session=assumed, region_name=settings.region)


def _sts_creator(source: boto3.Session, settings: AwsSettings) -> Callable[..., Any]:
    def create(service: Any, config: Config | None = None, **arguments: Any) -> Any:
        merged = CONFIG.merge(config) if config else CONFIG
        with _lock:
            return source.client(service, endpoint_url=settings.endpoints.get("sts"), config=merged, **arguments)

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
