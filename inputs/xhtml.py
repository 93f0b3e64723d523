"""A content document's tree to passages: blocks with what chapter rules need to know about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html.entities import html5
from types import MappingProxyType

from lxml import etree

from inputs.alphabets import ipa_of
from inputs.book import Block, BlockKind, EpubPlace, Pronunciation, SkipReason
from inputs.markup import attribute, name_of, text_of
from inputs.wording import Piece, is_ornament, piece_bounds, word


@dataclass(frozen=True, slots=True)
class Passage:
    """A block and its standing in the document."""

    block: Block
    level: int | None  # 1-6 for a heading
    types: frozenset[str]  # epub:type and role of it and everything above it
    linked_characters: int  # how much of the text is inside links


def skipped(passage: Passage, reason: SkipReason) -> Passage:
    """The passage marked as not spoken, unless it is so already."""
    return replace(passage, block=skipped_block(passage.block, reason))


def skipped_block(block: Block, reason: SkipReason) -> Block:
    """The block marked as not spoken, unless it is so already."""
    if block.skip is not None or (block.kind is BlockKind.SEPARATOR and not block.text):
        return block
    return replace(block, skip=reason)


@dataclass(frozen=True, slots=True)
class ContentDocument:
    """One content document, read."""

    href: str
    title: str  # of <head>, may be empty
    passages: tuple[Passage, ...]
    anchors: dict[str, int]  # id -> index of the passage that it is in or before; may be len(passages)
    note_links: tuple[tuple[int, str], ...]  # (passage with a note mark, href that the mark leads to)
    unknown_alphabets: frozenset[str] = frozenset()  # of pronunciations that were left out


def read_content(
    root: etree._Element,
    href: str,
    language: str | None = None,
    reasons: Mapping[etree._Element, SkipReason] = MappingProxyType({}),
) -> ContentDocument:
    """Walk the tree once, front to back, without recursion; every text character ends up in one passage.

    root: the document's root element. href: its name inside the archive. language: the book's, BCP 47.
    reasons: elements that are not spoken for a reason that lies outside of them.
    """
    title = next((text_of(element) for element in root.iter() if name_of(element) == "title"), "")
    walk = _Walk(href, language, reasons, drawn=_is_drawn(root))
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start":
            if walk.enter(element):
                walker.skip_subtree()
        else:
            walk.leave(element)
    walk.flush()
    return ContentDocument(
        href,
        title,
        tuple(walk.passages),
        walk.anchors,
        tuple(walk.note_links),
        frozenset(walk.unknown_alphabets),
    )


_BLOCKS = frozenset(
    [
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
        "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li",
        "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td",
        "tfoot", "th", "thead", "tr", "ul", "deflist", "frameset", "noframes"
    ]
)  # fmt: skip
_UNSEEN = frozenset(["script", "style", "template", "head"])
_FALLBACK = frozenset(
    [
        "object", "canvas", "video", "audio", "iframe", "noscript", "case", "embed", "applet"
    ]
)  # fmt: skip
_CONTROLS = frozenset(["button", "datalist", "optgroup", "option", "select", "textarea"])
# What is in no list of entities; "AT&T;" is no entity.
_UNKNOWN_ENTITY = re.compile(r"((?<!\w)&[A-Za-z][\w.-]*;)")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PLAIN = frozenset(
    ["p", "div", "span", "em", "i", "b", "strong", "br", "u", "small", "cite", "q", "tr", "td", "tbody",
     "big", "ruby", "rb", "html", "body", "section", "ul", "ol", "hr", "font", "code", "abbr", "sub"]
)  # fmt: skip
_NONE: frozenset[str] = frozenset()
_TITLE_TYPES = frozenset(["title", "subtitle", "ordinal", "fulltitle", "halftitle"])
_BODY_BLOCK = 2  # <html> is the first block of a document, <body> or a stray <p> the second
_KINDS = {
    "li": BlockKind.LIST_ITEM,
    "dt": BlockKind.LIST_ITEM,
    "dd": BlockKind.LIST_ITEM,
    "blockquote": BlockKind.QUOTE,
    "figcaption": BlockKind.CAPTION,
    "caption": BlockKind.CAPTION,
}
NOTE_TYPES = frozenset(
    [
        "footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes", "note", "sidenote"
    ]
)  # fmt: skip
_VERSE_TYPES = frozenset(
    [
        "z3998:verse", "z3998:poem", "z3998:song", "z3998:hymn", "z3998:lyrics", "verse", "poem",
        "lyrics", "poetry"
    ]
)  # fmt: skip
_VERSE_CLASS = re.compile(r"(?<![a-z])(?:poem|poetry|verse|stanza|lyrics?|linegroup|hymn)(?!no|num)")
_HEADING_CLASS = re.compile(
    r"(?:^|[ _-])(?:chap(?:ter)?[_-]?(?:title|number|num|no|head|heading)|part[_-]?(?:title|number|num)"
    r"|subtitle|chaptertitle|section[_-]?title|heading)(?:$|[ _-]|\d)"
)
_BREAK_CLASS = re.compile(r"(?:scene|section|thought|text|space)[_-]?break|asterism|dinkus")
_PAGE_CLASS = re.compile(
    r"(?:^| )(?:page[_-]?(?:num(?:ber)?|no|break)?|pagenum\w*|pageno|lnum|linenum|verse-?num)(?: |$)"
)
_PAGE_MARK = re.compile(r"[\s\[({|]*(?:p(?:g|age)?\.?\s*)?[\divxlcdm]{0,7}[\s\])}|.]*", re.I)
_NOTE_MARK = re.compile(
    r"[\s\[({]*(?:\d{1,4}|[*†‡§¶#‖]{1,4}|[a-z]|[ivxlc]{1,6}|note\s*\d+|fn\s*\d+|\d{1,3}[a-z])[\s\])}.:]*",
    re.I,
)
_NOTE_HREF = re.compile(r"(?:fn|foot|note|_?ftn|endn|ref|n)[\w.-]*\d|footnote|endnote", re.I)
_BACK_LINK = re.compile(r"[\s\[(]*(?:[↩↑^⤴︎️⏎]+|return|back|go back)[\s\])]*", re.I)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_IMAGE_STUB = re.compile(r"\[(?:image unavailable|illustration|image)\.?\]", re.I)
VERSE_LINE_CHARACTERS = 70  # longer lines between <br/> are paragraphs, not verse
ALT_CHARACTERS = 25  # a shorter alternative text names a file or a decoration
HEADING_CHARACTERS = 200
PAGE_MARK_CHARACTERS = 14


@dataclass(frozen=True, slots=True, eq=False)
class _Sound:
    """The pronunciation that one element has for all of its text."""

    ipa: str


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds for the text directly inside an element."""

    kind: BlockKind = BlockKind.PARAGRAPH
    level: int | None = None
    reason: SkipReason | None = None
    language: str | None = None
    fragment: str | None = None
    types: frozenset[str] = frozenset()
    in_block: int = 0  # number of the innermost block element, 0 outside the root
    parent_block: int = 0
    linked: bool = False
    preformatted: bool = False
    alphabet: str = ""
    sound: _Sound | None = None


