"""R2: see control.toml. The sums of all packages, as `dpkg --verify` has them, and the record that hardening left."""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import marshal
import os
import re
import stat
import struct
import sys
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from lib import DPKG, Context, all_of_root, listed, merged, package_files, package_lists, packaged_at, read, real_path

RECORD = Path("/usr/share/hallmark/integrity.tsv")
# Nobody runs or obeys it, and it is a third of all.
DATA = re.compile(r"/usr/share/(bug|common-licenses|doc|doc-base|i18n|info|lintian|locale|man|zoneinfo)/")
PROGRAMS = (
    "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/usr/share/bash-completion/", "/usr/share/perl/",
    "/usr/share/perl5/", "/etc/perl/",
)  # fmt: skip
# What is loaded or obeyed though nobody may execute it: libraries, modules of Perl and Python, units, completions.
LOADED = re.compile(r"\.so(\.[0-9.]+)?$|\.(p[lm]|py|pth)$|/systemd/.*\.\w+$|/bash-completion/")
# What root's programs do by themselves, load, or find first: units, jobs, hooks, rules, the profile of each shell, what
# systemd and PAM put into the environment of all, /usr/local.
ORDERS = re.compile(
    r"""
    /etc/systemd/(system|user)(/|\.conf\.d/|-generators/|-environment-generators/)
    |/etc/(cron(\.|tab$)|dbus-1/|default/grub|dhcp/|environment$|grub\.d/|initramfs-tools/|kernel/|ld\.so\.(preload$|conf\.d/))
    |/etc/(logrotate\.d/|modprobe\.d/|modules|network/if-|networkd-dispatcher/|polkit-1/|profile\.d/|rc\.local$)
    |/etc/(ssh/sshrc$|sysusers\.d/|tmpfiles\.d/|udev/|update-motd\.d/|cloud/)
    |/root/\.(profile|bashrc|bash_profile|bash_login|bash_logout)$
    |/usr/local/(bin|sbin|lib|share/dbus-1)/
    |/usr/share/(dbus-1|polkit-1)/
    |/var/(lib/cloud/scripts/|spool/cron/crontabs/root$)
    """,
    re.VERBOSE,
)
_CONFFILE = re.compile(r"^ (/.*) ([0-9a-f]{32})( obsolete| remove-on-upgrade)?$")
_COMPILED = re.compile(r"__pycache__/([^/]+)\.cpython-[0-9]+(\.opt-[12])?\.pyc$")
# One for all files: memory for each of some thousand costs more than reading it.
_BUFFER = memoryview(bytearray(256 * 1024))

Sums = Mapping[str, frozenset[str]]


def check(context: Context) -> str:
    """Findings for what differs, what is missing, and what nobody brought."""
    record = recorded()
    shipped, configuration = shipped_sums(), configuration_sums()
    if not record:
        context.finding(
            f"{RECORD}: missing: what hardening changed is not known, nor which sums the packages came with"
        )
    for name, digest in kept_sums().items():
        if record.get(name, digest) != digest:
            context.finding(f"{name}: dpkg's lists or scripts of the package were changed since the image was made")
    for path, digest in differing({**shipped, **configuration}):
        if not is_allowed(context, path) and record.get(path) != digest:
            kind = "configuration" if path in configuration else "file"
            what = "is gone" if digest == "gone" else "is not as its package shipped it"
            context.finding(f"{path}: a {kind} of a package {what}, nor as hardening left it")
    for path, what in unexplained(context.phase, record):
        if not is_allowed(context, path):
            context.finding(f"{path}: {what}")
    known = hashlib.sha256(RECORD.read_bytes()).hexdigest() if RECORD.exists() else "none"
    context.note(f"{RECORD}: SHA-256 {known}")
    return f"{len(shipped)} files and {len(configuration)} files of configuration are as they should be"


