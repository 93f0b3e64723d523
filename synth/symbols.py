"""Signs, dashes, Greek letters and emphatic capitals into English words."""

from __future__ import annotations

import re
from typing import Final

from synth.numerals import LONGEST_DIGITS, ordinal
from synth.rewriting import Rule, Saying, Situation, left_out, said_as
from synth.wordset import words

_SIGNS: Final = {
    "=": "equals", "≠": "does not equal", "≈": "is about", "≡": "is identical to",
    "≤": "less than or equal to", "≥": "greater than or equal to", "±": "plus or minus",
    "÷": "divided by", "−": "minus", "×": "times", "∞": "infinity", "√": "the square root of",
    "∑": "the sum of", "∏": "the product of", "∫": "the integral of", "∂": "partial", "∇": "del",
    "∈": "in", "∉": "not in", "∩": "intersected with", "∪": "union", "⊂": "subset of",
    "⊃": "superset of", "∀": "for all", "∃": "there exists", "∅": "the empty set", "∴": "therefore",
    "→": "to", "⇒": "implies", "⇔": "if and only if", "↔": "if and only if", "←": "from", "¬": "not",
    "%": "percent", "‰": "per mille", "‱": "per ten thousand", "°": "degrees", "©": "copyright",
    "§": "section", "¶": "paragraph", "&": "and", "№": "number", "℔": "pounds", "℃": "degrees Celsius",
    "℉": "degrees Fahrenheit", "℮": "estimated", "Ω": "omega", "¢": "cents", "£": "pounds", "€": "euros",
    "¥": "yen", "$": "dollars", "₹": "rupees", "₽": "rubles", "₩": "won", "₪": "shekels", "₿": "bitcoin",
    "฿": "baht", "¤": "currency", "′": "prime", "″": "double prime", "µ": "micro", "~": "about",
}  # fmt: skip
_GREEK: Final = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψωςϑϕϵ",
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "omicron",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
            "sigma",
            "theta",
            "phi",
            "epsilon",
        ],
        strict=True,
    )
)


def _say_sign(match: re.Match[str], _: Situation) -> Saying:
    return f" {_SIGNS[match[0]]} "


def _say_greek(match: re.Match[str], _: Situation) -> Saying:
    return _GREEK[match["letter"].lower()]


def _say_power(match: re.Match[str], _: Situation) -> Saying:
    written = (match["raised"] or match["caret"]).translate(_RAISED)
    minus = written.startswith("-")
    n = written.lstrip("+-")
    if not n.isdecimal() or len(n) > LONGEST_DIGITS:
        return f" to the {'minus ' if minus else ''}{n} "
    if not minus and n in ("2", "3"):
        return " squared " if n == "2" else " cubed "
    return f" to the minus {ordinal(int(n))} " if minus else f" to the {ordinal(int(n))} "


_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−", "0123456789-+-")
_LOWERED: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")


def _say_index(match: re.Match[str], _: Situation) -> Saying:
    lowered = match[0].translate(_LOWERED)
    return " " + " ".join(_DIGITS.get(c, c) for c in lowered) + " "


_DIGITS: Final = dict(
    zip(
        "0123456789+-",
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "plus", "minus"],
        strict=True,
    )
)


def _say_section(match: re.Match[str], _: Situation) -> Saying:
    return "sections " if match[0].startswith("§§") else "section "


def _say_order(match: re.Match[str], _: Situation) -> Saying:
    return " less than " if "<" in match[0] else " greater than "


def _say_minus(match: re.Match[str], _: Situation) -> Saying:
    return "minus" if "=" in match.string else None


def _say_blank(match: re.Match[str], _: Situation) -> Saying:
    """B—— of D——shire: names that a novel will not tell."""
    return f"{match['letter']} blank"


def _say_short_blank(match: re.Match[str], _: Situation) -> Saying:
    return f"{match['lead']}{match['letter']} blank" if match["letter"] else f"{match['lead']}blank"


# ---- capitals ------------------------------------------------------------------------------------------

