"""Spanish, French, Italian and Portuguese figures into words: dates, times, ordinals, money, measures.

What is not sure is left as it is written: espeak reads figures, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from num2words import num2words

from synth.numerals import roman
from synth.rewriting import Rule, Saying, Situation, said_as

_MOST_DIGITS: Final = 15
_MOST_ORDINAL: Final = 100


@dataclass(frozen=True, slots=True)
class _Words:
    """What a language needs beside its number words."""

    code: str  # num2words' own
    months: tuple[str, ...]
    date: str  # day, month, year
    first_of_month: str
    time: str  # hour, minute
    point: str
    minus: str
    upto: str
    number: str  # No.
    half: str
    money: dict[str, tuple[str, str]]
    cents: str  # whole with its currency, cents
    units: dict[str, tuple[str, str]]
    degrees: tuple[str, str]
    labels: str  # a Roman numeral after one is a plain number
    century: str
    century_ordinal: bool  # the nineteenth century, not century nineteen
    regnal_ordinals: int  # up to this a king's number is an ordinal


_UNITS: Final = ("km", "m", "cm", "mm", "kg", "g", "mg", "l", "ml", "km/h", "m²", "km²", "%")

_LANGUAGES: Final = {
    "es": _Words(
        "es",
        ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
         "noviembre", "diciembre"),
        "{day} de {month} de {year}", "primero", "{hour} {minute}", "coma", "menos", "a", "número",
        "un medio",
        {"€": ("euro", "euros"), "$": ("dólar", "dólares"), "£": ("libra", "libras"), "¥": ("yen", "yenes")},
        "{whole} con {cents}",
        dict(zip(_UNITS, (
            ("kilómetro", "kilómetros"), ("metro", "metros"), ("centímetro", "centímetros"),
            ("milímetro", "milímetros"), ("kilo", "kilos"), ("gramo", "gramos"), ("miligramo", "miligramos"),
            ("litro", "litros"), ("mililitro", "mililitros"), ("kilómetro por hora", "kilómetros por hora"),
            ("metro cuadrado", "metros cuadrados"), ("kilómetro cuadrado", "kilómetros cuadrados"),
            ("por ciento", "por ciento"),
        ), strict=True)),
        ("grado", "grados"), "capítulo|libro|tomo|parte|volumen|acto|escena", "siglo", False, 10,
    ),
    "fr": _Words(
        "fr",
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
         "novembre", "décembre"),
        "{day} {month} {year}", "premier", "{hour} heures {minute}", "virgule", "moins", "à", "numéro",
        "un demi",
        {"€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("livre", "livres"), "¥": ("yen", "yens")},
        "{whole} {cents}",
        dict(zip(_UNITS, (
            ("kilomètre", "kilomètres"), ("mètre", "mètres"), ("centimètre", "centimètres"),
            ("millimètre", "millimètres"), ("kilo", "kilos"), ("gramme", "grammes"),
            ("milligramme", "milligrammes"), ("litre", "litres"), ("millilitre", "millilitres"),
            ("kilomètre à l'heure", "kilomètres à l'heure"), ("mètre carré", "mètres carrés"),
            ("kilomètre carré", "kilomètres carrés"), ("pour cent", "pour cent"),
        ), strict=True)),
        ("degré", "degrés"), "chapitre|livre|tome|partie|volume|acte|scène", "siècle", True, 1,
    ),
    "it": _Words(
        "it",
        ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
         "ottobre", "novembre", "dicembre"),
        "{day} {month} {year}", "primo", "{hour} e {minute}", "virgola", "meno", "a", "numero", "un mezzo",
        {"€": ("euro", "euro"), "$": ("dollaro", "dollari"), "£": ("sterlina", "sterline"),
         "¥": ("yen", "yen")},
        "{whole} e {cents}",
        dict(zip(_UNITS, (
            ("chilometro", "chilometri"), ("metro", "metri"), ("centimetro", "centimetri"),
            ("millimetro", "millimetri"), ("chilo", "chili"), ("grammo", "grammi"),
            ("milligrammo", "milligrammi"), ("litro", "litri"), ("millilitro", "millilitri"),
            ("chilometro all'ora", "chilometri all'ora"), ("metro quadrato", "metri quadrati"),
            ("chilometro quadrato", "chilometri quadrati"), ("per cento", "per cento"),
        ), strict=True)),
        ("grado", "gradi"), "capitolo|libro|tomo|parte|volume|atto|scena", "secolo", True, _MOST_ORDINAL,
    ),
    "pt": _Words(
        "pt_BR",
        ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
         "novembro", "dezembro"),
        "{day} de {month} de {year}", "primeiro", "{hour} e {minute}", "vírgula", "menos", "a", "número",
        "um meio",
        {"€": ("euro", "euros"), "R$": ("real", "reais"), "$": ("dólar", "dólares"), "£": ("libra", "libras"),
         "¥": ("iene", "ienes")},
        "{whole} e {cents}",
        dict(zip(_UNITS, (
            ("quilômetro", "quilômetros"), ("metro", "metros"), ("centímetro", "centímetros"),
            ("milímetro", "milímetros"), ("quilo", "quilos"), ("grama", "gramas"),
            ("miligrama", "miligramas"),
            ("litro", "litros"), ("mililitro", "mililitros"), ("quilômetro por hora", "quilômetros por hora"),
            ("metro quadrado", "metros quadrados"), ("quilômetro quadrado", "quilômetros quadrados"),
            ("por cento", "por cento"),
        ), strict=True)),
        ("grau", "graus"), "capítulo|livro|tomo|parte|volume|ato|cena", "século", False, 10,
    ),
}  # fmt: skip
LANGUAGES: Final = frozenset(_LANGUAGES)

_WHOLE: Final = r"\d{1,3}(?:[.\s]\d{3})+(?!\d)|\d+"
_NUMBER: Final = rf"(?:(?:{_WHOLE})(?:,\d+)?)"
_START: Final = r"(?<![\w.,:/-])"
_END: Final = r"(?!\w|[.,:/]\d)"
_FRENCH_ENDINGS: Final = ("er", "re", "ère", "e", "ème", "nd", "nde")


def rules(language: str) -> tuple[Rule, ...]:
    """The rules of one of `LANGUAGES`, the more particular ones first."""
    words = _LANGUAGES[language]
    signs = "|".join(re.escape(sign) for sign in sorted(words.money, key=len, reverse=True))
    units = "|".join(re.escape(unit) for unit in sorted(words.units, key=len, reverse=True))
    signed = rf"{_START}(?P<minus>[-−](?=\d))?(?P<number>{_NUMBER})"
    return (
        Rule(rf"{_START}(?P<day>\d{{1,2}})[/.](?P<month>\d{{1,2}})[/.](?P<year>\d{{4}}){_END}", _date(words)),
        Rule(rf"{_START}(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d){_END}", _date(words)),
        Rule(rf"{_START}(?P<hour>[01]?\d|2[0-3])\s?[:h]\s?(?P<minute>[0-5]\d){_END}", _time(words)),
        Rule(r"\b[Nn](?:\.\s?)?[º°]\s?(?=\d)", said_as(f"{words.number} ")),
        Rule(
            rf"{_START}(?P<number>\d{{1,3}})\.?(?P<ending>[ºª°]|{'|'.join(_FRENCH_ENDINGS)})"
            r"(?![\w°ºª]|\s?[CF]\b)",
            _ordinal(words, language),
        ),
        Rule(
            rf"\b(?P<label>(?i:{words.labels}|{words.century}))\s(?P<numeral>[IVXLC]+)\b",
            _labelled(words),
            quiet=True,
        ),
        Rule(r"\b[Ss](?:[ée]c)?\.\s?(?P<numeral>[IVX]+)(?:e|ème)?\b", _short_century(words, language)),
        Rule(rf"\b(?P<numeral>[IVX]+)(?:e|ème)?(?=\s{words.century})", _century(words, language)),
        Rule(r"\b(?P<label>[A-ZÀ-Ý][a-zà-ÿ]+)\s(?P<numeral>[IVX]{2,})\b", _regnal(words, language)),
        Rule(rf"(?<!\w)(?P<sign>{signs})\s?(?P<number>{_NUMBER}){_END}", _money(words)),
        Rule(rf"{_START}(?P<number>{_NUMBER})\s?(?P<sign>{signs})(?!\w)", _money(words)),
        Rule(rf"{signed}\s?°(?P<scale>\s?[CF]\b)?(?!\w)", _degrees(words)),
        Rule(rf"{signed}(?:\s?[–-]\s?(?P<upto>{_NUMBER}))?\s?(?P<unit>{units})(?![\w²³/])", _measure(words)),
        Rule(rf"{_START}(?:½|1/2)(?!\s?\w|/)", said_as(words.half)),
        # what else has a bar or a colon, and telephone numbers
        Rule(r"(?<![\w.,])\d[\d./:,-]*[/:]\d[\d./:,-]*", _as_written),
        Rule(r"\b[Tt](?:el|él|f)\b\.?\s?[\d\s()+-]+\d", _as_written, quiet=True),
        Rule(rf"{_START}(?P<first>{_NUMBER})\s?[–-]\s?(?P<second>{_NUMBER}){_END}(?!-)", _range(words)),
        Rule(rf"{signed}(?!\w|[.,:/-]\d|\.?[ºª°])", _plain(words, language)),
    )


def _as_written(match: re.Match[str], _: Situation) -> Saying:
    return match[0]


_Say = Callable[[re.Match[str], Situation], Saying]


@cache
def _cardinal(code: str, number: int) -> str:
    return str(num2words(number, lang=code)).replace(",", "")


def _said(words: _Words, written: str) -> str | None:
    """A written quantity in words: 1.234,5; None for one that is too long or a string of figures."""
    whole, _, decimals = re.sub(r"[.\s]", "", written).partition(",")
    if len(whole) > _MOST_DIGITS or len(decimals) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        return None
    said = _cardinal(words.code, int(whole))
    if not decimals:
        return said
    zeros = [_cardinal(words.code, 0)] * (len(decimals) - len(decimals.lstrip("0")))
    rest = [_cardinal(words.code, int(decimals))] if int(decimals) else []
    return " ".join([said, words.point, *zeros, *rest])


def _signed(words: _Words, match: re.Match[str]) -> str | None:
    said = _said(words, match["number"])
    return f"{words.minus} {said}" if said and match["minus"] else said


def _date(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        day, month = int(match["day"]), int(match["month"])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return match[0]
        said = words.first_of_month if day == 1 else _cardinal(words.code, day)
        year = _cardinal(words.code, int(match["year"]))
        return words.date.format(day=said, month=words.months[month - 1], year=year)

    return say


def _time(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        hour, minute = int(match["hour"]), int(match["minute"])
        hour_said = _cardinal(words.code, hour)
        if words.code == "fr":
            hour_said = "une" if hour == 1 else hour_said
            named = f"{hour_said} {'heure' if hour < 2 else 'heures'}"
            return f"{named} {_cardinal(words.code, minute)}" if minute else named
        if not minute:
            return hour_said
        return words.time.format(hour=hour_said, minute=_cardinal(words.code, minute))

    return say


def _as_ordinal(words: _Words, language: str, value: int, feminine: bool) -> str | None:
    if not 1 <= value <= _MOST_ORDINAL or (language == "es" and value > 10):
        return None
    said = str(num2words(value, lang=words.code, to="ordinal"))
    if not feminine:
        return said
    if language == "fr":
        return "première" if value == 1 else said
    return " ".join(part[:-1] + "a" if part.endswith("o") else part for part in said.split())


def _ordinal(words: _Words, language: str) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        ending = match["ending"]
        if (ending in _FRENCH_ENDINGS) != (language == "fr") or (ending == "°" and language != "it"):
            return match[0] if ending in "ºª" else None
        feminine = ending in ("ª", "re", "ère", "nde")
        return _as_ordinal(words, language, int(match["number"]), feminine) or match[0]

    return say


def _labelled(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        value = roman(match["numeral"])
        return f"{match['label']} {_cardinal(words.code, value)}" if value else None

    return say


def _century(words: _Words, language: str) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        value = roman(match["numeral"])
        return (
            _as_ordinal(words, language, value, feminine=False) if value and words.century_ordinal else None
        )

    return say


def _short_century(words: _Words, language: str) -> _Say:
    """Of s. XIX, séc. XIX, au s. XIXe."""

    def say(match: re.Match[str], _: Situation) -> Saying:
        value = roman(match["numeral"])
        if not value or value > _LATEST_CENTURY:
            return None
        if not words.century_ordinal:
            return f"{words.century} {_cardinal(words.code, value)}"
        said = _as_ordinal(words, language, value, feminine=False)
        return f"{said} {words.century}" if said else None

    return say


_LATEST_CENTURY: Final = 21


def _regnal(words: _Words, language: str) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        value = roman(match["numeral"])
        if value is None:
            return None
        said = _as_ordinal(words, language, value, feminine=False) if value <= words.regnal_ordinals else None
        return f"{match['label']} {said or _cardinal(words.code, value)}"

    return say


def _money(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        whole, _comma, small = match["number"].partition(",")
        said = _said(words, whole)
        if said is None:
            return match[0]
        one, many = words.money[match["sign"]]
        if len(small) not in (0, 2):
            return f"{_said(words, match['number'])} {many}"
        amount = f"{said} {one if whole == '1' else many}"
        if not int(small or 0):
            return amount
        cents = _cardinal(words.code, int(small))
        if match["sign"] == "R$":  # said in full in Brazil: mil reais e cinquenta centavos
            cents += " centavo" if int(small) == 1 else " centavos"
            if not int(re.sub(r"\D", "", whole)):
                return cents
        return words.cents.format(whole=amount, cents=cents)

    return say


def _degrees(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        said = _signed(words, match)
        if said is None:
            return match[0]
        scale = {"C": " Celsius", "F": " Fahrenheit"}.get((match["scale"] or "").strip(), "")
        return f"{said} {words.degrees[match['number'] != '1']}{scale}"

    return say


def _measure(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        said = _signed(words, match)
        upto = _said(words, match["upto"]) if match["upto"] else ""
        if said is None or upto is None:
            return match[0]
        one, many = words.units[match["unit"]]
        if upto:
            return f"{said} {words.upto} {upto} {many}"
        return f"{said} {one if match['number'] == '1' else many}"

    return say


def _range(words: _Words) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        first, second = _said(words, match["first"]), _said(words, match["second"])
        return f"{first} {words.upto} {second}" if first and second else match[0]

    return say


def _plain(words: _Words, language: str) -> _Say:
    def say(match: re.Match[str], _: Situation) -> Saying:
        said = _signed(words, match)
        noun = _NOUN.match(match.string, match.end())
        return (_agreeing(language, said, noun[1]) if noun else said) if said else match[0]

    return say


_NOUN: Final = re.compile(r"\s([a-zà-ÿ]{3,})")


def _agreeing(language: str, said: str, noun: str) -> str:
    """One agrees with what is counted: veintiún años, una casa, uma hora, un anno."""
    feminine = noun.rstrip("s").endswith("a") and noun.rstrip("s") not in ("día", "dia", "problema", "mapa")
    head = said.removesuffix("uno" if language != "pt" else "um")
    if head == said or (head and not head.endswith((" ", "ti"))) or language == "fr":
        return said
    if language == "es":
        return head + ("una" if feminine else "ún" if head.endswith("ti") else "un")
    if language == "it":
        return ("una" if feminine else "un") if not head else said
    return head + ("uma" if feminine else "um")
