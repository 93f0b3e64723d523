"""Laws of reading EPUBs: chapters, matter, notes, verse, tables, languages, metadata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inputs.book import Block, BlockKind, Book, Chapter, EpubPlace, Matter, SkipReason
from inputs.read import read

WriteEpub = Callable[..., Path]

PROSE = "It was a long day, and nothing happened that was worth a word to anyone who had not been there. " * 6


def spoken(block: Block) -> str:
    """What is left of a block's text without the ranges that are skipped."""
    if block.skip is not None:
        return ""
    text, end = "", 0
    for skip in block.skips:
        text += block.text[end : skip.start]
        end = skip.end
    return text + block.text[end:]


def chapter(book: Book, title: str) -> Chapter:
    return next(chapter for chapter in book.chapters if chapter.title == title)


def one(book: Book, kind: BlockKind) -> Block:
    found = [block for chapter in book.chapters for block in chapter.blocks if block.kind is kind]
    assert len(found) == 1
    return found[0]


def entry(title: str, href: str, below: str = "") -> str:
    return f'<li><a href="{href}">{title}</a>{f"<ol>{below}</ol>" if below else ""}</li>'


def test_a_chapter_runs_over_files_until_the_next_entry(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": "<h1>One</h1><p>first</p>",
            "b.xhtml": "<p>second</p><h1 id='two'>Two</h1><p>third</p>",
        },
        nav=entry("One", "a.xhtml") + entry("Two", "b.xhtml#two"),
    )
    book = read(path)
    assert [(c.title, [b.text for b in c.blocks]) for c in book.chapters] == [
        ("One", ["One", "first", "second"]),
        ("Two", ["Two", "third"]),
    ]


def test_chapters_come_in_the_order_of_the_spine_whatever_the_contents_list_says(
    write_epub: WriteEpub,
) -> None:
    path = write_epub(
        {"z.xhtml": "<h1>First</h1><p>a</p>", "a.xhtml": "<h1>Second</h1><p>b</p>"},
        nav=entry("Second", "a.xhtml") + entry("First", "z.xhtml"),
    )
    assert [c.title for c in read(path).chapters] == ["First", "Second"]


def test_a_part_page_becomes_the_parent_of_its_chapters_and_opens_the_first(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "p.xhtml": "<h1>Part One</h1>",
            "a.xhtml": f"<h2>I</h2><p>{PROSE}</p>",
            "b.xhtml": f"<h2>II</h2><p>{PROSE}</p>",
        },
        nav=entry("Part One", "p.xhtml", entry("I", "a.xhtml") + entry("II", "b.xhtml")),
    )
    first, second = read(path).chapters
    assert (first.title, first.parents) == ("I", ("Part One",))
    assert [b.text for b in first.blocks[:2]] == ["Part One", "I"]
    assert (second.title, second.parents) == ("II", ("Part One",))


def test_sections_in_a_chapters_own_file_stay_in_the_chapter(write_epub: WriteEpub) -> None:
    body = f"<h1>Story</h1><h2 id='s1'>I</h2><p>{PROSE}</p><h2 id='s2'>II</h2><p>{PROSE}</p>"
    path = write_epub(
        {"a.xhtml": body, "b.xhtml": "<h1>Next</h1><p>x</p>"},
        nav=entry("Story", "a.xhtml", entry("I", "a.xhtml#s1") + entry("II", "a.xhtml#s2"))
        + entry("Next", "b.xhtml"),
    )
    assert [c.title for c in read(path).chapters] == ["Story", "Next"]


def test_a_missing_fragment_is_the_start_of_its_file_and_a_warning(write_epub: WriteEpub) -> None:
    path = write_epub(
        {"a.xhtml": "<h1>One</h1><p>a</p>", "b.xhtml": "<h1>Two</h1><p>b</p>"},
        nav=entry("One", "a.xhtml") + entry("Two", "b.xhtml#nowhere"),
    )
    book = read(path)
    assert [c.title for c in book.chapters] == ["One", "Two"]
    assert "missing-fragment" in [w.code for w in book.warnings]


def test_an_ncx_serves_where_there_is_no_nav(write_epub: WriteEpub) -> None:
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel>'
        "<text>Un\n é</text></navLabel>"
        '<content src="a.xhtml"/></navPoint><navPoint><navLabel><text>Deux</text></navLabel>'
        '<content src="b.xhtml"/></navPoint></navMap></ncx>'
    )
    path = write_epub({"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"}, ncx=ncx)
    assert [c.title for c in read(path).chapters] == ["Un é", "Deux"]


