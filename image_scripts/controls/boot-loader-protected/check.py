"""R4: see control.toml. Reads the menu that GRUB will read; where none was made yet, what its scripts make."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from lib import Context, NotApplicable, boot_lines, check_boot_words, line_words, overruling, read

MENU, CUSTOM, SCRIPTS = Path("/boot/grub/grub.cfg"), Path("/boot/grub/custom.cfg"), Path("/etc/grub.d")
# Words on the kernel's command line that end in a shell of root's, or in one that asks as little.
OPENERS = re.compile(
    r"(rd)?init=.*|rd\.break.*|break(=.*)?|single|emergency|rescue|_[bs]|[sS1]|SYSTEMD_SULOGIN_FORCE.*"
    r"|(rd\.)?systemd\.(unit=(rescue|emergency).*|debug_shell.*|setenv=.*|run=.*|wants=.*|set_credential.*)"
)
# Commands of GRUB's that start something, or read more of a menu than what is read here.
LEAVES = re.compile(r"boot|chainloader|eval|linux\w+|multiboot2?|normal|\.|(\w+_)?(configfile|source)|\$.*")
MOVES = re.compile(r"\b(prefix|config_directory)=")
OURS_TO_READ = ("source ${config_directory}/custom.cfg", "source $prefix/custom.cfg")
# What the scripts are told of the disk, by a stand-in for GRUB's own probe.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "pkgdatadir": "/usr/share/grub",
    "grub_probe": "/bin/true",
    "grub_mkrelpath": "/bin/true",
    "GRUB_DEVICE": "/dev/vda1",
    "GRUB_DEVICE_BOOT": "/dev/vda1",
    "GRUB_DISABLE_OS_PROBER": "true",
    "GRUB_DISABLE_RECOVERY": "true",
}


@dataclass
class Entry:
    """A `menuentry` or `submenu`: its line, what is in it, and whether it is within another one."""

    line: str
    inner: bool
    lines: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether everybody may start it."""
        return re.search(r"\s--unrestricted\b", self.line) is not None

    @property
    def boots(self) -> bool:
        """Whether it starts a kernel of this system, and does nothing that could start something else."""
        kernels = [line for line in self.lines if "linux" in commands(line)]
        names = [name for line in self.lines for name in commands(line)]
        return kernels != [] and all(k.split()[0] == "linux" for k in kernels) and not any(map(LEAVES.fullmatch, names))


def commands(line: str) -> list[str]:
    """The names of the commands in a line of GRUB's."""
    found = re.findall(r"(?:^|[;&|]|(?<!\$){)\s*(?:(?:if|then|elif|else|while|until|do|!)\s+)*([^\s;&|]+)", line)
    return [re.sub(r"[\"'\\]", "", name) for name in found]


def check(context: Context) -> str:
    """Findings for ways to change what boots, for entries that stop at a question, and for shells that ask nobody."""
    if not SCRIPTS.is_dir():
        raise NotApplicable("no GRUB here")
    text = made_anew() if context.phase == "test" else read(MENU)
    outside, loose, entries = parse(f"{text}\n{read(CUSTOM)}")
    for value in re.findall(r"^\s*set default=[\"']?([^\"'\s]*)", text, re.MULTILINE):
        if value not in ("0", "${saved_entry}", "${next_entry}"):
            context.finding(f"GRUB: the entry that boots is {value}; expected the first one, which asks nobody")
    for line in loose:
        if any(name == "linux" or LEAVES.fullmatch(name) for name in commands(line)) or MOVES.search(line):
            context.finding(f"GRUB: {line}: it is in no entry, so it asks nobody, and starts or reads something else")
    check_superusers(context, outside, entries)
    check_entries(context, entries)
    check_boot_words(context, "panic=30")
    for word in line_words(boot_lines(context)["GRUB's settings"]):
        if OPENERS.fullmatch(word):
            context.finding(f"GRUB's settings: {word} on the kernel's command line opens a shell")
    check_units(context)
    return (
        f"{len(entries)} entries: those of {sum(e.boots for e in entries)} kernels start unattended, nothing else does"
    )