_SHORT_WORDS: Final = words(
    """
    the of and a to in he is you that it his i was for on are as with they at be this have from or
    one had by but not what all were we when your can said there an each which she do how their if
    will up other about out many then them these so some her would make like him into time has look
    two more go see no way could my than been who its now find long down day did get come made may
    part over new take only work know year live me back give most very our just name good man say
    low line turn much mean old any same tell boy want show also end put home read hand port big
    even land here must high such act why ask men off need try kind us am oh ah yes yet ye let too
    own war god lord sir king life love dead die stop run help ho ha hey hi lo nay aye thy thou thee
    hath far near nor per sea sky sun son red death fear fire five four six ten nine book case last
    left lost door dear cold dark deep boat ship lay sat set eye ear arm leg sin fool free full gold
    half hard head hear heat hell hold hot ice idea kill knew lady law led lie list loud luck mad
    main meet mind miss moon move next night note once open pay play poor real rest rich ride road
    rock room rose safe sake save seat seem self send ship shut sick side soon soul stay sure sword
    talk tea till tree true try upon vice voice wait walk wall warm wear week went west wife wild
    wind wine wise wish woman wood word wrong yard young zero cap car cat dog does done dont each
    east easy else ever face fact fall feel feet fell fish foot form game gave girl glad goes gone
    gray grey grew hall hat held hope hour hung iron john jack jane june july joy keep kept lake
    late less lets lift mark mary mate mile milk must myth neck news none north noon odd past paul
    pity race rage rain rank rate rule sail salt sand sang seen sell ship shop shot sign sing sir
    skin slow snow song sort spot step such suit tail tale tall team test than thin thus tide tiny
    told tom took town trip used vast view wave ways whom wide wing wore worn yea your
    """
)
_SMALL_WORDS: Final = words(
    """
    a an and as at but by for from in into nor of on or so the to up upon with
    """
)
_KNOWN_LETTERS: Final = words(
    """
    USA UK FBI CIA NASA NATO UNESCO UNICEF BBC CNN DNA RNA TV UFO HIV AIDS NYPD LAPD KGB IBM ABC NBC
    CBS PBS ESPN USSR GDP CEO CFO CTO PHD MD DVD CD PDF HTML XML HTTP HTTPS URL API GPS ATM PC IQ ID
    OK AM PM BC AD BCE CE WWI WWII IRS NBA NFL MLB EU UN SOS VIP DIY FAQ GMT MIT UCLA NYC LA DC RAF
    SS HMS USS ISBN ISSN OPEC YMCA NAACP LGBT LLC LTD AI VR CPU GPU RAM ROM USB PTSD ADHD MRI CT ICU
    ER SUV MPH KKK ISO IEEE ACM UTC EPUB LED LCD SMS SIM RIP IRA PLO ANC FDR JFK LBJ MLK DJ MC
    """
)


def _say_capitals(match: re.Match[str], situation: Situation) -> Saying:
    """A shouted word is written small, so that it is not spelled; letters that stand for words stay."""
    word = match[0]
    bare = word.replace("'", "").lower()
    stem = bare.removesuffix("s") if word.endswith("'S") else bare
    common = stem in _SHORT_WORDS
    if not common and (word in _KNOWN_LETTERS or not _VOWELS & set(bare)):
        return None
    shouted = situation.shouted or _shouts_nearby(match)
    if not (shouted or len(stem) >= 5 or (common and word not in _DOUBTFUL)):
        return None
    if (
        bare in _SMALL_WORDS
        and match.start() > 0
        and match.string[: match.start()].rstrip()[-1:] not in ".:!?—"
    ):
        return word.lower()
    return _capitalized(word)


_VOWELS: Final = frozenset("aeiouy")
_DOUBTFUL: Final = words("IT US WHO OR AM ME AS ID HE HI MA PA")
_NEARBY: Final = re.compile(r"\b[A-Z][A-Z']+\b")


def _shouts_nearby(match: re.Match[str]) -> bool:
    """Is a neighbouring word a common one in capitals?"""
    left = re.search(r"([A-Z][A-Z']+)\W{1,3}$", match.string[max(0, match.start() - 24) : match.start()])
    right = re.match(r"\W{1,3}([A-Z][A-Z']+)\b", match.string[match.end() : match.end() + 24])
    return any(
        near is not None
        and (near[1].lower() in _SHORT_WORDS or len(near[1]) > 4)
        and near[1] not in _DOUBTFUL
        for near in (left, right)
    )


