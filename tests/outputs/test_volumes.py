from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import outputs.volumes
from outputs.finish import Part
from outputs.volumes import LONGEST_SAMPLES, MOST_BYTES, volumes_of
from synth.audio import SAMPLE_RATE_HZ

HOUR: int = 3600 * SAMPLE_RATE_HZ


@pytest.fixture
def parts_of(tmp_path: Path, parts_of_three: Sequence[tuple[Part, ...]]) -> Callable[..., list[Part]]:
    """Parts of so many hours and bytes; the files are all holes."""
    any_part = parts_of_three[0][0]

    def of(hours: Sequence[float], bytes_per_hour: int = 30_000_000) -> list[Part]:
        parts = []
        for number, long in enumerate(hours):
            path = tmp_path / f"{number}.aac"
            with path.open("wb") as file:
                file.truncate(round(long * bytes_per_hour))
            parts.append(replace(any_part, path=path, samples=round(long * HOUR)))
        return parts

    return of


def chapters_in(volumes: Sequence[range]) -> list[int]:
    return [len(volume) for volume in volumes]


def test_a_book_that_fits_in_one_file_is_one_volume(parts_of: Callable[..., list[Part]]) -> None:
    assert volumes_of(parts_of([1.0] * 13)) == (range(13),)
    assert volumes_of(parts_of([0.1])) == (range(1),)


def test_a_book_of_30_hours_is_three_volumes_of_the_same_length(parts_of: Callable[..., list[Part]]) -> None:
    assert chapters_in(volumes_of(parts_of([0.5] * 60))) == [20, 20, 20]


def test_volumes_are_all_chapters_in_order_and_none_is_too_long(parts_of: Callable[..., list[Part]]) -> None:
    hours = [0.2, 3.0, 1.5, 6.0, 0.1, 0.1, 5.0, 2.0, 4.0, 7.5, 0.3]
    volumes = volumes_of(parts_of(hours))
    assert [chapter for volume in volumes for chapter in volume] == list(range(len(hours)))
    lengths = [sum(hours[chapter] for chapter in volume) for volume in volumes]
    assert max(lengths) <= LONGEST_SAMPLES / HOUR
    assert len(volumes) == 3, "29.7 hours do not fit in two"


def test_a_large_file_is_split_however_short(parts_of: Callable[..., list[Part]]) -> None:
    parts = parts_of([1.0] * 10, bytes_per_hour=150_000_000)
    volumes = volumes_of(parts)
    assert chapters_in(volumes) == [5, 5]
    assert all(sum(parts[n].path.stat().st_size for n in volume) <= MOST_BYTES for volume in volumes)


def test_more_chapters_than_can_be_listed_are_split(parts_of: Callable[..., list[Part]]) -> None:
    volumes = volumes_of(parts_of([0.01] * 312))
    assert len(volumes) == 2
    assert max(chapters_in(volumes)) <= 255


def test_a_chapter_that_is_too_long_is_a_volume_by_itself(parts_of: Callable[..., list[Part]]) -> None:
    assert volumes_of(parts_of([1.0, 14.0, 1.0])) == (range(1), range(1, 2), range(2, 3))


def test_the_bounds_are_those_that_players_have() -> None:
    assert (outputs.volumes.LONGEST_SAMPLES, outputs.volumes.MOST_BYTES) == (13 * HOUR, 10**9)
