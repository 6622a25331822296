import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from unit.flow.fakes import alerts
from unit.flow.room_stage import Stage
from voxgate.flow.settings import SessionSettings
from voxgate.flow.tracks import WHISPER, CallTracks
from voxgate.media.files import AudioNotFound
from voxgate.model.audio import Audio
from voxgate.speech.contract import SpeechFailed
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import NotNow

FILE = Sound(url="/music.wav")
SECOND = Audio(bytes(16000))


class Files:
    async def open(self, url):
        if "missing" in url:
            raise AudioNotFound(f"{url} was not found")
        return SECOND


class Speaker:
    fails = False

    @asynccontextmanager
    async def speaking(self, text, voice, choice=None):
        if self.fails:
            raise SpeechFailed("failed", "builtin", "no voice today")

        async def parts():
            for _ in text.split():
                yield SimpleNamespace(audio=SECOND, alerts=[])

        yield parts()


def on_call(story):
    async def told():
        session = Stage(files=Files()).call()
        session.speaker = Speaker()
        session.settings = SessionSettings(session.call.record.request)
        await story(session, CallTracks(session))
        await session.background.close()

    run_virtual(told())


def test_a_track_plays_once_or_for_ever_as_loud_as_told():
    async def story(session, tracks):
        tracks.add("m")
        tracks.add("m")
        tracks.play("m", [FILE, Sound(text="two words")], loop=False, gain_db=-3)
        await asyncio.sleep(0.1)
        tracks.play("m", [FILE], loop=True, gain_db=None)
        await asyncio.sleep(0.1)

        assert session.leg.stream.tracks["m"].played == [(3000, 1, -3), (1000, 0, 0.0)]

    on_call(story)


def test_there_are_three_tracks_and_no_more_and_none_that_was_not_added():
    async def story(session, tracks):
        for name in "abc":
            tracks.add(name)
        with pytest.raises(NotNow, match="3 tracks already"):
            tracks.add("d")
        for act in (
            lambda: tracks.remove("d"),
            lambda: tracks.silence("d"),
            lambda: tracks.play("d", [FILE], loop=False, gain_db=0),
        ):
            with pytest.raises(NotNow, match="no track d"):
                act()

        tracks.remove("a")
        tracks.add("d")
        tracks.silence("d")

        assert session.leg.stream.tracks["a"].is_removed

    on_call(story)


def test_what_cannot_be_had_is_an_alert():
    async def story(session, tracks):
        tracks.add("m")
        tracks.play("m", [Sound(url="/missing.wav")], loop=False, gain_db=0)
        await asyncio.sleep(0.1)
        session.speaker.fails = True
        tracks.play("m", [Sound(text="hello")], loop=False, gain_db=0)
        await asyncio.sleep(0.1)

        first, second = alerts(session.log)
        assert first == "https://app.example/missing.wav was not found"
        assert "no voice today" in second
        assert session.leg.stream.tracks["m"].played == []

    on_call(story)


def test_a_boost_is_for_the_call_and_not_for_its_tracks():
    async def story(session, tracks):
        tracks.add("m")
        tracks.play("m", [FILE], loop=True, gain_db=-3)
        await asyncio.sleep(0.1)
        tracks.boost(-12)

        assert session.leg.stream.outbound_db == -12
        assert session.leg.stream.tracks["m"].gain_db == 9
        tracks.play("m", [FILE], loop=True, gain_db=0)
        await asyncio.sleep(0.1)
        assert session.leg.stream.tracks["m"].played[-1] == (1000, 0, 12)

    on_call(story)


@pytest.mark.parametrize("verb", ["dial", "conference", "listen"])
def test_a_whisper_is_heard_once_while_the_call_talks(verb):
    async def story(session, tracks):
        session.runner = SimpleNamespace(verb=SimpleNamespace(verb=verb))
        tracks.check_whisper()
        tracks.whisper([FILE, FILE])
        await asyncio.sleep(1.5)
        track = session.leg.stream.tracks[WHISPER]
        assert [loops for _, loops, _ in track.played] == [1, 1]
        assert not track.is_removed
        await asyncio.sleep(1)

        assert track.is_removed

    on_call(story)


def test_nobody_is_whispered_to_who_talks_with_nobody():
    async def story(session, tracks):
        session.runner = SimpleNamespace(verb=SimpleNamespace(verb="say"))
        with pytest.raises(NotNow, match="a whisper needs"):
            tracks.whisper([FILE])
        session.runner = None  # a dialled leg
        tracks.check_whisper()
        session.leg = None
        with pytest.raises(NotNow):
            tracks.check_whisper()

    on_call(story)


def test_tracks_need_media():
    async def story(session, tracks):
        session.leg = None
        with pytest.raises(NotNow, match="no media"):
            tracks.add("m")
        with pytest.raises(NotNow, match="no media"):
            tracks.boost(3)

    on_call(story)


def test_nothing_is_mixed_into_audio_that_does_not_pass_here():
    async def story(session, tracks):
        session.dialling.is_direct = True
        for act in (
            lambda: tracks.add("m"),
            lambda: tracks.boost(3),
            lambda: tracks.whisper([FILE]),
        ):
            with pytest.raises(NotNow, match="straight between"):
                act()

    on_call(story)
