"""Having an image judged later: one isolated machine boots it as in acceptance, and tools that are not ours look at it.

The image stays as it is, and so does its state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hallmark.common.errors import MachineError
from hallmark.common.iso import make_media
from hallmark.config.recipe import Judge
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.guest.user_data import acceptance_cloud_config
from hallmark.judges.tools import Tools
from hallmark.order.order import BOOTSTRAP, JUDGE_SCRIPTS, Order, expected_network_file, judges_files
from hallmark.pipeline.build import NETWORK_PROOF
from hallmark.pipeline.machines import MachineRun, Machines, Say
from hallmark.verdict.observed import surprises
from hallmark.verdict.scores import JUDGES, Score, score_all

_EPOCH = 946684800


def judge_image(
    order: Order,
    boots: str,
    judges: Sequence[Judge],
    tools: Tools,
    scripts: Path,
    machines: Machines,
    *,
    work: Path,
    say: Say,
) -> tuple[Score, ...]:
    """Boot the image of `order` and have it judged; what the judges left is then in `work`/results/judges.

    `boots` is what `MachineRun` takes, `scripts` the checkout's image_scripts/. Raises MachineError or ResultsError
    when the machine does not come to its end, was not isolated, or leaves no results.
    """
    with machines.run(_run(order, boots, judges, tools, scripts, work), work, say) as outputs:
        check_finished(work / RESULTS, work / CONSOLE, what="judge")
        problems = surprises(work / RESULTS, "isolation.txt", order.expected_network)
        if problems:
            raise MachineError("\n".join(["judge: the machine was not isolated:", *problems]))
        scores = score_all(judges, tools, work / RESULTS)
        if outputs.network_proof is not None:
            (work / RESULTS / JUDGES / NETWORK_PROOF).write_text(outputs.network_proof)
        return scores


def _run(order: Order, boots: str, judges: Sequence[Judge], tools: Tools, scripts: Path, work: Path) -> MachineRun:
    files: Mapping[str, Path | bytes] = {
        **{f"image_scripts/{name}": scripts / name for name in JUDGE_SCRIPTS},
        "plan/build.env": expected_network_file(order.expected_network),
        **judges_files(judges, tools),
    }
    media = work / "media.iso"
    task = GuestTask(
        mode="judge",
        manifest=make_media(media, files, label="HALLMARK", epoch=_EPOCH),
        bootstrap=scripts / BOOTSTRAP,
        cloud_config=acceptance_cloud_config(order.administrators),
        deadline_minutes=order.deadline_minutes,
    )
    return MachineRun(
        name=order.recipe, fingerprint=task.manifest, boots=boots, shape=order.shape, media=media, task=task
    )
