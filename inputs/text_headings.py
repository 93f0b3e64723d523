"""Groups of lines of a plain text to its headings: which they are, and how high they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inputs import matter
from inputs.text_groups import Group

HEADING_COLUMNS: Final = 80
# Less text than this between headings that come again further down: they are lines of a table of contents.
CONTENTS_CHARACTERS: Final = 200

_NUMBER_WORDS: Final = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred first "
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth twentieth thirtieth last eins zwei drei vier fünf sechs sieben acht neun zehn "
    "elf zwölf premier première deux trois quatre cinq sept huit neuf dix primero primera segundo "
    "segunda tercero tercera uno dos tres cuatro cinco seis siete ocho nueve diez primo prima secondo "
    "seconda terzo terza quarto quinto"
)
_WORD: Final = "|".join(sorted(set(_NUMBER_WORDS.split()), key=lambda word: (-len(word), word)))
_NUMBER: Final = rf"(?:\d{{1,3}}|[IVXLC]{{1,9}}|[ivxlc]{{1,9}}|(?:the\s+)?(?:{_WORD})(?:[- ](?:{_WORD}))?)"
_HIGH: Final = (
    "part|book|volume|vol\\.|act|teil|buch|band|partie|livre|tome|acte|parte|libro|tomo|часть|книга"
)
_MIDDLE: Final = (
    "chapter|chap\\.?|letter|canto|stave|adventure|story|lecture|lesson|night|kapitel|brief|gesang|chapitre|lettre|chant"
    "|capítulo|capitulo|carta|capitolo|lettera|hoofdstuk|kapitola|rozdział|глава|luku"
)
_LOW: Final = "scene|section|abschnitt|szene|scène|sección|scena|раздел"
_NAMED: Final = re.compile(
    rf"(?P<label>{_HIGH}|{_MIDDLE}|{_LOW})\s+(?P<number>{_NUMBER})(?P<rest>(?:[\s.:)\]—–-].*)?)", re.I
)
_ORDINAL: Final = re.compile(
    rf"(?:the\s+)?(?:{_WORD}|\d{{1,3}}\.|erste[rs]?|zweite[rs]?|dritte[rs]?|vierte[rs]?|fünfte[rs]?|sechste[rs]?"
    rf"|sieb(?:en)?te[rs]?|achte[rs]?|neunte[rs]?|zehnte[rs]?)\s+(?P<label>{_HIGH}|{_MIDDLE}|{_LOW})[.:]?",
    re.I,
)
_CHINESE: Final = re.compile(r"第\s*[\d一二三四五六七八九十百〇零]+\s*[章回節节部巻卷篇話话](?:\s.*)?")
_ALONE: Final = re.compile(
    r"(?:prologue|epilogue|prolog|epilog|prólogo|epílogo|épilogue|interlude|coda)[.:]?", re.I
)
_ROMAN: Final = re.compile(r"(?=[IVXLC])(?:XC|XL|L?X{0,3}|C{1,3})(?:IX|IV|V?I{0,3})")
_NUMERAL: Final = re.compile(r"(?P<number>[IVXLC]{1,8}|\d{1,3})[.):]?(?P<rest>\s+\S.*)?")
_ROMAN_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@dataclass(frozen=True, slots=True)
class Heading:
    """A group that is a heading."""

    level: int  # 2 is highest: 1 is the document's title
    title: str
    lines: int  # how many of the group's lines it takes; what follows is text
    label: str  # the same for the same heading in the table of contents


def headings_of(groups: Sequence[Group]) -> dict[int, Heading]:
    """The headings among the groups, by their index.

    What names itself counts always ("Chapter 3", "PROLOGUE", an underlined line); numerals alone, lines in
    capitals and lines that stand far from the others count where nothing stronger divides the text.
    """
    sizes = [0]
    for group in groups:
        sizes.append(sizes[-1] + sum(map(len, group.lines)))
    found: dict[int, Heading] = {}
    for index, group in enumerate(groups):
        heading = _named(group)
        if heading is not None:
            found[index] = heading
    found = _without_contents(found, sizes)
    found |= _continuing(groups, found)
    chapters = [heading for heading in found.values() if matter.by_title(heading.title) is None]
    if len(chapters) < 2:
        found = _weaker(groups, sizes) | found
    return _with_titles_below(groups, found)


def is_bare_label(title: str) -> bool:
    """“Chapter 3”, “Zweiter Teil” or “IV.”, without a title of its own."""
    named = _NAMED.fullmatch(title)
    if named:
        return not named["rest"].strip(".:) ")
    numeral = _NUMERAL.fullmatch(title)
    return bool(_ORDINAL.fullmatch(title)) or bool(numeral and not numeral["rest"])


def lists_contents(group: Group) -> bool:
    """A group whose lines are headings, or end with the number of a page."""
    if len(group.lines) < 3:
        return False
    listed = sum(
        bool(
            _NAMED.match(line.strip())
            or re.search(r"(?:\.\s*){3,}\s*\w{1,5}$|\S\s{3,}\d{1,4}$", line.strip())
        )
        for line in group.lines
    )
    return listed >= 0.6 * len(group.lines)


def _named(group: Group) -> Heading | None:
    """A heading by what it says."""
    line = group.lines[0].strip().strip("_*=").strip()
    if not line or len(line) > HEADING_COLUMNS or lists_contents(group):
        return None
    if group.underline:
        return Heading(2 if group.underline in "=#*" else 3, line, 1, _label(line))
    match = _NAMED.fullmatch(line)
    if match and _is_title(match["rest"]) and not (match["number"].islower() and match["number"] in "ivxlc"):
        title, lines = _title_in(group, line, bare=not match["rest"].strip(".:) "))
        if title is None:
            return None
        label = _label(match["label"] + match["number"])
        return Heading(_level(match["label"]), title, lines, label)
    ordinal = _ORDINAL.fullmatch(line)
    if ordinal:
        title, lines = _title_in(group, line, bare=True)
        return Heading(_level(ordinal["label"]), title or line, lines if title else 1, _label(line))
    single = len(group.lines) == 1
    if single and (_CHINESE.fullmatch(line) or _ALONE.fullmatch(line)):
        return Heading(3, line, 1, _label(line))
    standing = matter.by_title(line.rstrip(".:")) if single and len(line) <= 60 else None
    if standing is not None and (line[:1].isupper() or line[:1].isdigit()) and not line.endswith((",", ";")):
        ends_a_sentence = line.endswith(".") and not line.isupper() and " " in line
        if not ends_a_sentence:
            return Heading(3, line, 1, _label(line))
    return None


def _level(label: str) -> int:
    folded = label.lower()
    return 2 if re.fullmatch(_HIGH, folded) else 4 if re.fullmatch(_LOW, folded) else 3


def _is_title(rest: str) -> bool:
    """What follows “Chapter 3” is a title, not the rest of a sentence."""
    text = rest.strip()
    if not text or not text.strip(".:)]—–- "):
        return True
    if text[0] in ".:)]—–-":
        text = text.lstrip(".:)]—–- ")
        return not text.endswith((",", ";"))
    return not text[0].islower() and not text.endswith((",", ";"))


def _title_in(group: Group, line: str, *, bare: bool) -> tuple[str | None, int]:
    """The title that the group's first lines give, and how many they are; None for prose."""
    rest = [other.strip() for other in group.lines[1:]]
    if not rest:
        return line, 1
    short = len(rest) <= 3 and all(len(other) <= 60 for other in rest)
    closed = rest[-1].endswith((".", ",", ";", "!", "?", "”", '"')) and not rest[-1].isupper()
    if short and not closed:
        joined = " ".join(rest)
        return (f"{line.rstrip('.: ')}: {joined}" if bare else f"{line} {joined}"), len(group.lines)
    return (line, 1) if bare else (None, 0)


