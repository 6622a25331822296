"""Rooms, told by what far ends hear over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from unit.media.parties import (
    HIGH_HZ,
    LOW_HZ,
    THIRD_HZ,
    TONES_HZ,
    Party,
    all_join,
    decibels,
    parties,
    talk,
)
from unit.media.streams import happens, on_a_loop, running
from voxgate.media import (
    Codec,
    DigitReceived,
    MediaError,
    MediaEvent,
    PlaybackFinished,
    StreamClosed,
)
from voxgate.testing.rtp import longest_gap, tone

# The longest interruption a listener may be given by a change of rooms, in samples.
GAP_MAX = 40 * 8


# -- who hears whom


@on_a_loop
async def test_two_in_a_room_hear_each_other_and_not_themselves():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))

        assert (a.hears(), b.hears()) == ({HIGH_HZ}, {LOW_HZ})


@pytest.mark.parametrize(
    ("of_a", "of_b"),
    [
        ({}, {"codec": Codec.PCMA}),
        ({}, {"ptime_ms": 40}),
        ({"ptime_ms": 30}, {"codec": Codec.PCMA, "ptime_ms": 10}),
    ],
)
@on_a_loop
async def test_two_with_other_codecs_or_packet_times_hear_each_other(of_a, of_b):
    async with (
        running() as engine,
        parties(engine, 1, **of_a) as (a,),
        parties(engine, 1, **of_b) as (b,),
    ):
        all_join(engine.room(), (a, b))
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))

        assert (a.hears(), b.hears()) == ({HIGH_HZ}, {LOW_HZ})
        lengths = {len(packet.payload) for packet in b.peer.packets}
        assert lengths == {of_b.get("ptime_ms", 20) * 8}


@on_a_loop
async def test_each_of_three_hears_the_two_others():
    async with running() as engine, parties(engine, 3) as made:
        all_join(engine.room(), made)
        await talk(400, *zip(made, TONES_HZ, strict=True))

        assert [party.hears() for party in made] == [
            {HIGH_HZ, THIRD_HZ},
            {LOW_HZ, THIRD_HZ},
            {LOW_HZ, HIGH_HZ},
        ]


@on_a_loop
async def test_streams_of_several_shards_hear_each_other():
    async with running(shards=2) as engine, parties(engine, 3) as made:
        all_join(engine.room(), made)
        made[1].stream.gain(inbound_db=-6)
        await talk(400, *zip(made, TONES_HZ, strict=True))

        assert made[2].hears() == {LOW_HZ, HIGH_HZ}
        assert decibels(made[2].level(HIGH_HZ), made[2].level(LOW_HZ)) == pytest.approx(-6, abs=1)
        made[1].stream.close()
        await happens(lambda: engine.stats().open_streams == 2)


@on_a_loop
async def test_a_muted_one_is_heard_by_nobody_until_unmuted():
    async with running() as engine, parties(engine, 3) as made:
        (a, b, c), seats = made, all_join(engine.room(), made)
        seats[0].mute(True)
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))
        assert (a.hears(), b.hears(), c.hears()) == ({HIGH_HZ}, set(), {HIGH_HZ})

        seats[0].mute(False)
        await talk(300, (a, LOW_HZ))
        assert b.hears() == {LOW_HZ}


@on_a_loop
async def test_a_deaf_one_hears_nothing_but_its_own_playback():
    async with running() as engine, parties(engine, 2) as (a, b):
        room = engine.room()
        a.stream.join(room, hears=False)
        b.stream.join(room)
        a.stream.play(tone(THIRD_HZ, 1000))
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))

        assert (a.hears(), b.hears()) == ({THIRD_HZ}, {LOW_HZ})


@on_a_loop
async def test_a_listener_that_may_not_speak_is_not_heard():
    async with running() as engine, parties(engine, 2) as (a, b):
        room = engine.room()
        a.stream.join(room, speaks=False)
        b.stream.join(room)
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))

        assert (a.hears(), b.hears()) == ({HIGH_HZ}, set())


@on_a_loop
async def test_a_coach_is_heard_by_the_coached_only_and_hears_all():
    async with running() as engine, parties(engine, 3) as made:
        coach, agent, customer = made
        seats = all_join(engine.room(), made)
        seats[0].coach({seats[1]})
        await talk(400, *zip(made, TONES_HZ, strict=True))
        assert coach.hears() == {HIGH_HZ, THIRD_HZ}
        assert agent.hears() == {LOW_HZ, THIRD_HZ}
        assert customer.hears() == {HIGH_HZ}

        seats[0].coach(None)
        await talk(300, (coach, LOW_HZ))
        assert customer.hears() == {LOW_HZ}


@on_a_loop
async def test_whom_the_far_end_put_on_hold_is_not_sent_to():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        await talk(100, (a, LOW_HZ))
        b.stream.connect(replace(b.peer.plan(), send=False))
        await talk(100, (a, LOW_HZ))
        count = len(b.peer.packets)
        await talk(200, (a, LOW_HZ))

        assert len(b.peer.packets) == count


@on_a_loop
async def test_after_a_hold_both_hear_each_other_again():
    """GitHub FS#577, SO#123: no one-way audio after a re-INVITE."""
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        await talk(200, (a, LOW_HZ), (b, HIGH_HZ))
        b.stream.connect(replace(b.peer.plan(), send=False, receive=False))
        await talk(300, (a, LOW_HZ), (b, HIGH_HZ))
        assert a.hears() == set()

        b.stream.connect(b.peer.plan())
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))
        assert (a.hears(), b.hears()) == ({HIGH_HZ}, {LOW_HZ})
        assert longest_gap(b.peer.packets) == 1


