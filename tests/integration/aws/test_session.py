"""Clients: region, endpoints and roles are those of the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.aws.preflight import check_credentials
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import AwsError
from tests.integration.aws.conftest import REGION
from tests.support.aws.stack_settings import ACCOUNT, ROLE, load


def test_clients_go_to_region_and_endpoint_of_the_settings(aws: Aws) -> None:
    elsewhere = Aws(AwsSettings(region="us-east-2", endpoints={"ec2": "http://127.0.0.1:5000"}))
    assert elsewhere.ec2.meta.endpoint_url == "http://127.0.0.1:5000"
    assert elsewhere.ssm.meta.region_name == "us-east-2"
    assert aws.ec2.meta.endpoint_url == f"https://ec2.{REGION}.amazonaws.com"


def test_a_role_is_assumed_when_a_client_is_used(aws: Aws) -> None:
    settings = load(region=REGION, assumeRole=json.dumps({"roleArn": ROLE, "sessionName": "s1", "duration": "15m"}))
    assumed = Aws(settings)
    arn = assumed.sts.get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::123456789012:assumed-role/builder/s1"


def test_a_chain_of_roles_ends_in_the_last(aws: Aws) -> None:
    roles = [{"roleArn": ROLE}, {"roleArn": "arn:aws:iam::210987654321:role/other", "sessionName": "s2"}]
    settings = load(region=REGION, assumeRoles=json.dumps(roles))
    assert Aws(settings).sts.get_caller_identity()["Arn"].endswith(":assumed-role/other/s2")


def test_a_web_identity_is_assumed_by_the_token_in_its_file(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the token of a runner")
    given = json.dumps({"roleArn": ROLE, "sessionName": "ci", "webIdentityTokenFile": str(tmp_path / "token")})
    assert (
        Aws(load(region=REGION, assumeRoleWithWebIdentity=given))
        .sts.get_caller_identity()["Arn"]
        .endswith(":assumed-role/builder/ci")
    )
    roles = json.dumps([{"roleArn": "arn:aws:iam::210987654321:role/other", "sessionName": "s2"}])
    further = Aws(load(region=REGION, assumeRoleWithWebIdentity=given, assumeRoles=roles))
    assert further.sts.get_caller_identity()["Arn"].endswith(":assumed-role/other/s2")


def test_profiles_come_from_the_files_that_the_settings_name(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile builder]\nregion = us-east-2\n")
    (tmp_path / "credentials").write_text("[builder]\naws_access_key_id = AKIAHERE\naws_secret_access_key = x\n")
    settings = load(
        region=REGION,
        profile="builder",
        sharedConfigFiles=json.dumps([str(tmp_path / "config")]),
        sharedCredentialsFiles=json.dumps([str(tmp_path / "credentials")]),
    )
    credentials = Aws(settings).session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "AKIAHERE"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"allowedAccountIds": '["210987654321"]'},
            f"credentials: they are of account {ACCOUNT}, but aws:allowedAccountIds names 210987654321; use others",
        ),
        (
            {"forbiddenAccountIds": f'["{ACCOUNT}"]'},
            f"credentials: they are of account {ACCOUNT}, which aws:forbiddenAccountIds names; use others",
        ),
    ],
)
def test_in_another_account_than_the_settings_allow_no_call_is_made(
    aws: Aws, setting: dict[str, str], message: str
) -> None:
    elsewhere = Aws(load(None, region=REGION, **setting))
    for call in (lambda: elsewhere.ec2.create_vpc(CidrBlock="10.0.0.0/28"), lambda: check_credentials(elsewhere)):
        with pytest.raises(AwsError) as error:
            call()
        assert str(error.value).startswith(message)
    assert len(aws.ec2.describe_vpcs()["Vpcs"]) == 1


def test_in_the_account_that_they_allow_all_goes_on(aws: Aws) -> None:
    settings = load(region=REGION, allowedAccountIds=f'["{ACCOUNT}"]', forbiddenAccountIds='["210987654321"]')
    assert check_credentials(Aws(settings)) == ACCOUNT
