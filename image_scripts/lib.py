"""What the Python checks share, as lib.sh is what the shell ones share. Runs in the guest: standard library alone.

A control's `check.py` has a function `check(context)`. It calls `context.finding` for whatever is not as it should be,
and returns what is to be said when there was nothing. run_checks.py runs them all.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import operator
import os
import pwd
import re
import stat
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pam

DPKG = Path("/var/lib/dpkg")


class NotApplicable(Exception):  # noqa: N818 - it is a verdict
    """The control does not apply here; only for one whose control.toml has `may_not_apply`."""


@dataclass
class Context:
    """One control's run: its values, and what it has found."""

    environment: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    findings: int = 0

    @property
    def phase(self) -> str:
        """`build`, `acceptance`, `drift` or `test`."""
        return self.environment["HALLMARK_PHASE"]

    @property
    def plan(self) -> Path:
        """The folder of the compiled plan."""
        return Path(self.environment["HALLMARK_PLAN"])

    def text(self, name: str) -> str:
        """A parameter as it stands."""
        return self.environment[f"HM_{name.upper()}"]

    def words(self, name: str) -> list[str]:
        """A parameter that is a list."""
        return self.text(name).split()

    def number(self, name: str) -> int:
        """A parameter that is an integer."""
        return int(self.text(name))

    def holds(self, name: str) -> bool:
        """A parameter that is a boolean."""
        return self.text(name) == "yes"

    def rows(self) -> list[tuple[str, ...]]:
        """The control's table: the cells of each row, without its reason."""
        lines = Path(self.environment["HALLMARK_TABLE"]).read_text().splitlines()
        return [tuple(line.split("\t")[:-1]) for line in lines]

    def finding(self, text: str) -> None:
        """Something is not as it should be; the check goes on and fails at its end."""
        self.lines.append(f"FAIL {text}")
        self.findings += 1

    def note(self, text: str) -> None:
        """Evidence of what was seen."""
        self.lines.append(text)


