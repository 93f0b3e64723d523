"""A document that stands in a book twice is heard once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inputs.book import Book, SkipReason
from inputs.read import read

WriteEpub = Callable[..., Path]

CHAPTER = "<h1>One</h1>" + "".join(
    f"<p>Sentence number {n} of a chapter that goes on.</p>" for n in range(60)
)


def skips(book: Book) -> list[SkipReason | None]:
    return [block.skip for chapter in book.chapters for block in chapter.blocks]


def test_a_document_that_a_later_one_begins_with_is_heard_once(write_epub: WriteEpub) -> None:
    book = read(write_epub({"a.xhtml": CHAPTER, "b.xhtml": CHAPTER + "<h1>Two</h1><p>New.</p>"}))
    assert skips(book) == [None] * 61 + [SkipReason.REPEATED] * 61 + [None] * 2


def test_a_document_with_one_word_changed_is_heard_again(write_epub: WriteEpub) -> None:
    book = read(write_epub({"a.xhtml": CHAPTER, "b.xhtml": CHAPTER.replace("number 30", "number thirty")}))
    assert set(skips(book)) == {None}


def test_a_refrain_is_heard_as_often_as_it_stands_there(write_epub: WriteEpub) -> None:
    body = "<p>And so say all of us.</p>" * 200
    assert set(skips(read(write_epub({"a.xhtml": body, "b.xhtml": body})))) == {None}
