"""What can go wrong in a way that a user can mend. Tracebacks are for our own bugs only.

Every message says where, what was expected and what to do:
`recipes/web.toml: listen[1]: expected PORT/tcp or PORT/udp, got "ssh"`.
"""

from __future__ import annotations


class HallmarkError(Exception):
    """The base of all errors that are shown to the user as one clear message, without a traceback."""

    exit_code = 1


class SettingsError(HallmarkError):
    """The stack's configuration is wrong."""

    exit_code = 2


class RecipeError(HallmarkError):
    """A recipe is missing or wrong."""

    exit_code = 2


class ControlError(HallmarkError):
    """A control, profile, parameter or waiver is wrong."""

    exit_code = 2


class PrerequisiteError(HallmarkError):
    """Something that the host must have is missing: a program, memory, room on a disk."""

    exit_code = 3


class MirrorError(HallmarkError):
    """The Debian mirror is unreachable, or what it serves cannot be trusted."""

    exit_code = 4


class OtherReleaseError(MirrorError):
    """The mirror serves the signed index of another release than the one that was asked for."""


class LockError(HallmarkError):
    """A patch lock cannot be made, read or satisfied."""

    exit_code = 4


class MediaError(HallmarkError):
    """Patch media cannot be made, or are not what their manifest says."""

    exit_code = 4


class ProcessError(HallmarkError):
    """A program on the host failed or ran out of time."""


class MachineError(HallmarkError):
    """A machine did not start, hung, panicked or ended in a way that it should not."""

    exit_code = 5


class HostError(MachineError):
    """A machine was ended by this host, not by its guest: nothing is said about the guest, run again."""


class ResultsError(HallmarkError):
    """The results that a guest wrote are missing, malformed or hostile."""

    exit_code = 5


class BuildError(HallmarkError):
    """A build ended without a candidate."""

    exit_code = 5


class RejectedError(HallmarkError):
    """Acceptance rejected the candidate; its evidence says why."""

    exit_code = 6


class StoreError(HallmarkError):
    """The image store cannot do what was asked: unknown image, no room, in use."""

    exit_code = 7


class CheckError(HallmarkError):
    """A machine cannot be looked at: unreachable, no root there, or of no image that is known here."""

    exit_code = 9


class AwsError(HallmarkError):
    """AWS refused something, or an account is not as it must be: credentials, region, quota, key, base."""

    exit_code = 8
