from __future__ import annotations

from tasks.progress import ChapterFinished, Event, listening, tell


def test_all_who_listen_are_told_until_they_do_not_listen_any_more() -> None:
    outer: list[Event] = []
    inner: list[Event] = []
    one, two, three = (ChapterFinished(number, "title", 1.0) for number in (1, 2, 3))
    with listening(outer.append):
        tell(one)
        with listening(inner.append):
            tell(two)
        tell(three)
    tell(one)
    assert outer == [one, two, three]
    assert inner == [two]
