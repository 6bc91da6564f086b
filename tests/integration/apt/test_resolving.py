"""Patch locks made by the real apt from a small signed archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from hallmark.common.errors import LockError, PrerequisiteError
from hallmark.common.process import Completed, run
from hallmark.debian import apt
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import parse_status
from hallmark.debian.mitigations import MirrorChangelogs, check_mitigations
from tests.integration.apt.debian_archive import SUITES, Archive, Deb, changelog, ignore, status

OLD = (
    Deb(name="tls", version="1:3.5-1+deb13u1"),
    Deb(name="libtls", version="1:3.5-1+deb13u1", source="tls"),
    Deb(name="quiet", version="2.0-1+b2"),
)
TLS_CHANGES = changelog(
    "tls",
    ("1:3.5-1+deb13u3", "Fix CVE-2026-20001 and CVE-2026-1234567."),
    ("1:3.5-1+deb13u2", "Fix CVE-2026-0009."),
    ("1:3.5-1+deb13u1", "Fix CVE-2025-1111."),
)
TLS = Deb(name="tls", version="1:3.5-1+deb13u3", changelog=TLS_CHANGES)
LIBTLS = Deb(name="libtls", version="1:3.5-1+deb13u3", docs_of="tls", source="tls")
WEB = Deb(
    name="web",
    version="1.0-1",
    changelog=changelog("web", ("1.0-1", "Fix CVE-2024-0001.")),
    fields={"Depends": "libweb, libtls", "Recommends": "unwanted"},
)
LIBWEB = Deb(name="libweb", version="1.0-1", source="web")
UNWANTED = Deb(name="unwanted", version="1")
QUIET = Deb(name="quiet", version="2.0-1+deb13u1", changelog=changelog("quiet", ("2.0-1+deb13u1", "Be quiet.")))


@dataclass(frozen=True)
class Mitigation:
    cve: str
    package: str
    expires: date


def published(archive: Archive) -> Archive:
    archive.publish(
        {"trixie": (*OLD, WEB, LIBWEB, UNWANTED), "trixie-updates": (QUIET,), "trixie-security": (TLS, LIBTLS)}
    )
    return archive


def resolve(archive: Archive, cache: Path, *packages: str, base: str = "") -> patches.PatchLock:
    return patches.resolve(base or status(*OLD), packages, PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)


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


def test_the_debs_of_a_lock_are_in_the_pool_under_the_names_that_the_media_use(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache)
    found = patches.debs(lock, cache / "pool")
    assert sorted(found) == [
        "libtls_3.5-1+deb13u3_amd64.deb",
        "quiet_2.0-1+deb13u1_amd64.deb",
        "tls_3.5-1+deb13u3_amd64.deb",
    ]
    assert found["tls_3.5-1+deb13u3_amd64.deb"].read_bytes() == archive.deb_path(TLS).read_bytes()
    assert sorted(p.name for p in (cache / "pool").iterdir()) == sorted([".lock", *(p.name for p in found.values())])


def test_a_damaged_deb_in_the_pool_is_named_and_fetched_anew(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache)
    damaged = patches.debs(lock, cache / "pool")["quiet_2.0-1+deb13u1_amd64.deb"]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    with pytest.raises(LockError, match=r"expected quiet 2\.0-1\+deb13u1 with SHA-256 .* missing or has other bytes"):
        patches.debs(lock, cache / "pool")
    patches.fetch(lock, PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)
    assert len(patches.debs(lock, cache / "pool")) == 3


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


@pytest.mark.parametrize(
    ("cve", "package", "base", "words"),
    [
        ("CVE-2024-0001", "web", status(*OLD), r"the lock brings web 1\.0-1, whose changelog"),
        ("CVE-2024-0001", "web", status(*OLD, WEB, LIBWEB), r"the base has (lib)?web 1\.0-1, whose changelog"),
        ("CVE-2025-1111", "libtls", status(*OLD), r"the lock brings libtls 1:3\.5-1\+deb13u3, whose changelog"),
    ],
    ids=["new", "in the base", "before the base"],
)
def test_a_mitigation_ends_when_lock_or_base_have_the_patch(
    archive: Archive, cache: Path, cve: str, package: str, base: str, words: str
) -> None:
    lock = resolve(published(archive), cache, "web", base=base)
    changelogs = MirrorChangelogs(PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)
    mitigation = Mitigation(cve=cve, package=package, expires=date(2999, 1, 1))
    with pytest.raises(LockError, match=rf"mitigation of {cve} in {package}: {words}"):
        check_mitigations([mitigation], lock, parse_status(base), date(2026, 11, 22), changelogs)


def test_a_base_of_which_the_mirror_has_no_changelog_is_said(archive: Archive, cache: Path) -> None:
    said: list[str] = []
    root = PrivateRoot(cache, published(archive).mirror())
    lock = resolve(archive, cache)
    base = parse_status(status(*OLD, Deb(name="gone", version="0.9")))
    mitigation = Mitigation(cve="CVE-2024-0001", package="gone", expires=date(2999, 1, 1))
    check_mitigations([mitigation], lock, base, date(2026, 11, 22), MirrorChangelogs(root, cache / "pool", said.append))
    assert said == ["mitigations: the mirror has no changelog of gone 0.9; whether the base has the patch is not known"]


def test_threads_that_share_a_root_take_turns(archive: Archive, cache: Path) -> None:
    root = PrivateRoot(cache, published(archive).mirror())
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(patches.resolve, status(*OLD), [], root, cache / "pool", ignore) for _ in range(4)]
    assert len({future.result().fingerprint for future in found}) == 1


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


def test_a_base_is_simulated_from_nothing_and_becomes_a_status(archive: Archive, cache: Path) -> None:
    core = Deb(name="core", version="1", fields={"Essential": "yes"})
    archive.publish({"trixie": (core, *OLD), "trixie-security": (TLS,)})
    root = PrivateRoot(cache, archive.mirror(), ("trixie",))
    root.update()
    planned = root.simulate_install("", ["?essential", "tls"], upgrade=False)
    assert [(p.name, p.to_version, p.suite) for p in planned] == [
        ("core", "1", "trixie"),
        ("tls", OLD[0].version, "trixie"),
    ]
    assert parse_status(root.status_text(planned)).version_of("tls") == OLD[0].version
    lock = resolve(archive, cache, base=root.status_text(planned))
    assert [p.label for p in lock.packages] == ["tls 1:3.5-1+deb13u3"]


def test_a_file_mirror_works_too(archive: Archive, cache: Path) -> None:
    published(archive).url = f"file:{archive.root}"
    lock = resolve(archive, cache, "web")
    assert len(patches.debs(lock, cache / "pool")) == 5


def test_progress_ends_with_all_packages(archive: Archive, cache: Path) -> None:
    said: list[str] = []
    root = PrivateRoot(cache, published(archive).mirror())
    patches.resolve(status(*OLD), [], root, cache / "pool", said.append)
    assert said[-1] == "downloading 3 of 3 packages, 1 MiB of 1 MiB"


def test_what_is_in_the_pool_is_not_downloaded_again(archive: Archive, cache: Path) -> None:
    lock = resolve(published(archive), cache)
    said: list[str] = []
    patches.fetch(lock, PrivateRoot(cache, archive.mirror()), cache / "pool", said.append)
    assert said == []


def test_nothing_of_the_hosts_apt_configuration_is_read(archive: Archive, cache: Path) -> None:
    root = PrivateRoot(cache, archive.mirror())
    root.update()
    env = {"APT_CONFIG": str(root.home / "apt.conf")}
    dumped = run(["apt-config", "dump"], timeout=30, env=env).stdout
    assert "/etc/apt" not in dumped
    assert 'Acquire::Check-Valid-Until "true"' in dumped
    assert 'APT::Architectures:: "amd64"' in dumped
    assert "IndexTargets::deb::Translations::" not in dumped
    assert "IndexTargets::deb::DEP-11::" not in dumped


def test_a_cache_path_that_apt_cannot_quote_is_refused(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="apt cannot use a path with quotes"):
        PrivateRoot(tmp_path / 'a "cache"', archive.mirror()).update()


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
