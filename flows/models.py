"""`bindery models`: Kokoro's files and the English tagger fetched, listed, compared with their checksums."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.exits import Exit
from synth.checksums import SHA256
from synth.errors import TaggerMissing, WeightsMissing
from synth.trained_tagger import NO_TAGGER, RELEASE, SOURCE, TAGGER, damaged_files, fetch_tagger, find_tagger
from synth.weights import REPOSITORY, REVISION, fetch_files, find_files, is_as_published


def tell_status(folder: Path | None) -> Exit:
    """Say what is here; nothing is downloaded."""
    found, missing = _look(folder)
    _say(
        "[green]✓[/]" if not missing else "[yellow]–[/]",
        f"{len(found)} of {len(SHA256)} files of Kokoro-82M (not compared; `bindery models verify` does)",
    )
    if missing:
        _say_missing(missing)
    else:
        _say(" ", str(found[next(iter(SHA256))].parent))
    try:
        tagger = find_tagger(folder)
    except WeightsMissing as error:
        _say("[red]✗[/]", f"English tagger: {error}")
        return Exit.CANNOT_START
    if tagger is None:
        _say("[yellow]–[/]", f"English tagger: {NO_TAGGER}")
    else:
        _say("[green]✓[/]", f"English tagger: {tagger}")
    return Exit.CANNOT_START if missing else Exit.DONE


def fetch_all(tagger_url: str | None) -> Exit:
    """Download what is missing or damaged, then verify everything.

    tagger_url: a mirror of spaCy's releases.
    """
    _say(" ", f"{REPOSITORY} at {REVISION[:8]}, {RELEASE}")
    refused = False
    for fetch in (lambda: fetch_files(SHA256), lambda: fetch_tagger(tagger_url or SOURCE)):
        try:
            fetch()
        except (WeightsMissing, TaggerMissing) as error:
            _say("[red]✗[/]", str(error))
            refused = True
    verified = verify_all(None)
    return Exit.CANNOT_START if refused else verified


def verify_all(folder: Path | None) -> Exit:
    """Compare every file with its checksum."""
    found, missing = _look(folder)
    wrong = [name for name, path in found.items() if not is_as_published(path, name)]
    advice = (
        "`bindery models fetch` downloads it again"
        if folder is None
        else f"copy it into the folder again from {REPOSITORY} at {REVISION[:8]}"
    )
    for name in wrong:
        _say("[red]✗[/]", f"{found[name]} is not as published; {advice}")
    if missing:
        _say_missing(missing)
    right = len(found) - len(wrong)
    _say("[green]✓[/]" if right == len(SHA256) else " ", f"{right} of {len(SHA256)} files are as published")
    tagger_is_right = _verify_tagger(folder)
    return Exit.DONE if right == len(SHA256) and tagger_is_right else Exit.CANNOT_START


def _verify_tagger(folder: Path | None) -> bool:
    """Whether nothing is wrong with the tagger; it is right, too, that there is none."""
    try:
        tagger = find_tagger(folder)
    except WeightsMissing as error:
        _say("[red]✗[/]", f"English tagger: {error}")
        return False
    if tagger is None:
        _say("[yellow]–[/]", f"English tagger: {NO_TAGGER}")
        return True
    damaged = None if tagger == TAGGER else damaged_files(Path(tagger))
    if damaged:
        _say(
            "[red]✗[/]",
            f"{', '.join(damaged)} of the English tagger are not as published; delete {tagger} and run "
            "`bindery models fetch`",
        )
        return False
    how = "as published" if damaged is not None else "not compared: it has no list of checksums"
    _say("[green]✓[/]", f"English tagger: {tagger} ({how})")
    return True


def _say_missing(missing: Mapping[str, WeightsMissing]) -> None:
    names = list(missing)
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    _say("[red]✗[/]", f"missing: {', '.join(names[:4])}{more}")
    _say(" ", str(missing[names[0]]))


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
