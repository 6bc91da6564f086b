"""What each judge that is not ours costs, on the released image: seconds in the guest, side by side."""

from __future__ import annotations

from bench.measurement import Measurement
from bench.site import Say, Site, find_context, find_released
from hallmark.cli.judge import ALL
from hallmark.drift.released import released_order
from hallmark.judges.tools import fetch_tools
from hallmark.local.machines import LocalMachines
from hallmark.pipeline.judge import judge_image


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """One boot, however many runs are asked for: the judges' own clocks, and the size of what is carried in."""
    context = find_context(site)
    image = find_released(context).image
    places, scripts = context.places, site.root / "image_scripts"
    places.apt_root().update()
    tools = fetch_tools(ALL, places.apt_root, places.cache, places.pool, site.root, say)
    assert tools is not None
    machines = LocalMachines(find_released(context).base, places)
    order = released_order(image.evidence)
    work = site.folder("judges")
    scores = judge_image(order, str(image.disk), ALL, tools, scripts, machines, work=work, say=say)
    carried = round(tools.tree.stat().st_size / 2**20, 1)
    return [
        *(
            Measurement(
                name=f"judge: {score.judge.label}",
                what=f"{image.id}, score {score.score}",
                value=score.seconds or 0.0,
                unit="s",
                target=None,
                details={"accelerator": machines.describe()["accelerator"], "failed": len(score.failed)},
            )
            for score in scores
        ),
        Measurement(name="judges: carried in", what="the tools of all", value=carried, unit="MiB", target=None),
    ]
