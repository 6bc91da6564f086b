"""The commands of `hallmark` for stacks on AWS: `sweep`, and what `images`, `show` and `retry` do there."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hallmark.common.errors import AwsError, SettingsError
from hallmark.config.settings import PROJECT
from hallmark.config.stack_file import read_stack_config, stack_file
from hallmark.engine.engine import find_checkout

if TYPE_CHECKING:
    from hallmark.aws.images import AmiImage
    from hallmark.aws.session import Aws

_PLATFORM = f"{PROJECT}:platform"


def register(app: typer.Typer) -> None:
    """Add the commands that only AWS has."""
    app.command()(sweep)


def is_on_aws(stack: str) -> bool:
    """Whether a stack of this checkout builds on AWS."""
    return read_stack_config(find_checkout(), stack).get(_PLATFORM) == "aws"


def refuse_on_aws(stack: str, command: str, instead: str) -> None:
    """SettingsError when a stack builds on AWS, for a command that is about this machine's images."""
    if is_on_aws(stack):
        raise SettingsError(f"stack {stack} builds on AWS, where `hallmark {command}` has nothing to do; {instead}")


def sweep(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="The stack whose leftovers go; its account and region.")
    ] = "aws",
    everything: Annotated[
        bool, typer.Option("--all", help="Leftovers of any stack in that account and region.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Remove from AWS what killed runs left, once its time has passed; never an image, nor what an image needs."""
    path = stack_file(find_checkout(), stack)
    if not path.is_file():
        raise SettingsError(f"{path}: expected the configuration of stack {stack}, found none; `pulumi stack ls`")
    removed: tuple[str, ...] = ()
    if is_on_aws(stack):
        removed = _sweep(None if everything else (PROJECT, stack), stack, dry_run=dry_run)
    else:
        _say(f"stack {stack} builds on this machine: nothing there outlives a run, there is nothing to sweep")
    if as_json:
        print(json.dumps({"removed": list(removed), "dry_run": dry_run}, indent=2), flush=True)
        return
    for name in removed:
        print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not removed:
        print("nothing to remove")


def list_images(stack: str) -> list[dict[str, Any]]:
    """The images of a stack's account and region, the newest first, with the channels that lead to them."""
    from hallmark.aws.images import list_images as list_all

    aws = _open(stack)
    return [_describe(aws, image) for image in list_all(aws)]


def show_image(stack: str, name: str) -> dict[str, Any]:
    """One image: by AMI id, by image id, or a recipe's released or else newest one. AwsError when there is none."""
    from hallmark.aws.images import get_image, list_images

    aws = _open(stack)
    if name.startswith("ami-"):
        return _describe(aws, get_image(aws, name))
    found = [image for image in list_images(aws) if name in (image.id, image.recipe)]
    if not found:
        raise AwsError(
            f"{name}: expected an AMI's or an image's id, or a recipe with images in {aws.settings.region}; "
            f"see `hallmark images --stack {stack}`"
        )
    described = [_describe(aws, image) for image in found]
    return next((image for image in described if image["channels"]), described[0])


def retry_image(stack: str, name: str) -> dict[str, Any]:
    """Make a rejected image a candidate again. StoreError when it is none."""
    from hallmark.aws.images import retry_image as retry

    aws = _open(stack)
    return _describe(aws, retry(aws, show_image(stack, name)["ami"]))


def _open(stack: str) -> Aws:
    from hallmark.aws.session import Aws
    from hallmark.aws.settings import load_aws_settings

    config = read_stack_config(find_checkout(), stack)
    return Aws(load_aws_settings(config, where=f"stacks/Pulumi.{stack}.yaml", environment=os.environ))


def _describe(aws: Aws, image: AmiImage) -> dict[str, Any]:
    from hallmark.aws.channel import channels_of

    return {**image.model_dump(mode="json"), "channels": channels_of(aws, image.recipe, image.ami)}


def _sweep(scope: tuple[str, str] | None, stack: str, *, dry_run: bool) -> tuple[str, ...]:
    from hallmark.aws.sweep import sweep as sweep_account

    return sweep_account(_open(stack), scope=scope, now=datetime.now(UTC), say=_say, dry_run=dry_run)


def _say(text: str) -> None:
    print(f"hallmark: {text}", file=sys.stderr, flush=True)
