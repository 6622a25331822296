import asyncio
import struct
from dataclasses import replace
from itertools import pairwise

import pytest

from unit.media.streams import WAIT_S, Listening, happens, on_a_loop, running, talking
from voxgate.media import (
    Codec,
    DigitReceived,
    DigitsSent,
    DigitStarted,
    FirstPacket,
    MediaError,
    MediaTimeout,
    NoPortsLeft,
    Overloaded,
    PlaybackFinished,
    RemoteLatched,
    Silence,
    SpeechStarted,
    SpeechStopped,
    StreamClosed,
)
from voxgate.model.audio import Audio
from voxgate.testing.g711 import encode
from voxgate.testing.rtp import RtpPeer, frequency_hz, longest_gap, tone

TONE_HZ = 440


async def soon(near: Listening, peer: RtpPeer, packets: int) -> None:
    """Until the peer has this many more packets."""
    count = len(peer.packets) + packets
    async with asyncio.timeout(WAIT_S):
        await peer.until(lambda peer: len(peer.packets) >= count)


def frames_of_sound(peer: RtpPeer) -> int:
    return sum(bool(packet.payload.strip(b"\xff")) for packet in peer.packets)


# -- playing


@pytest.mark.parametrize("codec", Codec)
@on_a_loop
async def test_a_played_tone_is_heard_at_its_frequency(codec):
    async with talking(codec) as (near, peer):
        near.stream.play(tone(TONE_HZ, 400))
        await near.until(PlaybackFinished)
        await soon(near, peer, 2)

    assert frequency_hz(peer.heard()) == pytest.approx(TONE_HZ, rel=0.01)
    assert {packet.payload_type for packet in peer.packets} == {int(codec)}


@on_a_loop
async def test_a_tone_at_another_rate_is_heard_at_its_frequency():
    fast = struct.pack(
        "<9600h", *(value for n in range(4800) for value in (n % 24 * 900 - 10000,) * 2)
    )
    async with talking() as (near, peer):
        near.stream.play(Audio(fast, 48000))
        await near.until(PlaybackFinished)
        await soon(near, peer, 2)

    assert frequency_hz(peer.heard()) == pytest.approx(1000, rel=0.01)


@on_a_loop
async def test_packets_are_numbered_and_timed_without_a_gap_and_only_a_talkspurt_is_marked():
    async with talking() as (near, peer):
        await soon(near, peer, 3)
        near.stream.play(tone(TONE_HZ, 100))
        await near.until(PlaybackFinished)
        await soon(near, peer, 3)

    packets = peer.packets
    assert longest_gap(packets) == 1
    assert {packet.ssrc for packet in packets} == {packets[0].ssrc}
    steps = {(after.timestamp - before.timestamp) % 2**32 for before, after in pairwise(packets)}
    assert steps == {160}
    assert packets[0].marker
    assert sum(packet.marker for packet in packets) == 2


@on_a_loop
async def test_silence_is_sent_while_nothing_plays():
    async with talking() as (near, peer):
        await soon(near, peer, 5)

    assert not any(peer.heard().samples)


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
@on_a_loop
async def test_packets_have_the_negotiated_length(ptime_ms):
    async with talking(ptime_ms=ptime_ms) as (near, peer):
        near.stream.play(tone(TONE_HZ, 300))
        await near.until(PlaybackFinished)
        await soon(near, peer, 1)

    assert {len(packet.payload) for packet in peer.packets} == {8 * ptime_ms}
    assert frequency_hz(peer.heard()) == pytest.approx(TONE_HZ, rel=0.01)


@on_a_loop
async def test_queued_sounds_follow_each_other_without_a_gap():
    whole = tone(TONE_HZ, 150)
    async with talking() as (near, peer):
        first = near.stream.play(Audio(whole.samples[:1110], 8000))
        second = near.stream.queue(Audio(whole.samples[1110:], 8000))
        await near.until(PlaybackFinished, 2)
        await soon(near, peer, 1)

    assert [end.playback for end in near.told(PlaybackFinished)] == [first, second]
    assert encode(whole.samples, Codec.PCMU) in encode(peer.heard().samples, Codec.PCMU)


