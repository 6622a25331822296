//! A whole stream stands any run of datagrams on both of its ports, and so do those that hear it: one its
//! packets are forwarded to, and a room that mixes it.
#![no_main]

use std::net::SocketAddr;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use media::codec::Law;
use media::forward::Heard;
use media::plan::Plan;
use media::playout::BLOCK_MAX;
use media::room::{Room, Seat};
use media::stream::{Arrival, Hears, PACKET_MAX, Seed, Stream};
use media::tap::{Mix, Tap, TapBuffer};
use media::time::{Nanos, Ntp};

fuzz_target!(|bytes: &[u8]| {
    let far = SocketAddr::from(([192, 0, 2, 1], 4000));
    let plan = Plan {
        remote: far,
        remote_rtcp: far,
        law: Law::Mu,
        payload_type: 0,
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(96),
        ptime_ms: 20,
        send: true,
        receive: true,
        timeout: Nanos::from_ms(100),
        latch: true,
        expected_ip: None,
    };
    let seed = Seed { ssrc: 7, sequence: 0, timestamp: 0, cname: [b'n'; 24], random: 1 };
    let mut stream = Stream::new(seed);
    stream.connect(plan, Nanos(0));
    stream.set_playout(Box::default());
    stream.keep_sound(true);
    let tap = TapBuffer::new(Mix::Stereo, 40);
    stream.tap(Tap::new(1, Arc::clone(&tap), 20), Box::default());
    let mut other = Stream::new(seed);
    other.connect(Plan { law: Law::A, payload_type: 8, ..plan }, Nanos(0));
    let mut room = Room::default();
    room.sit(Seat::new(1, 0, true, true));
    room.sit(Seat::new(2, 1, true, true));
    let (mut out, mut block) = ([0; PACKET_MAX], [0; BLOCK_MAX]);
    let mut rest = bytes;
    let mut now = Nanos(0);
    while let Some((&length, after)) = rest.split_first() {
        let (datagram, after) = after.split_at(usize::from(length >> 1).min(after.len()));
        let arrival = Arrival { at: now, ntp: Ntp(now.0) };
        if length & 1 == 0 {
            if let Heard::Sound(sound) = stream.on_rtp(datagram, far, arrival, &mut |_| ()) {
                other.forward(1, &sound, &mut out);
            }
        } else {
            stream.on_rtcp(datagram, far, arrival);
        }
        room.seats_mut()[0].say(stream.listen(BLOCK_MAX));
        room.seats_mut()[1].say(None);
        room.mix(BLOCK_MAX, |_| ());
        let heard = room.hear(1, &mut block);
        let hears = if heard { Hears::Mix(&block) } else { Hears::Forwarded };
        other.tick(BLOCK_MAX, hears, now, &mut out, &mut |_| ());
        let sent = stream.tick(BLOCK_MAX, Hears::Nothing, now, &mut out, &mut |_| ());
        assert!(sent.is_some());
        stream.report(now, Ntp(now.0));
        now = now.plus(Nanos::from_ms(20));
        rest = after;
    }
});
