"""Waiting for a power-off: every way it can end, without a real clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from hallmark.aws import wait as aws_wait
from hallmark.aws.session import Aws
from hallmark.aws.wait import Progress, news, wait_for_power_off
from hallmark.common.errors import MachineError
from tests.doubles import moto_ec2
from tests.support.aws.stepped_clock import Clock
from tests.support.aws.strict import base_ami, strict_account

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@pytest.fixture
def instance(aws: Aws) -> str:
    ec2: Any = aws.ec2
    return str(ec2.run_instances(ImageId=base_ami(aws), MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])


def wait(ec2: EC2Client, instance: str, clock: Clock, deadline: float = 600) -> tuple[str, list[str]]:
    said: list[str] = []
    return wait_for_power_off(ec2, instance, deadline, said.append, now=clock.now, sleep=clock.sleep), said


def test_it_ends_when_the_machine_has_stopped(aws: Aws, instance: str) -> None:
    clock = Clock(120, lambda: aws.ec2.stop_instances(InstanceIds=[instance]))
    assert wait(aws.ec2, instance, clock)[0] == "powered-off"
    assert 120 <= clock.time < 150


def test_a_machine_that_never_reports_is_stopped_at_the_deadline(aws: Aws, instance: str) -> None:
    clock = Clock()
    outcome, said = wait(aws.ec2, instance, clock)
    assert (outcome, said) == ("deadline", ["did not power off within 600 s; it is stopped by force"])
    assert 600 < clock.time < 630
    row = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert row["State"]["Name"] == "stopped"


def test_a_machine_that_someone_terminated_is_a_failure(aws: Aws, instance: str) -> None:
    clock = Clock(30, lambda: aws.ec2.terminate_instances(InstanceIds=[instance]))
    with pytest.raises(MachineError, match=f"{instance}: expected it to power off, it is terminated"):
        wait(aws.ec2, instance, clock)


def _described(state: str, reason: str = "") -> dict[str, Any]:
    about = {"InstanceId": "i-1", "State": {"Name": state}, "StateReason": {"Code": reason}}
    return {"Reservations": [{"Instances": [about]}]}


@pytest.fixture
def stub(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.ec2) as stub:
        yield stub


def test_a_failed_host_is_no_power_off(aws: Aws, stub: Stubber) -> None:
    stub.add_response("describe_instances", _described("stopped", "Server.ScheduledStop"))
    stub.add_client_error("get_console_output")
    assert wait(aws.ec2, "i-1", Clock()) == ("host-failure", [])


def test_a_machine_that_cannot_be_stopped_is_a_failure(
    aws: Aws, instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_wait, "_force_off", lambda *_: None)
    message = f"{instance}: did not power off within 600 s, and cannot be stopped by force"
    with pytest.raises(MachineError, match=message):
        wait(aws.ec2, instance, Clock())


def test_a_new_id_may_take_a_while_to_be_known(aws: Aws, stub: Stubber) -> None:
    stub.add_client_error("describe_instances", "InvalidInstanceID.NotFound")
    stub.add_client_error("get_console_output")
    stub.add_response("describe_instances", _described("stopped", "Client.InstanceInitiatedShutdown"))
    stub.add_client_error("get_console_output")
    assert wait(aws.ec2, "i-1", Clock()) == ("powered-off", [])


def test_progress_is_shown_once_and_cleaned(aws: Aws, stub: Stubber) -> None:
    first = "boot\n::hallmark:: progress patch 1 2 \x1b[31mopenssl\n"
    for state, output in (("running", first), ("stopped", first + "::hallmark:: progress done 0 0\n")):
        stub.add_response("describe_instances", _described(state, "Client.InstanceInitiatedShutdown"))
        stub.add_response("get_console_output", {"Output": output})
    assert wait(aws.ec2, "i-1", Clock())[1] == ["progress patch 1 2 openssl", "progress done 0 0"]


class Console:
    """Machines that print what a test says, and never end by themselves."""

    def __init__(self) -> None:
        self.text = ""

    def start(self, instance: Any) -> None: ...
    def stop(self, instance: Any) -> None: ...
    def contents(self, volume_id: str) -> None: ...

    def console(self, instance: Any) -> str:
        return self.text


@pytest.mark.parametrize("kind", ["t3.medium", "t2.medium"])
def test_a_console_is_shown_while_the_machine_runs_where_ec2_has_it(kind: Any) -> None:
    """On Nitro alone; elsewhere there is nothing before the machine has stopped, and then all of it."""
    console, said = Console(), list[str]()
    with strict_account() as aws:
        moto_ec2.rules().machines = console
        made = aws.ec2.run_instances(ImageId=base_ami(aws), InstanceType=kind, MinCount=1, MaxCount=1)
        machine = made["Instances"][0]["InstanceId"]
        progress = Progress(aws.ec2, machine, said.append)
        console.text = "boot\n::hallmark:: patch 1 2\n::hallmark:: patch 2"
        progress.show(running=True)
        assert said == (["patch 1 2"] if kind == "t3.medium" else [])
        console.text += " 2\n" + "x" * 65536 + "\n::hallmark:: done\n"  # the window has rolled past what was shown
        aws.ec2.stop_instances(InstanceIds=[machine])
        progress.show(running=False)
    assert said == (["patch 1 2", "done"] if kind == "t3.medium" else ["done"])


@pytest.mark.parametrize(
    ("shown", "window", "new"),
    [
        ("", "ab", "ab"),
        ("ab", "abc", "c"),
        ("abc", "bcd", "d"),  # rolled
        ("abc", "ab", ""),  # older than what was shown
        ("abc", "de", "de"),  # rolled past all of it
        ("aa", "aaa", "a"),
        ("abc", "", ""),
    ],
)
def test_what_is_new_in_a_window_that_rolls(shown: str, window: str, new: str) -> None:
    assert "".join(news(shown, window)) == new


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "Unavailable"])
def test_a_machine_is_not_lost_when_aws_throttles_the_looks_at_it(aws: Aws, stub: Stubber, code: str) -> None:
    stub.add_response("describe_instances", _described("running"))
    stub.add_client_error("get_console_output")
    for _ in range(2):
        stub.add_client_error("describe_instances", code, http_status_code=503)
        stub.add_client_error("get_console_output", code)
    stub.add_response("describe_instances", _described("stopped", "Client.InstanceInitiatedShutdown"))
    stub.add_client_error("get_console_output")
    assert wait(aws.ec2, "i-1", Clock()) == ("powered-off", [])


def test_what_does_not_pass_ends_the_wait(aws: Aws, stub: Stubber) -> None:
    stub.add_client_error("describe_instances", "UnauthorizedOperation")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        wait(aws.ec2, "i-1", Clock())


def test_the_program_ends_with_one_line(aws: Aws, instance: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--aws", '{"region": "eu-central-1"}', "--deadline", "-1000", "--instance"]
    assert aws_wait.main([*words, "i-00000000"]) == 1
    assert "i-00000000: did not power off within -1000 s" in capsys.readouterr().err
    aws.ec2.stop_instances(InstanceIds=[instance])
    assert aws_wait.main([*words, instance]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "outcome: powered-off"
