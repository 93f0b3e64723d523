"""One name corrected in a book of many chapters: what is foretold, what is done, how long each takes.

    python -m bench.rerun --chapters 40

The draft voice speaks, so that no weights are needed; every command is run as a user runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

NAME: Final = "Zelphine"
_WORDS: Final = (
    *("the", "sea", "was", "grey", "and", "a", "long", "way", "off", "they"),
    *("heard", "old", "harbour", "bells", "ring", "over", "slow", "water"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of its own in a folder: nothing of this one's caches or library."""

    root: Path

    def run(self, *arguments: str) -> tuple[Any, float]:
        """What a command says on its last line, and how long it took."""
        mine = {"BINDERY_HOME": str(self.root / "home"), "BINDERY_LIBRARY": str(self.root / "library")}
        words = {"BINDERY_LEXICON": str(self.root / "words.toml")}
        began_s = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            env=os.environ | mine | words,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        took_s = perf_counter() - began_s
        return (json.loads(done.stdout) if "--json" in arguments else done.stdout.strip()), took_s

    def audio(self) -> dict[str, int]:
        """When each chapter file and M4B was written."""
        library = self.root / "library"
        files = (path for path in library.rglob("*") if path.suffix in (".mp3", ".m4b"))
        return {str(path.relative_to(library)): path.stat().st_mtime_ns for path in files}


def main() -> None:
    """Convert, correct and compare."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--chapters", type=int, default=40)
    options.add_argument("--sentences", type=int, default=14, help="of a chapter; about four seconds each")
    options.add_argument("--named", type=int, default=3, help="chapters that say the name, once each")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        (machine.root / "words.toml").touch()
        book = machine.root / "book.md"
        book.write_text(_text(wanted.chapters, wanted.sentences, wanted.named), encoding="utf-8")
        first, first_s = machine.run("convert", str(book), "--engine", "draft", "--json")
        print(
            f"convert: {len(first['chapters'])} chapters, {first['audio_s']:.0f} s of audio, {first_s:.1f} s"
        )
        before = machine.audio()
        told, told_s = machine.run("lexicon", "add", NAME, "zell fine")
        print(f"lexicon add: {told_s:.1f} s\n{told}")
        changes, changes_s = machine.run("changes", str(book), "--json")
        numbers = ", ".join(str(chapter["number"]) for chapter in changes["chapters"])
        print(
            f"changes: chapters {numbers}; {changes['chunks']} chunks, {changes['spoken_s']:.0f} s of audio"
            f" to be spoken, {changes['estimated_s']} s foretold, {changes_s:.1f} s"
        )
        done, done_s = machine.run("rerun", str(book), "--json")
        written = {name for name, time_ns in machine.audio().items() if before.get(name) != time_ns}
        foretold = {*changes["bound"], *(name for one in changes["chapters"] for name in one["files"])}
        spoken = done["chunks"] - done["spoken_from_cache"]
        print(
            f"rerun: {spoken} of {done['chunks']} chunks spoken, {len(written)} of {len(before)} audio files"
            f" written, {done['compute_s']:.1f} s, {done_s:.1f} s with all that a command needs"
        )
        print(f"as foretold: {spoken == changes['chunks'] and written == foretold}")


def _text(chapters: int, sentences: int, named: int) -> str:
    """A book of plain sentences; evenly spaced chapters say the name once."""
    dice = random.Random(1)  # noqa: S311  # a text is no secret
    saying = {1 + chapters * place // named for place in range(named)}
    pieces = []
    for chapter in range(1, chapters + 1):
        said = [" ".join(dice.choices(_WORDS, k=11)).capitalize() for _ in range(sentences)]
        if chapter in saying:
            said[sentences // 2] += f" said {NAME}"
        pieces.append(f"# Part {chapter}\n\n" + ". ".join(said) + ".\n")
    return "\n".join(pieces)


if __name__ == "__main__":
    main()
