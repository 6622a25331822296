import asyncio
import resource
import signal
import time
import wave
from array import array
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from unit.media.streams import WAIT_S, Listening, happens, on_a_loop, running, talking
from voxgate.media import (
    Codec,
    MediaError,
    Overloaded,
    PlaybackFinished,
    RecordingFailed,
    StreamClosed,
)
from voxgate.media.taps import RATES_HZ
from voxgate.model.audio import Audio
from voxgate.testing.rtp import RtpPeer, frequency_hz, tone

SAID_HZ, HEARD_HZ = 440, 1000


class Gathered:
    """What a tap handed over."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    @property
    def audio(self) -> bytes:
        return b"".join(self.pieces)

    def channel(self, number: int, of: int, rate_hz: int = 8000) -> Audio:
        return Audio(array("h", self.audio)[number::of].tobytes(), rate_hz)


async def both_speak(near: Listening, peer: RtpPeer, ms: int = 500) -> None:
    near.stream.play(tone(HEARD_HZ, ms))
    await peer.send(tone(SAID_HZ, ms))
    await near.until(PlaybackFinished)


def samples_of(frequency: int, rate_hz: int, ms: int) -> bytes:
    """A tone at any rate: that of 8 kHz, seen faster."""
    return tone(frequency * 8000 / rate_hz, ms * rate_hz // 8000).samples


# -- taps


@pytest.mark.parametrize("codec", Codec)
@on_a_loop
async def test_a_mono_tap_hears_only_what_the_far_end_says(codec):
    got = Gathered()
    async with talking(codec) as (near, peer):
        near.stream.tap(mix="mono", on_audio=got.pieces.append)
        await both_speak(near, peer)

    assert frequency_hz(got.channel(0, 1)) == pytest.approx(SAID_HZ, rel=0.01)
    assert {len(piece) % 320 for piece in got.pieces} == {0}


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@on_a_loop
async def test_a_stereo_tap_has_what_is_said_left_and_what_is_heard_right_at_every_rate(rate_hz):
    got = Gathered()
    async with talking() as (near, peer):
        near.stream.tap(mix="stereo", rate_hz=rate_hz, on_audio=got.pieces.append)
        await both_speak(near, peer)

    assert frequency_hz(got.channel(0, 2, rate_hz)) == pytest.approx(SAID_HZ, rel=0.01)
    assert frequency_hz(got.channel(1, 2, rate_hz)) == pytest.approx(HEARD_HZ, rel=0.01)
    frame = rate_hz // 50 * 4
    assert {len(piece) % frame for piece in got.pieces} == {0}


@on_a_loop
async def test_a_mixed_tap_adds_both_sides_up():
    got = Gathered()
    async with talking() as (near, peer):
        near.stream.tap(mix="mixed", on_audio=got.pieces.append)
        near.stream.play(tone(HEARD_HZ, 400))
        await near.until(PlaybackFinished)
        heard_only = len(got.audio)
        await peer.send(tone(SAID_HZ, 400))

    # One after the other, so that each frequency can be read off its half.
    first, second = got.audio[: heard_only - 640], got.audio[heard_only + 3200 :]
    assert frequency_hz(Audio(first)) == pytest.approx(HEARD_HZ, rel=0.02)
    assert frequency_hz(Audio(second)) == pytest.approx(SAID_HZ, rel=0.02)


@pytest.mark.parametrize("ptime_ms", [10, 30, 60])
@on_a_loop
async def test_other_packet_times_give_frames_of_twenty_milliseconds_all_the_same(ptime_ms):
    got = Gathered()
    async with talking(ptime_ms=ptime_ms) as (near, peer):
        near.stream.tap(mix="stereo", on_audio=got.pieces.append)
        await both_speak(near, peer)

    assert frequency_hz(got.channel(1, 2)) == pytest.approx(HEARD_HZ, rel=0.01)
    assert frequency_hz(got.channel(0, 2)) == pytest.approx(SAID_HZ, rel=0.01)
    assert {len(piece) % 640 for piece in got.pieces} == {0}


@on_a_loop
async def test_a_pause_leaves_out_and_resuming_goes_on():
    got = Gathered()
    async with talking() as (near, peer):
        tap = near.stream.tap(on_audio=got.pieces.append)
        await peer.send(tone(SAID_HZ, 200))
        tap.pause()
        await peer.send_silence(100)
        before = len(got.audio)
        await peer.send(tone(HEARD_HZ, 300))
        await peer.send_silence(100)
        assert len(got.audio) <= before + 640
        tap.resume()
        paused_at = len(got.audio)
        await peer.send(tone(SAID_HZ, 300))

    assert frequency_hz(Audio(got.audio[paused_at:])) == pytest.approx(SAID_HZ, rel=0.02)
    assert frequency_hz(Audio(got.audio)) < HEARD_HZ * 0.8


@on_a_loop
async def test_a_slow_reader_loses_sound_and_is_told_how_much():
    got = Gathered()
    async with talking() as (near, peer):
        tap = near.stream.tap(on_audio=got.pieces.append, limit_ms=100)
        near.stream.play(tone(HEARD_HZ, 400))
        time.sleep(0.4)  # noqa: ASYNC251 - the loop does not come to take anything meanwhile
        await near.until(PlaybackFinished)
        await peer.until(lambda peer: frequency_hz(peer.heard()) > 0)

        assert tap.dropped_ms >= 100
        assert frequency_hz(peer.heard()) == pytest.approx(HEARD_HZ, rel=0.01)


@on_a_loop
async def test_a_closed_tap_hands_over_nothing_more_and_frees_its_place():
    got = Gathered()
    async with talking() as (near, peer):
        taps = [near.stream.tap(on_audio=got.pieces.append) for _ in range(8)]
        with pytest.raises(Overloaded, match="taps"):
            near.stream.tap(on_audio=got.pieces.append)
        for tap in taps:
            tap.close()
        near.stream.tap(on_audio=got.pieces.append).close()
        got.pieces.clear()
        await peer.send_silence(100)

    assert got.audio == b""


@on_a_loop
async def test_unknown_mixes_and_rates_are_refused_by_name():
    async with talking() as (near, _):
        with pytest.raises(MediaError, match="mix"):
            near.stream.tap(mix="quadro", on_audio=lambda _: None)
        with pytest.raises(MediaError, match="rate_hz"):
            near.stream.tap(rate_hz=11025, on_audio=lambda _: None)
        with pytest.raises(MediaError, match="rate_hz"):
            near.stream.inject(44100)


# -- injections


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@on_a_loop
async def test_what_is_written_piece_by_piece_is_heard_without_seams(rate_hz):
    sound = samples_of(HEARD_HZ, rate_hz, 400)
    drained = asyncio.Event()
    async with talking() as (near, peer):
        injection = near.stream.inject(rate_hz, on_drained=drained.set)
        step = rate_hz // 50 * 2
        for start in range(0, len(sound), step):
            injection.write(sound[start : start + step])
        await asyncio.wait_for(drained.wait(), WAIT_S)
        await peer.send_silence(40)

    heard = peer.heard()
    assert frequency_hz(heard) == pytest.approx(HEARD_HZ, rel=0.01)
    loud = [place for place, sample in enumerate(array("h", heard.samples)) if abs(sample) > 200]
    assert loud[-1] - loud[0] == pytest.approx(3200, rel=0.05)
    assert max(after - before for before, after in pairwise(loud)) <= 4


@on_a_loop
async def test_marks_are_told_in_order_once_what_stands_before_them_was_heard():
    told: list[str] = []
    drained = asyncio.Event()
    async with talking() as (near, peer):
        injection = near.stream.inject(on_mark=told.append, on_drained=drained.set)
        injection.mark("nothing before")
        injection.write(tone(HEARD_HZ, 200).samples)
        injection.mark("first")
        injection.write(tone(HEARD_HZ, 100).samples)
        injection.mark("second")
        assert injection.waiting_ms == 300
        await asyncio.wait_for(drained.wait(), WAIT_S)
        await happens(lambda: injection.marks == 0)

    assert told == ["nothing before", "first", "second"]
    assert len(peer.packets) >= 15


@on_a_loop
async def test_clearing_silences_and_names_the_marks_that_are_gone():
    told: list[str] = []
    async with talking() as (near, peer):
        injection = near.stream.inject(on_mark=told.append)
        injection.write(tone(HEARD_HZ, 5000).samples)
        injection.mark("end")
        await peer.until(lambda peer: frequency_hz(peer.heard()) > 0)

        assert injection.clear() == ["end"]
        await happens(lambda: injection.waiting_ms == 0)
        before = len(peer.packets)
        await peer.until(lambda peer: len(peer.packets) >= before + 10)

    assert told == []
    assert all(packet.payload == b"\xff" * 160 for packet in peer.packets[-5:])


@on_a_loop
async def test_what_is_too_far_ahead_is_refused_whole():
    async with talking() as (near, _):
        injection = near.stream.inject(16000, limit_ms=1000)
        injection.write(bytes(900 * 32))
        with pytest.raises(Overloaded):
            injection.write(bytes(200 * 32))
        assert injection.waiting_ms <= 900


@on_a_loop
async def test_an_injection_is_heard_over_what_plays():
    async with talking() as (near, peer):
        injection = near.stream.inject()
        near.stream.play(tone(SAID_HZ, 300, level=0.1))
        injection.write(tone(HEARD_HZ, 300, level=0.5).samples)
        await near.until(PlaybackFinished)
        await happens(lambda: injection.waiting_ms == 0)

    # The louder one gives the crossings; the quieter one was there before the first 80 ms were over.
    assert frequency_hz(peer.heard()) > SAID_HZ
    quiet = Audio(peer.heard().samples[:960])
    assert near.told(PlaybackFinished)[0].played_ms == 300
    assert quiet.samples.strip(b"\0")


@on_a_loop
async def test_odd_bytes_and_closed_injections_are_refused():
    async with talking() as (near, _):
        injection = near.stream.inject()
        with pytest.raises(MediaError, match="two bytes"):
            injection.write(b"\0\0\0")
        injection.close()
        with pytest.raises(StreamClosed):
            injection.write(b"\0\0")


# -- recordings


def channels(path) -> tuple[Audio, Audio]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        samples = array("h", file.readframes(file.getnframes()))
    return Audio(samples[0::2].tobytes()), Audio(samples[1::2].tobytes())


@on_a_loop
async def test_a_recording_has_both_sides_side_by_side(tmp_path):
    path = tmp_path / "call.wav"
    async with talking() as (near, peer):
        recording = near.stream.record(path)
        await both_speak(near, peer)
        await recording.stop()
        await recording.stop()

    said, heard = channels(path)
    assert frequency_hz(said) == pytest.approx(SAID_HZ, rel=0.01)
    assert frequency_hz(heard) == pytest.approx(HEARD_HZ, rel=0.01)
    assert recording.written_ms == said.duration_ms
    assert recording.failure is None


@on_a_loop
async def test_a_recording_leaves_out_what_is_said_during_a_pause(tmp_path):
    path = tmp_path / "call.wav"
    async with talking() as (near, peer):
        recording = near.stream.record(path)
        await peer.send(tone(SAID_HZ, 200))
        recording.pause()
        await peer.send_silence(60)
        await peer.send(tone(HEARD_HZ, 400))
        await peer.send_silence(60)
        recording.resume()
        await peer.send(tone(SAID_HZ, 200))
        await recording.stop()

    said, _ = channels(path)
    assert frequency_hz(said) < HEARD_HZ * 0.8
    assert said.duration_ms < 560


@on_a_loop
async def test_a_recording_outlives_its_stream_as_a_complete_file(tmp_path):
    path = tmp_path / "call.wav"
    async with talking() as (near, peer):
        recording = near.stream.record(path)
        await peer.send(tone(SAID_HZ, 200))
        near.stream.close()
        await recording.stop()

    assert channels(path)[0].duration_ms >= 180


@on_a_loop
async def test_a_file_that_cannot_be_made_is_refused_at_once(tmp_path):
    async with talking() as (near, _):
        with pytest.raises(MediaError):
            near.stream.record(tmp_path / "missing" / "call.wav")
        (tmp_path / "there.wav").touch()
        with pytest.raises(MediaError):
            near.stream.record(tmp_path / "there.wav")


@contextmanager
def files_at_most(size: int):
    """The disk is full for files beyond this size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@on_a_loop
