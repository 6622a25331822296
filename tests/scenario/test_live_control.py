"""Live call control over REST: what the far ends hear or receive (contract 6)."""

import asyncio

from scenario.far_ends import WAITING_HZ, Party, Room

HANGUP = {"verb": "hangup"}
PAUSE = {"verb": "pause", "length": 60}
ANSWER = {"verb": "answer"}
WHISPER_HZ = 2450


def forever(room: Room, hz: int = WAITING_HZ) -> dict:
    return {"verb": "play", "url": room.tone(hz), "loop": "forever"}


async def over(*parties: Party) -> None:
    async with asyncio.timeout(8):
        for party in parties:
            await party.call.until_ended()


class TestApplication:
    def test_a_call_hook_replaces_the_application_and_its_status_hook_is_used(self, tell):
        """gotcha 30: call_status_hook of an update counts."""

        async def story(room):
            a = await room.calls(forever(room), HANGUP)
            await a.hears(WAITING_HZ)
            status = room.answer("status", [])

            await a.accepts(
                call_hook=room.answer("new", [{"verb": "pause", "length": 0.5}, HANGUP]),
                call_status_hook=status,
            )

            await over(a)
            assert (await room.told("status"))["call_status"] == "completed"
            assert room.asked("new")[0]["call_sid"] == a.sid

        tell(story)

    def test_a_call_hook_that_answers_nothing_ends_only_the_verb_that_runs(self, tell):
        async def story(room):
            a = await room.calls(ANSWER, PAUSE, forever(room))

            await a.accepts(call_hook=room.answer("nothing", []))

            await a.hears(WAITING_HZ)

        tell(story)

    def test_a_call_hook_that_fails_is_an_alert_and_the_call_goes_on(self, tell):
        """gotcha 27: the answer 202 comes before anything is done."""

        async def story(room):
            a = await room.calls(forever(room))
            broken = room.hooks.answer(room.path("broken"), [], 500)

            await a.accepts(call_hook=broken)

            await a.until_event("alert")
            await a.hears(WAITING_HZ)

        tell(story)

    def test_a_child_gets_an_application_of_its_own(self, tell):
        async def story(room):
            a, b = await room.dials(then=(forever(room),))

            await a.accepts(child_call_hook=room.answer("child", [forever(room, 2700)]))

            await b.hears(2700)
            await a.hears(WAITING_HZ)
            assert room.asked("child")[0]["call_sid"] == b.sid

        tell(story)

    def test_both_legs_get_applications(self, tell):
        async def story(room):
            a, b = await room.dials(then=(HANGUP,))

            await a.accepts(
                call_hook=room.answer("parent", [forever(room)]),
                child_call_hook=room.answer("child", [forever(room, 2700)]),
            )

            await a.hears(WAITING_HZ)
            await b.hears(2700)

        tell(story)

    def test_without_a_dial_there_is_no_child_and_the_verb_goes_on(self, tell):
        """gotcha 31: child_call_hook without a dial kills nothing."""

        async def story(room):
            a = await room.calls(forever(room), HANGUP)

            text = await a.refuses(child_call_hook=room.answer("child", [HANGUP]))

            assert text.endswith("there is no dialled call")
            await a.hears(WAITING_HZ)
            assert room.asked("child") == []

        tell(story)

    def test_a_tag_replaces_the_one_before(self, tell):
        """gotcha 75."""

        async def story(room):
            done = room.answer("done", [HANGUP])
            play = {"verb": "play", "url": room.tone(WAITING_HZ), "actionHook": done, "loop": 3}
            a = await room.calls({"verb": "tag", "data": {"old": 1}}, play)
            await a.hears(WAITING_HZ)

            await a.accepts(tag={"new": {"camelCase": 2}})

            assert (await room.told("done"))["customerData"] == {"new": {"camelCase": 2}}

        tell(story)


class TestCallStatus:
    def test_completed_hangs_up(self, tell):
        async def story(room):
            a = await room.calls(forever(room))
            await a.accepts(call_status="completed")
            await over(a)
            assert (await a.refuses_gone(call_status="completed")).startswith(
                "call session is gone"
            )

        tell(story)

    def test_an_answered_call_cannot_be_no_answer(self, tell):
        async def story(room):
            a = await room.calls(forever(room))
            await a.refuses(call_status="no-answer")
            await a.hears(WAITING_HZ)

        tell(story)


