"""Laws of front, body and back matter."""

from __future__ import annotations

from inputs import matter
from inputs.book import Matter, SkipReason


def test_of_several_types_the_one_that_is_listed_first_decides() -> None:
    """A set's order changes from run to run; what is heard must not."""
    for kinds in (("toc", "glossary"), ("colophon", "glossary"), ("cover", "chapter"), ("index", "appendix")):
        assert matter.by_types(frozenset(kinds)) == matter.by_types(frozenset([kinds[0]]))


def test_a_colophon_at_the_back_is_not_spoken() -> None:
    standing = matter.by_types(frozenset(["backmatter", "colophon"]))
    assert standing is not None
    assert (standing.matter, standing.skip) == (Matter.BACK, SkipReason.BACK_MATTER)
