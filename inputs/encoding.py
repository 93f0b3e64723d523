"""Bytes of a text file to its characters."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Detection looks at this much from the text's beginning; more takes seconds and tells no more.
_SAMPLE_BYTES = 64 * 2**10
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")


def decoded(data: bytes) -> str | None:
    r"""The text by its byte order mark, else as UTF-8, else by its bytes' statistics; None if it is no text.

    Line ends become "\n", and control characters of printers and old systems are left out.
    """
    text = _decoded(data)
    if text is None:
        return None
    controls = len(_NOT_TEXT.findall(text[:_SAMPLE_BYTES]))
    if controls > 0.01 * min(len(text), _SAMPLE_BYTES) + 1:
        return None
    return _NOT_TEXT.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    for encoding in _wide(data):
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    found = from_bytes(_sample(data)).best()
    return data.decode(found.encoding, "replace") if found is not None else None


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
