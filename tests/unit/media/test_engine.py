import asyncio

import pytest

from unit.media.streams import Listening, happens, on_a_loop, running, talking
from voxgate.media import MediaEngine, MediaError, MediaSettings, PlaybackFinished, StreamClosed
from voxgate.testing.rtp import RtpPeer, tone


@on_a_loop
async def test_ports_are_even_and_in_the_range():
    async with running(rtp_ports=(30811, 30820)) as engine:
        ports = {Listening(engine).stream.port for _ in range(4)}

    assert ports == {30812, 30814, 30816, 30818}


@on_a_loop
async def test_the_advertised_address_is_the_bound_one_unless_told():
    async with running() as plain, running(advertised_ip="203.0.113.5") as behind:
        assert Listening(plain).stream.advertised_ip == "127.0.0.1"
        assert Listening(behind).stream.advertised_ip == "203.0.113.5"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rtp_ports": (20000, 20000)}, "rtp_ports"),
        ({"rtp_ports": (0, 20000)}, "rtp_ports"),
        ({"shards": 0}, "shards"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(changes, field):
    with pytest.raises(MediaError, match=field):
        MediaEngine(MediaSettings(**changes))


@on_a_loop
async def test_an_address_that_is_none_is_refused_when_starting():
    with pytest.raises(MediaError, match="bind_ip"):
        await MediaEngine(MediaSettings(bind_ip="localhost")).start()


@on_a_loop
async def test_a_stopped_engine_opens_nothing_and_leaves_its_streams():
    async with RtpPeer.listening() as peer:
        async with running() as engine:
            near = Listening(engine)
            near.stream.connect(peer.plan())
            await peer.until(lambda peer: len(peer.packets) >= 1)
        await peer.until(lambda peer: len(peer.reports) >= 1)
        with pytest.raises(StreamClosed):
            engine.open(print)
        with pytest.raises(StreamClosed):
            near.stream.stop_playback()
        await engine.stop()


@on_a_loop
async def test_streams_share_the_shards():
    async with running(shards=2) as engine, RtpPeer.listening() as peer:
        streams = [Listening(engine) for _ in range(10)]
        for near in streams:
            near.stream.connect(peer.plan())
            near.stream.play(tone(440, 60))
        for near in streams:
            await near.until(PlaybackFinished)
        stats = engine.stats()

    assert stats.open_streams == 10
    assert stats.packets_sent >= 30
    assert stats.events_dropped == 0


@on_a_loop
async def test_a_listener_that_fails_does_not_silence_the_others():
    async with running() as engine, RtpPeer.listening() as peer:

        def fails(event):
            raise RuntimeError(str(event))

        failing, near = engine.open(fails), Listening(engine)
        for stream in (failing, near.stream):
            stream.connect(peer.plan())
            stream.play(tone(440, 40))
        end = await near.until(PlaybackFinished)

    assert end.played_ms == 40


@on_a_loop
async def test_a_closed_stream_tells_nothing_more():
    async with talking() as (near, peer):
        near.stream.play(tone(440, 60_000))
        await peer.until(lambda peer: len(peer.packets) >= 3)
        near.stream.close()
        async with asyncio.timeout(5):
            await peer.until(lambda peer: len(peer.reports) >= 1)

    assert near.told(PlaybackFinished) == []


@on_a_loop
async def test_packets_are_counted_for_the_whole_engine():
    async with talking() as (near, peer):
        await peer.send_silence(60)
        await happens(lambda: near.stream.stats().packets_received == 3)

    assert near.stream.stats().packets_sent >= 3
