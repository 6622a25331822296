"""Real calls over loopback: a phone calls the sandbox, each with its own sockets and media."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from voxgate.base.settings import Listener
from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.sandbox.calls import CallRecord
from voxgate.sandbox.hearing import measure
from voxgate.sandbox.personas import Persona
from voxgate.sandbox.script import Script
from voxgate.sandbox.service import Sandbox, SandboxOptions
from voxgate.sandbox.sound import beep
from voxgate.sip.auth import Credentials
from voxgate.sip.endpoint import Destination
from voxgate.testing.phone import Phone, PhoneCall

RTP_PORTS = (34000, 35999)


class ToneVoice:
    """Speaks every line as 300 ms of 500 Hz."""

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def render(self, _text: str, _voice: Voice) -> Audio:
        return beep(500, 0.3)


class Stage:
    def __init__(self, phone: Phone, sandbox: Sandbox, sip: tuple[Listener, ...]) -> None:
        self.phone = phone
        self.sandbox = sandbox
        self.sip = sip

    def call(self, script: str, *, transport: str = "udp", **how) -> PhoneCall:
        """Call a persona with this script; a number of digits calls the one who lives there."""
        number = script
        if not script.isdigit():
            number = "15005550190"
            codecs = how.pop("codecs", ("PCMU", "PCMA"))
            self.sandbox.personas.add(Persona(number, "test", "", Script.parse(script), codecs))
        port = next(each.port for each in self.sip if each.transport == transport)
        return self.phone.call(number, Destination(transport, "127.0.0.1", port), **how)

    async def record(self, call: PhoneCall) -> CallRecord:
        """What the sandbox knows about the call after its end."""
        record = await self.sandbox.calls.wait_for(call.call_id, ended=True, within_s=10)
        assert record is not None
        assert record.ended.is_set()
        return record


def on_stage(story: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        options = SandboxOptions(
            (Listener("udp", "127.0.0.1", 0), Listener("tcp", "127.0.0.1", 0)),
            "127.0.0.1",
            0,
            RTP_PORTS,
        )
        sandbox = Sandbox(options, ToneVoice())
        address = await sandbox.start()
        try:
            async with Phone.plugged_in() as phone:
                await story(Stage(phone, sandbox, address.sip))
        finally:
            await sandbox.stop()

    asyncio.run(run())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_person_answers_speaks_and_hears_the_caller(transport):
    async def story(stage: Stage) -> None:
        call = stage.call(
            'ring 0.1s; answer; say "Hello?"; listen until silence 0.5s; say "Bye"; hang up cause 16',
            transport=transport,
            headers=[("X-Campaign", "42")],
        )
        await call.until_answered()
        call.say(beep(700, 0.6))
        await call.until_ended()
        heard_by_us = measure(call.heard())
        record = await stage.record(call)

        assert 180 in call.progress
        assert call.ended == "bye-received"
        assert 560 <= heard_by_us.audible_ms <= 680
        assert record.said == ["Hello?", "Bye"]
        assert record.ended_by == "callee"
        assert record.codec == "PCMU"
        assert ("X-Campaign", "42") in record.headers
        heard = record.to_json()["heard"]
        assert 560 <= heard["audio_ms"] <= 680
        assert len(heard["speech"]) == 1
        assert 500 <= heard["speech"][0]["for_ms"] <= 700

    on_stage(story)


def test_digits_go_both_ways():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; press 12#; listen until digits 3; hang up")
        await call.until(lambda call: call.digits == "12#")
        call.press("45*")
        await call.until_ended()
        record = await stage.record(call)

        assert record.digits == "45*"
        assert record.pressed == "12#"
        assert record.problems == []

    on_stage(story)


def test_a_press_without_telephone_events_is_a_noted_problem_and_no_dead_end():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; press 1; hang up", dtmf=False)
        await call.until_ended()
        record = await stage.record(call)

        assert record.pressed == ""
        assert len(record.problems) == 1

    on_stage(story)


def test_the_caller_hanging_up_ends_the_script():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; listen")
        await call.until_answered()
        call.hang_up()
        record = await stage.record(call)

        assert record.ended_by == "caller"
        assert record.state == "ended"

    on_stage(story)


def test_the_caller_giving_up_while_it_rings_is_a_cancelled_call():
    async def story(stage: Stage) -> None:
        call = stage.call("ring")
        await call.until(lambda call: 180 in call.progress)
        call.hang_up()
        assert await call.until_final() == 487
        record = await stage.record(call)

        assert record.sip_status == 487
        assert record.ended_by == "caller"
        assert record.answered_at is None

    on_stage(story)


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        ("15005550130", 486, "Busy Here"),
        ("15005550138", 488, "Not Acceptable Here"),
        ("15005550137", 603, "Network Blocked"),
        ("15005550151", 500, "Server Internal Error"),
        ("15005550199", 404, "No Persona At This Number"),
    ],
)
def test_refusals_come_as_written(number, status, reason):
    async def story(stage: Stage) -> None:
        call = stage.call(number)

        assert await call.until_final() == status
        assert call.reason == reason
        assert (await stage.record(call)).sip_status == status

    on_stage(story)


def test_a_refusal_carries_its_headers():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550150")

        assert await call.until_final() == 503
        assert call.headers.get("Retry-After") == "5"

    on_stage(story)


def test_a_redirect_points_to_another_number_here():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550156")

        assert await call.until_final() == 302
        port = next(each.port for each in stage.sip if each.transport == "udp")
        assert call.headers.get("Contact") == f"<sip:+15005550100@127.0.0.1:{port}>"

    on_stage(story)


def test_early_media_is_heard_before_the_answer():
    async def story(stage: Stage) -> None:
        call = stage.call("early; beep 600Hz 0.4s; answer; listen")
        await call.until_answered()

        assert 183 in call.progress
        assert measure(call.heard()).audible_ms >= 300
        call.hang_up()
        await stage.record(call)

    on_stage(story)


def test_an_announcement_before_a_refusal_is_heard():
    async def story(stage: Stage) -> None:
        call = stage.call("early; beep 950Hz 0.3s; reject 404")

        assert await call.until_final() == 404
        assert measure(call.heard()).audible_ms >= 200

    on_stage(story)


def test_a_mute_answer_sends_no_packet():
    async def story(stage: Stage) -> None:
        call = stage.call("answer mute; listen 0.5s; hang up")
        await call.until_ended()
        record = await stage.record(call)

        assert call.stream.stats().packets_received == 0
        assert record.packets_sent == 0
        assert record.packets_received > 0

    on_stage(story)


@pytest.mark.parametrize("number", ["15005550157", "15005550158"])
def test_the_right_password_is_let_in(number):
    async def story(stage: Stage) -> None:
        call = stage.call(number, credentials=Credentials("sandbox", "sandbox"))
        await call.until_answered()
        call.hang_up()
        record = await stage.record(call)

        assert record.sip_status == 200

    on_stage(story)


def test_the_wrong_password_is_forbidden():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550157", credentials=Credentials("sandbox", "guess"))

        assert await call.until_final() == 403

    on_stage(story)


def test_without_a_password_the_challenge_is_the_answer():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550157")

        assert await call.until_final() == 407
        assert 'realm="sandbox"' in (call.headers.get("Proxy-Authenticate") or "")

    on_stage(story)


def test_hold_and_return_reach_the_caller():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; hold 0.3s; listen")
        await call.until(lambda call: len(call.holds) == 2)
        call.hang_up()
        record = await stage.record(call)

        assert record.problems == []
        assert len(call.holds) == 2

    on_stage(story)


def test_a_persona_of_one_codec_answers_with_it():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; listen 0.2s; hang up", codecs=("PCMA",))
        await call.until_ended()

        assert (await stage.record(call)).codec == "PCMA"

    on_stage(story)


def test_an_offer_without_a_common_codec_is_refused():
    async def story(stage: Stage) -> None:
        offer = (
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            b"m=audio 40000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n"
        )
        call = stage.call("15005550100", offer=offer)

        assert await call.until_final() == 488

    on_stage(story)


def test_a_call_can_bring_its_own_script():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550130", headers=[("X-Sandbox-Script", "answer; press 7; listen")])
        await call.until(lambda call: call.digits == "7")
        call.hang_up()

        assert (await stage.record(call)).persona == "scripted"

    on_stage(story)


def test_a_script_that_cannot_be_read_is_refused_with_the_reason():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550130", headers=[("X-Sandbox-Script", "answer; dance")])

        assert await call.until_final() == 400
        assert "step 2 (dance)" in (call.headers.get("X-Reason") or "")

    on_stage(story)


def test_no_port_of_media_is_kept_after_the_calls():
    async def story(stage: Stage) -> None:
        for _ in range(3):
            call = stage.call("answer; hang up")
            await call.until_ended()
            await stage.record(call)

        assert stage.sandbox.calls_in_progress == 0
        for _ in range(500):  # streams say goodbye on the next tick
            if stage.sandbox.open_streams == 0:
                return
            await asyncio.sleep(0.01)
        pytest.fail("a stream is still open")

    on_stage(story)


def test_stopping_the_sandbox_hangs_up_its_calls():
    async def story(stage: Stage) -> None:
        call = stage.call("answer; listen")
        await call.until_answered()
        await stage.sandbox.stop()
        await call.until_ended()

        assert call.ended == "bye-received"

    on_stage(story)
