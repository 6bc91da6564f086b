"""P1, P9: see control.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib import Context, apt_settings, as_packaged, read, run

ASK = ("apt-get", "indextargets", "--no-release-info", "--format")
FORMAT = "$(SOURCESENTRY) $(REPO_URI) $(RELEASE) $(COMPONENT)"
KEYRING = re.compile(r"/usr/share/keyrings/debian-archive-[a-z-]+\.(gpg|pgp)")
# Whatever else a source may say (Trusted, Allow-Insecure, Check-Valid-Until) makes apt believe more.
FIELDS = {"types", "uris", "suites", "components", "signed-by", "enabled", "architectures"}
# What apt must never be told, and what it must not be told to leave out.
LOOSE = (
    "allowinsecurerepositories",
    "allowweakrepositories",
    "allowdowngradetoinsecurerepositories",
    "allowunauthenticated",
    "min-validtime",
)
STRICT = ("check-valid-until", "check-date", "verify-peer", "verify-host")
NO = ("no", "false", "without", "off", "disable", "0")


def check(context: Context) -> str:
    """Findings for each archive that apt would ask beside the declared, and for each way to get round a signature."""
    wanted = wanted_archives(context)
    asked = set()
    files = set()
    for line in run([*ASK, FORMAT]).splitlines():
        entry, uri, release, component = line.split()
        asked.add((uri.rstrip("/"), release, component))
        files.add(entry.rpartition(":")[0])
    for uri, release, component in sorted(asked - wanted):
        context.finding(f"apt would ask {uri} {release} {component}, which is not declared")
    for uri, release, component in sorted(wanted - asked):
        context.finding(f"apt does not ask {uri} {release} {component}")
    for file in sorted(files):
        check_source(context, file)
    check_settings(context)
    for path in (Path("/etc/apt/preferences"), *Path("/etc/apt/preferences.d").glob("*")):
        if path.is_file() and not as_packaged(str(path)):
            context.finding(f"{path}: expected no preferences: they can keep patches back")
    if not wanted and os.path.realpath("/etc/systemd/system/apt-daily.timer") != "/dev/null":
        context.finding("apt-daily.timer is not masked, and there is no archive that it could ask")
    return f"apt asks {len(wanted)} signed suites of Debian, and nothing else"


def wanted_archives(context: Context) -> set[tuple[str, str, str]]:
    """URI, suite and component; nothing when the recipe says none, or when no mirror is one that servers reach."""
    main, security = context.text("mirror").rstrip("/"), context.text("security_mirror").rstrip("/")
    if context.text("sources") == "none" or not main or not security:
        return set()
    return {(main, "trixie", "main"), (main, "trixie-updates", "main"), (security, "trixie-security", "main")}


def check_source(context: Context, file: str) -> None:
    """A source is taken for what Debian's own keys sign, and for nothing else."""
    if not file.endswith(".sources"):
        context.finding(f"{file}: expected a file of the form .sources, with the keys that may sign")
        return
    for stanza in stanzas(read(Path(file))):
        for name in sorted(stanza.keys() - FIELDS):
            context.finding(f"{file}: {name}: {stanza[name]}: expected no such field, it loosens what apt believes")
        signed_by = stanza.get("signed-by", "nothing")
        if not KEYRING.fullmatch(signed_by) or not as_packaged(os.path.realpath(signed_by)):
            context.finding(
                f"{file}: Signed-By: expected a keyring of the package debian-archive-keyring, got {signed_by}"
            )


def stanzas(text: str) -> Iterator[Mapping[str, str]]:
    """Field in small letters → value, of each stanza; a value's further lines are joined to it."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for block in re.split(r"\n\s*\n", lines):
        fields = re.findall(r"^([^\s:]+):[ \t]*(.*(?:\n[ \t]+.*)*)", block, re.MULTILINE)
        if fields:
            yield {name.lower(): " ".join(value.split()) for name, value in fields}


def check_settings(context: Context) -> None:
    """What apt makes of all its configuration together."""
    for line in apt_settings().splitlines():
        name, _, value = line.rstrip(";").partition(" ")
        words, no = name.lower().split("::"), value.strip('"').lower() in NO
        loose = not no and value != '""' and not {*LOOSE}.isdisjoint(words)
        if loose or (words[-1] in STRICT and no):
            context.finding(f"apt: {name} is {value}: what nobody signed, or signed long ago, would be believed")
