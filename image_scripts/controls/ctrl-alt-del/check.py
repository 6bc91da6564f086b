"""R4: see control.toml. Asks systemd, and on a booted machine the one that runs."""

from __future__ import annotations

from lib import Context, check_kernel_parameters, run, systemd_settings, unit_state

TARGET = "ctrl-alt-del.target"


def check(context: Context) -> str:
    """Findings for what the keys would do."""
    check_kernel_parameters(context, {row[0]: row[1] for row in context.rows()})
    if unit_state(TARGET) != "masked":
        context.finding(f"{TARGET}: expected masked, it is {unit_state(TARGET)}")
    burst = systemd_settings("system.conf", "Manager").get("CtrlAltDelBurstAction", "reboot-force")
    if burst != "none":
        context.finding(f"systemd's system.conf: CtrlAltDelBurstAction: expected none, got {burst}")
    if context.phase in ("acceptance", "drift"):
        check_running(context)
    return "the three keys do nothing"


def check_running(context: Context) -> None:
    """What the systemd that runs has read."""
    loaded = run(["systemctl", "show", "--property=LoadState", "--value", TARGET]).strip()
    if loaded != "masked":
        context.finding(f"{TARGET}: expected masked, systemd has it {loaded}")
    burst = run(["systemctl", "show", "--property=CtrlAltDelBurstAction", "--value"]).strip()
    if burst not in ("none", ""):  # systemd 257 does not show it
        context.finding(f"systemd: CtrlAltDelBurstAction: expected none, it runs with {burst}")
