"""What a note mark leads to is a note, whether or not the document calls it so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inputs.book import Block, BlockKind, SkipReason
from inputs.read import read

WriteEpub = Callable[..., Path]

MARKED = '<p id="r1">Text<a href="{target}#fn1"><sup>1</sup></a> goes on.</p>'
NOTE = '<p id="fn1"><a href="#r1">1</a> A note</p><p>in two paragraphs.</p><p id="fn2">2 Another.</p>'


def blocks(path: Path) -> list[Block]:
    return [block for chapter in read(path).chapters for block in chapter.blocks]


def test_a_note_behind_the_chapter_is_not_heard_in_the_middle_of_the_book(write_epub: WriteEpub) -> None:
    second = '<p>More<sup><a href="#fn2">2</a></sup>.</p>'
    found = blocks(
        write_epub({"a.xhtml": MARKED.format(target="") + second + NOTE + "<h2>Next</h2><p>End.</p>"})
    )
    assert [(block.kind, block.skip) for block in found] == [
        (BlockKind.PARAGRAPH, None),
        (BlockKind.PARAGRAPH, None),
        *[(BlockKind.NOTE, SkipReason.NOTE)] * 3,
        (BlockKind.HEADING, None),
        (BlockKind.PARAGRAPH, None),
    ]


def test_a_note_in_a_file_of_its_own_is_found_too(write_epub: WriteEpub) -> None:
    found = blocks(write_epub({"a.xhtml": MARKED.format(target="n.xhtml"), "n.xhtml": NOTE}))
    assert [block.skip for block in found[:2]] == [None, SkipReason.NOTE]


@pytest.mark.parametrize("target", ['<h2 id="fn1">One</h2>', f'<p id="fn1">{"A commentary. " * 500}</p>'])
def test_a_heading_or_a_whole_commentary_is_no_note(write_epub: WriteEpub, target: str) -> None:
    found = blocks(write_epub({"a.xhtml": MARKED.format(target="") + target}))
    assert found[1].skip is None


def test_a_mark_that_leads_back_makes_no_note_of_the_text(write_epub: WriteEpub) -> None:
    assert blocks(write_epub({"a.xhtml": MARKED.format(target="") + NOTE}))[0].skip is None
