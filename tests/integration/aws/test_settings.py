"""The account's settings: what Pulumi's provider takes reaches us too, and no keys stand in a configuration."""

from __future__ import annotations

import inspect
import json

import pulumi
import pulumi_aws
import pytest

from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import SettingsError
from tests.integration.aws.conftest import REGION
from tests.support.aws.stack_settings import ACCOUNT, ROLE, WHERE, load


def refused(**values: str) -> str:
    with pytest.raises(SettingsError) as error:
        load(None, **values)
    return str(error.value)


def test_everything_that_the_provider_takes_reaches_us_too() -> None:
    settings = load(
        region=REGION,
        profile="builder",
        assumeRoles=json.dumps([{"roleArn": ROLE, "sessionName": "s1", "externalId": "x", "duration": "1h"}]),
        endpoints=json.dumps([{"ec2": "http://127.0.0.1:5000", "ebs": "http://127.0.0.1:5001", "ssm": ""}]),
        assumeRoleWithWebIdentity=json.dumps({"roleArn": ROLE, "webIdentityTokenFile": "/run/token"}),
        sharedConfigFiles='["/etc/aws/config"]',
        sharedCredentialsFiles='["/etc/aws/credentials"]',
        allowedAccountIds=f'["{ACCOUNT}"]',
        forbiddenAccountIds='["210987654321"]',
        defaultTags=json.dumps({"tags": {"cost-centre": "42"}}),
    )
    assert settings.provider_args() == {
        "region": REGION,
        "profile": "builder",
        "assume_roles": [{"roleArn": ROLE, "sessionName": "s1", "externalId": "x", "duration": "1h"}],
        "endpoints": [{"ec2": "http://127.0.0.1:5000"}],
        "assume_role_with_web_identity": {
            "roleArn": ROLE,
            "sessionName": "hallmark",
            "webIdentityTokenFile": "/run/token",
        },
        "shared_config_files": ["/etc/aws/config"],
        "shared_credentials_files": ["/etc/aws/credentials"],
        "allowed_account_ids": [ACCOUNT],
        "forbidden_account_ids": ["210987654321"],
    }
    assert settings.default_tags == {"cost-centre": "42"}  # given by us, in the call that makes a thing
    assert settings.endpoints["ebs"] == "http://127.0.0.1:5001"
    assert AwsSettings.model_validate_json(settings.model_dump_json()) == settings


def test_what_the_provider_is_given_are_words_that_it_knows() -> None:
    role = pulumi_aws.ProviderAssumeRoleArgs(role_arn=ROLE, session_name="s1", external_id="x", duration="1h")
    spelled = json.dumps([{"roleArn": ROLE, "sessionName": "s1", "externalId": "x", "duration": "1h"}])
    ours = load(region=REGION, assumeRoles=spelled).provider_args()["assume_roles"]
    assert json.loads(pulumi.runtime.to_json(ours)) == json.loads(pulumi.runtime.to_json([role]))
    identity = pulumi_aws.ProviderAssumeRoleWithWebIdentityArgs(
        role_arn=ROLE, session_name="s1", web_identity_token_file="/run/token", duration="1h"
    )
    spelled = json.dumps({"roleArn": ROLE, "sessionName": "s1", "webIdentityTokenFile": "/run/token", "duration": "1h"})
    ours = load(region=REGION, assumeRoleWithWebIdentity=spelled).provider_args()["assume_role_with_web_identity"]
    assert json.loads(pulumi.runtime.to_json(ours)) == json.loads(pulumi.runtime.to_json(identity))
    given = load(region=REGION, allowedAccountIds="[]").provider_args()
    known = inspect.signature(pulumi_aws.Provider._internal_init).parameters
    assert given.keys() <= known.keys()
    assert {"allowed_account_ids", "forbidden_account_ids", "shared_config_files"} <= known.keys()
    endpoint = pulumi_aws.ProviderEndpointArgs
    assert {"ec2", "ssm", "kms", "sts", "s3", "servicequotas"} <= set(dir(endpoint))


def test_the_region_may_come_from_the_environment() -> None:
    assert load({"AWS_REGION": REGION}).region == REGION
    assert load({"AWS_DEFAULT_REGION": REGION}, region="us-east-1").region == "us-east-1"


@pytest.mark.parametrize("key", ["accessKey", "secretKey", "token"])
def test_credentials_in_the_configuration_are_refused_and_not_repeated(key: str) -> None:
    text = refused(region=REGION, **{key: "AKIASECRET"})
    assert text.startswith(f"{WHERE}: aws:{key}: expected no credentials in the configuration; remove it ")
    assert "AKIASECRET" not in text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "aws:region: expected a region, got none"),
        ({"region": "Frankfurt"}, "aws: region: "),
        ({"region": REGION, "assumeRole": '{"roleArn": "builder"}'}, "aws: assume_roles[0].role_arn: "),
        ({"region": REGION, "assumeRole": '{"role": "x"}'}, "aws: assume_roles[0].role"),
        ({"region": REGION, "endpoints": "["}, "aws:endpoints: expected JSON"),
        ({"region": REGION, "endpoints": '["x"]'}, "aws:endpoints: expected a list of objects"),
        ({"region": REGION, "endpoints": '[{"ec2": "localhost"}]'}, "aws: endpoints.ec2: "),
        ({"region": REGION, "allowedAccountIds": '["1"]'}, "aws: allowed_accounts[0]: "),
        ({"region": REGION, "forbiddenAccountIds": f'"{ACCOUNT}"'}, "aws: forbidden_accounts: "),
        ({"region": REGION, "sharedConfigFiles": '["config"]'}, "aws: config_files[0]: "),
        ({"region": REGION, "sharedCredentialsFiles": '["/a", "/b"]'}, "aws: credentials_files: "),
        ({"region": REGION, "defaultTags": '{"cost-centre": "42"}'}, "aws:defaultTags: expected {"),
        (
            {"region": REGION, "defaultTags": '{"tags": {"hallmark:managed": "false"}}'},
            "aws:defaultTags: hallmark:managed: expected no tag of AWS's or Hallmark's own",
        ),
        ({"region": REGION, "assumeRoleWithWebIdentity": f'{{"roleArn": "{ROLE}"}}'}, "aws: web_identity.token_file: "),
        (
            {"region": REGION, "assumeRoleWithWebIdentity": f'{{"roleArn": "{ROLE}", "webIdentityToken": "s3cret"}}'},
            "aws:assumeRoleWithWebIdentity: expected no token in the configuration; name its file",
        ),
        ({"region": REGION, "useFipsEndpoint": "true"}, "aws:useFipsEndpoint: expected one of region, profile, "),
        ({"region": REGION, "skipCredentialsValidation": "true"}, "aws:skipCredentialsValidation: expected one of "),
        ({"region": REGION, "ignoreTags": "{}"}, "aws:ignoreTags: expected one of "),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, str], message: str) -> None:
    assert f"{WHERE}: {message}" in refused(**values)
