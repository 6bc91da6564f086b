"""What all tests share: no settings of the developer's own shell, and property tests that do not fail by chance."""

from __future__ import annotations

import os
import signal

import hypothesis
import pytest

pytest_plugins = ["tests.support.clock"]

hypothesis.settings.register_profile("hallmark", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("hallmark")

# A shell starts what runs in its background deaf to interrupts, and so would be all that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HALLMARK_DRY_RUN", raising=False)
    monkeypatch.setenv("PULUMI_ERROR_OUTPUT_STRING", "1")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
