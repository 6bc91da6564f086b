"""The set-up scripts in a real shell, in a checkout of their own, with stand-ins for what would change a machine."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

CHECKOUT = Path(__file__).parents[2]
SYSTEM_PATH = "/usr/bin:/bin"
ALL_PACKAGES = {
    "apt-utils": "2.6.1",
    "bubblewrap": "0.8.0-2",
    "debian-archive-keyring": "2023.3",
    "dosfstools": "4.2-1",
    "e2fsprogs": "1.47.2-3~bpo12+1",
    "fdisk": "2.38",
    "gnupg": "2.2",
    "gpgv": "2.2",
    "iproute2": "6.1",
    "libarchive13": "3.6",
    "libarchive13t64": "3.7",
    "mmdebstrap": "1.5.6-4~bpo12+1",
    "mtools": "4.0",
    "openssh-client": "1:9.2",
    "openssl": "3.0.20",
    "ovmf": "2022.11",
    "qemu-system-x86": "1:10.0.2+ds-2~bpo12+1",
    "qemu-utils": "1:10.0.2+ds-2~bpo12+1",
    "shellcheck": "0.9.0",
    "shfmt": "3.6.0",
    "uidmap": "4.13",
    "util-linux": "2.38",
    "xorriso": "1.5.4",
    "zsh": "5.9",
    "zstd": "1.5.4",
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A checkout with nothing in it but the set-up, and a folder of stand-ins in front of PATH."""

    root: Path
    bin: Path
    variables: dict[str, str]

    def stand_in(self, name: str, body: str, *, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def installed(self, packages: dict[str, str]) -> None:
        lines = "".join(f"{name} installed {version}\n" for name, version in packages.items())
        (self.root / "installed").write_text(lines)
        self.stand_in("dpkg-query", f'cat "{self.root}/installed"; exit 1')

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {**self.variables, **variables}
        return subprocess.run(
            [self.root / "tools" / "setup" / script], env=env, capture_output=True, text=True, timeout=60, check=False
        )

    def shell(self, words: list[str], *, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {**self.variables, **variables}
        return subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    root = tmp_path / "checkout"
    for name in ("tools/setup", "tools/pulumi", "tools/language-host", "tools/actionlint"):
        shutil.copytree(CHECKOUT / name, root / name)
    shutil.copy(CHECKOUT / "env", root / "env")
    for name in ("Pulumi.yaml", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        (root / name).write_text("")
    (root / "stacks").mkdir()
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    variables = {
        "PATH": f"{tmp_path}/bin:{SYSTEM_PATH}",
        "HOME": str(tmp_path / "home"),
        "HALLMARK_DRY_RUN": "1",
        "HALLMARK_OS_RELEASE": str(tmp_path / "os-release"),
        "HALLMARK_APT_DIR": str(tmp_path / "apt"),
    }
    made = Bench(root=root, bin=tmp_path / "bin", variables=variables)
    made.installed(ALL_PACKAGES)
    made.stand_in("id", "echo 0")
    made.stand_in("go", "exit 1")
    made.stand_in("pulumi", "exit 1")
    made.stand_in(
        "apt-get",
        f"""[ "$1" = indextargets ] || exit 99
echo 'bookworm-security mirror://elsewhere/security/ x:1'
echo 'bookworm mirror://debian.test/debian/ {tmp_path}/apt/sources.list.d/debian.sources:1'""",
    )
    (tmp_path / "apt/sources.list.d/debian.sources").write_text(
        "Types: deb\nURIs: mirror://debian.test/debian\nSuites: bookworm\nSigned-By: /usr/share/keyrings/own.gpg\n"
    )
    return made


# --- the whole


def test_what_fails_is_told_of_both_parts_that_run_side_by_side_and_nothing_follows(bench: Bench) -> None:
    done = bench.run("setup.sh", HALLMARK_PYTHON="/nowhere/python3")
    assert done.returncode == 3
    assert "error: Python: expected 3.11 or newer" in done.stderr
    assert "error: expected the Pulumi CLI" in done.stderr
    assert not (bench.root / ".hallmark" / "passphrase").exists()


def test_an_interrupt_ends_both_parts(bench: Bench) -> None:
    begun = bench.root / "begun"
    for name in ("python.sh", "tools.sh"):
        bench.stand_in(name, f'echo $$ >>"{begun}"; exec sleep 60', folder=bench.root / "tools" / "setup")
    with subprocess.Popen(
        ["env", "--default-signal=INT", bench.root / "tools/setup/setup.sh"],
        env=bench.variables,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_until(lambda: begun.exists() and len(begun.read_text().split()) == 2, 20)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) != 0
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in begun.read_text().split()), 20)


# --- Debian packages


def test_nothing_is_said_or_done_when_all_packages_are_there(bench: Bench) -> None:
    done = bench.run("packages.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_debian_12_takes_what_is_too_old_from_backports_of_its_own_mirror(bench: Bench) -> None:
    bench.installed({**ALL_PACKAGES, "qemu-utils": "1:7.2+dfsg-7", "e2fsprogs": "1.47.0-2"})
    done = bench.run("packages.sh")
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("would run:")]
    assert [line.split()[2:4] for line in lines] == [
        ["apt-get", "-qq"],
        ["tee", f"{bench.variables['HALLMARK_APT_DIR']}/sources.list.d/hallmark-backports.sources"],
        ["apt-get", "-qq"],
        ["env", "DEBIAN_FRONTEND=noninteractive"],
    ]
    assert lines[3].endswith("install --no-install-recommends -t bookworm-backports qemu-utils e2fsprogs")
    assert "/debian" not in done.stdout


def test_the_backports_source_names_the_machines_own_mirror_and_key(bench: Bench) -> None:
    bench.installed({**ALL_PACKAGES, "mmdebstrap": "1.3.1"})
    entry = f"{bench.variables['HALLMARK_APT_DIR']}/sources.list.d/debian.sources:1"
    bench.stand_in("apt-get", f"[ $1 != indextargets ] || echo 'bookworm mirror://debian.test/debian/ {entry}'")
    done = bench.run("packages.sh", HALLMARK_DRY_RUN="0")
    assert done.returncode == 0, done.stderr
    written = Path(bench.variables["HALLMARK_APT_DIR"], "sources.list.d", "hallmark-backports.sources").read_text()
    assert written.splitlines()[1:] == [
        "Types: deb",
        "URIs: mirror://debian.test/debian/",
        "Suites: bookworm-backports",
        "Components: main",
        "Signed-By: /usr/share/keyrings/own.gpg",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("backports.list", "deb mirror://x/debian bookworm-backports main\n"),
        ("backports.sources", "Types: deb\nURIs: mirror://x\nSuites: bookworm bookworm-backports\n"),
    ],
)
def test_a_backports_source_that_is_there_is_used(bench: Bench, name: str, text: str) -> None:
    Path(bench.variables["HALLMARK_APT_DIR"], "sources.list.d", name).write_text(text)
    bench.installed({**ALL_PACKAGES, "mmdebstrap": "1.3.1"})
    done = bench.run("packages.sh")
    assert "tee" not in done.stderr
    assert "-t bookworm-backports mmdebstrap" in done.stderr


