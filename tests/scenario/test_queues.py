"""Queues: who waits and what for, who is taken, who is told (contract 5.2 enqueue, 3.8)."""

import asyncio
from typing import Any

from scenario.far_ends import WAITING_HZ, Party, Room, eventually

HANGUP = {"verb": "hangup"}


def enqueue(name: str, **properties: Any) -> dict[str, Any]:
    return {"verb": "enqueue", "name": name, **properties}


def dequeue(name: str, **properties: Any) -> dict[str, Any]:
    return {"verb": "dequeue", "name": name, **properties}


async def waits_in(room: Room, name: str, length: int) -> None:
    async def listed() -> bool:
        return {"name": name, "length": length} in await room.get("/Queues")

    await eventually(listed, f"{length} waiting in {name}")


async def over(*parties: Party) -> None:
    async with asyncio.timeout(8):
        for party in parties:
            await party.call.until_ended()


def test_who_waits_hears_the_wait_hook_until_taken_and_then_the_taker(tell):
    async def story(room):
        wait = room.answer("wait", [{"verb": "play", "url": room.tone(WAITING_HZ)}])
        done, taken = room.answer("done", [HANGUP]), room.answer("taken", [HANGUP])
        caller = await room.calls(enqueue("support", id="q", waitHook=wait, actionHook=done))
        await caller.hears(WAITING_HZ)
        await waits_in(room, "support", 1)

        agent = await room.calls(dequeue("support", actionHook=taken))
        await caller.hears(agent.hz)
        await agent.hears(caller.hz)
        await waits_in_none(room)
        agent.call.hang_up()

        told = await room.told("done")
        assert (told["queue_result"], told["verb_id"]) == ("bridged", "q")
        assert told["queue_sid"] == f"queue:{room.gateway.account_sid}:support"
        assert told["queue_time"] >= 0
        assert (await room.told("taken"))["dequeue_result"] == "complete"
        waited = room.asked("wait")[0]
        assert (waited["queue_size"], waited["queue_position"], waited["queue_time"]) == (1, 0, 0)
        assert (waited["queue_sid"], waited["call_sid"]) == (told["queue_sid"], caller.sid)
        await over(caller)

    tell(story)


async def waits_in_none(room: Room) -> None:
    async def empty() -> bool:
        return await room.get("/Queues") == []

    await eventually(empty, "an end of all queues")


def test_the_lowest_priority_goes_first_and_of_equal_ones_the_oldest(tell):
    """FS#357: priorities, and a look into the queue."""

    async def story(room):
        later = await room.calls(enqueue("ranked"))
        await waits_in(room, "ranked", 1)
        negative = await room.calls(enqueue("ranked", priority=-5))
        await waits_in(room, "ranked", 2)
        urgent = await room.calls(enqueue("ranked", priority=1))
        await waits_in(room, "ranked", 3)

        agent = await room.calls(dequeue("ranked"), dequeue("ranked"), dequeue("ranked"))

        for caller in (urgent, later, negative):
            await agent.hears(caller.hz)
            caller.call.hang_up()

    tell(story)


def test_a_certain_call_can_be_taken(tell):
    async def story(room):
        first = await room.calls(enqueue("picked"))
        await waits_in(room, "picked", 1)
        second = await room.calls(enqueue("picked"))
        await waits_in(room, "picked", 2)

        agent = await room.calls(dequeue("picked", callSid=second.sid))

        await agent.hears(second.hz)
        await second.hears(agent.hz)
        await first.hears()

    tell(story)


def test_who_wants_somebody_waits_until_one_comes_or_the_time_is_over(tell):
    """gotcha 71: the action hook may be answered with verbs that run next."""

    async def story(room):
        done = room.answer("done", [{"verb": "play", "url": room.tone(WAITING_HZ), "loop": 50}])
        gives_up = await room.calls(dequeue("late", timeout=1, actionHook=done))
        patient = await room.calls(dequeue("late"))

        await gives_up.hears(WAITING_HZ)
        assert (await room.told("done"))["dequeue_result"] == "timeout"
        caller = await room.calls(enqueue("late"))
        await patient.hears(caller.hz)

    tell(story)


def test_leave_ends_the_waiting_and_the_next_verb_runs(tell):
    async def story(room):
        wait = room.answer("wait", [{"verb": "leave"}])
        done = room.answer("done", [])
        caller = await room.calls(
            enqueue("left", waitHook=wait, actionHook=done),
            {"verb": "play", "url": room.tone(WAITING_HZ), "loop": "forever"},
        )

        await caller.hears(WAITING_HZ)
        assert (await room.told("done"))["queue_result"] == "leave"
        await waits_in_none(room)

    tell(story)


def test_a_tag_in_the_wait_hook_reaches_later_payloads(tell):
    async def story(room):
        pause = {"verb": "pause", "length": 0.2}
        wait = room.answer("wait", [{"verb": "tag", "data": {"waited": True}}, pause])
        await room.calls(enqueue("tagged", waitHook=wait), says=False)

        tagged = await room.told("wait", lambda r: "customerData" in r.body)
        assert tagged["customerData"] == {"waited": True}

    tell(story)