class TestMute:
    def test_either_leg_of_a_dial_is_muted_by_its_own_sid(self, tell):
        async def story(room):
            a, b = await room.dials()
            await a.hears(b.hz)

            await a.accepts(mute_status="mute")
            await b.hears()
            await a.hears(b.hz)
            await a.accepts(mute_status="unmute")
            await b.hears(a.hz)
            await b.accepts(mute_status="mute")
            await a.hears()
            await b.accepts(mute_status="unmute")
            await a.hears(b.hz)

        tell(story)

    def test_without_a_dial_or_a_conference_there_is_nothing_to_mute(self, tell):
        async def story(room):
            a = await room.calls(forever(room))
            assert (await a.refuses(mute_status="mute")).endswith("no dial to mute")

        tell(story)


def test_conference_options_need_a_conference(tell):
    async def story(room):
        a = await room.calls(forever(room))
        await a.refuses(conf_mute_status="mute")
        await a.refuses(conf_hold_status="hold")
        await a.refuses(conferenceParticipantAction={"action": "kick"})
        await a.hears(WAITING_HZ)

    tell(story)


class TestWhisper:
    def test_a_whisper_is_heard_by_one_leg_over_the_conversation(self, tell):
        async def story(room):
            a, b = await room.dials()
            sound = {"verb": "play", "url": room.tone(WHISPER_HZ, 1500)}

            await a.accepts(whisper=sound)
            await asyncio.gather(a.hears(b.hz, WHISPER_HZ), b.hears(a.hz))
            await a.hears(b.hz)
            await b.accepts(whisper=[sound])
            await asyncio.gather(b.hears(a.hz, WHISPER_HZ), a.hears(b.hz))
            await b.hears(a.hz)

        tell(story)

    def test_a_whisper_may_stand_beside_another_option(self, tell):
        async def story(room):
            a, b = await room.dials()
            sound = {"verb": "play", "url": room.tone(WHISPER_HZ, 1500), "loop": "forever"}

            await a.accepts(mute_status="mute", whisper=sound)

            await asyncio.gather(a.hears(b.hz, WHISPER_HZ), b.hears())
            await a.hears(b.hz)  # a loop counts as once

        tell(story)

    def test_spoken_whispers_are_heard_too(self, tell):
        async def story(room):
            a, b = await room.dials()
            b.call.stream.stop_playback()
            await a.hears()

            await a.accepts(whisper={"verb": "say", "text": "One more minute, please."})

            await a.hears_something()

        tell(story)

    def test_nobody_is_whispered_to_outside_a_conversation(self, tell):
        async def story(room):
            a = await room.calls(forever(room))
            sound = {"verb": "play", "url": room.tone(WHISPER_HZ)}

            assert "a whisper needs" in await a.refuses(whisper=sound)

            reply = await a.update(whisper={"verb": "hangup"})
            assert (reply.status, reply.body["msg"]) == (
                400,
                "whisper: only say and play can be whispered",
            )

        tell(story)


class TestDub:
    def test_tracks_come_change_fall_silent_and_go(self, tell):
        async def story(room):
            a = await room.calls(ANSWER, PAUSE)
            low, high = room.tone(WHISPER_HZ, 400), room.tone(2700, 400)
            await a.hears()

            await a.accepts(
                dub={"action": "addTrack", "track": "m", "play": low, "loop": True, "gain": "+2dB"}
            )
            await a.hears(WHISPER_HZ)
            play = {"action": "playOnTrack", "track": "n", "play": high, "loop": True}
            assert "no track n" in await a.refuses(dub=play)
            await a.accepts(dub={"action": "addTrack", "track": "n"})
            await a.accepts(dub=play)
            await a.hears(WHISPER_HZ, 2700)
            await a.accepts(dub={"action": "silenceTrack", "track": "m"})
            await a.hears(2700)
            await a.accepts(dub={"action": "removeTrack", "track": "n"})
            await a.hears()
            await a.refuses(dub={"action": "removeTrack", "track": "n"})
            await a.accepts(dub={"action": "sayOnTrack", "track": "m", "say": "Good evening."})
            await a.hears_something()

        tell(story)

    def test_a_track_is_mixed_under_a_conversation_for_its_leg_alone(self, tell):
        async def story(room):
            music = {"action": "addTrack", "track": "m", "play": room.tone(WHISPER_HZ, 400)}
            a, b = await room.dials({"verb": "dub", "loop": True, "gain": -6, **music})

            await a.hears(b.hz, WHISPER_HZ)
            await b.hears(a.hz)

        tell(story)

    def test_a_dub_that_is_none_is_refused(self, tell):
        async def story(room):
            a = await room.calls(ANSWER, PAUSE)
            reply = await a.update(dub={"action": "playOnTrack", "track": "m"})
            assert (reply.status, reply.body["msg"]) == (400, "dub: missing value for play")
            await a.accepts(
                dub={"action": "addTrack", "track": "m", "play": room.answer("none.wav", [])}
            )
            assert (await a.until_event("alert"))["alert_type"] == "play-url-notfound"

        tell(story)


