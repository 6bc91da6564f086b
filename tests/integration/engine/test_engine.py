"""The outer stack, with the real engine, where its caller keeps states: a folder elsewhere, and a bucket."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.engine.engine import Engine
from tests.doubles.server import REGION, running
from tests.support.aws.bucket import in_bucket
from tests.unit.engine.test_pulumi_lock import dead_pid, write_lock

PROGRAM = "import os, pulumi\npulumi.export('images', {'backend': os.environ['PULUMI_BACKEND_URL']})\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a program that makes nothing."""
    root = tmp_path / "checkout"
    (root / ".hallmark").mkdir(parents=True)
    (root / "stacks").mkdir()
    (root / ".hallmark/passphrase").write_text("secret\n")
    (root / "Pulumi.yaml").write_text("name: hallmark\nruntime: python\nstackConfigDir: stacks\n")
    (root / "__main__.py").write_text(PROGRAM)
    tools = sorted(Path.home().glob(".cache/hallmark/tools/*/bin"))
    if tools:
        (root / ".hallmark/tools").symlink_to(tools[0])
    return root


def quiet(_text: str) -> None:
    pass


def given(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(Path.home()), "LANG": "C.UTF-8", **more}


def test_a_folder_elsewhere(root: Path, tmp_path: Path) -> None:
    there = tmp_path / "elsewhere"
    engine = Engine(root, given(PULUMI_BACKEND_URL=f"file://{there}", PULUMI_CONFIG_PASSPHRASE="a team's"))
    engine.up("local", quiet)
    assert engine.outputs("local")["images"] == {"backend": f"file://{there}?metadata=skip"}
    assert (there / ".pulumi/stacks/hallmark/local.json").is_file()
    assert not (root / ".hallmark/state").exists()
    pid, said = dead_pid(), list[str]()
    write_lock(there, pid=pid)
    engine.up("local", said.append)
    assert said == [f"removed the lock of a run that died (process {pid})"]


def test_a_bucket_with_a_key_for_its_secrets(root: Path) -> None:
    with running() as account:
        account.client("s3").create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": REGION})
        key = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
        file = root / "stacks/Pulumi.local.yaml"
        file.write_text(f"secretsprovider: awskms://{key}?region={REGION}\n")
        url = in_bucket(account, "states")
        engine = Engine(root, given(PULUMI_BACKEND_URL=url, **account.environment()))
        with pytest.raises(StoreError, match="expected a stack that was brought up once"):
            engine.outputs("local")
        engine.up("local", quiet)
        engine.up("local", quiet)
        assert engine.outputs("local")["images"] == {"backend": url}
        assert "encryptedkey" in file.read_text()
        assert "encryptionsalt" not in file.read_text()
    assert not (root / ".hallmark/state").exists()
