import asyncio

import pytest

from unit.call.fakes import FakeClock
from unit.flow.room_stage import FakeRoom, FakeStream, settle
from voxgate.base.errors import VoxgateError
from voxgate.flow import conference as module
from voxgate.flow.conference import Conferences, Member, Receiver, RoomFull
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.rooms import ConferenceWish

STATUS = Hook("https://app.example/status")
EVENTS = frozenset(["start", "end", "join", "leave", "start-talking", "stop-talking"])


class Table:
    """One account's conferences and those who sit in them."""

    def __init__(self):
        self.conferences = Conferences(FakeRoom, FakeClock())
        self.told = []

    def member(self, sid, **wish):
        async def tell(hook, facts):
            self.told.append((sid, hook.url, facts["event"], facts["members"], facts["duration"]))

        return Member(sid, ConferenceWish("room", **wish), FakeStream(), tell)

    def enter(self, sid, *, receiver=None, seated=True, **wish):
        member = self.member(sid, **wish)
        conference = self.conferences.enter("account", member, receiver)
        if seated:
            conference.seat(member)
        return conference, member

    def leave(self, conference, member):
        self.conferences.leave("account", conference, member)


def on_stage(story):
    async def told():
        table = Table()
        try:
            await story(table)
        finally:
            await table.conferences.close()

    run_virtual(told())


def test_a_moderator_starts_it_and_others_do_not():
    async def story(table):
        conference, _ = table.enter("guest", starts=False)
        assert not conference.started.is_set()

        table.enter("host")

        assert conference.started.is_set()
        assert conference.starter is not None
        assert conference.starter.call_sid == "host"

    on_stage(story)


def test_the_last_one_closes_the_room_and_its_name_is_free():
    async def story(table):
        conference, a = table.enter("a")
        _, b = table.enter("b")
        (room,) = a.stream.rooms
        assert table.conferences.names("account") == ["room"]

        table.leave(conference, a)
        assert not room.is_closed
        table.leave(conference, b)
        table.leave(conference, b)

        assert room.is_closed
        assert table.conferences.names("account") == []
        assert a.gone.result() == "left"

    on_stage(story)


def test_all_go_when_the_one_leaves_whom_it_belongs_to():
    async def story(table):
        conference, host = table.enter("host", ends=True)
        _, guest = table.enter("guest")

        table.leave(conference, host)

        assert guest.gone.result() == "ended"

    on_stage(story)


def test_it_is_full_by_the_smaller_of_two_limits():
    async def story(table):
        table.enter("a", members_max=3)
        table.enter("b")
        with pytest.raises(RoomFull):
            table.enter("c", members_max=2)
        table.enter("d")
        with pytest.raises(RoomFull):
            table.enter("e", members_max=9)

    on_stage(story)


def test_an_account_has_so_many_conferences_and_no_more(monkeypatch):
    monkeypatch.setattr(module, "CONFERENCES_MAX", 0)

    async def story(table):
        with pytest.raises(RoomFull):
            table.enter("a")

    on_stage(story)


def test_it_ends_when_its_time_is_over():
    async def story(table):
        _, a = table.enter("a", lasts_s=5)
        await asyncio.sleep(4.9)
        assert not a.gone.done()
        await asyncio.sleep(0.2)

        assert a.gone.result() == "ended"

    on_stage(story)


def test_a_hold_mutes_and_deafens_and_gives_back_what_was_before():
    async def story(table):
        conference, a = table.enter("a", muted=True)
        seat = a.stream.seats[0]
        conference.set_held(a, STATUS, held=True)
        assert (seat.muted, seat.deaf, a.hold_hook, a.changed.is_set()) == (
            True,
            True,
            STATUS,
            True,
        )

        conference.set_held(a, None, held=False)
        assert (seat.muted, seat.deaf) == (True, False)
        conference.set_muted(a, muted=False)

        assert (seat.muted, seat.deaf) == (False, False)

    on_stage(story)


