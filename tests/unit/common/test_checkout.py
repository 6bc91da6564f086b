"""The checkout that the code runs from."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.checkout import find_checkout
from hallmark.common.errors import SettingsError


def test_a_folder_without_pulumi_yaml_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected a checkout of Hallmark with its Pulumi\.yaml"):
        find_checkout(tmp_path)
