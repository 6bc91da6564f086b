"""R2: see control.toml. The sums of all packages, as `dpkg --verify` has them, and the record that hardening left."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib import DPKG, Context, all_of_root, merged, package_files, read

RECORD = Path("/usr/share/hallmark/integrity.tsv")
# Nobody runs or obeys it, and it is a third of all.
DATA = re.compile(
    r"/usr/share/(bash-completion|bug|common-licenses|doc|doc-base|i18n|info|lintian|locale|man|zoneinfo)/"
)
PROGRAMS = ("/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/")
_CONFFILE = re.compile(r"^ (/.*) ([0-9a-f]{32})( obsolete| remove-on-upgrade)?$")
_COMPILED = re.compile(r"__pycache__/([^/]+)\.cpython-[0-9]+(\.opt-[12])?\.pyc$")

Sums = Mapping[str, frozenset[str]]


def check(context: Context) -> str:
    """Findings for what differs, what is missing, and what nobody brought."""
    record = recorded()
    shipped, configuration = shipped_sums(), configuration_sums()
    if not record:
        context.finding(
            f"{RECORD}: missing: what hardening changed is not known, nor which sums the packages came with"
        )
    for name, digest in list_sums().items():
        if record.get(name, digest) != digest:
            context.finding(f"{name}: the package's list of sums was changed since the image was made")
    for path, digest in differing({**shipped, **configuration}):
        if not is_allowed(context, path) and record.get(path) != digest:
            kind = "configuration" if path in configuration else "file"
            what = "is gone" if digest == "gone" else "is not as its package shipped it"
            context.finding(f"{path}: a {kind} of a package {what}, nor as hardening left it")
    for path in strangers():
        if not is_allowed(context, path):
            context.finding(f"{path}: a program that no package brought")
    known = hashlib.sha256(RECORD.read_bytes()).hexdigest() if RECORD.exists() else "none"
    context.note(f"{RECORD}: SHA-256 {known}")
    return f"{len(shipped)} files and {len(configuration)} files of configuration are as they should be"


def is_allowed(context: Context, path: str) -> bool:
    """Whether the recipe leaves a path out."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in context.words("allowed"))


# --- what packages say ----------------------------------------------------------------------------------------------


def shipped_sums() -> Sums:
    """Path → the sums that packages give for it; where somebody diverted it, of the place that it is at."""
    lines = read(DPKG / "diversions").splitlines()
    diverted = {merged(a): (merged(b), by) for a, b, by in zip(lines[::3], lines[1::3], lines[2::3], strict=True)}
    sums: dict[str, set[str]] = {}
    for listing in (DPKG / "info").glob("*.md5sums"):
        package = listing.name.removesuffix(".md5sums").partition(":")[0]
        for line in read(listing).splitlines():
            digest, _, name = line.partition("  ")
            path = merged(f"/{name}")
            if path in diverted and diverted[path][1] != package:
                path = diverted[path][0]
            if not DATA.match(path):
                sums.setdefault(path, set()).add(digest)
    return {path: frozenset(digests) for path, digests in sums.items()}


def configuration_sums() -> Sums:
    """The same of configuration, which dpkg keeps with the packages' states; what is given up there does not count."""
    sums: dict[str, set[str]] = {}
    for line in read(DPKG / "status").splitlines():
        found = _CONFFILE.match(line)
        if found and not found[3]:
            sums.setdefault(merged(found[1]), set()).add(found[2])
    return {path: frozenset(digests) for path, digests in sums.items()}


def list_sums() -> dict[str, str]:
    """`PACKAGE=VERSION` → the sum of its list of sums."""
    versions, name = {}, ""
    for line in read(DPKG / "status").splitlines():
        key, _, value = line.partition(": ")
        if key == "Package":
            name = value
        elif key == "Version":
            versions[name] = value
    found = {}
    for listing in (DPKG / "info").glob("*.md5sums"):
        package = listing.name.removesuffix(".md5sums")
        version = versions.get(package.partition(":")[0], "-")
        found[f"{package}={version}"] = hashlib.sha256(listing.read_bytes()).hexdigest()
    return found


# --- what there is --------------------------------------------------------------------------------------------------


def differing(sums: Sums) -> Iterator[tuple[str, str]]:
    """Path and sum of each file with other bytes than any package gives it; `gone` for one that is not there."""
    for path in sorted(sums):
        digest = sum_of(path)
        if digest not in sums[path]:
            yield path, digest


def sum_of(path: str) -> str:
    """A regular file's sum, by the hash that dpkg uses; of anything else what it is."""
    try:
        # Whole at once: a buffer of hashlib's size for each of some thousand small files costs a third more.
        with open(path, "rb", buffering=0, opener=_no_wait) as stream:
            return hashlib.md5(stream.readall(), usedforsecurity=False).hexdigest()
    except FileNotFoundError:
        return "gone"
    except OSError as error:
        return f"unreadable: {error.strerror}"  # a link where a file should be, for one


def _no_wait(path: str, flags: int) -> int:
    """No link is followed, and a pipe that stands where a file should be keeps nobody waiting."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def strangers() -> Iterator[str]:
    """Programs, libraries and units in the packages' own folders that belong to none of them."""
    owned = package_files()
    for file in all_of_root():
        # What Python compiled of a package's file carries that file's time and size. It is no program by itself.
        if file.path.endswith(".pyc") and _COMPILED.sub(r"\1.py", file.path) in owned:
            continue
        if file.path.startswith(PROGRAMS) and stat.S_ISREG(file.status.st_mode) and file.path not in owned:
            is_program = file.status.st_mode & 0o111 or re.search(r"\.so(\.[0-9.]+)?$|/systemd/.*\.\w+$", file.path)
            if is_program and merged(file.path) not in owned:
                yield file.path


# --- the record -----------------------------------------------------------------------------------------------------


def recorded() -> dict[str, str]:
    """Path, or `PACKAGE=VERSION`, → its sum when hardening ended."""
    rows = (line.split("\t") for line in read(RECORD).splitlines() if not line.startswith("#"))
    return {row[0]: row[1] for row in rows}


def record(context: Context, applies: Mapping[str, str]) -> None:
    """Adds what is not recorded yet; what is, stays: so a change since is seen. `applies`: control → its apply.sh."""
    known = recorded()
    rows = {name: f"{name}\t{digest}\tlist of sums" for name, digest in list_sums().items()}
    for path, digest in differing(configuration_sums()):
        reason = why_changed(context, path, applies)
        if reason:
            rows[path] = f"{path}\t{digest}\t{reason}"
    new = [rows[key] for key in sorted(rows) if key not in known]
    if new:
        head = "" if known else "# Written by Hallmark (control package-integrity) when hardening ended.\n"
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        with RECORD.open("a") as stream:
            stream.write(head + "".join(f"{row}\n" for row in new))
        RECORD.chmod(0o644)


def why_changed(context: Context, path: str, applies: Mapping[str, str]) -> str:
    """The controls of the plan that may have changed a file of configuration; empty when none would."""
    # Itself, or a folder of its own that it is in: /etc/audit, but not /etc.
    places = [path, *(str(folder) for folder in Path(path).parents if len(folder.parts) > 2)]
    names = re.compile("|".join(rf"{re.escape(place)}(?![\w.-])" for place in places))
    named = {control for control, text in applies.items() if names.search(text)}
    for pattern, controls in context.rows():
        if fnmatch.fnmatchcase(path, pattern):
            named |= {control for control in controls.split() if control in applies}
    return " ".join(sorted(named))
