"""Waits until a machine has powered itself off: `python -m hallmark.aws_wait`, run by pulumi-command's local.Command.

It gets region and ids only; credentials come from the ambient chain. What the machine prints is shown, never judged:
the verdict comes from the results partition alone. The host's deadline is the last word: a machine that never reports
is stopped, by force if need be, and the wait fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hallmark.aws_session import Aws, code_of, in_words
from hallmark.aws_settings import AwsSettings
from hallmark.console import clean
from hallmark.errors import HallmarkError, MachineError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_PAUSE_SECONDS = 10.0
_ON_THE_WAY = ("pending", "running", "stopping")
# A new id is not known everywhere at once.
_YOUNG_SECONDS = 60.0
_PROGRESS = "::hallmark:: "

Say = Callable[[str], None]


def wait_for_power_off(
    ec2: EC2Client,
    instance: str,
    deadline: float,
    say: Say,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return at state `stopped`. MachineError when the machine ends otherwise, or runs past `deadline` seconds."""
    start, shown = now(), 0
    while True:
        state, reason = _state(ec2, instance, young=now() - start < _YOUNG_SECONDS)
        shown = _show_console(ec2, instance, shown, say)
        if state == "stopped":
            _check_reason(instance, reason)
            return
        if state not in _ON_THE_WAY:
            raise MachineError(f"{instance}: expected it to power off, it is {state} ({reason or 'no reason given'})")
        if now() - start > deadline:
            _force_off(ec2, instance)
            raise MachineError(f"{instance}: did not power off within {deadline:.0f} s; it is stopped by force")
        sleep(_PAUSE_SECONDS)


def _state(ec2: EC2Client, instance: str, *, young: bool) -> tuple[str, str]:
    """The machine's state and why; `pending` while a new one is not known yet."""
    try:
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    except ClientError as error:
        if young and code_of(error) == "InvalidInstanceID.NotFound":
            return "pending", ""
        raise
    rows = [row for reservation in found for row in reservation.get("Instances", [])]
    if not rows:
        return ("pending" if young else "gone"), ""
    return str(rows[0]["State"]["Name"]), str(rows[0].get("StateReason", {}).get("Code", ""))


def _check_reason(instance: str, reason: str) -> None:
    """A machine that AWS stopped (its host failed) did not finish; one that stopped itself did."""
    if reason.startswith("Server."):
        raise MachineError(f"{instance}: AWS stopped it ({reason}); its host failed, run again")


def _force_off(ec2: EC2Client, instance: str) -> None:
    with suppress(ClientError, BotoCoreError):
        ec2.stop_instances(InstanceIds=[instance], Force=True)


def _show_console(ec2: EC2Client, instance: str, shown: int, say: Say) -> int:
    """Show the progress lines that are new; returns how many there are by now. Trouble here is no trouble."""
    try:
        output = ec2.get_console_output(InstanceId=instance).get("Output", "")
    except (ClientError, BotoCoreError):
        return shown
    lines = [line for line in output.splitlines() if line.startswith(_PROGRESS)]
    for line in lines[shown:]:
        say(clean(line.removeprefix(_PROGRESS)))
    return max(shown, len(lines))


def main(words: Sequence[str]) -> int:
    """The program: 0 at state `stopped`, else one line on stderr and 1."""
    parser = argparse.ArgumentParser(prog="python -m hallmark.aws_wait")
    parser.add_argument("--aws", required=True, type=AwsSettings.model_validate_json, help="settings, as JSON")
    parser.add_argument("--instance", required=True)
    parser.add_argument("--deadline", required=True, type=float, help="seconds")
    given = parser.parse_args(words)
    try:
        with in_words(given.aws, f"waiting for {given.instance}"):
            wait_for_power_off(Aws(given.aws).ec2, given.instance, given.deadline, lambda text: print(text, flush=True))
    except HallmarkError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
