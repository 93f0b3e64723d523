"""Quantities into English words: numbers, money, measures, fractions, ranges, ordinals."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Final

from synth.context import after, before, full_stop
from synth.numerals import (
    LONGEST_DIGITS,
    cardinal,
    digits,
    number,
    ordinal,
    plural,
    spelled,
    two_digits,
    year,
)
from synth.rewriting import Rule, Saying, Situation
from synth.wordset import words

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|[1-9]\d{0,2}(?:\s\d{3}){2,}(?![\d,.-])|\d+(?:\.\d+)?)"
_VULGAR: Final = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒"
_RANGE: Final = r"\s?[–—]\s?|-"

# ---- fractions -----------------------------------------------------------------------------------------

_FRACTION_NAMES: Final = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _fraction(top: int, bottom: int) -> str:
    name = ordinal(bottom).removeprefix("one ")
    singular, plurals = _FRACTION_NAMES.get(bottom, (name, name + "s"))
    return f"{cardinal(top)} {singular if top == 1 else plurals}"


def _vulgar(character: str) -> tuple[int, int]:
    value = Fraction(unicodedata.numeric(character)).limit_denominator(10)
    return value.numerator, value.denominator


def _mixed(whole: str, top: int, bottom: int) -> str:
    """Two and a half, two and three quarters."""
    part = f"a {_fraction(1, bottom).removeprefix('one ')}" if top == 1 else _fraction(top, bottom)
    if top == 1 and bottom == 8:
        part = "an eighth"
    return f"{number(whole)} and {part}" if whole.strip("0,") else part


def _say_vulgar(match: re.Match[str], _: Situation) -> Saying:
    whole, top, bottom = match["whole"], *_vulgar(match["vulgar"])
    follows = after(match)
    if whole:
        return _mixed(whole, top, bottom)
    if match.string[match.end() : match.end() + 1] == "-":  # a ½-inch pipe
        return _fraction(top, bottom).replace(" ", "-")
    if (top, bottom) == (1, 2) and follows in _ARTICLES:
        return "half"
    if follows in _MEASURE_NOUNS:
        article = "an" if follows in ("hour", "inch", "ounce", "acre") else "a"
        part = _mixed("", top, bottom) if top == 1 else _fraction(top, bottom)
        return f"half {article}" if (top, bottom) == (1, 2) else f"{part} of {article}"
    return _fraction(top, bottom)


_ARTICLES: Final = words("a an the his her its my their our your this that")
_MEASURE_NOUNS: Final = words(
    """
    mile inch foot yard hour minute second day week month year pound ounce gallon pint quart cup acre
    teaspoon tablespoon dozen million billion ton meter metre kilometer kilometre liter litre century
    """
)


def _say_fraction(match: re.Match[str], _: Situation) -> Saying:
    top, bottom = int(match["top"]), int(match["bottom"])
    if (top, bottom) in ((24, 7), (9, 11)):
        return f"{cardinal(top)} {cardinal(bottom)}"
    if match["whole"] and 0 < top < bottom <= 64:
        return _mixed(match["whole"], top, bottom)
    if match["whole"]:
        return None
    if is_year(match["top"], "", "") and len(match["bottom"]) in (2, 4) and not match["whole"]:
        ends_year = len(match["bottom"]) == 4
        return f"{year(top)} to {year(bottom) if ends_year else two_digits(bottom)}"
    if top == bottom:
        return f"{number(match['top'])}-{number(match['bottom'])}"
    if 0 < top < bottom <= 100 and (top < 20 or bottom == 100):
        return _fraction(top, bottom)
    return f"{number(match['top'])} over {number(match['bottom'])}"


# ---- money ---------------------------------------------------------------------------------------------

_MONEY: Final = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₿": ("bitcoin", "bitcoins", "satoshi", "satoshis"),
    "฿": ("baht", "baht", "satang", "satang"),
}
_COUNTRIES: Final = {
    "US": "U.S. ", "U.S.": "U.S. ", "A": "Australian ", "AU": "Australian ", "C": "Canadian ",
    "CA": "Canadian ", "NZ": "New Zealand ", "HK": "Hong Kong ", "S": "Singapore ", "R": "Brazilian ",
    "E": "Egyptian ",
}  # fmt: skip
_MAGNITUDES: Final = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "b": "billion",
    "B": "billion", "bn": "billion", "tn": "trillion", "million": "million", "billion": "billion",
    "trillion": "trillion", "thousand": "thousand", "hundred": "hundred",
}  # fmt: skip
_MONEY_NOUNS: Final = words("bill note piece coin gold fine bond prize check cheque reward ticket")
_LARGE_MONEY_NOUNS: Final = words(
    """
    deal hole gap budget fund bailout loan package settlement lawsuit company industry market business
    contract debt deficit surplus investment takeover merger project plan programme program bid offer
    mansion estate empire fortune fine bond prize grant gift donation scheme question movie film
    """
)


def _describes(match: re.Match[str]) -> bool:
    """Whether an amount stands between its article and its noun: a $20 bill, a 90° turn."""
    follows = after(match)
    return before(match).lower() in ("a", "an") and follows.islower() and follows not in _NO_NOUNS


_NO_NOUNS: Final = words(
    """
    and or of to in on at by for from with was is are were has had as than but that which who if a an the
    above below away long wide high tall deep thick north south east west per each more less later ago apart
    """
)


def _say_money(match: re.Match[str], _: Situation) -> Saying:
    one, many, cent, cents = _MONEY[match["sign"]]
    country = _COUNTRIES[match["country"]] if match["country"] else ""
    amount, magnitude = match["amount"], match["magnitude"]
    minus = "minus " if match["minus"] else ""
    upto = f" to {number(match['upto'])}" if match["upto"] else ""
    as_adjective = (
        match.string[match.end() : match.end() + 1] == "-"
        or _describes(match)
        or (after(match) in _MONEY_NOUNS and before(match).lower() in ("the", "one", "this", "his", "her"))
        or (bool(magnitude) and after(match) in _LARGE_MONEY_NOUNS)
    )
    if magnitude or upto:
        words = f"{number(amount)}{upto}" + (f" {_MAGNITUDES[magnitude]}" if magnitude else "")
        return f"{minus}{words} {country}{one if as_adjective else many}"
    if match["vulgar"]:
        return f"{minus}{_mixed(amount, *_vulgar(match['vulgar']))} {country}{many}"
    whole, _point, small = amount.replace(",", "").partition(".")
    if len(small) not in (0, 2):
        return f"{minus}{number(amount)} {country}{many}"
    said = []
    if whole.strip("0") or not int(small or 0):
        said.append(f"{number(whole)} {country}{one if whole == '1' or as_adjective else many}")
    if int(small or 0):
        said.append(f"{cardinal(int(small))} {cent if int(small) == 1 else cents}")
    return minus + " and ".join(said)


_PENCE: Final = {
    1: "one penny", 2: "twopence", 3: "threepence", 4: "fourpence", 5: "fivepence", 6: "sixpence",
    7: "sevenpence",
    8: "eightpence", 9: "ninepence", 10: "tenpence", 11: "elevenpence",
}  # fmt: skip


def _pence(amount: str, vulgar: str | None) -> str:
    if vulgar:
        return f"{_mixed(amount, *_vulgar(vulgar))} pence"
    return _PENCE.get(int(amount), f"{cardinal(int(amount))} pence")


def _say_old_money(match: re.Match[str], _: Situation) -> Saying:
    """£1 2s. 6d. and its parts."""
    said = []
    if match["pounds"]:
        said.append(f"{number(match['pounds'])} {'pound' if match['pounds'] == '1' else 'pounds'}")
    if match["shillings"] and int(match["shillings"]):
        said.append(
            f"{cardinal(int(match['shillings']))} {'shilling' if match['shillings'] == '1' else 'shillings'}"
        )
    last = _pence(match["pence"], match["vulgar"]) if match["pence"] and match["pence"] != "0" else ""
    if not said and not last:
        return None
    return " ".join(said) + (" and " if said and last else "") + last + full_stop(match)


def _say_pence(match: re.Match[str], _: Situation) -> Saying:
    return _pence(match["pence"], match["vulgar"]) + full_stop(match)


def _say_cents(match: re.Match[str], _: Situation) -> Saying:
    return f"{number(match['amount'])} {'cent' if match['amount'] == '1' else 'cents'}"


# ---- measures ------------------------------------------------------------------------------------------


def _named(prefixes: str, short: str, long: str) -> dict[str, tuple[str, str]]:
    return {
        written + short: (said + long, said + long + "s")
        for written, said in (pair.split(":") for pair in prefixes.split())
    }


_UNITS: Final[dict[str, tuple[str, str]]] = {
    **_named("k:kilo c:centi m:milli µ:micro μ:micro n:nano", "m", "meter"),
    **_named("k:kilo m:milli µ:micro μ:micro", "g", "gram"),
    **_named("m:milli c:centi d:deci", "l", "liter"),
    **_named("m:milli c:centi", "L", "liter"),
    **_named("m:milli µ:micro μ:micro n:nano", "s", "second"),
    **_named("k:kilo M:mega G:giga T:tera", "W", "watt"),
    **_named("k:kilo K:kilo M:mega G:giga T:tera P:peta", "B", "byte"),
    **_named("k:kilo M:mega G:giga", "J", "joule"),
    **_named("m:milli k:kilo", "V", "volt"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "m": ("meter", "meters"), "g": ("gram", "grams"), "gm": ("gram", "grams"), "gms": ("gram", "grams"),
    "l": ("liter", "liters"), "L": ("liter", "liters"), "s": ("second", "seconds"), "h": ("hour", "hours"),
    "W": ("watt", "watts"), "V": ("volt", "volts"), "mA": ("milliamp", "milliamps"), "J": ("joule", "joules"),
    "Kg": ("kilogram", "kilograms"), "KG": ("kilogram", "kilograms"), "KM": ("kilometer", "kilometers"),
    "Km": ("kilometer", "kilometers"), "kgs": ("kilogram", "kilograms"), "kms": ("kilometer", "kilometers"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"), "mph": ("mile per hour", "miles per hour"),
    "m.p.h.": ("mile per hour", "miles per hour"), "mpg": ("mile per gallon", "miles per gallon"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "fps": ("frame per second", "frames per second"),
    "bpm": ("beat per minute", "beats per minute"), "wpm": ("word per minute", "words per minute"),
    "ppm": ("part per million", "parts per million"), "dpi": ("dot per inch", "dots per inch"),
    "ft": ("foot", "feet"), "yd": ("yard", "yards"), "yds": ("yard", "yards"), "mi": ("mile", "miles"),
    "ins.": ("inch", "inches"), "in.": ("inch", "inches"), "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "℔": ("pound", "pounds"), "oz": ("ounce", "ounces"), "ozs": ("ounce", "ounces"),
    "cwt": ("hundredweight", "hundredweight"), "gal": ("gallon", "gallons"), "gals": ("gallon", "gallons"),
    "pt.": ("pint", "pints"), "pts.": ("pint", "pints"), "qt": ("quart", "quarts"),
    "qts": ("quart", "quarts"),
    "doz": ("dozen", "dozen"), "min": ("minute", "minutes"), "mins": ("minute", "minutes"),
    "sec": ("second", "seconds"), "secs": ("second", "seconds"), "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "yrs": ("year", "years"), "yr": ("year", "years"), "wks": ("week", "weeks"), "wk": ("week", "weeks"),
    "mos.": ("month", "months"), "hp": ("horsepower", "horsepower"), "h.p.": ("horsepower", "horsepower"),
    "dB": ("decibel", "decibels"), "px": ("pixel", "pixels"),
    "psi": ("pound per square inch", "pounds per square inch"),
    "kPa": ("kilopascal", "kilopascals"), "hPa": ("hectopascal", "hectopascals"), "Pa": ("pascal", "pascals"),
    "cal": ("calorie", "calories"), "kcal": ("kilocalorie", "kilocalories"), "ha": ("hectare", "hectares"),
    "cc": ("cubic centimeter", "cubic centimeters"), "c.c.": ("cubic centimeter", "cubic centimeters"),
    "Ω": ("ohm", "ohms"), "kΩ": ("kilohm", "kilohms"), "℃": ("degree Celsius", "degrees Celsius"),
    "℉": ("degree Fahrenheit", "degrees Fahrenheit"), "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "per cent.": ("percent", "percent"), "p.c.": ("percent", "percent"), "pct": ("percent", "percent"),
    "bbl": ("barrel", "barrels"), "nmi": ("nautical mile", "nautical miles"),
    "mL": ("milliliter", "milliliters"), "tsp": ("teaspoon", "teaspoons"), "tsps": ("teaspoon", "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"), "tbsps": ("tablespoon", "tablespoons"), "K": ("kelvin", "kelvin"),
    "mcg": ("microgram", "micrograms"), "mol": ("mole", "moles"), "eV": ("electron volt", "electron volts"),
    "keV": ("kiloelectron volt", "kiloelectron volts"), "MeV": ("megaelectron volt", "megaelectron volts"),
    "GeV": ("gigaelectron volt", "gigaelectron volts"), "mbar": ("millibar", "millibars"),
    "kn": ("knot", "knots"), "Mb": ("megabit", "megabits"), "Gb": ("gigabit", "gigabits"),
    "kbps": ("kilobit per second", "kilobits per second"), "g/mol": ("gram per mole", "grams per mole"),
    "kg/m": ("kilogram per meter", "kilograms per meter"),
    "mg/l": ("milligram per liter", "milligrams per liter"),
    "mg/dL": ("milligram per deciliter", "milligrams per deciliter"),
    "mg/L": ("milligram per liter", "milligrams per liter"),
    "g/L": ("gram per liter", "grams per liter"), "mi/h": ("mile per hour", "miles per hour"),
    "ft/s": ("foot per second", "feet per second"), "km/s": ("kilometer per second", "kilometers per second"),
    "ft-lb": ("foot-pound", "foot-pounds"), "sq.ft.": ("square foot", "square feet"),
}  # fmt: skip
# "sq. m." with its full stops is how old English books write square miles; "m²" is metric
_AREAS: Final = {
    "m": "mile", "mi": "mile", "mile": "mile", "miles": "mile", "ft": "foot", "foot": "foot",
    "feet": "foot", "in": "inch", "inch": "inch", "inches": "inch", "yd": "yard", "yds": "yard",
    "yards": "yard", "km": "kilometer", "cm": "centimeter", "mm": "millimeter",
}  # fmt: skip
_PLURALS: Final = {"foot": "feet", "inch": "inches"}
_UNIT: Final = "|".join(
    re.escape(unit).replace(r"\ ", r"\s") for unit in sorted(_UNITS, key=len, reverse=True)
)
_AREA: Final = "|".join(sorted(_AREAS, key=len, reverse=True))
_DISTANCE: Final = re.compile(
    r"\s(?:long|from|distant|away|to|off|[NSEW]\b|north|south|east|west|up|below|of)\b"
)
_SINGLE_LETTERS: Final = frozenset("mglshLWVJK")


def _quantity(match: re.Match[str]) -> tuple[str, bool]:
    """The words of a number, a mixed number or a range, and whether it counts exactly one."""
    first = number(match["first"])
    if match["vulgar"]:
        first = _mixed(match["first"], *_vulgar(match["vulgar"]))
    elif match["top"]:
        first = _mixed(match["first"], int(match["top"]), int(match["bottom"]))
    minus = "minus " if match["minus"] else ""
    if match["upto"]:
        return f"{minus}{first} to {number(match['upto'])}", False
    return minus + first, first == "one"


def _say_measure(match: re.Match[str], _: Situation) -> Saying:
    unit = match["unit"]
    gap = match["gap"]
    if unit in _SINGLE_LETTERS and (
        gap == "-" or match.string[match.end() : match.end() + 1] in ("'", "-", "&")
    ):
        return None
    if unit == "K" and (gap != " " or len(match["first"].partition(".")[0]) < 3):  # 4K, a 10 K race
        return None
    if unit == "m" and not gap and after(match) in _COUNTED:  # 10m people
        return f"{_quantity(match)[0]} million"
    if unit == "s" and not gap and not match["vulgar"]:  # the 1920s
        return None
    words, is_one = _quantity(match)
    singular, plurals = _UNITS.get(unit) or _UNITS[unit.rstrip(".")]
    if unit == "m" and match["dot"] and _DISTANCE.match(match.string, match.end()):
        singular, plurals = "mile", "miles"
    if match["power"]:
        second = match["power"] in ("²", "2", "^2")
        if "/" in unit:  # m/s²
            singular, plurals = (f"{one} {'squared' if second else 'cubed'}" for one in (singular, plurals))
        else:
            singular, plurals = (f"{'square' if second else 'cubic'} {one}" for one in (singular, plurals))
    follows = after(match)
    described = _describes(match) or (unit == "mm" and not gap and follows in _FILMS)
    hyphenated = (
        described or gap == "-" or (match.string[match.end() : match.end() + 1] == "-" and unit not in "%‰")
    )
    ends = full_stop(match) if (match["dot"] or unit.endswith(".")) else ""
    return f"{words} {singular if is_one or hyphenated else plurals}{ends}"


_FILMS: Final = words("film films lens lenses camera cameras gun guns projector shell shells print prints")


def _say_area(match: re.Match[str], _: Situation) -> Saying:
    words, is_one = _quantity(match)
    unit = _AREAS[match["unit"]]
    if match["unit"] == "m" and not match["dot"]:
        unit = "meter"
    said = unit if is_one else _PLURALS.get(unit, unit + "s")
    kind = "square" if match["kind"].lower().startswith("sq") else "cubic"
    return f"{words} {kind} {said}{full_stop(match)}"


def _say_degrees(match: re.Match[str], _: Situation) -> Saying:
    degrees, minutes, seconds, scale = match["degrees"], match["minutes"], match["seconds"], match["scale"]
    minus = "minus " if match["minus"] else ""
    upto = f" to {number(match['upto'])}" if match["upto"] else ""
    is_one = (degrees == "1" and not upto) or _describes(match)
    said = f"{minus}{number(degrees)}{upto} {'degree' if is_one else 'degrees'}"
    if minutes:
        said += f" {number(minutes)} {'minute' if minutes == '1' else 'minutes'}"
    if seconds:
        said += f" {number(seconds)} {'second' if seconds == '1' else 'seconds'}"
    if scale:
        said += " " + _SCALES[scale]
    return said + (full_stop(match) if scale else "")


_SCALES: Final = {
    "C": "Celsius", "F": "Fahrenheit", "R": "Réaumur", "K": "Kelvin", "N": "north", "S": "south", "E": "east",
    "W": "west", "NE": "northeast", "NW": "northwest", "SE": "southeast", "SW": "southwest",
}  # fmt: skip


def _say_height(match: re.Match[str], _: Situation) -> Saying:
    """5'10" tall is "five foot ten", and without inches so many feet."""
    feet, inches = match["feet"], match["inches"]
    if not inches:
        return f"{number(feet)} {'foot' if feet == '1' else 'feet'}"
    said = number(inches)
    if match["vulgar"]:
        said = _mixed(inches, *_vulgar(match["vulgar"]))
    return f"{number(feet)} foot {said}"


