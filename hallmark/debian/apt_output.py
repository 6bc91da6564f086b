"""What apt says, parsed: simulations, records, and its complaints turned into one clear sentence each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hallmark.common.errors import LockError, MirrorError, OtherReleaseError
from hallmark.common.process import Completed
from hallmark.debian.inventory import stanzas
from hallmark.debian.mirror import Mirror

_INSTALL = re.compile(r"^Inst (?P<name>\S+?)(?::\w+)? (?:\[(?P<before>[^\]]+)\] )?\((?P<after>\S+) ", re.MULTILINE)
_REMOVE = re.compile(r"^(?:Remv|Purg) (?P<name>\S+)", re.MULTILINE)
_KEPT_BACK = re.compile(r"^The following packages have been kept back:\n(?P<names>(?: .*\n)+)", re.MULTILINE)
_MADISON = re.compile(r"^\s*(\S+) \|\s*(\S+) \| \S+ ([^\s/]+)/\S+ \S+ Packages$", re.MULTILINE)
_COMPLAINT = re.compile(r"^(?:E|W|Err):\s*\S.*(?:\n {2,}\S.*)*", re.MULTILINE)

_OTHER_RELEASE = r"Conflicting distribution"

# In order: the first that matches any complaint says what is wrong. Wordings of apt 2.6 (gpgv) and of apt 3 (sqv).
_UPDATE_PROBLEMS: Mapping[str, str] = {
    r"No space left|Disk quota|not have enough free space": (
        "no room left in the cache for its package lists; make room there, or set another hallmark:cache"
    ),
    r"expired \(invalid since|Expired since|Release file .* expired": (
        "its signed index has expired (Valid-Until is past): the mirror is no longer updated; "
        "use another one, or mend this machine's clock"
    ),
    r"is not valid yet": "its signed index lies in the future; mend this machine's clock",
    r"BADSIG|manipulated|Clearsigned file isn't valid|Splitting up .* failed|Malformed|[Bb]ad signature": (
        "its signed index was tampered with: the signature does not fit; use another mirror"
    ),
    r"EXPKEYSIG|KEYEXPIRED|REVKEYSIG|expired key|revoked": (
        "its index is signed with an expired or revoked key; update the package debian-archive-keyring"
    ),
    r"NO_PUBKEY|public key is not available|Missing key|unknown key|No good signature": (
        "its index is signed by a key that is not in the keyrings {keyrings}; "
        "use a Debian mirror, or update the package debian-archive-keyring"
    ),
    _OTHER_RELEASE: ("its signed index is that of another release; the mirror is broken or lies: use another one"),
    r"Hash Sum mismatch|[Ff]ile has unexpected size|Hashes of received file": (
        "a package list is not what the signed index says: tampered with, or the mirror is just being updated; "
        "try again later or use another mirror"
    ),
    r"Could not resolve|Temporary failure resolving|Could not connect|Connection (?:refused|timed out|failed|reset)"
    r"|Unable to connect|Network is unreachable|No route to host|Cannot initiate the connection|timed out": (
        "the mirror cannot be reached; check the network and the proxy, "
        "or set another one with `pulumi config set hallmark:mirror URI`"
    ),
    r"not signed|no longer signed|does not have a Release file|File not found|404 +Not Found|NOTFOUND": (
        "it has no signed index for this suite: it is unsigned, or no Debian archive; check the URI"
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One package that a simulation installs or upgrades."""

    name: str
    from_version: str | None
    to_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A package's stanza in the index of a suite."""

    suite: str
    text: str


def parse_simulation(output: str) -> tuple[Step, ...]:
    """The steps of a simulation; LockError when it would remove a package of the base, or keep one back."""
    removed = sorted(match["name"] for match in _REMOVE.finditer(output))
    if removed:
        raise LockError(
            f"packages: the upgrades and the recipe's packages would remove {', '.join(removed)} from the base; "
            "take what conflicts with them out of the recipe"
        )
    held = _KEPT_BACK.search(output)
    if held:
        raise LockError(
            f"packages: the mirror has newer versions of {', '.join(held['names'].split())} that cannot be installed "
            "(on hold in the base, or their needs are missing on the mirror); take off the hold, or try again later"
        )
    return tuple(
        Step(name=match["name"], from_version=match["before"], to_version=match["after"])
        for match in _INSTALL.finditer(output)
    )


