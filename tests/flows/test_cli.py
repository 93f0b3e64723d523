"""The command as its users meet it, mostly in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"
RunBindery = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout


def test_one_bad_document_never_stops_the_others(
    bindery: RunBindery, bad_documents: dict[str, Path], small_book: Path, tmp_path: Path
) -> None:
    done = bindery(
        "convert", *bad_documents.values(), small_book, "--engine", "draft", "--json", "--out", "lib"
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr + done.stdout
    told = {one["file"]: one for one in map(json.loads, done.stdout.splitlines())}
    good = told.pop(str(small_book))
    assert len(told) == len(bad_documents)
    for code, path in bad_documents.items():
        one = told[str(path)]
        assert one["error"]["code"] == code.split()[0]
        assert one["error"]["message"]
        assert one["error"]["hint"]
        assert sum(str(path) in line for line in done.stderr.splitlines()) == 1, "one line for each"
    assert [chapter["title"] for chapter in good["chapters"]] == ["The Lamp", "The Tide"]
    books = {path.parent.name for path in (tmp_path / "lib").rglob("book.json")}
    assert books == {"Small (draft voice)"}, "nothing is left of those that failed"
    assert not list((tmp_path / "lib").rglob("*.part*"))


def test_json_is_all_there_is_on_standard_output_with_the_keys_it_promises(
    bindery: RunBindery, small_book: Path, tmp_path: Path
) -> None:
    done = bindery("convert", small_book, "--engine", "draft", "--json", "--out", "lib")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    book = json.loads(line)
    assert set(book) >= {
        "file", "book_dir", "chapters", "m4b", "audio_s", "compute_s", "rtfx", "engine", "voice",
        "spoken_from_cache", "warnings",
    }  # fmt: skip
    for chapter in book["chapters"]:
        assert set(chapter) == {"number", "title", "audio_s", "files", "lufs", "true_peak_dbtp"}
        assert all((tmp_path / file).is_file() for file in chapter["files"])
    assert (tmp_path / book["m4b"]).is_file()


def test_killed_in_the_middle_and_run_again_gives_the_bytes_of_an_undisturbed_run(
    bindery: RunBindery, environment: dict[str, str], long_book: Path, tmp_path: Path
) -> None:
    arguments = ["convert", str(long_book), "--engine", "draft", "--json", "--out"]
    home = str(tmp_path / "killed")
    victim = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments, "lib-killed"],
        cwd=tmp_path,
        env=environment | {"BINDERY_HOME": home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline_s = time.monotonic() + 120
    while len(list(Path(home, "segments").rglob("[!.]*.json"))) < 5 and time.monotonic() < deadline_s:
        assert victim.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not list((tmp_path / "lib-killed").rglob("*.mp3")), "nothing half-done is in the library"

    resumed = bindery(*arguments, "lib-killed", BINDERY_HOME=home)
    assert resumed.returncode == 0, resumed.stderr
    facts = json.loads(resumed.stdout)
    assert 5 <= facts["spoken_from_cache"] < facts["chunks"]
    undisturbed = bindery(*arguments, "lib-whole")
    assert json.loads(undisturbed.stdout)["spoken_from_cache"] == 0
    assert hashes(tmp_path / "lib-killed") == hashes(tmp_path / "lib-whole")


def test_interrupted_it_ends_at_once_and_says_how_to_go_on(
    environment: dict[str, str], long_book: Path, tmp_path: Path
) -> None:
    victim = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "convert", str(long_book), "--engine", "draft"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    while not list((tmp_path / "working" / "segments").rglob("[!.]*.json")):
        assert victim.poll() is None, "it ended before it could be interrupted"
        time.sleep(0.002)
    os.killpg(victim.pid, signal.SIGINT)  # as a terminal does
    _, told = victim.communicate(timeout=60)
    assert victim.returncode == 130
    assert told.strip() == "Interrupted. Run the same command again to go on where it was."


def test_a_library_that_cannot_be_is_refused_before_anything_is_spoken(
    bindery: RunBindery, small_book: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = bindery("convert", small_book, "--engine", "draft", "--out", "file/library")
    assert done.returncode == 4
    assert "is a file" in done.stderr
    assert not (tmp_path / "working" / "segments").exists()


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--chapters", "two"], "--chapters two: write numbers and ranges"),
        (["--formats", ","], "name at least one"),
        (["--speed", "3"], "--speed 3.0"),
        (["--formats", "m4b,cassette"], "'cassette'"),
        (["--voice", "af_hart"], "af_heart"),
        (["--engine", "gramophone"], "gramophone"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(
    bindery: RunBindery, small_book: Path, arguments: list[str], problem: str, tmp_path: Path
) -> None:
    engine = [] if "--engine" in arguments else ["--engine", "draft"]
    done = bindery("convert", small_book, *engine, *arguments)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "library").exists()


def test_kokoro_without_weights_says_what_was_looked_for_and_what_to_run(
    bindery: RunBindery, small_book: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    done = bindery("convert", small_book, "--weights", "empty")
    assert done.returncode == 4
    assert "kokoro-v1_0.pth" in done.stderr
    assert "in empty" in done.stderr
    assert "bindery models fetch" in done.stderr


def test_a_chapter_that_is_not_there_is_named(bindery: RunBindery, small_book: Path) -> None:
    done = bindery("convert", small_book, "--engine", "draft", "--chapters", "1-9")
    assert done.returncode == 3
    assert "there are no chapters 1-9" in done.stderr
    assert "chapters 1 to 2" in done.stderr


def test_inspect_tells_what_is_heard_and_what_is_not() -> None:
    status, output = run("inspect", EXAMPLES / "upon-asking.epub", "--json")
    assert status == 0
    facts = json.loads(output)
    assert set(facts) == {
        "file", "book_toml", "title", "authors", "language", "chapters", "skipped", "warnings",
    }  # fmt: skip
    assert set(facts["chapters"][0]) == {
        "number", "title", "parents", "matter", "voice", "speed", "words", "estimated_audio_s", "text",
    }  # fmt: skip
    drawer = facts["chapters"][1]
    assert (drawer["number"], drawer["title"], drawer["parents"]) == (
        2,
        "The Drawer",
        ["Part One: The Receipt"],
    )
    assert {"reason", "where", "text"} == set(facts["skipped"][0])
    reasons = {skipped["reason"] for skipped in facts["skipped"]}
    assert {"front matter", "note", "note mark", "table", "table of contents"} <= reasons


def test_inspect_goes_on_after_a_bad_document(bad_documents: dict[str, Path]) -> None:
    status, output = run("inspect", bad_documents["empty"], EXAMPLES / "upon-asking.pdf", "--json")
    assert status == 3
    bad, good = map(json.loads, output.splitlines())
    assert bad["error"]["code"] == "empty"
    assert good["title"] == "Upon Asking"


def test_inspect_with_text_shows_every_sentence_as_it_will_be_said() -> None:
    status, output = run("inspect", EXAMPLES / "upon-asking.epub", "--text")
    assert status == 0
    assert "Henry the eighth" in output


def test_spoken_shows_what_will_be_said() -> None:
    assert run("spoken", "Henry VIII paid £8 in 1544.") == (
        0,
        "Henry the eighth paid eight pounds in fifteen forty-four.\n",
    )


def test_voices_lists_all_54_as_people_and_programs_read_them() -> None:
    _, people = run("voices")
    assert "af_heart" in people
    _, programs = run("voices", "--json")
    voices = [json.loads(line) for line in programs.splitlines()]
    assert len(voices) == 54
    assert voices[0] == {"name": "af_heart", "language": "en-us", "gender": "female", "grade": "A"}


def test_doctor_finds_what_a_plain_installation_brings(bindery: RunBindery) -> None:
    done = bindery("doctor")
    assert done.returncode == 0, done.stdout
    assert "✓ ffmpeg" in done.stdout
    assert "✓ draft voice: espeak-ng" in done.stdout
    assert "– Kokoro's weights" in done.stdout
    assert "bindery models fetch" in done.stdout


def test_models_status_explains_what_is_missing(bindery: RunBindery) -> None:
    done = bindery("models", "status")
    assert done.returncode == 4
    assert "kokoro-v1_0.pth" in done.stdout


def test_a_language_without_rules_is_refused_and_a_full_tag_is_taken() -> None:
    assert run("spoken", "--language", "de", "5 Leute") == (2, "")
    assert run("spoken", "--language", "en-GB", "9/5/1944") == (
        0,
        "the ninth of May, nineteen forty-four\n",
    )
    assert run("spoken", "--language", "pt_BR", "R$ 20") == (0, "vinte reais\n")


def test_what_is_read_can_be_chosen_and_a_wrong_choice_is_refused() -> None:
    assert run("spoken", "--read", "citations=read", "So [12].") == (0, "So (reference twelve).\n")
    assert run("spoken", "--read", "citations=loud", "So [12].") == (2, "")
    assert run("inspect", "--read", "tables", EXAMPLES / "upon-asking.epub") == (2, "")
    assert run("convert", "--read", "table=read", EXAMPLES / "upon-asking.epub") == (2, "")


def test_a_closed_standard_stream_is_taken_by_nothing_else() -> None:
    """Of the processes of finishers, too, which ended for want of one."""
    ask = "import os, sys; sys.exit(os.fstat(2).st_rdev != os.stat(os.devnull).st_rdev)"
    code = (
        "import subprocess, sys; from flows.cli import _fill_standard_streams; _fill_standard_streams();"
        f"sys.exit(subprocess.run([sys.executable, '-c', {ask!r}]).returncode)"
    )
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, code], check=False)
    assert closed.returncode == 0
