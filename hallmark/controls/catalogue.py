"""What an image must satisfy: every numbered requirement.

Controls name these numbers; `tools/docs/control_coverage.py` turns both into docs/controls.md. The titles are
our own words; `section` is where the public text speaks of it (NIST: SP 800-123; VAA: the server-security
best-practice article).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PATCHING = "Patching"
SURFACE = "Attack surface"
ACCESS = "Authentication and access"
RESOURCES = "Resource controls"
ADDITIONAL = "Additional controls"
TESTING = "Testing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One numbered requirement: its number, the group it is listed under, its source section and a short title."""

    number: str
    group: str
    section: str
    title: str


def _table(group: str, section: str, rows: Mapping[str, str]) -> dict[str, Requirement]:
    return {
        number: Requirement(number=number, group=group, section=section, title=title) for number, title in rows.items()
    }


REQUIREMENTS: Mapping[str, Requirement] = {
    **_table(
        PATCHING,
        "NIST 4.1; VAA update and patch management",
        {
            "P1": "the patching process is documented with each image",
            "P2": "outstanding patches and the vulnerabilities they fix are identified",
            "P3": "what cannot be patched yet is mitigated, for a limited time",
            "P4": "every package is at its locked version",
            "P5": "an unpatched machine can neither be reached nor reach out",
            "P6": "patches travel out of band, on verified read-only media",
            "P7": "nothing is used before its configuration is complete",
            "P8": "patches are tried first on a second, identical machine",
            "P9": "patches never install themselves",
        },
    ),
    **_table(
        SURFACE,
        "NIST 4.2.1; VAA disable or remove unnecessary services",
        {
            "S1": "minimal system; purpose, packages and ports are declared",
            "S2": "no file or printer sharing",
            "S3": "no wireless networking",
            "S4": "no remote control without strong encryption",
            "S5": "no directory services",
            "S6": "no web server unless declared",
            "S7": "no mail service unless declared",
            "S8": "no compilers or development libraries",
            "S9": "no development tools",
            "S10": "no system or network management tools",
            "S11": "no unneeded network protocols or file systems",
            "S12": "removed rather than disabled, else the reason is recorded",
            "S13": "no undeclared listener, no undeclared setuid or setgid file",
        },
    ),
    **_table(
        ACCESS,
        "NIST 4.2.2; VAA SSH, user access control",
        {
            "A1": "SSH by key or certificate alone; no root sign-in",
            "A2": "host keys are made on first boot and can be verified",
            "A3": "strong key types and lengths only",
            "A4": "private keys are readable by their owner alone",
            "A5": "a fixed list of strong ciphers, MACs and key exchanges",
            "A6": "an account per person; unused accounts locked",
            "A7": "least privilege; few, named administrators; sudo logged",
            "A8": "service access only for those explicitly allowed",
            "A9": "no credential crosses a network in the clear",
            "A10": "long passwords with complexity, history and lockout",
            "A11": "guessing by brute force is countered",
        },
    ),
    **_table(
        RESOURCES,
        "NIST 4.2.3; VAA access to resources",
        {
            "R1": "default deny: umask, home directories, stray permissions",
            "R2": "secrets and logs unreadable, system files unwritable by others",
            "R3": "mount options, kernel hardening, no core dumps, limits",
            "R4": "cron, at, su and the boot loader are for administrators",
        },
    ),
    **_table(
        ADDITIONAL,
        "NIST 4.3; VAA logging and monitoring",
        {
            "L1": "audit records of security-relevant events; authenticated time",
            "L2": "logs persist locally and are forwarded over TLS",
            "L3": "host firewall that drops by default",
            "L4": "file integrity is checked daily",
            "L5": "mandatory access control is enforcing",
        },
    ),
    **_table(
        TESTING,
        "NIST 4.4",
        {
            "T1": "every control is checked in the build and on the booted candidate",
            "T2": "independent tools judge the candidate",
            "T3": "live servers can be checked again, read-only",
        },
    ),
}

GATED: Mapping[str, tuple[str, ...]] = {
    "P2": ("patch lock",),
    "P3": ("mitigations",),
    "P4": ("patch lock",),
    "P5": ("isolation",),
    "P6": ("patch media",),
    "P7": ("release", "acceptance"),
    "P8": ("release", "judgement", "acceptance"),
    "T1": ("judgement", "acceptance"),
    "T2": ("judges",),
    "T3": ("drift",),
}
"""Requirement → the gates of the pipeline itself that answer it; `tools/docs/gates.py` has their tests."""

NOT_YET: Mapping[str, str] = {}
"""Requirement → why neither a control nor a gate answers it."""