@on_a_loop
async def test_a_new_sound_cuts_the_one_before_and_says_how_much_was_heard():
    endless, short = tone(300, 60_000), tone(900, 100)
    async with talking() as (near, peer):
        first = near.stream.play(endless)
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: frames_of_sound(peer) >= 10)
        second = near.stream.play(short)
        await near.until(PlaybackFinished, 2)

    cut, whole = near.told(PlaybackFinished)
    assert (cut.playback, cut.cut, whole) == (first, True, PlaybackFinished(second, 100, cut=False))
    assert 200 <= cut.played_ms < 60_000


@on_a_loop
async def test_stopping_cuts_what_plays_and_what_waits():
    async with talking() as (near, peer):
        near.stream.play(tone(300, 60_000), loops=0)
        near.stream.queue(tone(300, 100))
        await soon(near, peer, 3)
        near.stream.stop_playback()
        await near.until(PlaybackFinished, 2)
        await soon(near, peer, 2)

    assert [end.cut for end in near.told(PlaybackFinished)] == [True, True]
    assert not any(peer.packets[-1].payload.strip(b"\xff"))


@on_a_loop
async def test_loops_and_offset_decide_how_much_is_played():
    async with talking() as (near, _):
        near.stream.play(tone(TONE_HZ, 100), loops=3, offset_ms=40)
        end = await near.until(PlaybackFinished)

    assert (end.played_ms, end.cut) == (260, False)


@on_a_loop
async def test_a_sound_played_before_the_connection_waits_for_it():
    async with running() as engine, RtpPeer.listening() as peer:
        near = Listening(engine)
        near.stream.play(tone(TONE_HZ, 200))
        near.stream.connect(peer.plan())
        await near.until(PlaybackFinished)
        await soon(near, peer, 1)

    assert frequency_hz(peer.heard()) == pytest.approx(TONE_HZ, rel=0.01)


@on_a_loop
async def test_too_many_waiting_sounds_are_refused():
    sound = tone(TONE_HZ, 20)
    async with running() as engine:
        stream = Listening(engine).stream
        for _ in range(1024):
            stream.queue(sound)
        with pytest.raises(Overloaded):
            stream.queue(sound)


# -- digits


@on_a_loop
async def test_repeated_end_packets_are_one_digit():
    async with talking() as (near, peer):
        await peer.press("5#", duration_ms=100, ends=3)
        await near.until(DigitReceived, 2)

    assert near.told(DigitReceived) == [DigitReceived("5", 100), DigitReceived("#", 100)]
    assert near.told(DigitStarted) == [DigitStarted("5"), DigitStarted("#")]


@on_a_loop
async def test_a_digit_whose_end_is_lost_is_told_after_a_pause():
    async with talking() as (near, peer):
        await peer.press("8", duration_ms=100, ends=0)
        digit = await near.until(DigitReceived)

    assert digit == DigitReceived("8", 100)


@on_a_loop
async def test_sent_digits_are_events_with_three_ends_and_sound_goes_on_after_them():
    async with talking() as (near, peer):
        near.stream.play(tone(TONE_HZ, 200))
        near.stream.send_digits("1*Df", duration_ms=100, gap_ms=60)
        sent = await near.until(DigitsSent)
        end = await near.until(PlaybackFinished)

    assert sent == DigitsSent("1*Df")
    assert [(event.key, event.duration_ms, event.ends) for event in peer.events()] == [
        ("1", 100, 3),
        ("*", 100, 3),
        ("D", 100, 3),
        ("F", 100, 3),
    ]
    assert end.played_ms == 200
    assert longest_gap(peer.packets) == 1


@pytest.mark.parametrize(
    ("digits", "options", "field"),
    [
        ("12x", {}, "digits"),
        ("", {}, "digits"),
        ("1" * 129, {}, "digits"),
        ("1", {"duration_ms": 0}, "duration_ms"),
        ("1", {"gap_ms": -1}, "gap_ms"),
    ],
)
@on_a_loop
async def test_digits_that_cannot_be_sent_are_refused_by_name(digits, options, field):
    async with talking() as (near, _):
        with pytest.raises(MediaError, match=field):
            near.stream.send_digits(digits, **options)


