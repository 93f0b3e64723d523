import errno
import hashlib
import os
import sys
import time

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from outputs.errors import DiskFull, SegmentDamaged, SegmentMissing, StoreUnreachable
from outputs.places import Remote
from outputs.store import SegmentStore
from synth.audio import AudioSegment, WordTime


def key(name):
    return hashlib.sha256(name.encode()).hexdigest()


def segment(name="a", samples=24_000, level=0.1, words=((0, 3, 4000, 9000), (4, 9, 9000, 20_000))):
    rng = np.random.default_rng(len(name) + samples)
    sound = rng.normal(scale=level, size=samples).astype(np.float32)
    return AudioSegment(key(name), sound, tuple(WordTime(*word) for word in words))


def names(store):
    return sorted(file.name for file in store.place.files())


def audio_name(store):
    return next(name for name in names(store) if name.endswith(".flac"))


def sidecar_name(store):
    return next(name for name in names(store) if name.endswith(".json"))


def change(store, name, how):
    store.place.write(name, how(store.place.read(name)))


@pytest.fixture
def folder(tmp_path):
    """A store in a folder of this machine."""
    return SegmentStore(tmp_path / "segments")


@pytest.fixture(params=["folder", "file://", "memory://"])
def store(request, tmp_path):
    """Every law of a store holds wherever it is."""
    if request.param == "folder":
        return SegmentStore(tmp_path / "segments")
    return SegmentStore(f"{request.param}{tmp_path}/segments")


def test_what_is_put_is_read_back_to_24_bits_with_its_words(store):
    put = segment()
    store.put(put)
    read = store.read(put.key)
    assert read.key == put.key
    assert read.words == put.words
    assert read.samples.dtype == np.float32
    assert np.abs(read.samples - put.samples).max() <= 2**-24


def test_reading_twice_and_putting_what_was_read_give_the_same_samples(store, tmp_path):
    store.put(segment())
    first, second = store.read(key("a")), store.read(key("a"))
    np.testing.assert_array_equal(first.samples, second.samples)
    other = SegmentStore(tmp_path / "other")
    assert other.put(first) == store.facts(key("a"))
    np.testing.assert_array_equal(other.read(key("a")).samples, first.samples)


@settings(max_examples=30, deadline=None)
@given(level=st.floats(1e-6, 100), samples=st.integers(1, 300))
def test_samples_beyond_full_scale_are_not_clipped(tmp_path_factory, level, samples):
    store = SegmentStore(tmp_path_factory.mktemp("store"))
    put = segment(samples=samples, level=level, words=())
    facts = store.put(put)
    error = np.abs(store.read(put.key).samples - put.samples).max()
    assert error <= max(1.0, 2 * facts.peak) * 2**-24


def test_full_scale_itself_is_kept(store):
    for name, value in (("one", 1.0), ("below", np.nextafter(np.float32(1), np.float32(0))), ("minus", -1.0)):
        store.put(AudioSegment(key(name), np.full(10, value, dtype=np.float32)))
        np.testing.assert_allclose(store.read(key(name)).samples, value, rtol=1e-7)


def test_facts_are_the_same_when_put_and_when_looked_up(store):
    facts = store.put(segment())
    assert store.facts(key("a")) == facts
    assert facts.samples == 24_000
    assert facts.peak == np.abs(store.read(key("a")).samples).max()
    assert facts.true_peak >= np.abs(facts.cut.of(store.read(key("a")).samples)).max()


def test_a_segments_own_loudness_is_known_from_its_facts(store):
    t = np.arange(48_000) / 24_000
    facts = store.put(AudioSegment(key("sine"), (0.1 * np.sin(2 * np.pi * 997 * t)).astype(np.float32)))
    assert facts.lufs == pytest.approx(-23.0, abs=0.15)


def test_missing_names_each_key_once_and_in_order(store):
    store.put(segment("b"))
    wanted = [key("c"), key("b"), key("a"), key("c")]
    assert store.missing(wanted) == store.lacking(wanted) == [key("c"), key("a")]
    assert store.missing([]) == store.lacking([]) == []


def test_putting_twice_writes_nothing_anew(store):
    first = store.put(segment())
    before = sorted(store.place.files(), key=str)
    assert store.put(segment()) == first
    assert sorted(store.place.files(), key=str) == before


def test_two_writers_with_different_sound_leave_a_whole_segment(store, tmp_path):
    other = SegmentStore(tmp_path / "other")
    loud, quiet = segment(level=0.2), segment(level=0.1)
    other.put(loud)
    store.put(quiet)
    # the other's audio arrives after our sidecar: the sidecar still names its own
    store.place.write(audio_name(other), other.place.read(audio_name(other)))
    assert np.abs(store.read(key("a")).samples - quiet.samples).max() <= 2**-24


def test_what_was_never_put_is_missing(store):
    with pytest.raises(SegmentMissing, match=key("a")[:12]):
        store.read(key("a"))
    with pytest.raises(SegmentMissing):
        store.facts(key("a"))


def test_a_flipped_byte_anywhere_in_the_audio_is_found_and_the_segment_spoken_again(store):
    for place in (0, 4, 100, 5000, -1):
        store.put(segment())
        audio = bytearray(store.place.read(audio_name(store)))
        audio[place] ^= 0x10
        store.place.write(audio_name(store), bytes(audio))
        with pytest.raises(SegmentDamaged, match=key("a")[:12]):
            store.read(key("a"))
        assert store.missing([key("a")]) == [key("a")]
        assert not names(store)
    store.put(segment())
    store.read(key("a"))


