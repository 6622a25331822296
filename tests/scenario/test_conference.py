"""Conferences: who hears whom, who waits, who is told (contract 5.2 conference, 3.8, 6)."""

import asyncio
from typing import Any

from scenario.far_ends import WAITING_HZ, eventually

HANGUP = {"verb": "hangup"}
BEEP_HZ = 880


def conference(name: str, **properties: Any) -> dict[str, Any]:
    return {"verb": "conference", "name": name, **properties}


def test_everybody_in_a_conference_hears_all_the_others(tell):
    async def story(room):
        a, b, c = [await room.calls(conference("all")) for _ in range(3)]

        await a.hears(b.hz, c.hz)
        await b.hears(a.hz, c.hz)
        await c.hears(a.hz, b.hz)

        c.call.hang_up()
        await a.hears(b.hz)
        await b.hears(a.hz)

    tell(story)


def test_who_comes_before_the_moderator_waits_with_the_wait_hooks_sound(tell):
    async def story(room):
        play = {"verb": "play", "url": room.tone(WAITING_HZ)}
        waiting = conference(
            "moderated", startConferenceOnEnter=False, waitHook=room.answer("wait", [play])
        )
        guest = await room.calls(waiting)
        other = await room.calls(conference("moderated", startConferenceOnEnter=False))

        await guest.hears(WAITING_HZ)
        await other.hears()
        moderator = await room.calls(conference("moderated"))
        await guest.hears(moderator.hz, other.hz)
        await other.hears(moderator.hz, guest.hz)

        rounds = len(room.asked("wait"))
        assert rounds >= 1
        await asyncio.sleep(0.8)
        assert len(room.asked("wait")) == rounds
        assert room.asked("wait")[0]["call_sid"] == guest.sid

    tell(story)


def test_only_prompts_are_played_to_who_waits(tell):
    async def story(room):
        wait = room.answer("wait", [HANGUP, {"verb": "play", "url": room.tone(WAITING_HZ)}])
        guest = await room.calls(conference("strict", startConferenceOnEnter=False, waitHook=wait))

        await guest.hears(WAITING_HZ)

        alert = await guest.until_event("alert", alert_type="invalid-app-payload")
        assert alert["message"] == "hangup is not allowed while waiting"

    tell(story)


def test_the_enter_hook_is_heard_before_the_others_are(tell):
    async def story(room):
        inside = await room.calls(conference("welcome"))
        welcome = room.answer("enter", [{"verb": "play", "url": room.tone(2450, 1500)}])
        guest = await room.calls(conference("welcome", enterHook=welcome))

        await guest.hears(2450)
        await inside.hears()
        await guest.hears(inside.hz)
        await inside.hears(guest.hz)

    tell(story)


def test_a_beep_announces_who_enters(tell):
    async def story(room):
        room.other_tones.append(BEEP_HZ)
        inside = await room.calls(conference("beeping"))
        listening = asyncio.gather(*[inside.hears(BEEP_HZ)])
        await room.calls(conference("beeping", beep=True), says=False)

        await listening

    tell(story)


def test_join_muted_works_by_itself_and_live_control_unmutes(tell):
    """gotcha 73 (joinMuted alone); FS#814, FS#815 (mute regressions)."""

    async def story(room):
        a = await room.calls(conference("mute"))
        b = await room.calls(conference("mute", joinMuted=True))

        await b.hears(a.hz)
        await a.hears()
        await b.accepts(mute_status="unmute")
        await a.hears(b.hz)
        await b.accepts(mute_status="mute")
        await a.hears()
        await b.accepts(conferenceParticipantAction={"action": "unmute"})
        await a.hears(b.hz)
        await b.accepts(conferenceParticipantAction={"action": "mute"})
        await a.hears()

    tell(story)


def test_muting_the_conference_mutes_all_but_moderators_and_who_comes_later(tell):
    async def story(room):
        host = await room.calls(conference("lecture"))
        guest = await room.calls(conference("lecture", startConferenceOnEnter=False))
        await host.hears(guest.hz)

        await host.accepts(conf_mute_status="mute")
        await host.hears()
        await guest.hears(host.hz)
        late = await room.calls(conference("lecture", startConferenceOnEnter=False))
        await late.hears(host.hz)
        await host.hears()

        await host.accepts(conf_mute_status="unmute")
        await host.hears(guest.hz, late.hz)

    tell(story)


