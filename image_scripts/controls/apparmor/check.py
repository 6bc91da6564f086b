"""L5: see control.toml. Asks AppArmor's parser what would load, and on a booted machine the kernel what has."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lib import Context, check_boot_words, check_unit, read, run, sysctl_files, unit_state

PROFILES = Path("/etc/apparmor.d")
SECURITY = Path("/sys/kernel/security")
ENABLED = Path("/sys/module/apparmor/parameters/enabled")
SWITCH = "kernel.apparmor_restrict_unprivileged_unconfined"
# No jobs: of several the lines come mixed, and a mode would be taken for another profile's; one takes a process a file.
PARSER = ["apparmor_parser", "--quiet", "--jobs=0", "--skip-kernel-load", "--skip-cache", "--debug"]
PARSER += ["--base", str(PROFILES)]


def check(context: Context) -> str:
    """Findings for what does not enforce, and for what would keep AppArmor from starting."""
    loads = check_profiles(context)
    check_disabled(context)
    check_start(context)
    if context.phase != "test":
        check_kernel(context)
    if context.phase in ("acceptance", "drift"):
        check_booted(context, loads)
    return f"AppArmor enforces {list(loads.values()).count('enforce')} profiles"


def modes(folder: Path) -> dict[str, str]:
    """Profile → its mode, of all the profiles that the parser would load from a folder; `enforce` has no name there."""
    found: dict[str, str] = {}
    name = ""
    # Names go to its standard output, modes to its errors, line by line.
    words = [*PARSER, str(folder)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, timeout=300)
    for line in done.stdout.splitlines():
        key, _, value = line.partition(":")
        if key == "Name" and value.startswith("\t\t"):
            name = value.strip()
        elif key == "Mode" and name:
            found[name], name = value.strip() or "enforce", ""
    return found


def check_profiles(context: Context) -> dict[str, str]:
    """What the next boot loads; profile → mode."""
    try:
        loaded = modes(PROFILES)
    except subprocess.CalledProcessError as error:
        context.finding(f"the profiles do not compile, so none after the fault loads: {error.output.strip()[-300:]}")
        return {}
    for name, mode in loaded.items():
        if mode != "enforce":
            context.finding(f"profile {name}: expected to enforce, its mode is {mode}")
    if not loaded:
        context.finding(f"{PROFILES}: no profile loads")
    return loaded


def check_disabled(context: Context) -> None:
    """A profile that would enforce is not switched off, but where the recipe says so."""
    off = [PROFILES / path.name for path in (PROFILES / "disable").glob("*")]
    with tempfile.TemporaryDirectory() as name:
        for path in off:
            if path.is_file() and path.name not in context.words("disabled"):
                # Under its own name the parser would leave it out here too.
                (Path(name) / f"off.{path.name}").symlink_to(path)
        if any(Path(name).iterdir()):
            for profile, mode in modes(Path(name)).items():
                if mode == "enforce":
                    context.finding(f"profile {profile} would enforce, but is switched off")


def check_start(context: Context) -> None:
    """The unit, the kernel's command line and the setting that each boot to come finds."""
    state = unit_state("apparmor.service")
    if state != "enabled":
        context.finding(f"apparmor.service: expected enabled, it is {state}")
    check_unit(context, "apparmor.service")
    check_boot_words(context, "apparmor=1", "security=apparmor")
    value = ""
    for line in sysctl_files().splitlines():
        key, _, text = line.partition("=")
        if key.strip().lstrip("-").replace("/", ".") == SWITCH:
            value = text.strip()
    if value != "1":
        context.finding(f"sysctl.d: {SWITCH}: expected 1, got {value or 'nothing'}")


def check_kernel(context: Context) -> None:
    """The kernel that runs."""
    if read(ENABLED).strip() != "Y":
        context.finding(f"{ENABLED}: expected Y, got {read(ENABLED).strip() or 'nothing'}")
    if "apparmor" not in read(SECURITY / "lsm").strip().split(","):
        context.finding(f"{SECURITY}/lsm: expected apparmor among {read(SECURITY / 'lsm').strip()}")


def check_booted(context: Context, wanted: Mapping[str, str]) -> None:
    """What the kernel has loaded of the wanted profiles, and which processes it confines."""
    status = json.loads(run(["aa-status", "--json"]))
    loaded: dict[str, str] = status["profiles"]
    for name, mode in loaded.items():
        if mode != "enforce":
            context.finding(f"kernel: profile {name} is in the mode {mode}")
    missing = sorted(set(wanted) - {name.rpartition("//")[2] for name in loaded})
    if missing:
        context.finding(f"kernel: not loaded: {', '.join(missing)}")
    for program, processes in status["processes"].items():
        for process in processes:
            if process["status"] != "enforce":
                context.finding(f"process {process['pid']} ({program}): {process['status']}, though it has a profile")
    switch = Path("/proc/sys") / SWITCH.replace(".", "/")
    if switch.exists() and read(switch).strip() != "1":
        context.finding(f"{SWITCH}: expected 1, got {read(switch).strip()}")
    context.note(f"kernel: {len(loaded)} profiles; confined processes: {sum(map(len, status['processes'].values()))}")
