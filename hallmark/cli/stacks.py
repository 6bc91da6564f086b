"""What a stack's configuration says, for commands: its platform, its images, its store. No engine is asked.

`open_catalogue` is the only place of the command line that asks which platform a stack builds on to find its images.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hallmark.common.cache import user_cache
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import SettingsError
from hallmark.config.settings import PROJECT, Settings, load_settings
from hallmark.config.stack_file import known_stacks, read_stack_config
from hallmark.local.image_store import LocalCatalogue
from hallmark.store.store import Store

if TYPE_CHECKING:
    from hallmark.aws.session import Aws
    from hallmark.pipeline.image_store import Catalogue

CHANNEL = "stable"


def require_stack(stack: str) -> None:
    """SettingsError, with those that there are, for a stack that this checkout does not have."""
    known = known_stacks(find_checkout())
    if stack not in known:
        raise SettingsError(
            f"stack {stack}: expected one of {', '.join(known)}, there is no such stack; "
            f"`hallmark stack new {stack}` makes it"
        )


def read_config(stack: str) -> dict[str, str]:
    """A stack's configuration, as Pulumi hands it to programs. SettingsError when there is no such stack."""
    require_stack(stack)
    return read_stack_config(find_checkout(), stack)


def read_settings(stack: str) -> Settings:
    """A stack's settings. SettingsError when there is no such stack, or one of them is wrong."""
    return load_settings(read_config(stack), where=f"stacks/Pulumi.{stack}.yaml")


def is_on_aws(stack: str) -> bool:
    """Whether a stack of this checkout builds on AWS."""
    return read_config(stack).get(f"{PROJECT}:platform") == "aws"


def open_catalogue(stack: str, store_folder: Path | None = None) -> Catalogue:
    """The images of a stack, or those of a store's folder."""
    if store_folder is None and is_on_aws(stack):
        from hallmark.aws.image_store import AwsCatalogue

        return AwsCatalogue(stack, open_account(stack))
    return open_store(stack, store_folder)


def open_store(stack: str, folder: Path | None = None) -> LocalCatalogue:
    """The store in `folder`, else where the stack's configuration says, else the checkout's own."""
    root = folder
    if root is None:
        named = read_config(stack).get(f"{PROJECT}:store")
        root = find_checkout() / (Path(named).expanduser() if named else ".hallmark/store")
    return LocalCatalogue(Store(root), CHANNEL)


def open_account(stack: str) -> Aws:
    """The account and region of a stack on AWS."""
    from hallmark.aws.session import Aws
    from hallmark.aws.settings import load_aws_settings

    config = read_config(stack)
    return Aws(load_aws_settings(config, where=f"stacks/Pulumi.{stack}.yaml", environment=os.environ))


def require_local(stack: str, command: str, instead: str) -> None:
    """SettingsError when a stack builds on AWS, for a command that boots images of this machine."""
    if is_on_aws(stack):
        raise SettingsError(f"stack {stack} builds on AWS, where `hallmark {command}` has nothing to do; {instead}")


def cache_folder(stack: str) -> Path:
    """The cache that a stack uses."""
    root = find_checkout()
    named = read_config(stack).get(f"{PROJECT}:cache")
    return (root / Path(named).expanduser()).absolute() if named else user_cache(os.environ)