def test_a_coach_is_heard_only_by_those_with_the_tag(tell):
    """gotcha 73: memberTag and speakOnlyTo need no other flag."""

    async def story(room):
        agent = await room.calls(conference("coached", memberTag="agent"))
        customer = await room.calls(conference("coached"))
        coach = await room.calls(conference("coached", speakOnlyTo="agent"))

        await agent.hears(customer.hz, coach.hz)
        await customer.hears(agent.hz)
        await coach.hears(agent.hz, customer.hz)

        await coach.accepts(conferenceParticipantAction={"action": "uncoach"})
        await customer.hears(agent.hz, coach.hz)
        await coach.accepts(conferenceParticipantAction={"action": "coach", "tag": "vip"})
        await agent.hears(customer.hz)
        await customer.accepts(conferenceParticipantAction={"action": "tag", "tag": "vip"})
        await customer.hears(agent.hz, coach.hz)
        await customer.accepts(conferenceParticipantAction={"action": "untag"})
        await customer.hears(agent.hz)

    tell(story)


def test_hold_takes_a_member_aside_with_sounds_of_its_own(tell):
    """gotcha 29: `waitHook` and `wait_hook` are the same."""

    async def story(room):
        a, b = [await room.calls(conference("held")) for _ in range(2)]
        music = room.answer("music", [{"verb": "play", "url": room.tone(WAITING_HZ)}])

        await b.accepts(conf_hold_status="hold", waitHook=music)
        await b.hears(WAITING_HZ)
        await a.hears()
        await b.accepts(conf_hold_status="unhold")
        await b.hears(a.hz)
        await a.hears(b.hz)
        await b.accepts(conf_hold_status="hold", wait_hook=music)
        await b.hears(WAITING_HZ)
        await b.accepts(conferenceParticipantAction={"action": "unhold"})
        await b.hears(a.hz)
        await b.accepts(conferenceParticipantAction={"action": "hold"})
        await b.hears()

    tell(story)


def test_who_is_kicked_goes_on_with_the_next_verb_and_the_others_go_on_talking(tell):
    """gotcha 25: kick over REST; FS#814, PR FS#1216, PR FS#1218."""

    async def story(room):
        tail = {"verb": "play", "url": room.tone(WAITING_HZ), "loop": "forever"}
        hook = room.answer("done", [])
        a, b = [await room.calls(conference("kick")) for _ in range(2)]
        c = await room.calls(conference("kick", id="conf", actionHook=hook), tail)
        await a.hears(b.hz, c.hz)

        await c.accepts(conferenceParticipantAction={"action": "kick"})

        await c.hears(WAITING_HZ)
        await a.hears(b.hz)
        told = await room.told("done")
        assert (told["call_sid"], told["verb_id"]) == (c.sid, "conf")

    tell(story)


def test_a_new_application_takes_a_member_out(tell):
    async def story(room):
        a, b = [await room.calls(conference("redirected")) for _ in range(2)]
        await a.hears(b.hz)
        play = {"verb": "play", "url": room.tone(WAITING_HZ), "loop": "forever"}

        await b.accepts(call_hook=room.answer("new", [play]))

        await b.hears(WAITING_HZ)
        await a.hears()

    tell(story)


def test_the_conference_ends_with_whom_it_belongs_to_and_the_action_hook_is_told(tell):
    async def story(room):
        hook = room.answer("done", [HANGUP])
        host = await room.calls(conference("owned", endConferenceOnExit=True, actionHook=hook))
        guests = [await room.calls(conference("owned", actionHook=hook)) for _ in range(2)]
        await guests[0].hears(host.hz, guests[1].hz)
        assert await room.get("/Conferences") == ["owned"]

        host.call.hang_up()

        for guest in guests:
            async with asyncio.timeout(8):
                await guest.call.until_ended()
        await room.told("done", lambda request: request.body["call_sid"] == host.sid)
        assert {body["call_sid"] for body in room.asked("done")} == {
            party.sid for party in (host, *guests)
        }
        assert await room.get("/Conferences") == []

    tell(story)


def test_a_full_conference_lets_nobody_in(tell):
    async def story(room):
        a = await room.calls(conference("small", maxParticipants=2))
        b = await room.calls(conference("small"))
        late = await room.calls(
            conference("small"),
            {"verb": "play", "url": room.tone(WAITING_HZ), "loop": "forever"},
        )

        await late.hears(WAITING_HZ)
        await a.hears(b.hz)
        assert (await late.until_event("media", type="conference_full"))["name"] == "small"

    tell(story)