# -- forwarding


@on_a_loop
async def test_packets_between_two_pass_undecoded_in_one_row_of_numbers():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        await talk(60, (b, HIGH_HZ))
        # No decoder and encoder leaves 0x7F, the other zero of the law, as it is.
        for _ in range(20):
            a.peer.send_packet(bytes(range(160)))
            a.peer.timestamp = (a.peer.timestamp + 160) % 2**32
            await asyncio.sleep(0.02)
        await b.peer.until(lambda peer: bytes(range(160)) in {p.payload for p in peer.packets})

        passed = [packet for packet in b.peer.packets if packet.payload == bytes(range(160))]
        assert len(passed) >= 18
        assert len({packet.ssrc for packet in b.peer.packets}) == 1
        assert longest_gap(b.peer.packets) == 1
        steps = {(after.timestamp - before.timestamp) % 2**32 for before, after in pairwise(passed)}
        assert steps == {160}


@on_a_loop
async def test_numbers_go_on_over_every_change_of_what_is_heard():
    async with running() as engine, parties(engine, 3) as (a, b, c):
        room = engine.room()
        seats = all_join(room, (a, b))

        async def changes() -> None:
            await asyncio.sleep(0.15)
            third = c.stream.join(room)
            await asyncio.sleep(0.1)
            third.leave()
            await asyncio.sleep(0.1)
            b.stream.play(tone(THIRD_HZ, 60))
            await asyncio.sleep(0.15)
            seats[1].leave()
            await asyncio.sleep(0.1)
            b.stream.join(room)
            await asyncio.sleep(0.1)

        async with asyncio.TaskGroup() as group:
            group.create_task(changes())
            group.create_task(a.peer.send(tone(LOW_HZ, 700)))
        await b.peer.until(lambda peer: len(peer.packets) > 30)

        assert longest_gap(b.peer.packets) == 1
        assert len({packet.ssrc for packet in b.peer.packets}) == 1
        stamps = [packet.timestamp for packet in b.peer.packets]
        steps = [(y - x) % 2**32 for x, y in pairwise(stamps)]
        assert all(160 <= step <= 160 * 6 for step in steps), steps


@on_a_loop
async def test_silence_is_sent_to_one_whose_partner_says_nothing():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        await talk(100, (a, LOW_HZ))
        count = len(b.peer.packets)
        await b.peer.until(lambda peer: len(peer.packets) > count + 10)

        assert b.peer.packets[-1].payload == b"\xff" * 160
        assert longest_gap(b.peer.packets) == 1


# -- coming and going


async def least_gap(story: Callable[[], Awaitable[Party]]) -> int:
    """The longest silence in what somebody heard; told again when the machine held far ends up."""
    for _ in range(3):
        listener = await story()
        assert longest_gap(listener.peer.packets) == 1
        gap = listener.longest_silence()
        if gap <= GAP_MAX:
            break
    return gap


