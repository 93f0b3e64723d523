"""What is set for Prefect before it is imported."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from flows.settings import Settings, configure_prefect


@pytest.mark.parametrize(
    ("told", "then"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "example.org"}, "example.org,127.0.0.1,localhost"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_the_api_of_this_machine_is_not_looked_for_behind_a_proxy(
    tmp_path: Path, told: dict[str, str], then: str
) -> None:
    with patch.dict(os.environ):
        for name in ("NO_PROXY", "no_proxy"):
            os.environ.pop(name, None)
        os.environ.update(told)
        configure_prefect(Settings.read({"BINDERY_HOME": str(tmp_path / "home")}), verbose=False)
        assert os.environ["no_proxy"] == then
