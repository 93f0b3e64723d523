"""The text of a file with a lexicon into the same with a word more or less; comments and order stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from synth.errors import BadLexicon
from synth.lexicon import Entry, Lexicon, entry_of, is_same_word, lexicon_of

_TABLE: Final = "lexicon"
_LANGUAGES: Final = "language"  # the table of tables, unless it has a pronunciation: then it is a word


def lexicon_in(text: str, source: Path) -> Lexicon:
    """The lexicon in a text that may hold other tables too: a lexicon file, or a book.toml.

    source: the file, for errors.

    Raises:
        BadLexicon: the text is not TOML, or what is in its [lexicon] is no lexicon.
    """
    return lexicon_of(_table(_parsed(text, source), source).unwrap(), source)


def with_entry(text: str, entry: Entry, source: Path) -> str:
    """The text with an entry; the same word of the same language and case is replaced where it stands.

    Raises:
        BadLexicon: as `lexicon_in` has it; or its spelling is taken by an entry for other cases or languages.
    """
    lexicon_in(text, source)
    document = _parsed(text, source)
    table = _table(document, source)
    if _TABLE not in document:
        if text.strip():
            document.add(tomlkit.nl())
        document.add(_TABLE, table)
    for inside, key, old, language in _entries(table, source):
        if old.identity == entry.identity:
            inside[key] = _value(entry, language)
            break
    else:
        languages = table[_LANGUAGES] if _has_languages(table) else {}
        own = entry.language if entry.language in list(languages) else None
        there = languages[own] if own else table
        there.append(_free_key(there, entry, source), _value(entry, own))
    return document.as_string()


def without_word(text: str, word: str, language: str | None, source: Path) -> tuple[str, tuple[Entry, ...]]:
    """The text without a word, and the entries that are gone.

    language: of the entries that go; None: all of that word.

    Raises:
        BadLexicon: as `lexicon_in` has it.
    """
    lexicon_in(text, source)
    document = _parsed(text, source)
    gone = [
        found
        for found in _entries(_table(document, source), source)
        if is_same_word(found[2].word, word) and language in (None, found[2].language)
    ]
    for inside, key, _, _ in gone:
        del inside[key]
    return document.as_string(), tuple(entry for _, _, entry, _ in gone)


def _parsed(text: str, source: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise BadLexicon(f"{source} is not TOML: {error}", 'Write lines such as word = "/wɝd/"') from error


def _table(document: tomlkit.TOMLDocument, source: Path) -> Any:
    table = document.get(_TABLE, tomlkit.table())
    if not isinstance(table, dict):
        raise BadLexicon(
            f"{source}: “lexicon” is no table", "Begin the list of words with the line [lexicon]"
        )
    return table


def _entries(table: Any, source: Path) -> Iterator[tuple[Any, str, Entry, str | None]]:
    """Each entry with the table that it stands in, its key there and the language that this table is of."""
    for key, value in table.items():
        if key == _LANGUAGES and _has_languages(table):
            for language, words in value.items():
                for word, said in words.items():
                    yield words, word, entry_of(word, said.unwrap(), source, language), language
        else:
            yield table, key, entry_of(key, value.unwrap(), source, None), None


def _free_key(table: Any, entry: Entry, source: Path) -> str:
    """A spelling of the entry's word that stands for nothing else in a table; TOML has each key once."""
    word = entry.word
    spellings = [word] if entry.case_matters else [word, word.lower(), word.capitalize(), word.upper()]
    for spelling in spellings:
        if spelling not in table and is_same_word(spelling, word):
            return spelling
    raise BadLexicon(
        f"{source}: “{word}” is there already, for other cases or languages", "Remove that entry first"
    )


def _has_languages(table: Any) -> bool:
    there = table.get(_LANGUAGES)
    return isinstance(there, dict) and "say" not in there


def _value(entry: Entry, language: str | None) -> Any:
    """What stands behind a word in a table of this language."""
    more = {
        **({"case": True} if entry.case_matters else {}),
        **({"language": entry.language} if entry.language != language else {}),
    }
    if not more:
        return tomlkit.string(entry.said)
    value = tomlkit.inline_table()
    value.update({"say": entry.said, **more})
    return value
