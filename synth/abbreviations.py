"""English abbreviations into the words they stand for."""

from __future__ import annotations

import re
from typing import Final

from synth.context import full_stop
from synth.rewriting import Rule, Saying, Situation, said_as
from synth.wordset import words

# misaki reads Mr., Ms. and (with its full stop) etc. by itself; the others it spells or loses
_BEFORE_NAMES: Final = {
    "Dr": "Doctor", "Mrs": "Missus", "Messrs": "Messers", "Mme": "Madame", "Mmes": "Mesdames",
    "Mlle": "Mademoiselle", "Mons": "Monsieur", "Prof": "Professor", "Capt": "Captain", "Col": "Colonel",
    "Gen": "General", "Lt": "Lieutenant", "Lieut": "Lieutenant", "Maj": "Major", "Sgt": "Sergeant",
    "Sergt": "Sergeant", "Cpl": "Corporal", "Pvt": "Private", "Adm": "Admiral", "Cmdr": "Commander",
    "Brig": "Brigadier", "Rev": "Reverend", "Revd": "Reverend", "Hon": "Honorable", "Fr": "Father",
    "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Pres": "President",
    "Supt": "Superintendent", "Insp": "Inspector", "Det": "Detective", "Mt": "Mount", "Ft": "Fort",
    "Bp": "Bishop", "Abp": "Archbishop", "Bro": "Brother", "Atty": "Attorney", "Amb": "Ambassador",
    "DR": "Doctor", "MRS": "Missus", "MR": "Mr.", "CAPT": "Captain",
}  # fmt: skip
_AFTER_NAMES: Final = {
    "St": "Street", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane",
    "Sq": "Square", "Hwy": "Highway", "Dr": "Drive", "Pl": "Place", "Ct": "Court", "Jr": "Junior",
    "Sr": "Senior", "Esq": "Esquire", "Co": "Company", "Inc": "Incorporated", "Ltd": "Limited",
    "Corp": "Corporation", "Bros": "Brothers", "Univ": "University", "Dept": "Department",
    "Assn": "Association", "Mts": "Mountains",
}  # fmt: skip
_BEFORE_NUMBERS: Final = {
    "no": "number", "nos": "numbers", "p": "page", "pp": "pages", "pg": "page", "vol": "volume",
    "vols": "volumes", "fig": "figure", "figs": "figures", "ch": "chapter", "chs": "chapters",
    "chap": "chapter", "chaps": "chapters", "sec": "section", "secs": "sections", "sect": "section",
    "art": "article", "arts": "articles", "eq": "equation", "eqs": "equations", "par": "paragraph",
    "para": "paragraph", "pt": "part", "bk": "book", "ex": "example", "app": "appendix", "ed": "edition",
    "l": "line", "ll": "lines", "v": "verse", "vv": "verses", "n": "note", "nn": "notes",
    "col": "column", "cols": "columns", "fol": "folio", "ca": "circa", "c": "circa", "b": "born",
    "d": "died", "fl": "flourished", "r": "reigned", "pl": "plate", "tab": "table", "ver": "version",
    "op": "opus", "approx": "approximately", "abt": "about", "ext": "extension",
}  # fmt: skip
_ANYWHERE: Final = {
    "e.g": "for example", "eg": "for example", "i.e": "that is", "ie": "that is", "viz": "namely",
    "cf": "compare", "vs": "versus", "etc": "et cetera", "&c": "et cetera", "et al": "and others",
    "al": "others", "approx": "approximately", "dept": "department", "univ": "university",
    "govt": "government",
    "ibid": "ibid", "esp": "especially", "incl": "including", "misc": "miscellaneous",
    "p.a": "per annum",
    "MS": "manuscript", "MSS": "manuscripts", "q.v": "which see", "sc": "namely", "N.B": "note well",
    "P.S": "P.S.", "a.k.a": "also known as", "w/o": "without", "max": "maximum", "min": "minimum",
    "Thos": "Thomas", "Wm": "William", "Chas": "Charles", "Geo": "George", "Jas": "James",
    "Robt": "Robert", "Saml": "Samuel", "ult": "of last month", "inst": "of this month",
    "prox": "of next month",
}  # fmt: skip
_COMPASS: Final = {"N": "north", "S": "south", "E": "east", "W": "west"}


