"""Every text character of a content document is in exactly one block, in order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inputs.book import SkipReason
from inputs.errors import EmptyDocument
from inputs.markup import name_of, parse
from inputs.read import read
from inputs.wording import word
from inputs.xhtml import read_content

UNSEEN = {"head", "script", "style", "template"}
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co"), exclude_characters="<>&|\ufeff"
    ),
    max_size=12,
)
NAMES = [
    "p", "div", "span", "em", "h1", "h3", "ul", "li", "blockquote", "br", "hr", "sup", "a", "ruby", "rt",
    "pre", "section", "aside", "nav", "table", "tr", "td", "caption", "math", "svg", "object", "figure", "dl",
    "script",
]  # fmt: skip
ATTRIBUTES = [
    "", ' id="i"', ' class="verse"', ' class="pagenum"', ' epub:type="footnote"', ' epub:type="pagebreak"',
    ' epub:type="noteref" href="#i"', ' epub:type="z3998:poem"', ' hidden="hidden"', ' xml:lang="fr"',
    ' class="chapter-title"', ' epub:type="title"',
]  # fmt: skip


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, attributes, inner: (
            f"<{name}{attributes}/>"
            if name in ("br", "hr")
            else f"<{name}{attributes}>{''.join(inner)}</{name}>"
        ),
        st.sampled_from(NAMES),
        st.sampled_from(ATTRIBUTES),
        st.lists(children, max_size=4),
    )


FRAGMENTS = st.lists(st.recursive(TEXT, lambda children: element(children) | TEXT, max_leaves=24), max_size=8)


def blocks_text(source: str) -> str:
    root = parse(source.encode())
    assert root is not None
    content = read_content(root, "a.xhtml")
    for passage in content.passages:
        block = passage.block
        assert block.text == unicodedata.normalize("NFC", block.text)
        assert block.text == block.text.strip()
    return "".join(passage.block.text for passage in content.passages)


def source_text(source: str) -> str:
    root = parse(source.encode())
    assert root is not None
    unseen = [e for e in root.iter() if name_of(e) in UNSEEN]
    for e in unseen:
        for inner in list(e):
            e.remove(inner)
        e.text = None
    return "".join(str(text) for text in root.itertext())


def squeezed(text: str) -> str:
    return re.sub(r"[\s|]+", "", unicodedata.normalize("NFD", text))


def page(body: str) -> str:
    return (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>t</title></head><body>{body}</body></html>"
    )


@settings(max_examples=300, deadline=None)
@given(FRAGMENTS)
def test_the_blocks_of_any_document_add_up_to_its_text(parts: list[str]) -> None:
    source = page("".join(parts))
    assert sorted(squeezed(blocks_text(source))) == sorted(squeezed(source_text(source)))


@settings(max_examples=300, deadline=None)
@given(FRAGMENTS)
def test_the_text_keeps_its_order(parts: list[str]) -> None:
    source = page(
        "".join(part for part in parts if "<table" not in part)
    )  # captions move in front of their table
    assert squeezed(blocks_text(source)) == squeezed(source_text(source))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FRAGMENTS, min_size=1, max_size=3))
def test_the_chapters_of_any_book_add_up_to_its_documents(
    write_epub: Callable[..., Path], documents: list[list[str]]
) -> None:
    bodies = {f"{number}.xhtml": page("".join(parts)).encode() for number, parts in enumerate(documents)}
    links = "".join(f'<li><a href="{name}#i">{name}</a></li>' for name in bodies)
    path = write_epub(bodies, nav=links)
    source = "".join(source_text(body.decode()) for body in bodies.values())
    try:
        book = read(path)
    except EmptyDocument:
        assert not squeezed(source)
        return
    blocks = "".join(block.text for chapter in book.chapters for block in chapter.blocks)
    assert sorted(squeezed(blocks)) == sorted(squeezed(source))


@pytest.mark.parametrize(
    "body",
    [
        "loose <p>one</p> text <p>two</p> everywhere",
        "<div>a<!-- not text -->b<?pi x?>c</div>",
        "<table>stray<tr><td>a<table><tr><td>inner</td></tr></table></td><td>b</td></tr></table>",
        "<p>x<sup><a href='#fn1'>1</a></sup>, <math><mi>y</mi><mo>=</mo></math> z</p>",
        "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>",
        "<p>e<b>\u0301</b>t\u00e9</p>",
        "<pre>  for x:\n    y\n</pre><p>[Illustration]</p><p>***</p>",
        "<h1>" + "a long heading " * 30 + "</h1>",
    ],
)
def test_nothing_is_lost_in_awkward_places(body: str) -> None:
    assert squeezed(blocks_text(page(body))) == squeezed(source_text(page(body)))


@given(st.lists(st.tuples(st.text(max_size=6), st.sampled_from([None, SkipReason.NOTE_MARK])), max_size=6))
def test_skipped_ranges_cover_what_was_marked(pieces: list[tuple[str, SkipReason | None]]) -> None:
    text, whole, skips = word(pieces)
    if whole is None:
        marked = sum(
            len(unicodedata.normalize("NFD", re.sub(r"\s", "", raw))) for raw, reason in pieces if reason
        )
        covered = sum(
            len(unicodedata.normalize("NFD", re.sub(r"\s", "", text[s.start : s.end]))) for s in skips
        )
        assert covered <= marked
    assert text == unicodedata.normalize("NFC", text)
