"""`hallmark doctor`: each line says what is there or how to mend it; the exit code is 3 when one thing is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from hallmark.cli import doctor, stacks
from hallmark.cli.doctor import Finding
from hallmark.common.checkout import ROOT

NOT_LOOKED_FOR = {"apt-cache", "apt-config", "apt-get", "dpkg-deb", "tar", "git"}
"""Programs of every Debian, and git: a checkout's commit is named where it is there (hallmark/common/version.py)."""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that was set up, with a mirror in a folder; no question leaves this machine."""
    for module in (doctor, stacks):
        monkeypatch.setattr(module, "find_checkout", lambda: tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: hallmark\nruntime: python\n")
    tools = tmp_path / ".hallmark/tools"
    tools.mkdir(parents=True)
    (tmp_path / ".hallmark/passphrase").write_text("secret\n")
    (tools / "pulumi").write_text("#!/bin/sh\n")
    (tools / "pulumi").chmod(0o755)
    for suite in ("trixie", "trixie-security"):
        (tmp_path / "mirror/dists" / suite).mkdir(parents=True)
        (tmp_path / "mirror/dists" / suite / "InRelease").write_text("signed")
    write(tmp_path)
    monkeypatch.setattr(doctor, "_CACHE_ROOM", 1)
    monkeypatch.setattr(doctor, "_STORE_ROOM", 1)
    list_tools(tmp_path, "dash - stable sh\n")
    monkeypatch.setattr(doctor, "_kvm", lambda _cache: "not asked")
    return tmp_path


def write(checkout: Path, mirror: str | None = None) -> None:
    uri = mirror or f"file://{checkout}/mirror"
    (checkout / "stacks").mkdir(exist_ok=True)
    (checkout / "stacks/Pulumi.local.yaml").write_text(
        f"config:\n  hallmark:mirror: {uri}\n  hallmark:securityMirror: {uri}\n  hallmark:cache: {checkout}/cache\n"
    )


def programs_that_we_run() -> set[str]:
    """Those named where a process is started by its list of words, but for those that nobody need look for."""
    text = "".join(path.read_text() for path in (ROOT / "hallmark").rglob("*.py"))
    started = r'(?:run|command|need)\(\s*\[?"([a-z0-9_.-]+)"'
    listed = r': list\[str \| Path\] = \[\s*"([a-z0-9_.-]+)"'
    found = re.findall(f"{started}|{listed}", text)
    return {name for pair in found for name in pair if name} - NOT_LOOKED_FOR


def list_tools(checkout: Path, lines: str) -> None:
    (checkout / "tools/setup").mkdir(parents=True, exist_ok=True)
    (checkout / "tools/setup/packages.txt").write_text("# a list\n" + lines)


def hallmark(*words: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command()(doctor.doctor)
    return CliRunner().invoke(app, ["doctor", *words])


def found(*words: str) -> dict[str, Finding]:
    answer = json.loads(hallmark("--json", *words).stdout)
    return {row["name"]: Finding(**row) for row in answer["findings"]}


def test_all_is_there(checkout: Path) -> None:
    done = hallmark()
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", name] for name in ("set-up", "tools", "memory", "cache", "store", "KVM", "mirror")
    ]
    assert json.loads(hallmark("--json").stdout)["good"] is True


def test_a_missing_tool_names_its_package(checkout: Path) -> None:
    list_tools(checkout, "dash - stable sh\nsome-package 2 backports sh no-such-program\nzsh - stable -\n")
    done = hallmark()
    assert done.exit_code == 3
    assert "MISSING  tools          not found: no-such-program" in done.stdout
    assert "-> `make setup` installs them (packages some-package)" in done.stdout


def test_no_room_says_where_and_what_to_do(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_CACHE_ROOM", 1 << 60)
    cache = found()["cache"]
    assert not cache.good
    assert cache.says.startswith(f"{checkout}/cache: no room: expected ")
    assert cache.remedy == "make room there"


def test_no_memory(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hallmark.common.concurrency._memory_mib", lambda _field: 1000)
    assert "does not fit" in found()["memory"].remedy


def test_a_set_up_that_is_not_finished(checkout: Path) -> None:
    (checkout / ".hallmark/passphrase").unlink()
    assert found()["set-up"].remedy == "`make setup` makes it"


def test_a_mirror_that_lacks_a_suite(checkout: Path) -> None:
    (checkout / "mirror/dists/trixie-security/InRelease").unlink()
    mirror = found()["mirror"]
    assert not mirror.good
    assert mirror.says.startswith(f"file://{checkout}/mirror/dists/trixie-security/InRelease: ")
    assert mirror.remedy == "set hallmark:mirror and hallmark:securityMirror, or http_proxy"


def test_a_mirror_that_does_not_listen(checkout: Path) -> None:
    write(checkout, "http://127.0.0.1:9/debian")
    assert not found()["mirror"].good


def test_kvm_that_may_not_be_opened_has_a_remedy_and_none_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"/dev/kvm": False}
    monkeypatch.setattr(Path, "exists", lambda path: there.get(str(path), False))
    assert doctor._kvm(tmp_path).startswith("none on this machine: guests are emulated")
    there["/dev/kvm"] = True
    monkeypatch.setattr("os.access", lambda *_: False)
    finding = doctor._look("KVM", lambda: doctor._kvm(tmp_path))
    assert (finding.good, finding.remedy) == (False, "`sudo adduser $USER kvm`, then sign in anew")
    monkeypatch.setattr("os.access", lambda *_: True)
    assert doctor._kvm(tmp_path) == "the device opens; the first build tries it with a kernel"


def test_the_tools_are_those_that_set_up_installs() -> None:
    tools = doctor.read_tools(ROOT)
    assert (tools["mke2fs"], tools["debugfs"], tools["qemu-img"]) == ("e2fsprogs", "e2fsprogs", "qemu-utils")
    assert "-" not in tools


@pytest.mark.parametrize("program", sorted(programs_that_we_run()))
def test_every_program_that_a_build_runs_is_looked_for(program: str) -> None:
    assert program in doctor.read_tools(ROOT)
