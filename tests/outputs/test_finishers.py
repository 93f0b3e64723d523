"""Chapters that processes of their own finish are the same, and what happens to such a process is told."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from outputs.encode import CODECS
from outputs.errors import FinisherLost, SegmentMissing
from outputs.ffmpeg import Ffmpeg
from outputs.finish import finish_chapter
from outputs.finishers import Finishers
from outputs.plan import ChapterPlan, Utterance
from outputs.store import SegmentStore
from synth.audio import AudioSegment

BOTH = (CODECS["aac"], CODECS["mp3"])


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    store = SegmentStore(tmp_path / "store")
    t = np.arange(30_000) / 24_000
    sound = 0.05 * np.sin(2 * np.pi * 170 * t) * (1 + np.sin(2 * np.pi * 4 * t))
    store.put(AudioSegment("0" * 64, sound.astype(np.float32)))
    return store


@pytest.fixture
def one() -> Iterator[Finishers]:
    with Finishers(at_once=1) as finishers:
        yield finishers


def plan_of(key: str, head_samples: int = 9000) -> ChapterPlan:
    return ChapterPlan((Utterance(key, 1000),), head_samples, 9000)


PLAN = plan_of("0" * 64)


def telling(fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path, then: str = 'exec "$real" "$@"') -> Ffmpeg:
    """An ffmpeg that first notes which process started it."""
    return fake_ffmpeg(f"echo $PPID >>{tmp_path}/parents; {then}")


def parents(tmp_path: Path) -> list[int]:
    return [int(line) for line in (tmp_path / "parents").read_text().split()]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_chapter_is_the_same_whoever_finishes_it(
    one: Finishers, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    here = finish_chapter(PLAN, BOTH, store, tmp_path / "here", ffmpeg)
    there = one.finish(PLAN, BOTH, store, tmp_path / "there", ffmpeg)
    assert [part.sha256 for part in there] == [part.sha256 for part in here]
    assert [part.measurement for part in there] == [part.measurement for part in here]
    assert all(part.path.is_relative_to(tmp_path / "there") for part in there)


def test_one_process_finishes_one_chapter_after_the_other_and_is_not_this_one(
    one: Finishers, store: SegmentStore, fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    ffmpeg = telling(fake_ffmpeg, tmp_path)
    for head_samples in (9000, 9001):
        one.finish(plan_of("0" * 64, head_samples), BOTH, store, tmp_path / "parts", ffmpeg)
    (finisher,) = set(parents(tmp_path))
    assert finisher != os.getpid()


def test_chapters_are_finished_side_by_side_but_no_more_than_there_is_room_for(
    store: SegmentStore, fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    ffmpeg = telling(fake_ffmpeg, tmp_path)
    with Finishers(at_once=2) as finishers, ThreadPoolExecutor(6) as threads:
        list(
            threads.map(
                lambda n: finishers.finish(plan_of("0" * 64, 9000 + n), BOTH, store, tmp_path / "p", ffmpeg),
                range(6),
            )
        )
    assert len(set(parents(tmp_path))) == 2


def test_an_error_is_the_one_that_it_was_and_the_process_goes_on(
    one: Finishers, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    with pytest.raises(SegmentMissing) as missing:
        one.finish(plan_of("1" * 64), BOTH, store, tmp_path / "parts", ffmpeg)
    assert (missing.value.message, missing.value.hint) == missing.value.args
    assert one.finish(PLAN, BOTH, store, tmp_path / "parts", ffmpeg)


def test_a_fault_of_ours_is_told_as_what_it_is(
    one: Finishers, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="not a sha256"):
        one.finish(plan_of("no key"), BOTH, store, tmp_path / "parts", ffmpeg)
    assert one.finish(PLAN, BOTH, store, tmp_path / "parts", ffmpeg)


def test_a_process_that_was_killed_while_it_was_idle_costs_nothing(
    one: Finishers, store: SegmentStore, fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    ffmpeg = telling(fake_ffmpeg, tmp_path)
    one.finish(PLAN, BOTH, store, tmp_path / "parts", ffmpeg)
    os.kill(parents(tmp_path)[0], signal.SIGKILL)
    wait_until(lambda: not one._idle[0].is_alive)
    assert one.finish(plan_of("0" * 64, 9001), BOTH, store, tmp_path / "parts", ffmpeg)


def test_a_folder_that_one_stands_in_has_no_say(
    one: Finishers, store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "outputs").mkdir(parents=True)
    (tmp_path / "here" / "outputs" / "__init__.py").touch()
    (tmp_path / "here" / "outputs" / "errors.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path / "here")
    assert one.finish(PLAN, BOTH, store, tmp_path / "parts", ffmpeg)


def test_it_ends_when_its_parent_dies_while_it_is_given_a_chapter() -> None:
    finisher = subprocess.Popen(
        [sys.executable, "-m", "outputs.finishers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    finisher.communicate(pickle.dumps(PLAN)[:-20], timeout=60)
    assert finisher.returncode == 0


def test_a_process_that_is_killed_is_named_and_another_takes_its_place(
    one: Finishers, store: SegmentStore, ffmpeg: Ffmpeg, fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    killing = telling(fake_ffmpeg, tmp_path, "kill -9 $PPID; sleep 5")
    with pytest.raises(FinisherLost, match="killed by signal 9"):
        one.finish(PLAN, BOTH, store, tmp_path / "parts", killing)
    assert not list((tmp_path / "parts").glob("[!.]*")), "nothing half-made has a final name"
    assert one.finish(PLAN, BOTH, store, tmp_path / "parts", ffmpeg)


def test_it_ends_in_the_middle_of_a_chapter_when_its_parent_is_killed(
    store: SegmentStore, fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    hanging = telling(fake_ffmpeg, tmp_path, "sleep 60")
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
from pathlib import Path
from outputs.encode import CODECS
from outputs.ffmpeg import Ffmpeg
from outputs.finishers import Finishers
from outputs.plan import ChapterPlan, Utterance
from outputs.store import SegmentStore

plan = ChapterPlan((Utterance("0" * 64, 1000),), 9000, 9000)
ffmpeg = Ffmpeg({hanging.path!r}, "ffmpeg version 1")
store = SegmentStore({store.where!r})
Finishers().finish(plan, [CODECS["aac"]], store, Path({str(tmp_path)!r}, "parts"), ffmpeg)
""",
        ]
    )
    wait_until(lambda: (tmp_path / "parents").exists() and bool(parents(tmp_path)))
    (finisher,) = parents(tmp_path)
    assert is_alive(finisher)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not is_alive(finisher))