def run(words: Sequence[str], timeout: float = 300) -> str:
    """What a program prints; CalledProcessError when it fails."""
    done = subprocess.run(words, capture_output=True, check=True, timeout=timeout, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace")


def read(path: Path) -> str:
    """A text file, byte for byte: what ends a line is for its reader to say; empty when it is missing."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return ""


# --- the kernel's command line --------------------------------------------------------------------------------------

_GRUB_SETTINGS = """
for file in /etc/default/grub /etc/default/grub.d/*.cfg; do
    [ ! -f "$file" ] || . "$file"
done
printf '%s %s\\n' "${GRUB_CMDLINE_LINUX-}" "${GRUB_CMDLINE_LINUX_DEFAULT-}"
"""

# In GRUB's language these are not the words that the kernel gets.
_OF_GRUB = re.compile(r"[$;&|{}<>\\'`]")


def boot_lines(context: Context) -> dict[str, str]:
    """Place → the kernel's command line there: in GRUB's settings, and in each entry of the boot menu."""
    lines = {"GRUB's settings": run(["sh", "-c", _GRUB_SETTINGS])}
    if context.phase != "test":
        menu = [line.split() for line in read(Path("/boot/grub/grub.cfg")).splitlines()]
        entries = [" ".join(line[1:]) for line in menu if line and line[0] == "linux"]
        lines |= {f"/boot/grub/grub.cfg, entry {number}": text for number, text in enumerate(entries, 1)}
    return lines


def check_boot_words(context: Context, *words: str) -> None:
    """Findings for each word that the next boot does not tell the kernel."""
    lines = boot_lines(context)
    if context.phase != "test" and len(lines) == 1:
        context.finding("/boot/grub/grub.cfg: expected entries that boot Linux, found none")
    for where, text in lines.items():
        check_told(context, where, text, *words)
        for sign in sorted(set(_OF_GRUB.findall(text))):
            context.finding(f"{where}: expected plain words for the kernel, got a {sign} of which GRUB makes others")


def check_told(context: Context, where: str, text: str, *words: str) -> None:
    """Findings for each word that a command line does not tell the kernel itself; the last of a name counts."""
    of_kernel = itertools.takewhile(lambda word: word != "--", line_words(text))
    told = {word.partition("=")[0]: word for word in of_kernel}
    for word in line_words(" ".join(words)):
        got = told.get(word.partition("=")[0])
        if got != word:
            context.finding(f"{where}: expected {word} on the kernel's command line, got {got or 'nothing of it'}")


def line_words(text: str) -> Iterator[str]:
    """The words of a command line as the kernel reads them: quotes keep blanks, and in a name `-` is as good as `_`.

    What follows a `--` is handed on to the first program alone.
    """
    for word in re.findall(r'(?:"[^"]*"?|[^\s"])+', text):
        name, equals, value = word.replace('"', "").partition("=")
        yield name if name == "--" else f"{name.replace('-', '_')}{equals}{value}"


# --- the kernel's parameters (sysctl) ---------------------------------------------------------------------------------

_SYSCTL = "/usr/lib/systemd/systemd-sysctl"
_CREDENTIALS = tuple(
    f"{top}/credstore{kind}" for top in ("/etc", "/run", "/usr/local/lib", "/usr/lib") for kind in ("", ".encrypted")
)
_INTERFACES = ("all", "default", "lo", "eth0", "ens5", "enp1s0", "hallmark0")


def check_kernel_parameters(context: Context, wanted: Mapping[str, str]) -> None:
    """Findings for what each boot to come would set otherwise, and on a booted machine for what the kernel has.

    A `*` in a key stands for every network interface, those to come as well.
    """
    next_boot = _next_boot(frozenset({*wanted, *_keys_of_plan(context.plan)}))
    for key, value in wanted.items():
        if next_boot[key] != value:
            context.finding(f"sysctl.d: {key}: expected {value} at each boot, got {next_boot[key]}")
    state = unit_state("systemd-sysctl.service")
    if state != "static":
        context.finding(f"systemd-sysctl.service: expected static, it is {state}")
    for path in itertools.chain.from_iterable(Path(folder).glob("sysctl.*") for folder in _CREDENTIALS):
        context.finding(f"{path}: systemd-sysctl.service would take it after all files")
    check_unit(context, "systemd-sysctl.service")
    if context.phase == "test":
        return
    for key, value in wanted.items():
        for name, got in _running(key):
            if got != value:
                context.finding(f"kernel: {name}: expected {value}, got {got}")


@functools.cache
def sysctl_files() -> str:
    """The lines of all files that systemd-sysctl reads."""
    return run([_SYSCTL, "--cat-config"])


def _keys_of_plan(plan: Path) -> Iterator[str]:
    """The keys of all controls that ask for some, so that systemd-sysctl is asked once."""
    for control in ("core-dumps", "ctrl-alt-del", "kernel-parameters"):
        yield from (line.partition("\t")[0] for line in read(plan / "table" / control).splitlines())


@functools.cache
def _next_boot(wanted: frozenset[str]) -> Mapping[str, str]:
    """Key → what systemd-sysctl would write; it runs over a stand-in of /proc/sys, in a mount namespace of its own."""
    sys = Path("/proc/sys")
    interfaces = {*_INTERFACES, *_interfaces_named(sysctl_files())}
    interfaces.update(path.name for path in sys.glob("net/ipv4/conf/*"))
    with tempfile.TemporaryDirectory() as name:
        files = {
            key: [Path(name, *(where if part == "*" else part for part in key.split("."))) for where in names]
            for key in wanted
            for names in (sorted(interfaces) if "*" in key else [""],)
        }
        for path in itertools.chain.from_iterable(files.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        script = f'mount --bind "$1" /proc/sys && {{ {_SYSCTL} || true; }}'  # it has not all that other files set
        run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", name])
        got = {}
        for key, paths in files.items():
            values: dict[str, list[str]] = {}
            for path in paths:
                values.setdefault(" ".join(read(path).split()) or "nothing", []).append(path.parent.name)
            got[key] = "; ".join(f"{v} ({', '.join(names)})" if len(values) > 1 else v for v, names in values.items())
    return got


def _interfaces_named(text: str) -> Iterator[str]:
    """The interfaces that systemd-sysctl's files have settings for; of a pattern, a name that it would take."""
    for line in text.splitlines():
        key = line.partition("=")[0].strip().lstrip("-").strip()
        first = re.search(r"[./]", key)
        if first and first[0] == ".":
            key = key.translate(str.maketrans("./", "/."))
        parts = key.split("/")
        if len(parts) == 5 and parts[0] not in ("", "#"):
            yield re.sub(r"\[!?(.)[^]]*\]", r"\1", parts[3]).replace("*", "x").replace("?", "0")


def _running(key: str) -> Iterator[tuple[str, str]]:
    """A key → what the kernel has, of each interface where it has a `*`."""
    family = Path("/proc/sys", *key.split(".")[:2])
    if key.startswith("net.ipv6.") and not family.exists():
        return  # a kernel without IPv6
    found = sorted(Path("/proc/sys").glob(key.replace(".", "/")))
    if not found:
        yield key, "nothing: this kernel does not know it"
    for path in found:
        yield str(path.relative_to("/proc/sys")), " ".join(read(path).split())


# --- processes --------------------------------------------------------------------------------------------------------


def is_of_checks(process: Path) -> bool:
    """Whether a process, by its folder in /proc, comes from the one that runs all checks: the parent of this one."""
    runner = os.getppid()
    while process.name not in ("", "0", "1") and runner != 1:
        # Its number, its name in brackets, its state, its parent.
        _, _, rest = read(process / "stat").rpartition(")")
        process = process.with_name("".join(rest.split()[1:2]) or "0")
        if process.name == str(runner):
            return True
    return False


def in_child(work: Callable[[], str]) -> str | None:
    """What `work` comes to in a process of its own; None when that failed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.dup2(os.open(os.devnull, os.O_RDWR), 2)
            with os.fdopen(writer, "w") as stream:
                stream.write(work())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text or None


# --- what other programs make of their settings, asked once -----------------------------------------------------------


@functools.cache
def sshd_settings() -> str:
    """The settings of sshd, `keyword value` a line."""
    return run(["/usr/sbin/sshd", "-G"])


@functools.cache
def sudo_policy() -> str:
    """The policy of sudo, aliases expanded and files joined. A file of cvtsudoers' own could say what it leaves out."""
    return run(["cvtsudoers", "-c", "/dev/null", "-e", "-f", "sudoers", "/etc/sudoers"])


@functools.cache
def apt_settings() -> str:
    """What apt makes of all its configuration together."""
    return run(["apt-config", "dump"])


# --- systemd's units and its own settings, and limits of sessions -----------------------------------------------------

# Those whose state a check asks for: systemctl is asked for all of them at once.
UNITS_ASKED = (
    "apparmor.service", "audit-rules.service", "auditd.service", "chrony-wait.service", "chrony.service",
    "ctrl-alt-del.target", "fail2ban.service", "hallmark-firewall.service", "hallmark-integrity.timer",
    "nftables.service", "rsyslog.service", "systemd-journald-audit.socket", "systemd-sysctl.service",
)  # fmt: skip

# Where systemd looks besides the packages' own folder, which package-integrity keeps.
UNIT_FOLDERS = (
    "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
    "/run/systemd/generator.early", "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system",
    "/run/systemd/system.attached", "/run/systemd/generator", "/usr/local/lib/systemd/system",
    "/run/systemd/generator.late",
)  # fmt: skip


def overruling(unit: str, *aliases: str) -> list[Path]:
    """What systemd takes instead of a package's unit or on top of it, wherever it looks.

    A drop-in may be for its name, for an alias, for what either begins with up to a dash, or for its type.
    """
    found = set()
    for folder, name in itertools.product(map(Path, UNIT_FOLDERS), (unit, *aliases)):
        path = folder / name
        if os.path.lexists(path) and os.path.realpath(path) != f"/usr/lib/systemd/system/{unit}":
            found.add(path)
        stem, _, kind = name.rpartition(".")
        parts = stem.split("-")
        names = [name, kind, *("-".join([*parts[:number], f".{kind}"]) for number in range(1, len(parts)))]
        found.update(path for name in names for path in (folder / f"{name}.d").glob("*.conf"))
    return sorted(found)


def check_unit(context: Context, unit: str, *aliases: str, ours: Path | None = None) -> None:
    """Findings for what overrules a unit, but for a file of ours."""
    for path in overruling(unit, *aliases):
        if path != ours:
            context.finding(f"{path}: says something of {unit}, expected {ours or 'its package'} alone")


def unit_state(unit: str) -> str:
    """What systemctl says of a unit: `enabled`, `masked`... or why it says nothing."""
    return _unit_states().get(unit) or _ask_state(unit)


@functools.cache
def _unit_states() -> Mapping[str, str]:
    """The states of all that are asked for; nothing when it does not answer for each."""
    states = _ask_state(*UNITS_ASKED).split("\n")
    return dict(zip(UNITS_ASKED, states, strict=True)) if len(states) == len(UNITS_ASKED) else {}


def _ask_state(*units: str) -> str:
    done = subprocess.run(["systemctl", "is-enabled", *units], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip()


@functools.cache
def systemd_settings(name: str, section: str) -> Mapping[str, str]:
    """Key → value, of systemd's configuration such as `system.conf` with all its drop-ins."""
    try:
        text = run(["systemd-analyze", "cat-config", "--tldr", f"systemd/{name}"])
    except subprocess.CalledProcessError:
        return {}  # there is no such file
    # No comments but the names of the files.
    return settings_in(section, re.split(r"^#.*$", text, flags=re.MULTILINE))


def settings_in(section: str, texts: Iterable[str]) -> dict[str, str]:
    """Key → value of one section, as systemd reads one file after another: the last one counts, a backslash goes on."""
    got = {}
    for text in texts:
        here = before = ""
        for line in text.splitlines():
            if line.strip()[:1] in ("#", ";"):
                continue
            bare = (before + line).strip()
            before = f"{bare[:-1]} " if bare.endswith("\\") else ""
            if bare.startswith("["):
                here = bare
            elif here == f"[{section}]" and not before:
                key, _, value = bare.partition("=")
                got[key.strip()] = value.strip()
    return got


def check_sessions_limited(context: Context) -> None:
    """Findings for each way in whose PAM stack does not set the limits, or takes them from another file."""
    ways_in = ("sshd", "login", "su", "su-l", "sudo", "sudo-i", "cron", "runuser", "runuser-l")
    for service in pam.sessions_without("limited", *ways_in):
        context.finding(f"PAM service {service}: expected `session required pam_limits.so`, which nothing goes past")


def people_and_root() -> list[str]:
    """Names of root and of the accounts that are not the system's."""
    return [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == 0 or 1000 <= entry.pw_uid < 60000]


# --- the disk -------------------------------------------------------------------------------------------------------


class File(NamedTuple):
    """A file of any kind: regular, folder, link, device. Made by the ten thousand: a dataclass takes twice as long."""

    path: str
    status: os.stat_result


LOCAL = frozenset(
    ("btrfs", "devtmpfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ramfs", "tmpfs", "vfat", "xfs", "zfs")
)


_NAME = operator.attrgetter("name")


@functools.cache
def all_of_root() -> tuple[File, ...]:
    """Every file, of whatever kind, of the root file system, and of no other; walked once for all checks."""
    return (File("/", os.lstat("/")), *walk("/"))


@functools.cache
def files_of_disk() -> tuple[File, ...]:
    """Every regular file of the root file system and of the disk's other partitions; walked once for all checks."""
    others = [place for _, inner, place, kind, _ in mounts() if kind in ("ext4", "vfat") and inner == "/" != place]
    files = (*all_of_root(), *(file for place in others for file in walk(place)))
    return tuple(file for file in files if stat.S_ISREG(file.status.st_mode))


@functools.cache
def mounts() -> tuple[tuple[str, str, str, str, tuple[str, ...]], ...]:
    """Device, folder of the device, place, type and options of each mounted file system, as this process sees them."""
    found = []
    for line in read(Path("/proc/self/mountinfo")).splitlines():
        before, _, after = line.partition(" - ")
        device, inner, place, options = before.split()[2:6]
        place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), place)
        found.append((device, inner, place, after.split()[0], tuple(options.split(","))))
    return tuple(found)


@functools.cache
def mount_points() -> frozenset[str]:
    """Where something is mounted."""
    return frozenset(place for _, _, place, _, _ in mounts())


def walk(folder: str) -> Iterator[File]:
    """Every file below a folder, of whatever kind, on its file system; a folder before what is in it."""
    # A list of what is left: an iterator for each folder would hand each file up through all folders above it.
    left = _entries(folder)
    while left:
        entry = left.pop()
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # it is gone by now
        path = entry.path
        if stat.S_ISDIR(status.st_mode):
            if path in mount_points():
                continue
            left += _entries(path)
        yield File(path, status)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder, the last name first."""
    try:
        return sorted(os.scandir(folder), key=_NAME, reverse=True)
    except OSError:
        return []  # it is gone by now


def real_path(path: str) -> str:
    """As os.path.realpath has it; but of many files in the same folder, that folder is looked up once."""
    at = path
    for _ in range(40):
        folder, _, name = at.rpartition("/")
        if name in ("", ".", ".."):
            break
        folder = _real_folder(folder or "/").rstrip("/")
        at = f"{folder}/{name}"
        try:
            target = os.readlink(at)  # noqa: PTH115 - thousands of them
        except OSError:
            return at  # no link, or not there
        at = target if target.startswith("/") else f"{folder}/{target}"
    return os.path.realpath(path)


_real_folder = functools.cache(os.path.realpath)


# --- permissions ----------------------------------------------------------------------------------------------------

_ACL_NAMED = {0x02: "user", 0x08: "group"}


def acl_of(path: str, kind: str = "access") -> list[str]:
    """Whom an access control list names besides owner, group and others, as `user 33 rw-`.

    `default` is the list of what is made in a folder.

    Who may write by such a list has the group's write bit set in the file's mode as well: there it is the list's mask.
    """
    try:
        data = os.getxattr(path, f"system.posix_acl_{kind}", follow_symlinks=False)
    except OSError:
        return []
    entries = struct.iter_unpack("<HHI", data[4:])
    return [
        f"{_ACL_NAMED.get(tag, 'others')} {who if tag in _ACL_NAMED else ''} {_rwx(bits)}"
        for tag, bits, who in entries
        if tag in _ACL_NAMED or (kind == "default" and tag == 0x20 and bits)
    ]


def _rwx(bits: int) -> str:
    return "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))


@functools.cache
def why_writable(path: str) -> str:
    """Why others than root could change what a path leads to, folders and links on the way included; or nothing."""
    at, rest = "/", [part for part in path.split("/") if part]
    for _ in range(256):
        why = _writable_here(at)
        if why or not rest:
            return why
        at = os.path.normpath(os.path.join(at, rest.pop(0)))  # noqa: PTH118
        if os.path.islink(at):  # noqa: PTH114
            target = os.readlink(at)  # noqa: PTH115
            at = "/" if target.startswith("/") else os.path.dirname(at)  # noqa: PTH120
            rest = [*(part for part in target.split("/") if part), *rest]
    return f"{path}: links that do not end"


@functools.cache
def _writable_here(path: str) -> str:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        # Its folder says who could make it; a sticky bit keeps nobody from that.
        folder = os.path.dirname(path)  # noqa: PTH120
        is_open = os.path.isdir(folder) and os.stat(folder).st_mode & 0o022  # noqa: PTH112, PTH116
        return f"{path} is not there, and who may write {folder} could make it" if is_open else ""
    if status.st_uid != 0:
        return f"{path} belongs to user {status.st_uid}"
    if status.st_mode & 0o022 and not stat.S_ISLNK(status.st_mode) and not status.st_mode & stat.S_ISVTX:
        return f"{path} has the mode {stat.S_IMODE(status.st_mode):04o}"
    return ""


# --- packages -------------------------------------------------------------------------------------------------------

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_TOPS = ("/bin", "/sbin", "/lib")


def merged(path: str) -> str:
    """A path as it is since /bin and its like are links into /usr; dpkg's lists have both forms."""
    return f"/usr{path}" if path.startswith(_TOPS) and path.split("/", 2)[1] in _MERGED else path


@functools.cache
def _diversions() -> Mapping[str, tuple[str, str]]:
    """Path → where the file of any package is instead, but for that of the one package named."""
    lines = read(DPKG / "diversions").splitlines()
    return {merged(a): (merged(b), by) for a, b, by in zip(lines[::3], lines[1::3], lines[2::3], strict=True)}


@functools.cache
def package_lists() -> Mapping[str, bytes]:
    """What dpkg keeps of packages, such as `NAME.list`: the name of each file → its bytes; read once for all."""
    folder = DPKG / "info"
    return {name: (folder / name).read_bytes() for name in sorted(os.listdir(folder)) if "." in name}  # noqa: PTH208


def listed(kind: str) -> Iterator[tuple[str, list[str]]]:
    """Package and lines, of each of dpkg's lists of a kind."""
    for name, data in package_lists().items():
        package, _, ending = name.rpartition(".")
        if ending == kind and package:
            yield package.partition(":")[0], data.decode(errors="replace").splitlines()


def packaged_at(package: str, path: str) -> str:
    """Where the file is that a package's list names so."""
    path = merged(path)
    instead, by = _diversions().get(path, (path, package))
    return path if by == package else instead


@functools.cache
def package_files() -> frozenset[str]:
    """Every path that a package owns, by dpkg's own lists and diversions."""
    return frozenset(packaged_at(package, line) for package, lines in listed("list") for line in lines if line)


@functools.cache
def _sums() -> Mapping[str, frozenset[str]]:
    """Path → the MD5 sums that packages give for it, shipped files and conffiles alike."""
    sums: dict[str, set[str]] = {}
    for package, lines in listed("md5sums"):
        for line in lines:
            digest, _, name = line.partition("  ")
            sums.setdefault(packaged_at(package, f"/{name}"), set()).add(digest)
    for line in read(DPKG / "status").splitlines():
        if line.startswith(" /"):
            name, digest, *_ = line.split()
            sums.setdefault(merged(name), set()).add(digest)
    return {path: frozenset(digests) for path, digests in sums.items()}


def as_packaged(path: str) -> bool:
    """Whether a file has the bytes that its package shipped."""
    digests = _sums().get(path)
    if not digests:
        return False
    try:
        return hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest() in digests
    except FileNotFoundError:
        return False  # it is gone by now
