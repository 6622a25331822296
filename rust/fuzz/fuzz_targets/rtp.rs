//! Any datagram is a packet within its bounds, or a named error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::{HEADER_LEN, Packet};

fuzz_target!(|datagram: &[u8]| {
    if let Ok(packet) = Packet::parse(datagram) {
        assert!(packet.payload.len() + HEADER_LEN <= datagram.len());
        let again = packet.header.to_bytes();
        assert_eq!(again[1..], datagram[1..HEADER_LEN]);
    }
});
