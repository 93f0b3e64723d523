"""Links to the next and the previous page, at the edges of a document, to passages that are not heard."""

from __future__ import annotations

import re
from dataclasses import replace

from inputs.book import SkipReason
from inputs.xhtml import ContentDocument, skipped

EDGE_PASSAGES = 3
EDGE_CHARACTERS = 80
_TURNER = re.compile(
    r"[\W_]*(?:next|prev(?:ious)?|back to|up|home|return to|(?:table of )?contents|top|suivante?"
    r"|précédente?|retour|sommaire|weiter|zurück|nächste[rs]?|vorherige[rs]?|inhalt|siguiente|anterior|volver)\b.*",
    re.I,
)


def without_page_turners(content: ContentDocument) -> ContentDocument:
    """Mark short linked lines at the document's edges that say where they lead: “Next topic: Vectors”."""
    passages = list(content.passages)
    last = len(passages) - EDGE_PASSAGES
    for index, passage in enumerate(passages):
        at_edge = index < EDGE_PASSAGES or index >= last
        text = passage.block.text
        if (
            at_edge
            and passage.linked_characters
            and passage.level is None
            and len(text) <= EDGE_CHARACTERS
            and _TURNER.fullmatch(text)
        ):
            passages[index] = skipped(passage, SkipReason.FURNITURE)
    return replace(content, passages=tuple(passages))
