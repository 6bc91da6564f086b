"""See control.toml."""

from kernel_modules import check_denied
from lib import Context


def check(context: Context) -> str:
    """Findings for each module that could be loaded."""
    modules = [module for name in ("protocols", "filesystems", "removable") for module in context.words(name)]
    check_denied(context, modules)
    return f"kept from loading: {' '.join(modules)}"
