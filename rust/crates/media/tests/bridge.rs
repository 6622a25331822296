//! What one far end hears of another through two streams, told with packets and time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::net::SocketAddr;

use media::codec::Law;
use media::dtmf::{Batch, Digit, Key, TelephoneEvent};
use media::event::Event;
use media::forward::Heard;
use media::gain::Gain;
use media::plan::Plan;
use media::rtp::{Header, Packet};
use media::stream::{Arrival, Hears, PACKET_MAX, Seed, Stream};
use media::time::{Nanos, Ntp};

const DTMF: u8 = 101;
const BEAT: usize = 160;

fn far() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4000))
}

fn plan() -> Plan {
    Plan {
        remote: far(),
        remote_rtcp: far(),
        law: Law::Mu,
        payload_type: 0,
        dtmf_payload_type: Some(DTMF),
        dtmf_receive_payload_type: Some(DTMF),
        ptime_ms: 20,
        send: true,
        receive: true,
        timeout: Nanos(0),
        latch: true,
        expected_ip: None,
    }
}

fn stream(plan: Plan) -> Stream {
    let seed = Seed {
        ssrc: 7,
        sequence: u16::MAX - 1,
        timestamp: u32::MAX - 400,
        cname: [b'n'; 24],
        random: 9,
    };
    let mut stream = Stream::new(seed);
    stream.connect(plan, Nanos(0));
    stream
}

/// One direction of a bridge: what is said to `from` is forwarded to `to`.
struct OneWay {
    from: Stream,
    to: Stream,
    source: u64,
    now: Nanos,
    sent: Vec<(Header, Vec<u8>)>,
}

impl OneWay {
    fn new(of_from: Plan, of_to: Plan) -> Self {
        let (from, to) = (stream(of_from), stream(of_to));
        Self { from, to, source: 1, now: Nanos(0), sent: Vec::new() }
    }

    fn hear(&mut self, sequence: u16, timestamp: u32, payload_type: u8, payload: &[u8]) {
        self.hear_from(1, sequence, timestamp, payload_type, payload);
    }

    fn hear_from(
        &mut self,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        payload_type: u8,
        payload: &[u8],
    ) {
        let header = Header { marker: false, payload_type, sequence, timestamp, ssrc };
        let mut datagram = header.to_bytes().to_vec();
        datagram.extend_from_slice(payload);
        let arrival = Arrival { at: self.now, ntp: Ntp(0) };
        let mut out = [0; PACKET_MAX];
        let length = match self.from.on_rtp(&datagram, far(), arrival, &mut |_| ()) {
            Heard::Sound(sound) => self.to.forward(self.source, &sound, &mut out),
            Heard::Other => {
                self.to.forward_nothing();
                None
            }
            Heard::Nothing => None,
        };
        self.keep(length, &out);
    }

    /// A packet of sound with this number, at its time.
    fn say(&mut self, number: u16) {
        self.hear(number, u32::from(number).wrapping_mul(160), 0, &[0x80; BEAT]);
    }

    fn tick(&mut self, hears: Hears<'_>) {
        let mut out = [0; PACKET_MAX];
        let length = self.to.tick(BEAT, hears, self.now, &mut out, &mut |_| ());
        self.keep(length, &out);
        self.now = self.now.plus(Nanos::from_ms(20));
    }

    fn keep(&mut self, length: Option<usize>, out: &[u8; PACKET_MAX]) {
        if let Some(length) = length {
            let packet = Packet::parse(&out[..length]).unwrap();
            self.sent.push((packet.header, packet.payload.to_vec()));
        }
    }

    /// Says these numbers, one a beat.
    fn run(&mut self, numbers: impl IntoIterator<Item = u16>) {
        for number in numbers {
            self.say(number);
            self.tick(Hears::Forwarded);
        }
    }

