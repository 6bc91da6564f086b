"""An image on a disk of partitions: built with patches, booted twice, accepted; on a larger disk one of them grows.

The archive's own base is made and patched, so another kernel comes to a /boot of its own. A quarter of an hour.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hallmark.base.disk import make_overlay, unpack
from hallmark.common.cache import user_cache
from hallmark.common.containment import writing
from hallmark.common.iso import make_volume
from hallmark.common.process import run
from hallmark.local.accelerator import TCG
from hallmark.local.machine import Drives, Shape, make_results_disk, run_until_power_off
from hallmark.store.image import Image
from tests.e2e.checkout import Checkout, Finished, scratch

DISK = '[disk]\nlayout = "separate"\n[acceptance]\nscripts = ["tests/still-works.sh"]\n'
# What the mount options could stop: dpkg's maintainer scripts, the initial RAM disk; and a package while logs are full.
# (apt-get installs it too, but ends with an error, as it cannot keep its own log.)
STILL_WORKS = """\
set -eu
[ "$(systemctl show --property=DefaultDeviceTimeoutUSec --value)" = 10min ]
for place in /boot /home /opt /srv /var /var/log /var/log/audit /var/tmp; do
    findmnt -no TARGET,OPTIONS "$place" | grep -q nosuid
done
! findmnt -no OPTIONS /var | grep -q noexec

disk=$(ls /boot/initrd.img-*)
lsinitramfs "$disk" | sort >/root/before
update-initramfs -u
lsinitramfs "$disk" | sort | cmp - /root/before
rm /root/before

mkdir -p /root/word/DEBIAN
printf '%s\\n' 'Package: word' 'Version: 1' 'Architecture: all' 'Maintainer: nobody' 'Description: a word' \\
    >/root/word/DEBIAN/control
printf '#!/bin/sh\\necho configured >/var/lib/word\\n' >/root/word/DEBIAN/postinst
chmod 755 /root/word/DEBIAN/postinst
dpkg-deb --build /root/word /root/word.deb
! dd if=/dev/zero of=/var/log/full bs=64k 2>/dev/null
[ "$(df --output=avail /var/log | tail -n 1)" -lt 64 ]
dpkg --install /root/word.deb
rm /var/log/full
grep -q configured /var/lib/word
dpkg --purge word
rm -r /root/word /root/word.deb /var/lib/word
"""
SEED = {
    "meta-data": b"instance-id: larger\n",
    "user-data": b"#cloud-config\npower_state: {mode: poweroff, delay: now}\n",
}
MIB = 1 << 20


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("separate")
    with scratch(folder / "checkout", folder / "cache" / "hallmark", user_cache()) as made:
        made.profile("separate", "mount-options", "packages-locked")
        path = made.recipe("tiny", profile="separate", extra=DISK)
        path.write_text(path.read_text().replace("deadline_minutes = 15", "deadline_minutes = 60"))
        (made.root / "recipes" / "tests").mkdir()
        (made.root / "recipes" / "tests" / "still-works.sh").write_text(STILL_WORKS)
        made.init()
        yield made


@pytest.fixture(scope="module")
def built(checkout: Checkout) -> Finished:
    return checkout.up()


@pytest.fixture(scope="module")
def image(checkout: Checkout, built: Finished) -> Image:
    assert built.code == 0, built.text
    (made,) = checkout.store.images()
    return made


def test_the_image_is_built_booted_twice_and_accepted(image: Image) -> None:
    assert image.state == "accepted"
    for boot in ("acceptance/first-boot", "acceptance"):
        assert (image.evidence / boot / "controls/mount-options.exit").read_text().strip() == "0"


def test_on_a_larger_disk_the_last_partition_and_its_file_system_grow(image: Image, tmp_path: Path) -> None:
    before = last_partition(image.disk, tmp_path / "before.raw")
    disk = tmp_path / "larger.qcow2"
    make_overlay(image.disk, disk)
    run(["qemu-img", "resize", "-q", disk, "+3G"], timeout=60, reach=writing(tmp_path))
    make_volume(tmp_path / "seed.iso", SEED, label="cidata", epoch=1_757_000_000)
    make_volume(tmp_path / "media.iso", {"nothing": b""}, label="none", epoch=1_757_000_000)
    make_results_disk(tmp_path / "results.raw")
    run_until_power_off(
        Shape(memory_mib=768, cpus=1, accelerator=TCG),
        Drives(
            disk=disk,
            media=tmp_path / "media.iso",
            seed=tmp_path / "seed.iso",
            results=tmp_path / "results.raw",
            backing=(image.disk,),
        ),
        work=tmp_path,
        deadline=900,
        on_progress=lambda _: None,
    )
    run(["qemu-img", "convert", "-O", "qcow2", disk, tmp_path / "whole.qcow2"], timeout=600, reach=writing(tmp_path))
    name, partition, filesystem = last_partition(tmp_path / "whole.qcow2", tmp_path / "after.raw")
    assert (name, partition - before[1]) == ("var", 3072)
    assert filesystem - before[2] == 3072


def last_partition(disk: Path, raw: Path) -> tuple[str, int, int]:
    """The disk's last partition: its name, its size and that of its file system, in MiB."""
    unpack(disk, raw)
    table = json.loads(run(["sfdisk", "--json", raw], timeout=60).stdout)["partitiontable"]
    last = max(table["partitions"], key=lambda part: part["start"])
    said = run(["debugfs", "-R", "stats -h", f"{raw}?offset={last['start'] * 512}"], timeout=60).stdout
    values = dict(line.split(":", 1) for line in said.splitlines() if line.startswith("Block "))
    blocks, size = int(values["Block count"]), int(values["Block size"])
    raw.unlink()
    return last["name"], last["size"] * 512 // MIB, blocks * size // MIB