class TestGain:
    def test_the_signal_is_boosted_and_weakened_and_zero_is_a_value(self, tell):
        """gotcha 32: 0 is an option like any other."""

        async def story(room):
            a, b = await room.dials()
            usual = await a.level_of(b.hz)

            await a.accepts(boostAudioSignal="-12dB")
            await a.until_level(b.hz, usual / 4)
            await a.accepts(boostAudioSignal=0)
            await a.until_level(b.hz, usual)
            await a.accepts(boostAudioSignal="+3 dB")
            await a.until_level(b.hz, usual * 1.41)

        tell(story)

    def test_tracks_are_as_loud_as_before(self, tell):
        async def story(room):
            music = {"action": "addTrack", "track": "m", "play": room.tone(WHISPER_HZ, 400)}
            a, b = await room.dials({"verb": "dub", "loop": True, **music})
            usual = await a.level_of(WHISPER_HZ)
            spoken = await a.level_of(b.hz)

            await a.accepts(boostAudioSignal=-12)

            await a.until_level(b.hz, spoken / 4)
            await a.until_level(WHISPER_HZ, usual)

        tell(story)


class TestSip:
    def test_a_request_reaches_the_far_end_and_its_answer_comes_back(self, tell):
        async def story(room):
            a, b = await room.dials()
            request = {"method": "info", "content_type": "text/plain", "content": "hello"}

            for party in (a, b):
                reply = await party.update(sip_request={**request, "headers": {"X-Why": "test"}})

                assert (reply.status, reply.body) == (200, {"status": 200, "reason": "OK"})
                (heard,) = party.call.infos
                assert (heard.content_type, heard.body) == ("text/plain", b"hello")
                assert dict(heard.headers)["X-Why"] == "test"

        tell(story)

    def test_keys_are_pressed_on_the_leg_that_is_named(self, tell):
        async def story(room):
            a, b = await room.dials()

            await a.accepts(dtmf={"digit": "12"})
            await b.accepts(dtmf={"digit": "9", "duration": 100})

            async with asyncio.timeout(8):
                await a.call.until(lambda call: call.digits == "12")
                await b.call.until(lambda call: call.digits == "9")

        tell(story)


def test_the_count_of_calls_follows_them(tell):
    """gotcha 18: nothing drifts, whatever way calls end."""

    async def story(room):
        a, b = await room.dials()
        c = await room.calls(ANSWER, PAUSE)
        assert await room.get("/CallCount") == {"inbound": 2, "outbound": 1}

        b.call.hang_up()
        await c.accepts(call_status="completed")
        await over(a, c)

        await room.until_empty()

    tell(story)


def test_calls_that_are_not_there_or_no_longer_are_told_apart(tell):
    """FS#1206, FS#436: 404 for what never was, 422 for what is over; gotcha 12: 400 for no sid."""

    async def story(room):
        a = await room.calls(ANSWER, HANGUP)
        await over(a)

        assert (await a.refuses_gone(mute_status="mute")).startswith("call session is gone")
        unknown = await room.request(
            "PUT", "/Calls/00000000-0000-4000-8000-000000000000", {"mute_status": "mute"}
        )
        assert (unknown.status, unknown.body) == (404, "Not Found")
        none = await room.request("PUT", "/Calls/x", {"mute_status": "mute"})
        assert none.status == 400

    tell(story)


def test_several_changes_at_once_disturb_nobody(tell):
    async def story(room):
        a, b = await room.dials()

        await asyncio.gather(*(party.accepts(tag={"n": n}) for n in range(10) for party in (a, b)))

        await asyncio.gather(a.hears(b.hz), b.hears(a.hz))

    tell(story)


def test_on_a_call_nobody_answered_only_giving_up_is_possible(tell):
    """FS#95: giving up ends the ringing, and says so."""

    async def story(room):
        a = await room.rings(PAUSE)
        request = {"method": "INFO", "content_type": "text/plain", "content": "x"}
        for change in (
            {"call_status": "completed"},
            {"sip_request": request},
            {"dtmf": {"digit": "1"}},
            {"dub": {"action": "addTrack", "track": "m"}},
            {"boostAudioSignal": 3},
            {"whisper": {"verb": "say", "text": "x"}},
            {"record": {"action": "startCallRecording", "type": "cloud"}},
            {"record": {"action": "stopCallRecording", "type": "cloud"}},
            {"mute_status": "mute"},
            {"media_path": "no-media"},
            {"listen_status": "pause"},
            {"transcribe_status": "pause"},
        ):
            await a.refuses(**change)

        await a.accepts(call_status="no-answer")

        async with asyncio.timeout(8):
            assert await a.call.until_final() == 503

    tell(story)
