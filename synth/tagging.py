"""Part-of-speech tags by rule of thumb, for English when the trained tagger is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spacy.language import Language

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

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
        "POS": "'s ’s",
        "RB": "not very too also only just even still then there here now never ever always again once often "
        "seldom soon almost quite rather already perhaps",
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
_OPENS_AN_OBJECT: Final = frozenset({"DT", "PRP", "PRP$"})

# What follows a word, adverbs aside: "had never read", "did not close", "was quite absent".
_VERB_AFTER: Final = {
    **dict.fromkeys(("have", "has", "had", "having", "'ve", "’ve"), "VBN"),
    **dict.fromkeys(("be", "been", "being", "is", "am", "are", "was", "were"), "JJ"),
    **dict.fromkeys(("do", "does", "did", "to"), "VB"),
    **dict.fromkeys(("can", "could", "may", "might", "must", "shall", "should", "will", "would"), "VB"),
    **dict.fromkeys(("'ll", "’ll", "'d", "’d", "ca", "wo", "let"), "VB"),
}
# Nouns or verbs too, but far more often these, and said otherwise then.
_MOSTLY: Final = {"close": "JJ", "overhead": "RB", "underground": "RB", "uphill": "RB"}
_PARTICIPLES: Final = frozenset({"read", "reread", "wound"})  # that do not look it, and sound different
_NEGATIONS: Final = frozenset({"not", "n't", "n’t"})


def tag_by_rule_of_thumb(doc: Doc) -> Doc:
    """Give each token a Penn tag by its form and its neighbours: good for function words, fair for verbs."""
    before = ""  # the tag of the word before
    verb = ""  # the tag that an auxiliary before lets one expect
    for token in doc:
        before = token.tag_ = _tag(token, before, verb)
        lower = token.lower_
        verb = _VERB_AFTER.get(lower, verb if before == "RB" or lower in _NEGATIONS else "")
    return doc


Language.component(COMPONENT, func=tag_by_rule_of_thumb)


def _tag(token: Token, before: str, verb: str) -> str:
    text, lower = token.text, token.lower_
    if text == "-" and _is_inside_a_word(token):
        return "HYPH"  # any other tag makes a pause of it
    if text == '"' and not token.whitespace_ and _follows_a_space(token):
        return "``"
    if text in _PUNCTUATION:
        return _PUNCTUATION[text]
    if not any(character.isalnum() for character in text):
        return "NFP"
    if text[0].isdigit():
        return "CD"
    after = _closed_tag_after(token)
    if lower == "that":
        return _tag_of_that(before, after)
    if lower == "her" and before not in ("IN", "VBD", "VB"):
        return "PRP$"
    if lower in _NEGATIONS:
        return "RB"
    if lower in _CLOSED and not (len(text) > 1 and text.isupper()):
        return _CLOSED[lower]
    if text[0].isupper() and token.i > 0 and before not in ("``", "''"):
        return "NNP"
    return _open_class(lower, before, verb, after)


def _is_inside_a_word(token: Token) -> bool:
    """Whether letters or digits touch this token on both sides."""
    return (
        0 < token.i < len(token.doc) - 1
        and not token.whitespace_
        and not token.nbor(-1).whitespace_
        and token.nbor(-1).text[-1].isalnum()
        and token.nbor().text[0].isalnum()
    )


def _follows_a_space(token: Token) -> bool:
    return token.i == 0 or bool(token.nbor(-1).whitespace_)


def _closed_tag_after(token: Token) -> str:
    """The tag of the next token if it is of a closed class, "." at the end."""
    if token.i + 1 == len(token.doc):
        return "."
    following = token.nbor()
    return _PUNCTUATION.get(following.text) or _CLOSED.get(following.lower_, "")


def _tag_of_that(before: str, after: str) -> str:
    """Stressed as a pronoun ("do that in a hurry", "that is so"), not as a conjunction ("I say that he")."""
    if after in (".", ",", ":", "''", "``") or (after in ("IN", "TO", "CC") and before != "CC"):
        return "DT"
    if after == "POS":  # that's
        return "IN" if before.startswith("NN") else "DT"
    if after in _OPENS_AN_OBJECT or after == "IN":
        return "IN"
    return "DT" if before in ("", "``", ":", "IN", "CC", "VBZ") else "IN"


def _open_class(lower: str, before: str, verb: str, after: str) -> str:
    if verb == "VB" and not lower.endswith("ly"):
        return "VB"
    if lower in _MOSTLY and before != "PRP":
        return _MOSTLY[lower]
    if verb in ("VBN", "JJ") and (lower.endswith(("ed", "en")) or lower in _PARTICIPLES):
        return "VBN"
    if verb == "JJ" and not lower.endswith(("ly", "ing")):
        return "JJ"
    if before in ("PRP", "WP", "WDT") and not lower.endswith(("ly", "ing")):
        return "VBD" if lower.endswith("ed") else "VBP"
    if before in _DETERMINER_LIKE:
        return "NN"
    for ending, tag in (("ly", "RB"), ("ing", "VBG"), ("ed", "VBD"), ("ous", "JJ"), ("ful", "JJ")):
        if lower.endswith(ending) and len(lower) > len(ending) + 2:
            return tag
    if after in _OPENS_AN_OBJECT and before != "IN":
        return "VBZ" if lower.endswith("s") else "VBP"
    return "NNS" if lower.endswith("s") and len(lower) > 3 else "NN"
