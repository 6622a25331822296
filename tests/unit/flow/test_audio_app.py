"""What an application says, on a real stream; the socket only remembers."""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from unit.call.fakes import ListLog
from unit.flow.fakes import alerts, live_call, of_type
from unit.media.streams import WAIT_S, on_a_loop, talking
from voxgate.flow.audio_app import (
    COMPLAINTS_MAX,
    MARKS_MAX,
    WAITING_SOUNDS_MAX,
    AudioApp,
    PlayedVoice,
    StreamedVoice,
    voice_of,
)
from voxgate.hooks.audio_frames import PlayAudio
from voxgate.hooks.audio_socket import Binary, Received, Text
from voxgate.hooks.frames import BadFrame
from voxgate.model.audio import Audio
from voxgate.model.calls import EventType
from voxgate.testing.rtp import frequency_hz, tone
from voxgate.verbs.capabilities.taps import SpeaksBack

TONE_HZ = 1000


class FakeSocket:
    """Says what it was given, then closes."""

    shown = "wss://app.example/audio"

    def __init__(self, *says: Received) -> None:
        self._says = [*says]
        self.told: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    async def receive(self) -> Received | None:
        return self._says.pop(0) if self._says else None

    def send_text(self, text: str) -> None:
        self.told.append(json.loads(text))
        self._changed.set()

    async def until(self, happened: Callable[[list[dict[str, Any]]], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not happened(self.told):
                self._changed.clear()
                await self._changed.wait()


class FakeVoice:
    def __init__(self) -> None:
        self.did: list[object] = []

    def take_frame(self, frame: bytes) -> None:
        self.did.append(frame)

    async def play(self, message: PlayAudio) -> None:
        self.did.append(message)

    def kill(self) -> None:
        self.did.append("kill")

    def mark(self, name: str) -> None:
        self.did.append(("mark", name))

    def clear_marks(self) -> None:
        self.did.append("clear")

    def close(self) -> None:
        self.did.append("close")


def session() -> tuple[Any, ListLog]:
    log = ListLog()

    async def decode(content: bytes) -> Audio:
        return Audio(content, 16000)

    ports = SimpleNamespace(files=SimpleNamespace(decode=decode))
    return SimpleNamespace(call=live_call(log), ports=ports), log


def sent(type_: str, **data: object) -> Text:
    return Text(json.dumps({"type": type_, "data": data} if data else {"type": type_}))


def run(*says: Received, voice: FakeVoice | None) -> tuple[str, ListLog]:
    async def story() -> tuple[str, ListLog]:
        whole, log = session()
        return await AudioApp(whole, FakeSocket(*says), voice).run(), log  # type: ignore[arg-type]

    return asyncio.run(story())


def test_every_message_reaches_the_voice_in_order():
    voice = FakeVoice()

    why, _ = run(
        sent("mark", name="m"), Binary(b"\0\0"), sent("killAudio"), sent("clearMarks"), voice=voice
    )

    assert why == "closed"
    assert voice.did == [("mark", "m"), b"\0\0", "kill", "clear"]


def test_disconnect_ends_it_before_what_comes_after():
    voice = FakeVoice()

    assert run(sent("disconnect"), sent("killAudio"), voice=voice)[0] == "disconnected"
    assert voice.did == []


def test_information_is_on_the_timeline_and_has_no_other_effect():
    _, log = run(sent("transfer", to="x"), voice=None)

    assert of_type(log, EventType.MEDIA) == [{"type": "listen_message", "message": "transfer"}]
    assert alerts(log) == []


def test_an_application_that_is_always_wrong_is_alerted_a_few_times_only():
    _, log = run(*[Text("{")] * 20, voice=FakeVoice())

    assert len(alerts(log)) == COMPLAINTS_MAX
    assert "wss://app.example/audio: not JSON" in alerts(log)[0]


def test_without_a_voice_frames_are_ignored_and_messages_refused():
    _, log = run(Binary(b"\0\0"), sent("killAudio"), voice=None)

    assert alerts(log) == ["wss://app.example/audio: bidirectional audio is disabled"]


def test_the_wish_decides_on_the_voice():
    @on_a_loop
    async def story() -> None:
        async with talking() as (near, _):
            leg: Any = SimpleNamespace(stream=near.stream)
            whole, _log = session()
            socket: Any = FakeSocket()
            assert voice_of(None, whole, leg, socket) is None
            kinds = [
                type(voice_of(SpeaksBack(streaming, 8000), whole, leg, socket))
                for streaming in (False, True)
            ]
            assert kinds == [PlayedVoice, StreamedVoice]

    story()


def played(story: Callable[..., Any]) -> None:
    """Run a story with a PlayedVoice on a stream, its socket, and the far end."""

    @on_a_loop
    async def whole() -> None:
        async with talking() as (near, peer):
            leg: Any = SimpleNamespace(stream=near.stream)
            about, _ = session()
            socket = FakeSocket()
            await story(PlayedVoice(leg, socket, about), socket, peer)  # type: ignore[arg-type]

    whole()


def done(told: list[dict[str, Any]]) -> list[str]:
    return [each["data"]["id"] for each in told if each["type"] == "playDone"]


def test_sounds_are_heard_in_turn_and_their_ends_told():
    async def story(voice, socket, peer):
        await voice.play(PlayAudio(tone(TONE_HZ, 200).samples, 8000, id="a"))
        # The file is decoded to 16 kHz by the fake.
        await voice.play(PlayAudio(tone(TONE_HZ / 2, 400).samples, None, id="b", queued=True))
        await socket.until(lambda told: done(told) == ["a", "b"])
        assert socket.told[0]["data"]["playbackMilliseconds"] == "200"
        assert socket.told[1]["data"]["playbackMilliseconds"] == "200"
        assert frequency_hz(peer.heard()) == pytest.approx(TONE_HZ, rel=0.02)

    played(story)


def test_a_new_sound_tells_how_much_of_the_last_one_was_heard():
    async def story(voice, socket, peer):
        await voice.play(PlayAudio(tone(TONE_HZ, 5000).samples, 8000, id="old"))
        await peer.until(lambda peer: frequency_hz(peer.heard()) > 0)
        await voice.play(PlayAudio(tone(TONE_HZ, 100).samples, 8000, id="new"))
        await socket.until(lambda told: done(told) == ["old", "new"])
        assert int(socket.told[0]["data"]["playbackMilliseconds"]) < 5000
        assert socket.told[1]["data"]["playbackMilliseconds"] == "100"

    played(story)


def test_only_so_many_sounds_wait():
    async def story(voice, _socket, _peer):
        for _ in range(WAITING_SOUNDS_MAX + 1):
            await voice.play(PlayAudio(bytes(16000), 8000, queued=True))
        with pytest.raises(BadFrame, match="more than 10 sounds wait"):
            await voice.play(PlayAudio(bytes(16000), 8000, queued=True))

    played(story)


def test_clearing_marks_leaves_the_sounds_and_their_ends_alone():
    async def story(voice, socket, _peer):
        await voice.play(PlayAudio(bytes(3200), 8000, id="a"))
        voice.mark("m")
        voice.clear_marks()
        await socket.until(lambda told: done(told) == ["a"])
        assert [each["data"] for each in socket.told if each["type"] == "mark"] == [
            {"name": "m", "event": "cleared"}
        ]

    played(story)


def test_only_so_many_marks_wait():
    async def story(voice, _socket, _peer):
        await voice.play(PlayAudio(bytes(160_000), 8000))
        for number in range(MARKS_MAX):
            voice.mark(str(number))
        with pytest.raises(BadFrame, match="more than 30 wait"):
            voice.mark("one more")

    played(story)


def test_a_binary_frame_is_refused_where_nothing_is_streamed():
    async def story(voice, _socket, _peer):
        with pytest.raises(BadFrame, match="not streamed"):
            voice.take_frame(b"\0\0")

    played(story)


@on_a_loop
async def test_streamed_frames_need_not_be_whole_samples_and_whole_sounds_are_refused():
    async with talking() as (near, peer):
        leg: Any = SimpleNamespace(stream=near.stream)
        socket: Any = FakeSocket()
        voice = StreamedVoice(leg, socket, 8000)
        samples = tone(TONE_HZ, 300).samples
        for start in range(0, len(samples), 333):
            voice.take_frame(samples[start : start + 333])
        voice.mark("end")
        await socket.until(lambda told: told)
        with pytest.raises(BadFrame, match="streamed"):
            await voice.play(PlayAudio(b"", 8000))
        voice.close()

    assert socket.told[0]["data"] == {"name": "end", "event": "playout"}
    assert frequency_hz(peer.heard()) == pytest.approx(TONE_HZ, rel=0.02)