def is_allowed(context: Context, path: str) -> bool:
    """Whether the recipe leaves a path out."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in context.words("allowed"))


# --- what packages say ----------------------------------------------------------------------------------------------


@functools.cache
def shipped_sums() -> Sums:
    """Path → the sums that packages give for it; where somebody diverted it, of the place that it is at."""
    sums: dict[str, set[str]] = {}
    for package, lines in listed("md5sums"):
        for line in lines:
            digest, _, name = line.partition("  ")
            path = packaged_at(package, f"/{name}")
            if not DATA.match(path):
                sums.setdefault(path, set()).add(digest)
    return {path: frozenset(digests) for path, digests in sums.items()}


@functools.cache
def configuration_sums() -> Sums:
    """The same of configuration, which dpkg keeps with the packages' states; what is given up there does not count."""
    sums: dict[str, set[str]] = {}
    for line in read(DPKG / "status").splitlines():
        found = _CONFFILE.match(line)
        if found and not found[3]:
            sums.setdefault(merged(found[1]), set()).add(found[2])
    return {path: frozenset(digests) for path, digests in sums.items()}


def kept_sums() -> dict[str, str]:
    """`PACKAGE=VERSION` → the sum of what dpkg keeps of it: lists, scripts, and the sums of its configuration."""
    versions: dict[str, str] = {}
    kept: dict[str, list[str]] = {}
    name = ""
    for line in read(DPKG / "status").splitlines():
        key, _, value = line.partition(": ")
        if key == "Package":
            name = value
        elif key == "Version":
            versions[name] = value
        elif _CONFFILE.match(line):
            kept.setdefault(name, []).append(line)
    found: dict[str, list[str]] = {}
    for path, data in package_lists().items():
        package, dot, kind = path.rpartition(".")
        if dot:
            digest = hashlib.sha256(data).hexdigest()
            found.setdefault(package, []).append(f"{kind} {digest}")
    sums = {}
    for package, lines in found.items():
        bare = package.partition(":")[0]
        text = "\n".join(lines + kept.get(bare, []))
        sums[f"{package}={versions.get(bare, '-')}"] = hashlib.sha256(text.encode()).hexdigest()
    return sums


# --- what there is --------------------------------------------------------------------------------------------------


def differing(sums: Sums) -> Iterator[tuple[str, str]]:
    """Path and sum of each file with other bytes than any package gives it; `gone` for one that is not there."""
    for path in sorted(sums):
        digest = sum_of(path)
        if digest not in sums[path]:
            yield path, digest


def sum_of(path: str) -> str:
    """A regular file's sum, by the hash that dpkg uses; of anything else what it is."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        # No link is followed, and a pipe that stands where a file should be keeps nobody waiting.
        stream = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            while size := os.readv(stream, [_BUFFER]):
                digest.update(_BUFFER[:size])
        finally:
            os.close(stream)
    except FileNotFoundError:
        return "gone"
    except OSError as error:
        return f"unreadable: {error.strerror}"  # a link where a file should be, for one
    return digest.hexdigest()


def unexplained(phase: str, record: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and what is wrong with it, of what no package brought."""
    for path in strangers():
        yield path, "a program that no package brought"
    for path, digest in orders():
        if record.get(path) != digest:
            yield path, "root's programs obey it, and neither a package nor hardening left it so"
    for path in miscompiled(record) if phase == "drift" else ():
        yield path, "Python would run this, and it is not what its source says"


def strangers() -> Iterator[str]:
    """Programs, libraries and units in the packages' own folders that belong to none of them, or lead to such."""
    owned = package_files()
    for file in all_of_root():
        # What Python compiled is no program by itself; on a live server miscompiled() looks into it.
        if file.path.endswith(".pyc") and _COMPILED.sub(r"\1.py", file.path) in owned:
            continue
        if file.path.startswith(PROGRAMS) and not stat.S_ISDIR(file.status.st_mode):
            path = real_path(file.path) if stat.S_ISLNK(file.status.st_mode) else file.path
            if path not in owned and merged(path) not in owned and is_program(file.path, path):
                yield file.path


