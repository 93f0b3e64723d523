"""What a listener prefers of what is written for the eye: web addresses, citations, tables, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from synth.errors import UnknownPreference


class Reading(StrEnum):
    """What is heard of such a thing."""

    USUAL = "usual"  # what a narrator does: the short ones are read, the rest is left out
    SKIP = "skip"  # nothing
    ANNOUNCE = "announce"  # that it is there, not what it says
    READ = "read"  # all of it


@dataclass(frozen=True, slots=True)
class ReadingPreferences:
    """One choice for each kind of thing; `usual` is told behind it."""

    urls: Reading = Reading.USUAL  # the host and a short path; mail addresses are read
    citations: Reading = Reading.USUAL  # (Smith, 2003) is read, [12] and lists of sources are left out
    images: Reading = Reading.USUAL  # a description is read, a label is left out
    notes: Reading = Reading.USUAL  # left out, with their marks
    tables: Reading = Reading.USUAL  # left out
    code: Reading = Reading.USUAL  # left out
    formulas: Reading = Reading.USUAL  # left out where they have no wording of their own

    def but(self, choices: Mapping[str, str]) -> ReadingPreferences:
        """These preferences with some choices changed: {"tables": "read", "notes": "announce"}.

        Raises:
            UnknownPreference: a name or a choice that does not exist.
        """
        names = [field.name for field in fields(self)]
        changed = {}
        for name, choice in choices.items():
            if name not in names:
                raise UnknownPreference(f"“{name}” cannot be chosen for reading", f"Choose {_any_of(names)}")
            if choice not in list(Reading):
                raise UnknownPreference(
                    f"“{choice}” is no way of reading {name}", f"Write {name}= and {_any_of(list(Reading))}"
                )
            changed[name] = Reading(choice)
        return replace(self, **changed)


def choices_in(text: str) -> dict[str, str]:
    """The choices of one line: tables=read,notes=announce.

    Raises:
        UnknownPreference: a piece without an equals sign.
    """
    choices = {}
    for piece in filter(None, map(str.strip, text.split(","))):
        name, equals, choice = piece.partition("=")
        if not equals:
            raise UnknownPreference(
                f"“{piece}” says nothing about reading", "Write tables=read,notes=announce"
            )
        choices[name.strip()] = choice.strip()
    return choices


def _any_of(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
