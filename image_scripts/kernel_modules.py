"""Kernel modules that must not load. lib.sh has the apply (deny_modules)."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib import Context, read

TREES = Path("/usr/lib/modules")


def check_denied(context: Context, modules: Sequence[str]) -> None:
    """Findings for modules that modprobe would load, or that are loaded. To the kernel a `-` in a name is a `_`."""
    trees = sorted(path.name for path in TREES.glob("*") if path.is_dir())
    tree = ["-S", trees[-1]] if trees else []
    names = [module.replace("-", "_") for module in modules]
    # What is part of the kernel itself no rule keeps from loading.
    for line in read(TREES / trees[-1] / "modules.builtin").split("\n") if trees else ():
        name = line.rpartition("/")[2].rpartition(".ko")[0].replace("-", "_")
        if name in names:
            context.finding(f"kernel module {name} is built into the kernel: it cannot be kept from loading")
    # modprobe itself says what it would do, for all of them at once; only a deviation costs a look at each.
    if denials(tree, *modules) < len(modules):
        for module in modules:
            if not denials(tree, module):
                context.finding(f"kernel module {module} is not kept from loading")
    check_rules(context, tree, names)
    # A test's kernel need not be the tree's; a live server's may have left it.
    if context.phase != "test" or (TREES / os.uname().release).is_dir():
        for line in read(Path("/proc/modules")).splitlines():
            if line.split()[0] in names:
                context.finding(f"kernel module {line.split()[0]} is loaded")


def denials(tree: Sequence[str], *modules: str) -> int:
    """How many times modprobe would answer by running false."""
    said = ask("-a", "-n", "-v", *tree, *modules)
    return len(re.findall(r"^install (?:/usr)?/bin/(?:false|true) *$", said, re.MULTILINE))


def check_rules(context: Context, tree: Sequence[str], names: Sequence[str]) -> None:
    """Each has a rule of its own. Answers are counted: one for what comes along would stand for one that is missing."""
    ruled = set()
    for what, name, rest in rules(tree, names):
        if what == "alias":  # the kernel asks by other names
            context.finding(f"kernel module {name}: modprobe would take {rest} for it")
        elif what == "softdep":
            context.finding(f"kernel module {name}: it has a softdep, for which modprobe leaves install rules aside")
        else:
            ruled.add(name)
    for name in names:
        if name not in ruled:
            context.finding(f"kernel module {name}: no rule keeps it from loading")


def rules(tree: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Kind, module and the rest of each line of modprobe's configuration that is about one of the modules."""
    matches = ctypes.CDLL(None).fnmatch  # modprobe's own: Python's knows no backslash
    for line in ask("-c", *tree).split("\n"):
        if line.startswith("# End of configuration files"):
            break
        what, pattern, rest = (*line.split(None, 2), "", "", "")[:3]
        if what in ("alias", "install", "softdep"):
            is_name = pattern.isidentifier()
            for name in names:
                if name == pattern or not (is_name or matches(os.fsencode(pattern), name.encode(), 0)):
                    yield what, name, rest


def ask(*words: str) -> str:
    """What modprobe prints, whatever its exit code."""
    done = subprocess.run(["modprobe", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return os.fsdecode(done.stdout)