    /// Sequence numbers and time stamps as distances from the first.
    fn numbers(&self) -> Vec<(u16, u32)> {
        let first = self.sent[0].0;
        let distance = |(header, _): &(Header, Vec<u8>)| {
            (
                header.sequence.wrapping_sub(first.sequence),
                header.timestamp.wrapping_sub(first.timestamp),
            )
        };
        self.sent.iter().map(distance).collect()
    }

    fn sounds(&self) -> String {
        self.sent
            .iter()
            .map(|(header, payload)| match (header.payload_type, payload[0]) {
                (DTMF, _) => 'd',
                (_, 0xFF | 0xD5) => '.',
                _ => '#',
            })
            .collect()
    }
}

#[test]
fn forwarded_packets_continue_the_row_of_the_streams_own() {
    let mut way = OneWay::new(plan(), plan());
    way.tick(Hears::Nothing);
    way.tick(Hears::Nothing);
    way.run(500..503);
    way.tick(Hears::Nothing);

    assert_eq!(way.numbers(), [(0, 0), (1, 160), (2, 320), (3, 480), (4, 640), (5, 800)]);
    assert_eq!(way.sounds(), "..###.");
    assert!(way.sent.iter().all(|(header, _)| header.ssrc == 7));
    let marks: Vec<bool> = way.sent.iter().map(|(header, _)| header.marker).collect();
    assert_eq!(marks, [true, false, true, false, false, false]);
}

#[test]
fn what_was_lost_and_what_came_late_stays_so() {
    let mut way = OneWay::new(plan(), plan());
    way.run([10, 11, 14, 13, 15]);

    assert_eq!(way.numbers(), [(0, 0), (1, 160), (4, 640), (3, 480), (5, 800)]);
}

#[test]
fn packets_from_before_the_bridge_are_left_out() {
    let mut way = OneWay::new(plan(), plan());
    way.run([600, 598, 601]);

    assert_eq!(way.numbers(), [(0, 0), (1, 160)]);
}

#[test]
fn a_source_that_sets_its_clock_anew_is_continued() {
    let mut way = OneWay::new(plan(), plan());
    way.run([10, 11]);
    for (number, timestamp) in [(12, 900_000), (13, 900_160), (14, 5)] {
        way.hear(number, timestamp, 0, &[0x80; BEAT]);
        way.tick(Hears::Forwarded);
    }

    assert_eq!(way.numbers(), [(0, 0), (1, 160), (2, 320), (3, 480), (4, 640)]);
    assert!(way.sent[2].0.marker && way.sent[4].0.marker);
}

#[test]
fn a_source_that_begins_anew_is_continued() {
    let mut way = OneWay::new(plan(), plan());
    way.run([10, 11]);
    for (ssrc, number) in [(2, 700), (2, 701), (2, 702), (2, 703)] {
        way.hear_from(ssrc, number, 99, 0, &[0x80; BEAT]);
        way.tick(Hears::Forwarded);
    }

    // The first two of a new source are not believed yet; time goes on meanwhile.
    assert_eq!(way.numbers(), [(0, 0), (1, 160), (2, 640), (3, 640)]);
    assert!(way.sent[2].0.marker);
}

#[test]
fn another_one_to_hear_continues_the_row_from_one_packet_to_the_next() {
    let mut way = OneWay::new(plan(), plan());
    way.run([10, 11]);
    way.from = stream(plan());
    way.source = 2;
    way.run([10, 11]);

    assert_eq!(way.numbers(), [(0, 0), (1, 160), (2, 320), (3, 480)]);
    assert!(way.sent[2].0.marker);
}

#[test]
fn laws_are_translated_and_payload_types_are_those_of_the_listener() {
    let mut way = OneWay::new(plan(), Plan { law: Law::A, payload_type: 8, ..plan() });
    way.run([1]);

    let (header, payload) = &way.sent[0];
    assert_eq!(header.payload_type, 8);
    assert_eq!(payload[..], [Law::A.encode(Law::Mu.decode(0x80)); BEAT]);
}

