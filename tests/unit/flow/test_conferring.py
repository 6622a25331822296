import asyncio

import pytest

from unit.flow.room_stage import Stage, noted, settle, verbs
from voxgate.flow.conferring import Conferring
from voxgate.media.events import DigitReceived, SpeechStarted
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.rooms import ConferenceWish, Participant, Told
from voxgate.verbs.contract import NotNow

DONE = Told(Hook("/done"), "c")
ALL = frozenset(["start", "end", "join", "leave"])


class Table:
    def __init__(self):
        self.stage = Stage()
        self.tasks = []

    def join(self, sid, **wish):
        session = self.stage.call(sid)
        part = Conferring(session)
        work = part.run(ConferenceWish("room", **wish), session.leg.stream, DONE)
        task = asyncio.ensure_future(work)
        self.tasks.append(task)
        return session, part, task


def at_table(story):
    async def told():
        table = Table()
        try:
            await story(table)
        finally:
            for task in table.tasks:
                task.cancel()
            await asyncio.gather(*table.tasks, return_exceptions=True)
            await table.stage.conferences.close()

    run_virtual(told())


def test_who_waits_for_the_moderator_is_seated_when_it_comes():
    async def story(table):
        guest, _, _ = table.join("guest", starts=False, wait_hook=Hook("/wait"))
        guest.application.answers["/wait"] = verbs({"verb": "pause", "length": 9})
        await settle()
        assert guest.leg.stream.seats == []

        table.join("host")
        await settle()

        assert len(guest.leg.stream.seats) == 1
        assert noted(guest, "conference_joined") == [{"type": "conference_joined", "name": "room"}]

    at_table(story)


def test_who_is_kicked_while_waiting_was_never_inside():
    async def story(table):
        guest, part, task = table.join("guest", starts=False)
        await settle()
        part.act(Participant("kick"))

        assert (await task).reason == "kicked"
        assert guest.leg.stream.seats == []

    at_table(story)


def test_one_whose_call_ends_inside_has_its_action_hook_told():
    async def story(table):
        session, _, task = table.join("a")
        await settle()
        session.ending.set_result(None)
        task.cancel()
        await settle()

        assert ("/done", {}, "c") in session.application.asked
        assert session.leg.stream.seats[0].has_left
        assert session.listeners == []

    at_table(story)


def test_one_that_is_given_another_application_tells_nobody():
    async def story(table):
        session, part, task = table.join("a")
        await settle()
        task.cancel()
        await settle()

        assert session.application.asked == []
        assert not part.goes_on

    at_table(story)


def test_keys_and_talk_are_passed_on():
    async def story(table):
        a, _, _ = table.join(
            "a",
            relays_digits=True,
            status_hook=Hook("/status"),
            status_events=ALL | {"start-talking"},
        )
        b, _, _ = table.join("b")
        await settle()

        for session in (a, b):
            for listener in session.listeners:
                listener(DigitReceived("5", 100))
                listener(SpeechStarted(0))
        await settle()

        assert (a.leg.stream.digits, b.leg.stream.digits) == ("", "5")
        told = [(url, facts["event"]) for url, facts, _ in a.application.asked]
        assert told[-1] == ("https://app.example/status", "start-talking")
        assert b.application.asked[-1][0] == "https://app.example/status"

    at_table(story)


@pytest.mark.parametrize(
    "control",
    [
        lambda part: part.mute(muted=True),
        lambda part: part.mute_others(muted=True),
        lambda part: part.hold(None),
        lambda part: part.unhold(),
        lambda part: part.act(Participant("kick")),
    ],
)
def test_nothing_can_be_done_outside_a_conference(control):
    async def story(table):
        part = Conferring(table.stage.call())
        with pytest.raises(NotNow, match="in no conference"):
            control(part)

    at_table(story)


def test_every_participant_action_does_what_it_says():
    async def story(table):
        session, part, _ = table.join("a")
        await settle()
        (seat,) = session.leg.stream.seats

        part.act(Participant("mute"))
        assert seat.muted
        part.act(Participant("unmute"))
        part.act(Participant("coach", tag="x"))
        assert (seat.muted, seat.heard_by) == (False, set())
        part.act(Participant("uncoach"))
        part.act(Participant("hold"))
        assert (seat.heard_by, seat.deaf) == (None, True)
        part.act(Participant("unhold"))
        part.act(Participant("tag", tag="y"))
        part.act(Participant("untag"))
        assert not seat.deaf

    at_table(story)