def test_debian_13_needs_no_backports(bench: Bench) -> None:
    Path(bench.variables["HALLMARK_OS_RELEASE"]).write_text('ID=debian\nVERSION_ID="13"\n')
    bench.installed(
        {name: version for name, version in ALL_PACKAGES.items() if name not in {"qemu-utils", "libarchive13t64"}}
    )
    done = bench.run("packages.sh")
    assert done.stderr.splitlines()[-1].endswith("install --no-install-recommends libarchive13t64 qemu-utils")


def test_without_root_and_sudo_the_missing_packages_are_named(bench: Bench) -> None:
    bench.stand_in("id", "echo 1000")
    bench.stand_in("sudo", "exit 1")
    bench.installed({name: version for name, version in ALL_PACKAGES.items() if name != "xorriso"})
    done = bench.run("packages.sh")
    assert done.returncode == 3
    assert done.stderr == (
        "hallmark set-up: error: packages are missing and this is neither root nor passwordless sudo;"
        " as root, run: apt-get install xorriso\n"
    )


def test_without_root_but_with_all_packages_sudo_is_not_asked(bench: Bench) -> None:
    bench.stand_in("id", "echo 1000")
    bench.stand_in("sudo", f"touch {bench.root}/asked")
    assert bench.run("packages.sh").returncode == 0
    assert not (bench.root / "asked").exists()


