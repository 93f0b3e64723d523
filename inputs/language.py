"""Text to the language it is written in, for documents that do not say."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

# The commonest short words of each language, those shared by several of the others left out where possible.
_COMMON_WORDS = {
    "en": "the of and to in that is was he for it with as his on be at by had not but from they which",
    "de": "der die und das ist nicht ein eine den von zu mit sich des auf für im dem auch als wird sind",
    "fr": "le la les des et est une dans qui que pour pas sur au du il elle ne plus par ce sont avec",
    "es": "el la los las de que y en un una por con para es se del no como más su al lo pero",
    "it": "il di che è la e un una per non sono con del della nel gli le si da come anche più",
    "pt": "o de que e a do da em um para com não uma os no se na por mais as dos como ao foi",
    "nl": "de het een en van is dat niet op te zijn met voor er aan die ook als maar door naar",
    "sv": "och att det som en på är av för med den till inte har de om ett var jag men",
    "da": "og at det som en på er af for med den til ikke har de om et var jeg der",
    "pl": "i w nie na się z do to że jest o jak po co ale za od przez jego był",
    "fi": "ja on ei se että hän oli mutta kun niin ovat sen myös joka kuin ole mitä",
    "la": "et in est non ad cum ut sed qui quod ex si ab hoc quae per esse nec",
}
_SCRIPTS = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("HANGUL", "ko"),
    ("CJK", "zh"),
    ("CYRILLIC", "ru"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("GREEK", "el"),
    ("DEVANAGARI", "hi"),
    ("THAI", "th"),
)
SAMPLE_CHARACTERS = 200_000
# in running text of each language above, 25-45 % of the words are on its list; two thirds of that is plenty
_SURE_SHARE = 0.12
_LATIN_SHARE = 0.2  # "in", "non" and "est" are words of its daughters too
_LETTERS = re.compile(r"[^\W\d_]+")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def declared(tag: str | None) -> str | None:
    """A usable BCP 47 tag in lower case from what a document states, or None ("und", "English", "")."""
    tag = (tag or "").strip().replace("_", "-")
    if not _TAG.fullmatch(tag) or tag.lower().startswith(("und", "mul", "zxx", "mis")):
        return None
    return tag.lower()


def guess(text: str) -> str | None:
    """The language of a text by its script, then by its commonest words; None where nothing stands out."""
    sample = text[:SAMPLE_CHARACTERS]
    script = _script(sample)
    if script is not None:
        return script
    words = Counter(word.lower() for word in _LETTERS.findall(sample))
    total = sum(words.values())
    if total < 20:
        return None
    shares = {
        language: sum(words[word] for word in common.split()) / total
        for language, common in _COMMON_WORDS.items()
    }
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= (_LATIN_SHARE if best == "la" else _SURE_SHARE) else None


def _script(sample: str) -> str | None:
    letters = [character for character in sample[:20_000] if character.isalpha()]
    if not letters:
        return None
    seen: Counter[str] = Counter()
    for character in letters:
        if ord(character) > 0x2FF:
            name = unicodedata.name(character, "")
            seen[next((language for script, language in _SCRIPTS if name.startswith(script)), "")] += 1
    if seen["ja"] > 0.05 * len(letters):
        return "ja"
    best = max(seen, key=lambda language: seen[language], default="")
    return best if best and seen[best] > 0.5 * len(letters) else None