def test_a_coach_is_arranged_anew_with_everybody_who_comes_goes_or_is_tagged():
    async def story(table):
        conference, coach = table.enter("coach", speaks_only_to="agent")
        seat = coach.stream.seats[0]
        assert seat.heard_by == set()

        _, agent = table.enter("agent", tag="agent")
        _, other = table.enter("other")
        assert seat.heard_by == {agent.stream.seats[0]}
        conference.set_tag(other, "agent")
        assert seat.heard_by == {agent.stream.seats[0], other.stream.seats[0]}
        table.leave(conference, agent)
        assert seat.heard_by == {other.stream.seats[0]}
        conference.coach(coach, None)

        assert seat.heard_by is None

    on_stage(story)


def test_a_leg_that_is_broken_is_passed_over():
    async def story(table):
        conference, a = table.enter("a", starts=False)
        _, b = table.enter("b", starts=False)
        a.stream.is_closed = True
        b.stream.takes_digits = False

        conference.mute_others(muted=True)
        conference.relay_digit(b, "1", 100)
        conference.relay_digit(a, "1", 100)

        assert b.stream.seats[0].muted
        assert (a.stream.digits, b.stream.digits) == ("1", "")

    on_stage(story)


def test_all_is_told_in_order_in_the_name_of_whom_it_happened_to():
    async def story(table):
        receiver = Receiver(STATUS, EVENTS, table.member("nobody").tell)
        conference, a = table.enter("a", receiver=receiver)
        await asyncio.sleep(1)
        _, b = table.enter("b", receiver=Receiver(Hook("https://other"), EVENTS, a.tell))
        conference.note_talking(b, talks=True)
        conference.set_muted(b, muted=True)
        conference.note_talking(b, talks=False)  # a muted one talks to nobody
        table.leave(conference, a)
        table.leave(conference, b)
        await settle()

        assert table.told == [
            ("a", STATUS.url, "start", 1, 0.0),
            ("a", STATUS.url, "join", 1, 0.0),
            ("b", STATUS.url, "join", 2, 1.0),
            ("b", STATUS.url, "start-talking", 2, 1.0),
            ("a", STATUS.url, "leave", 1, 1.0),
            ("b", STATUS.url, "leave", 0, 1.0),
            ("b", STATUS.url, "end", 0, 1.0),
        ]

    on_stage(story)


def test_a_hook_that_only_the_first_application_knows_is_told_by_it():
    async def story(table):
        first = table.member("first")
        _, _ = table.enter("a", receiver=Receiver(Hook("status"), frozenset(["join"]), first.tell))
        await settle()

        assert [(sid, url, event) for sid, url, event, _, _ in table.told] == [
            ("first", "status", "join")
        ]

    on_stage(story)


def test_a_receiver_that_fails_loses_only_that():
    async def story(table):
        failures = iter([VoxgateError("away")])

        async def tell(hook, facts):
            for failure in failures:
                raise failure
            table.told.append(facts["event"])

        member = table.member("a")
        member.tell = tell
        conference = table.conferences.enter("account", member, Receiver(STATUS, EVENTS, tell))
        conference.seat(member)
        await settle()

        assert table.told == ["join"]

    on_stage(story)


def test_news_nobody_takes_are_dropped_and_the_end_is_not(monkeypatch):
    monkeypatch.setattr(module, "NEWS_MAX", 2)

    async def story(table):
        gate = asyncio.Event()

        async def tell(hook, facts):
            await gate.wait()
            table.told.append(facts["event"])

        member = table.member("a")
        member.tell = tell
        conference = table.conferences.enter("account", member, Receiver(STATUS, EVENTS, tell))
        conference.seat(member)
        for _ in range(5):
            conference.note_talking(member, talks=True)
        table.leave(conference, member)
        gate.set()
        await settle()

        assert conference.is_over
        assert conference.news.empty()

    on_stage(story)


def test_who_comes_while_a_conference_ends_is_in_a_new_one():
    async def story(table):
        conference, host = table.enter("host", ends=True)
        _, guest = table.enter("guest")
        table.leave(conference, host)
        following, late = table.enter("late")
        table.leave(conference, guest)

        assert following is not conference
        assert not late.gone.done()
        assert table.conferences.names("account") == ["room"]
        table.leave(following, late)
        assert table.conferences.names("account") == []

    on_stage(story)
