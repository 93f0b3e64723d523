"""A shard of chunks into stored segments; what is in the store already is not spoken again."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from outputs.store import SegmentStore
from synth.chunks import Chunk
from synth.speaker import Speaker
from tasks.failures import RETRIES, RETRY_DELAYS_S, worth_another_try
from tasks.job import Job
from tasks.progress import Spoken, tell


@task(
    task_run_name="speak part {number}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def speak_shard(job: Job, number: int, speaker: Speaker, store: SegmentStore) -> float:
    """Speak what is missing of a shard; the return value is the seconds of audio that were made."""
    audio_s = speak_missing(job.shard(number), speaker, store)
    get_run_logger().info("part %d: %.0f s of audio", number + 1, audio_s)
    return audio_s


def speak_missing(chunks: tuple[Chunk, ...], speaker: Speaker, store: SegmentStore) -> float:
    """Put the segments of those chunks that are not in the store into it, each as soon as it is spoken."""
    by_key = {speaker.key(chunk): chunk for chunk in chunks}
    missing = [by_key[key] for key in store.missing(by_key)]
    audio_s = 0.0
    for chunk, segment in zip(missing, speaker.speak(missing), strict=True):
        store.put(segment)
        audio_s += segment.duration_s
        tell(Spoken(len(chunk.phonemes), segment.duration_s))
    return audio_s
