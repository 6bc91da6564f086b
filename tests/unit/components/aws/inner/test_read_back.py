"""The proof of a network: read when all of it stands, and anew in each run."""

from __future__ import annotations

from components.aws.inner.read_back import REREAD_ON
from components.providers import StepProvider
from tests.support.aws.declared_network import network
from tests.support.recorded import Recorded

__all__ = ["network"]


def test_the_read_back_waits_until_everything_stands(network: Recorded) -> None:
    wanted = {"net-group", "net-default-group", "net-acl-association", "net-vpc"}
    assert wanted <= network.dependencies("net-read-back")
    assert network.inputs("net-read-back")["vpc"] == "net-vpc-id"


def test_a_new_run_reads_the_same_network_again() -> None:
    provider = StepProvider("aws.network", replace_on=REREAD_ON)
    olds = {"vpc": "vpc-1", "run": "1", "aws": "{}", "proof": "text"}
    assert provider.diff("x", olds, {**olds, "proof": None}).changes is False
    again = provider.diff("x", olds, {**olds, "run": "2"})
    assert (again.changes, again.replaces) == (True, ["run"])
