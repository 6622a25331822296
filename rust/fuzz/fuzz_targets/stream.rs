//! A whole stream stands any run of datagrams on both of its ports.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use media::codec::Law;
use media::plan::Plan;
use media::stream::{Arrival, PACKET_MAX, Seed, Stream};
use media::time::{Nanos, Ntp};

fuzz_target!(|bytes: &[u8]| {
    let far = SocketAddr::from(([192, 0, 2, 1], 4000));
    let plan = Plan {
        remote: far,
        remote_rtcp: far,
        law: Law::Mu,
        payload_type: 0,
        dtmf_payload_type: Some(101),
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
    let mut rest = bytes;
    let mut now = Nanos(0);
    while let Some((&length, after)) = rest.split_first() {
        let (datagram, after) = after.split_at(usize::from(length >> 1).min(after.len()));
        let arrival = Arrival { at: now, ntp: Ntp(now.0) };
        if length & 1 == 0 {
            stream.on_rtp(datagram, far, arrival, &mut |_| ());
        } else {
            stream.on_rtcp(datagram, far, arrival);
        }
        assert!(stream.tick(now, &mut [0; PACKET_MAX], &mut |_| ()).is_some());
        stream.report(now, Ntp(now.0));
        now = now.plus(Nanos::from_ms(20));
        rest = after;
    }
});
