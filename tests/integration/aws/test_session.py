"""Settings, clients, preflight: the same account for everyone, no keys in a configuration, one clear error each."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pulumi
import pulumi_aws
import pytest
from botocore.stub import Stubber
from moto.ec2.models import ec2_backends

from hallmark.aws.base import BaseAmi, check_base, find_base, get_base
from hallmark.aws.preflight import (
    PreflightRequest,
    check_credentials,
    check_key,
    check_run,
    check_type,
    check_vcpus,
    find_room,
    find_zones,
    run_preflight,
)
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings, load_aws_settings
from hallmark.aws.tags import Labels
from hallmark.common.errors import AwsError, SettingsError
from tests.doubles import moto_ec2
from tests.integration.aws.conftest import REGION
from tests.support.aws.strict import base_ami, strict_account

WHERE = "stack aws"
ACCOUNT = "123456789012"
ROLE = "arn:aws:iam::123456789012:role/builder"
BASE = BaseAmi(
    id="ami-0base",
    name="debian-13",
    architecture="x86_64",
    boot_mode="uefi",
    root_device="/dev/xvda",
    root_gib=8,
    tpm=True,
)


def load(environment: dict[str, str] | None = None, **values: str) -> AwsSettings:
    config = {f"aws:{key}": value for key, value in values.items()}
    return load_aws_settings(config, where=WHERE, environment=environment or {})


def refused(**values: str) -> str:
    with pytest.raises(SettingsError) as error:
        load(None, **values)
    return str(error.value)


# Settings


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


# Clients


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


def test_default_tags_are_on_what_we_make_and_ours_win() -> None:
    given = {"cost-centre": "42", "Name": "theirs"}
    labels = Labels(
        project="p", stack="s", recipe="web", use="build", build="b", fingerprint="f", defaults=given
    ).lasting()
    assert (labels["cost-centre"], labels["Name"]) == ("42", "hallmark-web-build")


# One clear error each


def test_no_credentials() -> None:
    with pytest.raises(AwsError, match=r"^credentials: no credentials found; set AWS_PROFILE or aws:profile"):
        check_credentials(Aws(AwsSettings(region=REGION)))


def test_no_credentials_for_a_role_either() -> None:
    with pytest.raises(AwsError, match=r"^credentials: no credentials found"):
        check_credentials(Aws(load(region=REGION, assumeRole=json.dumps({"roleArn": ROLE}))))


def test_an_unknown_profile() -> None:
    with pytest.raises(AwsError, match=r"^credentials: aws:profile: no profile 'nobody' on this machine"):
        check_credentials(Aws(AwsSettings(region=REGION, profile="nobody")))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredToken", "credentials: the credentials have expired; sign in again"),
        (
            "InvalidClientTokenId",
            "credentials: the credentials are unknown to AWS; check profile and environment, and this machine's clock",
        ),
        ("AccessDenied", "credentials: not allowed: GetCallerIdentity; docs/iam/pipeline.json lists what is needed"),
    ],
)
def test_credentials_that_sts_refuses(aws: Aws, code: str, message: str) -> None:
    with Stubber(aws.sts) as stub:
        stub.add_client_error("get_caller_identity", code, "no")
        with pytest.raises(AwsError) as error:
            check_credentials(aws)
    assert str(error.value) == f"{message} (AWS said {code}: no)"


def test_a_region_that_is_not_enabled(aws: Aws) -> None:
    with Stubber(aws.ec2) as stub:
        stub.add_client_error("describe_availability_zones", "AuthFailure")
        with pytest.raises(AwsError, match=f"or region {REGION} is not enabled for this account"):
            check_credentials(aws)


def test_no_base_matches(aws: Aws) -> None:
    with pytest.raises(AwsError, match=r"^base: no arm64 AMI of owner 136693071363 matches 'debian-99-\*' in eu-"):
        find_base(aws.ec2, owners=["136693071363"], pattern="debian-99-*", architecture="arm64")
    with pytest.raises(AwsError, match=r"^base: ami-00000000000000000: no such AMI in eu-central-1"):
        get_base(aws.ec2, "ami-00000000000000000")


def test_the_newest_base_that_matches_is_taken(aws: Aws) -> None:
    there = aws.ec2.describe_images()["Images"]
    name, owner, architecture = there[0]["Name"], there[0]["OwnerId"], there[0]["Architecture"]
    found = find_base(aws.ec2, owners=[owner], pattern=name, architecture=architecture)
    assert (found.name, found.architecture) == (name, architecture)
    newest = find_base(aws.ec2, owners=[owner], pattern="*", architecture=architecture)
    dates = {row["ImageId"]: row["CreationDate"] for row in there}
    assert dates[newest.id] == max(row["CreationDate"] for row in there if row["OwnerId"] == owner)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"product_codes": ("abc",)}, "has product codes (abc), which its copies must keep"),
        ({"state": "pending"}, "expected state available, got pending"),
        ({"architecture": "i386"}, "expected x86_64 or arm64, got i386"),
        ({"virtualization": "paravirtual"}, "expected virtualization hvm, got paravirtual"),
        ({"root_type": "instance-store"}, "expected its root device on EBS"),
        ({"boot_mode": "floppy"}, "expected a known boot mode, got floppy"),
        ({"ena": False}, "expected ENA support"),
        ({"root_gib": 0}, "expected its root device to have a size"),
        ({"other_devices": ("/dev/sdb",)}, "expected one disk, got more: /dev/sdb"),
    ],
)
def test_a_base_that_no_image_can_be_made_of(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(AwsError) as error:
        check_base(BASE.model_copy(update=change))
    assert str(error.value) == f"base: ami-0base (debian-13): {reason}; choose another AMI"


def test_architecture_and_type_at_odds(aws: Aws) -> None:
    with pytest.raises(AwsError, match=r"^instance type t4g.medium runs arm64, but ami-0base is x86_64; choose"):
        check_type(aws, "t4g.medium", BASE)
    check_type(aws, "t3.medium", BASE)


def test_boot_mode_and_type_at_odds(aws: Aws) -> None:
    with pytest.raises(AwsError, match=r"^instance type t2.medium boots by legacy-bios, but ami-0base needs uefi"):
        check_type(aws, "t2.medium", BASE)


def test_a_type_that_is_not_offered(aws: Aws) -> None:
    with pytest.raises(AwsError, match=rf"^instance type z9.huge: not offered in {REGION}; choose another type"):
        check_type(aws, "z9.huge", BASE)
    with pytest.raises(AwsError, match=rf"^instance type z9.huge: no zone of {REGION} offers it"):
        find_zones(aws, "z9.huge")
    assert set(find_zones(aws, "t3.medium")) <= {f"{REGION}a", f"{REGION}b", f"{REGION}c"}


def _zone(name: str, kind: str = "availability-zone", state: str = "available") -> dict[str, Any]:
    return {"ZoneName": name, "ZoneType": kind, "State": state, "OptInStatus": "opted-in"}


def test_a_zone_is_one_of_the_regions_own(aws: Aws) -> None:
    """An account that has opted into a Local or a Wavelength Zone is offered types there too, and they sort first."""
    names = ["us-east-1-atl-1a", "us-east-1-wl1-bos-wlz-1", "us-east-1b", "us-east-1c"]
    zones = [
        _zone("us-east-1-atl-1a", "local-zone"),
        _zone("us-east-1-wl1-bos-wlz-1", "wavelength-zone"),
        _zone("us-east-1b"),
        _zone("us-east-1c", state="impaired"),
        _zone("us-east-1d"),
    ]
    with Stubber(aws.ec2) as stub:
        offerings: Any = [{"InstanceType": "t3.medium", "Location": name} for name in names]
        stub.add_response("describe_instance_type_offerings", {"InstanceTypeOfferings": offerings})
        stub.add_response("describe_availability_zones", {"AvailabilityZones": zones})
        assert find_zones(aws, "t3.medium") == ("us-east-1b",)


def _key(aws: Aws, **more: Any) -> str:
    return aws.kms.create_key(**more)["KeyMetadata"]["KeyId"]


def _disabled(aws: Aws) -> str:
    key = _key(aws)
    aws.kms.disable_key(KeyId=key)
    return key


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: "alias/nobody", "no such key in eu-central-1; mend its id, or the region"),
        (_disabled, "expected it enabled, it is Disabled"),
        (
            lambda aws: _key(aws, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT"),
            "expected a symmetric key, got RSA_2048",
        ),
        (
            lambda aws: _key(aws, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"),
            "expected a symmetric key, got HMAC",
        ),
    ],
)
def test_a_key_that_cannot_be_used(aws: Aws, make: Callable[[Aws], str], message: str) -> None:
    key = make(aws)
    with pytest.raises(AwsError) as error:
        check_key(aws, key)
    assert str(error.value).startswith(f"key {key}: {message}")


def test_a_key_that_aws_manages_cannot_be_shared(aws: Aws) -> None:
    with Stubber(aws.kms) as stub:
        about = {
            "KeyId": "k",
            "Arn": "arn:aws:kms:eu-central-1:123456789012:key/k",
            "KeyState": "Enabled",
            "KeyManager": "AWS",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
        }
        stub.add_response("describe_key", {"KeyMetadata": about})
        with pytest.raises(AwsError, match=r"^key alias/aws/ebs: expected a customer-managed key: AWS's own cannot be"):
            check_key(aws, "alias/aws/ebs")


def test_the_quota_of_vpcs(aws: Aws) -> None:
    room = find_room(aws, ACCOUNT)
    assert room == 4  # five, and the default one is there
    for number in range(room):
        aws.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/28")
    with pytest.raises(AwsError, match=rf"^quota of VPCs: {REGION} allows 5 and has 5, a build needs one of its own"):
        find_room(aws, ACCOUNT)


def test_a_vpc_that_another_account_shares_counts_against_that_account(aws: Aws) -> None:
    aws.ec2.create_vpc(CidrBlock="10.0.0.0/28")
    vpcs: Any = ec2_backends[ACCOUNT][REGION].vpcs
    made = next(one for one in vpcs.values() if not one.is_default)
    with patch.object(type(made), "owner_id", "210987654321"):
        assert len(aws.ec2.describe_vpcs()["Vpcs"]) == 2
        assert find_room(aws, ACCOUNT) == 5  # nor the default one, which has the same owner here
    assert find_room(aws, ACCOUNT) == 3


@pytest.fixture
def strict() -> Iterator[Aws]:
    with strict_account() as aws:
        yield aws


def _run(aws: Aws, kind: Any, **more: Any) -> None:
    aws.ec2.run_instances(ImageId=base_ami(aws, f"base of {kind}"), InstanceType=kind, MinCount=1, MaxCount=1, **more)


def test_the_quota_of_vcpus_which_a_dry_run_does_not_ask(strict: Aws) -> None:
    moto_ec2.rules().vcpu_quota = 6
    check_vcpus(strict, "m5.large", 2)
    _run(strict, "m5.xlarge")
    check_vcpus(strict, "m5.large", 2)  # six of six
    check_vcpus(strict, "g4dn.xlarge", 4)  # another quota's affair
    with pytest.raises(AwsError) as error:
        check_vcpus(strict, "m5.xlarge", 4)
    assert str(error.value) == (
        f"quota of vCPUs: {REGION} allows 6 of on-demand standard machines and runs 4, m5.xlarge needs 4; "
        "stop a machine, choose a smaller type, or ask AWS for more (L-1216C47A)"
    )


def test_what_has_ended_or_is_of_another_family_does_not_count_against_it(strict: Aws) -> None:
    moto_ec2.rules().vcpu_quota = 8
    _run(strict, "g4dn.xlarge")
    _run(strict, "m5.xlarge")
    rows = strict.ec2.describe_instances()["Reservations"]
    moto_ec2.rules().vcpu_quota = 4
    with pytest.raises(AwsError, match="runs 4"):
        check_vcpus(strict, "t3.medium", 2)
    strict.ec2.terminate_instances(InstanceIds=[row["Instances"][0]["InstanceId"] for row in rows])
    check_vcpus(strict, "t3.medium", 2)


def test_a_region_without_that_quota_leaves_it_to_ec2(aws: Aws) -> None:
    check_vcpus(aws, "m5.large", 2)


def _asked(**changes: Any) -> PreflightRequest:
    asked = PreflightRequest(base=BASE, instance_type="t3.medium", kms_key="k", tags={"hallmark:managed": "true"})
    return replace(asked, **changes)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("UnauthorizedOperation", "not allowed: RunInstances; docs/iam/pipeline.json lists what is needed"),
        ("VcpuLimitExceeded", "the quota of vCPUs of running instances in eu-central-1 is reached"),
        ("InvalidAMIID.NotFound", "RunInstances failed (AWS said InvalidAMIID.NotFound"),
    ],
)
def test_a_dry_run_that_is_refused(aws: Aws, code: str, message: str) -> None:
    with Stubber(aws.ec2) as stub:
        stub.add_client_error("run_instances", code, "no")
        with pytest.raises(AwsError) as error:
            check_run(aws, _asked(), "k")
    assert str(error.value).startswith(f"dry run of t3.medium: {message}")


@pytest.mark.parametrize("code", ["DryRunOperation", "VPCIdNotSpecified"])
def test_a_dry_run_that_would_have_worked(aws: Aws, code: str) -> None:
    with Stubber(aws.ec2) as stub:
        stub.add_client_error("run_instances", code)
        check_run(aws, _asked(), "k")


def test_on_good_ground_it_tells_account_zones_key_and_room_and_creates_nothing(aws: Aws) -> None:
    image = next(row for row in aws.ec2.describe_images()["Images"] if row["Architecture"] == "x86_64")
    key = _key(aws, KeyUsage="ENCRYPT_DECRYPT")
    preflight = run_preflight(aws, _asked(base=BASE.model_copy(update={"id": image["ImageId"]}), kms_key=key))
    assert (preflight.account, preflight.room) == ("123456789012", 4)
    assert preflight.zones
    assert preflight.kms_key.endswith(key)
    assert aws.ec2.describe_instances()["Reservations"] == []
