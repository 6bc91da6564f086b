"""See control.toml."""

from kernel_modules import check_denied
from lib import Context


def check(context: Context) -> str:
    """Findings for each module that could be loaded."""
    modules = context.words("modules")
    if not modules:
        context.finding("modules: expected at least one kernel module, got none")
        return ""
    check_denied(context, modules)
    return f"kept from loading until the fix is there: {' '.join(modules)}"
