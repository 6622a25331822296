"""Tracks under a call, told by what far ends hear over real sockets."""

import pytest

from unit.media.parties import (
    HIGH_HZ,
    LOW_HZ,
    THIRD_HZ,
    TONES_HZ,
    all_join,
    decibels,
    parties,
    talk,
)
from unit.media.streams import on_a_loop, running
from voxgate.media import MediaError, PlaybackFinished
from voxgate.testing.rtp import tone


@on_a_loop
async def test_a_track_is_heard_under_what_is_said_by_its_far_end_alone():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        track = a.stream.track("music")
        track.play(tone(THIRD_HZ, 100), loops=0, gain_db=-12)
        await talk(300, (a, LOW_HZ), (b, HIGH_HZ))
        assert (a.hears(), b.hears()) == ({HIGH_HZ, THIRD_HZ}, {LOW_HZ})
        assert decibels(a.level(THIRD_HZ), a.level(HIGH_HZ)) == pytest.approx(-12, abs=1)

        track.gain(0)
        await talk(300, (b, HIGH_HZ))
        assert decibels(a.level(THIRD_HZ), a.level(HIGH_HZ)) == pytest.approx(0, abs=1)
        track.silence()
        await talk(300, (b, HIGH_HZ))
        assert a.hears() == {HIGH_HZ}


@on_a_loop
async def test_tracks_play_beside_playback_and_tell_their_ends():
    async with running() as engine, parties(engine, 1) as (a,):
        first = a.stream.track("low").play(tone(LOW_HZ, 300))
        second = a.stream.track("low").queue(tone(LOW_HZ, 100))
        a.stream.track("high").play(tone(HIGH_HZ, 1000))
        a.stream.play(tone(THIRD_HZ, 1000))
        await a.near.until(PlaybackFinished, 2)

        assert a.hears() == set(TONES_HZ)
        assert a.near.told(PlaybackFinished) == [
            PlaybackFinished(first, 300, False),
            PlaybackFinished(second, 100, False),
        ]


@on_a_loop
async def test_four_tracks_have_names_and_a_fifth_waits_for_one_to_be_removed():
    async with running() as engine, parties(engine, 1) as (a,):
        tracks = [a.stream.track(name) for name in "abcd"]
        assert a.stream.track("b") is tracks[1]
        with pytest.raises(MediaError, match="at most 4 tracks"):
            a.stream.track("e")
        ending = tracks[1].play(tone(LOW_HZ, 100), loops=0)
        tracks[1].remove()
        assert (await a.near.until(PlaybackFinished)).playback == ending
        assert a.stream.track("e").number == tracks[1].number


@pytest.mark.parametrize("gain_db", [-91, 41])
@on_a_loop
async def test_a_gain_beyond_reason_is_refused(gain_db):
    async with running() as engine, parties(engine, 1) as (a,):
        track = a.stream.track("a")
        with pytest.raises(MediaError, match="gain_db"):
            track.play(tone(LOW_HZ, 20), gain_db=gain_db)
        with pytest.raises(MediaError, match="gain_db"):
            track.gain(gain_db)
