"""An AMI that is to be judged later: found, with its evidence, and with machines for it in its account.

What runs is an acceptance's machine, in a network of its own. As for a trial (trial_network.py), the state of that run
is on this machine, whatever backend the stack has: nothing of it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hallmark.aws.base import get_base
from hallmark.aws.image_store import AwsImageStore
from hallmark.aws.images import get_image
from hallmark.aws.machines import AwsMachines
from hallmark.aws.session import Aws
from hallmark.aws.site import describe_site
from hallmark.config.settings import PROJECT, Settings
from hallmark.engine.backend import backend_in
from hallmark.order.places import Places

PROGRAM = "components.aws.inner.program:program"


@dataclass(frozen=True, kw_only=True, slots=True)
class AmiToJudge:
    """The folder with a copy of its evidence, which is kept when the block ends well, and machines for it."""

    evidence: Path
    machines: AwsMachines


@contextmanager
def ami_to_judge(
    aws: Aws,
    ami: str,
    stack: str,
    settings: Settings,
    places: Places,
    root: Path,
    *,
    work: Path,
    environment: Mapping[str, str],
) -> Iterator[AmiToJudge]:
    """Hold an AMI of the stack's account while it is judged; `root` is the checkout, `environment` its engine's.

    Raises AwsError or StoreError when the AMI or its evidence is not there, or the evidence is another run's.
    """
    state = places.cache / "judge"
    (state / "state").mkdir(parents=True, exist_ok=True)
    site = describe_site(
        aws,
        settings,
        places,
        root,
        project=PROJECT,
        stack=stack,
        backend=backend_in(state / "state"),
        secrets_provider="passphrase",
        base=get_base(aws.ec2, ami),
    )
    images, image = AwsImageStore(site, aws), get_image(aws, ami)
    images.check_evidence(image)
    with images.judging(image, work) as evidence:
        yield AmiToJudge(evidence=evidence, machines=AwsMachines(site, places, PROGRAM, environment))