@dataclass(slots=True)
class _Draft:
    """A block that is being collected."""

    context: _Context
    pieces: list[Piece] = field(default_factory=list)
    sounds: dict[int, _Sound] = field(default_factory=dict)  # by piece
    linked_characters: int = 0
    anchors: list[str] = field(default_factory=list)
    late_anchors: list[str] = field(default_factory=list)  # seen after the last text
    images: list[str] = field(default_factory=list)
    note_links: list[str] = field(default_factory=list)


class _Walk:
    """State of one pass over a tree."""

    def __init__(
        self,
        href: str,
        language: str | None,
        reasons: Mapping[etree._Element, SkipReason],
        *,
        drawn: bool,
    ) -> None:
        self.passages: list[Passage] = []
        self.anchors: dict[str, int] = {}
        self.note_links: list[tuple[int, str]] = []
        self.unknown_alphabets: set[str] = set()
        self._href = href
        self._reasons = reasons
        self._drawn = drawn
        self._language = (language or "").lower()
        self._contexts = [_Context(language=self._language or None)]
        self._draft = _Draft(self._contexts[0])
        self._blocks = 0
        self._offset = 0  # characters of the document so far
        self._last_parent = -1  # the parent block of the last passage, when that was verse

    def enter(self, element: etree._Element) -> bool:
        """Take the element's own text; True when what is below it was taken too."""
        above = self._contexts[-1]
        name = name_of(element)
        if name in _UNSEEN or (name == "title" and above.in_block < _BODY_BLOCK):
            self._contexts.append(above)
            return True
        here, whole = self._context(element, name, above)
        if name in _BLOCKS:
            self.flush()
            self._draft = _Draft(here)
        self._contexts.append(here)
        for identifier in {element.get("id"), element.get("name") if name == "a" else None} - {None, ""}:
            self._anchor(str(identifier))
        if whole is not None:
            self._take_whole(element, name, here, whole)
            return True
        if name == "br":
            self._add("\n", here)
        elif name == "hr":
            self._emit(BlockKind.SEPARATOR, "", None)
        elif name in ("img", "image"):
            self._image(element, here)
        self._add_source(element.text, here)
        return False

    def leave(self, element: etree._Element) -> None:
        """Close the element and take the text behind it."""
        name = name_of(element)
        self._contexts.pop()
        if name in _BLOCKS:
            self.flush()
            self._draft = _Draft(self._contexts[-1])
        self._add_source(element.tail, self._contexts[-1])

    def flush(self) -> None:
        """Turn the collected draft into passages."""
        draft, self._draft = self._draft, _Draft(self._draft.context)
        for identifier in draft.anchors:
            self.anchors.setdefault(identifier, len(self.passages))
        if draft.pieces:
            self._emit_draft(draft)
        for identifier in draft.late_anchors:
            self.anchors.setdefault(identifier, len(self.passages))
        for alternative in draft.images:
            spoken = len(alternative) > ALT_CHARACTERS and not _IMAGE_STUB.fullmatch(alternative)
            reason = draft.context.reason or (None if spoken else SkipReason.IMAGE)
            self._emit(BlockKind.IMAGE_ALT, alternative, reason, context=draft.context, own_text=False)

    def _context(
        self, element: etree._Element, name: str, above: _Context
    ) -> tuple[_Context, SkipReason | None]:
        """The context inside the element, and a reason when the element is taken as one skipped whole."""
        if name in _BLOCKS:
            self._blocks += 1
            block, parent = self._blocks, above.in_block
        else:
            block, parent = above.in_block, above.parent_block
        if not element.attrib and name in _PLAIN and element not in self._reasons:
            if name not in _BLOCKS:
                return above, None
            return replace(above, in_block=block, parent_block=parent), None
        own = frozenset(attribute(element, "type").lower().split()) if name not in ("object", "ol") else _NONE
        role = (element.get("role") or "").lower().removeprefix("doc-")
        if role:
            own |= {role}
        classes = (element.get("class") or "").lower()
        kind, level = self._kind(above, element, name, own, classes)
        reason = (
            above.reason or self._reasons.get(element) or self._reason(element, name, own, classes, above)
        )
        alphabet = attribute(element, "alphabet") or above.alphabet
        here = _Context(
            kind=kind,
            level=level,
            reason=reason,
            language=_language(element) or above.language,
            fragment=element.get("id") or above.fragment,
            types=above.types | own if own else above.types,
            in_block=block,
            parent_block=parent,
            linked=above.linked or (name == "a" and element.get("href") is not None),
            preformatted=above.preformatted or name == "pre",
            alphabet=alphabet,
            sound=self._sound(attribute(element, "ph"), alphabet) or above.sound,
        )
        whole: SkipReason | None = None
        if name == "math":
            whole = SkipReason.FORMULA
        elif name == "svg":
            whole = SkipReason.IMAGE
        elif name == "table" and not _is_layout(element):
            whole = SkipReason.TABLE
        elif name == "pre" and here.kind is not BlockKind.VERSE:
            whole = SkipReason.CODE
        return here, whole

    def _sound(self, pronunciation: str, alphabet: str) -> _Sound | None:
        """What an element's ssml:ph stands for."""
        if not pronunciation.strip():
            return None
        ipa = ipa_of(pronunciation.strip(), alphabet)
        if ipa is None:
            self.unknown_alphabets.add(alphabet)
            return None
        return _Sound(ipa)

    def _kind(
        self, above: _Context, element: etree._Element, name: str, own: frozenset[str], classes: str
    ) -> tuple[BlockKind, int | None]:
        """The kind of the text inside an element, and the level of a heading."""
        level = _HEADINGS.get(name)
        if level is None and "heading" in own:
            stated = element.get("aria-level") or ""
            level = int(stated) if stated in "123456" and stated else 2
        if level is not None or name == "hgroup":
            return BlockKind.HEADING, level or above.level or 2
        if above.kind is BlockKind.HEADING or above.kind is BlockKind.NOTE:
            return above.kind, above.level
        if own & NOTE_TYPES:
            return BlockKind.NOTE, None
        if name in ("p", "div") and own & _TITLE_TYPES:
            return BlockKind.HEADING, above.level or 3
        if name in ("p", "div") and _HEADING_CLASS.search(classes) and _short_without_blocks(element):
            return BlockKind.HEADING, 3
        if own & _VERSE_TYPES or (name in _BLOCKS and name != "body" and _VERSE_CLASS.search(classes)):
            return BlockKind.VERSE, None
        if name in _KINDS and above.kind is not BlockKind.VERSE:
            return _KINDS[name], None
        return above.kind, above.level

    def _reason(
        self,
        element: etree._Element,
        name: str,
        own: frozenset[str],
        classes: str,
        above: _Context,
    ) -> SkipReason | None:
        """Why the text inside this element is not spoken, judged by the element alone."""
        if element.get("hidden") is not None and name not in ("nav",):
            return SkipReason.NOT_SHOWN
        if _HIDDEN_STYLE.search(element.get("style") or "") or name in _FALLBACK:
            return SkipReason.NOT_SHOWN
        if name in _CONTROLS:
            return SkipReason.FURNITURE
        if name in ("rt", "rp"):
            return SkipReason.READING_AID
        if own & NOTE_TYPES and above.kind is not BlockKind.HEADING:
            return SkipReason.NOTE
        if name == "nav":
            return SkipReason.CONTENTS
        if "pagebreak" in own or _PAGE_CLASS.search(classes):
            text = text_of(element)
            if len(text.strip()) <= PAGE_MARK_CHARACTERS and _PAGE_MARK.fullmatch(text):
                return SkipReason.PAGE_NUMBER
        if name in ("a", "sup", "span", "small"):
            return self._mark(element, name, own, classes)
        return None

    def _mark(
        self, element: etree._Element, name: str, own: frozenset[str], classes: str
    ) -> SkipReason | None:
        """A note mark is a link that reads like one: digits, daggers, a letter. Links of words are text."""
        link = element if name == "a" else None
        if name == "sup" and len(element) == 1 and name_of(element[0]) == "a":
            link = element[0]
        text = text_of(element)
        if "noteref" in own or "noteref" in classes or "footnote-ref" in classes:
            marked = bool(_NOTE_MARK.fullmatch(text))
        elif "backlink" in own:
            marked = True
        elif link is not None and "#" in (link.get("href") or ""):
            raised = name == "sup" or (len(element) == 1 and name_of(element[0]) == "sup")
            target = (link.get("href") or "").rpartition("#")[2]
            bracketed = text.strip()[:1] in ("[", "(", "*", "†", "‡")
            marked = bool(_BACK_LINK.fullmatch(text)) or (
                bool(_NOTE_MARK.fullmatch(text))
                and (raised or (bracketed and bool(_NOTE_HREF.search(target))))
            )
        else:
            marked = False
        if not marked:
            return None
        if link is not None and link.get("href") and not _BACK_LINK.fullmatch(text):
            self._draft.note_links.append(str(link.get("href")))
        return SkipReason.NOTE_MARK

    def _take_whole(self, element: etree._Element, name: str, here: _Context, why: SkipReason) -> None:
        """Tables, code, formulas and drawings are taken in one go, with the ids inside them."""
        for inner in element.iterdescendants():
            if isinstance(inner.tag, str) and inner.get("id"):
                self._anchor(str(inner.get("id")))
        if why is SkipReason.FORMULA:
            alternative = (element.get("alttext") or "").strip()
            if alternative:
                self._add(alternative + " ", here)
            self._draft.pieces.append((_spaced(element), here.reason or SkipReason.FORMULA))
        elif why is SkipReason.IMAGE and self._drawn:
            self._draft.pieces.append((_lines_drawn(element), here.reason))
        elif why is SkipReason.IMAGE:
            self._draft.pieces.append((_spaced(element), here.reason or SkipReason.IMAGE))
        elif why is SkipReason.TABLE:
            self._draft.pieces.clear()
            self._draft.sounds.clear()
            for caption in (child for child in element if name_of(child) == "caption"):
                self._emit(BlockKind.CAPTION, _shown(caption), here.reason or why, context=here)
            self._emit(BlockKind.TABLE, _table(element), here.reason or why, context=here, keep_lines=True)
        else:
            self._emit(BlockKind.CODE, _shown(element), here.reason or why, context=here, keep_lines=True)

    def _image(self, element: etree._Element, here: _Context) -> None:
        alternative = " ".join((element.get("alt") or "").split())
        if len(alternative) == 1 and alternative.isalpha() and (element.tail or "")[:1].islower():
            self._add(alternative, here)  # a drawn initial: its letter begins the word behind it
        elif alternative:
            self._draft.images.append(alternative)

    def _anchor(self, identifier: str) -> None:
        target = self._draft.late_anchors if _has_text(self._draft.pieces) else self._draft.anchors
        target.append(identifier)

    def _add_source(self, text: str | None, here: _Context) -> None:
        """Text as it stands in the file, where a line end is only a space."""
        if text:
            if here.kind is not BlockKind.VERSE or not here.preformatted:
                text = re.sub(r"[\r\n\x85\u2028\u2029]+", " ", text)
            for piece in _UNKNOWN_ENTITY.split(text) if "&" in text else (text,):
                unknown = _UNKNOWN_ENTITY.fullmatch(piece) and piece[1:] not in html5
                self._add(
                    piece, replace(here, reason=here.reason or SkipReason.UNREADABLE) if unknown else here
                )

    def _add(self, text: str, here: _Context) -> None:
        if here.sound is not None:
            self._draft.sounds[len(self._draft.pieces)] = here.sound
        self._draft.pieces.append((text, here.reason))
        if text.strip():
            if self._draft.late_anchors:  # the anchor turned out to be inside the block
                self._draft.anchors += self._draft.late_anchors
                self._draft.late_anchors = []
            if here.linked:
                self._draft.linked_characters += len(text.strip())

    def _emit_draft(self, draft: _Draft) -> None:
        context, kind = draft.context, draft.context.kind
        lines = "".join(text for text, _ in draft.pieces).strip().split("\n")
        filled = [line.strip() for line in lines if line.strip()]
        if kind in (BlockKind.PARAGRAPH, BlockKind.QUOTE) and _reads_as_verse(filled):
            kind = BlockKind.VERSE
        text, reason, skips = word(draft.pieces, keep_lines=kind is BlockKind.VERSE)
        if not text.strip():
            return
        if is_ornament(text) and kind not in (BlockKind.TABLE, BlockKind.CODE, BlockKind.HEADING):
            kind, reason, skips = BlockKind.SEPARATOR, reason or SkipReason.ORNAMENT, ()
        elif _IMAGE_STUB.fullmatch(text):
            kind, reason, skips = BlockKind.IMAGE_ALT, SkipReason.IMAGE, ()
        elif kind is BlockKind.HEADING and len(text) > HEADING_CHARACTERS:
            kind = BlockKind.PARAGRAPH  # a whole paragraph set as a heading
        level = context.level if kind is BlockKind.HEADING else None
        sounds = _pronunciations(draft, text, keep_lines=kind is BlockKind.VERSE) if draft.sounds else ()
        language = self._own_language(context)
        block = Block(kind, text, self._place(context, text), reason, skips, language, sounds)
        merged = self._merged_verse(block, context)
        if merged is not None:
            last = self.passages[-1]
            linked = last.linked_characters + draft.linked_characters
            self.passages[-1] = replace(last, block=merged, linked_characters=linked)
        else:
            self.passages.append(Passage(block, level, context.types, draft.linked_characters))
        self.note_links += [(len(self.passages) - 1, href) for href in draft.note_links]
        self._last_parent = context.parent_block if kind is BlockKind.VERSE else -1

    def _merged_verse(self, block: Block, context: _Context) -> Block | None:
        """Lines that are elements of their own, side by side, are one stanza."""
        last = self.passages[-1].block if self.passages else None
        if (
            last is None
            or block.kind is not BlockKind.VERSE
            or last.kind is not BlockKind.VERSE
            or self._last_parent != context.parent_block
            or "\n" in block.text
            or len(block.text) > VERSE_LINE_CHARACTERS
            or last.skip is not None
            or block.skip is not None
            or last.language != block.language
        ):
            return None
        shift = len(last.text) + 1
        skips = tuple(replace(skip, start=skip.start + shift, end=skip.end + shift) for skip in block.skips)
        sounds = tuple(
            replace(one, start=one.start + shift, end=one.end + shift) for one in block.pronunciations
        )
        place = last.place
        if isinstance(place, EpubPlace):
            place = replace(place, end=self._offset - 1)
        return replace(
            last,
            text=f"{last.text}\n{block.text}",
            skips=last.skips + skips,
            place=place,
            pronunciations=last.pronunciations + sounds,
        )

    def _emit(
        self,
        kind: BlockKind,
        raw: str,
        reason: SkipReason | None,
        *,
        context: _Context | None = None,
        keep_lines: bool = False,
        own_text: bool = True,
    ) -> None:
        here = context or self._contexts[-1]
        for identifier in self._draft.anchors + self._draft.late_anchors:
            self.anchors.setdefault(identifier, len(self.passages))
        self._draft.anchors, self._draft.late_anchors = [], []
        text, _, _ = word([(raw, None)], keep_lines=keep_lines)
        if not text.strip() and kind is not BlockKind.SEPARATOR:
            return
        place = self._place(here, text if own_text else "")
        block = Block(kind, text, place, reason, (), self._own_language(here))
        self.passages.append(Passage(block, None, here.types, 0))
        self._last_parent = -1

    def _place(self, context: _Context, text: str) -> EpubPlace:
        start = self._offset
        self._offset += len(text) + 1
        return EpubPlace(self._href, context.fragment, start, start + len(text))

    def _own_language(self, context: _Context) -> str | None:
        """The block's language where it differs from the book's; "en-gb" in an "en" book does not."""
        if not context.language or context.language in ("und", "zxx", "mul"):
            return None
        same = context.language.split("-")[0] == self._language.split("-")[0]
        return None if same else context.language


