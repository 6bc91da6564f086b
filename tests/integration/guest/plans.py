"""The recipe that the scenarios assume, and its plan as files beside a scratch root."""

from __future__ import annotations

from pathlib import Path

from hallmark.controls.plan import Plan, recipe_environment

CHECKOUT = Path(__file__).parents[3]
SCRIPTS = CHECKOUT / "image_scripts"
FACTS = {
    "name": "debian-13-server",
    "purpose": "a server for the tests",
    "hostname": "hallmark-test",
    "expected_network": "none",
    "mirror": "http://mirror.example/debian",
    "security_mirror": "http://mirror.example/debian-security",
    "packages": ("cloud-init", "openssh-server", "sudo"),
    "listen": ("22/tcp",),
    "listen_network": ("22/tcp",),
    "listen_local": (),
    "administrators": ("jdoe",),
    "setid_files": (
        "/usr/bin/passwd",
        "/usr/bin/su",
        "/usr/bin/sudo",
        "/usr/lib/dbus-1.0/dbus-daemon-launch-helper",
        "/usr/sbin/unix_chkpwd",
    ),
    "partitions": (),
}


def write_plan(folder: Path, root: Path, plan: Plan) -> Path:
    """Write the plan as the media would carry it: all that the root holds is expected, a few packages are locked."""
    installed = _installed(root)
    files = plan.files()
    files["plan/expected.tsv"] = "".join(f"{n}\t{v}\t{a}\n" for n, v, a in installed).encode()
    locked_rows = [row for row in installed if row[0] in ("openssl", "sudo", "tzdata")]
    files["plan/lock.tsv"] = "".join(
        f"{n}\t{a}\t{v}\t{v}~old\ttrixie-security\tCVE-2026-0001,CVE-2026-0002\n" for n, v, a in locked_rows
    ).encode()
    files["plan/recipe.env"] = recipe_environment(
        {
            "HALLMARK_RECIPE": str(FACTS["name"]),
            "HALLMARK_PURPOSE": str(FACTS["purpose"]),
            "HALLMARK_LOCK": "0123456789abcdef",
        }
    )
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "plan"


def _installed(root: Path) -> list[tuple[str, str, str]]:
    rows = []
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status") == "install ok installed":
            rows.append((fields["Package"], fields["Version"], fields["Architecture"]))
    return sorted(rows)
