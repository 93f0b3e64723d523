"""Convert the example book as a new user would, in the best voice that this machine can have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from synth.errors import SpeechError
from synth.weights import CHECKPOINT, CONFIG, find_files

OUT = Path("demo")
VOICE = "voices/bf_emma.pt"  # the best British one: the book is in British English


def main(book: str) -> int:
    """Run `bindery convert` and say where the audio is."""
    engine = best_engine()
    command = ["convert", book, "--engine", engine, "--out", str(OUT)]
    print(f"$ bindery {' '.join(command)}", flush=True)
    status = subprocess.run([Path(sys.executable).with_name("bindery"), *command], check=False).returncode
    if status == 0:
        print(WHAT_NOW.format(m4b=next(OUT.glob("m4b/*/*/*.m4b")), chapters=next(OUT.glob("mp3/*/*"))))
    return status


def best_engine() -> str:
    """Kokoro where its weights are or can be fetched; else the draft voice, and one line that says so."""
    try:
        find_files((CHECKPOINT, CONFIG, VOICE))
    except SpeechError as problem:
        print(f"Kokoro cannot speak here ({problem.message}), so this is the draft voice, a robot.")
        return "draft"
    return "kokoro"


WHAT_NOW = """
The whole book:   {m4b}
Chapter by chapter: {chapters}

Open either in any player (VLC, mpv, Apple Books, Audiobookshelf), for instance: vlc "{m4b}"
"""

if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