async def test_a_disk_that_is_full_ends_the_recording_and_leaves_the_call_alone(tmp_path):
    async with talking() as (near, peer):
        with files_at_most(8000):
            recording = near.stream.record(tmp_path / "call.wav")
            failed = await near.until(RecordingFailed)
        near.stream.play(tone(HEARD_HZ, 300))
        await near.until(PlaybackFinished)
        await recording.stop()

    assert failed.recording == recording.id
    assert failed.reason == recording.failure == "File too large"
    assert frequency_hz(peer.heard()) == pytest.approx(HEARD_HZ, rel=0.01)


@on_a_loop
async def test_taps_survive_a_new_plan():
    got = Gathered()
    async with talking() as (near, peer):
        near.stream.tap(on_audio=got.pieces.append)
        await peer.send_silence(60)
        near.stream.connect(replace(peer.plan(), ptime_ms=30))
        got.pieces.clear()
        await peer.send(tone(SAID_HZ, 300))

    assert frequency_hz(Audio(got.audio)) == pytest.approx(SAID_HZ, rel=0.02)


# -- in a room


@on_a_loop
async def test_a_tap_hears_both_sides_of_a_bridge_and_does_not_disturb_it():
    got = Gathered()
    async with running() as engine, RtpPeer.listening() as far, RtpPeer.listening() as other:
        near, away = Listening(engine), Listening(engine)
        near.stream.connect(far.plan())
        away.stream.connect(other.plan())
        far.aim(near.stream.port)
        other.aim(away.stream.port)
        room = engine.room()
        near.stream.join(room)
        away.stream.join(room)
        tap = near.stream.tap(mix="stereo", rate_hz=16000, on_audio=got.pieces.append)
        await asyncio.gather(far.send(tone(SAID_HZ, 500)), other.send(tone(HEARD_HZ, 500)))
        tap.close()
        await asyncio.gather(far.send(tone(SAID_HZ, 300)), other.send(tone(HEARD_HZ, 300)))

    assert frequency_hz(got.channel(0, 2, 16000)) == pytest.approx(SAID_HZ, rel=0.02)
    assert frequency_hz(got.channel(1, 2, 16000)) == pytest.approx(HEARD_HZ, rel=0.02)
    assert frequency_hz(far.heard()) == pytest.approx(HEARD_HZ, rel=0.05)
    assert frequency_hz(other.heard()) == pytest.approx(SAID_HZ, rel=0.05)


