"""Which account and region: `aws:*` of the stack's configuration, validated, the same for us and Pulumi's provider.

No secret may be in it: access keys in the configuration are refused, credentials come from the ambient chain (profile,
environment, container, instance). So it may go through state files and command lines as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from hallmark.common.errors import SettingsError
from hallmark.common.validation import STRICT, describe

_REFUSED = ("accessKey", "secretKey", "token")
_READ = {"region": "region", "profile": "profile", "assumeRoles": "assume_roles", "endpoints": "endpoints"}
_STRUCTURED = ("assumeRole", "assumeRoles", "endpoints")
_ROLE_KEYS = {"roleArn": "role_arn", "sessionName": "session_name", "externalId": "external_id", "duration": "duration"}
# The provider does not use the EBS direct APIs and knows no endpoint of them; botocore does.
_NOT_THE_PROVIDERS = ("ebs",)


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


class AssumedRole(BaseModel):
    """A role to assume, as the provider takes it: `duration` like `1h`, between 15 minutes and 12 hours."""

    model_config = STRICT
    role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
    session_name: Annotated[str, Field(pattern=r"^[\w+=,.@-]{2,64}$")] = "hallmark"
    external_id: str | None = None
    duration: Annotated[str | None, Field(pattern=r"^[0-9]+(s|m|h)$")] = None


class AwsSettings(BaseModel):
    """Region, profile, roles to assume one after the other, and endpoints (service → URL) that are not AWS's own."""

    model_config = STRICT
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    profile: Annotated[str | None, BeforeValidator(_blank_is_none)] = None
    assume_roles: tuple[AssumedRole, ...] = ()
    endpoints: dict[str, Annotated[str, Field(pattern=r"^https?://\S+$")]] = {}

    def provider_args(self) -> dict[str, Any]:
        """The same as arguments of `pulumi_aws.Provider`."""
        args: dict[str, Any] = {"region": self.region}
        if self.profile:
            args["profile"] = self.profile
        if self.assume_roles:
            # As the plugin spells them: the SDK turns this list into JSON as it is, and what is unknown has no effect.
            given = [role.model_dump(exclude_none=True) for role in self.assume_roles]
            args["assume_roles"] = [
                {ours: role[key] for ours, key in _ROLE_KEYS.items() if key in role} for role in given
            ]
        endpoints = {name: url for name, url in self.endpoints.items() if name not in _NOT_THE_PROVIDERS}
        if endpoints:
            args["endpoints"] = [endpoints]
        return args


def load_aws_settings(config: Mapping[str, str], *, where: str, environment: Mapping[str, str]) -> AwsSettings:
    """Validate a stack's `aws:*` configuration; SettingsError naming `where` and the key.

    Without `aws:region`, AWS_REGION or AWS_DEFAULT_REGION of the environment count, as they do for the provider.
    Keys that concern the provider alone (`aws:defaultTags`, `aws:skip…`) pass.
    """
    values = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    for key in _REFUSED:
        if key in values:
            raise SettingsError(
                f"{where}: aws:{key}: expected no credentials in the configuration; remove it "
                f"(pulumi config rm aws:{key}) and use a profile, a role or the environment"
            )
    parsed = {key: _parse(where, key, value) for key, value in values.items() if key in (*_READ, "assumeRole")}
    document = {_READ[key]: value for key, value in parsed.items() if key in _READ}
    if "assumeRole" in parsed:
        document["assume_roles"] = [parsed["assumeRole"]]
    document["assume_roles"] = [_role(role) for role in document.get("assume_roles", [])]
    document["endpoints"] = _endpoints(where, document.get("endpoints", []))
    region = document.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError(
            f"{where}: aws:region: expected a region, got none; pulumi config set aws:region eu-central-1"
        )
    try:
        return AwsSettings(**{**document, "region": region})
    except ValidationError as error:
        raise SettingsError(describe(f"{where}: aws", error)) from error


def _parse(where: str, key: str, value: str) -> Any:
    if key not in _STRUCTURED:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SettingsError(f"{where}: aws:{key}: expected JSON, got {value[:60]!r}") from None


def _role(role: Any) -> Any:
    """The provider's spelling of a role's keys into ours; what is unknown stays, to be named by the validation."""
    return {_ROLE_KEYS.get(key, key): value for key, value in role.items()} if isinstance(role, dict) else role


def _endpoints(where: str, value: Any) -> dict[str, str]:
    """The provider takes a list of maps, service → URL; we want one map."""
    maps = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, dict) for entry in maps):
        raise SettingsError(f"{where}: aws:endpoints: expected a list of objects, SERVICE: URL")
    merged = {service: url for entry in maps for service, url in entry.items() if url}
    return {service: str(url) for service, url in merged.items()}
