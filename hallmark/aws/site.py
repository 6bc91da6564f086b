"""Where a stack on AWS builds: account, key, type, base, evidence. What all its steps share, found once for each run.

It goes to the providers as a file in the cache; nothing in it is secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from hallmark.aws.base import BaseAmi, check_base, describe_own_base, find_base, get_base
from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings, load_aws_settings
from hallmark.aws.tags import Labels
from hallmark.common.cache import load_plan, save_plan
from hallmark.common.errors import SettingsError
from hallmark.common.fingerprint import Sha256, fingerprint
from hallmark.common.validation import STRICT
from hallmark.config.settings import Settings, WantedAmi
from hallmark.config.stack_file import read_stack_config, read_stack_file, stack_file
from hallmark.engine.backend import ask_backend, secrets_provider

if TYPE_CHECKING:
    from hallmark.base.base import BasePlan
    from hallmark.order.places import Places
    from hallmark.order.resolve import Context

ARCHITECTURE = "x86_64"  # what AWS calls the one architecture that recipes have


class Site(BaseModel):
    """One stack's place in an account and region.

    `project` and `stack` are the outer ones; `backend` is an absolute URL, where the states of the inner stacks go
    too, in the same `organization` where there are such; `evidence` is a folder or `s3://BUCKET/PREFIX`. `own_base` is
    the fingerprint of a base of our own: `base` then has no id before it is registered (own_base.py).
    """

    model_config = STRICT
    aws: AwsSettings
    project: str
    stack: str
    backend: str
    organization: str = "organization"
    secrets_provider: str
    base: BaseAmi
    own_base: Sha256 | None = None
    instance_type: str
    kms_key: str
    evidence: str
    puts_per_second: float

    @property
    def base_fingerprint(self) -> Sha256:
        """The base's identity: our own's is that of its disk, and an AMI's id never means another image."""
        return self.own_base or fingerprint("ami", {"id": self.base.id})

    @property
    def hardware(self) -> dict[str, str]:
        """What an image depends on besides its base: region, type and key of its machines."""
        return {"region": self.aws.region, "instance_type": self.instance_type, "kms_key": self.kms_key}

    def labels(self, recipe: str, use: str, build: str, identity: str) -> Labels:
        """The tags of something that is made here."""
        return Labels(
            project=self.project,
            stack=self.stack,
            recipe=recipe,
            use=use,
            build=build,
            fingerprint=identity,
            defaults=self.aws.default_tags,
        )


def survey(
    context: Context,
    aws: Aws,
    *,
    project: str,
    stack: str,
    organization: str = "organization",
    own: BasePlan | None = None,
    environment: Mapping[str, str] | None = None,
) -> Site:
    """The site of a stack: asks AWS for the base alone, unless that is our own, planned so.

    Raises AwsError, ProcessError and SettingsError.
    """
    environment = os.environ if environment is None else environment
    base = describe_own_base(own.fingerprint, own.layout) if own else find_wanted(aws, context.settings.base_ami)
    backend = ask_backend(environment, context.root)
    return describe_site(
        aws,
        context.settings,
        context.places,
        context.root,
        project=project,
        stack=stack,
        organization=organization,
        backend=backend,
        secrets_provider=secrets_provider(read_stack_file(context.root, stack), backend),
        base=base,
        own_base=own.fingerprint if own else None,
    )


def describe_site(aws: Aws, settings: Settings, places: Places, root: Path, **found: Any) -> Site:
    """The site as the settings of the checkout `root` have it; `found` is the rest of it, as `Site` has it."""
    assert settings.kms_key is not None
    return Site(
        aws=aws.settings,
        instance_type=settings.instance_type,
        kms_key=settings.kms_key,
        evidence=_evidence(settings, places, root),
        puts_per_second=settings.puts_per_second,
        **found,
    )


def with_plan(site: Site, own: BasePlan) -> Site:
    """The site with another base of our own: the one that is planned so."""
    base = describe_own_base(own.fingerprint, own.layout)
    return site.model_copy(update={"base": base, "own_base": own.fingerprint})


def find_wanted(aws: Aws, wanted: WantedAmi) -> BaseAmi:
    """The AMI that the settings name, fit to start from; AwsError when there is none, or it is not."""
    with translate_aws_errors(aws.settings, "base"):
        if wanted.id:
            base = get_base(aws.ec2, wanted.id)
        else:
            base = find_base(aws.ec2, owners=wanted.owners, pattern=wanted.name, architecture=ARCHITECTURE)
    check_base(base)
    return base


def what_a_runner_forgets(site: Site, environment: Mapping[str, str]) -> list[str]:
    """One line for each thing that is kept on this machine alone while `CI` says that the next run has another."""
    if environment.get("CI", "").lower() in ("", "0", "false"):
        return []
    lost = []
    if not site.evidence.startswith("s3://"):
        lost.append(
            f"CI is set, and evidence goes to {site.evidence} on this machine: the next runner finds none, "
            "so it builds every image anew; set hallmark:evidence to s3://BUCKET/PREFIX (docs/aws.md)"
        )
    if site.backend.startswith("file://"):
        lost.append(
            f"CI is set, and Pulumi's state is at {site.backend} on this machine: the next runner knows nothing "
            "of this stack, and what a killed run leaves waits for its expiry; name a shared backend in "
            "PULUMI_BACKEND_URL (docs/aws.md)"
        )
    return lost


def current_settings(root: Path, stack: str, region: str) -> AwsSettings:
    """How AWS is reached now, by the stack's file in the checkout `root`, in the region where something was made.

    What Pulumi's state knows of a step is as old as the step: a profile of that time may have gone since.
    SettingsError when the stack has no file.
    """
    path = stack_file(root, stack)
    if not path.is_file():
        raise SettingsError(f"{path}: expected the configuration of stack {stack}, found none; bring it back")
    settings = load_aws_settings(read_stack_config(root, stack), where=str(path), environment={"AWS_REGION": region})
    return settings.model_copy(update={"region": region})


def save_site(site: Site, cache: Path) -> Path:
    """Write a site where the providers read it; return the file."""
    return save_plan("site", site.model_dump_json(), cache)


def load_site(path: Path) -> Site:
    """Read a site back; StoreError when it is gone or damaged."""
    return Site.model_validate_json(load_plan(path))


def _evidence(settings: Settings, places: Places, root: Path) -> str:
    named = settings.evidence
    if named and named.startswith("s3://"):
        return named
    folder = named or places.store / "evidence"
    return str((root / folder).absolute())