@pytest.mark.parametrize("shards", [1, 2])
@on_a_loop
async def test_a_move_between_rooms_leaves_no_gap_of_more_than_forty_milliseconds(shards):
    async def story() -> Party:
        async with running(shards=shards) as engine, parties(engine, 3) as (a, b, c):
            first, second = engine.room(), engine.room()
            all_join(first, (a, b))
            c.stream.join(second)

            async def move() -> None:
                await asyncio.sleep(0.3)
                b.stream.join(second)

            async with asyncio.TaskGroup() as group:
                group.create_task(move())
                group.create_task(talk(700, (a, LOW_HZ), (c, HIGH_HZ)))
            assert (a.hears(), b.hears()) == (set(), {HIGH_HZ})
            return b

    assert await least_gap(story) <= GAP_MAX


@on_a_loop
async def test_a_third_who_comes_and_goes_leaves_no_gap_either():
    async def story() -> Party:
        async with running() as engine, parties(engine, 3) as (a, b, c):
            room = engine.room()
            all_join(room, (a, b))

            async def visit() -> None:
                await asyncio.sleep(0.2)
                seat = c.stream.join(room)
                await asyncio.sleep(0.2)
                seat.leave()

            async with asyncio.TaskGroup() as group:
                group.create_task(visit())
                group.create_task(talk(700, (a, LOW_HZ)))
            assert b.hears() == {LOW_HZ}
            return b

    assert await least_gap(story) <= GAP_MAX


@on_a_loop
async def test_one_who_leaves_hears_its_own_playback_go_on():
    async with running() as engine, parties(engine, 2) as (a, b):
        seats = all_join(engine.room(), (a, b))
        a.stream.play(tone(THIRD_HZ, 2000))
        await talk(300, (b, HIGH_HZ))
        assert a.hears() == {HIGH_HZ, THIRD_HZ}

        seats[0].leave()
        await talk(300, (b, HIGH_HZ))
        assert a.hears() == {THIRD_HZ}
        assert b.hears() == set()
        seats[0].leave()


@on_a_loop
async def test_a_seat_that_was_left_by_a_move_has_no_say_any_more():
    async with running() as engine, parties(engine, 2) as (a, b):
        old = a.stream.join(engine.room())
        all_join(engine.room(), (a, b))
        old.mute(True)
        old.leave()
        await talk(300, (a, LOW_HZ))

        assert b.hears() == {LOW_HZ}


@on_a_loop
async def test_a_closed_room_lets_everybody_go_and_takes_nobody():
    async with running() as engine, parties(engine, 2) as (a, b):
        room = engine.room()
        all_join(room, (a, b))
        room.close()
        room.close()
        await talk(300, (a, LOW_HZ))

        assert b.hears() == set()
        with pytest.raises(StreamClosed):
            a.stream.join(room)
        with pytest.raises(StreamClosed):
            room.play(tone(LOW_HZ, 20))


@on_a_loop
async def test_a_closed_stream_is_out_of_its_room():
    async with running() as engine, parties(engine, 3) as made:
        (a, b, c), seats = made, all_join(engine.room(), made)
        c.stream.close()
        seats[2].leave()
        await talk(300, (a, LOW_HZ), (b, HIGH_HZ))

        assert (a.hears(), b.hears()) == ({HIGH_HZ}, {LOW_HZ})


# -- music, gain and tracks


@on_a_loop
async def test_what_is_played_to_a_room_is_heard_by_all_and_its_end_is_told():
    told: list[MediaEvent] = []
    async with running() as engine, parties(engine, 2) as (a, b):
        room = engine.room(told.append)
        all_join(room, (a, b))
        first = room.play(tone(THIRD_HZ, 300))
        second = room.queue(tone(THIRD_HZ, 100))
        await talk(300, (a, LOW_HZ))
        assert (a.hears(), b.hears()) == ({THIRD_HZ}, {LOW_HZ, THIRD_HZ})

        await happens(lambda: len(told) == 2)
        assert told == [PlaybackFinished(first, 300, False), PlaybackFinished(second, 100, False)]
        third = room.play(tone(THIRD_HZ, 300), loops=0)
        room.stop_playback()
        await happens(lambda: len(told) == 3)
        assert isinstance(told[2], PlaybackFinished)
        assert (told[2].playback, told[2].cut) == (third, True)


@on_a_loop
async def test_what_a_seated_stream_plays_is_heard_over_the_room_by_it_alone():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        a.stream.play(tone(THIRD_HZ, 1000))
        await talk(300, (a, LOW_HZ), (b, HIGH_HZ))

        assert (a.hears(), b.hears()) == ({HIGH_HZ, THIRD_HZ}, {LOW_HZ})


