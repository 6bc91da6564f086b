"""Two machines of this checkout's released image, on a network of their own: what one can do to the other.

`make test-guests` makes the image first; RECIPE=debian-13-strict asks for another recipe of the stack's. It is no part
of `make test`: there the image of the default recipe is built, accepted and signed in to, and this is an hour more.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.common.cache import user_cache
from hallmark.common.containment import writing
from hallmark.common.process import run
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.local.accelerator import TCG
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.integration.guest.debian_root import find_debian_root
from tests.integration.two_machines.forwarding import forwarding, make_certificates
from tests.integration.two_machines.pair import FIREWALL, Guest, pair
from tests.integration.two_machines.planted import PLANTED
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
NAME = os.environ.get("HALLMARK_TEST_RECIPE", "debian-13-server")


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
        timeout=1200,
        check=False,
    )
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def drift(document: dict[str, Any]) -> list[str]:
    """What was found, a line each."""
    return [f"{finding['control']}: {line}" for finding in document["findings"] for line in finding["found"]]


def test_a_machine_that_has_just_booted_is_as_released(guest: Guest) -> None:
    code, document = look_again(guest)
    assert drift(document) == []
    assert code == 0
    assert document["as_released"] is True


LISTENER = "systemd-run --quiet --unit=stray python3 -m http.server 8080 --bind 0.0.0.0"


def check_the_firewall(guest: Guest, attacker: Guest) -> None:
    """What is declared answers, what is not does not, and nothing goes out; without the firewall it would."""
    for machine in (guest, attacker):
        assert machine.root(LISTENER).returncode == 0
        wait_until(lambda on=machine: "8080" in on.run("ss -Htln").stdout, 300)  # type: ignore[misc]
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
    assert guest.run("cat >>.ssh/authorized_keys", stdin=made.stdout.encode()).returncode == 0
    words = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=120"
    user = guest.running.access.user
    by_key = attacker.run(f"{words} -i key {user}@{guest.address} id -un")
    assert (by_key.returncode, by_key.stdout.strip()) == (0, user), by_key.stderr
    by_password = attacker.run(f"{words} -o PubkeyAuthentication=no {user}@{guest.address} id -un")
    assert by_password.returncode == 255
    assert REFUSED in by_password.stderr


def test_a_certificate_signs_in_where_its_authority_is_trusted_and_nowhere_else(
    guest: Guest, attacker: Guest, tmp_path: Path
) -> None:
    for name in ("authority", "person"):
        ssh_keygen(tmp_path, "-t", "ed25519", "-N", "", "-f", name)
    ssh_keygen(tmp_path, "-s", "authority", "-I", "test", "-n", guest.running.access.user, "person.pub")
    authority = (tmp_path / "authority.pub").read_text().split()[1]
    attacker.apply("ssh-access", {"authorities": authority})
    # sshd answers nobody for a moment while it reads its configuration anew.
    attacker.must("systemctl reload ssh")
    wait_until(lambda: sign_in(attacker, tmp_path / "person") == "", 120)
    assert REFUSED in sign_in(guest, tmp_path / "person")
    attacker.apply("ssh-access", {})
    attacker.must("systemctl reload ssh")
    wait_until(lambda: REFUSED in sign_in(attacker, tmp_path / "person"), 120)


def ssh_keygen(folder: Path, *words: str) -> None:
    run(["ssh-keygen", "-q", *words], timeout=60, cwd=folder, reach=writing(folder))


REFUSED = "Permission denied (publickey)"


def sign_in(guest: Guest, key: Path) -> str:
    """Try a key, with its certificate, from this host; what ssh says when it does not get in, else nothing."""
    words = [word if word != str(guest.running.access.key) else str(key) for word in guest.running.ssh_command()]
    words += ["-o", "BatchMode=yes", "-o", "ConnectTimeout=120", "true"]
    done = run(["ssh", *words[1:]], timeout=300, check=False, reach=writing(network=True))
    return "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr}"


def test_sudo_by_an_administrator_works_and_is_audited(guest: Guest) -> None:
    user, word = guest.running.access.user, secrets.token_hex(8)
    assert guest.must(f"id -u; : {word}").split() == ["0"]
    said = guest.must("journalctl -q -b -t sudo -o cat -n 20").splitlines()
    assert any(line.strip().startswith(f"{user} : ") and word in line for line in said)
    events = guest.must("ausearch --input-logs --interpret --key as-root --start recent").split("----")
    assert any(word in event and f"auid={user}" in event and "euid=root" in event for event in events)


def test_names_and_time_come_through_the_firewall(guest: Guest, attacker: Guest) -> None:
    check_names_and_time(guest, attacker)


def check_names_and_time(guest: Guest, attacker: Guest) -> None:
    """The other machine answers for both; the guest's firewall is as released."""
    attacker.serve("names", attacker.address)
    attacker.serve("time")
    link = f"$(ip -br address | grep -F ' {guest.address}/' | cut -d ' ' -f 1)"
    guest.must(f"resolvectl dns {link} {attacker.address} && resolvectl domain {link} '~test'")
    wait_until(lambda: attacker.address in guest.run("getent hosts some.name.test").stdout, 300)
    guest.must("install -d -m 755 /run/systemd/timesyncd.conf.d")
    guest.write("/run/systemd/timesyncd.conf.d/test.conf", f"[Time]\nNTP={attacker.address}\n".encode())
    guest.must("chmod 644 /run/systemd/timesyncd.conf.d/test.conf; systemctl restart systemd-timesyncd")
    told = "timedatectl show-timesync -p ServerAddress -p NTPMessage"
    wait_until(lambda: "Stratum=2" in guest.run(told).stdout, 600)
    assert f"ServerAddress={attacker.address}" in guest.run(told).stdout
    guest.must(f"resolvectl revert {link}; rm -r /run/systemd/timesyncd.conf.d; systemctl restart systemd-timesyncd")
    attacker.stop_serving("names")
    attacker.stop_serving("time")