def _say_inches(match: re.Match[str], _: Situation) -> Saying:
    return f"{number(match['inches'])} {'inch' if match['inches'] == '1' else 'inches'}"


# ---- plain numbers -------------------------------------------------------------------------------------

_SURE_YEAR_LEADS: Final = words("in since until till during circa year years anno c. ca. b. d. born died")
_YEAR_LEADS: Final = words(
    """
    before after by of early late mid from to between and january february march april may june july
    august september october november december spring summer autumn fall winter
    """
)
_MEASURED: Final = words(
    """
    feet foot miles mile meters metres yards inches dollars pounds francs marks rubles roubles ducats
    cents pence shillings guineas tons tonnes pages lines words copies votes acres years days hours
    minutes seconds weeks months times degrees gallons barrels bushels bales inhabitants calories
    kilometers kilometres kilograms kilos grams liters litres watts volts bytes square cubic million
    billion thousand hundred percent
    """
)
_COUNTED: Final = words(
    """
    men women people persons souls soldiers troops horses ships volumes books members students workers
    children families houses users viewers readers listeners voters jobs homes customers subscribers tourists
    visitors migrants refugees euros shares hectares barrels downloads
    guns rounds points dead prisoners slaves sheep cattle head more other
    different such
    """
)
_NOT_PLURALS: Final = words(
    """
    was is has as this its his us thus does always perhaps less across besides towards
    """
)