def test_a_conference_lasts_no_longer_than_it_may(tell):
    async def story(room):
        a = await room.calls(conference("short", endConferenceDuration=1), HANGUP)
        b = await room.calls(conference("short"), HANGUP)

        async with asyncio.timeout(8):
            await a.call.until_ended()
            await b.call.until_ended()

        assert (await a.until_event("verb", phase="finished"))["left"] == "ended"

    tell(story)


def test_the_first_members_status_hook_is_told_everything_in_order(tell):
    """gotcha 74: statusHook and statusEvents of the first one apply to all."""

    async def story(room):
        first, ignored = room.answer("status", []), room.answer("ignored", [])
        events = ["start", "end", "join", "leave"]
        a = await room.calls(conference("told", statusHook=first, statusEvents=events), says=False)
        await room.told("status", lambda request: request.body["event"] == "join")
        b = await room.calls(conference("told", statusHook=ignored), says=False)
        await room.told("status", lambda request: request.body["members"] == 2)

        a.call.hang_up()
        await room.told("status", lambda request: request.body["event"] == "leave")
        b.call.hang_up()
        await room.told("status", lambda request: request.body["event"] == "end")

        told = room.asked("status")
        assert [(body["event"], body["call_sid"], body["members"]) for body in told] == [
            ("start", a.sid, 1),
            ("join", a.sid, 1),
            ("join", b.sid, 2),
            ("leave", a.sid, 1),
            ("leave", b.sid, 0),
            ("end", b.sid, 0),
        ]
        sid = f"conf:{room.gateway.account_sid}:told"
        assert {(body["conference_sid"], body["friendly_name"]) for body in told} == {(sid, "told")}
        assert [body["duration"] for body in told] == sorted(body["duration"] for body in told)
        assert all(body["time"].endswith("Z") for body in told)
        assert room.asked("ignored") == []

    tell(story)


def test_the_status_hook_hears_who_talks(tell):
    async def story(room):
        hook = room.answer("talk", [])
        events = ["start-talking", "stop-talking"]
        quiet = conference("talking", statusHook=hook, statusEvents=events)
        await room.calls(quiet, says=False)
        b = await room.calls(conference("talking"))

        started = await room.told("talk")
        b.call.stream.stop_playback()
        stopped = await room.told("talk", lambda r: r.body["event"] == "stop-talking")

        assert (started["event"], started["call_sid"]) == ("start-talking", b.sid)
        assert stopped["call_sid"] == b.sid

    tell(story)


def test_keys_reach_the_others_only_from_who_distributes_them(tell):
    """gotcha 73: distributeDtmf alone is enough."""

    async def story(room):
        a = await room.calls(conference("keys"), says=False)
        b = await room.calls(conference("keys", distributeDtmf=True), says=False)
        c = await room.calls(conference("keys"), says=False)

        c.call.press("9")
        await c.until_event("digit", digit="9")
        b.call.press("57")

        async with asyncio.timeout(8):
            await a.call.until(lambda call: call.digits == "57")
            await c.call.until(lambda call: call.digits == "57")
        assert b.call.digits == ""

    tell(story)


def test_conferences_belong_to_their_account_and_are_listed_by_their_whole_name(tell):
    """gotcha 17: a name with colons is listed whole."""

    async def story(room):
        await room.calls(conference("sales:emea:1"), says=False)

        async def listed() -> bool:
            return bool(await room.get("/Conferences") == ["sales:emea:1"])

        await eventually(listed, "the conference in the list")
        other = await asyncio.to_thread(
            room.gateway.api,
            "POST",
            "/Accounts",
            {"name": "other", "service_provider_sid": await provider_of(room)},
        )
        reply = await asyncio.to_thread(
            room.gateway.api, "GET", f"/Accounts/{other['sid']}/Conferences"
        )
        assert reply == []

    tell(story)


async def provider_of(room: Any) -> str:
    accounts = await asyncio.to_thread(room.gateway.api, "GET", "/Accounts")
    return str(accounts[0]["service_provider_sid"])


def test_room_is_another_name_of_conference(tell):
    async def story(room):
        a = await room.calls({"verb": "room", "name": "alias"})
        b = await room.calls(conference("alias"))

        await a.hears(b.hz)

    tell(story)


