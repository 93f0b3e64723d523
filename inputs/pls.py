"""Pronunciation lexicons of a publisher (W3C PLS 1.0) into the words that they tell how to say."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from inputs.alphabets import ipa_of
from inputs.book import Lexeme
from inputs.language import declared
from inputs.markup import attribute, name_of, text_of
from inputs.wording import one_line


def lexicon_links(root: etree._Element) -> Iterator[tuple[str, str | None]]:
    """The lexicons that a content document names in its head: (href, language or None)."""
    for element in root.iter():
        if name_of(element) == "body":
            return
        relation = (element.get("rel") or "").lower().split()
        if name_of(element) == "link" and "pronunciation" in relation and element.get("href"):
            yield str(element.get("href")), declared(element.get("hreflang"))


def read_pls(root: etree._Element, language: str | None) -> tuple[tuple[Lexeme, ...], frozenset[str]]:
    """The words of a lexicon, and the alphabets in it that are unknown here.

    language: of the link that led to it; without one, the lexicon's own.
    """
    own = declared(attribute(root, "lang"))
    lexemes: list[Lexeme] = []
    unknown: set[str] = set()
    for element in root.iter():
        if name_of(element) != "lexeme":
            continue
        words = [one_line(text_of(child)) for child in element if name_of(child) == "grapheme"]
        ipa = respelling = ""
        said = _preferred(element)
        if said is not None and name_of(said) == "alias":
            respelling = one_line(text_of(said))
        elif said is not None:
            alphabet = said.get("alphabet") or root.get("alphabet") or ""
            resolved = ipa_of(one_line(text_of(said)), alphabet)
            if resolved is None:
                unknown.add(alphabet)
            ipa = resolved or ""
        if ipa or respelling:
            lexemes += [Lexeme(one, ipa, respelling, language or own) for one in words if one]
    return tuple(lexemes), frozenset(unknown)


def _preferred(lexeme: etree._Element) -> etree._Element | None:
    """The pronunciation that is marked as preferred, else the first (PLS 1.0, section 4.6)."""
    said = [child for child in lexeme if name_of(child) in ("phoneme", "alias") and text_of(child).strip()]
    preferred = [child for child in said if (child.get("prefer") or "").lower() == "true"]
    return next(iter(preferred or said), None)