def is_year(text: str, lead: str, counted: str) -> bool:
    """Is a bare number a year, given the word before it and the word right after it?"""
    if len(text) != 4 or not 1000 <= int(text) <= 2099:
        return False
    lead, counted_low = lead.lower().strip("(“"), counted.lower()
    if counted_low in _MEASURED:
        return False
    if lead in _SURE_YEAR_LEADS:  # "In 1805 men were few"
        return True
    if counted_low in _COUNTED:
        return False
    if lead in _YEAR_LEADS:
        return True
    if int(text) < 1100:
        return False
    counts = counted.islower() and counted.endswith("s") and counted not in _NOT_PLURALS
    return not counts or (lead == "the" and not text.endswith("0"))  # the 1848 revolutions


def _say_number(match: re.Match[str], _: Situation) -> Saying:
    text = match["number"]
    minus = "minus " if match["minus"] else ""
    if "," in text or "." in text:
        return minus + number(text)
    if not minus and is_year(text, before(match), after(match)):
        return year(int(text))
    return minus + number(text)


def _say_version(match: re.Match[str], _: Situation) -> Saying:
    return " point ".join(number(part) for part in match[0].split("."))


def _say_point(match: re.Match[str], _: Situation) -> Saying:
    minus = "minus " if match["minus"] else ""
    return f"{minus}point {digits(match['decimals'])}"


