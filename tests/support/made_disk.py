"""A small disk with an EFI system partition and a root."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from hallmark.base.disk import DiskIds, make_disk
from hallmark.config.disk import Layout, Partition, plain

LAYOUT, EPOCH = plain(128), 1_757_000_000
IDS = DiskIds.of("f" * 64)
SHIM = "usr/lib/shim/shimx64.efi.signed"
FILES = {
    SHIM: b"shim",
    "usr/lib/shim/mmx64.efi.signed": b"mok manager",
    "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed": b"grub",
    "var/lib/dpkg/status": b"Package: base-files\nStatus: install ok installed\n",
    "boot/vmlinuz-6.12.9-cloud-amd64": b"old kernel",
    "boot/vmlinuz-6.12.10-cloud-amd64": b"new kernel",
    "boot/initrd.img-6.12.10-cloud-amd64": b"initrd",
}
EC2_FILES = {
    **FILES,
    "boot/config-6.12.10-cloud-amd64": b"CONFIG_BLK_DEV_NVME=y\nCONFIG_ENA_ETHERNET=m\n",
    "usr/lib/modules/6.12.10-cloud-amd64/modules.dep": b"kernel/drivers/net/ethernet/amazon/ena/ena.ko.xz:\n",
    "usr/lib/python3/dist-packages/cloudinit/settings.py": b'    "datasource_list": [\n        "Ec2",\n    ],\n',
    "usr/lib/python3/dist-packages/cloudinit/sources/DataSourceEc2.py": b"class DataSourceEc2:\n",
    "etc/cloud/cloud.cfg.d/05_logging.cfg": b"output: {all: '| tee -a /var/log/cloud-init-output.log'}\n",
}
"""The same, as EC2 could run it."""


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    """A root file system's archive as mmdebstrap writes it."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        folders = sorted({str(parent) for name in files for parent in Path(name).parents if str(parent) != "."})
        for folder in folders:
            entry = tarfile.TarInfo(f"./{folder}")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, EPOCH
            tar.addfile(entry)
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"./{name}")
            entry.size, entry.mtime = len(data), EPOCH
            tar.addfile(entry, io.BytesIO(data))
    return path


def write_disk(folder: Path, *, files: dict[str, bytes] = FILES, ids: DiskIds = IDS, layout: Layout = LAYOUT) -> Path:
    folder.mkdir()
    archive = write_archive(folder / "root.tar", files)
    make_disk(archive, folder / "disk.qcow2", ids=ids, layout=layout, epoch=EPOCH, work=folder)
    return folder / "disk.qcow2"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_disk(tmp_path_factory.mktemp("disk") / "first")


SEPARATE = Layout(
    size_mib=256,
    partitions=tuple(
        Partition(mount_point=place, mib=mib)
        for place, mib in (("/boot", 16), ("/", 40), ("/var/log", 16), ("/var", 118))
    ),
)
SEPARATE_FILES = {
    **EC2_FILES,
    "etc/fstab": "".join(
        f"UUID={IDS.filesystem(place)} {place} ext4 rw,discard 0 2\n" for place in ("/", *SEPARATE.mount_points)
    ).encode(),
    "var/log/README": b"logs\n",
}


@pytest.fixture(scope="module")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with partitions of its own for /boot, /var and /var/log."""
    return write_disk(tmp_path_factory.mktemp("separate") / "first", files=SEPARATE_FILES, layout=SEPARATE)
