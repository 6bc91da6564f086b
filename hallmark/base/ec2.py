"""What EC2 asks of a base's disk: to find its root by NVMe, to have a network by ENA, to be configured by cloud-init.

Debian's cloud kernel and cloud-init have all three today. A base without them would start there, say nothing, and be
ended at the deadline. So it is refused here, before it is uploaded.
"""

from __future__ import annotations

import re
from pathlib import Path

from hallmark.base.disk_reader import RawRoot
from hallmark.common.errors import ProcessError

_CLOUD_INIT = "/usr/lib/python3/dist-packages/cloudinit"
_CONFIG = "/etc/cloud"
_SOURCES = re.compile(r"""^["']?datasource_list["']?:\s*\[(.*?)\]""", re.MULTILINE | re.DOTALL)


def check_for_ec2(raw: Path, scratch: Path) -> None:
    """ProcessError, naming all that is missing, when a machine of EC2's could not start from this raw disk image."""
    root = RawRoot(raw, scratch)
    missing = [*_missing_drivers(root), *_missing_source(root)]
    if missing:
        raise ProcessError(f"base: EC2 could not run it: {'; '.join(missing)}; use Debian's AMI meanwhile")


def _missing_drivers(root: RawRoot) -> list[str]:
    release = root.newest_kernel()
    config = root.text(f"/boot/config-{release}")
    missing = []
    # As a module it would have to be in the initial RAM disk too.
    if "CONFIG_BLK_DEV_NVME=y\n" not in config:
        missing.append(f"expected the kernel {release} to have the driver of NVMe built in")
    module = "CONFIG_ENA_ETHERNET=m\n" in config and "/ena.ko" in root.text(f"/usr/lib/modules/{release}/modules.dep")
    if not module and "CONFIG_ENA_ETHERNET=y\n" not in config:
        missing.append(f"expected the kernel {release} to have the driver of ENA")
    return missing


def _missing_source(root: RawRoot) -> list[str]:
    if not root.text(f"{_CLOUD_INIT}/sources/DataSourceEc2.py"):
        return ["expected cloud-init with EC2's data source"]
    folder = f"{_CONFIG}/cloud.cfg.d"
    files = [f"{_CONFIG}/cloud.cfg", *(f"{folder}/{name}" for name in root.names(folder) if name.endswith(".cfg"))]
    configured = [(file, found) for file in files if (found := _sources(root.text(file)))]
    # The last file wins; without any the list is cloud-init's own.
    file, sources = configured[-1] if configured else (f"{_CLOUD_INIT}/settings.py", _sources(_own_list(root)))
    return [] if "Ec2" in sources else [f"{file}: expected Ec2 in datasource_list"]


def _own_list(root: RawRoot) -> str:
    """cloud-init's own list as a file of configuration would have it: at the start of a line."""
    return re.sub(r"^\s+", "", root.text(f"{_CLOUD_INIT}/settings.py"), flags=re.MULTILINE)


def _sources(text: str) -> list[str]:
    """The last `datasource_list` in a text."""
    found = _SOURCES.findall(text)
    return re.findall(r"\w+", re.sub(r"#.*", "", found[-1])) if found else []
