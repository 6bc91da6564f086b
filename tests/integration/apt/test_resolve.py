"""Patch locks made by the real apt from a small signed archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.common.errors import LockError
from hallmark.common.process import Completed, run
from hallmark.debian import apt
from hallmark.debian import resolve as patches
from tests.integration.apt.debian_archive import SUITES, Archive, Deb, changelog, status
from tests.support.published_archive import LIBTLS, OLD, TLS_CHANGES, published, resolve


def test_a_lock_brings_all_upgrades_and_the_recipes_packages_with_their_needs(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache, "web")
    assert lock.summary() == [
        "libtls 1:3.5-1+deb13u1 → 1:3.5-1+deb13u3 (trixie-security) CVE-2026-0009 CVE-2026-20001 CVE-2026-1234567",
        "libweb (new) → 1.0-1 (trixie)",
        "quiet 2.0-1+b2 → 2.0-1+deb13u1 (trixie-updates)",
        "tls 1:3.5-1+deb13u1 → 1:3.5-1+deb13u3 (trixie-security) CVE-2026-0009 CVE-2026-20001 CVE-2026-1234567",
        "web (new) → 1.0-1 (trixie)",
    ]
    assert [suite.suite for suite in lock.suites] == ["trixie", "trixie-updates", "trixie-security"]
    assert all(suite.date and suite.valid_until for suite in lock.suites)


def test_no_outstanding_patches_make_an_empty_lock(archive: Archive, cache: Path) -> None:
    archive.publish({"trixie": OLD})
    assert resolve(archive, cache).packages == ()


def test_an_unchanged_mirror_costs_one_look_at_its_signed_indexes(
    archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = resolve(published(archive), cache, "web")
    archive.requests.clear()
    commands = record_commands(monkeypatch)
    assert resolve(archive, cache, "web") == first
    assert sorted(archive.requests) == sorted(f"/dists/{suite}/InRelease" for suite in SUITES)
    assert [words[-1] for words in commands] == ["update"]


def test_a_new_index_with_the_same_packages_gives_the_same_fingerprint(archive: Archive, cache: Path) -> None:
    first = resolve(published(archive), cache)
    time.sleep(1.1)  # Release files have whole seconds
    second = resolve(published(archive), cache)
    assert second.suites != first.suites
    assert second.fingerprint == first.fingerprint


def test_a_new_patch_changes_the_lock(archive: Archive, cache: Path) -> None:
    first = resolve(published(archive), cache)
    newer = Deb(name="tls", version="1:3.5-1+deb13u4", changelog=TLS_CHANGES)
    archive.write_suite("trixie-security", (newer, LIBTLS))
    assert resolve(archive, cache).fingerprint != first.fingerprint


def test_the_cves_of_a_new_kernel_are_those_since_the_installed_one(archive: Archive, cache: Path) -> None:
    changes = (
        changelog("linux-signed-amd64", ("6.12.9+1", "Sign kernel from linux 6.12.9-1: CVE-2026-0003"))
        + "\n"
        + changelog("linux", ("6.12.8-2", "CVE-2026-0002"), ("6.12.7-1", "CVE-2026-0001"))
    )
    signed = "linux-signed-amd64 ({})"
    old = Deb(name="linux-image-cloud", version="6.12.7-1", source=signed.format("6.12.7+1"))
    image = Deb(
        name="linux-image-6.12.9-cloud",
        version="6.12.9-1",
        source=signed.format("6.12.9+1"),
        changelog=changes,
        native=True,
    )
    meta = Deb(
        name="linux-image-cloud",
        version="6.12.9-1",
        source=signed.format("6.12.9+1"),
        fields={"Depends": image.name},
        docs_of=image.name,
    )
    archive.publish({"trixie-security": (meta, image)})
    lock = resolve(archive, cache, base=status(old))
    assert [(p.name, p.from_version, p.cves) for p in lock.packages] == [
        ("linux-image-6.12.9-cloud", None, ("CVE-2026-0002", "CVE-2026-0003")),
        ("linux-image-cloud", "6.12.7-1", ("CVE-2026-0002", "CVE-2026-0003")),
    ]


def test_an_upgrade_that_removes_a_base_package_is_refused_by_name(archive: Archive, cache: Path) -> None:
    archive.publish({"trixie": (Deb(name="usurper", version="1", fields={"Conflicts": "quiet"}),)})
    with pytest.raises(LockError, match="would remove quiet from the base; take what conflicts"):
        resolve(archive, cache, "usurper")


def test_a_patch_that_cannot_be_installed_is_named(archive: Archive, cache: Path) -> None:
    stuck = Deb(name="quiet", version="3", fields={"Depends": "absent"})
    archive.publish({"trixie-security": (stuck,)})
    with pytest.raises(LockError, match="newer versions of quiet that cannot be installed"):
        resolve(archive, cache)


def test_a_base_package_on_hold_with_a_patch_outstanding_is_named(archive: Archive, cache: Path) -> None:
    base = status(*OLD[:2]) + "\n" + status(OLD[2], state="hold ok installed")
    with pytest.raises(LockError, match="newer versions of quiet that cannot be installed"):
        resolve(published(archive), cache, base=base)


def test_a_package_that_no_suite_has_is_named(archive: Archive, cache: Path) -> None:
    with pytest.raises(LockError) as caught:
        resolve(archive, cache, "nosuch", "tls")
    assert str(caught.value) == (
        f"packages: nosuch: not in trixie, trixie-updates, trixie-security of {archive.url}; "
        "correct the recipe's packages"
    )


def test_needs_that_cannot_be_met_are_named(archive: Archive, cache: Path) -> None:
    archive.publish({"trixie": (Deb(name="web", version="1", fields={"Depends": "absent"}),)})
    with pytest.raises(LockError, match=r"no way to install them all.*\n.*web : Depends: absent"):
        resolve(archive, cache, "web")


@pytest.mark.parametrize("name", ["-oDebug::x=1", "Web", "web/sid", "web=1", "a b", ""])
def test_a_package_name_cannot_carry_options(archive: Archive, cache: Path, name: str) -> None:
    with pytest.raises(LockError, match="expected the name of a Debian package"):
        resolve(archive, cache, name)


def test_a_file_mirror_works_too(archive: Archive, cache: Path) -> None:
    published(archive).url = f"file:{archive.root}"
    lock = resolve(archive, cache, "web")
    assert len(patches.debs(lock, cache / "pool")) == 5


SCRIPT = """
import sys
from pathlib import Path
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.mirror import Mirror
url, keyring, cache, status = sys.argv[1:]
root = PrivateRoot(Path(cache), Mirror(main=url, security=url, keyrings=(Path(keyring),)))
print(patches.resolve(Path(status).read_text(), ["web"], root, Path(cache) / "pool", lambda _: None).fingerprint)
"""


def started(archive: Archive, cache: Path, tmp_path: Path) -> subprocess.Popen[str]:
    base = tmp_path / "status"
    base.write_text(status(*OLD))
    words = [sys.executable, "-c", SCRIPT, archive.url, str(archive.key.keyring), str(cache), str(base)]
    env = {**os.environ, "PYTHONPATH": str(Path(apt.__file__).parents[2])}
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)


def test_two_processes_resolve_at_once(archive: Archive, cache: Path, tmp_path: Path) -> None:
    both = [started(published(archive), cache, tmp_path) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert outputs[0] == outputs[1] != ""


def test_a_run_that_was_killed_in_a_download_is_taken_up_again(archive: Archive, cache: Path, tmp_path: Path) -> None:
    big = Deb(name="web", version="2.0-1", padding=4 << 20)
    archive.publish({"trixie": (*OLD, big)})
    archive.stall_after = 1 << 20
    process = started(archive, cache, tmp_path)
    eventually(lambda: any(p.stat().st_size >= 1 << 19 for p in (cache / "pool").rglob("web_*")))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    archive.stall_after = None
    lock = resolve(archive, cache, "web")
    assert [p.name for p in lock.packages] == ["web"]
    assert sorted(p.suffix for p in (cache / "pool").iterdir()) == ["", ".deb"]


def eventually(condition: Callable[[], bool], *, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def record_commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """From now on note the commands that apt.py runs."""
    commands: list[list[str]] = []

    def recording(args: tuple[str, ...], **options: object) -> Completed:
        commands.append([str(word) for word in args])
        return run(args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(apt, "run", recording)
    return commands
