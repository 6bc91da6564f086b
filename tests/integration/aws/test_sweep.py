"""The sweep, against a strict account: what has expired goes, and everything next to it stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hallmark.aws.ebs.snapshots import CONTENT
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.sweep import find_leftovers, sweep, sweep_run
from hallmark.aws.tags import BUILD, EXPIRES, PROJECT, RECIPE, STACK, USE
from hallmark.common.errors import AwsError
from tests.doubles import moto_ec2
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import REGION, Call, Server
from tests.support.aws import account
from tests.support.aws.account import FUTURE, NOW, PAST, everything, holdings, passing
from tests.support.aws.doubled import image, server

__all__ = ["server"]

OURS = ("hallmark", "aws")


@pytest.fixture
def ec2(server: Server) -> Any:
    moto_ec2.rules().vpc_quota = 20
    moto_ec2.rules().machines = QuickMachines(after=None)
    moto_ec2.rules().transition = 0.0
    return server.client("ec2")


@pytest.fixture
def aws(server: Server, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return Aws(AwsSettings(region=REGION))


def swept(aws: Aws, *, scope: tuple[str, str] | None = OURS, say: Callable[[str], None] = lambda _: None) -> set[str]:
    """Sweep; its pauses pass for the account alone. The ids of what was removed."""
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    moto_ec2.rules().clock = lambda: time.monotonic() + passed[0]
    words = sweep(aws, scope=scope, now=NOW, say=say, sleep=sleep)
    return {text.rsplit(" ", 1)[-1] for text in words}


# What goes, and what stays


def test_one_of_each_kind_goes_and_all_that_is_not_ours_or_not_expired_stays(ec2: Any, aws: Aws) -> None:
    base = image(ec2)
    everything(ec2, base, passing(FUTURE))
    everything(ec2, base, passing(stack="other"))
    everything(ec2, base, {EXPIRES: "2020-01-01T00:00:00Z"})
    everything(ec2, base, account.labels().lasting())
    before = holdings(ec2)
    doomed = everything(ec2, base, passing())
    removed = swept(aws)
    assert set(doomed.values()) <= removed
    assert holdings(ec2) == before


def test_any_stack_s_leftovers_go_when_no_stack_is_named(ec2: Any, aws: Aws) -> None:
    made = {account.volume(ec2, passing(stack=stack)) for stack in ("aws", "other")}
    stays = account.volume(ec2, passing(FUTURE))
    assert swept(aws, scope=None) == made
    assert holdings(ec2) == {stays}


def test_a_stack_of_the_same_name_in_another_project_is_another(ec2: Any, aws: Aws) -> None:
    made = account.volume(ec2, passing())
    assert swept(aws, scope=("theirs", "aws")) == set()
    assert holdings(ec2) == {made}


def test_a_snapshot_of_an_ami_stays_and_so_does_the_ami(ec2: Any, aws: Aws) -> None:
    root, media = (account.snapshot(ec2, passing()) for _ in range(2))
    ami = account.golden(ec2, root)
    assert swept(aws) == {media}
    assert holdings(ec2) == {root, ami}


def test_an_ami_registered_while_the_sweep_runs_keeps_its_snapshot(server: Server, ec2: Any, aws: Aws) -> None:
    root, media = (account.snapshot(ec2, passing()) for _ in range(2))
    said: list[str] = []
    judged = once_after(server, "DescribeImages", lambda: account.golden(ec2, root))
    assert swept(aws, say=said.append) == {media}
    assert judged == ["DescribeImages"]
    assert f"snapshot {root} stays: an AMI refers to it" in said
    assert root in holdings(ec2)


def test_an_ami_registered_after_the_last_look_keeps_its_snapshot(server: Server, ec2: Any, aws: Aws) -> None:
    root = account.snapshot(ec2, passing())
    looks: list[str] = []

    def register_at_the_second(call: Call) -> None:
        if call.action == "DescribeImages":
            looks.append(call.action)
            if len(looks) == 2:
                account.golden(ec2, root)

    server.after.append(register_at_the_second)
    said: list[str] = []
    assert swept(aws, say=said.append) == set()
    assert said[-1] == f"snapshot {root} stays: an AMI refers to it"
    assert server.actions().count("DeleteSnapshot") == 1  # AWS refused it
    assert root in holdings(ec2)


def test_amis_that_are_disabled_or_deprecated_count_too(ec2: Any, aws: Aws) -> None:
    account.snapshot(ec2, passing())
    asked: list[dict[str, Any]] = []
    aws.ec2.meta.events.register(
        "provide-client-params.ec2.DescribeImages", lambda params, **_: asked.append(dict(params))
    )
    swept(aws)
    assert len(asked) == 2
    assert all(one["IncludeDisabled"] and one["IncludeDeprecated"] and one["Owners"] == ["self"] for one in asked)


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"])
def test_a_machine_goes_whatever_it_is_doing(ec2: Any, aws: Aws, state: str) -> None:
    base = image(ec2)
    before = holdings(ec2)
    net = account.network(ec2, passing())
    moto_ec2.rules().transition = 100.0 if state in ("pending", "stopping", "shutting-down") else 0.0
    machine = account.machine(ec2, base, net, passing())
    if state in ("stopping", "stopped"):
        ec2.stop_instances(InstanceIds=[machine])
    if state in ("shutting-down", "terminated"):
        ec2.terminate_instances(InstanceIds=[machine])
    removed = swept(aws)
    assert {*net.values()} <= removed
    assert (machine in removed) == (state != "terminated")
    assert holdings(ec2) == before


def test_groups_that_refer_to_each_other_go(ec2: Any, aws: Aws) -> None:
    net = account.network(ec2, passing())
    second = ec2.create_security_group(
        VpcId=net["VPC"],
        GroupName="second",
        Description="-",
        TagSpecifications=account.tagged("security-group", passing()),
    )["GroupId"]
    for group, other in ((second, net["security group"]), (net["security group"], second)):
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": other}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
    assert swept(aws) == {second, *net.values()}
    assert holdings(ec2) == set()


def test_what_somebody_added_to_a_network_is_named_and_not_touched(ec2: Any, aws: Aws) -> None:
    net = account.network(ec2, passing())
    disk = account.volume(ec2, passing())
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net["VPC"])
    table = ec2.create_route_table(VpcId=net["VPC"])["RouteTable"]["RouteTableId"]
    blocked = next(one for one in find_leftovers(aws, now=NOW, scope=OURS) if one.id == net["VPC"])
    assert blocked.blocked_by == (f"route table {table}", f"internet gateway {gateway}")
    with pytest.raises(AwsError) as caught:
        swept(aws)
    assert str(caught.value) == (
        "the sweep could not remove all that has expired:\n"
        f"VPC {net['VPC']}: holds what Hallmark did not make: route table {table}, internet gateway {gateway}; "
        "remove that, then sweep again"
    )
    assert disk not in holdings(ec2)
    assert holdings(ec2) == {net["VPC"]}
    assert len(ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"]) == 1


def test_a_stranger_s_machine_in_our_network_keeps_running(ec2: Any, aws: Aws) -> None:
    net = account.network(ec2, passing())
    theirs = account.machine(ec2, image(ec2), net, {})
    with pytest.raises(AwsError, match=f"VPC {net['VPC']}: holds what Hallmark did not make: interface eni-"):
        swept(aws)
    state = ec2.describe_instances(InstanceIds=[theirs])["Reservations"][0]["Instances"][0]["State"]["Name"]
    assert state == "running"


# After a killed run of an inner stack


def test_all_parts_of_a_killed_run_go_whenever_they_expire_and_nothing_else(server: Server, ec2: Any, aws: Aws) -> None:
    base = image(ec2)
    everything(ec2, base, {**passing(FUTURE), USE: "accept"})
    everything(ec2, base, {**passing(FUTURE), RECIPE: "other"})
    everything(ec2, base, passing(FUTURE, stack="other"))
    everything(ec2, base, account.labels().lasting())
    account.snapshot(ec2, {**passing(FUTURE), CONTENT: "a" * 64})  # media: the next run takes them up
    account.golden(ec2, account.snapshot(ec2, passing(FUTURE)))
    before = holdings(ec2)
    first = everything(ec2, base, passing(FUTURE))
    everything(ec2, base, {**passing(PAST), BUILD: "b2"})
    said: list[str] = []
    sweep_run(run_arguments(passing(FUTURE)), said.append, sleep=lambda _: None)
    assert holdings(ec2) == before
    assert f"removing VPC {first['VPC']}, which a killed run left" in said


@pytest.mark.parametrize("missing", [PROJECT, STACK, RECIPE, USE])
def test_a_run_that_its_tags_do_not_name_is_not_swept(server: Server, ec2: Any, aws: Aws, missing: str) -> None:
    made = account.volume(ec2, passing(FUTURE))
    tags = {key: value for key, value in passing(FUTURE).items() if key != missing}
    with pytest.raises(ValueError, match="expected tags that name one inner stack"):
        sweep_run(run_arguments(tags), lambda _: None)
    assert holdings(ec2) == {made}


def run_arguments(tags: dict[str, str]) -> dict[str, Any]:
    """The part of an inner program's arguments that says which account, and whose."""
    return {"aws": {"region": REGION}, "tags": tags}


