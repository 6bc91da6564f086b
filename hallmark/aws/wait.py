"""Waits until a machine has powered itself off: `python -m hallmark.aws.wait`, run by pulumi-command's local.Command.

It gets region and ids only; credentials come from the ambient chain. What the machine prints is shown, never judged:
the verdict comes from the results partition alone. The host's deadline is the last word: a machine that never reports
is stopped, by force if need be. How it ended is the last line that is printed, for the driver to judge: so console and
results of a machine that hung can still be looked at before they are torn down.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from hallmark.aws.errors import PASSING, code_of, meaning_of, translate_aws_errors
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import HallmarkError, MachineError
from hallmark.guest.console import clean

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

# From one look to the next: soon at first, when it may have failed to start, then every ten seconds.
_FIRST_PAUSE, _PAUSE_SECONDS = 1.0, 10.0
_UNKNOWN = "unknown"  # AWS throttles, or has trouble of its own: look again
_ON_THE_WAY = ("pending", "running", "stopping", _UNKNOWN)
# A new id is not known everywhere at once.
_YOUNG_SECONDS = 60.0
_PROGRESS = "::hallmark:: "
_FORCED_SECONDS = 300.0

Say = Callable[[str], None]
Outcome = Literal["powered-off", "deadline", "host-failure"]
OUTCOME = "outcome: "


def wait_for_power_off(
    ec2: EC2Client,
    instance: str,
    deadline: float,
    say: Say,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Return at state `stopped`: by itself, by AWS (its host failed), or by us after `deadline` seconds.

    MachineError when it ends otherwise, or cannot be stopped.
    """
    start, console, forced, pause = now(), Progress(ec2, instance, say), False, _FIRST_PAUSE
    while True:
        state, reason = _state(ec2, instance, young=now() - start < _YOUNG_SECONDS)
        console.show(running=state == "running")
        if state == "stopped":
            return _outcome(reason, forced=forced)
        if state not in _ON_THE_WAY:
            raise MachineError(f"{instance}: expected it to power off, it is {state} ({reason or 'no reason given'})")
        if now() - start > deadline + _FORCED_SECONDS:
            raise MachineError(f"{instance}: did not power off within {deadline:.0f} s, and cannot be stopped by force")
        if now() - start > deadline:
            say(f"did not power off within {deadline:.0f} s; it is stopped by force")
            forced = True
            _force_off(ec2, instance)
        sleep(pause)
        pause = min(2 * pause, _PAUSE_SECONDS)


def _state(ec2: EC2Client, instance: str, *, young: bool) -> tuple[str, str]:
    """The machine's state and why; `pending` while a new one is not known yet.

    Trouble that passes is no reason to lose a machine that works: beyond botocore's own retries the next look decides.
    """
    try:
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    except (ClientError, BotoCoreError) as error:
        if young and isinstance(error, ClientError) and code_of(error) == "InvalidInstanceID.NotFound":
            return "pending", ""
        if meaning_of(error) in PASSING:
            return _UNKNOWN, ""
        raise
    rows = [row for reservation in found for row in reservation.get("Instances", [])]
    if not rows:
        return ("pending" if young else "gone"), ""
    return str(rows[0]["State"]["Name"]), str(rows[0].get("StateReason", {}).get("Code", ""))


def _outcome(reason: str, *, forced: bool) -> Outcome:
    """A machine that AWS stopped (its host failed) did not finish; nor did one that we stopped."""
    if reason.startswith("Server."):
        return "host-failure"
    return "deadline" if forced else "powered-off"


def _force_off(ec2: EC2Client, instance: str) -> None:
    with suppress(ClientError, BotoCoreError):
        ec2.stop_instances(InstanceIds=[instance], Force=True)


class Progress:
    """What a machine's console says of its progress, each line shown once. Trouble here is no trouble.

    While it runs, `Latest` asks for what is on the console now; without it EC2 answers with what it noted at the last
    start, stop or reboot. Machines that are not of Nitro have no `Latest`. The answer is a window of 64 KiB that rolls.
    """

    def __init__(self, ec2: EC2Client, instance: str, say: Say) -> None:
        self.ec2, self._instance, self._say = ec2, instance, say
        self._shown: list[str] = []
        self._nitro = True

    def show(self, *, running: bool) -> None:
        """Show the progress lines that are new."""
        # The last line may not be whole yet, nor the first one any more.
        lines = [line for line in self._fetch(running).splitlines(keepends=True) if line.endswith("\n")]
        window = [clean(line.removeprefix(_PROGRESS)) for line in lines if line.startswith(_PROGRESS)]
        for line in news(self._shown, window):
            self._say(line)
            self._shown.append(line)

    def _fetch(self, running: bool) -> str:
        if running and self._nitro:
            try:
                return self.ec2.get_console_output(InstanceId=self._instance, Latest=True).get("Output", "")
            except ClientError as error:
                if code_of(error) != "UnsupportedOperation":
                    return ""
                self._nitro = False
            except BotoCoreError:
                return ""
        try:
            return self.ec2.get_console_output(InstanceId=self._instance).get("Output", "")
        except (ClientError, BotoCoreError):
            return ""


def news(shown: Sequence[str], window: Sequence[str]) -> list[str]:
    """The lines of a window that come after those shown: it may be older than they, or have rolled past some."""
    old, new = list(shown), list(window)
    if any(old[start : start + len(new)] == new for start in range(len(old) - len(new) + 1)):
        return []
    overlap = next((n for n in range(min(len(old), len(new)), 0, -1) if old[-n:] == new[:n]), 0)
    return new[overlap:]


def main(words: Sequence[str]) -> int:
    """The program: 0 and the outcome at state `stopped`, else one line on stderr and 1."""
    parser = argparse.ArgumentParser(prog="python -m hallmark.aws.wait")
    parser.add_argument("--aws", required=True, type=AwsSettings.model_validate_json, help="settings, as JSON")
    parser.add_argument("--instance", required=True)
    parser.add_argument("--deadline", required=True, type=float, help="seconds")
    given = parser.parse_args(words)
    try:
        with translate_aws_errors(given.aws, f"waiting for {given.instance}"):
            ec2 = Aws(given.aws).ec2
            outcome = wait_for_power_off(ec2, given.instance, given.deadline, lambda text: print(text, flush=True))
    except HallmarkError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{OUTCOME}{outcome}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
