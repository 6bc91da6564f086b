"""The AWS double's configuration.

Region, profile, assumed roles, endpoints, default and ignored tags, and botocore's clients made from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import botocore.config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from tests.doubles.plugin import RefusedError
from tests.doubles.wire import Values

POLL = 0.1  # seconds between two looks; the real provider waits 3 to 10
PATIENCE = 60.0


class AwsContext:
    """What the resource types get: clients, tags, the account."""

    def __init__(self, settings: Values) -> None:
        self._settings = settings
        self._session = _session(settings)
        self.region: str = settings.get("region") or self._session.get_config_variable("region") or ""
        if not self.region:
            raise RefusedError("invalid AWS Region: (none); set aws:region or AWS_REGION")
        if not settings.get("skipCredentialsValidation") or not settings.get("skipRequestingAccountId"):
            self._check_account()

    def _check_account(self) -> None:
        allowed, forbidden = self._settings.get("allowedAccountIds"), self._settings.get("forbiddenAccountIds") or []
        if (allowed and self.account not in allowed) or self.account in forbidden:
            raise RefusedError(f"AWS account ID not allowed: {self.account}")

    def client(self, service: str, inputs: Values | None = None) -> Any:
        """A client of a service, in the resource's own region if it names one."""
        endpoints = [block[service] for block in self._settings.get("endpoints") or [] if block.get(service)]
        return self._session.create_client(
            service,
            region_name=(inputs or {}).get("region") or self.region,
            endpoint_url=endpoints[0] if endpoints else None,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1 + int(self._settings.get("maxRetries", 4)), "mode": "standard"}
            ),
        )

    def ec2(self, inputs: Values | None = None) -> Any:
        """EC2's client."""
        return self.client("ec2", inputs)

    @cached_property
    def account(self) -> str:
        """The account's number, as STS says."""
        try:
            return str(self.client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise RefusedError(f"Retrieving AWS account details: validating provider credentials: {error}") from error

    def arn(self, resource: str, inputs: Values | None = None, service: str = "ec2") -> str:
        """The ARN of something in this account."""
        return f"arn:aws:{service}:{(inputs or {}).get('region') or self.region}:{self.account}:{resource}"

    # Tags

    def all_tags(self, inputs: Values) -> dict[str, str]:
        """The resource's tags on top of the provider's default ones."""
        return {**((self._settings.get("defaultTags") or {}).get("tags") or {}), **(inputs.get("tags") or {})}

    def specification(self, kind: str, inputs: Values) -> list[Values]:
        """TagSpecifications for the creating call."""
        tags = self.all_tags(inputs)
        return [{"ResourceType": kind, "Tags": as_list(tags)}] if tags else []

    def seen_tags(self, found: Iterable[Values] | None) -> Values:
        """`tags` and `tagsAll` as the service has them, without AWS's own and the ignored ones."""
        ignored = self._settings.get("ignoreTags") or {}
        keys, prefixes = set(ignored.get("keys") or []), tuple(ignored.get("keyPrefixes") or [])
        tags = {tag["Key"]: tag["Value"] for tag in found or []}
        kept = {
            key: value for key, value in tags.items() if key not in keys and not key.startswith(("aws:", *prefixes))
        }
        default = (self._settings.get("defaultTags") or {}).get("tags") or {}
        return {"tags": {key: value for key, value in kept.items() if default.get(key) != value}, "tagsAll": kept}

    def update_tags(self, resource_id: str, old: Values, new: Values) -> None:
        """Take away and put what differs between two states of an EC2 resource."""
        before, after = old.get("tagsAll") or old.get("tags") or {}, self.all_tags(new)
        ec2 = self.ec2(new)
        if gone := [{"Key": key} for key in before if key not in after]:
            ec2.delete_tags(Resources=[resource_id], Tags=gone)
        if put := {key: value for key, value in after.items() if before.get(key) != value}:
            ec2.create_tags(Resources=[resource_id], Tags=as_list(put))


def _session(settings: Values) -> Session:
    try:
        session = Session(profile=settings.get("profile"))
        if settings.get("region"):
            session.set_config_variable("region", settings["region"])
        if settings.get("accessKey"):
            session.set_credentials(settings["accessKey"], settings["secretKey"], settings.get("token"))
        if session.get_credentials() is None:
            raise RefusedError(
                "No valid credential sources found. Please see https://www.pulumi.com/registry/packages/aws/installation-configuration/"
            )
        for role in settings.get("assumeRoles") or []:
            session = _assumed(session, settings, role)
    except BotoCoreError as error:
        raise RefusedError(f"configuring AWS provider: {error}") from error
    return session


def _assumed(session: Session, settings: Values, role: Values) -> Session:
    endpoints = [block["sts"] for block in settings.get("endpoints") or [] if block.get("sts")]
    sts: Any = session.create_client(
        "sts", region_name=settings.get("region"), endpoint_url=endpoints[0] if endpoints else None
    )
    names = {"roleArn": "RoleArn", "externalId": "ExternalId"}
    asked = {there: role[here] for here, there in names.items() if role.get(here)}
    try:
        got = sts.assume_role(RoleSessionName=role.get("sessionName") or "pulumi", **asked)["Credentials"]
    except ClientError as error:
        raise RefusedError(f"Cannot assume IAM Role ({role.get('roleArn')}): {error}") from error
    assumed = Session()
    assumed.set_config_variable("region", session.get_config_variable("region"))
    assumed.set_credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    return assumed


def as_list(tags: dict[str, str]) -> list[Values]:
    """Tags as the service takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def found(call: Callable[[], list[Any]], *missing: str) -> Any | None:
    """The one thing that a Describe call finds, or None (also where the service answers a code of `missing`)."""
    try:
        got = call()
    except ClientError as error:
        if error.response["Error"]["Code"] in missing:
            return None
        raise
    return got[0] if got else None


def ignoring(call: Callable[[], Any], *codes: str) -> None:
    """Make a call; these answers count as done."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def retrying(call: Callable[[], Any], *codes: str, patience: float = PATIENCE) -> Any:
    """Make a call again while the service answers one of these codes."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in codes or time.monotonic() > deadline:
                raise
        time.sleep(POLL)


def wait_for(look: Callable[[], str | None], what: str, target: set[str | None], pending: set[str | None]) -> None:
    """Look until the state is one of `target`; any state that is not `pending` is an error, as in the real provider."""
    deadline = time.monotonic() + PATIENCE
    while (state := look()) not in target:
        if state not in pending:
            wanted = ", ".join(str(one) for one in target)
            raise RefusedError(f"waiting for {what}: unexpected state '{state}', wanted target '{wanted}'")
        if time.monotonic() > deadline:
            raise RefusedError(
                f"waiting for {what}: timeout while waiting for state to become '{target}' (last state: '{state}')"
            )
        time.sleep(POLL)
