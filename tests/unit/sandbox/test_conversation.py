"""Calls that are answered: what is said, pressed and heard."""

import asyncio

import pytest

from unit.sandbox.stage import Stage, on_stage
from voxgate.sandbox.hearing import measure
from voxgate.sandbox.sound import beep


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_person_answers_speaks_and_hears_the_caller(transport):
    async def story(stage: Stage) -> None:
        call = stage.call(
            'ring 0.1s; answer; say "Hello?"; listen until silence 0.5s; say "Bye"; hang up cause 16',
            transport=transport,
            headers=[("X-Campaign", "42")],
        )
        await call.until_answered()
        call.say(beep((700,), 0.6))
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


def test_no_port_of_media_is_kept_after_the_calls():
    async def story(stage: Stage) -> None:
        for _ in range(3):
            call = stage.call("answer; hang up")
            await call.until_ended()
            await stage.record(call)

        assert all(call.state == "ended" for call in stage.sandbox.calls.newest_first())
        for _ in range(500):  # streams say goodbye on the next tick
            if stage.sandbox.open_streams == 0:
                return
            await asyncio.sleep(0.01)
        pytest.fail("a stream is still open")

    on_stage(story)
