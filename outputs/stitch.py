"""A chapter's plan into the place of each of its segments, exact to the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from outputs.plan import FRAME_SAMPLES, ChapterPlan, Cue
from outputs.store import SegmentFacts


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where a chapter's segments are heard; what no cue covers is digital silence."""

    cues: tuple[Cue, ...]  # one per utterance, in order, not overlapping
    samples: int  # of the whole chapter; a multiple of FRAME_SAMPLES


def stitch(plan: ChapterPlan, facts: Mapping[str, SegmentFacts]) -> Timeline:
    """Lay a chapter's segments out one after another: head, segment, pause, segment ... tail.

    facts: of every key in the plan. The tail is lengthened until the chapter is whole AAC frames long.
    """
    cues: list[Cue] = []
    at_sample = plan.head_samples
    for utterance in plan.utterances:
        cut = facts[utterance.key].cut
        end_sample = at_sample + cut.end_sample - cut.start_sample
        cues.append(Cue(utterance.key, at_sample, end_sample, skipped_samples=cut.start_sample))
        at_sample = end_sample + utterance.pause_samples
    samples = cues[-1].end_sample + plan.tail_samples
    return Timeline(tuple(cues), samples + -samples % FRAME_SAMPLES)
