"""A network of an isolated run, made, read back and torn down again: the first thing that a new account makes.

It costs nothing. What calls for it is `hallmark doctor`; what it makes, and how it is removed even when the caller is
killed, is the same as in a build. Its state is on this machine, whatever backend the stack has: nothing of it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hallmark.aws.guard_duty import RUN_CLEARER
from hallmark.aws.machines import PROJECT, new_run_id
from hallmark.aws.session import Aws
from hallmark.aws.sweep import RUN_SWEEPER
from hallmark.aws.tags import Labels
from hallmark.engine.backend import backend_in
from hallmark.engine.ephemeral import Inner, ephemeral
from hallmark.pipeline.machines import Say

NETWORK_PROGRAM = "components.aws.inner.program:network_program"
_LIFE = timedelta(hours=1)
_USE = "network"


def trial_labels(aws: Aws, project: str, stack: str, use: str = _USE) -> Labels:
    """The tags of what a trial makes in an account for this stack."""
    return Labels(
        project=project,
        stack=stack,
        recipe="trial",
        use=use,
        build=new_run_id(),
        fingerprint="",
        defaults=aws.settings.default_tags,
    )


def try_network(aws: Aws, labels: Labels, zone: str, folder: Path, environment: Mapping[str, str], say: Say) -> str:
    """Make a network in a zone, read it back, and remove it; the proof that it led nowhere.

    `folder` is where the trial's state and locks are. ProcessError, with the engine's words, when it cannot be made,
    leads anywhere, or cannot be removed.
    """
    (folder / "state").mkdir(parents=True, exist_ok=True)
    inner = Inner(
        project=PROJECT,
        name=f"{labels.stack}-trial-network",
        program=NETWORK_PROGRAM,
        arguments={
            "aws": aws.settings.model_dump(mode="json", exclude_defaults=True),
            "run": labels.build,
            "availability_zone": zone,
            "tags": labels.passing(datetime.now(UTC) + _LIFE),
        },
        backend=backend_in(folder / "state"),
        secrets_provider="passphrase",
        work=folder,
        sweeper=RUN_SWEEPER,
        clearer=RUN_CLEARER,
    )
    with ephemeral(inner, environment, say) as outputs:
        return str(outputs["network_proof"])
