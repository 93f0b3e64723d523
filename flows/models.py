"""`bindery models`: Kokoro's published files fetched, listed and compared with their checksums."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.exits import Exit
from synth.checksums import SHA256
from synth.errors import WeightsMissing
from synth.phonemes import TAGGER, TAGGER_MISSING, tagger_is_installed
from synth.weights import REPOSITORY, REVISION, find_files, is_as_published


def tell_status(folder: Path | None) -> Exit:
    """Say what is here; nothing is downloaded."""
    found, missing = _look(folder)
    _say(
        "[green]✓[/]" if not missing else "[yellow]–[/]", f"{len(found)} of {len(SHA256)} files of Kokoro-82M"
    )
    if missing:
        names = list(missing)
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        _say("[red]✗[/]", f"missing: {', '.join(names[:4])}{more}")
        _say(" ", str(missing[names[0]]))
    else:
        _say(" ", str(found[next(iter(SHA256))].parent))
    if tagger_is_installed():
        _say("[green]✓[/]", f"English tagger: {TAGGER}")
    else:
        _say("[yellow]–[/]", f"English tagger: {TAGGER_MISSING}")
    return Exit.CANNOT_START if missing else Exit.DONE


def fetch_all() -> Exit:
    """Download what is missing, then verify everything."""
    _say(" ", f"{REPOSITORY} at {REVISION[:8]}")
    try:
        find_files(SHA256)
    except WeightsMissing as error:
        _say("[red]✗[/]", str(error))
        return Exit.CANNOT_START
    return verify_all(None)


def verify_all(folder: Path | None) -> Exit:
    """Compare every file with its checksum."""
    found, missing = _look(folder)
    wrong = [name for name, path in found.items() if not is_as_published(path, name)]
    for name in wrong:
        _say("[red]✗[/]", f"{found[name]} is not as published; delete it and run `bindery models fetch`")
    for name in missing:
        _say("[red]✗[/]", f"{name} is missing")
    right = len(found) - len(wrong)
    _say("[green]✓[/]" if right == len(SHA256) else " ", f"{right} of {len(SHA256)} files are as published")
    return Exit.DONE if right == len(SHA256) else Exit.CANNOT_START


def _look(folder: Path | None) -> tuple[Mapping[str, Path], Mapping[str, WeightsMissing]]:
    found: dict[str, Path] = {}
    missing: dict[str, WeightsMissing] = {}
    for name in SHA256:
        try:
            (found[name],) = find_files([name], folder, download=False)
        except WeightsMissing as error:
            missing[name] = error
    return found, missing


def _say(mark: str, words: str) -> None:
    Console().print(f"{mark} {escape(words)}", soft_wrap=True, highlight=False)
