from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import lxml.html
import pytest

from inputs.book import Book, EpubPlace
from outputs.encode import formats_named
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part
from outputs.manifest import Narration, Track
from outputs.plan import ChapterPlan, Utterance
from outputs.publish import publish
from outputs.remarks import Remark
from outputs.report import Account, Unheard, report_page, waveform_path
from outputs.tags import BookTags
from outputs.timeline import HeardSentence

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"
NAMES = ["001 - Down & up #1?.mp3", "002 - II.mp3", "003 - 100%.mp3"]
SENTENCES = ("Alice was “tired”.", "So was I.", "The Rabbit ran by.")


@pytest.fixture
def chapters(tracks: list[Track]) -> list[tuple[Track, Part, str]]:
    """Three chapters with two paragraphs each, and the MP3s beside the page."""
    places = (EpubPlace("a.xhtml", "p1", 0, 30), EpubPlace("a.xhtml", "p2", 0, 20))
    timeline = tuple(
        HeardSentence(18_000 + 4000 * n, 22_000 + 4000 * n, text, places[n // 2], 0, len(text), text)
        for n, text in enumerate(SENTENCES)
    )
    told = [
        replace(
            track,
            timeline=timeline,
            waveform=(0, 40, 100, 3),
            plan=ChapterPlan(
                tuple(
                    Utterance(f"{number:064x}", pause) for number, pause in enumerate((8400, 19_200, 8400))
                ),
                0,
                0,
            ),
        )
        for track in tracks
    ]
    return [(track, track.part("mp3"), name) for track, name in zip(told, NAMES, strict=True)]


@pytest.fixture
def page(book: Book, narration: Narration, chapters: list[tuple[Track, Part, str]]) -> Callable[..., bytes]:
    """The report of the book, or of another one."""

    def of(
        book: Book = book,
        chapters: list[tuple[Track, Part, str]] = chapters,
        titles: tuple[str, ...] = ("I", "II", "III"),
        account: Account = Account(),  # noqa: B008 - it is frozen
        cover: str | None = "cover.jpg",
    ) -> bytes:
        tags = BookTags.of(book, narration.narrator, narration.disclosure)
        return report_page(tags, narration, chapters, titles, account, cover=cover)

    return of


def parsed(page: bytes) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(page.decode())


def rows(page: bytes) -> list[lxml.html.HtmlElement]:
    return parsed(page).xpath("//tr[contains(@class, 'chapter')]")


def test_each_chapter_is_a_row_with_its_measurements_and_its_player(
    page: Callable[..., bytes], chapters: list[tuple[Track, Part, str]]
) -> None:
    found = rows(page())
    assert [unquote(row.get("data-src")) for row in found] == NAMES
    assert [unquote(row.xpath(".//td[contains(@class, 'title')]/a/@href")[0]) for row in found] == NAMES
    assert [row.get("data-start") for row in found] == ["0", "0", "0"]
    for row, (_, part, _) in zip(found, chapters, strict=True):
        assert float(row.get("data-length")) == pytest.approx(part.samples / 24_000, abs=1e-3)
        assert f"{part.lufs:.1f}" in row.text_content()
        assert f"{part.true_peak_dbtp:.1f}" in row.text_content()


def test_each_chapters_file_is_measured_in_full_and_judged_by_acx(
    page: Callable[..., bytes], chapters: list[tuple[Track, Part, str]]
) -> None:
    table = parsed(page()).xpath("//div[@class='wide']//tbody/tr")
    for row, (track, part, _) in zip(table, chapters, strict=True):
        number, lufs, lra, rms, floor, *_, acx = [cell.text_content() for cell in row.xpath("./td")]
        assert number == str(track.number)
        assert (lufs, lra) == (f"{part.lufs:.1f}", f"{part.range_lu:.1f}")
        assert (rms, floor) == (f"{part.rms_dbfs:.1f}", f"{part.noise_floor_dbfs:.1f}")
        assert "encoding mp3" in acx, "ACX takes a constant rate alone"


def test_in_one_file_chapters_and_sentences_are_where_they_are_heard_in_it(
    page: Callable[..., bytes], chapters: list[tuple[Track, Part, str]]
) -> None:
    bound = [(track, part, "Alice.m4b") for track, part, _ in chapters]
    document = page(chapters=bound)
    starts = [float(row.get("data-start")) for row in rows(document)]
    lengths = [part.samples / 24_000 for _, part, _ in chapters]
    assert starts == pytest.approx([0, lengths[0], lengths[0] + lengths[1]], abs=1e-3)
    links = parsed(document).xpath("//td[contains(@class, 'title')]/a/@href")
    assert links[0] == "Alice.m4b"
    assert links[1] == f"Alice.m4b#t={starts[1]:g}"
    second = parsed(document).xpath("//div[@id='t2']//span/@data-t")
    assert [float(at) for at in second] == pytest.approx(
        [starts[1] + (18_000 + 4000 * n) / 24_000 for n in range(3)], abs=1e-3
    )


def test_the_text_stands_in_its_paragraphs_a_sentence_to_a_span(page: Callable[..., bytes]) -> None:
    for number in (1, 2, 3):
        (text,) = parsed(page()).xpath(f"//div[@id='t{number}']")
        assert [
            [span.text_content() for span in paragraph.xpath("./span")] for paragraph in text.xpath("./p")
        ] == [list(SENTENCES[:2]), [SENTENCES[2]]]
        assert text.xpath("./p/@title") == ["a.xhtml#p1", "a.xhtml#p2"]
        assert text.get("lang") == "en-gb"


def test_words_of_a_document_never_become_markup(
    book: Book, page: Callable[..., bytes], chapters: list[tuple[Track, Part, str]]
) -> None:
    hostile = replace(book, title=HOSTILE, authors=(HOSTILE,), description=HOSTILE)
    told = [
        (
            replace(
                track,
                title=HOSTILE,
                parents=(HOSTILE,),
                timeline=tuple(replace(one, text=HOSTILE, written=HOSTILE) for one in track.timeline),
            ),
            part,
            HOSTILE.replace("/", "-"),
        )
        for track, part, _ in chapters
    ]
    account = Account(HOSTILE, (Remark(HOSTILE, 1, 2.0),), (Unheard(HOSTILE, HOSTILE, HOSTILE),))
    document = page(book=hostile, chapters=told, titles=(HOSTILE,) * 3, account=account)
    tree, harmless = parsed(document), parsed(page())
    for tag in ("script", "style", "img", "iframe", "object"):
        assert len(tree.findall(f".//{tag}")) == len(harmless.findall(f".//{tag}")), tag
    assert not tree.xpath("//@onerror")
    assert tree.xpath("//h1")[0].text_content() == HOSTILE
    assert {span.text_content() for span in tree.xpath("//div[@class='text']//span")} == {HOSTILE}
    assert tree.xpath("//tr/@data-title") == [HOSTILE] * 3
    assert tree.xpath("//script")[0].text_content() == harmless.xpath("//script")[0].text_content()


def test_the_page_asks_for_nothing_but_the_files_beside_it(page: Callable[..., bytes]) -> None:
    tree = parsed(page())
    for link in tree.xpath("//@src | //@href | //@data-src"):
        assert link.startswith(("#", "data:")) or unquote(link.partition("#")[0]) in {*NAMES, "cover.jpg"}, (
            link
        )
    style = tree.xpath("//style")[0].text_content()
    assert "url(" not in style
    assert "@import" not in style


def test_a_browser_runs_our_script_and_no_other(page: Callable[..., bytes]) -> None:
    document = page()
    (script,) = re.findall(r"<script>(.*?)</script>", document.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = parsed(document).xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_the_same_book_is_the_same_page(page: Callable[..., bytes]) -> None:
    assert page() == page()


def test_warnings_say_where_and_lead_there(page: Callable[..., bytes]) -> None:
    remarks = (Remark("The outline is broken"), Remark("Too long for its words", 2, 63.4), Remark("Gone", 9))
    document = page(account=Account(remarks=remarks))
    items = parsed(document).xpath("//section[@class='warnings']//li")
    assert [" ".join(item.text_content().split()) for item in items] == [
        "The outline is broken",
        "Chapter 2 at 1:03: Too long for its words",
        "Gone",
    ]
    (link,) = items[1].xpath("./a")
    assert (link.get("href"), link.get("data-chapter"), link.get("data-t")) == ("#c2", "1", "63.400")
    assert not parsed(page()).xpath("//section[@class='warnings']")


def test_what_is_not_heard_is_told_by_reason_with_its_place(page: Callable[..., bytes]) -> None:
    unheard = (
        Unheard("page number", "page 3", "3"),
        Unheard("table", "page 4", "x" * 5000),
        Unheard("page number", "page 4", "4"),
    )
    tree = parsed(page(account=Account(unheard=unheard)))
    groups = tree.xpath("//details[ul]")
    assert [" ".join(group.find("summary").text_content().split()) for group in groups] == [
        "Page number 2",
        "Table 1",
    ]
    pieces = [item.text_content().strip() for item in groups[0].xpath(".//li")]
    assert pieces == ["page 3: 3", "page 4: 4"]
    assert len(groups[1].xpath(".//li")[0].text_content()) < 300


def test_pauses_are_counted_by_length_but_not_the_tail(page: Callable[..., bytes]) -> None:
    cells = [
        [cell.text_content() for cell in row.xpath("./td")]
        for row in parsed(page()).xpath("//table[@class='plain']/tbody/tr")
    ]
    assert cells == [["0.35 s", "3", "0:01"], ["0.80 s", "3", "0:02"]]


@pytest.mark.parametrize("heights", [(), (0,), (100,), (0, 1, 2, 3, 99, 100, 0), tuple(range(101))])
def test_a_waveforms_bars_are_as_tall_as_they_should_be_and_in_the_middle(heights: tuple[int, ...]) -> None:
    x = y = 0.0
    bars: list[tuple[float, float, float]] = []
    for dx, dy, tall in re.findall(r"[mM]([\d.]+) ?(-?[\d.]+)v(\d+)", waveform_path(heights)):
        x, y = x + float(dx), y + float(dy)
        bars.append((x, y, float(tall)))
        y += float(tall)
    assert [bar[0] for bar in bars] == [number + 0.5 for number in range(len(heights))]
    assert [bar[2] for bar in bars] == [max(1, height) for height in heights]
    assert all(abs(top + tall / 2 - 50) <= 0.5 for _, top, tall in bars)


def test_a_waveform_of_800_bars_is_about_8_kilobytes() -> None:
    assert len(waveform_path([(number * 37) % 101 for number in range(800)])) < 9000


def test_a_ten_hour_book_is_a_page_that_a_phone_opens(
    page: Callable[..., bytes], chapters: list[tuple[Track, Part, str]]
) -> None:
    track, part, _ = chapters[0]
    sentence = track.timeline[0]
    text = "and so it went on from the one day to the next one, as if nothing had ever been otherwise. "
    timeline = tuple(
        replace(
            sentence,
            start_sample=100_000 * n,
            text=text,
            written=text,
            place=EpubPlace("a", f"p{n // 4}", 0, 9),
        )
        for n in range(175)
    )
    long = replace(track, timeline=timeline, waveform=tuple((n * 37) % 101 for n in range(800)))
    told = [(replace(long, number=n), part, f"{n:03d} - Chapter.mp3") for n in range(1, 41)]
    unheard = tuple(Unheard("note", "page 3", "word " * 60) for _ in range(1000))
    document = page(
        chapters=told, titles=tuple(f"Chapter {n}" for n in range(1, 41)), account=Account(unheard=unheard)
    )
    assert len(rows(document)) == 40
    assert len(document) < 2_500_000


def test_everything_that_can_be_used_says_what_it_does(page: Callable[..., bytes]) -> None:
    tree = parsed(page())
    for control in tree.xpath("//button | //input | //select"):
        assert control.get("aria-label"), lxml.html.tostring(control)
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(
        target[1:] in ids for target in tree.xpath("//a/@href | //use/@href") if target.startswith("#")
    )
    assert all(image.get("alt") for image in tree.xpath("//img"))


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_letters_are_told_from_their_background_by_day_and_by_night() -> None:
    style = files("outputs").joinpath("templates/report.css").read_text()
    schemes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in style.split("@media")[:2]]
    assert all(len(scheme) >= 11 for scheme in schemes)
    pairs = [(ink, paper) for ink in ("ink", "faint", "accent") for paper in ("paper", "card")]
    for scheme in schemes:
        for ink, paper in (*pairs, ("ink", "mark"), ("on-accent", "accent"), ("warn", "warn-paper")):
            dark, light = sorted((luminance(scheme[ink]), luminance(scheme[paper])))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper, scheme)


def test_every_format_has_its_report_and_only_changed_words_write_it_anew(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    formats = formats_named(["m4b", "mp3"])
    for one in publish(book, narration, tracks, formats, tmp_path, ffmpeg):
        row = rows((one.folder / "report.html").read_bytes())[0]
        assert unquote(row.get("data-src")) == one.audio[0].name
    account = Account(remarks=(Remark("Look out"),))
    again = publish(book, narration, tracks, formats, tmp_path, ffmpeg, account=account)
    assert [one.shelved.written for one in again] == [("report.html",)] * 2


def test_a_book_without_a_cover_gets_one_in_every_file_and_what_it_lacks_is_told(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    bare = replace(book, cover=None, title="Cat \U0010abcd")
    (mp3,) = publish(bare, narration, tracks, formats_named(["mp3"]), tmp_path, ffmpeg)
    drawn = (mp3.folder / "cover.png").read_bytes()
    assert all(drawn in path.read_bytes() for path in mp3.audio)
    assert [str(one) for one in mp3.remarks] == [
        "the cover was drawn without \U0010abcd: no font of this machine has them"
    ]
    assert "the cover was drawn without" in (mp3.folder / "report.html").read_text()
    assert parsed((mp3.folder / "report.html").read_bytes()).xpath("//header//img/@src") == ["cover.png"]
