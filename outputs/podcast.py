"""A folder of MP3s into a podcast's RSS feed, one chapter an episode."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID, uuid5

from lxml import etree

from inputs.book import Book
from outputs.audio_file import AudioFile
from outputs.chapters_json import MEDIA_TYPE as CHAPTERS_TYPE
from outputs.tags import MADE_WITH, BookTags
from synth.audio import SAMPLE_RATE_HZ

FEED_NAME: Final = "feed.xml"
FEED_VERSION: Final = 1  # raise it when the same book would have another feed
_ITUNES: Final = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_PODCAST: Final = "https://podcastindex.org/namespace/1.0"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_PODCAST_GUIDS: Final = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")  # podcast:guid's own name space
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_BEGINNING: Final = date(2000, 1, 1)  # of books that state no day, or one before there were feeds


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a book's feed and its files are found.

    folder_url: of the book's folder, with a slash at its end. cover: the name of its file.
    """

    folder_url: str
    cover: str | None

    def url(self, name: str) -> str:
        """The address of a file of the folder."""
        return self.folder_url + quote(name)


def folder_url(base_url: str, folder: Sequence[str]) -> str:
    """The address of a folder below the library's."""
    return "/".join([base_url.rstrip("/"), *map(quote, folder), ""])


def feed_xml(
    book: Book, tags: BookTags, files: Sequence[AudioFile], sizes: Mapping[str, int], feed: Feed
) -> bytes:
    """RSS 2.0 with what Apple's directory and Podcasting 2.0 apps read.

    sizes: bytes of each audio file, by name. Chapters come out a minute apart, so that apps which sort by
    time have them in order; the first is from the day that the document states.
    """
    rss = etree.Element(
        "rss", {"version": "2.0"}, nsmap={"itunes": _ITUNES, "podcast": _PODCAST, "atom": _ATOM}
    )
    channel = etree.SubElement(rss, "channel")
    address = feed.url(FEED_NAME)
    etree.SubElement(
        channel, f"{{{_ATOM}}}link", {"href": address, "rel": "self", "type": "application/rss+xml"}
    )
    _say(channel, "title", tags.title)
    _say(channel, "link", feed.folder_url)
    _say(channel, "description", "\n".join(filter(None, (tags.description, tags.disclosure))))
    _say(channel, "language", tags.language)
    _say(channel, "generator", MADE_WITH)
    _say(channel, f"{{{_ITUNES}}}author", tags.author)
    _say(channel, f"{{{_ITUNES}}}type", "serial")
    _say(channel, f"{{{_ITUNES}}}explicit", "false")
    etree.SubElement(
        etree.SubElement(channel, f"{{{_ITUNES}}}category", {"text": "Arts"}),
        f"{{{_ITUNES}}}category",
        {"text": "Books"},
    )
    if feed.cover:
        etree.SubElement(channel, f"{{{_ITUNES}}}image", {"href": feed.url(feed.cover)})
    guid = uuid5(_PODCAST_GUIDS, address.partition("://")[2].rstrip("/"))
    _say(channel, f"{{{_PODCAST}}}guid", str(guid))
    _say(channel, f"{{{_PODCAST}}}medium", "audiobook")
    first = datetime.combine(_day(tags.published), time(), UTC)
    for file in files:
        item = etree.SubElement(channel, "item")
        _say(item, "title", file.title)
        etree.SubElement(
            item,
            "enclosure",
            {"url": feed.url(file.name), "length": str(sizes[file.name]), "type": "audio/mpeg"},
        )
        number = file.tracks[0].number
        _say(item, "guid", f"{book.sha256}-{number}").set("isPermaLink", "false")
        _say(item, "pubDate", format_datetime(first + timedelta(minutes=number)))
        _say(item, f"{{{_ITUNES}}}episode", str(number))
        _say(item, f"{{{_ITUNES}}}duration", str(round(file.samples / SAMPLE_RATE_HZ)))
        _say(item, f"{{{_ITUNES}}}explicit", "false")
        transcript = {"url": feed.url(file.beside(".vtt")), "type": "text/vtt", "language": tags.language}
        etree.SubElement(item, f"{{{_PODCAST}}}transcript", transcript)
        chapters = {"url": feed.url(file.beside(".chapters.json")), "type": CHAPTERS_TYPE}
        etree.SubElement(item, f"{{{_PODCAST}}}chapters", chapters)
    return etree.tostring(rss, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _say(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = _NOT_IN_XML.sub("", text)
    return element


def _day(published: str | None) -> date:
    """The day that a document states, if it is a whole one after the beginning."""
    try:
        return max(date.fromisoformat(published or ""), _BEGINNING)
    except ValueError:
        return _BEGINNING
