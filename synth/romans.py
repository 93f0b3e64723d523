"""Roman numerals into English words, where they are numerals and not words or letters."""

from __future__ import annotations

import re
from typing import Final

from synth.context import after, before
from synth.numerals import cardinal, ordinal, roman
from synth.rewriting import Rule, Saying, Situation
from synth.wordset import words

_LABELS: Final = (
    "chapter|chap\\.?|chapters|part|parts|book|books|bk\\.?|act|acts|scene|scenes|sc\\.|volume|volumes|vol\\.?|vols\\.?"
    "|canto|letter|section|sections|sec\\.|sect\\.|article|art\\.|appendix|table|figure|fig\\.?|plate|pl\\.|stave|stanza"
    "|lesson|lecture|sonnet|psalm|verse|phase|type|class|title|level|grade|stage|mark|mk\\.?|schedule|exhibit|war"
    "|number|no\\.|page|pages|pp\\.|p\\.|corps|apollo|factor|step|episode|series|column|note|notes|clause"
    "|item|items|vatican|bowl|saturn|fitt|fit|adventure|entry|ch\\.|division|group|category|case|round|wars"
)
_REGNAL: Final = words(
    """
    henry louis george edward william james charles richard elizabeth mary pius leo napoleon
    nicholas alexander catherine frederick philip ferdinand otto wilhelm ivan peter paul benedict
    gregory clement innocent urban ramses rameses ptolemy darius xerxes artaxerxes amenhotep
    thutmose seti cleopatra antiochus mithridates constantine theodosius justinian leopold francis
    franz joseph maximilian rudolf rudolph ludwig albert victor emmanuel umberto haakon christian
    gustav gustavus olaf harald canute sweyn david robert alfonso pedro sancho john joao
    manuel sebastian boniface celestine eugene sixtus julius martin adrian hadrian honorius stephen
    bela casimir sigismund vladislaus michael alexis boris selim suleiman murad mehmed mahmud abdul
    ahmed mustafa baldwin bohemond fulk amalric conrad lothair childeric clovis dagobert pepin
    harold edmund ethelred macbeth duncan margaret anne sixtus marcellus sylvester alexander
    callixtus calixtus nicolas isabella joanna juan carlos jacques henri guillaume friedrich
    heinrich karl georg august augustus tiberius claudius wenceslaus
    """
)
_RULERS: Final = words(
    """
    King Queen Pope Emperor Empress Tsar Czar Tsarina Kaiser Sultan Prince Princess Duke Count
    Archduke Pharaoh Saint
    """
)
_AFTER_ONE: Final = re.compile(
    r"\s*(?:$|[.,:;!?)\]”\"—–-]|(?:of|and|to|is|was|in|as|for|the|on|by|or|has|contains|begins|ends|deals|describes)\b|[A-Z\d])"
)
_NUMERAL: Final = r"(?P<numeral>[IVXLCDM]+)"


def _value(text: str, most: int = 3999) -> int | None:
    value = roman(text)
    return value if value is not None and value <= most else None


def _say_labelled(match: re.Match[str], _: Situation) -> Saying:
    """Chapter IV, Book I, World War II, vol. xii."""
    label, numeral = match["label"], match["numeral"]
    value = _value(numeral) if numeral.upper() not in ("C", "D", "L", "M") else None
    if value is None or (numeral in ("MIX", "DIM", "MILD", "LIVID", "CIVIL", "DIVI")):
        return None
    if numeral.islower() and (label[0].isupper() and numeral in ("i", "mix", "di", "mi", "dim", "civic")):
        return None
    if numeral == "I" and (
        (label.islower() and not label.endswith(".")) or not _AFTER_ONE.match(match.string, match.end())
    ):
        return None
    if numeral == "i" and not label.endswith("."):
        return None
    upto = f" to {cardinal(v)}" if match["upto"] and (v := _value(match["upto"])) else ""
    if match["upto"] and not upto:
        return None
    return f"{_label(label)} {cardinal(value)}{upto}"


_LABEL_WORDS: Final = {
    "chap": "chapter", "bk": "book", "vol": "volume", "vols": "volumes", "sc": "scene", "sec": "section",
    "sect": "section", "art": "article", "fig": "figure", "pl": "plate", "mk": "mark", "no": "number",
    "pp": "pages", "p": "page", "ch": "chapter",
}  # fmt: skip


def _label(written: str) -> str:
    word = _LABEL_WORDS.get(written.rstrip(".").lower(), written)
    if written.isupper() and len(written) > 1:
        return word.capitalize()
    return word.capitalize() if written[0].isupper() else word


