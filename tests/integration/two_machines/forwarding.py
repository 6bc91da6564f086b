"""A guest that sends its logs: with rsyslog, which the released image has not, as the control `logs-forwarded` sets it.

rsyslog's files come from the Debian 13 that the controls' scenarios run in, and go again.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hallmark.common.containment import writing
from hallmark.common.process import run
from tests.integration.two_machines.pair import Guest

PACKAGES = ("rsyslog", "rsyslog-openssl", "libestr0", "libfastjson4")
NAME = "collector.test"
OURS = ("/etc/hallmark/logs", "/var/spool/rsyslog", "/etc/systemd/system/rsyslog.service.d")
FOLDERS = ("/etc/rsyslog.d", "/etc/logcheck/ignore.d.server", "/usr/lib/rsyslog", "/usr/lib/x86_64-linux-gnu/rsyslog")


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """An authority, and keys that it signed: below `folder`, NAME.key and NAME.crt of authority, server and client."""

    folder: Path

    @property
    def authority(self) -> str:
        """The authority's certificate as one word."""
        return "".join((self.folder / "authority.crt").read_text().splitlines()[1:-1])


def make_certificates(folder: Path) -> Certificates:
    """An authority, a server of the name that the control is told, and a client."""
    _openssl(folder, "req -x509 -nodes -days 2 -subj /CN=authority -keyout authority.key -out authority.crt")
    for who, name, use in (("server", NAME, "serverAuth"), ("client", "client.test", "clientAuth")):
        (folder / f"{who}.ext").write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage={use}\n")
        _openssl(folder, f"req -nodes -subj /CN={name} -keyout {who}.key -out {who}.csr")
        signed_by = "-CA authority.crt -CAkey authority.key -CAcreateserial"
        _openssl(folder, f"x509 -req -days 2 -in {who}.csr {signed_by} -extfile {who}.ext -out {who}.crt")
    return Certificates(folder=folder)


def _openssl(folder: Path, words: str) -> None:
    kind, *rest = words.split()
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "req" else []
    run(["openssl", kind, *new_key, *rest], timeout=60, cwd=folder, reach=writing(folder))


@contextmanager
def forwarding(guest: Guest, collector: Guest, debian: Path, certificates: Certificates) -> Iterator[dict[str, str]]:
    """A guest whose logs go to the collector; gives the control's values. Afterwards the guest is as it was."""
    archive, names = package_files(debian)
    values = {
        "server": collector.address,
        "name": NAME,
        "authorities": certificates.authority,
    }
    try:
        guest.unpack(archive, "/")
        guest.apply("logs-forwarded", values)
        for name in ("client.key", "client.crt"):
            guest.write(f"/etc/hallmark/logs/{name}", (certificates.folder / name).read_bytes())
        guest.must("systemctl daemon-reload && systemctl start rsyslog")
        yield values
    finally:
        guest.must(
            f"systemctl --quiet disable --now rsyslog; rm -rf {' '.join((*OURS, *names))}; systemctl daemon-reload"
        )
        guest.must(f"mkdir -p {' '.join(FOLDERS)} && rmdir --parents --ignore-fail-on-non-empty {' '.join(FOLDERS)}")


def package_files(debian: Path) -> tuple[bytes, list[str]]:
    """A tar of what the packages have but their documentation, and its names from the root."""
    info = debian / "var" / "lib" / "dpkg" / "info"
    stream, names = io.BytesIO(), []
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for package in PACKAGES:
            listing = next(path for path in info.glob(f"{package}*.list") if path.stem.split(":")[0] == package)
            for name in listing.read_text().splitlines():
                path = debian / name.lstrip("/")
                if not name.startswith(("/usr/share/doc", "/usr/share/man")) and not path.is_dir():
                    archive.add(path, name.lstrip("/"))
                    names.append(name)
    return stream.getvalue(), names
