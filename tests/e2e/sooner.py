"""A tree whose machines boot with a fifth less work: for tests of the pipeline, which boot some forty of them.

Only what a boot does is less: what is written to the console, units and modules of cloud-init that the tests do not
look at, what guards against other guests of a processor. The default recipe's own tests boot the product's base, with
all of it.
"""

from __future__ import annotations

import io
import struct
import tarfile
from pathlib import Path

_ARGUMENTS = "mitigations=off loglevel=4 systemd.show_status=false"
_CONSOLE = b"console=tty0 console=ttyS0,115200"
_MASKED = (
    "apt-daily-upgrade.timer", "apt-daily.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
    "getty@tty1.service", "grub-common.service", "modprobe@drm.service", "modprobe@efi_pstore.service",
    "modprobe@fuse.service", "serial-getty@ttyS0.service", "systemd-binfmt.service",
)  # fmt: skip
# systemd runs its services for a changed /usr when these are older than that folder.
_UP_TO_DATE = ("etc/.updated", "var/.updated")
_FILES = {
    "etc/default/grub.d/20-sooner.cfg": f'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {_ARGUMENTS}"\n',
    "etc/cloud/cloud.cfg.d/20-sooner.cfg": """\
ssh_genkeytypes: [ed25519]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules:
  [scripts-per-boot, scripts-per-instance, scripts-user, final-message, power-state-change]
""",
}
_PYC_FLAGS = slice(4, 8)
_UNCHECKED_HASH = struct.pack("<I", 1)


def boot_sooner(archive: Path, epoch: int) -> None:
    """Rewrite a root file system's tar."""
    written = archive.with_suffix(".sooner")
    with tarfile.open(archive) as before, tarfile.open(written, "w", format=tarfile.PAX_FORMAT) as after:
        prefix = "./" if before.getnames()[0].startswith("./") else ""
        for member in before:
            if not member.isreg():
                after.addfile(member)
                continue
            stream = before.extractfile(member)
            assert stream is not None
            if member.name.endswith(".pyc"):
                content = bytearray(stream.read())
                content[_PYC_FLAGS] = _UNCHECKED_HASH
            elif member.name.endswith("boot/grub/grub.cfg"):
                content = bytearray(stream.read().replace(_CONSOLE, _CONSOLE + f" {_ARGUMENTS}".encode()))
                member.size = len(content)
            else:
                after.addfile(member, stream)
                continue
            after.addfile(member, io.BytesIO(content))
        for unit in _MASKED:
            after.addfile(_entry(f"{prefix}etc/systemd/system/{unit}", epoch, link="/dev/null"))
        for name in _UP_TO_DATE:
            after.addfile(_entry(prefix + name, epoch))
        for name, text in _FILES.items():
            entry = _entry(prefix + name, epoch)
            entry.size = len(text)
            after.addfile(entry, io.BytesIO(text.encode()))
    written.replace(archive)


def _entry(name: str, epoch: int, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = 0o644, epoch
    if link:
        entry.type, entry.linkname = tarfile.SYMTYPE, link
    return entry