#[test]
fn silence_is_sent_after_a_tenth_of_a_second_without_anything_to_forward() {
    let mut way = OneWay::new(plan(), plan());
    way.run([1, 2]);
    for _ in 0..6 {
        way.tick(Hears::Forwarded);
    }
    way.run([9]);

    assert_eq!(way.sounds(), "##..#");
    assert_eq!(way.numbers(), [(0, 0), (1, 160), (2, 960), (3, 1120), (4, 1280)]);
}

#[test]
fn digits_of_our_own_go_before_forwarded_sound() {
    let mut way = OneWay::new(plan(), plan());
    way.run([1, 2]);
    way.to.send_digits(Batch::new(1, &[Key::from_char('5').unwrap()], 60, 60).unwrap());
    way.run(3..14);

    assert_eq!(way.sounds(), "##ddddd..####");
    let sequences: Vec<u16> = way.numbers().iter().map(|numbers| numbers.0).collect();
    assert_eq!(sequences, (0..13).collect::<Vec<_>>());
}

#[test]
fn events_that_are_not_forwarded_leave_no_hole_in_the_numbers() {
    let mut way = OneWay::new(plan(), plan());
    way.run([1, 2]);
    let event = TelephoneEvent { code: 5, end: false, volume: 10, duration: 160 };
    for number in 3..6 {
        way.hear(number, 480, DTMF, &event.to_bytes());
        way.tick(Hears::Forwarded);
    }
    way.run([6, 7]);

    assert_eq!(way.sounds(), "##...##");
    let expected: Vec<_> = (0..7).map(|n| (n, u32::from(n) * 160)).collect();
    assert_eq!(way.numbers(), expected);
}

#[test]
fn nothing_is_forwarded_to_one_who_does_not_want_to_hear() {
    let mut way = OneWay::new(plan(), Plan { send: false, ..plan() });
    way.run([1, 2, 3]);

    assert!(way.sent.is_empty());
}

#[test]
fn a_payload_too_long_for_a_packet_is_not_forwarded() {
    let mut way = OneWay::new(plan(), plan());
    way.hear(1, 160, 0, &[0x80; 1000]);
    way.tick(Hears::Forwarded);

    assert_eq!(way.sounds(), ".");
}

#[test]
fn a_relayed_digit_is_pressed_and_its_end_is_told_to_nobody() {
    let mut to = stream(plan());
    let key = Key::from_char('7').unwrap();
    to.relay_digit(Digit { key, duration_ms: 10 });
    let mut events = Vec::new();
    let mut durations = Vec::new();
    for n in 0..20 {
        let mut out = [0; PACKET_MAX];
        let now = Nanos::from_ms(n * 20);
        let length =
            to.tick(BEAT, Hears::Forwarded, now, &mut out, &mut |event| events.push(event));
        let packet = Packet::parse(&out[..length.unwrap()]).unwrap();
        if packet.header.payload_type == DTMF {
            durations.push(TelephoneEvent::parse(packet.payload).unwrap().duration);
        }
    }

    assert_eq!(durations, [160, 320, 480, 480, 480]);
    assert!(!events.iter().any(|event| matches!(event, Event::DigitsSent { .. })), "{events:?}");
}

#[test]
fn relayed_digits_are_dropped_when_too_many_wait_or_nobody_would_understand_them() {
    let pressed = Digit { key: Key::from_char('7').unwrap(), duration_ms: 100 };
    let mut deaf = stream(Plan { dtmf_payload_type: None, ..plan() });
    deaf.relay_digit(pressed);
    let mut out = [0; PACKET_MAX];
    deaf.tick(BEAT, Hears::Nothing, Nanos(0), &mut out, &mut |_| ());
    assert_eq!(out[1] & 0x7F, 0);

    let mut flooded = stream(plan());
    for _ in 0..1000 {
        flooded.relay_digit(pressed);
    }
    let mut presses = 0;
    for n in 0..2000 {
        let now = Nanos::from_ms(n * 20);
        flooded.tick(BEAT, Hears::Nothing, now, &mut out, &mut |_| ());
        presses += u32::from(out[1] == 0x80 | DTMF);
    }
    assert_eq!(presses, 32);
}