def test_without_a_contents_list_headings_name_the_chapters(write_epub: WriteEpub) -> None:
    path = write_epub(
        {"a.xhtml": "<h1>Dawn</h1><p>a</p>", "b.xhtml": "<p>goes on</p>", "c.xhtml": "<h1>Dusk</h1><p>b</p>"}
    )
    assert [(c.title, len(c.blocks)) for c in read(path).chapters] == [("Dawn", 3), ("Dusk", 2)]


@pytest.mark.parametrize(
    ("title", "matter", "reason"),
    [
        ("Copyright", Matter.FRONT, SkipReason.FRONT_MATTER),
        ("Contents", Matter.FRONT, SkipReason.CONTENTS),
        ("Preface", Matter.FRONT, None),
        ("Foreword by a Friend", Matter.FRONT, None),
        ("Prologue", Matter.BODY, None),
    ],
)
def test_front_matter_is_told_by_its_title(
    write_epub: WriteEpub, title: str, matter: Matter, reason: SkipReason | None
) -> None:
    path = write_epub(
        {"f.xhtml": f"<h1>{title}</h1><p>words</p>", "a.xhtml": "<h1>Chapter 1</h1><p>b</p>"},
        nav=entry(title, "f.xhtml") + entry("Chapter 1", "a.xhtml"),
    )
    front = chapter(read(path), title)
    assert front.matter is matter
    assert {block.skip for block in front.blocks} == {reason}


def test_an_index_behind_the_body_is_kept_but_not_spoken(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": "<h1>Chapter 1</h1><p>b</p>",
            "i.xhtml": "<section epub:type='index'><h1>Words</h1><p>bee, 3</p></section>",
        },
        nav=entry("Chapter 1", "a.xhtml") + entry("Words", "i.xhtml"),
    )
    last = read(path).chapters[-1]
    assert last.matter is Matter.BACK
    assert not last.is_spoken
    assert [b.text for b in last.blocks] == ["Words", "bee, 3"]


def test_a_page_of_links_is_a_list_of_contents(write_epub: WriteEpub) -> None:
    links = "".join(f"<p><a href='a.xhtml'>Chapter {n}</a></p>" for n in range(1, 6))
    path = write_epub(
        {"t.xhtml": links, "a.xhtml": "<h1>Chapter 1</h1><p>b</p>"}, nav=entry("Chapter 1", "a.xhtml")
    )
    first = read(path).chapters[0]
    assert {b.skip for b in first.blocks} == {SkipReason.CONTENTS}


def test_a_document_outside_the_linear_order_is_kept_behind_the_book(write_epub: WriteEpub) -> None:
    path = write_epub(
        {"x.xhtml": "<p>aside</p>", "a.xhtml": "<h1>Chapter 1</h1><p>b</p>"},
        nav=entry("Chapter 1", "a.xhtml"),
        spine='<itemref idref="d0" linear="no"/><itemref idref="d1"/>',
    )
    book = read(path)
    assert [(c.title, c.is_spoken) for c in book.chapters] == [("Chapter 1", True), ("aside", False)]


@pytest.mark.parametrize(
    "mark",
    [
        '<a epub:type="noteref" href="#n">1</a>',
        '<a href="#fn1"><sup>1</sup></a>',
        '<sup><a href="#fn1">1</a></sup>',
        '<a href="#note-1">[1]</a>',
        '<a epub:type="noteref" href="#n">*</a>',
    ],
)
def test_a_note_mark_is_skipped_inside_its_sentence(write_epub: WriteEpub, mark: str) -> None:
    path = write_epub({"a.xhtml": f"<h1>I</h1><p>He left{mark} at once.</p>"})
    block = one(read(path), BlockKind.PARAGRAPH)
    assert spoken(block) == "He left at once."
    assert [skip.reason for skip in block.skips] == [SkipReason.NOTE_MARK]


