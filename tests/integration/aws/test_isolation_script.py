"""image_scripts/isolation.sh: what it expects on EC2 and locally, and each surprise that closes its gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hallmark.verdict.observed import surprises
from tests.support.aws.isolated_world import GATEWAY, INTERFACE, MACS, METADATA, World, probe

CLOSED = World(network=INTERFACE)  # nothing answers, and there is no gateway to wait for

NOBODY = "for documentation: answers only where something takes every connection"
PUBLIC = "a public resolver: answers where there is a way to the internet"
RESOLVED = "as the host has resolved it: answers where there is a way to it"
NOWHERE = ("192.0.2.1/443", "198.51.100.1/80", "203.0.113.1/53", "2001:db8::1/443")
HANDED_OVER = "52.94.5.9/443=endpoint-of-ec2 198.18.0.4/80=mirror"


def with_metadata(**more: str) -> World:
    return replace(CLOSED, metadata={**METADATA, **{f"meta-data/{name}": text for name, text in more.items()}})


def without_metadata(name: str) -> World:
    return replace(CLOSED, metadata={path: text for path, text in METADATA.items() if path != name})


def test_a_machine_on_ec2_that_reaches_nothing_passes(tmp_path: Path) -> None:
    done = probe(World(udp=("169.254.169.123/123",), nameservers=("10.83.0.2",)), tmp_path)
    assert (done.surprises, done.code) == ([], 0)
    assert done.report[0] == "expected: imds"
    assert done.report[-1] == "all probed"
    kept = [line for line in done.report if line.startswith(("interfaces", "addresses", "metadata", "answer", "time"))]
    assert kept == [
        "interfaces besides lo: ens5",
        "addresses: 10.83.4.5/24",
        "metadata without a token: refused",
        "metadata: instance-id: i-0123456789abcdef0",
        "metadata: ami-id: ami-0123456789abcdef0",
        "metadata: instance-type: t3.small",
        "metadata: local-ipv4: 10.83.4.5",
        "metadata: iam/security-credentials/: none",
        "metadata: iam/info: none",
        "metadata: public-keys/: none",
        "metadata: public-ipv4: none",
        "metadata: ipv6: none",
        "metadata: network/interfaces/macs/06:00:00:00:00:01/public-ipv4s: none",
        "metadata: network/interfaces/macs/06:00:00:00:00:01/ipv6s: none",
        "metadata: VPC: 10.83.0.0/16",
        "addresses that the host has handed over: none",
        "answer to a DNS query from 169.254.169.253: none",
        "answer to a DNS query from fd00:ec2::253: none",
        "answer to a DNS query from 10.83.0.2: none",
        "answer to a DNS query from 10.83.4.2: none",
        "answer to a DNS query from 198.51.100.53: none",
        "answer to a DNS query from 1.1.1.1: none",
        "answer to a DNS query from 8.8.8.8: none",
        "answer to a DNS query from 2606:4700:4700::1111: none",
        "time service: answers",
    ]
    assert any(line.startswith("counters after: ") and "ens5 received 0 sent " in line for line in done.report)
    assert "name resolution: none" in done.report
    assert "connection to 10.83.0.2/53: none" in done.report
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("tmp.")] == []


ROUTES = {
    "a second gateway": ("route add default via 10.83.4.9 dev ens5 metric 500",),
    "a default route without a gateway": ("route add default dev ens5 metric 500",),
    "a gateway that is not in the subnet": ("route add default via 10.99.0.1 dev ens5 onlink metric 500",),
    "a network beyond the VPC": ("route add 172.16.0.0/12 via 10.83.4.1 dev ens5",),
    "a network beyond the subnet on the link": ("route add 10.83.5.0/24 dev ens5",),
    "more than the link-local addresses": ("route add 169.0.0.0/8 dev ens5",),
    "two ways at once": ("route add 10.83.9.0/24 nexthop via 10.83.4.1 dev ens5 nexthop via 10.83.4.2 dev ens5",),
    "a route in another table": ("route add 203.0.113.0/24 via 10.83.4.1 dev ens5 table 77",),
}


@pytest.mark.parametrize("name", ROUTES)
def test_a_second_way_out_is_a_surprise(name: str, tmp_path: Path) -> None:
    done = probe(World(network=(*INTERFACE, *GATEWAY, *ROUTES[name])), tmp_path)
    assert [line.split(":")[0] for line in done.surprises] == ["a route leads out"]
    assert done.code == 1


def test_what_dhcp_on_ec2_sets_up_is_none(tmp_path: Path) -> None:
    """systemd-networkd's routes to the gateway and to the resolver that DHCP names, and the metadata service's."""
    routes = (
        "route add 10.83.4.1 dev ens5 proto dhcp scope link src 10.83.4.5",
        "route add 10.83.0.2 via 10.83.4.1 dev ens5 proto dhcp",
        "route add 169.254.169.253 dev ens5 proto dhcp scope link",
        "route add unreachable 192.168.0.0/16",
    )
    done = probe(World(network=(*INTERFACE, *GATEWAY, *routes)), tmp_path)
    assert (done.surprises, done.code) == ([], 0)


SURPRISES: dict[str, tuple[World, str]] = {
    "no interface": (World(network=("link set lo up",)), "expected one interface besides lo"),
    "a second interface": (
        World(network=(*INTERFACE, "link add ens6 type bridge")),
        "expected one interface besides lo",
    ),
    "no address": (World(network=INTERFACE[:-1]), "expected one IPv4 address"),
    "a second address": (
        World(network=(*INTERFACE, "addr add 10.83.4.6/24 dev ens5")),
        "expected one IPv4 address",
    ),
    "an IPv6 address": (
        World(network=(*INTERFACE, "addr add 2001:db8::5/128 dev ens5")),
        "an IPv6 address reaches beyond the link: 2001:db8::5/128",
    ),
    "an IPv6 route": (
        World(network=(*INTERFACE, "-6 route add default via fe80::1 dev ens5")),
        "an IPv6 route leads beyond the link: default via fe80::1 dev ens5 metric 1024 pref medium",
    ),
    "no metadata service": (replace(CLOSED, service="off"), "metadata: no answer"),
    "a disabled metadata service": (
        replace(CLOSED, service="disabled"),
        "metadata without a token: 403, expected 401",
    ),
    "metadata without a token": (replace(CLOSED, service="lax"), "metadata without a token: 200, expected 401"),
    "a role": (
        with_metadata(**{"iam/security-credentials/builder": "{}"}),
        "metadata: iam/security-credentials/: 200, expected 404",
    ),
    "a profile": (with_metadata(**{"iam/info": "{}"}), "metadata: iam/info: 200, expected 404"),
    "a key": (
        with_metadata(**{"public-keys/0/openssh-key": "ssh-ed25519 AAAA"}),
        "metadata: public-keys/: 200, expected 404",
    ),
    "a public address": (
        with_metadata(**{"public-ipv4": "203.0.113.9"}),
        "metadata: public-ipv4: 200, expected 404",
    ),
    "a public address of the interface": (
        replace(CLOSED, metadata={**METADATA, f"{MACS}/public-ipv4s": "203.0.113.9"}),
        f"metadata: {MACS.removeprefix('meta-data/')}/public-ipv4s: 200, expected 404",
    ),
    "a second interface in the metadata": (
        with_metadata(**{"network/interfaces/macs/06:00:00:00:00:02/mac": "06:00:00:00:00:02"}),
        "metadata: expected one interface, got 06:00:00:00:00:01/ 06:00:00:00:00:02/",
    ),
    "an unknown VPC": (without_metadata(f"{MACS}/vpc-ipv4-cidr-block"), "metadata: the VPC's block: 404"),
    "no instance id": (
        without_metadata("meta-data/instance-id"),
        "metadata: instance-id: 404, expected 200",
    ),
    "AWS's resolver": (
        replace(CLOSED, udp=("169.254.169.253/53",)),
        "169.254.169.253 answers DNS queries",
    ),
    "the VPC's resolver": (replace(CLOSED, udp=("10.83.0.2/53",)), "10.83.0.2 answers DNS queries"),
    "the subnet's resolver": (replace(CLOSED, udp=("10.83.4.2/53",)), "10.83.4.2 answers DNS queries"),
    "a resolver that DHCP names": (
        replace(CLOSED, udp=("10.83.7.7/53",), nameservers=("10.83.7.7",)),
        "10.83.7.7 answers DNS queries",
    ),
    "a resolver by TCP": (replace(CLOSED, tcp=("169.254.169.253/53",)), "connected to 169.254.169.253/53"),
    "a resolver elsewhere": (replace(CLOSED, udp=("198.51.100.53/53",)), "198.51.100.53 answers DNS queries"),
    "a connection": (replace(CLOSED, tcp=("203.0.113.1/53",)), f"connected to 203.0.113.1/53 ({NOBODY})"),
    "a public resolver": (replace(CLOSED, udp=("8.8.8.8/53",)), "8.8.8.8 answers DNS queries"),
    "a public resolver by TCP": (replace(CLOSED, tcp=("1.1.1.1/53",)), f"connected to 1.1.1.1/53 ({PUBLIC})"),
    "an endpoint of the region": (
        replace(CLOSED, tcp=("52.94.5.9/443",), probes=HANDED_OVER),
        f"connected to 52.94.5.9/443 (endpoint-of-ec2, {RESOLVED})",
    ),
    "the mirror": (
        replace(CLOSED, tcp=("198.18.0.4/80",), probes=HANDED_OVER),
        f"connected to 198.18.0.4/80 (mirror, {RESOLVED})",
    ),
    "a name": (replace(CLOSED, names=True), "a name was resolved"),
    "another expectation": (replace(CLOSED, expect="some"), "unknown expectation some"),
}


@pytest.mark.parametrize("name", SURPRISES)
def test_each_surprise_closes_the_gate(name: str, tmp_path: Path) -> None:
    world, surprise = SURPRISES[name]
    done = probe(world, tmp_path)
    assert surprise in [line.strip() for line in done.surprises]
    assert done.code == 1
    assert done.report[-1] == "all probed"


def test_behind_a_way_to_the_internet_alone_the_host_refuses_the_machine(tmp_path: Path) -> None:
    """Nothing answers at the addresses for documentation there; the proof must not rest on them."""
    open_network = replace(CLOSED, tcp=("52.94.5.9/443", "8.8.8.8/53"), probes=HANDED_OVER)
    probe(open_network, tmp_path)
    (tmp_path / "report").rename(tmp_path / "isolation.txt")
    found = surprises(tmp_path, "isolation.txt", "imds")
    assert [line.split(" (")[0] for line in found] == [
        "isolation.txt: SURPRISE: connected to 8.8.8.8/53",
        "isolation.txt: SURPRISE: connected to 52.94.5.9/443",
    ]


def test_the_report_says_what_the_host_has_handed_over(tmp_path: Path) -> None:
    done = probe(replace(CLOSED, probes=HANDED_OVER), tmp_path)
    assert (done.surprises, done.code) == ([], 0)
    assert f"addresses that the host has handed over: {HANDED_OVER}" in done.report
    assert f"connection to 52.94.5.9/443 (endpoint-of-ec2, {RESOLVED}): none" in done.report
    assert f"connection to 198.18.0.4/80 (mirror, {RESOLVED}): none" in done.report


@pytest.mark.parametrize("program", ["awk", "bash", "getent", "ip", "timeout"])
def test_without_its_programs_nothing_is_proved(program: str, tmp_path: Path) -> None:
    done = probe(World(network=(), expect="none", service="off", without=program), tmp_path)
    assert f"{program} is missing: nothing is proved without it" in done.surprises
    assert done.code != 0


def test_locally_a_machine_without_any_interface_passes(tmp_path: Path) -> None:
    done = probe(World(network=(), expect="none", service="off"), tmp_path)
    assert done.code == 0
    assert done.report == (
        "expected: none",
        "interfaces besides lo: none",
        "routes: none",
        "IPv6 routes: none",
        "counters: lo received 0 sent 0;",
        "addresses that the host has handed over: none",
        "name resolution: none",
        *(f"connection to {one} ({NOBODY}): none" for one in NOWHERE),
        *(f"connection to {one}/53 ({PUBLIC}): none" for one in ("1.1.1.1", "8.8.8.8", "2606:4700:4700::1111")),
        "all probed",
    )


LOCAL: dict[str, tuple[World, list[str]]] = {
    "an interface": (
        World(network=("link add ens5 type bridge",), expect="none", service="off"),
        ["an interface exists"],
    ),
    "a route": (
        World(network=INTERFACE, expect="none", service="off"),
        ["an interface exists", "a route leaves this machine"],
    ),
    "a route by an interface with a name like loopback's": (
        World(
            network=("link add long0 type bridge", "link set long0 up", "route add 192.0.2.0/24 dev long0"),
            expect="none",
            service="off",
        ),
        ["an interface exists", "a route leaves this machine"],
    ),
    "a name": (World(network=(), expect="none", service="off", names=True), ["a name was resolved"]),
    "a connection": (
        World(network=("link set lo up",), expect="none", service="off", tcp=("192.0.2.1/443",)),
        [f"connected to 192.0.2.1/443 ({NOBODY})"],
    ),
}


@pytest.mark.parametrize("name", LOCAL)
def test_locally_each_way_out_closes_the_gate(name: str, tmp_path: Path) -> None:
    world, surprises = LOCAL[name]
    done = probe(world, tmp_path)
    assert (done.surprises, done.code) == (surprises, 1)
