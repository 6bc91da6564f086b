"""A base that EC2 could not run is refused before its upload, and what it lacks is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.base.disk import unpack
from hallmark.base.ec2 import check_for_ec2
from hallmark.common.errors import ProcessError
from tests.support.made_disk import EC2_FILES, write_disk

CONFIG, RELEASE = "boot/config-6.12.10-cloud-amd64", "6.12.10-cloud-amd64"
DEP = f"usr/lib/modules/{RELEASE}/modules.dep"
SETTINGS = "usr/lib/python3/dist-packages/cloudinit/settings.py"
SOURCE = "usr/lib/python3/dist-packages/cloudinit/sources/DataSourceEc2.py"


def check(folder: Path, **changed: bytes) -> None:
    disk = write_disk(folder / "disk", files={**EC2_FILES, **changed})
    unpack(disk, folder / "disk.raw")
    check_for_ec2(folder / "disk.raw", folder)


def test_a_disk_with_all_of_it_passes(tmp_path: Path) -> None:
    check(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "disk.raw"]


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        (
            CONFIG,
            "CONFIG_BLK_DEV_NVME=m\nCONFIG_ENA_ETHERNET=m\n",
            f"expected the kernel {RELEASE} to have the driver of NVMe built in",
        ),
        (DEP, "kernel/drivers/net/veth.ko.xz:\n", f"expected the kernel {RELEASE} to have the driver of ENA"),
        (
            CONFIG,
            "CONFIG_BLK_DEV_NVME=y\n# CONFIG_ENA_ETHERNET is not set\n",
            f"expected the kernel {RELEASE} to have the driver of ENA",
        ),
        (SOURCE, "", "expected cloud-init with EC2's data source"),
        (
            SETTINGS,
            'CFG_BUILTIN = {\n    "datasource_list": [\n        "NoCloud",\n    ],\n}\n',
            f"/{SETTINGS}: expected Ec2",
        ),
        (
            "etc/cloud/cloud.cfg.d/90_dpkg.cfg",
            "# of debconf\ndatasource_list: [ NoCloud, None ]\n",
            "/etc/cloud/cloud.cfg.d/90_dpkg.cfg: expected Ec2 in datasource_list",
        ),
    ],
)
def test_what_it_lacks_is_named(tmp_path: Path, name: str, text: str, missing: str) -> None:
    with pytest.raises(ProcessError) as refused:
        check(tmp_path, **{name: text.encode()})
    assert str(refused.value).startswith("base: EC2 could not run it: ")
    assert missing in str(refused.value)


def test_all_that_it_lacks_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"NVMe built in; .*driver of ENA; .*EC2's data source; use Debian's AMI"):
        check(tmp_path, **{CONFIG: b"", SOURCE: b""})


def test_a_driver_that_is_built_in_and_a_list_that_names_ec2_are_fine(tmp_path: Path) -> None:
    check(
        tmp_path,
        **{
            CONFIG: b"CONFIG_BLK_DEV_NVME=y\nCONFIG_ENA_ETHERNET=y\n",
            DEP: b"",
            SETTINGS: b"",
            "etc/cloud/cloud.cfg": b"datasource_list: [ NoCloud, Ec2, None ]\n",
        },
    )