@on_a_loop
async def test_digits_need_telephone_events():
    async with talking(dtmf_payload_type=None) as (near, _):
        with pytest.raises(MediaError, match="telephone-event"):
            near.stream.send_digits("1")


# -- listening


@on_a_loop
async def test_speech_is_told_with_its_times():
    async with talking() as (near, peer):
        await peer.send_silence(200)
        await peer.send(tone(TONE_HZ, 300))
        await peer.send_silence(600)
        stopped = await near.until(SpeechStopped)

    (started,) = near.told(SpeechStarted)
    assert near.told(FirstPacket)
    assert stopped.at_ms - started.at_ms == stopped.speech_ms
    # A busy machine may delay the peer, so the length is only near what was sent.
    assert stopped.speech_ms == pytest.approx(300, abs=150)


@on_a_loop
async def test_silence_is_told_once_and_again_after_speech():
    async with talking() as (near, peer):
        near.stream.watch_silence(200)
        first = await near.until(Silence)
        await peer.send(tone(TONE_HZ, 200))
        await near.until(Silence, 2)

    assert 200 <= first.ms < 1000
    assert [type(event) for event in near.events if not isinstance(event, FirstPacket)] == [
        Silence,
        SpeechStarted,
        SpeechStopped,
        Silence,
    ]


@on_a_loop
async def test_a_capture_returns_what_was_sent():
    said = tone(TONE_HZ, 200)
    async with talking() as (near, peer):
        near.stream.start_capture(limit_ms=60_000)
        await peer.send(said)
        await happens(lambda: near.stream.stats().packets_received >= 10)
        captured = near.stream.take_capture()
        again = near.stream.take_capture()

    assert encode(captured, Codec.PCMU) == encode(said.samples, Codec.PCMU)
    assert again == b""


@on_a_loop
async def test_a_capture_puts_late_packets_in_place_and_silence_for_lost_ones():
    frames = [bytes([0x80 + number]) * 160 for number in range(6)]
    async with talking() as (near, peer):
        near.stream.start_capture(limit_ms=1000)
        first, start = peer.sequence, peer.timestamp
        for number in (0, 2, 1, 3, 5):
            peer.sequence = (first + number) % 2**16
            peer.timestamp = (start + 160 * number) % 2**32
            peer.send_packet(frames[number])
        await happens(lambda: near.stream.stats().packets_received == 5)
        near.stream.stop_capture()
        await soon(near, peer, 3)
        captured = encode(near.stream.take_capture(), Codec.PCMU)

    expected = [*frames[:4], encode(bytes(320), Codec.PCMU), *frames[5:]]
    assert captured == b"".join(expected)


@on_a_loop
async def test_a_full_capture_keeps_its_beginning_and_counts_the_rest():
    async with talking() as (near, peer):
        near.stream.start_capture(limit_ms=100)
        await peer.send(tone(TONE_HZ, 200))
        await happens(lambda: near.stream.stats().packets_received >= 10)
        captured, stats = near.stream.take_capture(), near.stream.stats()

    assert (len(captured), stats.capture_dropped_ms) == (100 * 16, 100)


# -- whose packets count


@on_a_loop
async def test_a_far_end_behind_translation_is_found_and_answered():
    async with talking(remote_port=9, latch=True) as (near, peer):
        await peer.send_silence(40)
        latched = await near.until(RemoteLatched)
        await soon(near, peer, 2)
        stats = near.stream.stats()

    assert latched == RemoteLatched(peer.ip, peer.port)
    assert (stats.remote_ip, stats.remote_port) == (peer.ip, peer.port)