def made_anew() -> str:
    """What GRUB's scripts print, in their order; only those count that may be executed."""
    text = ""
    for script in sorted(SCRIPTS.iterdir()):
        if script.stat().st_mode & 0o111 and not script.name.endswith(("~", "README")):
            done = subprocess.run(
                [script], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120
            )  # fmt: skip
            text += done.stdout
    return text


def parse(text: str) -> tuple[list[str], list[str], list[Entry]]:
    """The lines outside of all braces and conditions, those outside of entries, and the entries."""
    outside: list[str] = []
    loose: list[str] = []
    entries: list[Entry] = []
    open_braces: list[Entry | None] = []
    conditions = 0
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        word = line.split()[0]
        if line.endswith("{"):
            is_entry = word in ("menuentry", "submenu")
            entry = Entry(line, any(open_braces)) if is_entry else None
            open_braces.append(entry)
            if entry:
                entries.append(entry)
        elif line.startswith("}"):
            open_braces = open_braces[:-1]
        else:
            inmost = next(filter(None, reversed(open_braces)), None)
            if inmost:
                inmost.lines.append(line)
            elif line not in OURS_TO_READ:
                loose.append(line)
            conditions += len(re.findall(r"(?:^|[;\s])if\s", line)) - len(re.findall(r"(?:^|[;\s])fi\b", line))
            if not open_braces and conditions <= 0:
                outside.append(line)
            elif not any(open_braces) and re.search(r"\bsuperusers\b|^password", line):
                outside.append(f"under a condition: {line}")
    return outside, loose, entries


def check_superusers(context: Context, outside: list[str], entries: list[Entry]) -> None:
    """They are named once, for submenus too, and before anything else; a password is the parameter's affair."""
    about = [line for line in outside if re.search(r"\bsuperusers\b", line)]
    if about != ['set superusers="hallmark"', "export superusers"]:
        context.finding(
            f"GRUB's superusers: expected them set once, and exported for submenus, got {about or 'nothing'}"
        )
    inner = [line for entry in entries for line in entry.lines if re.search(r"\bsuperusers\b|^password", line)]
    passwords = [line.removeprefix("under a condition: ") for line in outside if re.search(r"(^|: )password", line)]
    wanted = [f"password_pbkdf2 hallmark {context.text('password_hash')}"] if context.text("password_hash") else []
    if inner or passwords != wanted:
        who = [" ".join(line.split()[:2]) for line in [*inner, *passwords]]
        context.finding(f"GRUB's passwords: expected {len(wanted)}, got {len(who)}: {who}")


def check_entries(context: Context, entries: list[Entry]) -> None:
    """Kernels start unattended; nothing else starts, and nothing of it ends in a shell."""
    first = next((entry for entry in entries if not entry.inner), None)
    if not first or not first.boots or not first.is_open:
        context.finding("GRUB: the first entry asks for a superuser, or is no kernel's: nothing would boot unattended")
    for entry in entries:
        title = entry.line.partition("$")[0].strip(" {")
        if entry.is_open and not entry.boots:
            context.finding(f"GRUB: {title}: everybody may start it, and it is no kernel's")
        for line in entry.lines:
            for word in line_words(line) if line.split()[0] == "linux" else ():
                if entry.is_open and OPENERS.fullmatch(word):
                    context.finding(f"GRUB: {title}: {word} on the kernel's command line opens a shell")


def check_units(context: Context) -> None:
    """The two shells of last resort are as systemd has them: they ask for root's password."""
    for path in own_units():
        if re.search(r"^\s*(Exec\w*|Environment(File)?|RootDirectory|RootImage)\s*=", read(path), re.MULTILINE):
            context.finding(f"{path}: changes what the rescue or emergency shell asks for")
    for name in ("rescue", "emergency"):
        if "ExecStart=-/usr/lib/systemd/systemd-sulogin-shell" not in read(
            Path(f"/usr/lib/systemd/system/{name}.service")
        ):
            context.finding(f"{name}.service: expected systemd's own, which asks for root's password")


def own_units() -> list[Path]:
    """Other units by these names, and drop-ins, those for all services included."""
    return sorted({*overruling("rescue.service"), *overruling("emergency.service")})