def test_a_note_reference_made_of_words_is_text(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": '<p>See <a epub:type="noteref" href="#n">this story</a> first.</p>'})
    assert spoken(one(read(path), BlockKind.PARAGRAPH)) == "See this story first."


def test_footnotes_page_breaks_and_line_numbers_are_not_spoken(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": '<p>some<span epub:type="pagebreak">[12]</span>thing new<span class="lnum">10</span>'
            "</p>"
            '<aside epub:type="footnote"><p>A note.</p></aside>'
        }
    )
    book = read(path)
    assert spoken(one(book, BlockKind.PARAGRAPH)) == "something new"
    assert one(book, BlockKind.NOTE).skip is SkipReason.NOTE


def test_lines_of_verse_are_kept_apart(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": '<div class="poem"><div>April is the</div><div>cruellest month</div></div>'
            "<p>one,<br/>two,<br/>three</p>"
        }
    )
    texts = [b.text for c in read(path).chapters for b in c.blocks if b.kind is BlockKind.VERSE]
    assert texts == ["April is the\ncruellest month", "one,\ntwo,\nthree"]


def test_a_table_is_kept_in_rows_and_cells_and_not_spoken(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": "<p>x</p><table><caption>Sums</caption><tr><th>a</th><th>b</th></tr><tr><td>1</td>"
            "<td>2</td></tr></table>"
        }
    )
    book = read(path)
    table = one(book, BlockKind.TABLE)
    assert (table.text, table.skip) == ("a | b\n1 | 2", SkipReason.TABLE)
    assert one(book, BlockKind.CAPTION).skip is SkipReason.TABLE


def test_an_unknown_entity_is_left_out_and_listed(write_epub: WriteEpub) -> None:
    source = (
        b"<!DOCTYPE html [<!ENTITY ext SYSTEM 'file:///etc/passwd'>]>"
        b"<html><body><p>One &ext; two &nope; of AT&T; and &amp;nbsp; three.</p></body></html>"
    )
    block = one(read(write_epub({"a.xhtml": source})), BlockKind.PARAGRAPH)
    assert block.text == "One &ext; two &nope; of AT&T; and &nbsp; three."
    assert [(block.text[skip.start : skip.end], skip.reason) for skip in block.skips] == [
        ("&ext;", SkipReason.UNREADABLE),
        ("&nope;", SkipReason.UNREADABLE),
    ]


def test_form_controls_are_furniture(write_epub: WriteEpub) -> None:
    source = (
        "<p>Choose <select><option>One</option><option>Two</option></select> now.</p>"
        "<form><textarea>Write</textarea><button>Send</button></form>"
    )
    blocks = read(write_epub({"a.xhtml": source})).chapters[0].blocks
    assert [(block.text, block.skip) for block in blocks] == [
        ("Choose OneTwo now.", None),
        ("WriteSend", SkipReason.FURNITURE),
    ]
    assert [(blocks[0].text[s.start : s.end], s.reason) for s in blocks[0].skips] == [
        ("OneTwo", SkipReason.FURNITURE)
    ]


def test_a_table_of_one_column_is_only_layout(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": "<table><tr><td><p>All of the prose.</p></td></tr></table>"})
    assert one(read(path), BlockKind.PARAGRAPH).skip is None


def test_only_a_long_description_of_a_picture_is_spoken(write_epub: WriteEpub) -> None:
    long = "A hand-drawn map of the island of Vastrey"
    path = write_epub({"a.xhtml": f'<p>x</p><img alt="map" src="m.png"/><img alt="{long}" src="m.png"/>'})
    blocks = [b for c in read(path).chapters for b in c.blocks if b.kind is BlockKind.IMAGE_ALT]
    assert [(b.text, b.skip) for b in blocks] == [("map", SkipReason.IMAGE), (long, None)]


def test_ruby_readings_fallbacks_and_hidden_text_are_marked(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": "<p><ruby>旦那<rt>だんな</rt></ruby>は<object>no support</object><span"
            " hidden='hidden'>x</span></p>"
        },
        metadata="<dc:title>t</dc:title><dc:language>ja</dc:language>",
    )
    block = one(read(path), BlockKind.PARAGRAPH)
    assert spoken(block).strip() == "旦那は"
    assert {skip.reason for skip in block.skips} == {SkipReason.READING_AID, SkipReason.NOT_SHOWN}


