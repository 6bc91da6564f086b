"""A2, A4, A6: see control.toml. Looks at the names of all files, and into all that could hold a secret."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lib import Context, File, NotApplicable, as_packaged, files_of_disk, merged, package_files, read

# A package's file that grew a secret is small; of what no package owns, everything is read.
SMALL = 64 * 1024
LARGEST = 256 * 1024 * 1024
DER_LARGEST = 16 * 1024
# How far before and behind its mark a secret is looked for.
REACH = 8 * 1024

# What a path says by itself, whatever the file holds (an empty one says nothing).
NAMES = {
    r"/\.([a-z_]*_)?history$|/\.(histfile|lesshst|viminfo|wget-hsts)$": "a history",
    r"^/var/lib/cloud/(data|handlers|instances?|seed|sem)/": "cloud-init's data of the machine that built the image",
    r"^/var/lib/systemd/(random-seed|credential\.secret)$|^/var/lib/dbus/machine-id$": "of one machine alone",
    r"^/etc/ssh/ssh_host_[^/]*key": "a host key",
    r"^/etc/(bind/rndc\.key|munge/munge\.key|corosync/authkey|krb5\.keytab)$": "a key that was made on installation",
    r"/\.gnupg/(private-keys-v1\.d/|secring\.gpg$)|/secring\.gpg$": "a private key of GnuPG",
    r"\.(p12|pfx|jks|keystore|kdbx|keytab|ppk)$": "a store of private keys",
    r"/\.(netrc|git-credentials|pgpass|vault-token|dockercfg|pypirc|s3cfg|boto)$": "a credential",
    r"/\.aws/credentials$|/\.docker/config\.json$|/\.kube/config$": "a credential",
    r"/\.config/(gh/hosts\.yml|gcloud/.*\.db)$": "a credential",
}
# What a file holds: a mark that grep finds fast, and the whole of what it must be part of.
BASE64 = rb"[A-Za-z0-9+/=]"
CONTENTS = {
    rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----(\s|\\n|\\r)+([A-Za-z-]+: [^\n]*\s+)*(\\?[A-Za-z0-9+/=]\s?){40}": (
        "a private key",
        ["PRIVATE KEY"],
    ),
    rb"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----": ("a private key of SSH", ["SSH2 ENCRYPTED PRIVATE KEY"]),
    rb"PuTTY-User-Key-File-[0-9]+: ": ("a private key of PuTTY", ["PuTTY-User-Key-File-"]),
    rb"AGE-SECRET-KEY-1[A-Z0-9]{50}": ("a private key of age", ["AGE-SECRET-KEY-1"]),
    rb"\((11:private-key|21:protected-private-key|protected-private-key |private-key )": (
        "a private key of GnuPG",
        ["private-key"],
    ),
    rb"Private-key-format: v1": ("a private key of DNSSEC", ["Private-key-format:"]),
    rb"(?m)^\s*PrivateKey\s*=\s*" + BASE64 + rb"{43}=": ("a private key of WireGuard", ["PrivateKey"]),
    rb"secret\s+\"" + BASE64 + rb"{16,}\"": ("a key of DNS", ["secret"]),
    rb"(?m)^InitiatorName=iqn": ("the name of one machine, for iSCSI", ["InitiatorName="]),
    rb"(AKIA|ASIA)[A-Z0-9]{16}\b": ("a key of AWS", ["AKIA", "ASIA"]),
    rb"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60}": (
        "a token of GitHub",
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
    ),
    rb"glpat-[A-Za-z0-9_-]{20}": ("a token of GitLab", ["glpat-"]),
    rb"xox[abprs]-[A-Za-z0-9-]{20}": ("a token of Slack", ["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"]),
    rb"AIza[A-Za-z0-9_-]{35}": ("a key of Google", ["AIza"]),
    rb"sk_live_[A-Za-z0-9]{20}": ("a key of Stripe", ["sk_live_"]),
    rb"npm_[A-Za-z0-9]{36}|_authToken\s*=\s*\S{20}": ("a token of npm", ["npm_", "_authToken"]),
    rb"pypi-AgE[A-Za-z0-9_-]{40}": ("a token of PyPI", ["pypi-AgE"]),
    rb"pul-[0-9a-f]{40}": ("a token of Pulumi", ["pul-"]),
    rb"\bhvs\.[A-Za-z0-9_-]{24}": ("a token of Vault", ["hvs."]),
    rb"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16}": ("a signed token", [".eyJ"]),
    rb"\$(y|gy|7|6|5|1|apr1|2[abxy])\$[./A-Za-z0-9$=,]{8,}\$?[./A-Za-z0-9]{20}": (
        "the hash of a password",
        [f"${kind}$" for kind in ("y", "gy", "7", "6", "5", "1", "apr1", "2a", "2b", "2x", "2y")],
    ),
    rb"grub\.pbkdf2\.sha512\.[0-9]+\.[0-9A-F]{32}": ("the hash of a password", ["grub.pbkdf2.sha512."]),
}


def check(context: Context) -> str:
    """Findings for each file that looks like a secret, unless its package ships it so or the recipe allows it."""
    if context.phase == "drift":
        raise NotApplicable("a live server has secrets of its own")
    since = _started() if context.phase == "acceptance" else None
    files = [file for file in files_of_disk() if file.status.st_size and not _is_newer(file, since)]
    found = {**contents_of(files), **binary_keys(files), **names_of(files)}
    for path, what in sorted(found.items()):
        if not is_excused(path) and not any(fnmatch.fnmatchcase(path, pattern) for pattern in context.words("allowed")):
            context.finding(f"{path}: {what}")
    check_own_files(context, {file.path for file in files})
    return f"nothing secret in {len(files)} files"


def _started() -> int | None:
    """When the booted candidate started for the first time; of what is newer the image is not the source."""
    given = os.environ.get("HALLMARK_SINCE") or re.findall(r"^btime (\d+)", read(Path("/proc/stat")), re.MULTILINE)[0]
    return int(given)


def _is_newer(file: File, since: int | None) -> bool:
    return since is not None and file.status.st_ctime >= since


def names_of(files: Iterable[File]) -> dict[str, str]:
    """Files that say by their path what they are."""
    patterns = [(re.compile(pattern), what) for pattern, what in NAMES.items()]
    return {file.path: what for file in files for pattern, what in patterns if pattern.search(file.path)}


def contents_of(files: Iterable[File]) -> dict[str, str]:
    """Files that hold what looks like a secret: grep finds the marks, and only around them is the whole looked for."""
    owned = package_files()
    paths = [f.path for f in files if f.status.st_size <= (SMALL if merged(f.path) in owned else LARGEST)]
    kinds = {
        mark.encode(): (re.compile(pattern), what) for pattern, (what, marks) in CONTENTS.items() for mark in marks
    }
    found: dict[str, str] = {}
    for path, marked in _marks_in(kinds, paths).items():
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as stream:  # noqa: PTH123 - thousands of them
            for place, mark in marked:
                stream.seek(max(0, place - REACH))
                pattern, what = kinds[mark]
                if pattern.search(stream.read(2 * REACH)):
                    found[path] = what
                    break
    return found


def _marks_in(marks: Iterable[bytes], paths: list[str]) -> dict[str, list[tuple[int, bytes]]]:
    """Path → where in the file a mark stands, and which; of those close behind each other the first of its kind."""
    words = [word for mark in marks for word in ("-e", os.fsdecode(mark))]
    # Two turns: to name a file grep stops at its first mark, and few files have one.
    holding = [os.fsdecode(path) for path in _grep(["-laZF", *words], paths).split(b"\0") if path]
    found: dict[str, list[tuple[int, bytes]]] = {}
    last: dict[tuple[bytes, bytes], int] = {}
    for path, offset, mark in re.findall(rb"([^\0]+)\0(\d+):(.*)\n", _grep(["-obaFZH", *words], holding)):
        place = int(offset)
        if place - last.get((path, mark), -REACH) >= REACH // 2:
            last[path, mark] = place
            found.setdefault(os.fsdecode(path), []).append((place, mark))
    return found


def _grep(words: list[str], paths: list[str]) -> bytes:
    text = b"".join(os.fsencode(path) + b"\0" for path in paths)
    in_bytes = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        ["xargs", "-0r", "grep", *words, "--"], input=text, stdout=subprocess.PIPE, check=False, env=in_bytes
    )
    if done.returncode not in (0, 123):  # 123: grep found nothing in one of its turns
        raise OSError(f"grep ended with exit code {done.returncode}")
    return done.stdout


def binary_keys(files: Iterable[File]) -> dict[str, str]:
    """Private keys in DER (PKCS#1, PKCS#8, SEC 1, DSA) and PKCS#12, by their first bytes, whatever they are called."""
    owned = package_files()
    found = {}
    for file in files:
        if file.status.st_size <= DER_LARGEST and merged(file.path) not in owned:
            # What has gone since the disk was walked is in no image.
            with contextlib.suppress(FileNotFoundError), open(file.path, "rb") as stream:  # noqa: PTH123 - as above
                what = _der(stream.read(16), file.status.st_size)
                if what:
                    found[file.path] = what
    return found


def _der(head: bytes, size: int) -> str | None:
    """SEQUENCE { INTEGER version, ...: the length must be the file's own."""
    if len(head) < 12 or head[0] != 0x30:
        return None
    many = head[1] & 0x7F if head[1] & 0x80 else 0
    length = int.from_bytes(head[2 : 2 + many], "big") if many else head[1]
    inner = head[2 + many :]
    if 2 + many + length != size or inner[:2] != b"\x02\x01":
        return None
    if inner[2] in (0, 1) and inner[3] in (0x02, 0x04, 0x30):
        return "a private key (DER)"
    return "a store of private keys (PKCS#12)" if inner[2] == 3 and inner[3] == 0x30 else None


def is_excused(path: str) -> bool:
    """A file as its package ships it; or what Python compiled of such a file, which holds no more than that."""
    compiled = re.fullmatch(r"(.*)/__pycache__/(.*)\.cpython-[0-9]+(\.opt-[12])?\.pyc", path)
    source = f"{compiled[1]}/{compiled[2]}.py" if compiled else path
    return as_packaged(merged(source))


def check_own_files(context: Context, paths: set[str]) -> None:
    """Where a secret is a field of a file that must be there."""
    for name in ("/etc/shadow", "/etc/gshadow"):
        for line in read(Path(name)).splitlines() if name in paths else ():
            account, secret, *_ = line.split(":")
            if secret.strip("!*"):
                context.finding(f"{name}: {account}: the hash of a password, which is the same on each server")
    if (
        "/etc/machine-id" in paths
        and context.phase != "test"
        and read(Path("/etc/machine-id")).strip() != "uninitialized"
    ):
        context.finding("/etc/machine-id: of one machine alone; expected uninitialized")
    if "/var/cache/debconf/passwords.dat" in paths:
        for value in re.findall(r"^Value: *(\S.*)$", read(Path("/var/cache/debconf/passwords.dat")), re.MULTILINE):
            context.finding(
                f"/var/cache/debconf/passwords.dat: an answer to a question for a password ({len(value)} characters)"
            )
