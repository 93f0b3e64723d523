"""What can go wrong between text and sound, each with its code, its words and what to do."""

from __future__ import annotations


class SpeechError(Exception):
    """Text cannot be turned into sound; `str()` of it is one line for a person.

    code: short and stable, for programs. message: what is wrong. hint: what to do about it.
    """

    code = "speech"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"


class ChunkTooLong(SpeechError):
    """A chunk has more phonemes than the model's context holds."""

    code = "chunk-too-long"


class UnknownVoice(SpeechError):
    """No voice of that name; the hint lists near ones."""

    code = "unknown-voice"


class MissingLanguage(SpeechError):
    """The language is not spoken here, or needs an extra that is not installed."""

    code = "missing-language"


class UnknownPreference(SpeechError):
    """Something that cannot be chosen for reading, or a way of reading that does not exist."""

    code = "unknown-preference"


class BadLexicon(SpeechError):
    """A pronunciation lexicon that cannot be read, or an entry of it that cannot be spoken; names both."""

    code = "bad-lexicon"


class TaggerMissing(SpeechError):
    """The trained tagger of English could not be fetched or loaded; says from where and why."""

    code = "tagger-missing"


class WeightsMissing(SpeechError):
    """No weights of the model could be found or fetched; says what was looked for, where, and the command."""

    code = "weights-missing"


class WeightsDoNotFit(SpeechError):
    """A checkpoint or voice pack is not of the published form; names the first tensors that differ."""

    code = "weights-do-not-fit"


class DraftVoiceFailed(SpeechError):
    """The draft voice's library could not be started, or refused a text."""

    code = "draft-voice"


class BadCompute(SpeechError):
    """A device, precision or amount of memory that this machine does not have."""

    code = "bad-compute"


class ChunkDoesNotFit(SpeechError):
    """A chunk alone needs more memory than the model may take."""

    code = "chunk-does-not-fit"


class SpeakerLost(SpeechError):
    """The process that speaks for others ended, or cannot be reached; it may be back in a moment."""

    code = "speaker-lost"
