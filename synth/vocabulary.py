"""Kokoro's phoneme vocabulary: which symbols the model knows, and the token id of each.

The table is the `vocab` of Kokoro-82M v1.0's own config.json, which has 178 places of which 114 are
used. Place 0 marks the beginning and the end of an utterance.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MAX_PHONEMES: Final = 510  # PL-BERT's 512 positions less the two boundary tokens
BOUNDARY_TOKEN: Final = 0
SILENT_SYMBOLS: Final = ' ;:,.!?—…"()“”'  # white space and punctuation

# Runs of symbols with consecutive token ids, by the id of the first.
_RUNS: Final = {
    1: ";:,.!?",
    9: '—…"()“” \N{COMBINING TILDE}ʣʥʦʨᵝ\uab67AI',
    31: "O",
    33: "Q",
    35: "ST",
    39: "W",
    41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    75: "βɔɕç",
    80: "ɖðʤə",
    85: "ɚɛɜ",
    90: "ɟ",
    92: "ɡ",
    99: "ɥ",
    101: "ɨɪʝ",
    110: "ɯɰŋɳɲɴø",
    118: "ɸθœ",
    123: "ɹ",
    125: "ɾɻ",
    128: "ʁɽʂʃʈʧ",
    135: "ʊʋ",
    138: "ʌɣɤ",
    142: "χʎ",
    147: "ʒʔ",
    156: "ˈˌː",
    162: "ʰ",
    164: "ʲ",
    169: "↓",
    171: "→↗↘",
    177: "ᵻ",
}

VOCABULARY: Final[Mapping[str, int]] = MappingProxyType(
    {symbol: first + place for first, run in _RUNS.items() for place, symbol in enumerate(run)}
)


def unknown_symbols(phonemes: str) -> str:
    """The symbols of a phoneme string that the model does not know, each once, in order."""
    return "".join(dict.fromkeys(symbol for symbol in phonemes if symbol not in VOCABULARY))
