"""L3: see control.toml. Judges the rules that the kernel has and those of the next boot, then tries them."""

from __future__ import annotations

import json
import pwd
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import Context, check_unit, read, run, unit_state
from netprobe import MACHINE, Attempt, speaks_ipv6, try_rules

UNIT = "hallmark-firewall.service"
FILE = Path("/etc/hallmark/firewall.nft")
NEEDS_IT = ("systemd-networkd.service", "cloud-init-local.service")
LISTING = ["nft", "-j", "list", "table", "inet", "hallmark"]
NOBODY = 65534
ODD_PORT = 4  # assigned to nothing
FAR = ("203.0.113.9", "2001:db8:2::9")

Form = Mapping[str, frozenset[str]]
"""What packets a rule takes: a field → the values that it may have there. A field that is missing may have any."""

LOOPBACK = frozenset({"lo"})
ANSWERS: Form = {"ct state": frozenset({"established", "related"})}
ND = frozenset({"nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"})
MLD = frozenset({"mld-listener-query", "mld-listener-report", "mld-listener-done", "mld2-listener-report"})
INWARDS: tuple[Form, ...] = (
    {"meta iif": LOOPBACK},
    {"meta iifname": LOOPBACK},
    ANSWERS,
    {"icmp type": frozenset({"echo-request"})},
    {"icmpv6 type": ND | MLD | {"echo-request"}},
    {"udp sport": frozenset({"67"}), "udp dport": frozenset({"68"})},
    {"udp sport": frozenset({"547"}), "udp dport": frozenset({"546"})},
)
OUTWARDS: tuple[Form, ...] = (
    {"meta oif": LOOPBACK},
    {"meta oifname": LOOPBACK},
    ANSWERS,
    {"icmpv6 type": ND | MLD},
    {"udp sport": frozenset({"68"}), "udp dport": frozenset({"67"})},
    {"udp sport": frozenset({"546"}), "udp dport": frozenset({"547"})},
)


@dataclass(frozen=True)
class Rule:
    """One rule: what it takes, what it takes not, and what becomes of that; `odd` names what cannot be judged."""

    takes: Form
    but: Form
    verdict: str
    odd: str

    def within(self, form: Form) -> bool:
        """Whether it takes nothing beyond a form."""
        return all(self.takes.get(field, frozenset({"any"})) <= values for field, values in form.items())


@dataclass(frozen=True)
class Chain:
    """One chain of the table: its hook and policy, and its rules in their order."""

    hook: str
    policy: str
    rules: tuple[Rule, ...]


def check(context: Context) -> str:
    """Findings for what is let through beyond the declared, what is not let through, and what may undo the rules."""
    check_table(context, "kernel", LISTING)
    check_table(context, str(FILE), ["unshare", "--net", "sh", "-c", f"nft -f {FILE} && {' '.join(LISTING)}"])
    check_units(context)
    if context.phase in ("test", "acceptance") and not context.findings:
        check_with_packets(context)
    outbound = "what the table does not name is dropped" if context.text("outbound") == "drop" else "open"
    return f"in: {context.text('declared') or 'nothing'}; out: {outbound}"


# --- the rules ------------------------------------------------------------------------------------------------------


def check_table(context: Context, where: str, command: list[str]) -> None:
    """Judge one listing of the table."""
    try:
        document = json.loads(run(command))
    except subprocess.CalledProcessError as error:
        context.finding(f"{where}: no table inet hallmark: {error.stderr.decode(errors='replace').strip()}")
        return
    for item in document["nftables"]:
        if item.get("table", {}).get("flags"):
            context.finding(
                f"{where}: expected a table without flags, got {item['table']['flags']}: its chains may sleep"
            )
    chains = parse(document)
    for hook in ("input", "forward", "output"):
        if hook in chains:
            check_chain(context, f"{where}: {hook}", chains[hook])
        else:
            context.finding(f"{where}: no chain hooks into {hook}")


def check_chain(context: Context, where: str, chain: Chain) -> None:
    """Its policy, that each rule can be judged, and what it accepts."""
    is_open = chain.hook == "output" and context.text("outbound") == "accept"
    if chain.policy != "drop" and not is_open:
        context.finding(f"{where}: expected the policy drop, got {chain.policy}")
    for rule in chain.rules:
        if rule.odd:
            context.finding(f"{where}: a rule that cannot be judged: {rule.odd}")
    if chain.hook == "input":
        check_accepts(context, where, chain, (*INWARDS, *declared_forms(context)))
        check_declared(context, where, chain)
    elif chain.hook == "forward":
        check_accepts(context, where, chain, ())
    else:
        check_accepts(context, where, chain, ({},) if is_open else (*OUTWARDS, *table_forms(context)))
        check_metadata(context, where, chain)


