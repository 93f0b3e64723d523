"""A shard of chunks into stored segments; what is in the store already is not spoken again."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from synth.chunks import Chunk
from tasks.failures import RETRIES, RETRY_DELAYS_S, SPEAK_LIMIT_S, worth_another_try
from tasks.job import Job
from tasks.progress import Spoken, tell
from tasks.speaking import Speaking


@task(
    task_run_name="speak part {number}",
    timeout_seconds=SPEAK_LIMIT_S,
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def speak_shard(job: Job, number: int, service: Speaking) -> float:
    """Speak what is missing of a shard; the return value is the seconds of audio that were made."""
    job.show_life()
    job.check_room()
    audio_s = service.speak(job.shard(number), tell_spoken, job.priority)
    get_run_logger().info("part %d: %.0f s of audio", number + 1, audio_s)
    return audio_s


def tell_spoken(chunk: Chunk, audio_s: float) -> None:
    """Tell the listener of one more segment."""
    tell(Spoken(len(chunk.phonemes), audio_s))