def test_who_hangs_up_while_waiting_leaves_the_queue_and_the_hook_is_told(tell):
    async def story(room):
        done = room.answer("done", [])
        caller = await room.calls(enqueue("gone", actionHook=done), says=False)
        await waits_in(room, "gone", 1)

        caller.call.hang_up()

        assert (await room.told("done"))["queue_result"] == "hangup"
        await waits_in_none(room)

    tell(story)


def test_who_hangs_up_while_wanting_somebody_wants_nobody(tell):
    async def story(room):
        done = room.answer("done", [])
        agent = await room.calls(dequeue("nobody", actionHook=done), says=False)
        agent.call.hang_up()
        assert (await room.told("done"))["dequeue_result"] == "hangup"

        caller = await room.calls(enqueue("nobody"))
        await waits_in(room, "nobody", 1)
        await caller.hears()

    tell(story)


def test_the_taker_hears_a_beep_before_the_caller(tell):
    async def story(room):
        room.other_tones.append(880)
        caller = await room.calls(enqueue("beeps"))
        await waits_in(room, "beeps", 1)

        agent = await room.calls(dequeue("beeps", beep=True))

        await agent.hears(880)
        await agent.hears(caller.hz)

    tell(story)


def test_a_taker_is_asked_alone_and_may_refuse(tell):
    """FS#83: an agent confirms before it is joined with who waits."""

    async def story(room):
        music = room.answer("music", [{"verb": "play", "url": room.tone(WAITING_HZ)}])
        caller = await room.calls(enqueue("asked", waitHook=music))
        await caller.hears(WAITING_HZ)
        pressed = {"verb": "gather", "numDigits": 1, "timeout": 20}
        prompt = {"verb": "play", "url": room.tone(880), "loop": 50}
        refuse = room.answer("refuse", [{"verb": "leave"}])
        ask = room.answer("ask", [pressed | {"play": prompt, "actionHook": refuse}])
        done = room.answer("done", [HANGUP])

        unwilling = await room.calls(dequeue("asked", confirmHook=ask, actionHook=done))
        await unwilling.hears(880)
        await caller.hears(WAITING_HZ)
        unwilling.call.press("2")

        assert (await room.told("done"))["dequeue_result"] == "declined"
        assert (await room.told("ask"))["queued_call_sid"] == caller.sid
        await waits_in(room, "asked", 1)

        join = room.answer("join", [])
        ask = room.answer("ask2", [pressed | {"play": prompt, "actionHook": join}])
        willing = await room.calls(dequeue("asked", confirmHook=ask))
        await willing.hears(880)
        willing.call.press("1")
        await willing.hears(caller.hz)
        await caller.hears(willing.hz)

    tell(story)


def test_keys_pass_between_the_two(tell):
    async def story(room):
        caller = await room.calls(enqueue("keys"))
        agent = await room.calls(dequeue("keys"))
        await agent.hears(caller.hz)

        caller.call.press("42")

        async with asyncio.timeout(8):
            await agent.call.until(lambda call: call.digits == "42")

    tell(story)


def test_the_accounts_queue_event_hook_is_told_of_coming_and_going(tell):
    async def story(room):
        hook = room.answer("events", [HANGUP])  # what it answers is nobody's document
        account = f"/Accounts/{room.gateway.account_sid}"
        change = {"queue_event_hook": {"url": hook, "method": "POST"}}
        await asyncio.to_thread(room.gateway.api, "PUT", account, change)
        try:
            gone = await room.calls(enqueue("watched"), says=False)
            await waits_in(room, "watched", 1)
            gone.call.hang_up()
            await room.told("events", lambda r: r.body["event"] == "leave")
            caller = await room.calls(enqueue("watched"))
            agent = await room.calls(dequeue("watched"))
            await agent.hears(caller.hz)
            await room.told("events", lambda r: r.body.get("leave_reason") == "dequeued")
        finally:
            await asyncio.to_thread(room.gateway.api, "PUT", account, {"queue_event_hook": None})

        told = {(b["event"], b["call_sid"], b.get("leave_reason")): b for b in room.asked("events")}
        assert set(told) == {
            ("join", gone.sid, None),
            ("leave", gone.sid, "abandoned"),
            ("join", caller.sid, None),
            ("leave", caller.sid, "dequeued"),
        }
        left = told["leave", caller.sid, "dequeued"]
        assert (left["queue"], left["length"], left["dequeuer"]) == ("watched", 0, agent.sid)
        assert told["join", gone.sid, None]["length"] == 1
        assert left["join_time"] <= left["leave_time"]

    tell(story)


def test_queues_are_listed_by_their_whole_name_and_searched(tell):
    """gotcha 17: a name with colons is listed whole."""

    async def story(room):
        await room.calls(enqueue("sales:emea:1"), says=False)
        await room.calls(enqueue("service"), says=False)
        await waits_in(room, "sales:emea:1", 1)
        await waits_in(room, "service", 1)

        assert await room.get("/Queues?search=emea") == [{"name": "sales:emea:1", "length": 1}]

    tell(story)
