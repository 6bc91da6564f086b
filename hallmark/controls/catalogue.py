"""What an image must satisfy: every numbered requirement, and the gates of the pipeline that close on some of them.

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A place where the pipeline itself stops: what closes, for which requirements, and the tests that show it closing.

    `tests` are ids as pytest writes them: `tests/unit/test_x.py::test_name`.
    """

    name: str
    requirements: tuple[str, ...]
    closes: str
    tests: tuple[str, ...]


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

GATES: tuple[Gate, ...] = (
    Gate(
        name="release",
        requirements=("P7", "P8"),
        closes="A channel, which is all that consumers follow, moves to accepted images alone; a candidate and a "
        "rejected image stay out of it, and an image is listed only when it is whole.",
        tests=(
            "tests/unit/store/test_store.py::test_a_channel_follows_accepted_images_only",
            "tests/unit/store/test_store.py::test_a_rejected_candidate_leaves_the_channel_where_it_is",
            "tests/unit/store/test_store.py::test_an_image_that_is_not_whole_is_neither_listed_nor_found",
            "tests/unit/store/test_store.py::test_a_kill_while_an_image_is_added_leaves_no_image_and_the_next_run_adds_it",
        ),
    ),
    Gate(
        name="judgement",
        requirements=("P8", "T1"),
        closes="The host judges build and acceptance alike: a planned control that failed, ended in an error or did "
        "not report fails the image, and so does a result that nobody planned.",
        tests=(
            "tests/unit/judge/test_judgement.py::test_a_control_that_fails_fails_the_image",
            "tests/unit/judge/test_judgement.py::test_a_control_that_never_reported_fails_the_image",
            "tests/unit/judge/test_judgement.py::test_any_other_exit_code_is_an_error",
            "tests/unit/judge/test_judgement.py::test_a_result_that_nobody_planned_fails_the_image",
            "tests/unit/judge/test_judgement.py::test_a_waiver_does_not_forgive",
        ),
    ),
    Gate(
        name="isolation",
        requirements=("P5",),
        closes="A machine has no network device and no channel but its console; a way out that is found from inside, "
        "or a proof that is missing, fails the image.",
        tests=(
            "tests/unit/local/test_machine.py::test_there_is_no_network_of_any_kind",
            "tests/unit/local/test_machine.py::test_no_channel_leads_into_the_guest_or_out_of_it_but_its_console",
            "tests/unit/judge/test_build.py::test_each_way_for_a_build_to_fail_is_told",
            "tests/unit/judge/test_build.py::test_a_guest_that_wrote_nothing_is_never_good",
        ),
    ),
    Gate(
        name="patch media",
        requirements=("P6",),
        closes="A guest runs nothing from media whose manifest is not the one that its user data names, or of which "
        "one bit differs; the host makes no media from files that are not the ordered ones.",
        tests=(
            "tests/e2e/test_bad_guests.py::test_a_flipped_bit_on_the_media_is_refused_and_nothing_runs_from_them",
            "tests/e2e/test_bad_guests.py::test_media_with_a_manifest_other_than_the_user_datas_are_refused",
            "tests/unit/order/test_order.py::test_media_of_files_that_changed_after_the_order_are_not_made",
        ),
    ),
    Gate(
        name="acceptance",
        requirements=("P7", "P8", "T1"),
        closes="A candidate that does not boot as a new machine to a running system, fails a control or a test of the "
        "recipe, or ends otherwise than it should, is rejected, and stays so for the same inputs.",
        tests=(
            "tests/unit/judge/test_acceptance.py::test_each_way_for_a_candidate_to_be_unfit_is_told",
            "tests/unit/pipeline/test_sequence_local.py::test_what_was_rejected_fails_at_once_until_it_is_retried",
            "tests/unit/pipeline/test_sequence_local.py::test_a_candidate_that_does_not_end_well_is_rejected_naming_its_console",
            "tests/e2e/test_pipeline.py::test_a_failed_acceptance_fails_the_run_and_says_why",
            "tests/e2e/test_pipeline.py::test_the_channel_stays_on_the_older_image",
        ),
    ),
    Gate(
        name="patch lock",
        requirements=("P2", "P4"),
        closes="Nothing is built from metadata that is unsigned, expired or tampered with, from a package whose hash "
        "differs, or when a patch that is due cannot be installed.",
        tests=(
            "tests/integration/apt/test_hostile_mirrors.py::test_an_unsigned_archive",
            "tests/integration/apt/test_hostile_mirrors.py::test_an_expired_index",
            "tests/integration/apt/test_hostile_mirrors.py::test_a_tampered_package_list",
            "tests/integration/apt/test_hostile_mirrors.py::test_a_deb_with_other_bytes_than_the_index_says",
            "tests/integration/apt/test_resolving.py::test_a_patch_that_cannot_be_installed_is_named",
            "tests/integration/apt/test_resolving.py::test_a_base_package_on_hold_with_a_patch_outstanding_is_named",
        ),
    ),
    Gate(
        name="mitigations",
        requirements=("P3",),
        closes="A mitigation whose last day has passed, or whose patch has come, ends the run by its name, before "
        "anything is built.",
        tests=(
            "tests/unit/debian/test_resolve.py::test_an_expired_mitigation_ends_the_build_by_name",
            "tests/unit/debian/test_resolve.py::test_a_mitigation_whose_patch_has_come_ends_the_build_by_name",
        ),
    ),
)
