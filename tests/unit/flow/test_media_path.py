import asyncio
from types import SimpleNamespace
from typing import Any

from unit.call.fakes import SDP, ListLog
from unit.flow.dial_stage import Stream
from unit.flow.fakes import live_call
from voxgate.call.leg import MediaSession
from voxgate.flow.background import Background
from voxgate.flow.media_path import MediaPath
from voxgate.sdp.description import Description
from voxgate.sip.dialog.events import Outcome, ReInvited
from voxgate.sip.message import Headers


class Dialog:
    """A far end that answers each re-INVITE with the next of its answers."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.offers: list[bytes] = []

    def reinvite(self, body: bytes, listener: Any) -> None:
        self.offers.append(body)
        listener(self.answers.pop(0))


def ok(body: bytes = SDP, acknowledge: Any = None) -> Outcome:
    return Outcome(200, "OK", Headers(), body, acknowledge=acknowledge)


def party(address: bytes, *answers: Outcome) -> Any:
    call = live_call(ListLog())
    media = MediaSession(Stream(), session_id=7, rtp_timeout_s=60)
    media.offer()
    media.accept(SDP.replace(b"192.0.2.9", address))
    listeners: list[Any] = []
    return SimpleNamespace(
        call=call,
        leg=SimpleNamespace(media=media, dialog=Dialog(*answers)),
        background=Background(call),
        ending=asyncio.get_running_loop().create_future(),
        listeners=listeners,
        listen_to_dialog=lambda listener: listeners.append(listener) or (lambda: None),
    )


NEAR, FAR = SDP.replace(b"192.0.2.9", b"203.0.113.1"), SDP.replace(b"192.0.2.9", b"203.0.113.2")


def test_each_is_told_the_others_address_and_comes_back_to_ours():
    async def story() -> None:
        acknowledged: list[bytes] = []
        near = party(b"203.0.113.1", ok(NEAR, acknowledged.append), ok(NEAR))
        far = party(b"203.0.113.2", ok(FAR), ok(FAR))
        path = MediaPath(near, far)

        assert await path.release()

        assert near.leg.dialog.offers == [b""], "the caller's side makes the offer"
        assert Description.parse(far.leg.dialog.offers[0]).connection == "203.0.113.1"
        assert Description.parse(acknowledged[0]).connection == "203.0.113.2"
        await path.restore()
        assert not path.is_direct
        assert Description.parse(near.leg.dialog.offers[1]).connection == "192.0.2.1"
        assert Description.parse(far.leg.dialog.offers[1]).connection == "192.0.2.1"

    asyncio.run(story())


def test_a_far_end_that_does_not_want_it_leaves_the_audio_here():
    async def story() -> None:
        acknowledged: list[bytes] = []
        near = party(b"203.0.113.1", ok(NEAR, acknowledged.append))
        far = party(b"203.0.113.2", Outcome(488, "No", Headers()))

        assert not await MediaPath(near, far).release()

        assert Description.parse(acknowledged[0]).connection == "192.0.2.1"

    asyncio.run(story())


def test_a_change_of_one_side_brings_the_other_ones_audio_back_too():
    async def story() -> None:
        near = party(b"203.0.113.1", ok(NEAR, lambda _body: None))
        far = party(b"203.0.113.2", ok(FAR), ok(FAR))
        path = MediaPath(near, far)
        await path.release()

        near.listeners[0](ReInvited(NEAR, lambda *_a, **_k: None))
        await asyncio.sleep(0.01)

        assert not path.is_direct
        assert Description.parse(far.leg.dialog.offers[1]).connection == "192.0.2.1"
        await far.background.close()

    asyncio.run(story())