def _say_range(match: re.Match[str], _: Situation) -> Saying:
    """1939–45, 12–15, 3-2: "to" between two numbers."""
    first, second = match["first"], match["second"]
    lead, counted = before(match), after(match)
    if lead.lower().strip("(“") in _NUMBERED and "-" in match[0]:  # Figure 3-5
        return f"{number(first)} {number(second)}"
    if second[0] == "0" and len(second) < len(first) and not is_year(first, lead or "in", counted):  # 105–09
        second = first[: -len(second)] + second
    years = is_year(first, lead or "in", counted) and (len(second) < 4 or is_year(second, "in", counted))
    if years and len(second) < 3:
        short = cardinal(int(second)) if len(second) == 1 or second[0] != "0" else two_digits(int(second))
        return f"{year(int(first))} to {short}"
    say = (lambda text: year(int(text))) if years else number
    return f"{say(first)} to {say(second)}"


_NUMBERED: Final = words(
    "figure figures table tables example examples chapter section exhibit appendix fig. no. listing problem"
)


def _say_ordinal(match: re.Match[str], _: Situation) -> Saying:
    text = match["number"].replace(",", "")
    if match["ending"] == "d" and before(match).lower() not in (
        "the",
        "his",
        "her",
        "on",
        "of",
        "and",
        "my",
        "our",
    ):
        return None
    return ordinal(int(text)) + (match["ly"] or "") if len(text) <= LONGEST_DIGITS else None


