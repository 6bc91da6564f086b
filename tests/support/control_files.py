"""Small controls, for tests that load and compile them."""

from __future__ import annotations

from pathlib import Path

TOML = """
title = "A title"
rationale = "A reason."
requirements = ["P1"]
sources = [{ document = "NIST SP 800-123", section = "4.1" }]
severity = "high"
"""


def write_control(folder: Path, name: str, extra: str = "", *, scripts: tuple[str, ...] = ("apply", "check")) -> None:
    control = folder / name
    (control / "tests").mkdir(parents=True)
    (control / "control.toml").write_text(f'id = "{name}"\n{TOML}{extra}')
    for script in scripts:
        (control / f"{script}.sh").write_text("exit 0\n")


def parameter(kind: str, rest: str = "") -> str:
    return f'\n[parameters.words]\ntype = "{kind}"\ndescription = "d"\n{rest}\n'
