"""The addresses that states of version 0.1.0 name: then each step had a provider class of its own.

Pulumi's state refers to a provider by module and class. A stack of that time can be refreshed, updated and destroyed as
long as Python finds these names, so they are put where it looks for modules. New states name components/providers.py.
"""

from __future__ import annotations

import sys
from types import ModuleType

from components.providers import StepProvider

_CLASSES = {
    "components.local_providers": {
        "_BaseProvider": "local.base",
        "_BuildProvider": "local.build",
        "_AcceptanceProvider": "local.acceptance",
        "_ReleaseProvider": "local.release",
    },
    "components.patch_media": {"_MediaProvider": "local.patch-media"},
    "components.aws_providers": {
        "_InventoryProvider": "aws.inventory",
        "_BuildProvider": "aws.build",
        "_RegistrationProvider": "aws.registration",
        "_AcceptanceProvider": "aws.acceptance",
        "_ReleaseProvider": "aws.release",
    },
    "components.aws_read_back": {"_NetworkProvider": "aws.network"},
}


def register() -> None:
    """Make the old names importable."""
    for module, classes in _CLASSES.items():
        found = ModuleType(module, __doc__)
        for name, step in classes.items():
            setattr(found, name, type(name, (StepProvider,), {"step": step, "__module__": module}))
        sys.modules[module] = found
