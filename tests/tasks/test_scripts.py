from __future__ import annotations

from inputs.book import Block, BlockKind, Chapter, EpubPlace, Skip, SkipReason
from tasks.scripts import chapter_script

PLACE = EpubPlace("one.xhtml", None, 0, 10)


def block(text: str, kind: BlockKind = BlockKind.PARAGRAPH, **more: object) -> Block:
    return Block(kind, text, PLACE, **more)  # type: ignore[arg-type]


def said(*blocks: Block, title: str = "One") -> list[str]:
    script = chapter_script(1, Chapter(title, blocks), "en")
    return [sentence.spoken for sentence in script.sentences]


def test_a_chapter_that_does_not_say_its_title_has_it_announced() -> None:
    assert said(block("It rained."), title="The Flood") == ["The Flood.", "It rained."]


def test_a_chapter_that_says_its_title_is_left_as_it_is() -> None:
    assert said(block("The Flood", BlockKind.HEADING), block("It rained."), title="The Flood") == [
        "The Flood.",
        "It rained.",
    ]


def test_a_note_mark_is_not_heard_and_is_listed_with_its_place() -> None:
    marked = block("It rained.3 Then it stopped.", skips=(Skip(10, 11, SkipReason.NOTE_MARK),))
    script = chapter_script(1, Chapter("", (marked,)), "en")
    assert [sentence.spoken for sentence in script.sentences] == ["It rained.", "Then it stopped."]
    assert [(one.reason, one.where, one.text) for one in script.skipped] == [("note mark", "one.xhtml", "3")]


def test_a_skipped_block_is_listed_and_every_sentence_knows_its_place() -> None:
    table = block("1 | 2", BlockKind.TABLE, skip=SkipReason.TABLE)
    script = chapter_script(2, Chapter("", (block("Before."), table, block("After."))), "en")
    assert [(one.reason, one.text) for one in script.skipped] == [("table", "1 | 2")]
    assert [script.places[sentence.passage] for sentence in script.sentences] == [PLACE, PLACE]


def test_a_scene_break_lengthens_the_pause_before_it() -> None:
    script = chapter_script(
        1, Chapter("", (block("Before."), block("* * *", BlockKind.SEPARATOR), block("After."))), "en"
    )
    assert [sentence.pause.value for sentence in script.sentences] == ["section", "paragraph"]
    assert [(one.reason, one.text) for one in script.skipped] == [("scene break", "* * *")]


def test_what_the_spoken_text_leaves_out_is_listed() -> None:
    script = chapter_script(1, Chapter("", (block("It is so [12], they say."),)), "en")
    assert any("12" in one.text for one in script.skipped)
