import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.hooks.failures import HookFailed
from voxgate.hooks.protocol import (
    Answered,
    AppProtocol,
    Commanded,
    Connect,
    Disconnect,
    Finished,
    Lost,
    Misread,
    ProtocolLimits,
    Rejected,
    State,
    Transmit,
    Unreached,
)
from voxgate.hooks.retry import RetryWish

REFUSED = HookFailed("connect", "ws://app.example/", "connection refused")


class Talk:
    """A protocol, what it said so far, and a clock."""

    def __init__(self, wish: str = "") -> None:
        names = itertools.count(1)
        self.protocol = AppProtocol(
            "sid",
            "ws://app.example/",
            RetryWish.parse(wish, count=4),
            ProtocolLimits(),
            lambda: f"m{next(names)}",
        )
        self.now = 0.0
        self.effects = []

    def do(self, effects):
        self.effects += effects
        return effects

    def ask(self, type_="session:new", data=None, hook=None):
        msgid, effects = self.protocol.request(type_, data or {}, now=self.now, hook=hook)
        self.do(effects)
        return msgid

    def opened(self):
        return self.do(self.protocol.opened(now=self.now))

    def refused(self, failure=REFUSED):
        return self.do(self.protocol.refused(failure, now=self.now))

    def closed(self, code=None):
        return self.do(self.protocol.closed(code, now=self.now))

    def hears(self, **frame):
        return self.do(self.protocol.received(json.dumps(frame), now=self.now))

    def acks(self, msgid, **more):
        return self.hears(type="ack", msgid=msgid, **more)

    def wait(self):
        """Until something is due."""
        self.now = self.protocol.deadline
        return self.do(self.protocol.on_time(now=self.now))

    def frames(self):
        return [json.loads(effect.text) for effect in self.effects if isinstance(effect, Transmit)]

    def types(self):
        return [frame["type"] for frame in self.frames()]

    def all(self, kind):
        return [effect for effect in self.effects if isinstance(effect, kind)]


def introduced(wish: str = "") -> Talk:
    talk = Talk(wish)
    msgid = talk.ask("session:new", {"from": "+49"})
    talk.opened()
    talk.acks(msgid)
    return talk


def test_the_first_question_opens_the_connection_and_introduces_the_session():
    talk = Talk()

    msgid = talk.ask("verb:hook", {"from": "+49"}, hook="/menu")
    assert talk.effects == [Connect()]
    talk.opened()

    (frame,) = talk.frames()
    assert (frame["type"], frame["msgid"], frame["data"]) == ("session:new", msgid, {"from": "+49"})
    assert "hook" not in frame
    assert talk.acks(msgid, data=[{"verb": "hangup"}]) == [Answered(msgid, [{"verb": "hangup"}])]


def test_an_ack_that_does_not_come_in_five_seconds_is_a_failed_request():
    talk = introduced()
    msgid = talk.ask("verb:hook", hook="/menu")

    (rejected,) = talk.wait()

    assert talk.now == 5.0
    assert (rejected.msgid, rejected.failure.kind) == (msgid, "timeout")
    assert talk.acks(msgid) == []


def test_an_ack_of_nothing_we_asked_is_ignored():
    assert introduced().acks("what") == []


def test_statuses_want_no_ack_and_can_come_before_the_session_gotcha_46():
    talk = Talk()
    talk.do(talk.protocol.notify("call:status", {"call_status": "trying"}, now=0))
    talk.opened()
    msgid = talk.ask()

    assert talk.types() == ["call:status", "session:new"]
    assert talk.protocol.deadline == 5.0
    assert talk.acks(msgid) == [Answered(msgid, None)]


def test_a_connection_for_statuses_alone_that_fails_is_tried_again_by_who_wants_it():
    talk = Talk()
    talk.do(talk.protocol.connect())

    assert talk.refused() == [Unreached(REFUSED)]
    assert talk.protocol.deadline is None
    assert talk.do(talk.protocol.connect()) == [Connect()]
    talk.opened()
    assert isinstance(talk.closed(1006)[0], Unreached)