def _say_plural(match: re.Match[str], _: Situation) -> Saying:
    """747s, 20s: decades of four digits are dates."""
    return plural(number(match["number"]))


def _say_phone(match: re.Match[str], _: Situation) -> Saying:
    groups = re.findall(r"\d+", match[0])
    return ("plus " if match[0].startswith("+") else "") + ", ".join(digits(group) for group in groups)


def _say_times(match: re.Match[str], _: Situation) -> Saying:
    sized = match.string[match.start() - 1] in "0123456789" + _VULGAR and match["sign"] != "*"
    computed = "=" in match.string or _POWER_OF_TEN.match(match.string, match.end())
    return " by " if sized and not computed else " times "


def _say_code(match: re.Match[str], _: Situation) -> Saying:
    """F-16, MP3, H2O: letters by name, then the number."""
    letters, figures, more = match["letters"], match["figures"], match["more"] or ""
    said = letters if letters in _WORD_CODES or (len(letters) == 1 and letters != "A") else spelled(letters)
    figures_said = (
        digits(figures)
        if figures[0] == "0" or (len(figures) > 3 and not figures.endswith("00"))
        else number(figures)
    )
    if letters in ("WW", "FY", "CY"):
        said = "World War" if letters == "WW" else said
        figures_said = year(int(figures)) if len(figures) == 4 else figures_said
    return f"{said} {figures_said}" + (f" {more}" if more else "")


def _say_model(match: re.Match[str], _: Situation) -> Saying:
    """Boeing 747, Room 101, Flight 1549: in pairs, as people say them."""
    figures = match["figures"]
    head, tail = int(figures[:-2]), int(figures[-2:])
    if not tail and (len(figures) == 3 or head % 10 == 0):
        return f"{match['lead']} {number(figures)}"
    if not tail:
        return f"{match['lead']} {cardinal(head)} hundred"
    return f"{match['lead']} {cardinal(head)} {two_digits(tail)}"


def _say_big(match: re.Match[str], _: Situation) -> Saying:
    """1.2bn people, 5k users, 1,5 million."""
    amount = match["amount"].replace(",", ".") if match["comma"] else match["amount"]
    return f"{number(amount)} {_MAGNITUDES[match['magnitude']]}"


def _say_small_coins(match: re.Match[str], _: Situation) -> Saying:
    """50p, as shops in Britain write it."""
    return f"{number(match['pence'])} {'penny' if match['pence'] == '1' else 'pence'}"


