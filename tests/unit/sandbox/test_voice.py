import asyncio

import pytest

from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.sandbox.hearing import measure
from voxgate.sandbox.steps import Beep, Ringback, Say, Sit
from voxgate.sandbox.voice import Throat
from voxgate.speech.contract import SpeechFailed


class Reader:
    """Speaks with a second of silence, or not at all."""

    def __init__(self, *, hoarse: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self._hoarse = hoarse

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def render(self, text: str, voice: Voice) -> Audio:
        self.asked.append((text, voice.language))
        if self._hoarse:
            raise SpeechFailed("failed", "builtin", "no voice today")
        return Audio(bytes(16000))


@pytest.mark.parametrize(
    ("step", "lasts_ms", "audible_ms"),
    [(Beep(1000, 0.4), 400, 400), (Sit(), 1990, 990), (Ringback(3.0), 3000, 2000)],
)
def test_tones_need_no_voice(step, lasts_ms, audible_ms):
    reader = Reader()

    audio = asyncio.run(Throat(reader).sound_of(step))

    assert audio.duration_ms == lasts_ms
    assert measure(audio.samples).audible_ms == pytest.approx(audible_ms, abs=20)
    assert reader.asked == []


def test_a_line_is_spoken_in_its_language():
    reader = Reader()

    assert asyncio.run(Throat(reader).sound_of(Say("Hallo", "de-DE"))).duration_ms == 1000
    assert reader.asked == [("Hallo", "de-DE")]


def test_lines_are_rendered_ahead_and_a_failure_waits_until_it_matters():
    async def run() -> None:
        reader = Reader(hoarse=True)
        throat = Throat(reader)
        throat.prepare([Say("one"), Say("two")])
        for _ in range(5):
            await asyncio.sleep(0)
        assert [text for text, _ in reader.asked] == ["one", "two"]

        with pytest.raises(SpeechFailed):
            await throat.sound_of(Say("one"))
        await throat.close()

    asyncio.run(run())