def _label(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _without_contents(found: dict[int, Heading], sizes: list[int]) -> dict[int, Heading]:
    """Without those that a table of contents lists: close together, and there again further down."""
    order = sorted(found)
    last = {found[index].label: index for index in order}
    kept: dict[int, Heading] = {}
    for place, index in enumerate(order):
        after = order[place + 1] if place + 1 < len(order) else len(sizes) - 1
        before = order[place - 1] if place else -1
        near = sizes[after] - sizes[index + 1] < CONTENTS_CHARACTERS or (
            before >= 0 and sizes[index] - sizes[before + 1] < CONTENTS_CHARACTERS and before not in kept
        )
        if near and last[found[index].label] > index and not _contents_head(found[index]):
            continue
        kept[index] = found[index]
    return kept


def _contents_head(heading: Heading) -> bool:
    standing = matter.by_title(heading.title)
    return standing is not None and standing.skip is not None


def _weaker(groups: Sequence[Group], sizes: list[int]) -> dict[int, Heading]:
    """The strongest family of headings that only their looks tell, or none."""
    singles = {
        index: group for index, group in enumerate(groups) if len(group.lines) == 1 and not group.is_rule
    }
    numerals = _rising(singles, sizes)
    restarts = sum(_value(heading.title.strip(".):").partition(" ")[0]) == 1 for heading in numerals.values())
    if numerals and restarts <= 1:
        return numerals
    for looks, apart in ((_in_capitals, 100), (_stands_far, 1_000)):
        chosen = {
            index: Heading(3, group.lines[0].strip(), 1, _label(group.lines[0]))
            for index, group in singles.items()
            if looks(group)
        }
        if len(chosen) >= 2 and _gap(sorted(chosen), sizes) >= apart:
            return chosen
    return numerals  # sections that count anew in each chapter, without chapters


def _rising(singles: dict[int, Group], sizes: list[int]) -> dict[int, Heading]:
    """Numerals that count 1, 2, 3: alone on their lines, or before titles."""
    for titled in (True, False):
        expected, chosen = 1, {}
        for index in sorted(singles):
            line = singles[index].lines[0].strip()
            match = _NUMERAL.fullmatch(line)
            if not match or bool(match["rest"]) != titled or len(line) > HEADING_COLUMNS:
                continue
            if titled and (not match["rest"].strip()[:1].isupper() or line.endswith((",", ";"))):
                continue
            value = _value(match["number"])
            if value == expected or value == 1:
                chosen[index] = Heading(3, line, 1, _label(line))
                expected = value + 1
        apart = (
            600 if titled or any(group.lines[0].strip()[:1].isdigit() for group in singles.values()) else 100
        )
        if len(chosen) >= 2 and _gap(sorted(chosen), sizes) >= apart:
            return chosen
    return {}


def _continuing(groups: Sequence[Group], found: dict[int, Heading]) -> dict[int, Heading]:
    """“VII. The Blue Carbuncle” where “Adventure VI” came before: the label was left out."""
    last: tuple[int, int] | None = None  # number and level
    more: dict[int, Heading] = {}
    for index, group in enumerate(groups):
        line = group.lines[0].strip()
        named = _NAMED.fullmatch(line) if index in found else None
        if named:
            last = _value(named["number"].upper()), found[index].level
        elif last and len(group.lines) == 1 and len(line) <= HEADING_COLUMNS:
            match = _NUMERAL.fullmatch(line)
            if match and match["rest"] and line[-1] not in ",;" and _value(match["number"]) == last[0] + 1:
                more[index] = Heading(last[1], line, 1, _label(line))
                last = last[0] + 1, last[1]
    return more


def _value(number: str) -> int:
    if number.isdigit():
        return int(number)
    if not _ROMAN.fullmatch(number):
        return 0
    values = [_ROMAN_VALUES[letter] for letter in number]
    return sum(-own if own < after else own for own, after in zip(values, [*values[1:], 0], strict=True))


def _in_capitals(group: Group) -> bool:
    line = group.lines[0].strip().strip("_*=").strip()
    letters = sum(map(str.isalpha, line))
    return (
        letters >= 3
        and line.isupper()
        and len(line) <= 70
        and not line.endswith((",", ";", "!", "?"))
        and not line.startswith(("THE END", "FINIS", "END OF", "(", "["))
        and (group.blank_before > 0 or group.first_line == 1)
    )


def _stands_far(group: Group) -> bool:
    line = group.lines[0].strip()
    return (
        group.blank_before >= 3
        and len(line) <= 60
        and line[:1].isupper()
        and line[-1:] not in ".,;:!?"
        and any(map(str.isalpha, line))
    )


def _gap(order: Sequence[int], sizes: list[int]) -> float:
    """Characters from one heading to the next, on average."""
    return (sizes[-1] - sizes[order[0]]) / len(order)


def _with_titles_below(groups: Sequence[Group], found: dict[int, Heading]) -> dict[int, Heading]:
    """“CHAPTER I.” with its title in the next group becomes one heading of both."""
    complete = dict(found)
    for index, heading in found.items():
        below = groups[index + 1] if index + 1 < len(groups) else None
        if below is None or index + 1 in found or not is_bare_label(heading.title) or len(below.lines) > 2:
            continue
        text = " ".join(line.strip() for line in below.lines)
        plain = text.strip("_*=").strip()
        closed = plain[-1:] in ".,;:!?”\"'" and not plain.isupper()
        if (
            plain
            and len(plain) <= HEADING_COLUMNS
            and not closed
            and plain[:1].isupper()
            and not below.is_rule
        ):
            complete[index + 1] = Heading(heading.level, plain, len(below.lines), "")
    return complete