_CODES: Final = {
    "USD": ("U.S. dollar", "U.S. dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"), "CHF": ("Swiss franc", "Swiss francs"),
    "CAD": ("Canadian dollar", "Canadian dollars"), "AUD": ("Australian dollar", "Australian dollars"),
    "NZD": ("New Zealand dollar", "New Zealand dollars"), "INR": ("Indian rupee", "Indian rupees"),
    "CNY": ("Chinese yuan", "Chinese yuan"), "RMB": ("yuan", "yuan"),
    "SEK": ("Swedish krona", "Swedish kronor"),
    "NOK": ("Norwegian krone", "Norwegian kroner"), "DKK": ("Danish krone", "Danish kroner"),
}  # fmt: skip


def _say_coded_money(match: re.Match[str], _: Situation) -> Saying:
    """EUR 50, 100 USD."""
    amount = match["amount"] or match["first"]
    one, many = _CODES[match["code"] or match["lead"]]
    magnitude = match["magnitude"]
    words_said = number(amount) + (f" {_MAGNITUDES[magnitude]}" if magnitude else "")
    return f"{words_said} {one if words_said == 'one' else many}"


def _say_short_phone(match: re.Match[str], _: Situation) -> Saying:
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _say_stone(match: re.Match[str], _: Situation) -> Saying:
    """10st 4lb, as people in Britain are weighed."""
    return f"{number(match['stone'])} stone"


def _say_round_the_clock(match: re.Match[str], _: Situation) -> Saying:
    return "twenty-four seven"


def _say_lone_unit(match: re.Match[str], _: Situation) -> Saying:
    """A unit without its number: speed in km/h."""
    return _UNITS[match["unit"]][1]


def _say_lone_area(match: re.Match[str], _: Situation) -> Saying:
    """An area or a volume without its number: in km², per sq. ft."""
    unit = _AREAS[match["unit"]]
    said = unit if before(match).lower() in ("per", "a", "each") else _PLURALS.get(unit, unit + "s")
    kind = "square" if match["kind"].lower() in ("sq", "²") else "cubic"
    return f"{kind} {said}{full_stop(match)}"


def _say_part_of_unit(match: re.Match[str], _: Situation) -> Saying:
    """½ oz., 3/4 tsp.: half an ounce, three quarters of a teaspoon."""
    top, bottom = _vulgar(match["vulgar"]) if match["vulgar"] else (int(match["top"]), int(match["bottom"]))
    if not 0 < top < bottom:
        return None
    unit = _UNITS[match["unit"]][0]
    one = f"{'an' if unit[0] in 'aeiou' or unit == 'hour' else 'a'} {unit}"
    ends = full_stop(match)
    if (top, bottom) == (1, 2):
        return f"half {one}{ends}"
    part = _mixed("", top, bottom) if top == 1 else _fraction(top, bottom)
    return f"{part} of {one}{ends}"


def _say_per(match: re.Match[str], _: Situation) -> Saying:
    sign = match["sign"]
    return f"{_MONEY[sign][1]} per " if sign else " per "


# ---- chemistry -----------------------------------------------------------------------------------------

_ELEMENT: Final = (
    "Na|Cl|Ca|Fe|Mg|Al|Si|Cu|Zn|Ag|Au|Pb|Hg|Br|Li|Mn|He|Ne|Ar|Ti|Cr|Ni|Ba|Sn|H|C|N|O|F|P|S|K|I|B|U"
)
_FORMULA: Final = re.compile(rf"(?P<element>{_ELEMENT})|(?P<count>\d+)|(?P<lowered>[₀-₉]+)|[()]")


def _say_formula(match: re.Match[str], _: Situation) -> Saying:
    """H₂SO₄, C6H12O6: letters and counts."""
    said = []
    for piece in _FORMULA.finditer(match[0]):
        count = piece["count"] or (piece["lowered"] or "").translate(_LOWERED)
        if count:
            said.append(number(count))
        elif piece["element"]:
            said.append(piece["element"] if len(piece["element"]) == 1 else spelled(piece["element"]))
    return " ".join(said)


_LOWERED: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


_POWER_OF_TEN: Final = re.compile(r"10[⁻⁰¹²³⁴-⁹^]")
_WORD_CODES: Final = words("COVID SARS NASA NATO UNIX ISO IMAX")

_MAGNITUDE: Final = r"(?:\s?(?P<magnitude>million|billion|trillion|thousand|bn|mn|tn|k|m)(?!\w|\.\w))?"