def test_another_distribution_is_told_what_is_missing(bench: Bench) -> None:
    Path(bench.variables["HALLMARK_OS_RELEASE"]).write_text('ID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora 44"\n')
    bench.installed({name: version for name, version in ALL_PACKAGES.items() if name != "xorriso"})
    done = bench.run("packages.sh")
    assert done.returncode == 3
    assert done.stderr == (
        "hallmark set-up: error: expected Debian 12 or 13, got Fedora 44; install these by other means: xorriso\n"
    )


# --- the Pulumi CLI


def link(bench: Bench) -> Path:
    return bench.root / ".hallmark" / "tools"


def test_a_newer_pulumi_with_its_language_host_is_used(bench: Bench) -> None:
    official = bench.root / "official" / "bin"
    real = bench.stand_in("pulumi", "echo v3.300.1", folder=official)
    bench.stand_in("pulumi-language-python", "exit 0", folder=official)
    (bench.bin / "pulumi").unlink()
    (bench.bin / "pulumi").symlink_to(real)
    assert bench.run("tools.sh").returncode == 0
    assert link(bench).resolve() == official
    assert bench.run("tools.sh").stderr == ""


@pytest.mark.parametrize("version", ["v3.100.0", "v3.9.0", "v2.999.0", "unknown"])
def test_an_older_pulumi_needs_go_and_says_so(bench: Bench, version: str) -> None:
    bench.stand_in("pulumi", f"echo {version}")
    bench.stand_in("pulumi-language-python", "exit 0")
    done = bench.run("tools.sh")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        "hallmark set-up: error: expected the Pulumi CLI 3.250.0 or newer on PATH, or Go 1.25 or newer to build it;"
        " got neither. Install one of them and run make again"
    )
    assert not link(bench).exists()


def test_a_go_that_is_too_old_is_named(bench: Bench) -> None:
    bench.stand_in("go", "echo go1.24.4")
    done = bench.run("tools.sh")
    assert done.returncode == 3
    assert "got go1.24.4" in done.stderr


def make_go_stand_in(bench: Bench, *, fail: bool = False) -> None:
    sdk = bench.root / "sdk"
    for name in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
        (sdk / name).parent.mkdir(parents=True, exist_ok=True)
        (sdk / name).write_text("")
    bench.stand_in(
        "go",
        f"""case "$1" in
env) echo go1.26.8 ;;
mod) ;;
list) echo '{sdk}' ;;
build) [ '{fail}' = False ] || exit 1
    for word; do last=$word; done
    while [ "$1" != -o ]; do shift; done
    echo "$last" >>'{bench.root}/builds'
    : >"$2/${{last##*/}}" && chmod +x "$2/${{last##*/}}" ;;
esac""",
    )


