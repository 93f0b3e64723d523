"""Part-of-speech tags by rule of thumb, for English when the trained tagger is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spacy.language import Language

if TYPE_CHECKING:
    from spacy.tokens import Doc

COMPONENT: Final = "bindery_rule_of_thumb_tagger"

# Penn Treebank tags (Marcus et al. 1993) of the closed classes, which a list can hold.
_CLOSED: Final = {
    word: tag
    for tag, words in {
        "DT": "a an the this these those every each some any no another either neither all both",
        "IN": "of in on at by for with from into upon about after before over under between through during "
        "against among within without toward towards beyond behind beside besides despite except inside "
        "near off onto outside since than though although unless until because if as like while whether",
        "PRP": "i you he she it we they me him her us them myself yourself himself herself itself ourselves "
        "themselves",
        "PRP$": "my your his its our their",
        "TO": "to",
        "CC": "and or but nor yet so",
        "MD": "can could may might must shall should will would",
        "VBZ": "is has does",
        "VBP": "am are have do",
        "VBD": "was were had did said",
        "VB": "be",
        "VBN": "been",
        "WP": "who whom what",
        "WDT": "which",
        "WRB": "when where why how",
        "RB": "not very too also only just even still then there here now never ever always again once",
    }.items()
    for word in words.split()
}
_PUNCTUATION: Final = {
    "“": "``",
    "‘": "``",
    "”": "''",
    "’": "''",
    '"': "''",
    "(": "-LRB-",
    ")": "-RRB-",
    ",": ",",
    ".": ".",
    "!": ".",
    "?": ".",
    ":": ":",
    ";": ":",
    "—": ":",
    "–": ":",
    "-": ":",
    "…": ":",
    "...": ":",
    "$": "$",
    "£": "$",
    "€": "$",
    "#": "#",
}
_DETERMINER_LIKE: Final = frozenset({"DT", "PRP$", "JJ"})


def tag_by_rule_of_thumb(doc: Doc) -> Doc:
    """Give each token a Penn tag by its form and its neighbour: good for function words, poor for verbs."""
    before = ""
    for token in doc:
        before = token.tag_ = _tag(token.text, before, token.i == 0)
    return doc


Language.component(COMPONENT, func=tag_by_rule_of_thumb)


def _tag(text: str, before: str, first: bool) -> str:
    lower = text.lower()
    if text in _PUNCTUATION:
        return _PUNCTUATION[text]
    if not any(character.isalnum() for character in text):
        return "NFP"
    if text[0].isdigit():
        return "CD"
    if lower == "that":
        return "DT" if before in ("", "IN", "CC", "VBZ") else "IN"
    if lower == "her" and before not in ("IN", "VBD", "VB"):
        return "PRP$"
    if lower in _CLOSED and not (len(text) > 1 and text.isupper()):
        return _CLOSED[lower]
    if text[0].isupper() and not first:
        return "NNP"
    return _open_class(lower, before)


def _open_class(lower: str, before: str) -> str:
    if before in ("TO", "MD"):
        return "VB"
    if before in ("PRP", "WP", "WDT") and not lower.endswith(("ly", "ing")):
        return "VBD" if lower.endswith("ed") else "VBP"
    if before in _DETERMINER_LIKE:
        return "NN"
    for ending, tag in (
        ("ly", "RB"),
        ("ing", "VBG"),
        ("ed", "VBD"),
        ("ous", "JJ"),
        ("ful", "JJ"),
        ("s", "NNS"),
    ):
        if lower.endswith(ending) and len(lower) > len(ending) + 2:
            return tag
    return "NN"