def check_accepts(context: Context, where: str, chain: Chain, allowed: Iterable[Form]) -> None:
    """Each accepting rule takes no more than one of the allowed forms."""
    forms = tuple(allowed)
    for rule in chain.rules:
        if rule.verdict == "accept" and not any(rule.within(form) for form in forms):
            context.finding(f"{where} accepts what nothing declares: {show(rule)}")


def check_declared(context: Context, where: str, chain: Chain) -> None:
    """Each declared port is let in from anywhere."""
    for word in context.words("declared"):
        port, protocol = word.split("/")
        field = f"{protocol} dport"
        if not any(r.verdict == "accept" and set(r.takes) == {field} and port in r.takes[field] for r in chain.rules):
            context.finding(f"{where}: {word} is declared, and not let in")


def check_metadata(context: Context, where: str, chain: Chain) -> None:
    """A rule before any that accepts keeps the metadata service from all but root."""
    kept: set[str] = set()
    for rule in chain.rules:
        if rule.verdict == "accept" and not rule.within({"meta oif": LOOPBACK}):
            break
        address = rule.takes.get("ip daddr", rule.takes.get("ip6 daddr", frozenset()))
        but = {"meta skuid": frozenset({"0"}), "tcp dport": frozenset({"53"})}
        if rule.verdict == "drop" and len(rule.takes) == 1 and dict(rule.but) == but:
            kept |= address
    for missing in sorted(set(context.words("metadata")) - kept):
        context.finding(f"{where}: {missing} (metadata) answers others than root")


def declared_forms(context: Context) -> Iterator[Form]:
    """What the recipe declares, by protocol."""
    for protocol in ("tcp", "udp"):
        ports = [word.partition("/")[0] for word in context.words("declared") if word.endswith(protocol)]
        yield {f"{protocol} dport": frozenset(ports)}


def table_forms(context: Context) -> Iterator[Form]:
    """What a row of the table lets out: nothing when none of its users is here."""
    known = {entry.pw_name: str(entry.pw_uid) for entry in pwd.getpwall()}
    for _, ports, to, users in context.rows():
        for protocol in ("tcp", "udp"):
            numbers = frozenset(p.partition("/")[0] for p in ports.split(",") if p.endswith(protocol))
            form = {f"{protocol} dport": numbers}
            if users != "any":
                form["meta skuid"] = frozenset(known[user] for user in users.split(",") if user in known)
            if to == "any":
                yield form
                continue
            for family, mark in (("ip", "."), ("ip6", ":")):
                yield {**form, f"{family} daddr": frozenset(a for a in to.split(",") if mark in a)}


def show(rule: Rule) -> str:
    """A rule for people."""
    words = [f"{field} {{ {', '.join(sorted(values))} }}" for field, values in rule.takes.items()]
    return " ".join([*words, *(f"{field} not {', '.join(sorted(v))}" for field, v in rule.but.items())]) or "everything"


# --- nft's JSON -----------------------------------------------------------------------------------------------------


def parse(document: Mapping[str, Any]) -> dict[str, Chain]:
    """Hook → chain; a chain without a hook is left out, as a rule that leads there cannot be judged anyway."""
    items = document["nftables"]
    hooks = {c["name"]: c for item in items if (c := item.get("chain")) and "hook" in c}
    rules = [item["rule"] for item in items if "rule" in item]
    return {
        chain["hook"]: Chain(
            hook=chain["hook"],
            policy=chain["policy"],
            rules=tuple(parse_rule(rule["expr"]) for rule in rules if rule["chain"] == name),
        )
        for name, chain in hooks.items()
    }


def parse_rule(expressions: Iterable[Mapping[str, Any]]) -> Rule:
    """A rule's matches and its verdict; narrowing by a limit or counting changes nothing."""
    takes: dict[str, frozenset[str]] = {}
    but: dict[str, frozenset[str]] = {}
    verdict = odd = ""
    for expression in expressions:
        ((kind, body),) = expression.items()
        if kind == "match" and body["op"] in ("==", "in", "!="):
            field, values = field_of(body["left"]), values_of(body["right"])
            if body["op"] == "!=":
                but[field] = values | but.get(field, frozenset())
            else:
                takes[field] = values & takes.get(field, values)
        elif kind in ("accept", "drop", "reject"):
            verdict = kind if kind == "accept" else "drop"
        elif kind not in ("limit", "counter", "log"):
            odd = json.dumps(expression)
    return Rule(takes=takes, but=but, verdict=verdict, odd=odd)


