//! Any run of event packets is heard without harm, and no press is told more often than it was sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::dtmf::{DigitListener, TelephoneEvent};
use media::time::Nanos;

fuzz_target!(|bytes: &[u8]| {
    let mut listener = DigitListener::default();
    let (mut packets, mut digits) = (0, 0);
    for (number, step) in (0_u64..).zip(bytes.chunks(6)) {
        let now = Nanos::from_ms(number * 20);
        if let Ok(event) = TelephoneEvent::parse(step) {
            assert_eq!(event.to_bytes()[2..], step[2..4]);
            let timestamp = step.get(4).map_or(0, |&byte| u32::from(byte) * 80);
            let marker = step.get(5).is_some_and(|&byte| byte > 127);
            packets += 1;
            digits += listener.hear(event, timestamp, marker, now).into_iter().flatten().count();
        }
        digits += usize::from(listener.tick(now).is_some());
    }
    assert!(digits <= packets);
});