def parse_madison(output: str) -> dict[tuple[str, str], list[str]]:
    """The suites that have (name, version)."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, version, suite in _MADISON.findall(output):
        found.setdefault((name, version), []).append(suite)
    return found


def parse_records(
    shown: str, suites_of: Mapping[tuple[str, str], Sequence[str]], order: Sequence[str]
) -> dict[tuple[str, str], Record]:
    """The records that `apt-cache show` printed; what several suites have counts as the first one's in `order`."""
    found: dict[tuple[str, str], Record] = {}
    for text in shown.strip().split("\n\n"):
        fields = next(stanzas(text), {})
        key = (fields.get("Package", ""), fields.get("Version", ""))
        suites = [suite for suite in order if suite in suites_of.get(key, ())]
        if suites and "Filename" in fields:
            found.setdefault(key, Record(suite=suites[0], text=text.strip("\n")))
    return found


def update_problem(done: Completed, mirror: Mirror) -> MirrorError | None:
    """What went wrong in an `apt-get update`, as one sentence with apt's own words after it; None when all is well.

    OtherReleaseError when the index of another release was served.
    """
    complaints = _complaints(done)
    keyrings = ", ".join(str(path) for path in mirror.keyrings)
    for pattern, meaning in _UPDATE_PROBLEMS.items():
        guilty = next((complaint for complaint in complaints if re.search(pattern, complaint)), None)
        if guilty is not None:
            error = OtherReleaseError if pattern == _OTHER_RELEASE else MirrorError
            what = meaning.format(keyrings=keyrings)
            return error(f"{_where(guilty, mirror)}: {what}\napt said: {_shortened(guilty)}")
    if done.returncode == 0:
        return None
    said = "\n".join(complaints) or done.stderr
    return MirrorError(f"{_where(said, mirror)}: apt cannot use the mirror\napt said: {_shortened(said)}")


def resolve_problem(done: Completed, mirror: Mirror, suites: Sequence[str]) -> str:
    """Why apt found no way to install what was asked for."""
    unknown = re.findall(
        r"Unable to locate package (\S+)|Package '?([^\s']+)'? has no installation candidate", done.stderr
    )
    names = ", ".join(sorted({first or second for first, second in unknown}))
    if names:
        return f"packages: {names}: not in {', '.join(suites)} of {mirror.main}; correct the recipe's packages"
    unmet = done.stdout.partition("The following packages have unmet dependencies:")[2].strip()
    said = unmet or done.stderr.strip()
    return f"packages: apt finds no way to install them all; change the recipe's packages\napt said: {said}"


def download_problem(done: Completed, names: Sequence[str], mirror: Mirror) -> str:
    """Why .debs could not be had, naming them."""
    complaints = "\n".join(_complaints(done))
    which = ", ".join(names) or "packages"
    if re.search(r"Hash Sum mismatch|unexpected size|Hashes of received file", complaints):
        why = "the mirror serves other bytes than its signed index says: tampered with or damaged; use another mirror"
    elif re.search(r"404 +Not Found|File not found|NOTFOUND|No such file", complaints):
        why = "named in the index, but the mirror does not have it: it is just being updated; try again later"
    elif re.search(r"Could not|Unable to connect|timed out|Temporary failure|unreachable|refused", complaints):
        why = "the mirror cannot be reached any more; check the network and run again, what is there is kept"
    elif re.search(r"No space left|not have enough free space|write error", complaints):
        why = "no room left in the cache; free some, or set another hallmark:cache"
    else:
        why = "cannot be downloaded"
    return f"{mirror.main}: {which}: {why}\napt said: {_shortened(complaints or done.stderr)}"


def _complaints(done: Completed) -> list[str]:
    return [match.group(0).strip() for match in _COMPLAINT.finditer(f"{done.stdout}\n{done.stderr}")]


def _where(complaint: str, mirror: Mirror) -> str:
    """The archive, and if apt names it the suite, that a complaint is about."""
    archive = mirror.security if mirror.security in complaint and mirror.security != mirror.main else mirror.main
    suite = re.search(r"(?:/dists/|\s)([a-z]+(?:-updates|-security)?)(?:/| InRelease| Release)", complaint)
    return f"{archive}: suite {suite[1]}" if suite else archive


def _shortened(text: str, limit: int = 600) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[:limit]}…"
