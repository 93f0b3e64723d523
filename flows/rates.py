"""How fast this machine spoke and finished its last books into how long more will take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outputs.files import complete_or_absent

_NAME: Final = "rates.json"  # by engine: {"kokoro": {"speaking": 5.1, "finishing": 38.2}}
_NEWEST: Final = (
    0.5  # the weight of the newest figure: a machine that became another is known after a few books
)
LEAST_AUDIO_S: Final = 20.0  # of less, a figure says little


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds of audio for a second of work; None: not measured yet.

    speaking: while the speaker is busy, whatever else goes on. finishing: mastering, encoding and checking
    one chapter, by one thread. binding: a book's finished chapters into all its files.
    """

    speaking: float | None = None
    finishing: float | None = None
    binding: float | None = None

    def seconds_for(self, spoken_s: float, finished_s: float, bound_s: float = 0.0) -> float | None:
        """How long so much audio takes to speak, then to finish, then to bind; None: not known yet."""
        seconds = 0.0
        for audio_s, rate in (
            (spoken_s, self.speaking),
            (finished_s, self.finishing),
            (bound_s, self.binding),
        ):
            if audio_s and rate is None:
                return None
            seconds += audio_s / rate if rate else 0.0
        return seconds


def rates_of(home: Path, engine: str) -> Rates:
    """What was measured with an engine; `home` is the machine's working folder."""
    figures = _read(home).get(engine, {})
    return Rates(figures.get("speaking"), figures.get("finishing"), figures.get("binding"))


def note_speaking(home: Path, engine: str, audio_s: float, busy_s: float) -> None:
    """Remember how fast an engine spoke; for whoever holds its speaker, once a book or so.

    Raises:
        OutputError: the working folder cannot be written to.
    """
    _note(home, engine, "speaking", audio_s, busy_s)


def note_finishing(home: Path, engine: str, audio_s: float, busy_s: float) -> None:
    """Remember how fast an engine's chapters were finished; busy_s: of all threads together.

    Raises:
        OutputError: the working folder cannot be written to.
    """
    _note(home, engine, "finishing", audio_s, busy_s)


def note_binding(home: Path, engine: str, audio_s: float, busy_s: float) -> None:
    """Remember how fast an engine's book was bound, whole.

    Raises:
        OutputError: the working folder cannot be written to.
    """
    _note(home, engine, "binding", audio_s, busy_s)


def _note(home: Path, engine: str, kind: str, audio_s: float, busy_s: float) -> None:
    if audio_s < LEAST_AUDIO_S or busy_s <= 0:
        return
    rates = _read(home)
    figures = rates.setdefault(engine, {})
    newest = audio_s / busy_s
    figures[kind] = round(_NEWEST * newest + (1 - _NEWEST) * figures.get(kind, newest), 3)
    with complete_or_absent(home / _NAME) as part:
        part.write_text(json.dumps(rates) + "\n", encoding="utf-8")


def _read(home: Path) -> dict[str, dict[str, float]]:
    """All figures; nothing if there are none, or if the file is not what was written: they come again."""
    try:
        rates = json.loads((home / _NAME).read_bytes())
        return {
            engine: {kind: float(rate) for kind, rate in figures.items() if float(rate) > 0}
            for engine, figures in rates.items()
        }
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}