def _is_drawn(root: etree._Element) -> bool:
    """A page of a fixed layout: all of its text is in drawings, which are no pictures then."""
    walker = etree.iterwalk(root, events=("start", "end"))
    drawings = 0
    for event, element in walker:
        if event == "start" and name_of(element) in ("svg", *_UNSEEN):
            drawings += name_of(element) == "svg"
            walker.skip_subtree()
            continue
        text = element.text if event == "start" else element.tail
        if text and not text.isspace() and element is not root:
            return False
    return drawings > 0


def _lines_drawn(drawing: etree._Element) -> str:
    """The text of a drawing; what is placed by itself is a word or a line by itself."""
    parts: list[str] = []
    walker = etree.iterwalk(drawing, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            parts.append(" " if name_of(element) == "text" else "")
            parts.append((element.tail or "") if element is not drawing else "")
        elif name_of(element) in _UNSEEN:
            walker.skip_subtree()
        else:
            parts.append(" " if element.get("y") or element.get("dy") else "")
            parts.append(element.text or "")
    return re.sub(r"\s+", " ", "".join(parts))


def _language(element: etree._Element) -> str:
    stated = element.get("{http://www.w3.org/XML/1998/namespace}lang") or element.get("lang") or ""
    return stated.strip().lower().replace("_", "-")


def _pronunciations(draft: _Draft, text: str, *, keep_lines: bool) -> tuple[Pronunciation, ...]:
    """Where the draft's pronunciations are in its text, white space around them left out."""
    bounds = piece_bounds(draft.pieces, keep_lines=keep_lines)
    spans: dict[_Sound, tuple[int, int]] = {}
    for number, sound in draft.sounds.items():
        start, end = bounds[number]
        first, last = spans.get(sound, (start, end))
        if start < end:
            spans[sound] = (first if first < last else start, end)
    found: list[Pronunciation] = []
    for sound, (start, end) in spans.items():
        said = text[start:end]
        start, end = start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())
        if start < end and (not found or found[-1].end <= start):
            found.append(Pronunciation(start, end, sound.ipa))
    return tuple(found)


