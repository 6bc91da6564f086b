"""`hallmark doctor --stack aws`: the preflight line by line in the doubled account, and a network that goes again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hallmark.cli import doctor, stacks
from hallmark.cli.doctor import Finding
from tests.doubles.moto_ec2 import Rules
from tests.doubles.server import BIN, REGION, Server, running
from tests.doubles.stack import find_engine
from tests.support.aws.account import holdings
from tests.support.aws.strict import base_ami

STEPS = ["credentials", "base", "type", "key", "quota of VPCs", "quota of vCPUs", "dry run", "network"]


@pytest.fixture
def server() -> Iterator[Server]:
    """An account where what is made is ready at once."""
    with running(Rules(transition=0, validation=0)) as server:
        yield server


@pytest.fixture
def checkout(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in server.environment().items():
        if name not in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, value)
    engine = find_engine()
    assert engine is not None, "no pulumi on this machine; run: make setup"
    monkeypatch.setenv("PATH", os.pathsep.join([str(BIN), str(engine), os.environ["PATH"]]))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    (tmp_path / ".hallmark").mkdir()
    (tmp_path / ".hallmark/passphrase").write_text("a test's own\n")
    for module in (doctor, stacks):
        monkeypatch.setattr(module, "find_checkout", lambda: tmp_path)
    (tmp_path / "stacks").mkdir()
    owner: Any = SimpleNamespace(ec2=server.client("ec2"))
    base_ami(owner, "doctor-1")
    key = server.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    write(tmp_path, key)
    return tmp_path


def write(checkout: Path, key: str, kind: str = "t3.medium", base: dict[str, Any] | None = None) -> None:
    config = {
        "hallmark:platform": "aws",
        "hallmark:kmsKey": key,
        "hallmark:instanceType": kind,
        "hallmark:baseAmi": base or {"owners": ["self"], "name": "doctor-*"},
        "hallmark:cache": str(checkout / "cache"),
        "aws:region": REGION,
    }
    (checkout / "stacks/Pulumi.aws.yaml").write_text(json.dumps({"config": config}))


def account_of(checkout: Path, *, upload: bool = False) -> list[Finding]:
    from hallmark.config.settings import load_settings
    from hallmark.config.stack_file import read_stack_config

    settings = load_settings(read_stack_config(checkout, "aws"), where="stack aws")
    return list(doctor._account("aws", settings, upload=upload))


def test_an_account_that_is_ready_and_nothing_is_left_there(checkout: Path, server: Server) -> None:
    before, held = len(server.calls), holdings(server.client("ec2"))
    found = account_of(checkout)
    assert [(one.name, one.good) for one in found] == [(name, True) for name in STEPS], found
    assert found[-1].says == f"one was made in {REGION}a, led nowhere by its read-back, and is gone again"
    asked = [call.action for call in server.calls[before:]]
    assert asked.count("CreateVpc") == asked.count("DeleteVpc") == asked.count("RunInstances") == 1  # the dry run
    assert holdings(server.client("ec2")) == held
    assert server.client("ec2").describe_instances()["Reservations"] == []


def test_an_upload_is_tried_when_asked_for_and_is_gone_again(checkout: Path, server: Server) -> None:
    held = holdings(server.client("ec2"))
    found = account_of(checkout, upload=True)
    assert [(one.name, one.good) for one in found] == [(name, True) for name in [*STEPS, "upload"]], found
    assert found[-1].says == "8 MiB went into a snapshot, came back as 16 blocks, and are gone again"
    assert holdings(server.client("ec2")) == held
    assert list((checkout / "cache").glob("tmp*")) == []


def test_a_network_that_may_not_be_made_is_a_line_with_a_remedy(checkout: Path, server: Server) -> None:
    server.fail("CreateVpc", "UnauthorizedOperation", "not today")
    finding = account_of(checkout)[-1]
    assert (finding.name, finding.good) == ("network", False)
    assert "not today" in finding.says
    assert finding.remedy == "docs/iam/pipeline.json lists what a build may do"


def test_the_first_that_will_not_do_is_the_last_that_is_asked(checkout: Path) -> None:
    write(checkout, "alias/none")
    found = account_of(checkout)
    assert [one.name for one in found] == STEPS[:4]
    assert not found[-1].good
    assert found[-1].says.startswith("key alias/none: no such key")
    assert found[-1].remedy == "mend its id, or the region"


def test_no_base_is_a_line_of_its_own(checkout: Path, server: Server) -> None:
    for image in server.client("ec2").describe_images(Owners=["self"])["Images"]:
        server.client("ec2").deregister_image(ImageId=image["ImageId"])
    found = account_of(checkout)
    assert [(one.name, one.good) for one in found] == [("credentials", True), ("base", False)]
    assert found[-1].remedy == "mend owner, name or region"


def test_a_base_of_our_own_needs_no_ami_to_be_there(checkout: Path, server: Server) -> None:
    write(checkout, server.client("kms").list_keys()["Keys"][0]["KeyArn"], base={"build": True})
    found = {one.name: one for one in account_of(checkout)}
    assert all(one.good for one in found.values()), found
    assert found["base"].says == "our own, which the first `up` uploads and registers"
    assert found["dry run"].says.startswith("not asked: ")


def test_credentials_that_are_refused(checkout: Path, server: Server) -> None:
    server.fail("GetCallerIdentity", "ExpiredToken", times=1)
    found = account_of(checkout)
    assert [(one.name, one.good) for one in found] == [("credentials", False)]
    assert "sign in again" in found[0].remedy