def is_program(name: str, path: str) -> bool:
    """Whether somebody runs, loads or obeys a regular file by this name."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return False  # a link that leads nowhere
    if not stat.S_ISREG(status.st_mode):
        return False
    return bool(status.st_mode & 0o111 or LOADED.search(name))


def orders() -> Iterator[tuple[str, str]]:
    """Path and sum of each file that root's programs obey, and no package brought; of a link, of where it leads."""
    owned = package_files()
    for file in all_of_root():
        if not is_order(file.path) or file.path in owned:
            continue
        if stat.S_ISREG(file.status.st_mode):
            yield file.path, sum_of(file.path)
        elif stat.S_ISLNK(file.status.st_mode):
            target = real_path(file.path)
            # What has a package's sum, or is an order, is looked at itself; a folder or a text of a package is not.
            summed = target in shipped_sums() or target in configuration_sums()
            if target != os.devnull and not summed and not is_order(target):
                yield file.path, f"{sum_of(target)} {target}"


def is_order(path: str) -> bool:
    """Whether root's programs obey what is there; what Python compiled below /usr/local it would compile again."""
    return bool(ORDERS.match(path)) and "/__pycache__/" not in path


@functools.cache
def compiled() -> dict[str, list[str]]:
    """Folder → what Python has compiled into it, of the packages' programs."""
    found: dict[str, list[str]] = {}
    for file in all_of_root():
        if file.path.startswith(PROGRAMS) and file.path.endswith(".pyc"):
            found.setdefault(file.path.rpartition("/")[0], []).append(file.path)
    return found


def compiled_sums() -> Iterator[tuple[str, str]]:
    """Each such folder, and one sum of all in it: reading them takes a tenth of compiling them again."""
    for folder, paths in compiled().items():
        text = "\n".join(f"{path} {sum_of(path)}" for path in sorted(paths))
        yield folder, hashlib.sha256(text.encode()).hexdigest()


def miscompiled(record: Mapping[str, str]) -> Iterator[str]:
    """What Python compiled since the image was made, and would run though its source comes to something else."""
    changed = [folder for folder, digest in compiled_sums() if record.get(folder) != digest]
    tag = sys.implementation.cache_tag
    for path in sorted(path for folder in changed for path in compiled()[folder]):
        found = re.fullmatch(rf"(.*)/__pycache__/([^/]+)\.{tag}(?:\.opt-([12]))?\.pyc", path)
        source = Path(f"{found[1]}/{found[2]}.py") if found else None
        if not found or not source or not source.is_file():
            continue
        data, status = Path(path).read_bytes(), source.stat()
        flags, when, size = struct.unpack("<4xIII", data[:16].ljust(16, b"\0"))
        if data[:4] != MAGIC_NUMBER or (flags == 0 and (when, size) != (int(status.st_mtime), status.st_size)):
            continue  # Python leaves it alone
        with warnings.catch_warnings(action="ignore"):
            code = compile(source.read_bytes(), source, "exec", dont_inherit=True, optimize=int(found[3] or 0))
        try:
            same = marshal.loads(data[16:]) == code  # noqa: S302 - what is made to crash it leaves no result: no pass
        except (ValueError, EOFError, TypeError):
            same = False
        if not same:
            yield path


# --- the record -----------------------------------------------------------------------------------------------------


def recorded() -> dict[str, str]:
    """Path, or `PACKAGE=VERSION`, → its sum when hardening ended."""
    rows = (line.split("\t") for line in read(RECORD).splitlines() if not line.startswith("#"))
    return {row[0]: row[1] for row in rows}


def record(context: Context, applies: Mapping[str, str]) -> None:
    """Adds what is not recorded yet; what is, stays: so a change since is seen. `applies`: control → its apply.sh."""
    known = recorded()
    rows = {name: f"{name}\t{digest}\tlists and scripts" for name, digest in kept_sums().items()}
    for path, digest in differing(configuration_sums()):
        reason = why_changed(context, path, applies)
        if reason:
            rows[path] = f"{path}\t{digest}\t{reason}"
    if not known:
        rows |= {path: f"{path}\t{digest}\tno package's" for path, digest in orders()}
        rows |= {folder: f"{folder}\t{digest}\tcompiled" for folder, digest in compiled_sums()}
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
