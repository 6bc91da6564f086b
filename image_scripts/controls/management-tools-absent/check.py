"""See control.toml."""

from families import check_family as check

__all__ = ["check"]
