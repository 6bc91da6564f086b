"""What all tests share: no settings of the developer's own shell, and property tests that do not fail by chance."""

from __future__ import annotations

import os

import hypothesis
import pytest

hypothesis.settings.register_profile("hallmark", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("hallmark")


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HALLMARK_DRY_RUN", raising=False)
    monkeypatch.setenv("PULUMI_ERROR_OUTPUT_STRING", "1")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
