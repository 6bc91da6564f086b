"""The gates of the pipeline: where it stops by itself, for which requirements, and the tests that show it closing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A place where the pipeline itself stops: what closes, for which requirements, and the tests that show it closing.

    `tests` are ids as pytest writes them: `tests/unit/test_x.py::test_name`.
    """

    name: str
    requirements: tuple[str, ...]
    closes: str
    tests: tuple[str, ...]


GATES: tuple[Gate, ...] = (
    Gate(
        name="release",
        requirements=("P7", "P8"),
        closes="A channel, which is all that consumers follow, moves to accepted images alone; a candidate and a "
        "rejected image stay out of it, and an image is listed only when it is whole.",
        tests=(
            "tests/unit/store/test_store.py::test_a_channel_follows_accepted_images_only",
            "tests/unit/store/test_store.py::test_a_rejected_candidate_leaves_the_channel_where_it_is",
            "tests/unit/store/test_image.py::test_an_image_that_is_not_whole_is_neither_listed_nor_found",
            "tests/unit/store/test_store.py::test_a_kill_while_an_image_is_added_leaves_no_image_and_the_next_run_adds_it",
        ),
    ),
    Gate(
        name="judgement",
        requirements=("P8", "T1"),
        closes="The host judges build and acceptance alike: a planned control that failed, ended in an error or did "
        "not report fails the image, and so does a result that nobody planned.",
        tests=(
            "tests/unit/verdict/test_judgement.py::test_a_control_that_fails_fails_the_image",
            "tests/unit/verdict/test_judgement.py::test_a_control_that_never_reported_fails_the_image",
            "tests/unit/verdict/test_judgement.py::test_any_other_exit_code_is_an_error",
            "tests/unit/verdict/test_judgement.py::test_a_result_that_nobody_planned_fails_the_image",
            "tests/unit/verdict/test_judgement.py::test_a_waiver_does_not_forgive",
        ),
    ),
    Gate(
        name="judges",
        requirements=("T2",),
        closes="Tools that are not ours judge the booted candidate where its recipe asks for them: a score below the "
        "recipe's, a report that is missing, hostile, or of other content than was carried in, fails the image.",
        tests=(
            "tests/integration/guest/test_judges.py::test_lynis_rejects_a_weakened_root_by_the_index_of_the_sound_one",
            "tests/integration/guest/test_judges.py::test_openscap_rejects_a_weakened_root_naming_its_rules",
            "tests/integration/guest/test_judges.py::test_ssh_audit_has_no_remark_on_a_sound_server_and_rejects_a_weakened_one",
            "tests/unit/verdict/test_scores.py::test_below_the_least_score_the_candidate_is_rejected_naming_what_failed",
            "tests/unit/verdict/test_scores.py::test_a_judge_that_did_not_run_rejects",
            "tests/unit/verdict/test_reports.py::test_hostile_xml_is_refused",
            "tests/unit/judges/test_tools.py::test_an_exception_ends_with_its_last_day",
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
            "tests/unit/verdict/test_build.py::test_each_way_for_a_build_to_fail_is_told",
            "tests/unit/verdict/test_build.py::test_a_guest_that_wrote_nothing_is_never_good",
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
            "tests/unit/verdict/test_acceptance.py::test_each_way_for_a_candidate_to_be_unfit_is_told_in_either_boot",
            "tests/unit/pipeline/test_accept.py::test_what_was_rejected_fails_at_once_until_it_is_retried",
            "tests/unit/pipeline/test_accept.py::test_a_candidate_that_does_not_end_well_is_rejected_naming_its_console",
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
            "tests/integration/apt/test_resolve.py::test_a_patch_that_cannot_be_installed_is_named",
            "tests/integration/apt/test_resolve.py::test_a_base_package_on_hold_with_a_patch_outstanding_is_named",
        ),
    ),
    Gate(
        name="mitigations",
        requirements=("P3",),
        closes="A mitigation whose last day has passed, or whose patch has come, ends the run by its name, before "
        "anything is built.",
        tests=(
            "tests/unit/debian/test_mitigations.py::test_an_expired_mitigation_ends_the_build_by_name",
            "tests/unit/debian/test_mitigations.py::test_a_patch_that_the_lock_brings_ends_it_whether_fixed_since_the_base_or_before",
            "tests/unit/debian/test_mitigations.py::test_a_patch_that_came_with_a_newer_base_ends_it",
        ),
    ),
    Gate(
        name="drift",
        requirements=("T3",),
        closes="`hallmark check` runs the checks that released an image on a live machine or a disk again, read-only, "
        "and ends with a code of its own when a control no longer holds, did not report or was never planned.",
        tests=(
            "tests/unit/cli/test_check.py::test_drift_ends_with_10_and_is_told_as_json",
            "tests/unit/drift/test_report.py::test_what_was_not_said_or_said_too_much_is_a_finding",
            "tests/unit/drift/test_ssh.py::test_a_hostile_machine_gets_nowhere",
            "tests/unit/drift/test_ssh.py::test_the_password_is_on_no_command_line",
            "tests/integration/guest/test_remote.py::test_checks_write_nothing_and_have_a_place_of_their_own",
        ),
    ),
)
