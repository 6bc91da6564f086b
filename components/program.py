"""What the program needs of Pulumi: the stack's configuration, and a clean end for a user's mistakes."""

from __future__ import annotations

import datetime as dt
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pulumi

from hallmark.common.errors import HallmarkError
from hallmark.config.settings import load_settings
from hallmark.engine.lifeline import die_with_engine
from hallmark.order.places import find_places
from hallmark.order.resolve import Context

ROOT = Path(__file__).parents[1]
# To Pulumi's language host this exit code says that the message has been shown.
_SHOWN = 32


def load_context() -> Context:
    """The stack's settings and places. Raises SettingsError and MirrorError."""
    die_with_engine()
    where = f"stack {pulumi.get_stack()} (stacks/Pulumi.{pulumi.get_stack()}.yaml)"
    config = pulumi.runtime.config.CONFIG.get()
    settings = load_settings(config, where=where)
    aws = None
    if settings.platform == "aws":
        from hallmark.aws.settings import load_aws_settings

        aws = load_aws_settings(config, where=where, environment=os.environ)
    today = dt.datetime.now(dt.UTC).date()
    return Context(settings=settings, places=find_places(settings, ROOT), root=ROOT, today=today, aws=aws)


@contextmanager
def stopping_cleanly() -> Iterator[None]:
    """Ends the program on a user's mistake with its message alone, before or inside an `apply`."""
    try:
        yield
    except HallmarkError as error:
        warnings.filterwarnings("ignore", message=".*was never awaited")
        pulumi.log.error(str(error))
        sys.exit(_SHOWN)
