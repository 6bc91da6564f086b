"""Reports as the judges write them, cut to what a test is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import Judge
from hallmark.judges.tools import Tools

_RULE = "xccdf_org.ssgproject.content_rule_"
RESULT = (
    '<rule-result idref="xccdf_org.ssgproject.content_rule_{}" severity="medium"><result>{}</result></rule-result>\n'
)
TOOLS = Tools(
    tree=Path("/nowhere/tools.tar"),
    sha256=Sha256("f" * 64),
    versions={
        "lynis": "3.1.4-1",
        "ssh-audit": "3.3.0-2",
        "openscap-scanner": "1.4.2+dfsg-1",
        "ssg-debian": "0.1.82-1",
    },
)


def lynis(index: int, *, failed: Iterable[str] = (), passed: Iterable[str] = (), version: str = "3.1.4") -> bytes:
    """A report.dat of Lynis."""
    failed, passed = tuple(failed), tuple(passed)
    lines = ["# Lynis Report", f"lynis_version={version}", f"hardening_index={index}"]
    lines += [f"suggestion[]={test}|Some words|-|-|" for test in failed]
    lines += [f"tests_executed={'|'.join((*failed, *passed))}|", "tests_skipped=HTTP-6622|"]
    return ("\n".join(lines) + "\n").encode()


def lynis_points(points: Mapping[str, tuple[int, int]]) -> bytes:
    """What each test of Lynis got, and could get."""
    return "".join(f"{test} {got} {most}\n" for test, (got, most) in points.items()).encode()


def openscap(results: Mapping[str, str], *, profile: str = "cis_level1_server", version: str = "0.1.82") -> bytes:
    """The TestResult of an XCCDF document."""
    rows = "".join(RESULT.format(rule, result) for rule, result in results.items())
    name = f"xccdf_org.ssgproject.content_profile_{profile}"
    return f'<TestResult id="x" version="{version}"><profile idref="{name}"/>\n{rows}</TestResult>\n'.encode()


def algorithm(name: str, **notes: list[str]) -> dict[str, object]:
    """An algorithm as ssh-audit lists it."""
    return {"algorithm": name, "notes": {"info": ["available since OpenSSH 6.2"], **notes}}


def ssh_audit(**lists: Sequence[object]) -> bytes:
    """A sound server, but for the lists that are given."""
    names = {"kex": "curve25519-sha256", "key": "ssh-ed25519", "enc": "aes256-ctr", "mac": "hmac-sha2-256-etm"}
    return json.dumps({"cves": [], **{kind: [algorithm(name)] for kind, name in names.items()}, **lists}).encode()


LYNIS = lynis(68, passed=("SSH-7408",))
SSH_AUDIT = ssh_audit()
FILES = {"lynis": "report.dat", "openscap": "results.xml", "ssh-audit": "ssh-audit.json"}


def write_report(results: Path, judge: Judge, data: bytes, *, carried: str = TOOLS.sha256) -> None:
    """A judge's report where the guest leaves it, and the hash of the tools that it was carried."""
    folder = results / "judges" / judge.label
    folder.mkdir(parents=True, exist_ok=True)
    (results / "judges" / "tools.sha256").write_text(f"{carried}\n")
    (folder / FILES[judge.name]).write_bytes(data)
    (folder / "exit").write_text("0\n")
    (folder / "seconds").write_text("12.5\n")
