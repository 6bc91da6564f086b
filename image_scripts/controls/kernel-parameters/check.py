"""R3: see control.toml. Asks systemd-sysctl what it would set, and on a booted machine the kernel."""

from lib import Context, check_kernel_parameters


def check(context: Context) -> str:
    """Findings for each parameter that has another value."""
    wanted = {row[0]: row[1] for row in context.rows()}
    check_kernel_parameters(context, wanted)
    return f"{len(wanted)} parameters are as they should be"
