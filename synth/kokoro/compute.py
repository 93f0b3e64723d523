"""What a user says of device, precision and memory into what the model computes on."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

import torch

from synth.devices import best_device
from synth.errors import BadCompute
from synth.kokoro.precision import Precision

_UNITS: Final = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_DEFAULT_SHARE: Final = 0.8  # of what is free on a GPU, and at most of the host's memory
_DEFAULT_CPU_BYTES: Final = 2 * 10**9  # room for one long row
_DEFAULT_WORKER_BYTES: Final = 5 * 10**8  # for each worker; a row of 200 phonemes takes 0.3 GB
_MEMORY: Final = "Name an amount such as 2GB, or a share such as 50%"


@dataclass(frozen=True, slots=True)
class Compute:
    """Where and how the model runs.

    memory_bytes: all that it may take, weights included. workers: rows that are spoken side by side on a CPU,
    each by one thread.
    """

    device: str  # as torch names it
    precision: Precision
    memory_bytes: int
    workers: int


def choose_compute(
    device: str | None = None, precision: str | None = None, memory: str | None = None
) -> Compute:
    """Fill in what was left open: the fastest device, the precision that suits it, most of its free memory.

    Raises:
        BadCompute: there is no such device or precision, or the memory is no amount.
    """
    chosen = _device(device)
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Compute(
        chosen, _precision(precision, chosen), _memory_bytes(memory, chosen, workers), workers=workers
    )


def _device(name: str | None) -> str:
    if name is None:
        return best_device()
    kind, _, index = name.partition(":")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in there:
        raise BadCompute(f"there is no kind of device called '{name}'", "Name cpu, cuda, cuda:1 or mps")
    if not there[kind]:
        raise BadCompute(f"torch finds no {kind} device here", "Leave --device out, or name cpu")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if ":" in name and not (index.isdecimal() and int(index) < count):
        raise BadCompute(f"there is no device {name} here", f"Name {kind}, or {kind}:0 to {kind}:{count - 1}")
    return kind if kind != "cuda" else name


def _precision(name: str | None, device: str) -> Precision:
    if name is None:
        if device.startswith("cuda"):
            return Precision.BFLOAT16 if torch.cuda.is_bf16_supported() else Precision.FLOAT16
        return Precision.FLOAT32
    try:
        return Precision(name)
    except ValueError:
        raise BadCompute(
            f"there is no precision called '{name}'", f"Name one of {', '.join(Precision)}"
        ) from None


def _memory_bytes(amount: str | None, device: str, workers: int) -> int:
    if amount is None:
        most = int(_free_bytes(device) * _DEFAULT_SHARE)
        wanted = _DEFAULT_CPU_BYTES + workers * _DEFAULT_WORKER_BYTES
        return min(most, wanted) if device == "cpu" else most
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%|[KMG]i?B|)\s*", amount, re.IGNORECASE)
    if found is None:
        raise BadCompute(f"'{amount}' is no amount of memory", _MEMORY)
    number, unit = float(found[1]), found[2].upper()
    if unit != "%":
        return int(number * _UNITS[unit])
    if not 0 < number <= 100:
        raise BadCompute(f"'{amount}' is no share of the memory", _MEMORY)
    return int(_free_bytes(device) * number / 100)


def _free_bytes(device: str) -> int:
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