def test_wrong_guesses_at_sudo_lock_it_and_a_new_sign_in_does_not_open_it(guest: Guest) -> None:
    user = guest.running.access.user
    # Afterwards somebody has to open it again, and by then sudo does not.
    planned = guest.root(f"systemd-run --quiet --on-active=300 faillock --user {user} --reset")
    assert planned.returncode == 0, planned.stderr
    for _ in range(5):
        assert guest.run("sudo -k -S -p '' true", stdin=b"a guess\n").returncode != 0
    refused = guest.root("true")
    assert refused.returncode != 0
    assert guest.run("true").returncode == 0
    assert guest.root("true").returncode != 0
    wait_until(lambda: guest.root("true").returncode == 0, 900)


def test_who_guesses_at_ssh_is_banned_and_the_ban_ends(guest: Guest, attacker: Guest) -> None:
    check_guesses_at_ssh(guest, attacker)


def check_guesses_at_ssh(guest: Guest, attacker: Guest) -> None:
    """Many wrong keys end in a ban that is recorded, and the ban ends."""
    shorter = guest.root("fail2ban-client set sshd bantime 60 && fail2ban-client set sshd bantime.increment false")
    assert shorter.returncode == 0, shorter.stderr
    made = attacker.run("rm -f wrong*; ssh-keygen -q -t ed25519 -N '' -f wrong")
    assert made.returncode == 0, made.stderr
    options = "-o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=60"
    words = f"timeout 60 ssh -i wrong {options}"
    attack = f"for n in $(seq 40); do {words} guess$n@{guest.address} true; sleep 1; done"
    attacker.run(f"nohup sh -c {shlex.quote(attack)} >attack.log 2>&1 & echo $! >attack.pid")
    banned = "fail2ban-client get sshd banip"
    wait_until(lambda: attacker.address in guest.root(banned).stdout, 900)
    assert not attacker.reaches(guest, 22)
    records = guest.root("journalctl -q -b -u fail2ban --no-pager -o cat")
    assert f"Ban {attacker.address}" in records.stdout
    attacker.run("kill $(cat attack.pid)")
    wait_until(lambda: attacker.reaches(guest, 22), 900)
    assert attacker.address not in guest.root(banned).stdout
    guest.must("systemctl restart fail2ban")  # with the ban of its configuration again: a shorter one is drift


