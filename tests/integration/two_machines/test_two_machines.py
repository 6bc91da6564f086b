"""Two machines of this checkout's released image, on a network of their own: what one can do to the other.

`make test-guests` makes the image first. It is no part of `make test`: there the image of the default recipe is built,
accepted and signed in to, and this is a quarter of an hour more.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.config.recipe import Recipe, load_recipe
from hallmark.local.accelerator import TCG
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.e2e.checkout import wait_until
from tests.integration.two_machines.pair import FIREWALL, Guest, pair
from tests.integration.two_machines.planted import PLANTED

ROOT = Path(__file__).parents[3]
NAME = "debian-13-server"


@pytest.fixture(scope="module")
def store() -> Store:
    return Store(ROOT / ".hallmark" / "store")


@pytest.fixture(scope="module")
def image(store: Store) -> Image:
    found = store.channel_target(NAME, "stable")
    assert found is not None, f"{NAME}: expected a released image in {store.root}; run: make test-guests"
    return found


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe(ROOT / "recipes" / f"{NAME}.toml")


@pytest.fixture(scope="module")
def pair_of_guests(store: Store, image: Image, recipe: Recipe) -> Iterator[tuple[Guest, Guest]]:
    """A server as it was released, and an attacker: another one, whose firewall is open."""
    with pair(store, image, recipe.administrators[0], TCG) as (guest, attacker):
        attacker.open_its_firewall()
        yield guest, attacker


@pytest.fixture(scope="module")
def guest(pair_of_guests: tuple[Guest, Guest]) -> Guest:
    return pair_of_guests[0]


@pytest.fixture(scope="module")
def attacker(pair_of_guests: tuple[Guest, Guest]) -> Guest:
    return pair_of_guests[1]


def look_again(guest: Guest) -> tuple[int, dict[str, Any]]:
    """`hallmark check` on a running machine; its exit code and its document."""
    access = guest.running.access
    words = [sys.executable, "-m", "hallmark", "check", f"{access.user}@127.0.0.1", "--json"]
    words += ["-p", str(guest.running.port), "-i", str(access.key), "--sudo-password-fd", "0"]
    words += ["-o", f"UserKnownHostsFile={guest.running.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=dict(os.environ),
        input=f"{access.password}\n",
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def test_a_machine_that_has_just_booted_is_as_released(guest: Guest) -> None:
    code, document = look_again(guest)
    assert (code, document["findings"]) == (0, [])
    assert document["as_released"] is True


LISTENER = "systemd-run --quiet --unit=stray python3 -m http.server 8080 --bind 0.0.0.0"


def check_the_firewall(guest: Guest, attacker: Guest) -> None:
    """What is declared answers, what is not does not, and nothing goes out; without the firewall it would."""
    for machine in (guest, attacker):
        assert machine.root(LISTENER).returncode == 0
        wait_until(lambda on=machine: "8080" in on.run("ss -Htln").stdout, 60)  # type: ignore[misc]
    assert attacker.reaches(guest, 22)
    assert not attacker.reaches(guest, 8080)
    assert not guest.reaches(attacker, 8080)
    guest.open_its_firewall()
    assert attacker.reaches(guest, 8080)
    assert guest.reaches(attacker, 8080)
    assert guest.root(f"systemctl restart {FIREWALL}").returncode == 0
    assert not attacker.reaches(guest, 8080)
    for machine in (guest, attacker):
        assert machine.root("systemctl stop stray").returncode == 0


def test_only_what_the_recipe_declares_goes_in_and_nothing_goes_out(guest: Guest, attacker: Guest) -> None:
    check_the_firewall(guest, attacker)


def test_from_another_machine_a_key_signs_in_and_a_password_does_not(guest: Guest, attacker: Guest) -> None:
    made = attacker.run("ssh-keygen -q -t ed25519 -N '' -f key && cat key.pub")
    assert made.returncode == 0, made.stderr
    assert guest.run("cat >>.ssh/authorized_keys", stdin=made.stdout).returncode == 0
    words = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=60"
    user = guest.running.access.user
    by_key = attacker.run(f"{words} -i key {user}@{guest.address} id -un")
    assert (by_key.returncode, by_key.stdout.strip()) == (0, user), by_key.stderr
    by_password = attacker.run(f"{words} -o PubkeyAuthentication=no {user}@{guest.address} id -un")
    assert by_password.returncode == 255
    assert "Permission denied (publickey)" in by_password.stderr


def test_wrong_guesses_at_sudo_lock_it_and_a_new_sign_in_does_not_open_it(guest: Guest) -> None:
    user = guest.running.access.user
    # Afterwards somebody has to open it again, and by then sudo does not.
    planned = guest.root(f"systemd-run --quiet --on-active=90 faillock --user {user} --reset")
    assert planned.returncode == 0, planned.stderr
    for _ in range(5):
        assert guest.run("sudo -k -S -p '' true", stdin="a guess\n").returncode != 0
    refused = guest.root("true")
    assert refused.returncode != 0
    assert guest.run("true").returncode == 0
    assert guest.root("true").returncode != 0
    wait_until(lambda: guest.root("true").returncode == 0, 180)


def test_who_guesses_at_ssh_is_banned_and_the_ban_ends(guest: Guest, attacker: Guest) -> None:
    shorter = guest.root("fail2ban-client set sshd bantime 60 && fail2ban-client set sshd bantime.increment false")
    assert shorter.returncode == 0, shorter.stderr
    made = attacker.run("ssh-keygen -q -t ed25519 -N '' -f wrong")
    assert made.returncode == 0, made.stderr
    options = "-o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=20"
    words = f"timeout 60 ssh -i wrong {options}"
    attack = f"for n in $(seq 40); do {words} guess$n@{guest.address} true; sleep 1; done"
    attacker.run(f"nohup sh -c {shlex.quote(attack)} >attack.log 2>&1 & echo $! >attack.pid")
    banned = "fail2ban-client get sshd banip"
    wait_until(lambda: attacker.address in guest.root(banned).stdout, 300)
    assert not attacker.reaches(guest, 22)
    records = guest.root("journalctl -q -u fail2ban --no-pager -o cat")
    assert f"Ban {attacker.address}" in records.stdout
    attacker.run("kill $(cat attack.pid)")
    wait_until(lambda: attacker.reaches(guest, 22), 300)
    assert attacker.address not in guest.root(banned).stdout


def test_all_of_it_holds_after_a_reboot(guest: Guest, attacker: Guest) -> None:
    before = guest.run("cat /proc/sys/kernel/random/boot_id").stdout
    guest.root("systemctl reboot")
    wait_until(lambda: guest.run("cat /proc/sys/kernel/random/boot_id").stdout not in ("", before), 600)
    wait_until(lambda: guest.run("systemctl is-system-running").stdout.strip() == "running", 300)
    check_the_firewall(guest, attacker)


def test_a_days_life_is_no_drift(guest: Guest) -> None:
    """By now people have signed in from elsewhere, guessed wrong, and restarted the machine."""
    code, document = look_again(guest)
    assert (code, document["findings"]) == (0, [])


def test_each_planted_change_is_found(guest: Guest) -> None:
    planted = guest.root("\n".join(f"{command} || echo failed: {shlex.quote(command)}" for command, _ in PLANTED))
    assert (planted.returncode, planted.stdout) == (0, ""), planted.stderr
    code, document = look_again(guest)
    found = {finding["control"] for finding in document["findings"]}
    assert sorted({control for _, control in PLANTED} - found) == []
    assert code == 10
