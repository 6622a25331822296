"""Tones and voices: told by a stream, and by the same core of recorded sound."""

import pytest

from unit.media.streams import on_a_loop, talking
from voxgate.media import Codec, DigitReceived, ToneKind, ToneStarted, ToneStopped, hear
from voxgate.model.audio import Audio
from voxgate.testing.rtp import tone

SILENCE = bytes(2 * 8 * 500)


def test_a_recorded_beep_is_told_with_the_time_it_would_have_been_told() -> None:
    audio = Audio(SILENCE + tone(1000, 400).samples + SILENCE, 8000)

    for codec in Codec:
        began, ended = hear(audio, codec)

        assert isinstance(began.event, ToneStarted)
        assert began.event.kind is ToneKind.BEEP
        assert began.event.frequency_hz == pytest.approx(1000, abs=2)
        assert began.event.variance < 5
        assert began.event.at_ms == pytest.approx(500, abs=20)
        assert began.at_ms < ended.at_ms <= 1200
        assert isinstance(ended.event, ToneStopped)
        assert ended.event.ms == pytest.approx(400, abs=20)


def test_recorded_sound_of_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_hz must be 8000"):
        hear(Audio(SILENCE, 16000))


@on_a_loop
async def test_a_watched_stream_tells_of_a_beep_on_its_own_clock() -> None:
    async with talking() as (near, peer):
        near.stream.watch_tones()
        await peer.send_silence(200)
        await peer.send(tone(1400, 300))
        await peer.send_silence(300)

        ended = await near.until(ToneStopped)

        (began,) = near.told(ToneStarted)
        assert began.frequency_hz == pytest.approx(1400, abs=2)
        assert ended.ms == pytest.approx(300, abs=30)
        assert ended.at_ms <= near.stream.age_ms()


@on_a_loop
async def test_who_watched_before_does_not_stop_who_watches_now() -> None:
    async with talking() as (near, peer):
        stop = near.stream.watch_tones()
        near.stream.watch_tones()
        stop()
        await peer.send(tone(1400, 300))
        await peer.send_silence(200)

        assert (await near.until(ToneStopped)).kind is ToneKind.BEEP


@on_a_loop
async def test_a_stream_that_is_watched_no_more_tells_nothing() -> None:
    async with talking() as (near, peer):
        near.stream.watch_tones()()
        await peer.send(tone(1400, 300))
        await peer.press("1")

        await near.until(DigitReceived)

        assert not near.told(ToneStarted)
