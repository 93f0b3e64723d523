"""How fast a machine is, from what it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.rates import LEAST_AUDIO_S, Rates, note_binding, note_finishing, note_speaking, rates_of


def test_an_estimate_is_the_work_at_the_measured_rates(tmp_path: Path) -> None:
    note_speaking(tmp_path, "draft", 600.0, 2.0)
    note_finishing(tmp_path, "draft", 600.0, 15.0)
    note_binding(tmp_path, "draft", 3600.0, 36.0)
    assert rates_of(tmp_path, "draft") == Rates(300.0, 40.0, 100.0)
    assert rates_of(tmp_path, "draft").seconds_for(60.0, 400.0) == pytest.approx(0.2 + 10.0)
    assert rates_of(tmp_path, "draft").seconds_for(60.0, 400.0, 600.0) == pytest.approx(0.2 + 10.0 + 6.0)
    assert rates_of(tmp_path, "kokoro") == Rates(None, None), "each engine has its own"


def test_what_was_never_measured_is_not_guessed(tmp_path: Path) -> None:
    assert rates_of(tmp_path, "draft").seconds_for(1.0, 0.0) is None
    assert Rates(finishing=40.0).seconds_for(0.0, 80.0) == 2.0
    assert Rates().seconds_for(0.0, 0.0) == 0.0
    note_speaking(tmp_path, "draft", LEAST_AUDIO_S / 2, 1.0)
    assert rates_of(tmp_path, "draft").speaking is None, "a few words say little"


def test_a_machine_that_became_faster_is_known_after_a_few_books(tmp_path: Path) -> None:
    for _ in range(3):
        note_speaking(tmp_path, "kokoro", 100.0, 20.0)
    assert rates_of(tmp_path, "kokoro").speaking == 5.0
    for _ in range(5):
        note_speaking(tmp_path, "kokoro", 100.0, 1.0)
    assert rates_of(tmp_path, "kokoro").speaking == pytest.approx(100.0, rel=0.05)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"draft": 3}', '{"draft": {"speaking": "fast"}}', "\x00"])
def test_a_damaged_file_is_a_machine_that_measured_nothing_yet(tmp_path: Path, damage: str) -> None:
    (tmp_path / "rates.json").write_text(damage)
    assert rates_of(tmp_path, "draft") == Rates()
    note_speaking(tmp_path, "draft", 100.0, 1.0)
    assert rates_of(tmp_path, "draft").speaking == 100.0