# Bad luck


def test_what_cannot_be_removed_is_named_and_the_rest_goes(server: Server, ec2: Any, aws: Aws) -> None:
    net, disk, taken = account.network(ec2, passing()), account.volume(ec2, passing()), account.snapshot(ec2, passing())
    server.fail("DeleteVolume", "UnauthorizedOperation", "you may not")
    with pytest.raises(AwsError) as caught:
        swept(aws)
    assert str(caught.value) == (
        "the sweep could not remove all that has expired:\n"
        f"volume {disk}: not allowed: DeleteVolume; docs/iam/pipeline.json lists what is needed "
        "(AWS said UnauthorizedOperation: you may not)"
    )
    assert holdings(ec2) == {disk}
    assert {"DeleteSnapshot", "DeleteVpc"} <= set(server.actions())
    assert not {taken, *net.values()} & holdings(ec2)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("DeleteVolume", "VolumeInUse"),
        ("DeleteSubnet", "DependencyViolation"),
        ("DeleteVpc", "DependencyViolation"),
        ("DeleteNetworkInterface", "InvalidParameterValue"),
        ("DeleteSecurityGroup", "DependencyViolation"),
        ("DeleteNetworkAcl", "DependencyViolation"),
    ],
)
def test_what_is_still_in_use_is_tried_again(server: Server, ec2: Any, aws: Aws, action: str, code: str) -> None:
    doomed = everything(ec2, image(ec2), passing())
    server.fail(action, code, times=2)
    assert set(doomed.values()) <= swept(aws)
    assert server.actions().count(action) >= 3