@pytest.mark.parametrize(
    ("wish", "failure", "connections"),
    [
        ("", REFUSED, 5),
        ("rc=1", REFUSED, 2),
        ("rc=0", REFUSED, 1),
        ("", HookFailed("status", "x", "", status=503), 1),
        ("rp=5xx", HookFailed("status", "x", "", status=503), 5),
        ("rp=5xx", HookFailed("status", "x", "", status=404), 1),
    ],
)
def test_the_first_connection_is_tried_as_often_as_its_url_wishes(wish, failure, connections):
    talk = Talk(wish)
    msgid = talk.ask()
    tried = 1
    while talk.refused(failure) == []:
        talk.wait()
        tried += 1

    assert tried == connections
    assert talk.effects[-2:] == [Rejected(msgid, failure), Lost(failure)]


def test_a_lost_connection_comes_back_as_session_reconnect_with_the_first_data_gotcha_54():
    talk = introduced()
    talk.closed(1011)
    talk.wait()
    assert talk.now == 0.5
    talk.opened()

    first, again = talk.frames()
    assert (first["type"], again["type"]) == ("session:new", "session:reconnect")
    assert first["data"] == again["data"]
    assert first["msgid"] != again["msgid"]


def test_frames_wait_until_session_reconnect_is_acknowledged_fs_103():
    talk = introduced()
    talk.closed()
    hook = talk.ask("verb:hook", hook="/menu")
    talk.do(talk.protocol.notify("verb:status", {"event": "finished"}, now=talk.now))
    talk.wait()
    talk.opened()
    assert talk.types() == ["session:new", "session:reconnect"]

    talk.acks(talk.frames()[-1]["msgid"])

    assert talk.types()[2:] == ["verb:hook", "verb:status"]
    assert talk.acks(hook, data=[]) == [Answered(hook, [])]


def test_what_was_in_flight_when_the_connection_broke_has_failed():
    talk = introduced()
    msgid = talk.ask("verb:hook", hook="/menu")

    (rejected,) = talk.closed(1006)

    assert (rejected.msgid, rejected.failure.kind) == (msgid, "connect")


def test_an_introduction_that_was_not_acknowledged_is_repeated_and_then_answered():
    talk = Talk()
    msgid = talk.ask("session:new", {"from": "+49"})
    talk.opened()
    assert talk.closed(1006) == []
    talk.wait()
    talk.opened()

    again = talk.frames()[-1]
    assert (again["type"], again["data"]) == ("session:reconnect", {"from": "+49"})
    assert Answered(msgid, [{"verb": "hangup"}]) in talk.acks(
        again["msgid"], data=[{"verb": "hangup"}]
    )


def test_five_connections_and_no_more_then_the_application_is_lost_fs_1098():
    talk = introduced()
    talk.closed(1006)
    pauses = []
    while talk.protocol.state is not State.LOST:
        before = talk.now
        talk.wait()
        pauses.append(talk.now - before)
        talk.refused()

    assert pauses == [0.5, 1.0, 2.0, 4.0]
    assert len(talk.all(Connect)) == 5
    assert talk.effects[-1] == Lost(REFUSED)
    late = talk.ask("verb:hook")
    assert talk.effects[-1] == Rejected(late, REFUSED)


def test_a_connection_that_held_for_a_minute_earns_new_tries():
    talk = introduced()
    for _ in range(20):
        talk.now += 61
        talk.closed(1006)
        talk.wait()
        talk.opened()
        talk.acks(talk.frames()[-1]["msgid"])

    assert talk.protocol.state is State.READY


def test_connections_that_break_at_once_do_not():
    talk = introduced()
    for _ in range(4):
        talk.closed(1006)
        talk.wait()
        talk.opened()
        talk.acks(talk.frames()[-1]["msgid"])

    assert isinstance(talk.closed(1006)[-1], Lost)


