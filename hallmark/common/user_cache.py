"""Where this user keeps what can be made again, unless a stack's setting names another folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def user_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's cache folder for Hallmark: that of XDG, by default ~/.cache/hallmark."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hallmark"