@on_a_loop
async def test_gain_is_what_was_asked_for_in_both_directions():
    async with running() as engine, parties(engine, 2) as (a, b):
        all_join(engine.room(), (a, b))
        await talk(300, (a, LOW_HZ), (b, HIGH_HZ))
        heard_by_b, heard_by_a = b.level(LOW_HZ), a.level(HIGH_HZ)

        a.stream.gain(inbound_db=6)
        a.stream.gain(outbound_db=-12)
        await talk(400, (a, LOW_HZ), (b, HIGH_HZ))
        assert decibels(b.level(LOW_HZ), heard_by_b) == pytest.approx(6, abs=0.5)
        assert decibels(a.level(HIGH_HZ), heard_by_a) == pytest.approx(-12, abs=0.5)

        a.stream.gain(inbound_db=0)
        await talk(300, (a, LOW_HZ))
        assert decibels(b.level(LOW_HZ), heard_by_b) == pytest.approx(0, abs=0.5)


@on_a_loop
async def test_outbound_gain_is_applied_to_playback_without_a_room():
    async with running() as engine, parties(engine, 1) as (a,):
        a.stream.play(tone(LOW_HZ, 2000))
        await asyncio.sleep(0.3)
        before = a.level(LOW_HZ)
        a.stream.gain(outbound_db=-10)
        await asyncio.sleep(0.35)

        assert decibels(a.level(LOW_HZ), before) == pytest.approx(-10, abs=0.5)


@pytest.mark.parametrize("gain_db", [-91, 41])
@on_a_loop
async def test_a_gain_beyond_reason_is_refused(gain_db):
    async with running() as engine, parties(engine, 1) as (a,):
        with pytest.raises(MediaError, match="inbound_db"):
            a.stream.gain(inbound_db=gain_db)


# -- digits


@on_a_loop
async def test_digits_are_relayed_when_asked_for_and_told_either_way():
    async with running() as engine, parties(engine, 2) as (a, b):
        seats = all_join(engine.room(), (a, b))
        seats[0].relay_digits(True)
        await a.peer.press("42#")
        await b.peer.press("7")
        await a.near.until(DigitReceived, 3)
        await b.near.until(DigitReceived)
        await b.peer.until(lambda peer: [event.ends for event in peer.events()] == [3, 3, 3])

        assert (a.peer.digits(), b.peer.digits()) == ("", "42#")
        assert longest_gap(b.peer.packets) == 1
        await talk(300, (a, LOW_HZ))
        assert b.hears() == {LOW_HZ}


@on_a_loop
async def test_a_key_begins_for_the_other_one_while_it_is_still_pressed_and_lasts_as_long():
    async with running() as engine, parties(engine, 2) as (a, b):
        seats = all_join(engine.room(), (a, b))
        seats[0].relay_digits(True)
        pressing = asyncio.ensure_future(a.peer.press("5", duration_ms=1000))
        await b.peer.until(lambda peer: bool(peer.events()))

        assert not pressing.done()
        assert b.peer.digits() == ""
        await pressing
        await b.peer.until(lambda peer: peer.digits() == "5")
        (event,) = b.peer.events()
        assert 900 <= event.duration_ms <= 1100


@on_a_loop
async def test_digits_are_not_relayed_among_three():
    async with running() as engine, parties(engine, 3) as made:
        (a, b, _), seats = made, all_join(engine.room(), made)
        seats[0].relay_digits(True)
        await a.peer.press("5")
        await a.near.until(DigitReceived)
        await talk(200, (a, LOW_HZ))

        assert b.peer.digits() == ""


@pytest.mark.parametrize("number", [96, 101])
@on_a_loop
async def test_a_far_end_may_number_its_digits_as_we_offered_or_as_it_did(number):
    async with running() as engine, parties(engine, 1) as (a,):
        a.stream.connect(
            replace(a.peer.plan(), dtmf_payload_type=101, dtmf_receive_payload_type=96)
        )
        a.peer.dtmf_payload_type = number
        await a.peer.press("9")
        assert (await a.near.until(DigitReceived)).digit == "9"

        a.stream.send_digits("3")
        a.peer.dtmf_payload_type = 101
        await a.peer.until(lambda peer: peer.digits() == "3")
