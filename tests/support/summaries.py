"""One whole summary: an image with a waiver, a mitigation, and a control of each kind of verdict."""

from __future__ import annotations

from hallmark.evidence.summary import (
    Artefact,
    ControlSummary,
    Finding,
    Gap,
    Identity,
    InstalledPackage,
    Made,
    MitigationSummary,
    Patch,
    Purpose,
    RemovedPackage,
    Summary,
    Waiver,
)
from hallmark.verdict.judgement import Word

WAIVER = Waiver(reason="old", expires="2026-12-31")
BUILD, BOOT = "build", "acceptance, second boot"
HOST = {"platform": "local", "kernel": "Linux 6.1.0", "QEMU": "QEMU emulator version 10.0", "accelerator": "kvm"}


def _control(name: str, build: Word, boot: Word, *lines: str, waiver: Waiver | None = None) -> ControlSummary:
    return ControlSummary(
        id=name,
        title=f"Sees to {name}",
        severity="high",
        requirements=("A1", "A5"),
        parameters={"ciphers": "aes256-gcm", "port": ""},
        rows=(("kernel.dmesg_restrict", "1", "-"),) if name == "ssh-crypto" else (),
        waiver=waiver,
        findings={BUILD: Finding(verdict=build), BOOT: Finding(verdict=boot, lines=lines)},
    )


WHOLE = Summary(
    title="web 0123456789abcdef",
    outcome="accepted",
    identity=Identity(
        image="web-0123456789abcdef",
        recipe="web",
        fingerprint="0123456789abcdef" * 4,
        acceptance="a" * 64,
        base="b" * 64,
        patch_lock="c" * 64,
        artefact=Artefact(sha256="d" * 64, size=220200960),
    ),
    purpose=Purpose(
        title="Web server", purpose="serves pages", profile="server", administrators=("ada",), listen=("22/tcp",)
    ),
    made={
        "build": Made(ended="2026-11-28T09:05:00Z", hallmark="0.1.0", commit="e" * 40, modified=True, host=HOST),
        "acceptance": Made(ended="2026-11-28T09:15:00Z", hallmark="0.1.0", commit=None, modified=None, host=HOST),
    },
    controls=(
        _control("ssh-crypto", "passed", "passed"),
        _control("wireless", "not applicable", "not applicable", "the kernel has no driver for it"),
        _control("ipv6", "waived", "waived", "FAIL eth0 has an address", waiver=WAIVER),
    ),
    mitigations=(
        MitigationSummary(
            cve="CVE-2026-1234", package="openssl", control="ssh-crypto", reason="no patch yet", expires="2026-12-24"
        ),
    ),
    not_covered=(Gap(requirement="T2", title="independent tools judge it", why="none does yet"),),
    cves={"CVE-2026-0001": ("openssl",), "CVE-2026-0002": ("openssl", "libssl3")},
    patches=(
        Patch(
            name="openssl",
            version="3.5.1-1+deb13u1",
            before="3.5.1-1",
            suite="trixie-security",
            sha256="f" * 64,
            controls=("ssh-crypto",),
            cves=("CVE-2026-0001", "CVE-2026-0002"),
        ),
    ),
    removed=(RemovedPackage(name="netcat", version="1.2-3", why="removed by the control ssh-crypto"),),
    packages_before=321,
    packages=(InstalledPackage(name="openssl", version="3.5.1-1+deb13u1", architecture="amd64", origin="patched"),),
    isolation={"before the build": ("expected: none", "all probed"), "after the build": ()},
    timings={"build: patch": 30.0, "build: check": 90.0},
)
