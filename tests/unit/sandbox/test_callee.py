"""What a callee does before it answers, or instead."""

import asyncio

import pytest

from unit.sandbox.stage import Stage, on_stage
from voxgate.sip.auth import Credentials


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


def test_a_silent_trunk_sends_nothing_at_all():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550152")
        record = await stage.record(call)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.2):  # 100 would come after 0.2 s, a repeat after 0.5 s
                await call.until(lambda call: bool(call.progress) or call.status is not None)

        assert record.sip_status == 0
        assert len(stage.sandbox.calls.newest_first()) == 1

    on_stage(story)


def test_a_redirect_points_to_another_number_here():
    async def story(stage: Stage) -> None:
        call = stage.call("15005550156")

        assert await call.until_final() == 302
        port = next(each.port for each in stage.sip if each.transport == "udp")
        assert call.headers.get("Contact") == f"<sip:+15005550100@127.0.0.1:{port}>"

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


def test_an_offer_without_a_common_codec_is_refused():
    async def story(stage: Stage) -> None:
        offer = (
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            b"m=audio 40000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n"
        )
        call = stage.call("15005550100", offer=offer)

        assert await call.until_final() == 488

    on_stage(story)
