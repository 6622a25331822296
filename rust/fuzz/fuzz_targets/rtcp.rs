//! Any datagram is a list of packets, or ends in a named error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtcp::{Item, items};

fuzz_target!(|datagram: &[u8]| {
    let mut count = 0;
    for item in items(datagram) {
        count += 1;
        if let Ok(Item::Report { blocks, .. }) = item {
            assert!(blocks.count() <= 31);
        }
    }
    assert!(count <= datagram.len() / 4 + 1);
});