#[test]
fn packets_pass_only_where_nothing_is_to_be_done_to_them() {
    let (from, to) = (stream(plan()), stream(plan()));
    assert!(from.can_pass_to(&to));
    assert!(from.can_pass_to(&stream(Plan { law: Law::A, payload_type: 8, ..plan() })));
    assert!(!from.can_pass_to(&stream(Plan { ptime_ms: 30, ..plan() })));
    assert!(!stream(Plan { receive: false, ..plan() }).can_pass_to(&to));

    let mut loud = stream(plan());
    loud.set_gain(Gain::from_db(3.0), Gain::UNITY);
    assert!(!loud.can_pass_to(&to));
    assert!(to.can_pass_to(&loud));
    loud.set_gain(Gain::UNITY, Gain::from_db(3.0));
    assert!(!to.can_pass_to(&loud));
}

#[test]
fn one_who_sends_other_packet_times_than_agreed_is_decoded() {
    let mut way = OneWay::new(plan(), plan());
    way.hear(1, 160, 0, &[0x80; 240]);

    assert!(!way.from.can_pass_to(&way.to));
}

#[test]
fn what_is_mixed_is_heard_in_packets_of_the_listener() {
    let mut to = stream(Plan { ptime_ms: 30, law: Law::A, payload_type: 8, ..plan() });
    let mut lengths = Vec::new();
    let mut heard = Vec::new();
    for n in 0..12 {
        let mut out = [0; PACKET_MAX];
        let block = [1000 * (n as i16 % 2); 80];
        let now = Nanos::from_ms(n * 10);
        let length = to.tick(80, Hears::Mix(&block), now, &mut out, &mut |_| ());
        if let Some(length) = length {
            lengths.push(length - 12);
            heard.extend(out[12..length].iter().step_by(80).map(|&byte| Law::A.decode(byte)));
        }
    }

    assert_eq!(lengths, [240; 4]);
    let level = |sample| Law::A.decode(Law::A.encode(sample));
    let expected: Vec<i16> = (0..12).map(|n| level(1000 * (n % 2))).collect();
    assert_eq!(heard, expected);
}

#[test]
fn whatever_is_heard_by_turns_is_one_row_of_numbers() {
    let mut random = 7_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) % below
    };
    let mut way = OneWay::new(plan(), plan());
    let mut number = 0;
    for _ in 0..5000 {
        number += 1;
        match next(40) {
            0 => {
                (way.from, way.source) = (stream(plan()), way.source + 1);
                number = next(65_536) as u16;
            }
            1 => way.to.connect(plan(), way.now),
            2 => {
                way.to.send_digits(Batch::new(1, &[Key::from_char('1').unwrap()], 40, 40).unwrap());
            }
            3 => way.to.forward_nothing(),
            _ => {}
        }
        let comes = next(10) > 1;
        if comes {
            way.say(number);
        }
        match next(20) {
            0 => way.tick(Hears::Nothing),
            1 => way.tick(Hears::Mix(&[500; BEAT])),
            _ => way.tick(Hears::Forwarded),
        }
        // What did not come was never sent: its number is the next one's.
        number -= u16::from(!comes);
    }

    let steps = way.sent.windows(2).map(|pair| {
        let (before, after) = (pair[0].0, pair[1].0);
        let is_event = after.payload_type == DTMF || before.payload_type == DTMF;
        let time = after.timestamp.wrapping_sub(before.timestamp);
        (after.sequence.wrapping_sub(before.sequence), is_event || (1..=8000).contains(&time))
    });
    assert!(way.sent.len() > 3000);
    for (place, step) in steps.enumerate() {
        assert_eq!(step, (1, true), "after packet {place}");
    }
}
