"""S11: see control.toml. Asks the kernel for each interface, and what each boot to come tells it."""

from pathlib import Path

from lib import Context, NotApplicable, check_boot_words, read


def check(context: Context) -> str:
    """Findings for each interface that speaks IPv6, and for each entry of the boot menu that would let it."""
    if context.holds("enabled"):
        raise NotApplicable("the recipe keeps IPv6")
    # The loopback too; a kernel that left IPv6 out has none of these.
    switches = sorted(Path("/proc/sys/net/ipv6/conf").glob("*/disable_ipv6"))
    for switch in switches:
        if read(switch).strip() != "1":
            context.finding(f"{switch}: expected 1, got {read(switch).strip()}")
    check_boot_words(context, "ipv6.disable=1")
    return f"{'IPv6 is off on each interface' if switches else 'the kernel runs without IPv6'}, and at each boot"