@on_a_loop
async def test_nobody_else_is_heard_once_the_far_end_is_known():
    async with talking() as (near, peer), RtpPeer.listening() as stranger:
        stranger.aim(near.stream.port)
        await peer.send_silence(40)
        await stranger.press("9")
        await peer.press("1")
        await near.until(DigitReceived)
        stats = near.stream.stats()

    assert near.told(DigitReceived) == [DigitReceived("1", 100)]
    assert (stats.remote_port, stranger.packets) == (peer.port, [])
    assert near.told(RemoteLatched) == []


@on_a_loop
async def test_without_latching_a_stranger_is_not_heard_even_first():
    async with talking(latch=False) as (near, peer), RtpPeer.listening() as stranger:
        stranger.aim(near.stream.port)
        await stranger.press("9")
        await peer.press("1")
        await near.until(DigitReceived)

    assert near.told(DigitReceived) == [DigitReceived("1", 100)]
    assert stranger.packets == []


@on_a_loop
async def test_connecting_anew_lets_the_far_end_move():
    async with talking() as (near, peer), RtpPeer.listening() as elsewhere:
        await peer.send_silence(40)
        await near.until(FirstPacket)
        near.stream.connect(elsewhere.plan())
        await soon(near, elsewhere, 3)
        elsewhere.aim(near.stream.port)
        await elsewhere.press("3")
        await near.until(DigitReceived)

    assert near.told(DigitReceived) == [DigitReceived("3", 100)]
    assert elsewhere.packets[0].ssrc == peer.packets[0].ssrc
    assert elsewhere.packets[0].marker


@on_a_loop
async def test_garbage_is_counted_and_does_no_harm():
    async with talking() as (near, peer):
        for datagram in (b"\x80", b"\x00" * 40, b"\xbf" * 20, b"\x80\x48" + bytes(10)):
            peer.send_datagram(datagram)
        await peer.press("1")
        await near.until(DigitReceived)
        stats = near.stream.stats()

    assert stats.packets_refused == 4
    assert near.told(RemoteLatched) == []


# -- life and death


@on_a_loop
async def test_a_far_end_that_falls_silent_is_reported_once():
    async with talking(rtp_timeout_s=0.3) as (near, peer):
        await peer.send_silence(100)
        timeout = await near.until(MediaTimeout)
        await soon(near, peer, 25)

    assert 0.3 <= timeout.seconds < 5
    assert len(near.told(MediaTimeout)) == 1


@on_a_loop
async def test_rtcp_is_a_sign_of_life():
    empty_receiver_report = struct.pack("!BBHI", 0x80, 201, 1, 7)
    async with talking(rtp_timeout_s=2.0) as (near, peer):
        for _ in range(12):
            peer.send_report(empty_receiver_report)
            await soon(near, peer, 10)
        during = near.told(MediaTimeout)
        await near.until(MediaTimeout)

    assert during == []


@pytest.mark.parametrize("hold", [{"send": False}, {"receive": False}])
@on_a_loop
async def test_hold_suspends_the_timeout_and_resuming_starts_it_anew(hold):
    async with talking(rtp_timeout_s=0.2) as (near, peer):
        near.stream.connect(replace(peer.plan(), rtp_timeout_s=0.2, **hold))
        near.stream.play(tone(TONE_HZ, 600))
        await near.until(PlaybackFinished)
        while_held = near.told(MediaTimeout)
        near.stream.connect(replace(peer.plan(), rtp_timeout_s=0.2))
        await near.until(MediaTimeout)

    assert while_held == []


@on_a_loop
async def test_nothing_is_sent_while_held_and_time_goes_on():
    async with talking() as (near, peer):
        await soon(near, peer, 3)
        near.stream.connect(replace(peer.plan(), send=False))
        near.stream.play(tone(TONE_HZ, 300))
        await near.until(PlaybackFinished)
        before = len(peer.packets)
        near.stream.connect(peer.plan())
        await soon(near, peer, 2)

    last, resumed = peer.packets[before - 1 : before + 1]
    assert (resumed.sequence - last.sequence) % 2**16 == 1
    assert (resumed.timestamp - last.timestamp) % 2**32 >= 300 * 8
    assert resumed.marker


