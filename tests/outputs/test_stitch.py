import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outputs.plan import FRAME_SAMPLES, ChapterPlan, Utterance
from outputs.stitch import stitch
from outputs.store import SegmentFacts


def facts(name, start_sample, end_sample):
    key = hashlib.sha256(name.encode()).hexdigest()
    return SegmentFacts(
        key=key,
        samples=end_sample + 500,
        peak=0.5,
        offset=0.0,
        trim_start_sample=start_sample,
        trim_end_sample=end_sample,
        true_peak=0.5,
        energies=(),
        words=(),
        sha256=key,
        audio_bytes=0,
        doublings=0,
    )


def plan_of(segments, pauses, head=18_000, tail=48_000):
    utterances = tuple(Utterance(each.key, pause) for each, pause in zip(segments, pauses, strict=True))
    return ChapterPlan(utterances, head, tail)


def test_head_segments_pauses_and_tail_follow_one_another_to_the_sample():
    a, b = facts("a", 700, 10_700), facts("b", 0, 5001)
    timeline = stitch(plan_of([a, b], [9001, 77_777]), {each.key: each for each in (a, b)})
    first, second = timeline.cues
    assert (first.start_sample, first.end_sample, first.skipped_samples) == (18_000, 28_000, 700)
    assert (second.start_sample, second.end_sample, second.skipped_samples) == (37_001, 42_002, 0)
    # the last pause is replaced by the tail
    assert timeline.samples == 90_112
    assert 0 <= timeline.samples - (42_002 + 48_000) < FRAME_SAMPLES


def test_a_segment_may_be_heard_more_than_once():
    a = facts("a", 10, 1000)
    timeline = stitch(plan_of([a, a], [500, 0]), {a.key: a})
    assert [cue.start_sample for cue in timeline.cues] == [18_000, 18_000 + 990 + 500]


@given(
    lengths=st.lists(st.integers(0, 500_000), min_size=1, max_size=20),
    head=st.integers(0, 50_000),
    tail=st.integers(0, 100_000),
    pause=st.integers(0, 60_000),
)
def test_cues_never_overlap_and_the_chapter_is_whole_frames(lengths, head, tail, pause):
    segments = [facts(str(n), n, n + length) for n, length in enumerate(lengths)]
    plan = plan_of(segments, [pause] * len(segments), head, tail)
    timeline = stitch(plan, {each.key: each for each in segments})
    assert timeline.samples % FRAME_SAMPLES == 0
    assert [cue.end_sample - cue.start_sample for cue in timeline.cues] == lengths
    starts = np.array([cue.start_sample for cue in timeline.cues])
    ends = np.array([cue.end_sample for cue in timeline.cues])
    assert starts[0] == head
    assert (starts[1:] - ends[:-1] == pause).all()
    assert tail <= timeline.samples - ends[-1] < tail + FRAME_SAMPLES