def test_a_member_whose_audio_breaks_disturbs_nobody(tell):
    async def story(room):
        a, b, c = [await room.calls(conference("robust")) for _ in range(3)]
        await a.hears(b.hz, c.hz)

        c.call.stream.close()  # no BYE, no more packets

        await a.hears(b.hz)
        await b.hears(a.hz)
        await a.accepts(conf_hold_status="hold")
        await b.hears()

    tell(story)


def test_the_leg_that_starts_the_conference_is_recorded(tell):
    async def story(room):
        pause = {"verb": "pause", "length": 60}
        a = await room.calls(conference("kept", record={"path": "kept.wav"}), pause)
        b = await room.calls(conference("kept", record={"path": "ignored.wav"}))
        await a.until_event("media", type="recording_started")
        await a.hears(b.hz)

        await a.accepts(conferenceParticipantAction={"action": "kick"})

        await a.until_event("media", type="recording_stopped")
        assert "recording_started" not in [event["type"] for event in await b.events("media")]

    tell(story)


def test_a_listen_may_run_beside_the_conference(tell):
    async def story(room):
        listen = {"url": f"ws://127.0.0.1:{room.hooks.port}/no-socket-here", "mixType": "mixed"}
        a = await room.calls(conference("heard", listen=listen))
        b = await room.calls(conference("heard"))

        await a.hears(b.hz)

        # It cannot be reached: that is an alert, and nobody in the room notices.
        assert await a.until_event("alert")
        await b.hears(a.hz)

    tell(story)


def test_many_who_come_go_and_are_changed_disturb_nobody(tell, exchange):
    async def story(room):
        a, b = [await room.calls(conference("busy")) for _ in range(2)]
        wait = room.answer("wait", [{"verb": "pause", "length": 0.1}])
        ways = [
            [conference("busy", distributeDtmf=True)],
            [conference("busy", startConferenceOnEnter=False, waitHook=wait, beep=True)],
            [{"verb": "enqueue", "name": "busy", "waitHook": wait}, conference("busy")],
            [{"verb": "dequeue", "name": "busy", "timeout": 1}, conference("busy")],
        ]
        changes = [
            {"mute_status": "mute"},
            {"conf_hold_status": "hold"},
            {"conferenceParticipantAction": {"action": "coach", "tag": "nobody"}},
            {"conferenceParticipantAction": {"action": "kick"}},
        ]

        async def visit(number):
            visitor = await room.calls(*ways[number % 4], says=False)
            visitor.call.press("1")
            for change in changes[number % 3 :]:
                assert (await visitor.update(**change)).status in {202, 422}
            if number % 2:
                visitor.call.stream.close()
            visitor.call.hang_up()

        await asyncio.gather(*(visit(number) for number in range(12)))
        await asyncio.gather(a.hears(b.hz), b.hears(a.hz))

        async def alone() -> bool:
            return (await room.get("/CallCount"))["inbound"] == 2

        await eventually(alone, "an end of the visits")
        assert await room.get("/Queues") == []
        assert "Traceback" not in exchange.log.read_text()

    tell(story)


def test_who_is_handed_over_leaves_no_count_behind(tell):
    """SO#226: a member who went elsewhere was counted for ever, and kept others out."""

    async def story(room):
        status = room.answer("status", [])
        events = {"statusHook": status, "statusEvents": ["join", "leave", "end"]}
        narrow = conference("narrow", maxParticipants=2, **events)
        inside = room.answer("inside", [narrow])
        outside = room.answer("outside", [{"verb": "pause", "length": 60}])
        caller, callee = await room.dials(then=(narrow,))

        await caller.accepts(child_call_hook=inside, call_hook=inside)
        await caller.hears(callee.hz)
        await callee.hears(caller.hz)
        await callee.accepts(call_hook=outside)
        left = await room.told("status", lambda r: r.body["event"] == "leave")
        assert (left["call_sid"], left["members"]) == (callee.sid, 1)

        third = await room.calls(narrow)
        await third.hears(caller.hz)
        for party in (third, caller):
            party.call.hang_up()
        await room.told("status", lambda r: r.body["event"] == "end")

        counts = [(b["event"], b["members"]) for b in room.asked("status")]
        assert [members for event, members in counts if event == "leave"] == [1, 1, 0]
        assert await room.get("/Conferences") == []

    tell(story)