def _capitalized(word: str) -> str:
    """O'BRIEN -> O'Brien, DON'T -> Don't."""
    if word[1:2] == "'" and word[0] in "OD" and len(word) > 3:
        return word[0] + "'" + word[2:].capitalize()
    return word.capitalize()


def _say_heading_break(match: re.Match[str], situation: Situation) -> Saying:
    """The lines of a heading are read apart."""
    return ". " if situation.heading else None


RULES: Final = (
    Rule(r"(?<=[\w)”\"'])\s*\n\s*(?=\S)", _say_heading_break),
    Rule(r"§+\s?", _say_section),
    Rule(
        r"(?P<letter>\b[A-Z][a-z]{0,2}|\b[A-Z]\.?)(?:—{2,}|-{2,}(?=[\s.,;:!?a-z]))(?<!\bI—)(?<!I--)",
        _say_blank,
    ),
    Rule(
        r"(?P<lead>\b(?:Mr|Mrs|Ms|Dr|Miss|Lady|Lord|Sir|Count|Countess|Baron|Captain|Colonel|Major|General"
        r"|Prince|Princess|Madame|Duke|Duchess|Monsieur|Herr|of|at|from)\.?\s)"
        r"(?:(?P<letter>[B-HJ-NP-Z])—+|——+)(?=[\s.,;:!?)\"'”]|$)",
        _say_short_blank,
        quiet=True,
    ),
    Rule(r"\s?\.(?:\s?\.){2,}|…(?:\s?[.…])+|\s…", said_as("…")),
    Rule(r"—+(?:\s?—)+|-{2,}(?!-)|(?<=\s)[–-](?=\s)|(?<=[\"”,;:!?])-(?=[\"“\w])", said_as("—")),
    Rule(r"(?<=[ap]\.m\.)\s?[–-]\s?(?=\d)|(?<=\d[ap]m)\s?[–-]\s?(?=\d)", said_as(" to ")),
    Rule(r"(?<=[\w%°])–(?=[\d$£€])", said_as(" to ")),
    Rule(r"(?<=\w)–(?=\w)", said_as("-")),
    Rule(r"–", said_as("—")),
    Rule(
        r"(?<=[\dA-Za-zα-ωΑ-Ω)])(?:(?P<raised>[⁻⁺]?[⁰¹²³⁴-⁹]+|ⁿ)|\^\{?(?P<caret>[-−]?[^\W_]{1,3})\}?)",
        _say_power,
    ),
    Rule(r"[₀-₉₊₋]+", _say_index),
    Rule(
        r"(?<![\u0370-\u03ff\u1f00-\u1fff])(?P<letter>[αβγδεζηθικλμνξοπρστυφχψωςϑϕϵΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ])"
        r"(?![\u0370-\u03ff\u1f00-\u1fff])",
        _say_greek,
    ),
    Rule(r"(?<=[\w)])\s(?P<sign>[<>])\s?(?=[\w(.-])|(?<=\d)(?P<tight>[<>])(?=\d)", _say_order),
    Rule(r"[<>](?=\s?\d)", _say_order),
    Rule(r"</?[A-Za-z][\w:-]{0,12}\s?/?>", left_out("markup")),
    Rule(r"(?<=\w)\+\+(?!\w)", said_as(" plus plus")),
    Rule(r"\+", said_as(" plus ")),
    Rule(r"(?<=[A-Za-z\d)²³]\s)[-−](?=\s[A-Za-z\d(]\b)", _say_minus),
    Rule(r"@", said_as(" at ")),
    Rule(r"\#(?=\d)", said_as("number ")),
    Rule(r"(?<=\b[A-G])\#", said_as(" sharp")),
    Rule(r"&amp;", said_as(" and ")),
    Rule(r"\bw/(?=\s)", said_as("with")),
    Rule(r"/", left_out("slash", space=True)),
    Rule(r"\)(?=\()", said_as(") ")),
    Rule(r"(?<![\w.&])[A-Z][A-Z']*[A-Z](?![\w&])", _say_capitals),
    Rule(r"~(?=\s?\d)", said_as("about ")),
    Rule(r"(?<=\S)\s\|\s(?=\S)", said_as(", ")),
    Rule(r"[™®~\\|^<>\#•·¬*]", left_out("symbol", space=True)),
    Rule(rf"[{re.escape(''.join(_SIGNS))}]", _say_sign),
)
