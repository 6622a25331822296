//! Who listens in on a stream, and who speaks into it, told with packets and time and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::net::SocketAddr;
use std::sync::Arc;

use media::codec::Law;
use media::dtmf::{Batch, Key};
use media::inject::{InjectAction, Injection};
use media::plan::Plan;
use media::play::{Playback, Sound};
use media::rtp::Header;
use media::stream::{Arrival, Hears, PACKET_MAX, Seed, Stream};
use media::tap::{Mix, Tap, TapBuffer};
use media::time::{Nanos, Ntp};

const SAID: i16 = 8031;
const HEARD: i16 = 3900;

fn plan(ptime_ms: u8) -> Plan {
    let far = SocketAddr::from(([192, 0, 2, 1], 4000));
    Plan {
        remote: far,
        remote_rtcp: far,
        law: Law::Mu,
        payload_type: 0,
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(101),
        ptime_ms,
        send: true,
        receive: true,
        timeout: Nanos(0),
        latch: true,
        expected_ip: None,
    }
}

/// What a sample becomes on the line.
fn level(sample: i16) -> i16 {
    Law::Mu.decode(Law::Mu.encode(sample))
}

struct Line {
    stream: Stream,
    tap: Arc<TapBuffer>,
    now: Nanos,
    sent: u32,
}

impl Line {
    fn new(plan: Plan) -> Self {
        let seed = Seed { ssrc: 7, sequence: 0, timestamp: 0, cname: [b'n'; 24], random: 1 };
        let mut stream = Stream::new(seed);
        stream.connect(plan, Nanos(0));
        let tap = TapBuffer::new(Mix::Stereo, 1000);
        stream.tap(Tap::new(1, Arc::clone(&tap), 20), Box::default());
        Self { stream, tap, now: Nanos(0), sent: 0 }
    }

    fn play(&mut self, ms: usize) {
        let sound = Arc::new(Sound::encode(&vec![HEARD; ms * 8], 8000, Law::Mu));
        self.stream.play(Playback::new(1, sound, 1, 0), &mut |_| ());
    }

    /// The far end speaks for 20 ms.
    fn hear(&mut self) {
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: self.sent as u16,
            timestamp: self.sent * 160,
            ssrc: 9,
        };
        self.sent += 1;
        let mut datagram = header.to_bytes().to_vec();
        datagram.extend_from_slice(&[Law::Mu.encode(SAID); 160]);
        let arrival = Arrival { at: self.now, ntp: Ntp(self.now.0) };
        let far = SocketAddr::from(([192, 0, 2, 1], 4000));
        self.stream.on_rtp(&datagram, far, arrival, &mut |_| ());
    }

    /// Beats for 20 ms; the last payload that was sent.
    fn beat(&mut self, hears: Hears<'_>) -> Option<Vec<u8>> {
        let beat_ms = self.stream.beat_ms();
        let mut sent = None;
        for _ in 0..20 / beat_ms {
            let mut out = [0; PACKET_MAX];
            let length = usize::from(beat_ms) * 8;
            let written = self.stream.tick(length, hears, self.now, &mut out, &mut |_| ());
            sent = written.map(|length| out[12..length].to_vec()).or(sent);
            self.now = self.now.plus(Nanos::from_ms(u64::from(beat_ms)));
        }
        sent
    }

    /// The middle of each 20 ms of what is said and heard.
    fn taken(&self) -> Vec<(i16, i16)> {
        let mut samples = Vec::new();
        self.tap.take(&mut samples);
        samples.chunks(320).map(|frame| (frame[160], frame[161])).collect()
    }
}

#[test]
fn both_sides_are_heard_at_every_packet_time() {
    for ptime_ms in [10, 20, 30, 40, 60] {
        let mut line = Line::new(plan(ptime_ms));
        line.play(1000);
        for _ in 0..9 {
            line.hear();
            line.beat(Hears::Nothing);
        }

        let taken = line.taken();
        assert_eq!(taken.len(), 9, "{ptime_ms}");
        assert_eq!(taken[5], (level(SAID), level(HEARD)), "{ptime_ms}");
    }
}

#[test]
fn what_the_room_says_is_heard() {
    let mut line = Line::new(plan(20));
    line.beat(Hears::Mix(&[HEARD; 160]));

    assert_eq!(line.taken(), [(0, level(HEARD))]);
}

#[test]
fn while_the_far_end_holds_the_call_it_hears_nothing() {
    let mut line = Line::new(Plan { send: false, ..plan(20) });
    line.play(1000);
    line.beat(Hears::Nothing);

    assert_eq!(line.taken(), [(0, 0)]);
}

#[test]
fn keys_that_are_sent_are_silence() {
    let mut line = Line::new(plan(20));
    line.stream.send_digits(Batch::new(1, &[Key::from_char('5').unwrap()], 60, 0).unwrap());
    line.play(1000);
    for _ in 0..12 {
        line.beat(Hears::Nothing);
    }

    let taken = line.taken();
    assert_eq!(taken[0], (0, 0));
    assert_eq!(taken[11], (0, level(HEARD)));
}

#[test]
fn packets_do_not_pass_by_whoever_listens_or_speaks() {
    let mut line = Line::new(plan(20));
    let mut other = Line::new(plan(20));
    other.stream.untap(1);
    line.hear();
    other.hear();

    assert!(line.stream.can_pass_to(&other.stream));
    assert!(!other.stream.can_pass_to(&line.stream));
    line.stream.untap(1);
    assert!(other.stream.can_pass_to(&line.stream));
    line.stream.inject(Injection::new(2, Arc::default()));
    assert!(other.stream.can_pass_to(&line.stream));
    let piece = InjectAction::Write(vec![1; 160].into());
    line.stream.act_on_injection(2, piece, &mut |_| ());
    assert!(!other.stream.can_pass_to(&line.stream));
}

#[test]
fn what_is_injected_is_sent_over_what_plays_and_the_taps_hear_both() {
    let mut line = Line::new(plan(20));
    line.play(1000);
    line.stream.inject(Injection::new(2, Arc::default()));
    let piece = InjectAction::Write(vec![SAID; 640].into());
    line.stream.act_on_injection(2, piece, &mut |_| ());

    let sent = line.beat(Hears::Nothing).unwrap();

    let both = level(SAID + level(HEARD));
    assert_eq!(Law::Mu.decode(sent[80]), both);
    assert_eq!(line.taken(), [(0, both)]);
    line.stream.end_injection(2);
    let sent = line.beat(Hears::Nothing).unwrap();
    assert_eq!(Law::Mu.decode(sent[80]), level(HEARD));
}
