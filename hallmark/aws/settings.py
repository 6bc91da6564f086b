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
_READ = {
    "region": "region",
    "profile": "profile",
    "assumeRoles": "assume_roles",
    "assumeRoleWithWebIdentity": "web_identity",
    "endpoints": "endpoints",
    "allowedAccountIds": "allowed_accounts",
    "forbiddenAccountIds": "forbidden_accounts",
    "defaultTags": "default_tags",
    "sharedConfigFiles": "config_files",
    "sharedCredentialsFiles": "credentials_files",
}
_PLAIN = ("region", "profile")  # all others are JSON
_ROLE_KEYS = {"roleArn": "role_arn", "sessionName": "session_name", "externalId": "external_id", "duration": "duration"}
_IDENTITY_KEYS = {
    "roleArn": "role_arn",
    "sessionName": "session_name",
    "webIdentityTokenFile": "token_file",
    "duration": "duration",
}
# The provider does not use the EBS direct APIs and knows no endpoint of them; botocore does.
_NOT_THE_PROVIDERS = ("ebs",)
_RESERVED_TAGS = ("aws:", "hallmark:")

RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
SessionName = Annotated[str, Field(pattern=r"^[\w+=,.@-]{2,64}$")]
Duration = Annotated[str | None, Field(pattern=r"^[0-9]+(s|m|h)$")]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
AbsolutePath = Annotated[str, Field(pattern=r"^/.+$")]


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


class AssumedRole(BaseModel):
    """A role to assume, as the provider takes it: `duration` like `1h`, between 15 minutes and 12 hours."""

    model_config = STRICT
    role_arn: RoleArn
    session_name: SessionName = "hallmark"
    external_id: str | None = None
    duration: Duration = None


class WebIdentity(BaseModel):
    """A role to assume by a token of an identity provider, which is in a file; the token itself is a secret."""

    model_config = STRICT
    role_arn: RoleArn
    session_name: SessionName = "hallmark"
    token_file: AbsolutePath
    duration: Duration = None


class AwsSettings(BaseModel):
    """How AWS is reached, as the provider takes it: region, profile and its files, roles to assume one after the other.

    `endpoints` (service → URL) are not AWS's own. `allowed_accounts` and `forbidden_accounts` guard against credentials
    of another account. `default_tags` are on everything that is made.
    """

    model_config = STRICT
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    profile: Annotated[str | None, BeforeValidator(_blank_is_none)] = None
    # botocore knows one file of each kind.
    config_files: Annotated[tuple[AbsolutePath, ...], Field(max_length=1)] = ()
    credentials_files: Annotated[tuple[AbsolutePath, ...], Field(max_length=1)] = ()
    web_identity: WebIdentity | None = None
    assume_roles: tuple[AssumedRole, ...] = ()
    endpoints: dict[str, Annotated[str, Field(pattern=r"^https?://\S+$")]] = {}
    allowed_accounts: tuple[AccountId, ...] = ()
    forbidden_accounts: tuple[AccountId, ...] = ()
    default_tags: dict[str, str] = {}

    def provider_args(self) -> dict[str, Any]:
        """The same as arguments of `pulumi_aws.Provider`, but for the default tags: we give those ourselves."""
        # Nested keys as the plugin spells them: the SDK turns them into JSON as they are, and what is unknown has no
        # effect.
        endpoints = {name: url for name, url in self.endpoints.items() if name not in _NOT_THE_PROVIDERS}
        args: dict[str, Any] = {
            "region": self.region,
            "profile": self.profile,
            "shared_config_files": list(self.config_files),
            "shared_credentials_files": list(self.credentials_files),
            "assume_role_with_web_identity": self.web_identity and _spelled(self.web_identity, _IDENTITY_KEYS),
            "assume_roles": [_spelled(role, _ROLE_KEYS) for role in self.assume_roles],
            "endpoints": [endpoints] if endpoints else [],
            "allowed_account_ids": list(self.allowed_accounts),
            "forbidden_account_ids": list(self.forbidden_accounts),
        }
        return {key: value for key, value in args.items() if value}


def _spelled(model: BaseModel, keys: Mapping[str, str]) -> dict[str, Any]:
    given = model.model_dump(exclude_none=True)
    return {theirs: given[ours] for theirs, ours in keys.items() if ours in given}


def load_aws_settings(config: Mapping[str, str], *, where: str, environment: Mapping[str, str]) -> AwsSettings:
    """Validate a stack's `aws:*` configuration; SettingsError naming `where` and the key.

    Without `aws:region`, AWS_REGION or AWS_DEFAULT_REGION of the environment count, as they do for the provider.
    A key that would not reach our own clients and the inner stacks is refused: it would count for half of a run.
    """
    values = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    for key in _REFUSED:
        if key in values:
            raise SettingsError(
                f"{where}: aws:{key}: expected no credentials in the configuration; remove it "
                f"(pulumi config rm aws:{key}) and use a profile, a role or the environment"
            )
    for key in sorted(values.keys() - {*_READ, "assumeRole"}):
        raise SettingsError(
            f"{where}: aws:{key}: expected one of {', '.join(_READ)}; others would reach a part of the run alone; "
            f"remove it (pulumi config rm aws:{key})"
        )
    parsed = {key: _parse(where, key, value) for key, value in values.items()}
    document = {_READ[key]: value for key, value in parsed.items() if key in _READ}
    if "assumeRole" in parsed:
        document["assume_roles"] = [parsed["assumeRole"]]
    document["assume_roles"] = [_renamed(role, _ROLE_KEYS) for role in document.get("assume_roles", [])]
    if "web_identity" in document:
        document["web_identity"] = _web_identity(where, document["web_identity"])
    document["endpoints"] = _endpoints(where, document.get("endpoints", []))
    document["default_tags"] = _default_tags(where, document.get("default_tags", {}))
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
    if key in _PLAIN:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SettingsError(f"{where}: aws:{key}: expected JSON, got {value[:60]!r}") from None


def _renamed(given: Any, keys: Mapping[str, str]) -> Any:
    """The provider's spelling of keys into ours; what is unknown stays, to be named by the validation."""
    return {keys.get(key, key): value for key, value in given.items()} if isinstance(given, dict) else given


def _web_identity(where: str, given: Any) -> Any:
    if isinstance(given, dict) and "webIdentityToken" in given:
        raise SettingsError(
            f"{where}: aws:assumeRoleWithWebIdentity: expected no token in the configuration; "
            "name its file: webIdentityTokenFile"
        )
    return _renamed(given, _IDENTITY_KEYS)


def _default_tags(where: str, given: Any) -> dict[str, Any]:
    """The provider takes `{"tags": {KEY: VALUE}}`. Our own tags say what is ours, so nobody else may give them."""
    if not isinstance(given, dict) or given.keys() - {"tags"} or not isinstance(given.get("tags", {}), dict):
        raise SettingsError(f'{where}: aws:defaultTags: expected {{"tags": {{KEY: VALUE}}}}')
    tags: dict[str, Any] = given.get("tags", {})
    for key in tags:
        if key.startswith(_RESERVED_TAGS):
            raise SettingsError(f"{where}: aws:defaultTags: {key}: expected no tag of AWS's or Hallmark's own")
    return tags


def _endpoints(where: str, value: Any) -> dict[str, str]:
    """The provider takes a list of maps, service → URL; we want one map."""
    maps = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, dict) for entry in maps):
        raise SettingsError(f"{where}: aws:endpoints: expected a list of objects, SERVICE: URL")
    merged = {service: url for entry in maps for service, url in entry.items() if url}
    return {service: str(url) for service, url in merged.items()}
