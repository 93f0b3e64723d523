from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future

import pytest

from flows.lanes import AT_ONCE, FINISHING, Lanes, make_way

LIMIT_S = 20.0


class Documents:
    """Documents that are spoken, and then finished, when they are told to be."""

    def __init__(self) -> None:
        self.begun = [threading.Event() for _ in range(AT_ONCE + FINISHING + 2)]
        self.spoken = [threading.Event() for _ in self.begun]
        self.finished = threading.Event()

    def __call__(self, number: int) -> int:
        self.begun[number].set()
        assert self.spoken[number].wait(LIMIT_S)
        make_way()
        make_way()  # a second time makes no second place
        assert self.finished.wait(LIMIT_S)
        return number


def test_the_next_document_begins_when_one_is_spoken_though_it_is_not_finished() -> None:
    documents = Documents()
    with Lanes() as lanes:
        running = [lanes.submit(documents, number) for number in range(AT_ONCE + 2)]
        for number in range(AT_ONCE):
            assert documents.begun[number].wait(LIMIT_S)
        assert not documents.begun[AT_ONCE].is_set()
        documents.spoken[0].set()
        assert documents.begun[AT_ONCE].wait(LIMIT_S)
        assert not documents.begun[AT_ONCE + 1].is_set()
        assert not running[0].done()
        for spoken in documents.spoken:
            spoken.set()
        documents.finished.set()
    assert [one.result() for one in running] == list(range(AT_ONCE + 2))


def test_one_that_fails_makes_way_too() -> None:
    def fail() -> None:
        raise ValueError("bad")

    with Lanes() as lanes:
        failing = [lanes.submit(fail) for _ in range(2 * AT_ONCE)]
        good = lanes.submit(lambda: "good")
        assert good.result(LIMIT_S) == "good"
    assert all(isinstance(one.exception(), ValueError) for one in failing)


def test_nothing_is_begun_in_closed_lanes_and_what_is_under_way_goes_on() -> None:
    documents = Documents()
    lanes = Lanes()
    running: list[Future[int]] = [lanes.submit(documents, number) for number in range(AT_ONCE + 1)]
    for number in range(AT_ONCE):
        assert documents.begun[number].wait(LIMIT_S)
    lanes.close(wait=False)
    for spoken in documents.spoken:
        spoken.set()
    documents.finished.set()
    assert [one.result(LIMIT_S) for one in running[:AT_ONCE]] == list(range(AT_ONCE))
    with pytest.raises(CancelledError):
        running[AT_ONCE].result(LIMIT_S)
    assert not documents.begun[AT_ONCE].is_set()


def test_outside_of_lanes_there_is_nobody_to_make_way_for() -> None:
    make_way()
