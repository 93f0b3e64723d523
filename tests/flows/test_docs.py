"""The README is true: every command and option stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer.main

from flows.cli import app
from flows.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command as it is typed, with its options' long names."""

    def walk(command: object, name: str) -> Iterator[tuple[str, list[str]]]:
        for child, below in getattr(command, "commands", {}).items():
            yield from walk(below, f"{name} {child}")
        if not hasattr(command, "commands"):
            yield name, [option for one in command.params for option in one.opts if option.startswith("--")]  # type: ignore[attr-defined]

    yield from walk(typer.main.get_command(app), "bindery")


def test_every_command_is_in_the_readme() -> None:
    missing = [name for name, _ in commands() if name not in README]
    assert missing == []


def test_every_option_is_in_the_readme() -> None:
    missing = [(name, option) for name, options in commands() for option in options if option not in README]
    assert missing == []


def test_every_setting_is_in_the_readme() -> None:
    variables = set(
        re.findall(r"BINDERY_[A-Z_]+", (ROOT / "flows" / "settings.py").read_text(encoding="utf-8"))
    )
    assert variables >= {"BINDERY_HOME"}
    assert {variable for variable in variables if f"`{variable}`" not in README} == set()


def test_every_make_target_that_the_readme_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z]+)", README)) - {"and"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_settings_come_from_the_environment_and_have_defaults() -> None:
    assert Settings.read({}).library == Path("library")
    settings = Settings.read({"BINDERY_HOME": "/h", "BINDERY_FFMPEG": "/f", "BINDERY_WEIGHTS": "/w"})
    assert (settings.segments, settings.ffmpeg, settings.weights) == (Path("/h/segments"), "/f", Path("/w"))
