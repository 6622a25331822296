import asyncio

import pytest

from unit.flow.outside import Outside
from voxgate.base.errors import VoxgateError
from voxgate.call import outcome
from voxgate.flow.inbound import InboundLine
from voxgate.verbs.contract import NotNow


class Full(VoxgateError):
    """No RTP port."""


class Ports:
    class settings:  # noqa: N801 - a namespace
        media_timeout_s = 60.0

    @staticmethod
    def open_stream(_on_media):
        raise Full("none of 2 ports is free")


class Owner:
    """The part of a session that a line talks to before there is media."""

    def __init__(self):
        self.leg = None
        self.endings = []
        self.on_media = None

    def end(self, ending):
        self.endings.append(ending)


def line_of(outside: Outside, *headers: str) -> tuple[InboundLine, Owner]:
    line, owner = InboundLine(outside.invite("sip:1@192.0.2.1", *headers), Ports()), Owner()
    line.serve(owner)
    return line, owner


def on_line(story):
    async def run():
        outside = Outside()
        line, owner = line_of(outside)
        return await story(outside, line, owner)

    return asyncio.run(run())


def test_it_rings_until_there_is_media():
    async def story(outside, line, _owner):
        line.ring()
        return outside.statuses

    assert on_line(story) == [180]


def test_a_call_is_declined_once():
    async def story(_outside, line, owner):
        line.decline(486, "Busy", {})
        line.refuse(486, "Busy", {"X-A": "b"})
        with pytest.raises(NotNow):
            line.decline(603, "", {})
        return owner.endings[0].cause

    assert on_line(story) is outcome.DECLINED_BY_APP


def test_the_callers_cancel_ends_the_session():
    async def story(outside, _line, owner):
        outside.send("CANCEL", "sip:1@192.0.2.1", number=1)
        assert 487 in outside.statuses
        return owner.endings[0].cause

    assert on_line(story) is outcome.CALLER_GONE


def test_a_caller_who_left_before_it_began_ends_it_at_once():
    async def story():
        outside = Outside()
        invite = outside.invite("sip:1@192.0.2.1")
        outside.send("CANCEL", "sip:1@192.0.2.1", number=1)
        line, owner = InboundLine(invite, Ports()), Owner()
        line.serve(owner)
        return owner.endings[0].cause

    assert asyncio.run(story()) is outcome.CALLER_GONE


def test_without_an_rtp_port_there_is_no_answer():
    async def story(outside, line, owner):
        answering = asyncio.get_running_loop().create_task(line.answer())
        await asyncio.sleep(0)  # nothing in it waits before it gives up
        answering.cancel()
        assert not line.is_answered
        assert 200 not in outside.statuses
        return owner.endings[0]

    ending = on_line(story)
    assert (ending.cause, ending.detail) == (outcome.NO_MEDIA_PORT, "none of 2 ports is free")
