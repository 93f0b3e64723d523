"""What the finished files are for into how they are mastered and encoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from outputs.encode import CODECS, Codec, Format, formats_named
from outputs.plan import Mastering


class Preset(StrEnum):
    """What the files are for."""

    AUDIOBOOK = "audiobook"  # players, libraries, most shops
    ACX = "acx"  # ACX and Audible's technical requirements
    PODCAST = "podcast"  # podcast apps
    ARCHIVE = "archive"  # to be kept, and mastered one day by somebody else

    @property
    def mastering(self) -> Mastering:
        """How loud its chapters become."""
        return _RECIPES[self].mastering

    def formats(self, names: Iterable[str] | None = None) -> tuple[Format, ...]:
        """The formats of these names, each once, in the order given; None: those that the preset is for.

        Raises:
            UnknownFormat: a name is not one of `FORMATS`.
        """
        recipe = _RECIPES[self]
        return formats_named(recipe.formats if names is None else names, recipe.codecs)


@dataclass(frozen=True, slots=True)
class _Recipe:
    mastering: Mastering
    formats: tuple[str, ...]  # unless others are asked for
    codecs: Mapping[str, Codec] = field(default_factory=dict)  # by format, where not the usual


_RECIPES: Final[Mapping[Preset, _Recipe]] = MappingProxyType(
    {
        Preset.AUDIOBOOK: _Recipe(Mastering(), ("m4b", "mp3")),
        # -20 LUFS has speech in the middle of -23 to -18 dBFS RMS; the room tone keeps digital silence, which
        # ACX asks not to have, out, 12 dB below the noise floor that it allows
        Preset.ACX: _Recipe(
            Mastering(target_lufs=-20.0, room_tone_dbfs=-72.0), ("mp3",), {"mp3": CODECS["mp3-192k"]}
        ),
        # Apple and the AES (TD1008) ask for -16 LUFS with peaks up to -1 dBTP; 0.5 dB are left to the encoder
        Preset.PODCAST: _Recipe(Mastering(target_lufs=-16.0, ceiling_dbtp=-1.5), ("mp3",)),
        Preset.ARCHIVE: _Recipe(
            Mastering(target_lufs=None, ceiling_dbtp=-1.0), ("flac",), {"flac": CODECS["flac-24bit"]}
        ),
    }
)