def _has_text(pieces: list[Piece]) -> bool:
    return any(text.strip() for text, _ in pieces)


def _spaced(element: etree._Element) -> str:
    return re.sub(r"\s+", " ", _shown(element))


def _shown(element: etree._Element) -> str:
    """The text below an element, scripts and styles left out."""
    parts: list[str] = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, inner in walker:
        if event == "end":
            parts.append((inner.tail or "") if inner is not element else "")
        elif name_of(inner) in _UNSEEN:
            walker.skip_subtree()
        else:
            parts.append(inner.text or "")
    return "".join(parts)


def _reads_as_verse(lines: list[str]) -> bool:
    return len(lines) >= 3 and max(map(len, lines)) <= VERSE_LINE_CHARACTERS


def _short_without_blocks(element: etree._Element) -> bool:
    inner_blocks = any(name_of(inner) in _BLOCKS for inner in element.iterdescendants())
    return not inner_blocks and len(text_of(element)) <= HEADING_CHARACTERS


def _is_layout(table: etree._Element) -> bool:
    """A table that only places prose on the page: one column, or cells as long as paragraphs."""
    if (table.get("role") or "") in ("presentation", "none"):
        return True
    widths: list[int] = []
    lengths: list[int] = []
    for row in table.iter():
        if name_of(row) == "tr":
            cells = [cell for cell in row if name_of(cell) in ("td", "th")]
            filled = [len(text_of(cell).strip()) for cell in cells if text_of(cell).strip()]
            widths.append(len(filled))
            lengths += filled
    if not lengths:
        return True
    return max(widths) <= 1 or sum(lengths) / len(lengths) > 200


def _table(table: etree._Element) -> str:
    """Rows on lines, cells between bars; text outside of cells is kept too, as a row."""
    row: list[str] = []
    rows = [row]
    walker = etree.iterwalk(table, events=("start", "end"))
    depth = 0  # of cells: a table inside a cell is part of that cell's text
    for event, element in walker:
        name = name_of(element)
        if event == "start":
            if (name == "caption" and depth == 0) or name in _UNSEEN:
                walker.skip_subtree()
                continue
            if name == "tr" and depth == 0:
                rows.append(row := [])
            if name in ("td", "th"):
                depth += 1
                if depth == 1:
                    row.append("")
            _append(row, element.text)
        else:
            if name in ("td", "th"):
                depth -= 1
            if element is not table:
                _append(row, element.tail)
    return "\n".join(" | ".join(" ".join(cell.split()) for cell in cells) for cells in rows if any(cells))


def _append(row: list[str], text: str | None) -> None:
    if text:
        if row:
            row[-1] += text
        elif text.strip():
            row.append(text)
