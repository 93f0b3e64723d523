"""Rows of different lengths into batches that fit into a budget, with as little padding as can be."""

from __future__ import annotations

from collections.abc import Sequence


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group rows by length: the indices of each batch, the longest rows first.

    lengths: of each row, tokens or frames. budget: rows times the longest row of a batch; a row that alone is
    over it gets a batch of its own.
    """
    grouped: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if grouped and (len(grouped[-1]) + 1) * lengths[grouped[-1][0]] <= budget:
            grouped[-1].append(index)
        else:
            grouped.append([index])
    return grouped


def efficiency(lengths: Sequence[int], grouped: Sequence[Sequence[int]]) -> float:
    """Real over padded length of all batches: 1.0 wastes nothing."""
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in grouped)
    return sum(lengths) / padded if padded else 1.0
