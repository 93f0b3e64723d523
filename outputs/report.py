"""A published book into its report: one page that shows, plays and explains all of it, without a network."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined

from outputs.acx import acx_table
from outputs.finish import Part
from outputs.manifest import Narration, Track, starts_in_files
from outputs.plan import ChapterPlan
from outputs.remarks import Remark
from outputs.tags import BookTags
from outputs.waveform import TALLEST
from synth.audio import SAMPLE_RATE_HZ

REPORT_NAME: Final = "report.html"
_PIECE_CHARACTERS: Final = 240  # of a piece that is not heard; `bindery inspect` has all of it
_MEASURED: Final = (
    ("LUFS", "integrated loudness, ITU-R BS.1770-4"),
    ("LRA", "loudness range in LU, EBU Tech 3342"),
    ("RMS", "of all of it, silences included, in dBFS"),
    ("floor", "noise floor: RMS of the quietest half second, in dBFS"),
    ("peak", "sample peak, in dBFS"),
    ("dBTP", "true peak"),
    ("gain", "what the voice was raised by, in dB"),
    ("limiter", "the most that was taken off a peak, in dB"),
)


@dataclass(frozen=True, slots=True)
class Unheard:
    """A piece of the document that nobody hears: why, where it stands, and its text."""

    reason: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a book's making beside its chapters."""

    source: str = ""  # the document's file name
    remarks: tuple[Remark, ...] = ()
    unheard: tuple[Unheard, ...] = ()


def report_page(
    tags: BookTags,
    narration: Narration,
    chapters: Sequence[tuple[Track, Part, str]],
    titles: Sequence[str],
    account: Account,
    cover: str | None = None,
) -> bytes:
    """report.html: the same book gives the same bytes; it says nothing of when.

    chapters: each with its part and the name of the file that it is heard in, which lies beside the page.
    titles: as listeners see them. cover: the name of the picture beside the page.
    """
    rows = [
        _row(track, part, name, title, start)
        for (track, part, name), title, start in zip(chapters, titles, starts_in_files(chapters), strict=True)
    ]
    script = f"\n{_template('report.js')}"
    page = _environment().get_template("report.html")
    return page.render(
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
        style=_template("report.css"),
        script=script.removeprefix("\n"),
        title=tags.title,
        authors="; ".join(tags.authors),
        narrator=narration.narrator,
        description=tags.description,
        language=tags.language,
        cover=quote(cover) if cover else None,
        totals=_totals(narration, chapters),
        remarks=[_remark(one, rows) for one in account.remarks],
        level_names=["LUFS", "dBTP"],
        measured=_MEASURED,
        acx_met=_acx_met(part for _, part, _ in chapters),
        chapters=rows,
        **_pauses([track.plan for track, _, _ in chapters]),
        unheard=list(_groups(account.unheard)),
        unheard_total=f"{len(account.unheard):,} pieces" if account.unheard else "nothing was left out",
        disclosure=narration.disclosure,
        made=" · ".join(filter(None, (account.source and f"From {account.source}", narration.tool))),
    ).encode()


def waveform_path(heights: Sequence[int]) -> str:
    """An SVG path of upright bars, one unit apart, around the middle of a picture 100 units high.

    A bar of height 0 becomes a dot: silence is a line.
    """
    path: list[str] = []
    at_x = at_y = 0.0
    for number, height in enumerate(heights):
        tall = max(1, height)
        top = (TALLEST - tall) // 2
        path.append(f"m{_plain(number + 0.5 - at_x)} {_plain(top - at_y)}v{tall}")
        at_x, at_y = number + 0.5, top + tall
    return "".join(path).replace(" -", "-").replace("m", "M", 1)


def _row(track: Track, part: Part, name: str, title: str, start: int) -> dict[str, Any]:
    """What the page says of a chapter; `start` is the sample of its file at which it begins."""
    link = quote(name)
    return {
        "number": track.number,
        "title": title,
        "parents": "" if title != track.title else " / ".join(track.parents),
        "src": link,
        "link": f"{link}#t={_seconds(start)}" if start else link,
        "start": _seconds(start),
        "length": _seconds(part.samples),
        "clock": clock(part.samples),
        "levels": [("LUFS", f"{part.lufs:.1f}"), ("dBTP", f"{part.true_peak_dbtp:.1f}")],
        "measured": [
            f"{value:.1f}"
            for value in (
                part.lufs,
                part.range_lu,
                part.rms_dbfs,
                part.noise_floor_dbfs,
                part.peak_dbfs,
                part.true_peak_dbtp,
                part.measurement.gain_db,
                part.measurement.reduction_db,
            )
        ],
        "acx": _unmet(part) or "✓",
        "wave": waveform_path(track.waveform),
        "bars": len(track.waveform),
        "sentences": f"{len(track.timeline):,} sentences",
        "paragraphs": [
            {
                "where": str(place) if place else "",
                "sentences": [
                    {"at": _seconds(start + one.start_sample), "text": one.written or one.text} for one in run
                ],
            }
            for place, run in groupby(track.timeline, lambda one: one.place)
        ],
    }