def _choice(words: dict[str, str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in sorted(words, key=len, reverse=True))


def _say_title(match: re.Match[str], _: Situation) -> Saying:
    return _BEFORE_NAMES[match["word"]]


def _say_after_name(match: re.Match[str], _: Situation) -> Saying:
    if not _AFTER_NAME.search(match.string, max(0, match.start() - 40), match.start()):
        return None
    return _AFTER_NAMES[match["word"]] + full_stop(match)


def _say_label(match: re.Match[str], _: Situation) -> Saying:
    if _NOT_A_LABEL.match(match.string, match.end()):
        return None
    word = match["word"]
    said = _BEFORE_NUMBERS[word.lower()]
    return (said.capitalize() if word[0].isupper() else said) + " "


def _say_anywhere(match: re.Match[str], _: Situation) -> Saying:
    word = match["word"]
    said = _ANYWHERE.get(word) or _ANYWHERE[re.sub(r"\s", " ", word).lower()]
    capital = word[0].isupper() and match.start() == 0
    goes_on = word.lower() in _GOES_ON and match.string[match.end() :].strip("\"'”) ")
    return (said[0].upper() + said[1:] if capital else said) + ("" if goes_on else full_stop(match))


_GOES_ON: Final = words("e.g eg i.e ie viz cf vs approx esp incl")


def _say_saint(match: re.Match[str], _: Situation) -> Saying:
    """St. is a saint before a name, a street after one: Baker St., but Lord Robert St. Simon."""
    follows = match["name"]
    if match["word"] == "ST" and not (follows and follows.isupper()):
        return None
    lead = _CAPITALIZED_BEFORE.search(match.string, max(0, match.start() - 32), match.start())
    numbered = lead is not None and lead["word"][0].isdigit()
    if follows and follows not in _AFTER_STREETS and not numbered:
        return "Saints" if match["word"] in ("Sts", "SS") else "Saint"
    if match["word"] == "St" and lead and match[0].endswith("."):
        return "Street" + full_stop(match)
    return None


_CAPITALIZED_BEFORE: Final = re.compile(r"(?P<word>[A-Z][\w'-]*|\d+(?:st|nd|rd|th))\s$")
_AFTER_STREETS: Final = words(
    """
    Station Bridge Church Theatre Theater School Hospital Hotel Market Mall Journal Library East
    West North South NW NE SW SE N S E W And Corner Car Railway Gallery Baths Chapel Prison Gaol
    Jail Police Bank
    """
)


def _say_compass(match: re.Match[str], _: Situation) -> Saying:
    letters = [_COMPASS[letter] for letter in re.findall(r"[NSEW]", match[0])]
    said = "".join(letters) if len(letters) < 3 else f"{letters[0]}-{''.join(letters[1:])}"
    return said + full_stop(match)


def _say_versus(match: re.Match[str], _: Situation) -> Saying:
    return "versus"


def _say_degree(match: re.Match[str], _: Situation) -> Saying:
    """Ph.D., D.Phil., Litt.D.: the letters."""
    return "P.H.D." if match[0].startswith("P") else "D. Phil"


def _say_edition(match: re.Match[str], _: Situation) -> Saying:
    return "edition" + full_stop(match)


def _say_rank(match: re.Match[str], _: Situation) -> Saying:
    return _BEFORE_NAMES[match["word"]] + full_stop(match)


def _say_coordinate(match: re.Match[str], _: Situation) -> Saying:
    return {"Lat": "latitude", "Long": "longitude"}[match["word"]]


def _say_many(match: re.Match[str], _: Situation) -> Saying:
    """3 vols., 320 pp."""
    many = {"eds": "editions"}
    return (many.get(match["word"]) or _BEFORE_NUMBERS[match["word"]]) + full_stop(match)


def _say_made_by(match: re.Match[str], _: Situation) -> Saying:
    return {
        "ed": "edited", "trans": "translated", "illus": "illustrated", "arr": "arranged", "comp": "compiled"
    }[match["word"]]  # fmt: skip


def _say_world_war(match: re.Match[str], _: Situation) -> Saying:
    return "World War one" if match["numeral"] in ("1", "I") else "World War two"


_CAPITAL: Final = r"[A-Z]"

RULES: Final = (
    Rule(rf"\b(?P<word>Sts?|ST|SS)\.?(?=\s(?P<name>{_CAPITAL}[\w'-]*)?|\W|$)(?<![A-Z]\.)", _say_saint),
    Rule(rf"\b(?P<word>{_choice(_BEFORE_NAMES)})\.?(?=[\s-]{_CAPITAL})(?<!\bDet)(?<!\bCol\b)", _say_title),
    Rule(rf"(?<=\s)(?P<word>{_choice(_AFTER_NAMES)})\.", _say_after_name),
    Rule(
        rf"\b(?P<word>(?i:{_choice(_BEFORE_NUMBERS)}))\.\s?(?<!\b[A-Z]\.\s)(?<!\b[A-Z]\.)"
        r"(?=\(?\d|\#|[IVXLC]+\b|[ivxlc]+\b)",
        _say_label,
    ),
    Rule(r"\bCo\.(?=\s[A-M],)", said_as("Company")),
    Rule(r"(?<=\d(?:st|nd|rd|th)\s)c\.(?=\s(?:A\.?D|B\.?C|C\.?E)\b)", said_as("century")),
    Rule(r"(?<=\d(?:st|nd)\s)(?P<word>Lt|Lieut|Sgt)\.", _say_rank),
    Rule(r"\b(?P<word>Lat|Long)\.(?=\s\d)", _say_coordinate),
    Rule(r"\b(?:[Tt]rans)\.(?=\s[A-Z])", said_as("translated by")),
    Rule(r"\b(?:[Rr]epr)\.(?=\s(?:1[5-9]|20)\d\d\b)", said_as("reprinted")),
    Rule(r"№\s?", said_as("number ")),
    Rule(r"\bP[Hh]\.?\s?D\.(?!\w)|\bD\.Phil\b\.?|\bPhD\b", _say_degree),
    Rule(r"(?<![\w.])[NS]\.(?:\s?[NSEW]\.)?\s?[EW]\.(?!\w)|(?<![\w.])[EW]\.[NS]\.[EW]\.(?!\w)", _say_compass),
    Rule(r"(?<=[a-z]\s)v\.(?=\s[A-Z])", _say_versus),
    Rule(r"\bw/o\b", said_as("without")),
    Rule(r"\b[Nn]/[Aa]\b", said_as("not applicable")),
    Rule(r"(?<=\d(?:st|nd|rd|th)\s)ed\.", _say_edition),
    Rule(r"(?<=\d\s)(?P<word>vols|pp|chs|eds|figs)\.", _say_many),
    Rule(r"\b(?P<word>ed|trans|illus|arr|comp)\.(?=\sby\b)", _say_made_by),
    Rule(r"(?<![\w.])(?P<letter>[NSEW])\.(?=\s(?:of|by)\b)", _say_compass),
    Rule(r"\bc/o\b", said_as("care of")),
    Rule(r"\bWW(?P<numeral>II?|[12])\b", _say_world_war),
    Rule(r"(?<!\w)(?P<word>&c)\b\.?", _say_anywhere),
    Rule(
        r"\b(?P<word>[Ee]t\sal|[Ee]\.g|[Ii]\.e|[Aa]\.k\.a|[Qq]\.v|N\.B|p\.a)\.(?!\w)",
        _say_anywhere,
        quiet=True,
    ),
    Rule(r"\b(?P<word>eg|ie)\.(?=\s|,)", _say_anywhere),
    Rule(
        r"\b(?P<word>[Vv]iz|[Cc]f|[Vv]s|[Ee]tc|approx|[Dd]ept|[Uu]niv|govt|esp|incl|misc|MSS?|Thos|Wm|Chas|Geo|Jas|Robt|Saml"
        r"|(?<=\d(?:st|nd|rd|th)\s)(?:ult|inst|prox))\.(?!\w)",
        _say_anywhere,
    ),
    Rule(r"\bvs\b", said_as("versus"), quiet=True),
)
_AFTER_NAME: Final = re.compile(r"(?:\b[A-Z][\w'-]*[.,]?|&|and|\d(?:st|nd|rd|th)|n)\s$")
_NOT_A_LABEL: Final = re.compile(r"I\s(?!and\b|to\b)[a-z']|[ivxlc]+\.\w")
