"""Bytes of a text file to its characters."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

from charset_normalizer import from_bytes

from inputs.book import ReadingWarning

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Detection looks at this much from the text's beginning; more takes seconds and tells no more.
_SAMPLE_BYTES = 64 * 2**10
_REPLACEMENT = "\ufffd"
_NOT_UTF_8 = re.compile("[\udc80-\udcff]+")  # as "surrogateescape" has them
# Of what is beyond ASCII, in UTF-8 with some damage. In other encodings it is below a half: what begins a
# sequence in UTF-8 is seldom followed by what continues it.
_VALID_SHARE = 0.9
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and what is to be known of how it was read."""

    text: str
    warnings: tuple[ReadingWarning, ...] = ()


def decoded(data: bytes) -> Decoded | None:
    r"""The text by its byte order mark, else as UTF-8, else by its bytes' statistics; None if it is no text.

    Line ends become "\n". What cannot be read, control characters of printers and old systems among it,
    becomes the replacement character (U+FFFD), which is listed as left out where the text is spoken.
    """
    found = _decoded(data)
    if found is None:
        return None
    controls = len(_NOT_TEXT.findall(found.text[:_SAMPLE_BYTES]))
    if controls > 0.01 * min(len(found.text), _SAMPLE_BYTES) + 1:
        return None
    text = _NOT_TEXT.sub(_REPLACEMENT, found.text).replace("\r\n", "\n").replace("\r", "\n")
    return replace(found, text=text)


def _decoded(data: bytes) -> Decoded | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding, "replace"))
    for encoding in _wide(data):
        return Decoded(data.decode(encoding, "replace"))
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    text = damaged_utf_8(data)
    if text is not None:
        message = "a few bytes are not the UTF-8 that the rest of the file is; they are not spoken"
        return Decoded(text, (ReadingWarning("damaged-text", message),))
    found = from_bytes(_sample(data)).best()
    return Decoded(data.decode(found.encoding, "replace")) if found is not None else None


def damaged_utf_8(data: bytes) -> str | None:
    """UTF-8 with a few bytes that are not, which U+FFFD stands for; None for any other encoding."""
    text = data.decode("utf-8", "surrogateescape")
    damages = len(_NOT_UTF_8.findall(text))
    whole = sum(not character.isascii() for character in _NOT_UTF_8.sub("", text))
    return _NOT_UTF_8.sub(_REPLACEMENT, text) if whole >= _VALID_SHARE * (whole + damages) > 0 else None


def _wide(data: bytes) -> list[str]:
    """UTF-16 without a mark: every other byte of Western text is 0."""
    head = data[:4096]
    if len(head) < 4 or head.count(0) < 0.3 * len(head):
        return []
    odd, even = head[1::2].count(0), head[::2].count(0)
    return ["utf-16-le"] if odd > 4 * even else ["utf-16-be"] if even > 4 * odd else []


def _sample(data: bytes) -> bytes:
    """Lines with bytes beyond ASCII, which alone tell encodings apart, with some of what is around them."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    telling = b"\n".join(line for line in data.split(b"\n") if not line.isascii())
    return telling[:_SAMPLE_BYTES]
