"""Ports of this host that lead into a machine: which they are, and that QEMU takes the words for them."""

from __future__ import annotations

import socket
import subprocess

import pytest

from hallmark.common.errors import SettingsError
from hallmark.local.forward import LOOPBACK, Forward, choose_ports, forwards_for, parse_publish


def test_what_is_to_be_published_is_two_ports_and_perhaps_a_protocol() -> None:
    assert parse_publish(["8080:80", "0:514/udp", "8443:443/tcp"]) == (
        Forward(host=8080, guest=80),
        Forward(host=0, guest=514, protocol="udp"),
        Forward(host=8443, guest=443),
    )


@pytest.mark.parametrize("word", ["80", "8080:", "a:80", "8080:0", "8080:65536", "65536:80", "8080:80/sctp", "1:2:3"])
def test_anything_else_says_what_was_expected(word: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_publish([word])
    assert str(refused.value) == (
        f"--publish {word}: expected HOST:GUEST or HOST:GUEST/udp, such as 8080:80; HOST 0 is any free port"
    )


def test_each_declared_port_has_one_but_for_sshs_loopbacks_and_the_published() -> None:
    listen = ["22/tcp", "80/tcp", "443/tcp", "514/udp", "127.0.0.1:25/tcp", "[::1]:25/tcp"]
    assert forwards_for(listen, [Forward(host=8080, guest=80)]) == (
        Forward(host=8080, guest=80),
        Forward(host=0, guest=443),
        Forward(host=0, guest=514, protocol="udp"),
    )


def test_free_ports_are_chosen_and_none_twice() -> None:
    wanted = [Forward(host=0, guest=number) for number in range(1, 40)]
    chosen = choose_ports(wanted)
    assert [forward.guest for forward in chosen] == list(range(1, 40))
    assert len({forward.host for forward in chosen}) == 39
    assert 0 not in {forward.host for forward in chosen}


def test_a_port_that_is_taken_or_needs_privilege_is_named() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{port}/tcp: expected a free port: Address already in"):
            choose_ports([Forward(host=port, guest=80)])
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:80/tcp: expected a port that needs no privilege"):
        choose_ports([Forward(host=80, guest=80)])


def test_qemu_takes_the_rules_and_forwards_as_they_say() -> None:
    ssh, web, logs = choose_ports(
        [Forward(host=0, guest=22), Forward(host=0, guest=80), Forward(host=0, guest=514, protocol="udp")]
    )
    network = f"user,id=net,restrict=on,{ssh.rule},{web.rule},{logs.rule}"
    words = ["qemu-system-x86_64", "-S", "-machine", "none", "-nodefaults", "-display", "none", "-monitor", "stdio"]
    done = subprocess.run(
        [*words, "-netdev", network],
        input="info usernet\nquit\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    rows = [line.split() for line in done.stdout.splitlines() if "HOST_FORWARD" in line]
    assert {(row[0], row[3], row[5]) for row in rows} == {
        ("TCP[HOST_FORWARD]", str(ssh.host), "22"),
        ("TCP[HOST_FORWARD]", str(web.host), "80"),
        ("UDP[HOST_FORWARD]", str(logs.host), "514"),
    }
