"""A book that is too long or too large for one file into volumes of about the same length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from outputs.finish import Part
from outputs.mp4 import NERO_CHAPTERS
from synth.audio import SAMPLE_RATE_HZ

# Longer files lose their place or their chapters in some players, and a few devices refuse larger ones.
LONGEST_SAMPLES: Final = 13 * 3600 * SAMPLE_RATE_HZ
MOST_BYTES: Final = 1_000_000_000
MOST_CHAPTERS: Final = NERO_CHAPTERS  # more cannot be listed in the form that Android's players read


def volumes_of(parts: Sequence[Part]) -> tuple[range, ...]:
    """Which chapters make each volume, as indices into `parts`: one volume where all fit in one file.

    Volumes are whole chapters, as few as can be, the longest as short as can be. A chapter that is too long
    by itself is a volume by itself.
    """
    sizes = [part.path.stat().st_size for part in parts]
    lengths = [part.samples for part in parts]
    fewest = len(list(_packed(lengths, sizes, LONGEST_SAMPLES)))
    # the lowest bound on the length at which there are no more volumes
    low, high = 0, LONGEST_SAMPLES
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if len(list(_packed(lengths, sizes, middle))) == fewest else (middle, high)
    return tuple(_packed(lengths, sizes, high))


def _packed(lengths: Sequence[int], sizes: Sequence[int], longest_samples: int) -> Iterator[range]:
    """Fill one volume after the other."""
    first = samples = in_bytes = 0
    for index, (length, size) in enumerate(zip(lengths, sizes, strict=True)):
        too_much = samples + length > longest_samples or in_bytes + size > MOST_BYTES
        if index > first and (too_much or index - first == MOST_CHAPTERS):
            yield range(first, index)
            first, samples, in_bytes = index, 0, 0
        samples += length
        in_bytes += size
    yield range(first, len(lengths))
