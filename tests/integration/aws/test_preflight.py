"""The preflight: one clear error for each thing that would not do, before anything is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.stub import Stubber
from moto.ec2.models import ec2_backends

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
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import AwsError
from tests.doubles import moto_ec2
from tests.integration.aws.conftest import REGION
from tests.support.aws.stack_settings import ACCOUNT, BASE, ROLE, load
from tests.support.aws.strict import base_ami, strict_account


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
    key = _key(aws, KeyUsage="ENCRYPT_DECRYPT")
    preflight = run_preflight(aws, _asked(base=BASE.model_copy(update={"id": base_ami(aws)}), kms_key=key))
    assert (preflight.account, preflight.room) == ("123456789012", 4)
    assert preflight.zones
    assert preflight.kms_key.endswith(key)
    assert aws.ec2.describe_instances()["Reservations"] == []
