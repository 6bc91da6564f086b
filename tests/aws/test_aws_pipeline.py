"""A whole `pulumi up` on AWS with machines that answer at once: from an AMI to a released, accepted one, and again.

The real engine and program, the doubled plugins, a strict account. What the guests say is made up (quick_guest.py);
tests/e2e/test_aws.py runs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.aws_checkout import use_account
from tests.aws.doubled import image
from tests.doubles.moto_ec2 import Rules
from tests.doubles.quick_guest import QuickGuest
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import REGION, Server, running
from tests.e2e.checkout import Checkout, Finished
from tests.e2e.conftest import MakeCheckout, make_scratch, shared_cache

__all__ = ["make_scratch", "shared_cache"]

STATUS = """\
Package: base-files
Status: install ok installed
Architecture: amd64
Version: 13.8
"""


@pytest.fixture(scope="module")
def checkout(make_scratch: MakeCheckout) -> Checkout:
    return make_scratch("aws")


@pytest.fixture(scope="module")
def server(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    guest = QuickGuest(cache=checkout.cache, status=STATUS, scratch=tmp_path_factory.mktemp("guests"))
    with running(Rules(machines=QuickMachines(writes=guest))) as server:
        yield server


@pytest.fixture(scope="module")
def first(checkout: Checkout, server: Server) -> Finished:
    use_account(checkout, server, image(server.client("ec2"), BootMode="uefi"))
    return checkout.up()


@pytest.fixture(scope="module")
def released(checkout: Checkout, first: Finished) -> dict[str, Any]:
    assert first.code == 0, first.text
    found: dict[str, Any] = checkout.outputs()["images"]["tiny"]
    return found


def test_the_outputs_name_what_consumers_need(released: dict[str, Any]) -> None:
    assert set(released) == {"id", "ami", "snapshot", "region", "parameter", "evidence", "channel", "accepted"}
    assert (released["region"], released["parameter"], released["channel"], released["accepted"]) == (
        REGION,
        "/hallmark/tiny/stable",
        "stable",
        True,
    )
    assert (Path(released["evidence"]) / "index.md").exists()
