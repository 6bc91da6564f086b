"""docs/iam/actions.md: who makes which calls, and where that was read, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable

from tools.iam.actions import IMPLIED, OWN, PINNED, PROVIDER


def describe_actions() -> str:
    """docs/iam/actions.md."""
    provider = [
        f"| `{one.name}` | {_listed(one.create)} | {_listed(one.read)} | {_listed(one.update)} | {_listed(one.delete)} "
        f"| {one.beyond} |"
        for one in PROVIDER
    ]
    sources = [
        f"| `{one.name}` | {one.source.repository} | `{one.source.path}` | {one.source.commit} | {one.source.age} |"
        for one in PROVIDER
    ]
    own = [f"| `{path}` | {_listed(actions)} |" for path, actions in OWN.items()]
    implied = [f"| {occasion} | {_listed(actions)} |" for occasion, actions in IMPLIED.items()]
    return "\n".join([_HEAD, *provider, _SOURCES, *sources, _OWN, *own, _IMPLIED, *implied, ""])


def _listed(actions: Iterable[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions) or "-"


_HEAD = """# Which calls are made, by whom

Made by `python -m tools.iam.policies docs/iam` from `tools/iam/actions.py`; a test holds it to the code, and the
calls of our own modules to what stands in those modules.

## The provider's resource types

With the inputs that our programs give them. The last column names what the same code would call for other inputs: the
role is not given that.

| resource type | create | read | update | delete | not needed here |
|---|---|---|---|---|---|"""

_SOURCES = f"""
### Where that was read

The stack pins pulumi-aws {PINNED}. Which version of terraform-provider-aws that wraps could not be read: it is a git
submodule (`upstream`), and no text of pulumi-aws {PINNED} that could be had names it. The newest upgrade on record is
pull request 6392 of pulumi-aws, of May 2026, to 6.46.0; {PINNED} is of October 2026. So each file was read in the
newest version that could be had, here named by its commit, and **none of them is known to be the pinned version**:
where the age says 5 or less, calls may have been added since. A run in an account, under these policies, is the proof.

| resource type | repository | file | commit | what its text says of its age |
|---|---|---|---|---|"""

_OWN = """
## Our own modules

| module | calls |
|---|---|"""

_IMPLIED = """
## What AWS asks for besides

| occasion | actions |
|---|---|"""