def test_a_scene_break_is_a_separator(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": "<p>a</p><p>* * *</p><p>b</p><hr/><p>c</p>"})
    breaks = [b for c in read(path).chapters for b in c.blocks if b.kind is BlockKind.SEPARATOR]
    assert [(b.text, b.skip) for b in breaks] == [("* * *", SkipReason.ORNAMENT), ("", None)]


def test_a_block_in_another_language_says_so(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": '<p xml:lang="en-GB">colour</p><p xml:lang="fr">couleur</p>'})
    assert [b.language for c in read(path).chapters for b in c.blocks] == [None, "fr"]


def test_a_block_knows_its_place(write_epub: WriteEpub) -> None:
    path = write_epub({"a.xhtml": '<section id="s"><p>one</p><p id="p2">two</p></section>'})
    places = [b.place for c in read(path).chapters for b in c.blocks]
    assert places == [EpubPlace("OEBPS/a.xhtml", "s", 0, 3), EpubPlace("OEBPS/a.xhtml", "p2", 4, 7)]


def test_metadata_is_read_with_roles_and_cover(write_epub: WriteEpub) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    path = write_epub(
        {"a.xhtml": "<p>a</p>"},
        metadata='<dc:title>Main</dc:title><dc:title>Sub</dc:title><dc:creator id="c1">Ann</dc:creator>'
        '<dc:creator id="c2">Ill</dc:creator><meta refines="#c2" property="role">ill</meta><dc:language>en_GB'
        "</dc:language><dc:publisher>House</dc:publisher><dc:date>1999</dc:date>"
        "<dc:description>D</dc:description>",
        manifest='<item id="cv" href="c.png" media-type="image/png" properties="cover-image"/>',
        members={"OEBPS/c.png": png},
    )
    book = read(path)
    assert (book.title, book.authors, book.language) == ("Main", ("Ann",), "en-gb")
    assert (book.publisher, book.published, book.description, book.identifier) == ("House", "1999", "D", "x")
    assert book.cover is not None
    assert (book.cover.data, book.cover.media_type) == (png, "image/png")


def test_a_missing_language_is_recognised_and_noted(write_epub: WriteEpub) -> None:
    german = (
        "Der Mann und die Frau gingen nicht mit dem Hund in den Wald, und das ist auch für sie ein Glück. "
        * 3
    )
    book = read(write_epub({"a.xhtml": f"<p>{german}</p>"}, metadata="<dc:title>t</dc:title>"))
    assert book.language == "de"
    assert "language-guessed" in [w.code for w in book.warnings]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<html><body><p>naïve</p></body></html>".encode("utf-16"), "naïve"),
        (
            '<?xml version="1.0" encoding="windows-1251"?><html><body><p>Привет</p></body></html>'.encode(
                "cp1251"
            ),
            "Привет",
        ),
        (b"<html><body><p>caf\xe9&nbsp;&eacute;</p></body></html>", "café\u00a0é"),
        (
            b"<!DOCTYPE html [<!ENTITY pub 'House'>]><html><body><p>&pub; &amp; &nope;</p></body></html>",
            "House & &nope;",
        ),
        (b"<html><body><p>unclosed <b>bold</body>", "unclosed bold"),
        (b"<html><body>" + b"<div>" * 5000 + b"deep" + b"</div>" * 5000 + b"</body></html>", "deep"),
    ],
    ids=["utf-16", "windows-1251", "undeclared latin", "entities", "not well-formed", "5000 levels deep"],
)
def test_text_survives_its_encoding_and_its_faults(write_epub: WriteEpub, data: bytes, text: str) -> None:
    book = read(write_epub({"a.xhtml": data}))
    assert " ".join(b.text for c in book.chapters for b in c.blocks).strip() == text


def test_wrong_case_percent_signs_and_dots_in_names_are_forgiven(write_epub: WriteEpub) -> None:
    path = write_epub(
        {"Text/A b.xhtml": "<h1>One</h1><p>a</p>", "c.xhtml": "<h1>Two</h1><p>b</p>"},
        manifest='<item id="e0" href="text/a%20B.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="e1" href="../OEBPS/./c.xhtml" media-type="application/xhtml+xml"/>',
        spine='<itemref idref="e0"/><itemref idref="e1"/>',
        nav=entry("One", "Text/A%20b.xhtml") + entry("Two", "../OEBPS/c.xhtml"),
    )
    assert [c.title for c in read(path).chapters] == ["One", "Two"]


