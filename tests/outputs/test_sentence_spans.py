from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from inputs.markup import parse, text_of
from inputs.xhtml import read_content
from outputs.sentence_spans import wrap_sentences
from outputs.text_places import text_places
from synth.sentences import split

XHTML = "http://www.w3.org/1999/xhtml"


def document(body: str) -> etree._Element:
    root = parse(f'<html xmlns="{XHTML}"><head><title>x</title></head><body>{body}</body></html>'.encode())
    assert root is not None
    return root


def wrapped(body: str) -> str:
    """The body with a span around each sentence of each of its blocks."""
    root = document(body)
    places = text_places(root, "a.xhtml", "en")
    regions = []
    for passage in read_content(root, "a.xhtml", "en").passages:
        for start, end in split(passage.block.text, "en"):
            offset = passage.block.place.start  # type: ignore[union-attr]
            regions.append(places.region(offset + start, offset + end))
    wrap_sentences(places, regions, "s")
    text = etree.tostring(root.find(f"{{{XHTML}}}body"), encoding="unicode", with_tail=False)
    return text.removeprefix(f'<body xmlns="{XHTML}">').removesuffix("</body>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<p>One went. Two came.</p>",
            '<p><span id="s1">One went.</span> <span id="s2">Two came.</span></p>',
        ),
        (
            "<p>He <i>never</i> came,<sup><a href='#n'>1</a></sup> did he? No.</p>",
            '<p><span id="s1">He <i>never</i> came,<sup><a href="#n">1</a></sup> did he?</span> '
            '<span id="s2">No.</span></p>',
        ),
        (
            "<p>It <i>was. She</i> left.</p>",
            '<p><span id="s1">It</span> <i><span id="s2">was.</span> <span id="s3">She</span></i>'
            ' <span id="s4">left.</span></p>',
        ),
        (
            '<p><b>All of it is bold.</b></p><p class="x"><b>So</b> it is.</p>',
            '<p><b><span id="s1">All of it is bold.</span></b></p>'
            '<p class="x"><span id="s2"><b>So</b> it is.</span></p>',
        ),
        (
            "<p>A <ruby>漢<rt>kan</rt></ruby> here.</p><p><ruby>字<rt>ji</rt></ruby></p>",
            '<p><span id="s1">A <ruby>漢<rt>kan</rt></ruby> here.</span></p>'
            '<p><span id="s2"><ruby>字<rt>ji</rt></ruby></span></p>',
        ),
        (
            "<div>Loose text. <p>A block.</p> More.</div>",
            '<div><span id="s1">Loose text.</span> <p><span id="s2">A block.</span></p> '
            '<span id="s3">More.</span></div>',
        ),
        (
            "<p>Cafe\u0301 noir.<br/>Un autre\u0301</p>",
            '<p><span id="s1">Cafe\u0301 noir.</span><br/><span id="s2">Un autre\u0301</span></p>',
        ),
        (
            "<ul><li>One.</li><li>Two. <em>Three</em></li></ul>",
            '<ul><li><span id="s1">One.</span></li><li><span id="s2">Two.</span> '
            '<em><span id="s3">Three</span></em></li></ul>',
        ),
    ],
)
def test_each_sentence_is_in_a_span_and_the_markup_is_whole(body: str, expected: str) -> None:
    assert wrapped(body) == expected


def test_text_with_a_formula_is_found_around_it() -> None:
    body = '<p>Here is <math alttext="x"><mi>x</mi></math> again. It stays as it is, and so it goes on.</p>'
    assert '<span id="s2">It stays as it is, and so it goes on.</span>' in wrapped(body)


WORDS = st.sampled_from(["He came. ", "She ", "went, ", "and. ", "Who? ", " ", "Yes", "é. "])


@st.composite
def markup(draw: st.DrawFn, depth: int = 3) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        tag = draw(st.sampled_from(["", "i", "b", "a", "sup", "span"] if depth else [""]))
        inner = draw(markup(depth - 1)) if tag else draw(WORDS)
        parts.append(f"<{tag}>{inner}</{tag}>" if tag else inner)
    return "".join(parts)


@given(st.lists(markup(), min_size=1, max_size=3))
def test_no_text_is_lost_moved_or_doubled_and_no_element_either(paragraphs: list[str]) -> None:
    body = "".join(f"<p>{one}</p>" for one in paragraphs)
    before = document(body)
    after = document(wrapped(body))
    assert text_of(after) == text_of(before)
    spans = [one for one in after.iter(f"{{{XHTML}}}span") if one.get("id")]
    kept = [one.tag for one in after.iter() if not (one.tag == f"{{{XHTML}}}span" and one.get("id"))]
    assert kept == [one.tag for one in before.iter()]
    assert all(text_of(one).strip() for one in spans)
    assert not any(outer in inner.iterancestors() for outer, inner in itertools.permutations(spans, 2))
    wanted = "".join("".join(p.block.text.split()) for p in read_content(before, "a", "en").passages)
    assert len("".join("".join(text_of(one).split()) for one in spans)) >= 0.9 * len(wanted)