def _unmet(part: Part) -> str:
    """What ACX asks for and a chapter's file does not have; empty if it has all of it."""
    return "; ".join(f"{one.name} {one.found}" for one in acx_table(part) if not one.is_met)


def _acx_met(parts: Iterable[Part]) -> str:
    met = [not _unmet(part) for part in parts]
    return f"{sum(met)} of {len(met)} are as ACX asks"


def _totals(narration: Narration, chapters: Sequence[tuple[Track, Part, str]]) -> list[tuple[str, str]]:
    parts = [part for _, part, _ in chapters]
    samples = sum(part.samples for part in parts)
    sentences = [one for track, _, _ in chapters for one in track.timeline]
    loudness = sorted(part.lufs for part in parts)
    spread = (
        f"{loudness[0]:.1f}"
        if f"{loudness[0]:.1f}" == f"{loudness[-1]:.1f}"
        else (f"{loudness[0]:.1f} to {loudness[-1]:.1f}")
    )
    return [
        ("Length", clock(samples)),
        ("Chapters", f"{len(parts):,}"),
        ("Words", f"{sum(len(one.text.split()) for one in sentences):,}"),
        ("Loudness", f"{spread} LUFS"),
        ("True peak", f"{max(part.true_peak_dbtp for part in parts):.1f} dBTP"),
        ("Voices" if len(narration.heard) > 1 else "Voice", ", ".join(narration.heard)),
        ("Speed", f"{narration.speed:g}×"),
    ]


def _remark(one: Remark, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A warning as the page has it, with a link that plays what it is about."""
    index = next((place for place, row in enumerate(rows) if row["number"] == one.chapter), None)
    said: dict[str, Any] = {
        "message": one.message,
        "link": "",
        "number": one.chapter,
        "index": index,
        "at": "",
    }
    if index is not None:
        said["link"] = f"Chapter {one.chapter}"
        if one.at_s is not None:
            said["link"] += f" at {clock(round(one.at_s * SAMPLE_RATE_HZ))}"
            said["at"] = f"{float(rows[index]['start']) + one.at_s:.3f}"
    return said


def _pauses(plans: Iterable[ChapterPlan]) -> dict[str, Any]:
    """The silences between utterances, by length."""
    times = Counter(one.pause_samples for plan in plans for one in plan.utterances[:-1])
    together = sum(samples * count for samples, count in times.items())
    return {
        "pauses": [
            {
                "length": f"{samples / SAMPLE_RATE_HZ:.2f} s",
                "times": f"{count:,}",
                "together": clock(samples * count),
            }
            for samples, count in sorted(times.items())
        ],
        "pauses_total": f"{times.total():,}, {clock(together)} together",
    }


def _groups(unheard: Iterable[Unheard]) -> Iterator[dict[str, Any]]:
    """What is not heard, by reason, in the order in which the reasons come up."""
    groups: dict[str, list[Unheard]] = {}
    for one in unheard:
        groups.setdefault(one.reason, []).append(one)
    for reason, pieces in groups.items():
        yield {
            "reason": reason[:1].upper() + reason[1:],
            "count": f"{len(pieces):,}",
            "pieces": [{"where": one.where, "text": _clipped(one.text)} for one in pieces],
        }


def _clipped(text: str) -> str:
    return text if len(text) <= _PIECE_CHARACTERS else text[: _PIECE_CHARACTERS - 1].rstrip() + "…"


def clock(samples: int) -> str:
    """A length in samples at 24 kHz as people read it: 0:42, 12:05, 1:02:03."""
    whole = round(samples / SAMPLE_RATE_HZ)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _seconds(samples: int) -> str:
    """Samples as seconds, to the millisecond, as short as can be."""
    return _plain(round(samples / SAMPLE_RATE_HZ, 3))


def _plain(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _template(name: str) -> str:
    return files("outputs").joinpath("templates", name).read_text(encoding="utf-8")
