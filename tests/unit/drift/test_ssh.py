"""The conversation with a live machine, over an `ssh` that stands in: it runs the command here."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.common.errors import CheckError, ResultsError
from hallmark.drift.ssh import Login, look
from hallmark.guest.checks_archive import make_archive

SECRET = "Correct horse 7"
# What stands in for remote.sh: the conversation is the same, and no namespace is needed.
SCRIPT = """
set -eu
printf 'image web-0123456789abcdef\\n'
mkdir "$PLACE/in"
tar -C "$PLACE/in" -xf -
mkdir "$PLACE/results"
cp "$PLACE/in/plan/plan" "$PLACE/results/a.out"
printf 'results\\n'
tar --create --file=- --format=ustar --directory="$PLACE/results" .
"""
ARCHIVE = make_archive({"plan/plan": b"alpha\n", "image_scripts/lib.sh": b"x" * 300_000})


class Machine:
    """Programs on PATH that play ssh, and what a machine has; `log` has the words that ssh and sudo were given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        monkeypatch.setenv("PATH", f"{self.bin}:{os.environ['PATH']}")
        self.program("id", "echo 1000")
        self.program("unshare", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
        self.ssh('for word; do :; done; exec /bin/sh -c "$word"')
        self.sudo('[ "$answer" = "Correct horse 7" ] || { printf %s "$prompt" >&2; read -r answer; exit 1; }')

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def ssh(self, text: str) -> None:
        self.program(
            "ssh", f'printf "%s\\n" "$@" >>{self.log}\nexport PLACE={self.folder} PATH={self.bin}:/usr/bin:/bin\n{text}'
        )

    def sudo(self, text: str, ask: str = 'printf %s "$prompt" >&2; read -r answer') -> None:
        """Sudo -S -p PROMPT -- COMMAND: it asks once, and then `text` decides on `$answer`."""
        self.program("sudo", f'prompt=$3\nprintf "%s\\n" "$@" >>{self.log}\n{ask}\n{text}\nshift 4\nexec "$@"')

    def look(self, password: Callable[[], str] = lambda: SECRET, script: str = SCRIPT, seconds: float = 30) -> Path:
        self.said: list[str | None] = []

        def answer(image: str | None) -> bytes:
            self.said.append(image)
            return ARCHIVE

        results = self.folder / "got"
        login = Login(host="jdoe@server", options=("-p", "2222"), password=password)
        look(login, script, answer, results, seconds=seconds)
        return results


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_one_connection_brings_the_image_the_checks_and_the_results(machine: Machine) -> None:
    results = machine.look()
    assert machine.said == ["web-0123456789abcdef"]
    assert (results / "a.out").read_text() == "alpha\n"
    words = machine.log.read_text().splitlines()
    assert words[:2] == ["-p", "2222"]
    assert words.count("jdoe@server") == 1
    assert {"-T", "-a", "-x", "ClearAllForwardings=yes"} <= set(words)


def test_the_password_is_on_no_command_line(machine: Machine) -> None:
    machine.look()
    assert SECRET not in machine.log.read_text()


def test_who_is_not_asked_gives_no_password(machine: Machine) -> None:
    machine.sudo("", ask="")

    def never() -> str:
        raise AssertionError("asked")

    assert (machine.look(never) / "a.out").exists()


def test_root_needs_no_sudo(machine: Machine) -> None:
    machine.program("id", "echo 0")
    (machine.bin / "sudo").unlink()
    assert (machine.look() / "a.out").exists()


def test_what_a_sign_in_prints_is_skipped(machine: Machine) -> None:
    machine.ssh('echo Welcome; echo "image of the day"; for word; do :; done; exec /bin/sh -c "$word"')
    machine.look()
    assert machine.said == ["web-0123456789abcdef"]


def test_a_machine_that_names_no_image_is_asked_about_as_such(machine: Machine) -> None:
    machine.look(script=SCRIPT.replace("image web-0123456789abcdef", "image -"))
    assert machine.said == [None]


def test_a_wrong_password_is_given_once_and_told(machine: Machine) -> None:
    given: list[str] = []

    def wrong() -> str:
        given.append("x")
        return "wrong"

    with pytest.raises(CheckError, match=r"^jdoe@server: sudo did not take the password$"):
        machine.look(wrong)
    assert given == ["x"]


@pytest.mark.parametrize(
    ("sudo", "words"),
    [
        ('echo "jdoe is not in the sudoers file." >&2; exit 1', "jdoe is not in the sudoers file."),
        ("exit 1", "exit code 1"),
    ],
)
def test_a_sudo_that_refuses_has_the_last_word(machine: Machine, sudo: str, words: str) -> None:
    machine.sudo(sudo)
    with pytest.raises(CheckError, match=f"the connection ended before the machine was looked at: .*{words}"):
        machine.look()


def test_a_machine_without_sudo_is_told(machine: Machine) -> None:
    (machine.bin / "sudo").unlink()
    machine.ssh(f'PATH={machine.bin}; for word; do :; done; exec /bin/sh -c "$word"')
    with pytest.raises(CheckError, match=r"^jdoe@server: expected root or a sudo there, found neither$"):
        machine.look()


def test_a_host_that_cannot_be_reached_is_told_in_sshs_words(machine: Machine) -> None:
    machine.ssh('echo "ssh: connect to host server port 22: Connection refused" >&2; exit 255')
    with pytest.raises(CheckError, match=r"port 22: Connection refused$"):
        machine.look()


def test_what_the_machine_prints_is_safe_to_show(machine: Machine) -> None:
    machine.ssh("printf 'bad\\033[2J\\007news\\n' >&2; exit 1")
    with pytest.raises(CheckError) as raised:
        machine.look()
    assert str(raised.value).endswith("badnews")


def test_a_machine_that_says_nothing_is_given_up(machine: Machine) -> None:
    machine.ssh("sleep 60")
    with pytest.raises(CheckError, match="expected an answer within 1 s, got none"):
        machine.look(seconds=1)


def test_a_machine_that_takes_nothing_is_given_up(machine: Machine) -> None:
    with pytest.raises(CheckError, match="expected an answer within 2 s, got none"):
        machine.look(script="echo image x; sleep 60", seconds=2)


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ("echo picture", CheckError, "expected 'image' from the machine, got 'picture'"),
        ("head -c 100000 /dev/zero", CheckError, "expected a line from the machine, got [0-9]+ bytes without an end"),
        (
            "echo image x; cat >/dev/null; echo results; head -c 70000000 /dev/zero",
            CheckError,
            "bytes of results, got more",
        ),
        ("echo image x; cat >/dev/null; echo results", ResultsError, "the guest wrote nothing"),
        ("echo image x; cat >/dev/null; echo results; echo junk", ResultsError, "cut short|something else"),
        (
            "echo image x; cat >/dev/null; echo results; cd $PLACE; ln -s /etc/shadow l; tar --format=ustar -cf - l",
            ResultsError,
            "a symbolic link",
        ),
    ],
)
def test_a_hostile_machine_gets_nowhere(machine: Machine, script: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        machine.look(script=script)
    assert not (machine.folder / "got").exists()