RULES: Final = (
    Rule(r"(?<![\w.,/-])24-7(?![\w/-]|[.,]\d)", _say_round_the_clock),
    Rule(
        rf"(?<![\w])(?=[A-Za-z()\d]*[₀-₉])(?:(?:{_ELEMENT})[₀-₉]{{0,3}}|\((?=(?:{_ELEMENT}))|(?<=[₀-₉a-zA-Z])\)[₀-₉]+)+(?!\w)",
        _say_formula,
    ),
    Rule(
        rf"(?<![\w.-])(?=[A-Z][A-Za-z]*\d+[A-Z])(?:(?:{_ELEMENT})\d{{0,3}}){{3,}}(?![\w-])",
        _say_formula,
    ),
    Rule(
        r"\b(?P<lead>Boeing|Airbus|[Ff]light|[Rr]oom|Highway|Interstate|Route|Suite|Form)\s(?P<figures>\d{3,4})(?![\w-]|[.,]\d)",
        _say_model,
        quiet=True,
    ),
    Rule(
        rf"\b(?P<lead>{'|'.join(_CODES)})\s?(?P<amount>{NUMBER}){_MAGNITUDE}(?P<code>(?!))?(?P<first>(?!))?(?!\w)",
        _say_coded_money,
    ),
    Rule(
        rf"(?<![\w.])(?P<amount>(?!))?(?P<first>{NUMBER}){_MAGNITUDE}(?P<lead>(?!))?\s(?P<code>{'|'.join(_CODES)})(?!\w)",
        _say_coded_money,
    ),
    Rule(
        rf"(?<![\w.])(?P<amount>{NUMBER})(?P<comma>(?!))?(?:\s?(?P<magnitude>bn|tn|mn)(?![\w]))",
        _say_big,
    ),
    Rule(
        rf"(?<![\w.])(?P<amount>{NUMBER})(?P<comma>(?!))?(?P<magnitude>k|K)(?=\s(?:{'|'.join(sorted(_COUNTED))})\b)",
        _say_big,
    ),
    Rule(
        r"(?<![\w.,])(?P<amount>\d{1,3}(?P<comma>,)\d{1,2})\s(?P<magnitude>million|billion|trillion)(?!\w)",
        _say_big,
    ),
    Rule(r"(?<![\w.,])(?P<stone>\d{1,2})\s?st\.?(?=\s?\d{1,2}\s?lbs?\b)", _say_stone),
    Rule(r"(?<![\w.,£$])(?P<pence>[1-9]\d?)p(?![\w.])", _say_small_coins),
    Rule(r"(?<![\w.,/-])0\d{2,4}(?:[\s-]\d{3,8}){1,3}(?![\w-]|[.,/]\d)", _say_short_phone),
    Rule(
        rf"(?P<sign>[{''.join(_MONEY)}])?(?<![A-Z])/(?=(?:hour|day|week|month|year|person|night|mile|hr|head|gallon|litre|liter|kg|lb)\b)",
        _say_per,
    ),
    Rule(
        r"(?<![\w/])(?P<unit>km/h|kmh|kph|mph|m/s|km/s|kWh|kHz|MHz|GHz|Mbps|Gbps|mg/dL|rpm|bpm)(?![\w/²³^])",
        _say_lone_unit,
        quiet=True,
    ),
    Rule(r"(?<![\w.,-])1-\d{3}-\d{3}-\d{4}(?![\w-])", _say_phone),
    Rule(r"(?<![\w.,])(?:\+\d{1,3}[\s.-])?\(?\d{3}\)?[\s.-]\d{3}[.-]\d{4}(?![\w-])", _say_phone),
    Rule(r"(?<![\w.,-])\+\d{1,3}(?:[\s-]\d{2,5}){2,5}(?!\w)", _say_phone),
    Rule(r"(?<![\w.,-])\d{3}-\d{4}(?![\w-])", _say_phone),
    Rule(r"(?<![\w.-])97[89]-\d{1,5}-\d{1,7}-\d{1,7}-[\dX](?!\w)", _say_phone),
    Rule(
        rf"£\s?(?P<pounds>{NUMBER}),?\s(?P<shillings>\d{{1,2}})\s?s\b\.?"
        rf"(?:,?\s?(?P<pence>\d{{1,2}})(?P<vulgar>[{_VULGAR}])?\s?d\b\.?)?",
        _say_old_money,
    ),
    Rule(
        r"(?<![\w.])(?P<pounds>(?!))?(?P<shillings>\d{1,2})\s?s\."
        rf"(?:,?\s?(?P<pence>\d{{1,2}})(?P<vulgar>[{_VULGAR}])?\s?d\.)?(?!\w)",
        _say_old_money,
    ),
    Rule(
        rf"£\s?(?P<pounds>{NUMBER})\s(?P<shillings>(?!))?(?P<pence>\d{{1,2}})(?P<vulgar>[{_VULGAR}])?\s?d\.",
        _say_old_money,
    ),
    Rule(
        rf"(?<![\w.,])(?P<minus>[-−])?(?P<country>U\.S\.|US|AU|NZ|HK|CA|A|C|S|R|E)?(?P<sign>[{''.join(_MONEY)}])\s?"
        rf"(?P<amount>{NUMBER}|\.\d\d(?!\d))(?P<vulgar>[{_VULGAR}])?"
        rf"(?:(?:{_RANGE})[{''.join(_MONEY)}]?(?P<upto>{NUMBER}))?"
        r"(?:[\s-]?(?P<magnitude>million|billion|trillion|thousand|hundred|bn|mn|tn|k|K|m|M|B|b)(?!\w|\.\w))?"
        r"(?!,?\s?\d{1,2}\s?[sd]\b|\d)",
        _say_money,
    ),
    Rule(rf"(?<![\w.])(?P<pence>\d{{1,2}})(?P<vulgar>[{_VULGAR}])?d\.(?!\w)", _say_pence),
    Rule(rf"(?<![\w.])(?P<amount>{NUMBER})\s?¢", _say_cents),
    Rule(
        rf"(?<![\w.])(?P<minus>[-−](?=\d))?(?P<degrees>{NUMBER})(?:(?:{_RANGE})(?P<upto>{NUMBER}))?\s?°"
        r"(?:\s?(?P<minutes>\d{1,2})\s?['′](?:\s?(?P<seconds>\d{1,2}(?:\.\d+)?)\s?(?:″|\"|''))?)?"
        r"(?:\s?(?P<scale>NE|NW|SE|SW|[CFRKNSEW])(?!\w)\.?)?",
        _say_degrees,
    ),
    Rule(
        rf"(?<![\w.])(?P<feet>\d{{1,3}})(?:'|′)\s?(?P<inches>\d{{1,2}}(?:\.\d)?)(?P<vulgar>[{_VULGAR}])?(?:\"|″|''|”)",
        _say_height,
    ),
    Rule(r"(?<![\w.])(?P<feet>[3-8])'(?P<inches>1[01]|\d)(?P<vulgar>(?!))?(?![\w'])", _say_height),
    Rule(r"(?<![\w.])(?P<feet>\d{1,5})(?P<inches>(?!))?′(?!\w)", _say_height),
    Rule(r"(?<![\w.])(?P<inches>\d{1,4}(?:\.\d+)?)″", _say_inches),
    Rule(r"(?<![\w/])(?P<unit>km|cm|mm)(?P<kind>[²³])(?!\w)", _say_lone_area),
    Rule(r"\b(?P<kind>[Ss]q|[Cc]u)\.\s?(?P<unit>ft|in|yds?|mi|km|cm|mm)(?!\w)\.?", _say_lone_area),
    Rule(
        rf"(?<![\w./])(?<!\d\s)(?:(?P<vulgar>[{_VULGAR}])|(?P<top>\d{{1,2}})/(?P<bottom>\d{{1,2}}))"
        r"\s?(?P<unit>oz|tsp|tbsp|lb|qt|gal|hr|yd|kg|km|cm|mm)(?![\w'²³/])\.?",
        _say_part_of_unit,
    ),
    Rule(
        rf"(?<![\w.])(?P<minus>[-−])?(?P<first>{NUMBER})(?P<vulgar>[{_VULGAR}])?(?:\s(?P<top>\d)/(?P<bottom>\d{{1,2}}))?"
        rf"(?:(?:{_RANGE})(?P<upto>{NUMBER}))?"
        rf"\s?(?P<kind>[Ss]q|[Cc]u)\.?\s?(?P<unit>{_AREA})(?![A-Za-z])(?P<dot>\.)?",
        _say_area,
    ),
    Rule(
        rf"(?<![\w.])(?P<minus>[-−])?(?P<first>{NUMBER})"
        rf"(?:\s?(?P<vulgar>[{_VULGAR}]))?(?:\s(?P<top>\d)/(?P<bottom>\d{{1,2}}))?"
        rf"(?:(?:{_RANGE})(?P<upto>{NUMBER}))?"
        rf"(?P<gap>[\s-]?)(?P<unit>{_UNIT})(?P<power>[²³]|\^?[23](?=\W|$))?(?![\w'])(?P<dot>\.(?!\w))?",
        _say_measure,
    ),
    Rule(
        r"(?<![\w/.])(?:(?P<whole>\d{1,4})[\s-])?(?P<top>\d{1,4})/(?P<bottom>\d{1,4})(?![\w/])",
        _say_fraction,
    ),
    Rule(rf"(?<![\w.])(?:(?P<whole>\d[\d,]{{0,20}})\s?)?(?P<vulgar>[{_VULGAR}])", _say_vulgar),
    Rule(r"(?<=[\dA-Za-z²³])\s?(?P<sign>[×xX*])\s?(?=\d)(?<![A-Za-z][xX])", _say_times, quiet=True),
    Rule(r"(?<=[\w)²³])\s?(?P<sign>×)\s?(?=[\w(])", _say_times),
    Rule(r"(?<![\w.,])\d+(?:\.\d+){2,}(?![\w])", _say_version),
    Rule(rf"(?<![\w.,/:-])(?P<first>{NUMBER})(?:{_RANGE})(?P<second>{NUMBER})(?![\w]|[-–]\d)", _say_range),
    Rule(
        r"(?<!\w)(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?P<ending>st|nd|rd|th|d)(?P<ly>ly)?(?!\w)", _say_ordinal
    ),
    Rule(r"(?<![\w.])(?P<number>\d+)'?s(?!\w)", _say_plural),
    Rule(
        r"(?<![\w.])(?P<letters>[A-Z]{1,5})(?P<joint>-?)(?P<figures>\d{1,6})(?P<more>[A-Z]{1,2})?(?![\w]|[,.-]?\d)",
        _say_code,
    ),
    Rule(r"(?<![\w.])(?P<minus>(?<!\d\s)[-−])?\.(?P<decimals>\d+)(?!\w)", _say_point),
    Rule(rf"(?<![\w.,–])(?P<minus>(?:(?<![\d)]\s)-|−)(?=\d))?(?P<number>{NUMBER})", _say_number),
    Rule(rf"(?P<minus>(?!))?(?P<number>{NUMBER})", _say_number),
)
