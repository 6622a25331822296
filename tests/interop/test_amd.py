"""Machine detection while SIPp plays recordings of who answered (contract section 9)."""

import asyncio
from pathlib import Path

import pytest

from interop.scenario import Scenario, Step, answered, hung_up, sdp
from interop.stage import STAY, Stage
from voxgate.media.plan import Codec
from voxgate.sandbox.script import Script
from voxgate.sandbox.voice import Throat
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech
from voxgate.testing.amd import recorded
from voxgate.testing.g711 import encode

HUMAN = 'answer; noise -55dB; wait 0.3s; say "Hello?"'
BUSINESS = 'answer; noise -55dB; wait 0.2s; say "City library, good afternoon, how can I help?"'
MAILBOX = (
    'answer; noise -50dB; wait 0.3s; say "Please leave a message."; wait 0.4s; beep 1000Hz 0.2s'
)
LOW_BEEP = "answer; noise -60dB; wait 0.5s; beep 440Hz 0.5s at -20dB"
RINGING = "answer; noise -60dB; ringback 4s in de"
BUSY = "answer; noise -60dB; busy 4s"


async def record(script: str) -> bytes:
    throat = Throat(Speech(Registry.offline()))
    await throat.start()
    try:
        return (await recorded(throat, Script.parse(script))).samples
    finally:
        await throat.close()


def play(script: str, folder: Path) -> Step:
    """The whole recording, once."""
    file = folder / "answer.ul"
    file.write_bytes(encode(asyncio.run(record(script)), Codec.PCMU))
    return Step(f'<nop><action><exec rtp_stream="{file},1,0"/></action></nop>')


@pytest.mark.parametrize(
    ("script", "types"),
    [
        (HUMAN, ["amd_human_detected"]),
        (BUSINESS, ["amd_human_detected"]),
        (
            MAILBOX,
            ["amd_machine_detected", "amd_tone_detected", "amd_machine_stopped_speaking"],
        ),
        (
            LOW_BEEP,
            ["amd_machine_detected", "amd_tone_detected", "amd_machine_stopped_speaking"],
        ),
        (RINGING, ["amd_no_speech_detected"]),
        (BUSY, ["amd_no_speech_detected"]),
    ],
    ids=["human", "business", "mailbox", "low-beep", "ringing", "busy"],
)
def test_a_recording_is_taken_for_who_is_on_it(
    stage: Stage, tmp_path: Path, script: str, types: list[str]
) -> None:
    content = sdp(port="[rtpstream_audio_port]", payloads="0")
    steps = answered(play(script, tmp_path), *hung_up(), content=content)
    hook = stage.hooks.answer(stage.path("amd"), [])
    timers = {"noSpeechTimeoutMs": 3500}
    with stage.phone(Scenario("recording", *steps)) as phone:
        call = stage.call(phone.port, verbs=STAY, amd={"actionHook": hook, "timers": timers})
        stage.hooks.wait_for(stage.path("amd"), lambda r: r.body["type"] == "amd_stopped")
        call.update(call_status="completed")
        call.ended()

    told = [request.body["type"] for request in stage.hooks.requests(stage.path("amd"))]
    assert told == [*types, "amd_stopped"]