class TestLogsAndReboot:
    """From here on the guest's logs go to the other machine, which is away while the guest restarts."""

    @pytest.fixture(scope="class")
    def logs(self, guest: Guest, attacker: Guest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
        """The guest sends; the other machine has what a server needs below /run/logs, and takes nothing yet."""
        certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
        for name in ("authority.crt", "server.crt", "server.key"):
            attacker.write(f"/run/logs/{name}", (certificates.folder / name).read_bytes())
        with forwarding(guest, attacker, find_debian_root(user_cache()), certificates) as values:
            yield values

    def arrived(self, guest: Guest, attacker: Guest, word: str) -> bool:
        # On a machine where nothing happens rsyslog may keep what it has until something new is logged.
        guest.must("logger -p auth.info something-new")
        return attacker.root(f"grep -qs {word} /run/logs/lines").returncode == 0

    def test_logs_arrive_over_tls_and_wait_on_the_disk_while_their_server_is_away(
        self, guest: Guest, attacker: Guest, logs: dict[str, str]
    ) -> None:
        guest.check("logs-forwarded", logs)
        attacker.serve("logs", "/run/logs", "/run/logs/lines")
        guest.must("logger -p auth.notice the-first-word")
        wait_until(lambda: self.arrived(guest, attacker, "the-first-word"), 900)
        wait_until(lambda: self.arrived(guest, attacker, "as-root"), 900)  # the kernel's records of who became root
        attacker.stop_serving("logs")
        guest.must("logger -p auth.notice the-second-word")
        wait_until(lambda: guest.root("grep -qrs the-second-word /var/spool/rsyslog").returncode == 0, 900)

    def test_all_of_it_holds_after_a_reboot_with_user_data_from_the_network(
        self, guest: Guest, attacker: Guest, logs: dict[str, str]
    ) -> None:
        serve_user_data(guest, attacker)
        before = guest.run("cat /proc/sys/kernel/random/boot_id").stdout
        guest.root("systemctl reboot")
        wait_until(lambda: guest.run("cat /proc/sys/kernel/random/boot_id").stdout not in ("", before), 1800)
        wait_until(lambda: guest.run("systemctl is-system-running").stdout.strip() == "running", 900)
        assert guest.must("cat /var/lib/from-the-network") == "yes\n"
        assert "DataSourceNoCloudNet" in guest.must("cloud-init status --long")
        guest.must(f"rm /var/lib/from-the-network {DROP_IN}")
        attacker.stop_serving("data")
        assert not self.arrived(guest, attacker, "the-second-word")
        attacker.serve("logs", "/run/logs", "/run/logs/lines")
        wait_until(lambda: self.arrived(guest, attacker, "the-second-word"), 900)
        attacker.stop_serving("logs")
        guest.check("logs-forwarded", logs)
        # Who guessed before may be banned still: bans, and what was counted, outlive a reboot.
        guest.must(f"fail2ban-client unban {attacker.address}")
        check_the_firewall(guest, attacker)
        check_names_and_time(guest, attacker)
        check_guesses_at_ssh(guest, attacker)


DROP_IN = "/etc/cloud/cloud.cfg.d/zz-test.cfg"


def serve_user_data(guest: Guest, attacker: Guest) -> None:
    """At its next boot the guest asks the other machine for its user data, which have a command more."""
    data = json.loads(guest.must("cat /var/lib/cloud/instance/user-data.txt").partition("\n")[2])
    data["bootcmd"] = ["echo yes >/var/lib/from-the-network"]
    for name, text in (("user-data", "#cloud-config\n" + json.dumps(data)), ("meta-data", "{}"), ("vendor-data", "")):
        attacker.write(f"/run/data/{name}", text.encode())
    attacker.must("systemd-run --quiet --collect --unit=serve-data python3 -m http.server 80 --directory /run/data")
    source = {"NoCloud": {"seedfrom": f"http://{attacker.address}/"}}
    # Its interfaces stay as they were set up: they lead to the data.
    text = json.dumps({"datasource": source, "network": {"config": "disabled"}})
    guest.write(DROP_IN, f"#cloud-config\n{text}\n".encode())


def test_the_daily_comparison_names_a_program_that_was_changed(guest: Guest) -> None:
    compare = "systemctl start hallmark-integrity.service"
    guest.must("cp -a /usr/bin/yes /root/yes && echo >>/usr/bin/yes")
    assert guest.root(compare, timeout=1800).returncode != 0
    report = guest.must("journalctl -q -b -u hallmark-integrity -o cat")
    assert "File: /usr/bin/yes" in report
    assert guest.run("systemctl is-system-running").stdout.strip() == "degraded"
    guest.must("cp -a /root/yes /usr/bin/yes && rm /root/yes")
    again = guest.root(compare, timeout=1800)
    assert again.returncode == 0, again.stderr


def test_a_days_life_is_no_drift(guest: Guest) -> None:
    """By now people have signed in from elsewhere, guessed wrong, and restarted the machine."""
    code, document = look_again(guest)
    assert drift(document) == []
    assert code == 0


def test_each_planted_change_is_found(guest: Guest) -> None:
    assert (
        guest.must("\n".join(f"{{ {one.command}; }} || echo failed: {shlex.quote(one.command)}" for one in PLANTED))
        == ""
    )
    code, document = look_again(guest)
    found = {finding["control"]: finding["found"] for finding in document["findings"]}
    missed = [one for one in PLANTED if not any(one.word in line for line in found.get(one.control, ()))]
    assert missed == []
    assert code == 10