def test_truncated_audio_is_missing_before_anyone_reads_it(store):
    store.put(segment())
    change(store, audio_name(store), lambda audio: audio[:1000])
    assert store.missing([key("a")]) == [key("a")]
    store.put(segment())
    assert store.missing([key("a")]) == []
    store.read(key("a"))


def test_audio_that_is_gone_is_missing(store):
    store.put(segment())
    store.place.remove(audio_name(store))
    assert store.missing([key("a")]) == [key("a")]
    with pytest.raises(SegmentMissing):
        store.read(key("a"))


@pytest.mark.parametrize("kept_bytes", [0, 10, 64, 65, 300, -2])
def test_a_cut_sidecar_is_found(store, kept_bytes):
    store.put(segment())
    change(store, sidecar_name(store), lambda sidecar: sidecar[:kept_bytes])
    assert store.missing([key("a")]) == [key("a")]
    with pytest.raises(SegmentDamaged, match="sidecar"):
        store.facts(key("a"))
    with pytest.raises(SegmentMissing):
        store.read(key("a"))


def test_a_changed_digit_in_a_sidecar_is_found(store):
    store.put(segment())
    change(
        store,
        sidecar_name(store),
        lambda sidecar: sidecar.replace(b'"samples":24000', b'"samples":24001'),
    )
    with pytest.raises(SegmentDamaged):
        store.facts(key("a"))


def test_another_segments_sidecar_is_not_believed(store):
    store.put(segment("a"))
    a = sidecar_name(store)
    stranger = a.replace(key("a"), key("b")).replace(key("a")[:2], key("b")[:2])
    store.place.write(stranger, store.place.read(a))
    assert store.missing([key("b")]) == [key("b")]
    with pytest.raises(SegmentDamaged):
        store.facts(key("b"))


@pytest.mark.parametrize("failing_call", range(4))
def test_a_disk_that_fills_up_at_any_step_leaves_a_segment_complete_or_absent(
    folder, monkeypatch, failing_call
):
    calls = 0
    fsync = os.fsync

    def full(descriptor):
        nonlocal calls
        calls += 1
        if calls == failing_call + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            folder.put(segment())
    assert not [name for name in names(folder) if ".part" in name]
    if folder.missing([key("a")]):
        folder.put(segment())
    assert folder.missing([key("a")]) == []
    assert np.abs(folder.read(key("a")).samples - segment().samples).max() <= 2**-24


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(store, value):
    samples = segment().samples
    samples[77] = value
    with pytest.raises(SegmentDamaged, match="not numbers"):
        store.put(AudioSegment(key("a"), samples))
    assert not names(store)


def test_a_key_that_is_no_hash_never_becomes_a_path(store):
    for bad in ("../" * 21 + "a", "x" * 64, "", key("a").upper()):
        with pytest.raises(AssertionError, match="not a sha256"):
            store.missing([bad])


def test_a_segment_without_samples_is_refused(store):
    with pytest.raises(SegmentDamaged, match="no samples"):
        store.put(AudioSegment(key("a"), np.zeros(0, dtype=np.float32)))
    assert not names(store)


def test_a_store_names_its_keys_and_nothing_else(store):
    for name in ("a", "b"):
        store.put(segment(name))
    store.place.write("ab/.abcd.0123.part.json", b"{}")
    store.place.write(f"{key('c')[:2]}/{key('c')}.0123456789abcdef.flac", b"of a run that died")
    assert sorted(store.keys()) == sorted([key("a"), key("b")])


def test_a_segment_that_is_found_counts_as_used_now_and_one_that_is_checked_does_not(folder):
    folder.put(segment())
    path = folder.place.root / sidecar_name(folder)
    os.utime(path, (1e9, 1e9))
    folder.read(key("a"))
    assert folder.lacking([key("a")]) == []
    assert path.stat().st_mtime == 1e9
    assert folder.missing([key("a")]) == []
    assert path.stat().st_mtime > time.time() - 60


def test_what_is_discarded_is_missing(store):
    store.put(segment())
    store.discard(key("a"))
    assert store.missing([key("a")]) == [key("a")]


def test_a_store_that_cannot_be_written_to_is_still_read(folder, monkeypatch):
    folder.put(segment())
    os.utime(folder.place.root / sidecar_name(folder), (1e9, 1e9))

    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refuse)
    assert folder.missing([key("a")]) == []


@pytest.mark.parametrize("url", ["gopher://hole/segments", "s3://bucket/segments"])
def test_a_url_that_nothing_is_installed_for_is_refused_by_name(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(StoreUnreachable, match=url.partition(":")[0]):
        SegmentStore(url)


def test_a_place_with_folders_gets_those_that_it_lacks(tmp_path, folder):
    folder.place = Remote(f"local://{tmp_path}")
    assert list(folder.keys()) == []
    folder.put(segment())
    assert list(folder.keys()) == [key("a")]
    assert folder.missing([key("a")]) == []


def test_nothing_is_made_for_a_name_that_may_be_misspelled(tmp_path, folder):
    folder.place = Remote(f"local://{tmp_path}/misspelt")
    assert list(folder.keys()) == []
    with pytest.raises(StoreUnreachable, match="misspelt is not there"):
        folder.put(segment())
    assert not (tmp_path / "misspelt").exists()


def test_a_place_that_stops_answering_is_named(tmp_path, monkeypatch):
    store = SegmentStore(f"memory://{tmp_path}")

    def refuse(*_, **__):
        raise ConnectionResetError("reset by peer")

    for call in ("pipe_file", "cat_file", "find"):
        monkeypatch.setattr(MemoryFileSystem, call, refuse)
    with pytest.raises(StoreUnreachable, match="reset by peer"):
        store.put(segment())
    with pytest.raises(StoreUnreachable, match=str(tmp_path)):
        list(store.keys())
