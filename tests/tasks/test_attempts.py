from __future__ import annotations

from pathlib import Path

import pytest

from tasks.attempts import MOST_FAILURES, Attempt, Attempts

KEY = "0" * 64


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    return Attempts(tmp_path / "attempts")


def test_a_document_whose_process_ends_twice_without_getting_on_is_set_aside(attempts: Attempts) -> None:
    attempts.begin(KEY)
    assert attempts.of(KEY).is_suspect
    assert not attempts.of(KEY).kills
    attempts.planned(KEY, 100)
    attempts.begin(KEY)
    attempts.planned(KEY, 100)
    assert attempts.of(KEY).kills


def test_a_long_book_that_gets_on_each_time_is_never_set_aside(attempts: Attempts) -> None:
    for left in range(1000, 0, -100):
        attempts.begin(KEY)
        attempts.planned(KEY, left)
        assert not attempts.of(KEY).kills


def test_one_that_is_interrupted_by_somebodys_wish_is_not_suspected(attempts: Attempts) -> None:
    attempts.begin(KEY)
    attempts.begin("1" * 64)
    attempts.forget("1" * 64)
    attempts.forgive()
    assert not attempts.of(KEY).is_suspect
    attempts.forgive()
    assert attempts.of(KEY) == Attempt()


def test_what_another_process_has_under_way_is_not_forgiven(attempts: Attempts, tmp_path: Path) -> None:
    attempts.begin(KEY)
    Attempts(tmp_path / "attempts").forgive()
    assert attempts.of(KEY).is_suspect


def test_each_failure_by_what_may_pass_waits_twice_as_long_until_it_is_hopeless(attempts: Attempts) -> None:
    delays = []
    for _ in range(MOST_FAILURES):
        assert not attempts.of(KEY).is_hopeless
        attempts.begin(KEY)
        delays.append(attempts.failed(KEY, 1e9).again_s - 1e9)
    assert delays == [60, 120, 240, 480]
    assert attempts.of(KEY).is_hopeless
    assert not attempts.of(KEY).is_suspect


@pytest.mark.parametrize(
    ("now_s", "may"), [(940.0, False), (999.0, False), (1000.0, True), (2e9, True), (-1e6, True)]
)
def test_a_clock_that_jumps_does_not_keep_a_document_waiting_for_ever(now_s: float, may: bool) -> None:
    assert Attempt(failed=1, again_s=1000.0).may_begin(now_s) is may


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"unknown": 1}'])
def test_a_file_that_a_power_cut_left_says_nothing(attempts: Attempts, tmp_path: Path, damage: bytes) -> None:
    attempts.begin(KEY)
    (path,) = (tmp_path / "attempts").iterdir()
    path.write_bytes(damage)
    assert attempts.of(KEY) == Attempt()
