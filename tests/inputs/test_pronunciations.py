"""What a publisher says about pronunciation comes through: SSML attributes and PLS lexicons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.alphabets import ipa_of
from inputs.book import Block, Book, Lexeme
from inputs.read import read
from inputs.wording import Piece, piece_bounds, word

WriteEpub = Callable[..., Path]


def page(body: str, head: str = "", alphabet: str = "ipa") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"'
        f' xmlns:ssml="http://www.w3.org/2001/10/synthesis" ssml:alphabet="{alphabet}">'
        f"<head><title>x</title>{head}</head><body>{body}</body></html>"
    ).encode()


def blocks(book: Book) -> list[Block]:
    return [block for chapter in book.chapters for block in chapter.blocks]


def said(block: Block) -> list[tuple[str, str]]:
    return [(block.text[one.start : one.end], one.ipa) for one in block.pronunciations]


def test_a_word_of_its_own_pronunciation_is_marked_in_its_place_alone(write_epub: WriteEpub) -> None:
    body = (
        '<p>Reading, in <span ssml:ph="ˈrɛdɪŋ">Reading</span>,\n and '
        '<i ssml:ph="nju ˈjɔrk"> New\n <b>York</b> </i>.</p>'
        '<p><span ssml:ph="a">A</span><span ssml:ph="a">B</span></p>'
    )
    first, second = blocks(read(write_epub({"a.xhtml": page(body)})))
    assert first.text == "Reading, in Reading, and New York ."
    assert said(first) == [("Reading", "ˈrɛdɪŋ"), ("New York", "nju ˈjɔrk")]
    assert first.pronunciations[0].start == 12
    assert said(second) == [("A", "a"), ("B", "a")], "two elements are two words, however alike"


def test_verse_in_elements_of_its_own_keeps_its_pronunciations(write_epub: WriteEpub) -> None:
    body = '<div class="poem"><p>One wind</p><p>two <span ssml:ph="waɪnd">wind</span></p></div>'
    (verse,) = blocks(read(write_epub({"a.xhtml": page(body)})))
    assert verse.text == "One wind\ntwo wind"
    assert said(verse) == [("wind", "waɪnd")]
    assert verse.pronunciations[0].start == 13


def test_x_sampa_is_read_as_ipa_and_an_unknown_alphabet_is_told_once(write_epub: WriteEpub) -> None:
    body = (
        "<p><span ssml:ph='h3`\"maI@ni'>Hermione</span> <b ssml:alphabet='ipa' ssml:ph='æn'>Ann</b> "
        "<b ssml:alphabet='x-jeita' ssml:ph='zz'>Zed</b> <b ssml:alphabet='x-jeita' ssml:ph='zz'>Zed</b></p>"
    )
    book = read(write_epub({"a.xhtml": page(body, alphabet="x-SAMPA")}))
    assert said(blocks(book)[0]) == [("Hermione", "hɝˈmaɪəni"), ("Ann", "æn")]
    assert [warning.message for warning in book.warnings] == [
        "the publisher's pronunciations in “x-jeita” are not understood"
    ]


@pytest.mark.parametrize(
    ("xsampa", "ipa"),
    [
        ('"tSAN', "ˈtʃɑŋ"),
        ("%En.saI.kl@\"pi:.di.@", "ˌɛn.saɪ.kləˈpiː.di.ə"),
        ("r\\@`", "ɹɚ"),
        ("bO~.Zu:R", "bɔ\u0303.ʒuːʁ"),
        ("bQtl=", "bɒtl\u0329"),
        ("t_h{p", "tʰæp"),
    ],
)  # fmt: skip
def test_x_sampa_takes_its_longest_symbols_first(xsampa: str, ipa: str) -> None:
    assert ipa_of(xsampa, "x-sampa") == ipa


PLS = """<lexicon version="1.0" alphabet="{alphabet}" xml:lang="en"
 xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">
 <lexeme><grapheme>Hermione</grapheme><grapheme>Hermy  One</grapheme><phoneme>hɝˈmaɪəni</phoneme></lexeme>
 <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
 <lexeme><grapheme>tear</grapheme><phoneme>tɛr</phoneme><phoneme prefer="true">tɪr</phoneme></lexeme>
 <lexeme><grapheme>Ann</grapheme><phoneme alphabet="x-sampa">{{n</phoneme></lexeme>
 <lexeme><grapheme>silent</grapheme></lexeme></lexicon>"""
LINK = '<link rel="pronunciation" type="application/pls+xml" {} href="{}"/>'


def test_a_linked_lexicon_is_read_once_with_the_language_of_its_link(write_epub: WriteEpub) -> None:
    pages = {
        f"{name}.xhtml": page("<p>Text.</p>", LINK.format('hreflang="en-GB"', "en.pls")) for name in "ab"
    }
    book = read(write_epub(pages, members={"OEBPS/en.pls": PLS.format(alphabet="ipa")}))
    assert book.lexemes == (
        Lexeme("Hermione", "hɝˈmaɪəni", language="en-gb"),
        Lexeme("Hermy One", "hɝˈmaɪəni", language="en-gb"),
        Lexeme("W3C", respelling="World Wide Web Consortium", language="en-gb"),
        Lexeme("tear", "tɪr", language="en-gb"),
        Lexeme("Ann", "æn", language="en-gb"),
    )
    assert book.warnings == ()


def test_a_lexicon_without_a_link_language_has_its_own(write_epub: WriteEpub) -> None:
    pages = {"a.xhtml": page("<p>Text.</p>", LINK.format("", "en.pls"))}
    book = read(write_epub(pages, members={"OEBPS/en.pls": PLS.format(alphabet="ipa")}))
    assert {one.language for one in book.lexemes} == {"en"}


@pytest.mark.parametrize(
    ("href", "member", "code"),
    [
        ("none.pls", None, "missing-lexicon"),
        ("https://example.org/en.pls", None, "missing-lexicon"),
        ("en.pls", "", "unreadable-lexicon"),
        ("en.pls", PLS.format(alphabet="x-jeita"), "unknown-alphabet"),
    ],
)
def test_a_lexicon_that_cannot_be_used_is_a_warning(
    write_epub: WriteEpub, href: str, member: str | None, code: str
) -> None:
    members = {} if member is None else {"OEBPS/en.pls": member}
    pages = {"a.xhtml": page("<p>Text.</p>", LINK.format("", href))}
    book = read(write_epub(pages, members=members))
    assert [warning.code for warning in book.warnings] == [code]
    assert "Hermione" not in {one.word for one in book.lexemes}


@given(st.lists(st.text(alphabet="ae\u0301 \n.b", max_size=5), max_size=6), st.booleans())
def test_pieces_lie_side_by_side_in_the_text_that_they_make(texts: list[str], keep_lines: bool) -> None:
    pieces: list[Piece] = [(text, None) for text in texts]
    joined, _, _ = word(pieces, keep_lines=keep_lines)
    bounds = piece_bounds(pieces, keep_lines=keep_lines)
    filled = [one for one in bounds if one[0] < one[1]]
    assert len(bounds) == len(pieces)
    assert "".join(joined[start:end] for start, end in filled) == joined
    if "\u0301" not in "".join(texts):  # an accent belongs to the letter of the piece before it
        for text, (start, end) in zip(texts, bounds, strict=True):
            assert joined[start:end].split() == text.split()
