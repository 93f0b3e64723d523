"""Text into the places of its sentences."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from synth.wordset import words


def split(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Find the sentences of a text.

    Dialogue is split inside its quotation marks, so that no quotation is one endless sentence; what
    follows a quotation in lower case, or as "Watson said", stays with it. Linear in the text's length.

    Args:
        text: running text; an empty line ends a sentence, a single line break does not.
        language: BCP 47; the primary tag chooses the abbreviations.

    Returns:
        `[start, end)` of each sentence without the white space around it; together they cover every
        character that is not white space.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for end in _ends(text, language):
        start = _add(spans, text, start, end)
    _add(spans, text, start, len(text))
    return spans


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> int:
    """Add `[start, end)` without the white space around it, if anything is left; returns `end`."""
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        spans.append((left, right))
    return end


def _ends(text: str, language: str) -> list[int]:
    primary = language.split("-", 1)[0].lower()
    return [
        match.end()
        for match in _CANDIDATE.finditer(text)
        if match["gap"] or (_ends_wide(text, match) if match["wide"] else _ends_here(text, match, primary))
    ]


_CLOSERS: Final = "\"'”’»)\\]*†‡_"
_CANDIDATE: Final = re.compile(
    # full stops of scripts that put no space after a sentence
    r"(?P<wide>[。！？｡।॥؟۔]+)[」』）”’】》]*"
    # spaced or tight ellipses, full stops, what closes after them, a note mark that stuck to the end
    rf"|(?P<mark>\.(?:[ \u00a0\u200a\u2009]\.)+|[.!?…‽]+)(?P<closers>[{_CLOSERS}]*(?:[ \u00a0\u202f]»)?)"
    r"(?P<note>(?<!\d\.)\d{1,3}(?:[,–-]\d{1,3})*|[¹²³⁰-⁹]+|\[\d{1,3}\])?(?=\s|$)"
    # an empty line
    r"|(?P<gap>\n(?:[^\S\n]*\n)+)"
)
_WINDOW: Final = 48  # characters looked at on either side of a candidate; keeps the whole thing linear
_WORD_BEFORE: Final = re.compile(r"(?:[^\W_]|[.'’&-])+$")
_NEXT_WORD: Final = re.compile(
    r"\s*(?P<opening>[\s\"'“‘”’«‹„(\[¿¡—–_*-]*)(?P<word>[^\W_]?(?:[^\W_]|['’])*\.?)"
)


def _ends_wide(text: str, match: re.Match[str]) -> bool:
    # 「…。」と言った: the quoted sentence goes on with a particle
    closed = match.end() > match.end("wide")
    return not (closed and text[match.end() : match.end() + 1] in ("と", "っ", "、", "，"))


def _ends_here(text: str, match: re.Match[str], primary: str) -> bool:
    following = _NEXT_WORD.match(text, match.end(), match.end() + _WINDOW)
    assert following is not None
    word = following["word"]
    if not word:
        return match["mark"] not in (".", "…") or "\n\n" in following[0]
    if word[0].islower():
        return False
    mark, before = match["mark"], text[max(0, match.start() - _WINDOW) : match.start()]
    if mark != ".":
        return not (match["closers"] and _ATTRIBUTION.match(text, following.start("word")))
    last = _WORD_BEFORE.search(before, before.rfind(" ") + 1)
    if last is None or match["closers"].strip("'’\"”"):
        return True
    if match["closers"]:
        return not _ATTRIBUTION.match(text, following.start("word"))
    lead = before[: len(before) - len(last[0])]
    if word[0].isdigit() and (_COINS.fullmatch(last[0]) or (last[0] in _MEASURES and lead[-2:-1].isdigit())):
        return False  # 10s. 6d., 6 ft. 2 in.
    if _GOES_ON.fullmatch(f"{last[0]} {text[following.start('word') : following.end('word') + 5]}"):
        return False
    if match["note"] and last[0].lower() in _abbreviations(primary).labels:  # pp.15–17
        return False
    alone = not lead or lead.endswith("\n") or _follows_a_sentence(lead, primary)
    return _full_stop_ends(last[0], word.rstrip("."), bool(following["opening"].strip()), alone, primary)


# "of Co. A, 2nd Infantry", "in the 1st c. A.D."
_GOES_ON: Final = re.compile(r"Cos?\s[A-M],.*|c\s(?:A\.?D|B\.?C|C\.?E)\b.*", re.DOTALL)


def _follows_a_sentence(lead: str, primary: str) -> bool:
    """Does a sentence end right before the last word, so that it may number a list: "… at last. 2. Then"?"""
    found = _SENTENCE_BEFORE.search(lead)
    return found is not None and found[1].lower() not in _abbreviations(primary).labels


_SENTENCE_BEFORE: Final = re.compile(r"([^\W\d_]{3,})[.!?…]\s+$")
_ATTRIBUTION: Final = re.compile(
    r"(?:I|(?:(?:Mr|Mrs|Ms|Dr|Miss|Sir|Lady|Lord)\.?\s)?[A-Z][a-zé'’-]+(?:\s[A-Z][a-zé'’-]+)?)\s"
    r"(?:said|says|asked|cried|replied|answered|exclaimed|whispered|muttered|murmured|shouted|demanded"
    r"|inquired|enquired|remarked|observed|repeated|returned|continued|added|called|growled|sighed|thought)\b"
)


def _full_stop_ends(last: str, following: str, quoted: bool, alone: bool, primary: str) -> bool:
    """Does the full stop after the word `last` end the sentence, given that `following` comes next?"""
    words = _abbreviations(primary)
    starter = quoted or following in STARTERS
    bare = last.lstrip("'’&-")
    if alone and _LIST_NUMBER.fullmatch(bare):
        return False
    if bare in words.titles:
        return False
    if len(bare) == 1 and bare.isupper():  # "It was I. He left." against "I. Newton"
        return starter and (following != "I" or bare == "I")
    if bare.lower() in words.labels:
        return not (following[:1].isdigit() or _ROMAN.fullmatch(following))
    if bare in words.books:
        return not following[:1].isdigit() and (following == "I" or not _ROMAN.fullmatch(following))
    if bare in words.closing:
        return following not in _DAYS_AND_MONTHS
    if bare in words.either:
        return starter
    if bare.lower() in words.inner:
        return False
    if "." in bare and all(len(part) <= 2 for part in bare.split(".")) and not bare[:1].isdigit():
        return starter  # U.S., Ph.D., W.E.B.
    return True


_COINS: Final = re.compile(r"\d{1,3}[sd]")
_MEASURES: Final = words("ft in lbs lb oz st yds yd min sec hr hrs mi kg km cm mm")
_LIST_NUMBER: Final = re.compile(r"\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxlIVXL]{1,6}")
_ROMAN: Final = re.compile(r"[IVXLC]+|[ivxlc]+")
STARTERS: Final = words(
    """
    A An And Another Are As At Both But By Did Do Does Even Every For From Had Has Have He Her Here
    His How However I If In Indeed Is It Its Just Let Many May Meanwhile More Most My Neither Never
    No Nobody Nor Not Nothing Now Of On Once One Only Or Our Perhaps She Since So Some Soon Such
    Suddenly That The Their Then There These They This Those Though Thus To Today Two Under Until
    Was We Were What When Where Whether Which While Who Why Will With Would Yes Yet You Your After
    Again All Although Before During It's I'm I've He'd He's She's She'd That's There's They're
    We're You're
    """
)
_DAYS_AND_MONTHS: Final = words(
    """
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June
    July August September October November December EST EDT PST GMT UTC
    """
)


class _Abbreviations:
    """How the full stop after an abbreviation is to be taken."""

    __slots__ = ("books", "closing", "either", "inner", "labels", "titles")

    def __init__(
        self, titles: str, labels: str, closing: str, either: str, inner: str, books: str = ""
    ) -> None:
        self.titles = frozenset(titles.split())  # a name always follows
        self.labels = frozenset(labels.split())  # inside a sentence when a number follows
        self.books = frozenset(books.split())  # likewise, but not before "I", and only as written here
        self.closing = frozenset(closing.split())  # a capital after it begins a new sentence
        self.either = frozenset(either.split())  # a new sentence only if it begins with a starter
        self.inner = frozenset(inner.split())  # never ends a sentence


_ENGLISH: Final = _Abbreviations(
    titles="""Mr Mrs Ms Mx Dr Prof Messrs Mme Mlle Mmes Mons Capt Col Gen Lt Maj Sgt Cpl Pvt Cmdr Adm Brig Rev
    Hon Fr Gov Sen Rep Pres Supt Insp Det Mt Drs Revd Bro Ven Amb Sec Atty Lieut Sergt Serjt Bp Abp
    Card Ald MR MRS DR CAPT""",
    labels="""no nos p pp vol vols fig figs ch chap chaps sec sect art ed eds par para pt pts bk ver v vv l ll
    col n nn eq eqs ex exs tab plate pl app opp op fol ff c ca circa b d r fl jan feb mar apr jun jul aug sep
    sept oct nov dec ca approx supp rev abt""",
    closing="a.m p.m A.M P.M etc &c al ibid esq Esq",
    either="""St Ave Blvd Rd Ln Sq Hwy Co Inc Ltd Corp Bros Jr Sr U.S U.K U.S.A U.N D.C B.C A.D Ph.D M.D B.A
    M.A N.Y L.A D.D LL.D Esq e.g viz cf Ft Mass Conn Calif Penn Ill Pa Va Md Ala Ariz Fla Ky La Minn
    Miss Mo Tenn Tex Wis Wash Wed Thurs Sat Sun Mon Tues Fri Dept Univ Assn MS MSS
    trans Trans repr Repr illus Illus""",
    inner="e.g i.e viz cf vs ie eg",
    books="""Gen Exod Ex Lev Num Deut Josh Judg Sam Kgs Chron Chr Neh Esth Ps Pss Prov Eccl Eccles Isa Jer Lam
    Ezek Dan Hos Obad Mic Nah Hab Zeph Hag Zech Mal Matt Mk Lk Jn Rom Cor Gal Eph Phil Col Thess Tim Tit
    Philem Heb Jas Pet Rev Macc Tob Sir Wis Lat Long""",
)
_OTHERS: Final = {
    "es": _Abbreviations(
        titles="Sr Sra Srta Sres Dr Dra D Dña Ud Uds Vd Vds Gral Prof Lic Ing sr sra srta dr dra",
        labels="pág págs núm núms n vol cap art fig s ss séc",
        closing="etc",
        either="EE.UU UU a.C d.C S.A",
        inner="p.ej ee",
    ),
    "fr": _Abbreviations(
        titles="M MM Mme Mmes Mlle Mlles Dr Pr Me Mgr St Ste",
        labels="p pp n no nos vol chap art fig t éd s séc",
        closing="etc",
        either="J.-C S.A",
        inner="cf env",
    ),
    "it": _Abbreviations(
        titles="Sig Sigg Dott Prof Avv Ing On Mons S Ss sig sigg dott prof avv ing mons",
        labels="pag pagg n nn vol cap art fig s sec",
        closing="ecc",
        either="a.C d.C S.p.A",
        inner="cfr es",
    ),
    "pt": _Abbreviations(
        titles="Sr Sra Srta Dr Dra Prof Profa D Exmo Exma sr sra srta dr dra prof profa",
        labels="pág págs n nº vol cap art fig s séc",
        closing="etc",
        either="a.C d.C S.A",
        inner="cf",
    ),
    "de": _Abbreviations(
        titles="Hr Hrn Fr Dr Prof Frl St",
        labels="S Nr Bd Kap Abb Art Abs",
        closing="usw",
        either="Chr",
        inner="z.B d.h bzw vgl ca",
    ),
}
_NONE: Final = _Abbreviations("Dr Prof St", "p pp no vol fig", "etc", "", "")


@cache
def _abbreviations(primary: str) -> _Abbreviations:
    return _ENGLISH if primary == "en" else _OTHERS.get(primary, _NONE)
