"""P6, R2: see control.toml. Asks apt what its configuration comes to, and offers it what nobody signed."""

from __future__ import annotations

import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lib import Context, apt_settings, as_packaged, read

SAME = {
    **dict.fromkeys(("yes", "true", "with", "on", "enable", "1"), "true"),
    **dict.fromkeys(("no", "false", "without", "off", "disable", "0"), "false"),
}
HOOK = re.compile(
    r"(?i)(.*::)?(DPkg::(Pre-Invoke|Post-Invoke|Pre-Install-Pkgs)|APT::(Update|Install)::[a-z-]*(Invoke|Failure)[a-z-]*"
    r"|AptCli::Hooks::[^:]*|APT::Key::GPGVCommand)(::.*)?"
)
PROXY = re.compile(r"(?i)(.*::)?Acquire::[a-z]+::(.*::)?Proxy-?Auto-?Detect")
OPTIONS = re.compile(r"(?i)(.*::)?DPkg::Options(::.*)?")
PLACES = {
    "Dir": "/",
    "Dir::Etc": "etc/apt",
    "Dir::Etc::parts": "apt.conf.d",
    "Dir::Etc::preferences": "preferences",
    "Dir::Etc::preferencesparts": "preferences.d",
    "Dir::Etc::trustedparts": "trusted.gpg.d",
    "Dir::Bin::methods": "/usr/lib/apt/methods",
    "Dir::Bin::dpkg": "/usr/bin/dpkg",
    "DPkg::Path": "/usr/sbin:/usr/bin:/sbin:/bin",
}
# dpkg's own configuration can name commands too, and let it take what it should refuse.
DPKG_OPTION = re.compile(r"(#|(no-debsig|log|path-(exclude|include)|force-(unsafe-io|conf[a-z]+))\b|$)")
READ_BY_APT = ("apt.conf.d", "keyrings", "preferences.d", "sources.list.d", "trusted.gpg.d")


def check(context: Context) -> str:
    """Findings for what makes apt believe or run more than its packages do."""
    settings = list(dump())
    last = {key.lower(): value for key, value in settings}
    for key, value in (row[:2] for row in context.rows()):
        # What apt-get has for itself alone (Binary::apt-get::...) counts more than what stands for all.
        for name in (key, f"Binary::apt::{key}", f"Binary::apt-get::{key}"):
            got = last.get(name.lower(), "nothing" if name == key else value)
            if SAME.get(got.lower(), got) != SAME.get(value, value):
                context.finding(f"apt: {name}: expected {value}, got {got}")
    for key, value in PLACES.items():
        if last.get(key.lower()) != value:
            context.finding(f"apt: {key}: expected {value}, got {last.get(key.lower(), 'nothing')}")
    check_commands(context, settings)
    check_files(context)
    check_unsigned(context)
    return "apt reads what it downloads behind its sandbox, and takes nothing unsigned"


def dump() -> Iterator[tuple[str, str]]:
    """Each setting and its value, as apt-config tells them."""
    for line in apt_settings().splitlines():
        key, _, value = line.partition(" ")
        yield key, value.removesuffix(";").removeprefix('"').removesuffix('"')


def check_commands(context: Context, settings: list[tuple[str, str]]) -> None:
    """Commands that apt runs, and words for dpkg: as a package brought them, or not at all."""
    files = [path for path in Path("/etc/apt/apt.conf.d").glob("*") if path.is_file() and as_packaged(str(path))]
    packaged = "".join(map(read, files))
    for key, value in settings:
        if value and HOOK.fullmatch(key) and f'"{value}"' not in packaged:
            context.finding(f"apt: {key}: runs a command that no package brought: {value}")
        if value and PROXY.fullmatch(key):
            context.finding(f"apt: {key}: asks a program where to download: {value}")
        if OPTIONS.fullmatch(key) and value and not value.startswith("--force-conf"):
            context.finding(f"apt: {key}: expected nothing but --force-conf*, got {value}")
    for file in (Path("/etc/dpkg/dpkg.cfg"), *Path("/etc/dpkg/dpkg.cfg.d").glob("*"), Path("/root/.dpkg.cfg")):
        for line in read(file).splitlines():
            if not DPKG_OPTION.match(line.strip()):
                context.finding(f"{file}: dpkg: not expected: {line.strip()}")


def check_files(context: Context) -> None:
    """What apt believes is root's to write; passwords are nobody's to read."""
    places = [Path("/etc/apt"), *(Path("/etc/apt", name) for name in READ_BY_APT), Path("/usr/share/keyrings")]
    for place in places:
        for path in [place, *place.glob("*")]:
            if path.exists():
                status = path.stat()
                if status.st_uid or (status.st_mode & stat.S_IWGRP and status.st_gid) or status.st_mode & stat.S_IWOTH:
                    context.finding(f"{path}: others than root can write it")
    for path in (Path("/etc/apt/auth.conf"), *Path("/etc/apt/auth.conf.d").glob("*")):
        if path.is_file() and (path.stat().st_uid or path.stat().st_mode & 0o027):
            context.finding(f"{path}: passwords for archives: expected root's, mode 0640 or less")


def check_unsigned(context: Context) -> None:
    """A repository that nobody signed: apt must refuse it, and for that reason."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for folder in ("", "repository", "lists/partial", "cache/archives/partial", "none"):
            (work / folder).mkdir(parents=True, exist_ok=True)
            (work / folder).chmod(0o755)  # apt reads it as another account
        (work / "repository/Release").write_text("Origin: nobody\nSuite: test\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n")
        (work / "repository/Packages").write_text("")
        (work / "sources.list").write_text(f"deb file:{work}/repository ./\n")
        places = {
            "Etc::sourcelist": work / "sources.list",
            "Etc::sourceparts": work / "none",
            "State::lists": work / "lists",
            "Cache": work / "cache",
        }
        words = ["apt-get", "update", *(f"-oDir::{key}={path}" for key, path in places.items())]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    if done.returncode == 0 or "is not signed" not in said:
        context.finding(f"apt did not refuse a repository because nobody signed it: {said[-300:]}")
    context.note(f"tried: a repository that nobody signed: apt-get update ended with exit code {done.returncode}")
