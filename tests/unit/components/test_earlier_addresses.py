"""States of version 0.1.0 find their steps."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

from components.providers import StepProvider, find_step
from tests.support.local_steps import _no_engine

__all__ = ["_no_engine"]

EARLIER = Path(__file__).with_name("providers_0_1_0.json")


def test_a_state_of_an_earlier_version_finds_its_step() -> None:
    earlier = json.loads(EARLIER.read_text())
    found = {name: pickle.loads(base64.b64decode(stored)) for name, stored in earlier.items()}  # noqa: S301
    assert all(isinstance(provider, StepProvider) for provider in found.values())
    assert [find_step(provider.step) for provider in found.values()]
    assert {name.rpartition(".")[2] for name in earlier if "local" in name} == {
        "_BaseProvider",
        "_BuildProvider",
        "_AcceptanceProvider",
        "_ReleaseProvider",
    }
