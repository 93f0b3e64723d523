"""What stands around a match, for rules that must look further than their pattern."""

from __future__ import annotations

import re
from typing import Final

from synth.sentences import STARTERS


def before(match: re.Match[str]) -> str:
    """The word right before the match, with its punctuation; empty at the start."""
    found = _LAST_WORD.search(match.string, max(0, match.start() - 24), match.start())
    return found[0].strip() if found else ""


def after(match: re.Match[str]) -> str:
    """The word right after the match (one space or hyphen apart), empty if punctuation comes first."""
    found = _NEXT_WORD.match(match.string, match.end(), match.end() + 32)
    return found[1] if found else ""


def full_stop(match: re.Match[str]) -> str:
    """The full stop that an abbreviation shares with its sentence: "." if the sentence ends here, else ""."""
    if not match[0].endswith("."):
        return ""
    follows = _FOLLOWING.match(match.string, match.end())
    return "." if follows and (not follows["word"] or follows["word"] in STARTERS) else ""


_LAST_WORD: Final = re.compile(r"\S+\s*$")
_NEXT_WORD: Final = re.compile(r"[\s-]?([A-Za-z][\w']*)")
_FOLLOWING: Final = re.compile(r"[\"'”)\]]*(?:\s+[“\"]?(?P<word>[A-Z][\w']*)|\s*$)")