def _say_regnal(match: re.Match[str], _: Situation) -> Saying:
    """Henry VIII, Louis XIV's, Pope John Paul II, John Smith III."""
    name, numeral = match["name"], match["numeral"]
    value = _value(numeral, 50)
    known = name.lower() in _REGNAL
    if value is None or (name.isupper() and not known):
        return None
    last = _value(match["upto"], 50) if match["upto"] else None
    if match["upto"] and last is None:
        return None
    upto = f" to {ordinal(last)}" if last else ""
    if len(numeral) == 1:
        ruler = _RULER_BEFORE.search(match.string, max(0, match.start() - 24), match.start())
        sure = ruler is not None or not _GOES_ON.match(match.string, match.end())
        if not known or numeral in "LCDM" or (numeral == "I" and not sure):
            return None
    elif not known and not set(numeral) <= set("IVX"):
        return None
    if name in _SEQUELS and not match["upto"]:
        return f"{name} {cardinal(value)}"
    if not known and (name in _NOT_NAMES or value > 20):
        return None
    return f"{name.capitalize() if name.isupper() else name} the {ordinal(value)}{upto}"


_GOES_ON: Final = re.compile(r"\s(?!of\b|and\b)[a-z']")  # "Elizabeth I saw" is somebody speaking
_RULER_BEFORE: Final = re.compile(rf"\b(?:{'|'.join(_RULERS)})\s(?:[A-Z][a-z]+\s)*$")
_SEQUELS: Final = words(
    "Rocky Jaws Halloween Saw Scream Rambo Superman Batman Alien Godfather Fantasy Bowl Titan"
)
_NOT_NAMES: Final = words(
    """
    The A An In On At And Or Of To With By As But For From If It Is Was When Then See Both Under
    After Before Nos No Henceforth Between Type Rocky Jaws Windows Mac Python Version Release Trek
    """
)


def _say_heading_numeral(match: re.Match[str], situation: Situation) -> Saying:
    """A numeral that leads a heading, or is all of it: IV, XIX. A Boat."""
    alone = match.end() == len(match.string.rstrip())
    sure = situation.heading or len(match["numeral"]) > 1
    value = _value(match["numeral"], 200)
    if value is None or not sure or (match["numeral"] in _WORDS_AND_LETTERS and not situation.heading):
        return None
    if not alone and not match["stop"]:  # "I Go to Sea" is a sentence, "II Go to Sea" is not
        if (
            match["numeral"] in ("I", *_WORDS_AND_LETTERS)
            or not match.string[match.end() :].lstrip()[:1].isupper()
        ):
            return None
        return cardinal(value).capitalize() + "."
    return cardinal(value).capitalize() + ((match["stop"] and ".") or "")


def _say_list_mark(match: re.Match[str], _: Situation) -> Saying:
    """(iv), and iv. at the start."""
    value = _value(match["numeral"], 39)
    if value is None:
        return None
    if match.start() == 0:
        return cardinal(value) + "."
    listed = match[0][0] == "(" and before(match) not in ("and", "or", "to") and after(match)
    return cardinal(value) + ("," if listed and after(match) not in ("and", "or", "to") else "")


def _say_bare(match: re.Match[str], _: Situation) -> Saying:
    """II, XIV in running text; what may be a word or letters is left alone."""
    if match["numeral"] in _WORDS_AND_LETTERS:
        return None
    value = _value(match["numeral"], 89)
    if value is None:
        return None
    return ordinal(value) if after(match) in _ORDERED else cardinal(value)


_ORDERED: Final = words("century centuries dynasty Dynasty legion Legion Olympiad Congress")


_WORDS_AND_LETTERS: Final = words(
    """
    IV MIX CIVIL CIVIC DIM DILL MILD LIVID VIVID MID MIMIC MILL DI LI MI CC CD CV DC MC MD MM CM XL
    XXL XXX ID DM LL CI DL VC VD
    """
)

RULES: Final = (
    Rule(
        rf"\b(?P<label>(?i:{_LABELS}))\s?(?<=[\s.]){_NUMERAL}(?:\s?[–—-]\s?(?P<upto>[IVXLC]+))?(?![\w'])",
        _say_labelled,
        quiet=True,
    ),
    Rule(
        r"\b(?P<label>pp?\.|[Cc]h(?:ap)?s?\.|[Vv]ols?\.|[Ss]ec\.|[Bb]k\.|[Cc]hapter|[Pp]ages?|[Ss]c\.|[Cc]anto|[Aa]ct|[Ss]cene)\s?(?<=[\s.])"
        r"(?P<numeral>[ivxlc]+)(?:\s?[–—-]\s?(?P<upto>[ivxlc]+))?(?![\w'])",
        _say_labelled,
        quiet=True,
    ),
    Rule(rf"\b(?P<name>[A-Z][a-zé]+|[A-Z]{{3,}})\s{_NUMERAL}(?:–(?P<upto>[IVX]+))?(?!\w|\.\w)", _say_regnal),
    Rule(rf"\A\s*{_NUMERAL}(?P<stop>[.:)]|\s?—)?(?![\w'.])", _say_heading_numeral),
    Rule(r"(?<!\w)\((?P<numeral>[ivx]+)\)", _say_list_mark),
    Rule(r"\A(?P<numeral>[ivx]{2,})[.)](?=\s)", _say_list_mark),
    Rule(r"(?<![\w'.&-])(?P<numeral>[IVXL]{2,})(?![\w'&]|\.\w|-[A-Za-z])", _say_bare),
)
