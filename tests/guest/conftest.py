"""Fixtures for the control scenarios: a real Debian 13 root, a compiled plan, media, all beside each other."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scratch import Guest, unpack_once

from hallmark.controls import Plan, Profile, compile_plan, load_controls, recipe_environment
from hallmark.fingerprint import hash_file

CHECKOUT = Path(__file__).parents[2]
SCRIPTS = CHECKOUT / "image_scripts"
FACTS = {
    "name": "debian-13-server",
    "purpose": "a server for the tests",
    "hostname": "hallmark-test",
    "packages": ("cloud-init", "openssh-server", "sudo"),
    "listen": ("22/tcp",),
    "administrators": ("jdoe",),
    "setid_files": (
        "/usr/bin/passwd",
        "/usr/bin/su",
        "/usr/bin/sudo",
        "/usr/lib/dbus-1.0/dbus-daemon-launch-helper",
        "/usr/sbin/unix_chkpwd",
    ),
}


def pytest_configure(config: pytest.Config) -> None:
    """Namespaces and overlays need root: become it through sudo, or say so."""
    if os.geteuid() == 0 or config.option.collectonly or hasattr(config, "workerinput"):
        return
    if shutil.which("sudo") is None:
        pytest.exit("tests/guest: expected root or sudo, to make scratch roots; run these tests as root", returncode=3)
    keep = [f"{name}={os.environ[name]}" for name in ("HALLMARK_TEST_ROOT", "PATH", "PYTHONPATH") if name in os.environ]
    os.execvp("sudo", ["sudo", "-n", "env", *keep, sys.executable, "-m", "pytest", *sys.argv[1:]])


@pytest.fixture(scope="session")
def pristine_root() -> Path:
    """A Debian 13 tree with the default recipe's packages; nothing may write to it."""
    tarball = Path(os.environ.get("HALLMARK_TEST_ROOT", "/var/tmp/hm/rootfs-server.tar"))
    assert tarball.is_file(), f"{tarball}: expected the tarball of a Debian 13 root; set HALLMARK_TEST_ROOT"
    return unpack_once(tarball, Path("/var/tmp/hallmark-test-roots"))


@pytest.fixture(scope="session")
def test_plan() -> Plan:
    """Every control there is, with the values that the server profile gives."""
    controls = load_controls(SCRIPTS / "controls")
    everything = Profile(title="all", controls=tuple(controls), path=SCRIPTS / "profiles" / "all.toml")
    return compile_plan(FACTS, controls, everything, {}, (), (), dt.date(2026, 1, 1))


@pytest.fixture(scope="session")
def guest(pristine_root: Path, test_plan: Plan) -> Iterator[Guest]:
    """The root with scripts, plan and media beside it."""
    with tempfile.TemporaryDirectory(prefix="hallmark-guest-") as name:
        folder = Path(name)
        scripts = _copy_scripts(folder / "scripts")
        plan_files = _write_plan(folder, pristine_root, test_plan)
        media = _make_media(folder / "media")
        yield Guest(root=pristine_root, scripts=scripts, plan_files=plan_files, media=media, plan=test_plan)


def _copy_scripts(target: Path) -> Path:
    shutil.copytree(SCRIPTS, target)
    shutil.copy(Path(__file__).parent / "scenario.sh", target / "scenario.sh")
    return target


def _write_plan(folder: Path, root: Path, plan: Plan) -> Path:
    installed = _installed(root)
    files = plan.files()
    files["plan/expected.tsv"] = "".join(f"{n}\t{v}\t{a}\n" for n, v, a in installed).encode()
    locked_rows = [row for row in installed if row[0] in ("openssl", "sudo", "tzdata")]
    files["plan/lock.tsv"] = "".join(
        f"{n}\t{a}\t{v}\t{v}~old\ttrixie-security\tCVE-2026-0001,CVE-2026-0002\n" for n, v, a in locked_rows
    ).encode()
    files["plan/recipe.env"] = recipe_environment(
        {
            "HALLMARK_RECIPE": str(FACTS["name"]),
            "HALLMARK_PURPOSE": str(FACTS["purpose"]),
            "HALLMARK_IMAGE": "debian-13-server-0123456789abcdef",
        }
    )
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "plan"


def _installed(root: Path) -> list[tuple[str, str, str]]:
    rows = []
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status") == "install ok installed":
            rows.append((fields["Package"], fields["Version"], fields["Architecture"]))
    return sorted(rows)


def _make_media(folder: Path) -> Path:
    (folder / "debs").mkdir(parents=True)
    (folder / "plan").mkdir()
    (folder / "plan" / "plan").write_text("media-read-only\n")
    (folder / "MANIFEST").write_text(f"{hash_file(folder / 'plan' / 'plan')}  plan/plan\n")
    return folder
