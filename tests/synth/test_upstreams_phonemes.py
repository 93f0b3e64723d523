"""English phonemes against misaki's own, and against those that upstream's code gave for a real text.

The second kind needs data that is not part of the repository: a folder, named in BINDERY_FIELD, that has
`kokoro/golden_phonemes/corpus_alice_ch1.txt` and `.chunks.jsonl`, upstream's phonemes of each line in chunks.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from synth.chunks import Line, pack
from synth.phonemes import phonemizer
from synth.script import Pause
from synth.trained_tagger import find_tagger
from synth.vocabulary import MAX_PHONEMES

COMPONENT: Final = "tests_given_tags"
GOLDEN: Final = Path(os.environ.get("BINDERY_FIELD", "nowhere")) / "kokoro" / "golden_phonemes"
LINES_BY_RULE_OF_THUMB: Final = 64  # of 65, as measured; with the trained tagger all of them

# Penn tags that a perfect tagger would give the words of these sentences of ours.
TAGGED: Final = (
    "He/PRP read/VBD it/PRP close/RB to/IN the/DT wind/NN -/HYPH blown/VBN door/NN ./.",
    "They/PRP use/VBP no/DT excuse/NN to/TO refuse/VB the/DT refuse/NN ,/, Ann/NNP said/VBD ./.",
    "“/`` I/PRP object/VBP to/IN that/DT object/NN ;/: that/DT is/VBZ no/DT use/NN ./. ”/''",
    "She/PRP had/VBD read/VBN that/IN tears/NNS tear/VBP ;/: the/DT records/NNS record/VBP it/PRP ./.",
    "Once/RB we/PRP used/VBD to/TO wind/VB 21/CD clocks/NNS —/: a/DT close/JJ thing/NN !/.",
)


def _with_given_tags(doc: Doc) -> Doc:
    for sentence in TAGGED:
        tagged = [token.rsplit("/", 1) for token in sentence.split()]
        if [word for word, _ in tagged] == [token.text for token in doc]:
            for token, (_, tag) in zip(doc, tagged, strict=True):
                token.tag_ = tag
            return doc
    raise AssertionError(f"spaCy cuts it otherwise: {[token.text for token in doc]}")


Language.component(COMPONENT, func=_with_given_tags)


def _text(tagged: str) -> str:
    words = " ".join(token.rsplit("/", 1)[0] for token in tagged.split())
    return re.sub(r" (?=[.,;!”])|(?<=“) |(?<=-) | (?=-)", "", words)


@pytest.mark.parametrize("language", ["en-us", "en-gb"])
def test_with_right_tags_phonemes_are_those_of_misaki_itself(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from misaki import en, espeak

    pipeline = spacy.blank("en")
    pipeline.add_pipe(COMPONENT, name="tagger")
    pipeline.to_disk(tmp_path / "tagger")
    ours = phonemizer(language, str(tmp_path / "tagger"))
    monkeypatch.setattr("spacy.util.is_package", lambda _: True)
    monkeypatch.setattr("spacy.load", lambda *_, **__: pipeline)
    british = language == "en-gb"
    upstream = en.G2P(british=british, fallback=espeak.EspeakFallback(british=british))
    for tagged in TAGGED:
        assert ours(_text(tagged)).phonemes == upstream(_text(tagged))[0]
    assert " ɹˈɛd " in ours(_text(TAGGED[0])).phonemes


@pytest.fixture(scope="module")
def golden() -> list[tuple[str, list[str]]]:
    """Each line of the text with upstream's chunks of it."""
    if not GOLDEN.is_dir():
        pytest.skip("BINDERY_FIELD names no folder with kokoro/golden_phonemes")
    chunks: defaultdict[int, list[str]] = defaultdict(list)
    for row in map(json.loads, (GOLDEN / "corpus_alice_ch1.chunks.jsonl").read_text("utf-8").splitlines()):
        chunks[row["line"]].append(row["phonemes"])
    lines = (GOLDEN / "corpus_alice_ch1.txt").read_text("utf-8").splitlines()
    return [(line, chunks[number]) for number, line in enumerate(lines)]


def test_a_real_text_is_said_as_upstream_says_it(golden: list[tuple[str, list[str]]]) -> None:
    tagger = find_tagger()
    say = phonemizer("en-us", tagger)
    equal = sum(say(line).phonemes == " ".join(chunks) for line, chunks in golden)
    assert equal >= (len(golden) if tagger else LINES_BY_RULE_OF_THUMB)


def test_chunks_of_a_real_text_have_all_that_upstreams_have(golden: list[tuple[str, list[str]]]) -> None:
    say = phonemizer("en-us", find_tagger())
    for line, chunks in golden:
        said = say(line)
        packed = list(pack([Line(0, 0, said, Pause.PARAGRAPH)], "af_heart", 1.0, "en-us"))
        assert " ".join(chunk.phonemes for chunk in packed) == said.phonemes
        assert max(len(chunk.utterance) for chunk in packed) <= MAX_PHONEMES
        if len(chunks) == 1 and len(said.phonemes) <= 400:
            assert len(packed) == 1