def test_the_tools_are_built_once_and_kept_for_the_next_checkout(bench: Bench) -> None:
    make_go_stand_in(bench)
    assert bench.run("tools.sh").returncode == 0
    assert sorted(path.name for path in link(bench).iterdir()) == [
        "actionlint",
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    shutil.rmtree(bench.root / ".hallmark")
    assert bench.run("tools.sh").returncode == 0
    assert len((bench.root / "builds").read_text().splitlines()) == 3


def test_a_build_that_failed_leaves_nothing_to_be_taken_for_a_whole_one(bench: Bench) -> None:
    make_go_stand_in(bench, fail=True)
    assert bench.run("tools.sh").returncode == 3
    assert not link(bench).exists()
    make_go_stand_in(bench)
    assert bench.run("tools.sh").returncode == 0
    cache = Path(bench.variables["HOME"]) / ".cache" / "hallmark" / "tools"
    assert not list(cache.glob("building.*"))


# --- the Python environment


def make_python_stand_in(bench: Bench, *, pip_fails: bool = False) -> None:
    body = f"""case "$*" in
*"-m pip"*) [ '{pip_fails}' = False ] || exit 1 ;;
"-m venv"*) echo made >>'{bench.root}/venvs'; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
esac"""
    bench.stand_in("own-python", body)


def test_an_environment_that_was_never_finished_is_made_anew(bench: Bench) -> None:
    make_python_stand_in(bench, pip_fails=True)
    assert bench.run("python.sh", HALLMARK_PYTHON="own-python").returncode == 3
    make_python_stand_in(bench)
    (bench.root / ".venv" / "left-over").touch()
    assert bench.run("python.sh", HALLMARK_PYTHON="own-python").returncode == 0
    assert not (bench.root / ".venv" / "left-over").exists()
    assert bench.run("python.sh", HALLMARK_PYTHON="own-python").stderr == ""
    assert (bench.root / "venvs").read_text() == "made\nmade\n"


def test_other_locked_requirements_make_another_environment(bench: Bench) -> None:
    make_python_stand_in(bench)
    bench.run("python.sh", HALLMARK_PYTHON="own-python")
    (bench.root / "requirements.txt").write_text("six==1.16.0\n")
    bench.run("python.sh", HALLMARK_PYTHON="own-python")
    assert (bench.root / "venvs").read_text() == "made\nmade\n"


def make_old_venv(bench: Bench) -> Path:
    """A .venv out of date, as `. ./env` of a checkout by another name puts it on PATH: its folder of programs."""
    checkout = bench.root.with_name("link")
    checkout.symlink_to(bench.root)
    bench.stand_in("python3.13", "exit 0", folder=checkout / ".venv" / "bin")
    return checkout / ".venv" / "bin"


def test_after_env_another_python_than_that_of_the_old_environment_makes_the_new_one(bench: Bench) -> None:
    make_python_stand_in(bench)
    (bench.bin / "own-python").rename(bench.bin / "python3.13")
    done = bench.run("python.sh", PATH=f"{make_old_venv(bench)}:{bench.variables['PATH']}")
    assert done.returncode == 0, done.stderr
    assert (bench.root / "venvs").read_text() == "made\n"


def test_the_python_of_the_old_environment_cannot_be_named_for_the_new_one(bench: Bench) -> None:
    named = make_old_venv(bench) / "python3.13"
    done = bench.run("python.sh", HALLMARK_PYTHON=str(named))
    assert done.stderr.startswith("hallmark set-up: error: Python: expected 3.11 or newer with its venv module")
    assert named.exists()


def test_without_a_python_that_will_do_one_line_says_so(bench: Bench) -> None:
    done = bench.run("python.sh", HALLMARK_PYTHON="no-such-python")
    assert done.returncode == 3
    assert done.stderr.startswith("hallmark set-up: error: Python: expected 3.11 or newer with its venv module")


# --- state and env


def test_the_passphrase_is_private_random_and_made_once(bench: Bench) -> None:
    config = bench.root / "stacks" / "Pulumi.local.yaml"
    config.write_text("encryptionsalt: v1:old\nconfig:\n  hallmark:parallel: 2\n")
    assert bench.run("state.sh").returncode == 0
    passphrase = bench.root / ".hallmark" / "passphrase"
    first = passphrase.read_text()
    assert len(first) == 45
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert config.read_text() == "config:\n  hallmark:parallel: 2\n"
    assert bench.run("state.sh").returncode == 0
    assert passphrase.read_text() == first


def finished(bench: Bench) -> None:
    bench.run("state.sh")
    bench.stand_in("hallmark", "", folder=bench.root / ".venv" / "bin")
    tools = bench.root / "built"
    bench.stand_in("pulumi", "", folder=tools)
    link(bench).symlink_to(tools)


ASK = (
    'command -v pulumi; echo "$PULUMI_BACKEND_URL ${PULUMI_CONFIG_PASSPHRASE-unset} $PULUMI_CONFIG_PASSPHRASE_FILE $-"'
)


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_env_sets_the_shell_up_for_this_checkout(bench: Bench, shell: str) -> None:
    finished(bench)
    cwd = bench.root if shell == "sh" else Path("/")
    done = bench.shell(
        [shell, "-c", f'. "{bench.root}/env" && . "{bench.root}/env" && {ASK}'], cwd=cwd, PULUMI_CONFIG_PASSPHRASE="x"
    )
    root = bench.root
    assert done.returncode == 0, done.stderr
    pulumi, values = done.stdout.splitlines()
    assert pulumi == f"{root}/built/pulumi"
    backend = f"file://{root}/.hallmark/state?metadata=skip"
    assert values.split()[:3] == [backend, "unset", f"{root}/.hallmark/passphrase"]
    assert "e" not in values.split()[3:]


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_env_keeps_a_backend_that_is_set_and_its_passphrase(bench: Bench, shell: str) -> None:
    finished(bench)
    words = [shell, "-c", f'. "{bench.root}/env" && . "{bench.root}/env" && {ASK}']
    theirs = {"PULUMI_BACKEND_URL": "s3://states?region=eu-west-1&awssdk=v2"}
    own = f"{bench.root}/.hallmark/passphrase"

    def seen(**environment: str) -> list[str]:
        return bench.shell(words, cwd=bench.root, **environment).stdout.splitlines()[1].split()[:3]

    url = theirs["PULUMI_BACKEND_URL"]
    assert seen(**theirs) == [url, "unset", own]
    assert seen(**theirs, PULUMI_CONFIG_PASSPHRASE="x") == [url, "x", own]
    assert seen(**theirs, PULUMI_CONFIG_PASSPHRASE_FILE="/team/words") == [url, "unset", "/team/words"]
    assert seen(**theirs, PULUMI_CONFIG_PASSPHRASE_FILE="/another/.hallmark/passphrase") == [url, "unset", own]


def test_env_leaves_the_backend_of_another_checkout(bench: Bench) -> None:
    finished(bench)
    done = bench.shell(
        ["sh", "-c", f'. "{bench.root}/env" && {ASK}'],
        cwd=bench.root,
        PULUMI_BACKEND_URL="file:///another/.hallmark/state?metadata=skip",
        PULUMI_CONFIG_PASSPHRASE_FILE="/another/.hallmark/passphrase",
    )
    own = f"{bench.root}/.hallmark"
    assert done.stdout.splitlines()[1].split()[:3] == [
        f"file://{own}/state?metadata=skip",
        "unset",
        f"{own}/passphrase",
    ]


def test_env_without_a_finished_set_up_says_what_to_run(bench: Bench) -> None:
    done = bench.shell(["sh", "-c", ". ./env; echo $?; echo still here"], cwd=bench.root)
    assert done.stdout == "1\nstill here\n"
    assert done.stderr == f"env: the set-up of {bench.root} is not finished; run: make -C {bench.root} setup\n"


def test_env_elsewhere_says_where_it_belongs(bench: Bench) -> None:
    done = bench.shell(["sh", "-c", f'. "{bench.root}/env"'], cwd=Path(os.sep))
    assert done.stderr.startswith("env: expected to be sourced in the checkout of Hallmark")