@on_a_loop
async def test_what_is_injected_in_a_bridge_is_heard_by_its_own_leg_alone():
    async with running() as engine, RtpPeer.listening() as far, RtpPeer.listening() as other:
        near, away = Listening(engine), Listening(engine)
        near.stream.connect(far.plan())
        away.stream.connect(other.plan())
        far.aim(near.stream.port)
        other.aim(away.stream.port)
        room = engine.room()
        near.stream.join(room)
        away.stream.join(room)
        injection = near.stream.inject()
        injection.write(tone(HEARD_HZ, 300).samples)
        await asyncio.gather(far.send_silence(500), other.send_silence(500))

    assert frequency_hz(far.heard()) == pytest.approx(HEARD_HZ, rel=0.02)
    assert frequency_hz(other.heard()) == 0


@on_a_loop
async def test_taps_and_injections_go_along_to_another_thread():
    """A stream that joins a room goes to the room's shard."""
    got = Gathered()
    async with (
        running(shards=2) as engine,
        RtpPeer.listening() as far,
        RtpPeer.listening() as other,
    ):
        near, away = Listening(engine), Listening(engine)  # on a shard each
        near.stream.connect(far.plan())
        away.stream.connect(other.plan())
        far.aim(near.stream.port)
        other.aim(away.stream.port)
        tap = near.stream.tap(mix="stereo", on_audio=got.pieces.append)
        injection = near.stream.inject()
        room = engine.room()
        away.stream.join(room)
        near.stream.join(room)
        injection.write(tone(HEARD_HZ, 400).samples)
        await far.send(tone(SAID_HZ, 500))
        tap.close()
        await far.send_silence(60)
        count = len(got.pieces)
        await far.send_silence(100)

    assert frequency_hz(got.channel(0, 2)) == pytest.approx(SAID_HZ, rel=0.02)
    assert frequency_hz(got.channel(1, 2)) == pytest.approx(HEARD_HZ, rel=0.02)
    assert frequency_hz(far.heard()) == pytest.approx(HEARD_HZ, rel=0.02)
    assert len(got.pieces) == count