def test_missing_items_cost_nothing_but_a_warning(write_epub: WriteEpub) -> None:
    path = write_epub(
        {"a.xhtml": "<p>here</p>"},
        manifest='<item id="f" href="font.otf" media-type="font/otf"/><item id="g" href="gone.xhtml"'
        ' media-type="application/xhtml+xml"/>',
        spine='<itemref idref="g"/><itemref idref="d0"/><itemref idref="d0"/><itemref idref="nobody"/>',
    )
    book = read(path)
    assert [(b.text, b.skip) for c in book.chapters for b in c.blocks] == [
        ("here", None),
        ("here", SkipReason.REPEATED),
    ]
    assert {"missing-item", "missing-text"} <= {w.code for w in book.warnings}


def test_the_gutenberg_licence_is_kept_but_not_spoken(write_epub: WriteEpub) -> None:
    path = write_epub(
        {
            "a.xhtml": "<p>header</p><p>*** START OF THE PROJECT GUTENBERG EBOOK X ***</p><h1>I</h1>"
            "<p>story</p>"
            "<p>*** END OF THE PROJECT GUTENBERG EBOOK X ***</p><p>licence</p>"
        }
    )
    blocks = [b for c in read(path).chapters for b in c.blocks]
    assert [b.text for b in blocks if b.skip is None] == ["I", "story"]
    assert len(blocks) == 6


def test_the_example_book_says_the_same_as_epub_and_as_pdf() -> None:
    folder = Path(__file__).parents[2] / "examples"
    said = []
    for name in ("upon-asking.epub", "upon-asking.pdf"):
        chapters = read(folder / name).spoken_chapters
        words = [" ".join(spoken(b) for b in c.blocks if spoken(b)).split() for c in chapters]
        said.append([(c.title, c.parents, text) for c, text in zip(chapters, words, strict=True)])
    assert said[0] == said[1]
    assert len(said[0]) == 7


def test_a_page_that_is_all_drawing_is_heard_and_a_drawing_in_a_text_is_not(write_epub: WriteEpub) -> None:
    drawing = "<svg><style>.a {fill: red}</style><text>It was</text><text>a dark night.</text></svg>"
    path = write_epub({"a.xhtml": f"<div>{drawing}</div>", "b.xhtml": f"<p>Text.</p>{drawing}"})
    drawn, _, mixed = read(path).chapters[0].blocks
    assert (drawn.text, drawn.skip) == ("It was a dark night.", None)
    assert mixed.skip is SkipReason.IMAGE


def test_links_to_the_next_page_are_not_heard_where_they_stand_at_the_edge(write_epub: WriteEpub) -> None:
    turner = '<p>Next topic: <a href="b.xhtml">Vectors</a></p>'
    body = f"<p>One.</p>{turner}<p>Two.</p><p>Three.</p><p>Four.</p><p>Five.</p>{turner}"
    blocks = read(write_epub({"a.xhtml": f"<h1>A</h1><p>Zero.</p>{body}"})).chapters[0].blocks
    assert [b.skip for b in blocks if b.text.startswith("Next")] == [None, SkipReason.FURNITURE]


def test_an_entry_that_stands_for_hours_is_cut_at_the_headings_below_it(write_epub: WriteEpub) -> None:
    chapter = "<h2>{}</h2>" + "<p>" + "A long sentence that goes on. " * 500 + "</p>"
    body = "".join(chapter.format(f"The {n} story") for n in range(1, 8))
    path = write_epub({"a.xhtml": body}, nav='<li><a href="a.xhtml">Begin Reading</a></li>')
    assert [(c.title, c.parents) for c in read(path).chapters] == [
        (f"The {n} story", ()) for n in range(1, 8)
    ]


def test_a_listed_title_page_is_not_heard_and_a_chapter_named_like_the_book_is(write_epub: WriteEpub) -> None:
    nav = "".join(
        f'<li><a href="{n}.xhtml">{title}</a></li>' for n, title in enumerate(["A Book", "One", "Two"])
    )
    story = "<p>" + "It goes on and on. " * 20 + "</p>"
    page = {"0.xhtml": "<h1>A Book</h1><p>by A. Writer</p>", "1.xhtml": story, "2.xhtml": story}
    titles = [chapter.title for chapter in read(write_epub(page, nav=nav)).spoken_chapters]
    assert titles == ["One", "Two"]
    told = read(write_epub({**page, "0.xhtml": f"<h1>A Book</h1>{story}"}, nav=nav)).spoken_chapters
    assert [chapter.title for chapter in told] == ["A Book", "One", "Two"]