def test_what_stays_in_use_is_given_up(server: Server, ec2: Any, aws: Aws) -> None:
    made = account.volume(ec2, passing())
    server.fail("DeleteVolume", "VolumeInUse")
    with pytest.raises(AwsError, match=f"volume {made}: DeleteVolume failed .AWS said VolumeInUse: injected"):
        swept(aws)
    assert server.actions().count("DeleteVolume") == 20


def test_a_machine_that_does_not_end_is_named(ec2: Any, aws: Aws) -> None:
    net = account.network(ec2, passing())
    machine = account.machine(ec2, image(ec2), net, passing())
    moto_ec2.rules().transition = 10**6
    pauses: list[float] = []
    with pytest.raises(AwsError, match=f"instance {machine}: is being terminated, and takes its time; sweep again"):
        sweep(aws, scope=OURS, now=NOW, say=lambda _: None, sleep=pauses.append)
    assert 300 < sum(pauses) < 600


def test_two_sweeps_at_once_are_fine(server: Server, ec2: Any, aws: Aws) -> None:
    """At each of its calls the first one finds that the second has been there."""
    doomed = everything(ec2, image(ec2), passing())
    second = once_after(server, "TerminateInstances", lambda: swept(aws))
    first = swept(aws)
    assert second == ["TerminateInstances"]
    assert first == {doomed["instance"]}
    assert not {*doomed.values()} & holdings(ec2)


def test_credentials_that_do_not_do_are_one_clear_error(server: Server, aws: Aws) -> None:
    server.fail("DescribeTags", "ExpiredToken", "it has")
    with pytest.raises(AwsError, match=r"^looking for what killed runs left: the credentials have expired; sign in"):
        swept(aws)


# What it costs, and what it says


@pytest.mark.usefixtures("ec2")
def test_it_is_one_call_when_nothing_has_expired(server: Server, aws: Aws) -> None:
    everything(server.client("ec2"), image(server.client("ec2")), passing(FUTURE))
    before = len(server.calls)
    assert swept(aws) == set()
    assert server.actions()[before:] == ["DescribeTags"]


def test_looking_costs_the_same_for_one_and_for_many(server: Server, ec2: Any, aws: Aws) -> None:
    def calls() -> list[str]:
        before = len(server.calls)
        find_leftovers(aws, now=NOW, scope=OURS)
        return server.actions()[before:]

    account.volume(ec2, passing())
    account.snapshot(ec2, passing())
    few = calls()
    for _ in range(3):
        account.volume(ec2, passing())
        account.snapshot(ec2, passing())
    assert calls() == few == ["DescribeTags", "DescribeVolumes", "DescribeSnapshots", "DescribeImages"]


def test_a_dry_run_says_what_would_go_and_touches_nothing(server: Server, ec2: Any, aws: Aws) -> None:
    doomed = everything(ec2, image(ec2), passing())
    before, calls = holdings(ec2), len(server.actions(mutating=True))
    said: list[str] = []
    named = sweep(aws, scope=OURS, now=NOW, say=said.append, dry_run=True)
    assert {f"{kind} {name}" for kind, name in doomed.items()} <= set(named)
    assert f"would remove volume {doomed['volume']}: of hallmark/aws, expired 2026-11-24T11:00:00Z" in said
    assert holdings(ec2) == before
    assert len(server.actions(mutating=True)) == calls


def test_it_returns_and_says_what_it_removed(ec2: Any, aws: Aws) -> None:
    made = account.volume(ec2, passing(PAST))
    said: list[str] = []
    assert sweep(aws, scope=OURS, now=NOW, say=said.append) == (f"volume {made}",)
    assert said == [f"removing volume {made}: of hallmark/aws, expired 2026-11-24T11:00:00Z"]


def once_after(server: Server, action: str, then: Callable[[], object]) -> list[str]:
    """Do something when a call of an action has been carried out, once; the list is filled when it was done."""
    done: list[str] = []

    def told(call: Call) -> None:
        if call.action == action and not done:
            done.append(action)
            then()

    server.after.append(told)
    return done
