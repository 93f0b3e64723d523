"""Text and an ordered book of rules into rewritten text that knows where each word came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from synth.reading import Reading


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule may want to know about the text as a whole."""

    heading: bool = False
    british: bool = False  # day before month
    shouted: bool = False  # every letter is a capital
    language: str = "en"  # primary tag
    urls: Reading = Reading.USUAL
    citations: Reading = Reading.USUAL


class Said(NamedTuple):
    """Characters `[start, end)` are said as `text`."""

    start: int
    end: int
    text: str


class Left(NamedTuple):
    """Characters `[start, end)` are left out for `reason`; `space` keeps the words on both sides apart."""

    start: int
    end: int
    reason: str
    space: bool = False


class Again(NamedTuple):
    """Characters `[start, end)` go through the rules themselves."""

    start: int
    end: int


Part = Said | Left
Saying = str | Sequence[Said | Left | Again] | None  # None: the rule declines, the next one is asked


class Rule(NamedTuple):
    """Where `pattern` matches (never emptily), `say` tells what is said instead."""

    pattern: str  # verbose syntax
    say: Callable[[re.Match[str], Situation], Saying]
    quiet: bool = False  # may begin where `QUIET` matches; others are not asked there


# a lower-case word before a space, a comma or a semicolon, and the space before a word: most of a novel
QUIET: Final = re.compile(r"[a-z]+[\s,;]|[ ][A-Za-z0-9\"“”'(]")


def left_out(reason: str, space: bool = False) -> Callable[[re.Match[str], Situation], Saying]:
    """What a rule says when its whole match is left out."""
    return lambda match, _: (Left(match.start(), match.end(), reason, space),)


def said_as(words: str) -> Callable[[re.Match[str], Situation], Saying]:
    """What a rule says when its whole match is always said the same way."""
    return lambda match, _: words


class Rulebook:
    """Rules in the order in which they are asked at each place of a text."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._patterns = [re.compile(rule.pattern, re.VERBOSE) for rule in rules]
        few = "|".join(_branch("q", i, rule) for i, rule in enumerate(rules) if rule.quiet) or "(?!)"
        branches = "|".join(_branch("r", i, rule) for i, rule in enumerate(rules))
        # never inside a lower-case word: this alone spares four of five attempts
        self._any = re.compile(
            rf"(?:(?<![a-z])|(?![a-z]))(?:(?={QUIET.pattern})(?:{few})|(?!{QUIET.pattern})(?:{branches}))",
            re.VERBOSE,
        )

    def matching(self, text: str, start: int) -> list[Rule]:
        """The rules whose pattern matches at a place, whatever they would say there."""
        return [
            rule
            for rule, pattern in zip(self._rules, self._patterns, strict=True)
            if (found := pattern.match(text, start)) and found.end() > start
        ]

    def parts(
        self, text: str, situation: Situation, start: int = 0, end: int | None = None
    ) -> Iterator[Part]:
        """What changes between `start` and `end`, in order; what lies between the parts stays as it is."""
        end = len(text) if end is None else end
        while found := self._any.search(text, start, end):
            assert found.lastgroup is not None
            for i in range(int(found.lastgroup[1:]), len(self._rules)):
                match = self._patterns[i].match(text, found.start(), end)
                saying = (
                    self._rules[i].say(match, situation) if match and match.end() > found.start() else None
                )
                if match is not None and saying is not None:
                    yield from self._resolved(text, situation, match, saying)
                    start = match.end()
                    break
            else:
                start = found.start() + 1

    def _resolved(
        self,
        text: str,
        situation: Situation,
        match: re.Match[str],
        saying: str | Sequence[Said | Left | Again],
    ) -> Iterator[Part]:
        if isinstance(saying, str):
            yield Said(match.start(), match.end(), saying)
            return
        for part in saying:
            if isinstance(part, Again):
                yield from self.parts(text, situation, part.start, part.end)
            else:
                yield part


def _branch(prefix: str, number: int, rule: Rule) -> str:
    return f"(?P<{prefix}{number}>{_GROUP_NAME.sub('(?:', rule.pattern)}\n)"


_GROUP_NAME: Final = re.compile(r"\(\?P<\w+>")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The text that came out, and pairs (index into it, index into the text that went in), both rising."""

    text: str
    offsets: tuple[tuple[int, int], ...]


def assemble(text: str, parts: Sequence[Part]) -> Rewritten:
    """Put unchanged words and parts together: one space between words, none before closing marks."""
    out: list[str] = []
    offsets: list[tuple[int, int]] = []
    length = 0
    last = ""  # the last character put out
    spaced = False  # a space is due before the next word
    changed = False  # the last word put out was a rewritten one, or this one is

    def put(words: str, source: int, rewritten: bool) -> None:
        nonlocal length, last, spaced, changed
        if not words:
            return
        glued = (rewritten or changed) and (last.isalnum() or last in ".,;:") and words[0].isalnum()
        dashed = words[0] == "—" or last == "—"
        if length and (spaced or glued or dashed) and not _hugs(last, words[0]):
            out.append(" ")
            length += 1
        if not offsets or source > offsets[-1][1]:
            offsets.append((length, source))
        out.append(words)
        length += len(words)
        last, spaced, changed = words[-1], False, rewritten

    def keep(start: int, end: int) -> None:
        nonlocal spaced
        for word in _WORD.finditer(text, start, end):
            if word[0].isspace():
                spaced = True
            else:
                put(word[0], word.start(), rewritten=False)

    position = 0
    for part in parts:
        keep(position, part.start)
        if isinstance(part, Left):
            spaced = spaced or part.space
        else:
            spaced = spaced or part.text[:1] == " "
            put(part.text.strip(" "), part.start, rewritten=True)
            spaced = part.text[-1:] == " "
        position = part.end
    keep(position, len(text))
    return Rewritten("".join(out), tuple(offsets))


_WORD: Final = re.compile(
    r"\s+|—|[^\s—]+"
)  # a dash stands alone: glued to a quotation mark, misaki loses the word


def _hugs(last: str, following: str) -> bool:
    """No space belongs between these two, whatever was left out there."""
    return following in ",.;:!?…)”" or last in "(“" or (last == "—" and following == "”")
