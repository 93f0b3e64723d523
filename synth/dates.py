"""Dates, years, decades and times into English words."""

from __future__ import annotations

import re
from typing import Final

from synth.context import after, before, full_stop
from synth.numerals import cardinal, ordinal, plural, two_digits, year
from synth.rewriting import Rule, Saying, Situation
from synth.wordset import words

_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_SHORT: Final = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "Jun": 6, "Jul": 7, "Aug": 8, "Sept": 9, "Sep": 9, "Oct": 10,
    "Nov": 11, "Dec": 12,
}  # fmt: skip
_MONTH: Final = rf"(?:{'|'.join(_MONTHS)}|(?:{'|'.join(_SHORT)})(?:\b|(?=\d))\.?)"
_WEEKDAY: Final = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Mon|Tues?|Wed|Thurs?|Thu|Fri|Sat|Sun"
_YEAR: Final = r"(?:1[0-9]|20)\d\d(?![\w-]|[,.:/]\d)"
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"


def _month(text: str) -> str:
    short = text.rstrip(".")
    return _MONTHS[_SHORT[short] - 1] if short in _SHORT else short


def _plausible(day: int, month: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _say_day_first(match: re.Match[str], _: Situation) -> Saying:
    """12 March 1945; the twelfth of March."""
    the = "" if before(match).lower() in ("the", "this", "that") else "the "
    if match["since"]:
        the += f"{ordinal(int(match['since']))} to the "
    comma = "," if match["comma"] else ""
    when = f"{comma} {year(int(match['year']))}" if match["year"] else ""
    return f"{the}{ordinal(int(match['day']))} of {_month(match['month'])}{when}"


def _say_month_first(match: re.Match[str], situation: Situation) -> Saying:
    """March 5, 1770; Oct. 12th."""
    if not match["year"] and after(match).lower() in _COUNTED_AFTER_MONTH:
        return None
    upto = f" to {ordinal(int(match['upto']))}" if match["upto"] else ""
    when = f", {year(int(match['year']))}" if match["year"] else ""
    the = "the " if situation.british else ""
    return f"{_month(match['month'])} {the}{ordinal(int(match['day']))}{upto}{when}"


_COUNTED_AFTER_MONTH: Final = words("men people miles feet percent years days hours of pages or million")


def _say_month_year(match: re.Match[str], _: Situation) -> Saying:
    return f"{_month(match['month'])}{match['comma']} {year(int(match['year']))}"


def _say_weekday(match: re.Match[str], _: Situation) -> Saying:
    return next(day for day in _WEEKDAYS if day.startswith(match["day"]))


_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _say_month(match: re.Match[str], _: Situation) -> Saying:
    return _month(match["month"]) + full_stop(match)


def _say_span(match: re.Match[str], _: Situation) -> Saying:
    """Mon.–Fri., May–June."""
    first, second = (match[name].rstrip(".") for name in ("first", "second"))
    said = [
        next((day for day in _WEEKDAYS if day.startswith(one)), None) or _month(one)
        for one in (first, second)
    ]
    return f"{said[0]} to {said[1]}{full_stop(match)}"


def _written_out(day: int, month: int, year_: int, british: bool) -> Saying:
    if not _plausible(day, month):
        return None
    name = _MONTHS[month - 1]
    day_month = f"the {ordinal(day)} of {name}" if british else f"{name} {ordinal(day)}"
    return f"{day_month}, {year(year_)}"


def _say_iso(match: re.Match[str], situation: Situation) -> Saying:
    return _written_out(int(match["day"]), int(match["month"]), int(match["year"]), situation.british)


def _say_stamp(match: re.Match[str], situation: Situation) -> Saying:
    """2001-09-11T08:46:00Z, as machines write a moment."""
    day = _say_iso(match, situation)
    if not isinstance(day, str):
        return None
    minute, second = int(match["minute"]), int(match["second"] or 0)
    clock = f"{cardinal(int(match['hour']))} {two_digits(minute) if minute else 'hundred'}"
    seconds = f" and {cardinal(second)} {'second' if second == 1 else 'seconds'}" if second else ""
    return f"{day}, {clock}{seconds}{' U.T.C.' if match['zone'] else ''}"


def _say_duration(match: re.Match[str], _: Situation) -> Saying:
    """2h 15m 30s: after hours, m is minutes; before seconds too."""
    counts = (
        (match["hours"], "hour"),
        (match["minutes"] or match["only"], "minute"),
        (match["seconds"], "second"),
    )
    return " ".join(f"{cardinal(int(n))} {name}{'' if int(n) == 1 else 's'}" for n, name in counts if n)


def _say_slashed(match: re.Match[str], situation: Situation) -> Saying:
    """12/31/1999; the day comes first where it must, or in British books, or between full stops."""
    if match["joint"] != match["rejoint"]:
        return None
    first, second, when = int(match["first"]), int(match["second"]), match["year"]
    full = int(when) if len(when) == 4 else int(when) + (1900 if int(when) > 30 else 2000)
    day_first = first > 12 or ((situation.british or match["joint"] == ".") and second <= 12)
    day, month = (first, second) if day_first else (second, first)
    return _written_out(day, month, full, situation.british)


# ---- years ---------------------------------------------------------------------------------------------


def _say_decade(match: re.Match[str], _: Situation) -> Saying:
    century, decade = int(match["century"] or 0), int(match["decade"])
    tens = plural(cardinal(decade)) if decade else ""
    if not match["century"]:
        return tens or None
    if decade == 0:
        return plural(f"{cardinal(century)} hundred") if century % 10 else plural(cardinal(century * 100))
    return f"{cardinal(century)} {tens}"


def _say_short_year(match: re.Match[str], _: Situation) -> Saying:
    return two_digits(int(match["year"]))


def _say_era(match: re.Match[str], _: Situation) -> Saying:
    """44 BC, A.D. 79, 300-200 BCE."""
    letters = re.sub(r"[^A-Z]", "", match["era"])
    first = year(int(match["first"].replace(",", "")))
    upto = f" to {year(int(match['upto']))}" if match["upto"] else ""
    era = ".".join(letters) + "."
    return f"{era} {first}{upto}" if match["era"] == match[0][: len(match["era"])] else f"{first}{upto} {era}"


def _say_blank_year(match: re.Match[str], _: Situation) -> Saying:
    """17—, as novels write a year that they will not tell."""
    if before(match).lower() in ("was", "am", "is", "were", "age", "aged", "nearly", "only", "just", "about"):
        return None
    return f"{cardinal(int(match['century']))} blank"


# ---- times ---------------------------------------------------------------------------------------------

_RATIOS: Final = words(
    """
    ratio ratios odds scale mix mixture dilution split chance lead majority slope gradient solution
    model
    """
)
_BOOKS: Final = {
    "Gen": "Genesis", "Ex": "Exodus", "Exod": "Exodus", "Lev": "Leviticus", "Num": "Numbers",
    "Deut": "Deuteronomy", "Sam": "Samuel", "Chron": "Chronicles", "Ps": "Psalm", "Prov": "Proverbs",
    "Eccl": "Ecclesiastes", "Isa": "Isaiah", "Jer": "Jeremiah", "Ezek": "Ezekiel", "Dan": "Daniel",
    "Matt": "Matthew", "Rom": "Romans", "Cor": "Corinthians", "Gal": "Galatians", "Eph": "Ephesians",
    "Phil": "Philippians", "Col": "Colossians", "Thess": "Thessalonians", "Tim": "Timothy", "Heb": "Hebrews",
    "Pet": "Peter", "Rev": "Revelation",
}  # fmt: skip
_SCRIPTURE: Final = words(
    """
    Genesis Gen. Exodus Ex. Leviticus Lev. Numbers Num. Deuteronomy Deut. Joshua Judges Ruth Samuel
    Sam. Kings Chronicles Chron. Ezra Nehemiah Esther Job Psalm Psalms Ps. Proverbs Prov.
    Ecclesiastes Eccl. Isaiah Isa. Jeremiah Jer. Lamentations Ezekiel Ezek. Daniel Dan. Hosea Joel
    Amos Obadiah Jonah Micah Nahum Habakkuk Zephaniah Haggai Zechariah Malachi Matthew Matt. Mark
    Luke John Acts Romans Rom. Corinthians Cor. Galatians Gal. Ephesians Eph. Philippians Phil.
    Colossians Col. Thessalonians Thess. Timothy Tim. Titus Philemon Hebrews Heb. James Peter Pet.
    Jude Revelation Rev. Surah Sura Quran Qur'an Gita
    """
)


def _say_clock(match: re.Match[str], _: Situation) -> Saying:
    hour, minute = int(match["hour"]), int(match["minute"])
    half = f" {match['half'].upper()}.M." if match["half"] else ""
    if not half and (after(match).lower() in _RATIOS or before(match) in _SCRIPTURE or hour > 24):
        return None
    if match["second"]:
        hours = f"{cardinal(hour)} {'hour' if hour == 1 else 'hours'}, " if hour else ""
        return f"{hours}{cardinal(minute)} minutes and {cardinal(int(match['second']))} seconds{half}"
    if minute:
        said = f"{cardinal(hour)} {two_digits(minute)}"
    elif half:
        said = cardinal(hour)
    elif 1 <= hour <= 12 and not match.string[match.end() :].lstrip().lower().startswith(
        ("o'clock", "noon", "hours")
    ):
        said = f"{cardinal(hour)} o'clock"
    else:
        said = f"{cardinal(hour)} hundred" if hour > 12 else cardinal(hour)
    return said + half


def _say_british_clock(match: re.Match[str], situation: Situation) -> Saying:
    """At 7.15, by 17.45 he: the clock as British books write it; 7.15 per cent is none, nor a price."""
    if not situation.british or before(match).lower() not in _CLOCK_LEADS:
        return None
    lead = _VALUED.search(match.string, max(0, match.start() - 24), match.start())
    follows = after(match).lower()
    by = before(match).lower() == "by"
    closes = not follows and not by and match.string[match.end() : match.end() + 1] in _CLOSING
    if lead or not (follows in _CLOCK_FOLLOWERS or closes):
        return None
    return _say_clock(match, situation)


_CLOSING: Final = ("", ".", ",", ";", ":", "!", "?", "”")
_CLOCK_LEADS: Final = words("at by until till")
_CLOCK_FOLLOWERS: Final = words(
    """
    he she it they we i you the his her their our my and or but on in to from sharp precisely exactly this
    that when every tomorrow tonight yesterday monday tuesday wednesday thursday friday saturday sunday
    """
)
_VALUED: Final = re.compile(
    r"\b(?:stood|stands|valued|priced|estimated|set|closed|closing|opened|traded|trading|sold|fixed|put|rated|odds)"
    r"\s(?:at|by)\s$"
)


def _say_hour(match: re.Match[str], _: Situation) -> Saying:
    return f"{cardinal(int(match['hour']))} {match['half'].upper()}.M."


def _say_half_day(match: re.Match[str], _: Situation) -> Saying:
    return f"{match['half'].upper()}.M."


def _say_book(match: re.Match[str], _: Situation) -> Saying:
    """1 Cor. 13:4 is of First Corinthians."""
    volume = f"{ordinal(int(match['volume'])).capitalize()} " if match["volume"] else ""
    return volume + _BOOKS.get(match["book"], match["book"])


def _say_pair(match: re.Match[str], _: Situation) -> Saying:
    """3:16 of a book of scripture, else 1:10 as a ratio."""
    first, second = cardinal(int(match["first"])), cardinal(int(match["second"]))
    if before(match) in _SCRIPTURE:
        upto = f" to {cardinal(int(match['upto']))}" if match["upto"] else ""
        return f"{first} {second}{upto}"
    return None if match["upto"] else f"{first} to {second}"


_HALF: Final = r"(?P<half>[apAP])(?:\.\s?[mM]\.|[mM](?!\w))"

RULES: Final = (
    Rule(
        rf"(?:\b(?P<volume>[1-3])\s)?\b(?P<book>{'|'.join(_BOOKS)}|Samuel|Kings|Chronicles|Corinthians"
        r"|Thessalonians|Timothy|Peter|John)\b\.?(?=\s\d{1,3}:\d)",
        _say_book,
    ),
    Rule(
        r"(?<![\w.,:-])(?P<volume>[1-3])\s(?P<book>Corinthians|Chronicles|Thessalonians|Samuel|Timothy"
        r"|(?:Kings|Peter|John)(?=\s\d))(?!\w)",
        _say_book,
    ),
    Rule(
        r"(?:\b(?P<volume>[1-3])\s)?\b(?P<book>Exod|Deut|Ps|Isa|Ezek|Matt|Cor|Eph|Thess|Heb)\.(?=\s\d)",
        _say_book,
    ),
    Rule(
        r"(?<![\w.,/-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
        r"(?::(?P<second>[0-5]\d)(?:\.\d+)?)?(?P<zone>Z|[+-]00:?00)?(?![\w:+-])",
        _say_stamp,
    ),
    Rule(r"(?<![\w.,/-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])", _say_iso),
    Rule(r"(?<![\w.,/-])(?P<year>(?:1[0-9]|20)\d\d)/(?P<month>\d\d)/(?P<day>\d\d)(?![\w/-]|\.\d)", _say_iso),
    Rule(
        r"(?<![\w.,/-])(?:(?P<hours>\d{1,3})\s?h\s?(?P<minutes>[0-5]?\d)\s?m(?:in)?|(?P<only>\d{1,3})\s?m(?=\s?\d{1,2}\s?s))"
        r"(?:\s?(?P<seconds>[0-5]?\d)\s?s)?(?![\w'])",
        _say_duration,
    ),
    Rule(
        r"(?<![\w.,/-])(?P<first>\d{1,2})(?P<joint>[/.])(?P<second>\d{1,2})(?P<rejoint>[/.])(?P<year>\d{4}|\d\d)(?![\w/-]|\.\d)",
        _say_slashed,
    ),
    Rule(
        rf"(?<![\w.,/:-])(?:(?P<since>{_DAY})(?:st|nd|rd|th)?\s?[–-]\s?)?(?P<day>{_DAY})(?:st|nd|rd|th|d)?\s(?:of\s)?(?P<month>{_MONTH})(?!\w)"
        rf"(?:(?P<comma>,?)\s(?P<year>{_YEAR}))?",
        _say_day_first,
    ),
    Rule(
        rf"\b(?P<month>{_MONTH})\s?(?P<day>{_DAY})(?:st|nd|rd|th|d)?(?![\w:/]|[.,]\d)"
        rf"(?:[–-](?P<upto>{_DAY})(?:st|nd|rd|th)?(?!\d))?(?:,?\s(?P<year>{_YEAR}))?",
        _say_month_first,
    ),
    Rule(rf"\b(?P<month>{_MONTH})(?P<comma>,?)\s(?P<year>{_YEAR})", _say_month_year),
    Rule(
        r"\b(?P<day>Mon|Tues?|Wed|Thurs?|Thu|Fri|Sat|Sun)\.(?=,|\s(?:\d|morning|afternoon|evening|night|[A-Z]))",
        _say_weekday,
    ),
    Rule(
        rf"\b(?P<first>(?:{_WEEKDAY})\b\.?|{_MONTH}(?!\w))\s?–\s?(?P<second>(?:{_WEEKDAY})\b\.?|{_MONTH}(?!\w))(?!\w)",
        _say_span,
    ),
    Rule(r"\b(?P<month>(?:Jan|Feb|Aug|Sept|Oct|Nov|Dec)\.)(?=[\s,;:)–—]|$)", _say_month),
    Rule(r"(?<![\w.,])(?P<century>1\d|20)(?P<decade>\d0)'?s(?!\w)", _say_decade),
    Rule(r"(?<![\w.,])'(?P<century>(?!))?(?P<decade>[2-9]0)'?s(?!\w)", _say_decade),
    Rule(r"(?<![\w.,])'(?P<year>\d\d)(?![\w'])", _say_short_year),
    Rule(
        r"(?<![\w.])(?P<first>\d{1,3}(?:,\d{3}){1,3}|\d{1,5})(?:[–-](?P<upto>\d{1,4}))?"
        r"\s?(?P<era>B\.?\s?C\.?\s?E\.?|B\.?\s?C\.?|A\.?\s?D\.?|C\.?E\.?)(?!\w)",
        _say_era,
    ),
    Rule(r"\b(?P<era>A\.?\s?D\.?)\s?(?P<first>\d{1,4})(?:[–-](?P<upto>\d{1,4}))?(?!\w)", _say_era),
    Rule(r"(?<![\w.,])(?P<century>1[4-9])—+(?=[\s.,;:!?\")”]|$)", _say_blank_year),
    Rule(
        rf"(?<![\w:.])(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
        rf"(?:\s?{_HALF})?(?![\w:])",
        _say_clock,
    ),
    Rule(rf"(?<![\w:.])(?P<hour>\d{{1,2}})\.(?P<minute>[0-5]\d)(?P<second>(?!))?\s?{_HALF}", _say_clock),
    Rule(
        r"(?<![\w:.])(?P<hour>[01]\d|2[0-3])\.(?P<minute>[0-5]\d)(?P<second>(?!))?(?P<half>(?!))?(?=\s(?:hours|hrs)\b)",
        _say_clock,
    ),
    Rule(
        r"(?<![\w:.,-])(?P<hour>[01]?\d|2[0-3])\.(?P<minute>[0-5]\d)(?P<second>(?!))?(?P<half>(?!))?(?![\w%]|[.,:]\d|\s?[%°–-])",
        _say_british_clock,
    ),
    Rule(rf"(?<![\w:.])(?P<hour>1[0-2]|0?[1-9])\s?{_HALF}", _say_hour),
    Rule(r"(?<![\w.])(?P<half>[ap])\.\s?m\.", _say_half_day),
    Rule(r"(?<![\w:.])(?P<first>\d{1,4}):(?P<second>\d{1,4})(?:[–-](?P<upto>\d{1,3}))?(?![\w:])", _say_pair),
)
