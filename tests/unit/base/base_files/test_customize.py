"""What shapes a base's root leaves alone what mmdebstrap still needs of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hallmark.base.base_tree import BASE_FILES
from hallmark.common.process import ENVIRONMENT, PATH

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="files are given to root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as mmdebstrap hands it over: what apt has left is there, and the file that APT_CONFIG names."""
    tree = tmp_path / "root"
    for folder in ("etc", "run", "tmp", "var/lib/apt/lists", "var/cache/apt/archives/partial"):
        (tree / folder).mkdir(parents=True)
    (tree / "boot").mkdir()
    (tree / "boot/vmlinuz-6.12").touch()
    (tree / "tmp/mmdebstrap.apt.conf.AbCdEf").write_text('Dir "/the/root";\n')
    for name in ("lib/apt/lists/copy_Packages", "cache/apt/archives/sudo.deb", "cache/apt/pkgcache.bin"):
        (tree / "var" / name).touch()
    return tree


def customize(root: Path) -> None:
    """Run customize.sh; programs of the root itself are left out."""
    programs = root.parent / "bin"
    programs.mkdir()
    (programs / "chroot").write_text("#!/bin/sh\n")
    (programs / "chroot").chmod(0o755)
    environment = {**ENVIRONMENT, "PATH": f"{programs}:{PATH}", "ROOT_UUID": "r", "ESP_UUID": "e"}
    subprocess.run(["sh", BASE_FILES / "customize.sh", root], env=environment, check=True, timeout=60)


@as_root
def test_the_configuration_of_mmdebstraps_apt_stays(root: Path) -> None:
    customize(root)
    assert (root / "tmp/mmdebstrap.apt.conf.AbCdEf").read_text() == 'Dir "/the/root";\n'


@as_root
def test_what_apt_has_left_is_removed_without_apt(root: Path) -> None:
    customize(root)
    apt = (root / "var/lib/apt", root / "var/cache/apt")
    assert [str(path.relative_to(root)) for folder in apt for path in folder.rglob("*") if path.is_file()] == []