@on_a_loop
async def test_reports_describe_the_stream_and_the_last_says_goodbye():
    async with talking() as (near, peer):
        await peer.send_silence(100)
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: len(peer.reports) >= 1)
            near.stream.close()
            await peer.until(lambda peer: len(peer.reports) >= 2)

    report, goodbye = peer.reports
    first, kind, _, ssrc = struct.unpack_from("!BBHI", report)
    assert (first & 0x1F, kind, ssrc) == (1, 200, peer.packets[0].ssrc)
    assert struct.unpack_from("!I", report, 28) == (peer.ssrc,)
    assert struct.pack("!BBHI", 0x81, 203, 1, ssrc) == goodbye[-8:]


@on_a_loop
async def test_a_report_about_us_gives_the_round_trip():
    async with talking() as (near, peer):
        await peer.send_silence(60)
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: len(peer.reports) >= 1)
        (ssrc,) = struct.unpack_from("!I", peer.reports[0], 4)
        (middle,) = struct.unpack_from("!I", peer.reports[0], 10)
        block = struct.pack("!IIIIII", ssrc, 0, 0, 0, middle, 0)
        peer.send_report(struct.pack("!BBHI", 0x81, 201, 7, peer.ssrc) + block)
        await happens(lambda: near.stream.stats().rtt_ms is not None)
        stats = near.stream.stats()

    assert 0 <= (stats.rtt_ms or 0.0) < 1000


@on_a_loop
async def test_loss_and_counts_are_in_the_statistics():
    async with talking() as (near, peer):
        await peer.send_silence(60)
        peer.sequence = (peer.sequence + 2) % 2**16
        await peer.send_silence(40)
        await happens(lambda: near.stream.stats().packets_received == 5)
        stats = near.stream.stats()
        await happens(lambda: near.stream.stats().packets_sent > stats.packets_sent)

    assert (stats.bytes_received, stats.lost, stats.packets_refused) == (800, 2, 0)
    assert stats.last_packet_age_ms is not None


@on_a_loop
async def test_a_closed_stream_frees_its_ports_and_refuses_to_work():
    async with running(rtp_ports=(30800, 30801)) as engine:
        stream = Listening(engine).stream
        with pytest.raises(NoPortsLeft):
            Listening(engine)
        stream.close()
        stream.close()
        await happens(lambda: engine.stats().open_streams == 0)
        again = Listening(engine).stream
        with pytest.raises(StreamClosed):
            stream.play(tone(TONE_HZ, 20))

    assert (stream.port, again.port) == (30800, 30800)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("remote_ip", "example.org"),
        ("remote_ip", "::1"),
        ("remote_port", 0),
        ("remote_port", 70_000),
        ("remote_rtcp_port", 0),
        ("payload_type", 128),
        ("dtmf_payload_type", 0),
        ("ptime_ms", 25),
        ("rtp_timeout_s", -1.0),
        ("expected_ip", "nobody"),
    ],
)
@on_a_loop
async def test_a_plan_that_cannot_be_carried_out_is_refused_by_name(field, value):
    async with running() as engine, RtpPeer.listening() as peer:
        stream = Listening(engine).stream
        with pytest.raises(MediaError, match=field):
            stream.connect(replace(peer.plan(), **{field: value}))


@pytest.mark.parametrize("audio", [Audio(b"\x00", 8000), Audio(b"\x00\x00", 0)])
@on_a_loop
async def test_audio_that_is_no_pcm_is_refused(audio):
    async with running() as engine:
        with pytest.raises(MediaError):
            Listening(engine).stream.play(audio)


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda stream: stream.play(tone(TONE_HZ, 20), loops=-1), "loops"),
        (lambda stream: stream.play(tone(TONE_HZ, 20), offset_ms=-1), "offset_ms"),
        (lambda stream: stream.watch_silence(-1), "ms"),
        (lambda stream: stream.start_capture(limit_ms=0), "limit_ms"),
    ],
)
@on_a_loop
async def test_numbers_out_of_range_are_refused_by_name(ask, field):
    async with running() as engine:
        stream = Listening(engine).stream
        with pytest.raises(MediaError, match=field):
            ask(stream)