def field_of(left: Mapping[str, Any]) -> str:
    """Such as `tcp dport`, `meta skuid` or `ct state`; what it does not know stays as it is."""
    ((kind, body),) = left.items()
    if kind == "payload" and "field" in body:
        return f"{body['protocol']} {body['field']}"
    return f"{kind} {body['key']}" if "key" in body else json.dumps(left)


def values_of(right: object) -> frozenset[str]:
    """The values of a match as text: small ranges one by one, prefixes as ADDRESS/BITS."""
    if isinstance(right, list):
        return frozenset().union(*map(values_of, right))
    if isinstance(right, dict) and "set" in right:
        return values_of(right["set"])
    if isinstance(right, dict) and "prefix" in right:
        return frozenset({f"{right['prefix']['addr']}/{right['prefix']['len']}"})
    if isinstance(right, dict) and "range" in right and all(isinstance(end, int) for end in right["range"]):
        first, last = right["range"]
        return frozenset(map(str, range(first, last + 1)))
    return frozenset({str(right) if isinstance(right, str | int) else json.dumps(right)})


# --- what may undo them ---------------------------------------------------------------------------------------------


def check_units(context: Context) -> None:
    """The rules load before the network, at each boot, and no other unit takes them away."""
    for unit, wanted in ((UNIT, "enabled"), ("nftables.service", "masked")):
        if unit_state(unit) != wanted:
            context.finding(f"{unit}: expected {wanted}, got {unit_state(unit)}")
    for unit in NEEDS_IT:
        if not Path(f"/etc/systemd/system/{unit}.requires/{UNIT}").exists():
            context.finding(f"{unit} would start without {UNIT}")
    place = Path("/etc/systemd/system", UNIT)
    if read(place) != read(Path(__file__).with_name(UNIT)):
        context.finding(f"{place}: expected the unit as Hallmark wrote it")
    check_unit(context, UNIT, ours=place)
    if context.phase not in ("acceptance", "drift"):
        return
    words = ["systemctl", "show", "-p", "ActiveState,Result,NeedDaemonReload", UNIT]
    facts = dict(line.split("=", 1) for line in run(words).splitlines())
    if facts != {"ActiveState": "active", "Result": "success", "NeedDaemonReload": "no"}:
        context.finding(f"{UNIT}: expected it active, as its file says: {facts}")


# --- packets --------------------------------------------------------------------------------------------------------


def check_with_packets(context: Context) -> None:
    """What the kernel's rules do to packets, in networks of their own."""
    machine = [address.partition("/")[0] for address in MACHINE]
    inbound: dict[Attempt, bool] = {}
    for address in machine if speaks_ipv6() else machine[:1]:
        for word in ("4/tcp", "4/udp", *context.words("declared")):
            port, protocol = word.split("/")
            inbound[protocol, address, int(port), 0] = word in context.words("declared")
    outbound = dict(ways_out(context))
    rules = run(["nft", "list", "table", "inet", "hallmark"])
    try:
        came, went = try_rules(rules, tuple(inbound), tuple(outbound))
    except subprocess.CalledProcessError as error:
        context.finding(f"the rules could not be tried: {error.stderr.strip()[-300:]}")
        return
    compare(context, "in", inbound, came)
    compare(context, "out", outbound, went)


def ways_out(context: Context) -> Iterator[tuple[Attempt, bool]]:
    """Attempts to get out, and whether they should."""
    is_open = context.text("outbound") == "accept"
    for far in FAR if speaks_ipv6() else FAR[:1]:
        yield ("udp", far, 53, NOBODY), is_open or lets_out(context, "53/udp")
        yield ("tcp", far, ODD_PORT, 0), is_open
        yield ("tcp", far, ODD_PORT, NOBODY), is_open
    for address in context.words("metadata"):
        if speaks_ipv6() or "." in address:
            yield ("tcp", address, 80, NOBODY), False
            yield ("tcp", address, 80, 0), is_open or lets_out(context, "80/tcp")


def lets_out(context: Context, port: str) -> bool:
    """Whether a row lets root's packets to this port anywhere."""
    return any(
        port in ports.split(",") and to == "any" and ("any" in users or "root" in users.split(","))
        for _, ports, to, users in context.rows()
    )


def compare(context: Context, way: str, expected: Mapping[Attempt, bool], got: Iterable[bool]) -> None:
    """What arrived, beside what should have."""
    for ((protocol, address, port, uid), wanted), arrived in zip(expected.items(), got, strict=True):
        context.note(f"tried: {way}: {protocol} {address} {port} as {uid}: {'arrived' if arrived else 'dropped'}")
        if arrived != wanted:
            context.finding(
                f"{way}: {protocol} to {address} port {port} as user {uid}: expected it "
                f"{'to arrive' if wanted else 'to be dropped'}, it {'arrived' if arrived else 'was dropped'}"
            )