def test_a_reconnect_that_is_not_acknowledged_loses_the_application():
    talk = introduced()
    talk.closed(1006)
    talk.wait()
    talk.opened()

    effects = talk.wait()

    assert effects[0] == Disconnect(1001)
    assert isinstance(effects[-1], Lost)


def test_closing_with_1000_is_a_farewell_gotcha_49():
    talk = introduced()
    pending = talk.ask("verb:hook")

    assert talk.closed(1000) == [Answered(pending, None), Finished()]

    later = talk.ask("verb:hook")
    assert talk.effects[-1] == Answered(later, None)
    assert talk.do(talk.protocol.notify("verb:status", {}, now=1)) == []
    assert talk.protocol.deadline is None


def test_a_farewell_before_the_introduction_was_acknowledged_is_a_refusal():
    talk = Talk()
    msgid = talk.ask()
    talk.opened()

    rejected, finished = talk.closed(1000)

    assert (rejected.msgid, finished) == (msgid, Finished())


def test_a_command_reaches_the_call():
    talk = introduced()

    (commanded,) = talk.hears(type="command", command="redirect", data=[{"verb": "hangup"}])

    assert isinstance(commanded, Commanded)
    assert commanded.command.data == [{"verb": "hangup"}]


def test_what_is_no_frame_is_answered_and_the_connection_stays_fs_1094():
    talk = introduced()

    effects = talk.do(talk.protocol.received("{oops", now=0))

    error = talk.frames()[-1]
    assert (error["type"], error["data"]["msg"]) == ("jambonz:error", "InvalidMessage")
    assert error["data"]["content"] == "{oops"
    assert isinstance(effects[-1], Misread)
    assert talk.protocol.state is State.READY


def test_the_end_of_the_session_closes_with_1000():
    talk = introduced()
    pending = talk.ask("verb:hook")

    rejected, goodbye = talk.do(talk.protocol.finish())

    assert (rejected.msgid, goodbye) == (pending, Disconnect(1000))
    assert talk.protocol.finish() == []


def test_a_session_that_ended_while_the_connection_opened_closes_it():
    talk = Talk()
    talk.ask()
    talk.do(talk.protocol.finish())

    assert talk.opened() == [Disconnect(1000)]


def test_frames_that_wait_for_a_connection_are_bounded():
    talk = introduced()
    talk.closed(1006)

    for _ in range(300):
        talk.ask("verb:hook")

    assert len(talk.all(Rejected)) == 300 - 256


EVENTS = st.sampled_from([
    "ask",
    "tell",
    "open",
    "refuse",
    "close",
    "bye",
    "ack",
    "junk",
    "time",
    "finish",
])


class Fate(Talk):
    """Lets happen what can happen in the state it is in."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    @property
    def is_up(self):
        return self.protocol.state in {State.READY, State.GREETING}

    def on_ask(self):
        self.asked.add(self.ask("verb:hook"))

    def on_tell(self):
        self.do(self.protocol.notify("call:status", {}, now=self.now))

    def on_open(self):
        if self.protocol.state is State.CONNECTING:
            self.opened()

    def on_refuse(self):
        self.refused()

    def on_close(self, code=1006):
        if self.is_up:
            self.closed(code)

    def on_bye(self):
        self.on_close(1000)

    def on_ack(self):
        if self.frames():
            self.acks(self.frames()[-1]["msgid"])

    def on_junk(self):
        self.do(self.protocol.received("?", now=self.now))

    def on_time(self):
        if self.protocol.deadline is not None:
            self.wait()

    def on_finish(self):
        self.do(self.protocol.finish())


@given(st.lists(EVENTS, max_size=60))
def test_every_question_is_answered_or_rejected_exactly_once(events):
    fate = Fate()
    for event in [*events, "finish"]:
        getattr(fate, f"on_{event}")()

    settled = [e.msgid for e in fate.effects if isinstance(e, Answered | Rejected)]
    assert sorted(settled) == sorted(fate.asked)
