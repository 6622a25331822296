//! What is heard of whole lines: tones of the network, beeps, keys and noise, through G.711.

use std::f64::consts::TAU;

use media::codec::Law;
use media::event::Event;
use media::hearing::cadence::Kind;
use media::hearing::{Hearing, Replay};
use media::jitter::Piece;

/// Sound with its noise, put together piece by piece.
struct Line {
    samples: Vec<i16>,
    noise: f64,
    state: u64,
}

impl Line {
    fn new(noise_db: f64) -> Self {
        Self { samples: Vec::new(), noise: 32_768.0 * 10_f64.powf(noise_db / 20.0), state: 7 }
    }

    /// Sum of 12 uniform numbers: normal enough.
    fn noise(&mut self) -> f64 {
        let sum: f64 = (0..12)
            .map(|_| {
                self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (self.state >> 33) as f64 / (1_u64 << 31) as f64
            })
            .sum();
        (sum - 6.0) * self.noise
    }

    fn tone(mut self, hz: &[f64], ms: usize, level_db: f64) -> Self {
        let peak = 32_768.0 * 10_f64.powf(level_db / 20.0) / hz.len().max(1) as f64;
        for n in 0..ms * 8 {
            let sum: f64 = hz.iter().map(|hz| (TAU * hz * n as f64 / 8000.0).sin()).sum();
            let sample = peak * sum + self.noise();
            self.samples.push(sample as i16);
        }
        self
    }

    fn quiet(self, ms: usize) -> Self {
        self.tone(&[], ms, -90.0)
    }

    fn heard(self) -> Vec<Event> {
        let mut told = Vec::new();
        Replay::new(Law::A).hear(self.samples.into_iter(), &mut |_, event| told.push(event));
        told
    }
}

/// Kind, beginning and length of every tone; anything else heard makes the test fail.
fn tones(events: &[Event]) -> Vec<(Kind, u64, u64)> {
    let mut tones = Vec::new();
    for event in events {
        match *event {
            Event::ToneHeard { .. } | Event::ToneStarted { .. } => {}
            Event::ToneStopped { kind, at_ms, ms } => tones.push((kind, at_ms - ms, ms)),
            other => unreachable!("{other:?}"),
        }
    }
    tones
}

fn frequencies(events: &[Event]) -> Vec<f64> {
    let hz = |event: &Event| match event {
        Event::ToneStarted { millihertz, .. } => Some(f64::from(*millihertz) / 1000.0),
        _ => None,
    };
    events.iter().filter_map(hz).collect()
}

fn is_near(found: &[(Kind, u64, u64)], wanted: &[(Kind, u64, u64)]) -> bool {
    let near = |a: u64, b: u64| a.abs_diff(b) <= 30;
    found.len() == wanted.len()
        && found.iter().zip(wanted).all(|(a, b)| a.0 == b.0 && near(a.1, b.1) && near(a.2, b.2))
}

#[test]
fn a_beep_is_told_with_its_pitch_beginning_and_length() {
    for hz in [400.0, 440.0, 620.0, 850.0, 950.0, 1000.0, 1400.0, 2000.0, 2400.0] {
        for ms in [200, 400, 640, 900] {
            // 425 Hz for 900 ms is how most of Europe rings.
            let heard = Line::new(-50.0).quiet(500).tone(&[hz], ms, -15.0).quiet(1200).heard();

            let wanted = [(Kind::Beep, 500, ms as u64)];
            assert!(is_near(&tones(&heard), &wanted), "{hz} Hz, {ms} ms: {heard:?}");
            assert!((frequencies(&heard)[0] - hz).abs() < 2.0, "{hz} Hz: {heard:?}");
        }
    }
}

#[test]
fn a_faint_beep_is_heard_in_line_noise() {
    for (level_db, noise_db) in [(-35.0, -60.0), (-30.0, -45.0), (-20.0, -35.0)] {
        let line = Line::new(noise_db).quiet(500).tone(&[1000.0], 300, level_db).quiet(500);
        let heard = line.heard();

        assert!(is_near(&tones(&heard), &[(Kind::Beep, 500, 300)]), "{level_db}: {heard:?}");
    }
}

#[test]
fn a_long_beep_is_one_beep() {
    let heard = Line::new(-60.0).quiet(300).tone(&[1200.0], 4000, -12.0).quiet(500).heard();

    assert!(is_near(&tones(&heard), &[(Kind::Beep, 300, 4000)]), "{heard:?}");
}

#[test]
fn two_tones_at_once_or_one_after_the_other_are_one_beep() {
    let chord = Line::new(-60.0).quiet(300).tone(&[850.0, 1100.0], 500, -12.0).quiet(500).heard();
    let steps = Line::new(-60.0)
        .quiet(300)
        .tone(&[1200.0], 200, -12.0)
        .tone(&[850.0], 300, -12.0)
        .quiet(500)
        .heard();

    assert!(is_near(&tones(&chord), &[(Kind::Beep, 300, 500)]), "{chord:?}");
    assert!(is_near(&tones(&steps), &[(Kind::Beep, 300, 500)]), "{steps:?}");
}

#[test]
fn ringing_is_no_beep_wherever_it_rings() {
    let cadences: [(&[f64], usize, usize); 6] = [
        (&[440.0, 480.0], 2000, 4000),
        (&[425.0], 1000, 4000),
        (&[425.0], 800, 3200),
        (&[440.0], 1500, 3500),
        (&[450.0], 1000, 4000),
        (&[400.0, 450.0], 400, 200),
    ];
    for (hz, on, off) in cadences {
        let line = Line::new(-50.0).quiet(200).tone(hz, on, -18.0).quiet(off).tone(hz, on, -18.0);
        let heard = line.quiet(1000).heard();

        let (on, off) = (on as u64, off as u64);
        let wanted = [(Kind::Ringback, 200, on), (Kind::Ringback, 200 + on + off, on)];
        assert!(is_near(&tones(&heard), &wanted), "{hz:?} {on}: {heard:?}");
    }
}

#[test]
fn busy_and_congestion_are_no_beeps() {
    let cadences: [(&[f64], usize, usize); 6] = [
        (&[480.0, 620.0], 500, 500),
        (&[480.0, 620.0], 250, 250),
        (&[425.0], 500, 500),
        (&[425.0], 240, 240),
        (&[400.0], 375, 375),
        (&[450.0], 350, 350),
    ];
    for (hz, on, off) in cadences {
        let mut line = Line::new(-50.0).quiet(200);
        for _ in 0..4 {
            line = line.tone(hz, on, -18.0).quiet(off);
        }
        let heard = tones(&line.quiet(1000).heard());

        assert_eq!(heard.len(), 4, "{hz:?} {on}: {heard:?}");
        assert!(heard.iter().all(|tone| tone.0 == Kind::Busy), "{hz:?} {on}: {heard:?}");
    }
}

#[test]
fn information_tones_and_dial_tone_have_their_names() {
    let notes = Line::new(-55.0)
        .quiet(200)
        .tone(&[950.0], 330, -24.0)
        .tone(&[1400.0], 330, -24.0)
        .tone(&[1800.0], 330, -24.0)
        .quiet(500);
    let dial = Line::new(-55.0).quiet(200).tone(&[350.0, 440.0], 3000, -13.0).quiet(500);

    let notes = tones(&notes.heard());
    assert!(is_near(&notes, &[(Kind::Information, 200, 990)]), "{notes:?}");
    let dial = tones(&dial.heard());
    assert!(is_near(&dial, &[(Kind::Dial, 200, 3000)]), "{dial:?}");
}

#[test]
fn pressed_keys_are_no_tones() {
    for low in [697.0, 770.0, 852.0, 941.0] {
        for high in [1209.0, 1336.0, 1477.0, 1633.0] {
            for ms in [60, 100, 250, 600] {
                let line = Line::new(-50.0).quiet(300).tone(&[low, high], ms, -10.0).quiet(300);
                let heard = line.heard();

                let toned = heard.iter().any(|event| matches!(event, Event::ToneStarted { .. }));
                assert!(!toned, "{low}+{high} {ms} ms: {heard:?}");
            }
        }
    }
}

#[test]
fn noise_is_neither_voice_nor_tone_from_its_first_moment_on() {
    for noise_db in [-60.0, -45.0, -30.0, -15.0] {
        assert_eq!(Line::new(noise_db).quiet(5000).heard(), []);
    }
}

/// Harmonics of a pitch that glides, louder and fainter by turns: as much of speech as these tests need.
fn vowels(line: &mut Line, ms: usize) {
    let mut phase = 0.0;
    for n in 0..ms * 8 {
        let second = n as f64 / 8000.0;
        phase += TAU * (130.0 + 20.0 * (TAU * 3.0 * second).sin()) / 8000.0;
        let sum: f64 = (2..12).map(|k| (f64::from(k) * phase).sin() / f64::from(k)).sum();
        let swell = 0.3 + 0.7 * (TAU * 4.0 * second).sin().abs();
        let sample = 6000.0 * swell * sum + line.noise();
        line.samples.push(sample as i16);
    }
}

#[test]
fn speech_is_timed_without_the_beep_behind_it_and_the_noise_before_it() {
    let mut line = Line::new(-40.0).quiet(700);
    vowels(&mut line, 1200);
    let heard = line.quiet(100).tone(&[1000.0], 400, -12.0).quiet(900).heard();

    let near = |a: u64, b: u64| a.abs_diff(b) <= 120;
    let [Event::VoiceStarted { at_ms: since }, rest @ ..] = &heard[..] else { panic!("{heard:?}") };
    let [
        Event::ToneStarted { kind: Kind::Beep, at_ms: beep, .. },
        Event::VoiceStopped { at_ms: until, .. },
        Event::ToneStopped { .. },
    ] = rest
    else {
        panic!("{heard:?}")
    };
    assert!(near(*since, 700) && near(*until, 1900) && near(*beep, 2000), "{heard:?}");
}

fn pieces(samples: &[i16]) -> Vec<Vec<u8>> {
    let encode = |chunk: &[i16]| chunk.iter().map(|&sample| Law::Mu.encode(sample)).collect();
    samples.chunks(160).map(encode).collect()
}

/// What is told when packets come with `delay_ms` each; None is lost.
fn told(samples: &[i16], delay_ms: impl Fn(u16) -> Option<u64>) -> Vec<Event> {
    let mut hearing = Hearing::default();
    let mut events = Vec::new();
    let mut order: Vec<(u64, u16)> = Vec::new();
    let packets = pieces(samples);
    for n in 0..packets.len() as u16 {
        order.extend(delay_ms(n).map(|late| (u64::from(n) * 20 + late, n)));
    }
    order.sort_unstable();
    for (came_ms, n) in order {
        let timestamp = u32::from(n).wrapping_mul(160).wrapping_add(u32::MAX - 8000);
        let payload = &packets[usize::from(n)];
        let piece = Piece { sequence: n, timestamp, law: Law::Mu, payload };
        hearing.push(&piece, came_ms, &mut |event| events.push(event));
        hearing.on_time(came_ms, &mut |event| events.push(event));
    }
    events
}

#[test]
fn what_is_told_does_not_depend_on_when_packets_come() {
    let mut line = Line::new(-55.0).quiet(500);
    vowels(&mut line, 1500);
    let samples = line.quiet(300).tone(&[1400.0], 300, -12.0).quiet(1000).samples;

    let even = told(&samples, |_| Some(0));
    let uneven = told(&samples, |n| Some(if n == 0 { 0 } else { u64::from(n * 7 % 50) }));

    assert_eq!(even.len(), 4, "{even:?}");
    assert_eq!(even, uneven);
}

#[test]
fn a_lost_packet_does_not_break_a_beep() {
    let samples = Line::new(-60.0).quiet(500).tone(&[1000.0], 400, -12.0).quiet(500).samples;

    for lost in [28, 30, 33, 36, 40] {
        let heard = told(&samples, |n| (n != lost).then_some(0));

        assert!(is_near(&tones(&heard), &[(Kind::Beep, 500, 400)]), "{lost}: {heard:?}");
    }
}

#[test]
fn a_far_end_that_falls_silent_has_stopped() {
    let mut line = Line::new(-60.0).quiet(200);
    vowels(&mut line, 1000);
    let mut hearing = Hearing::default();
    let mut events = Vec::new();
    for (n, payload) in pieces(&line.samples).iter().enumerate() {
        let (sequence, timestamp) = (n as u16, n as u32 * 160);
        let piece = Piece { sequence, timestamp, law: Law::Mu, payload };
        hearing.push(&piece, n as u64 * 20, &mut |event| events.push(event));
    }
    for now_ms in (1200..3000).step_by(20) {
        hearing.on_time(now_ms, &mut |event| events.push(event));
    }

    let [Event::VoiceStarted { .. }, Event::VoiceStopped { at_ms, .. }] = events[..] else {
        panic!("{events:?}")
    };
    assert!(at_ms.abs_diff(1200) < 80, "{events:?}");
}

#[test]
fn any_packets_at_any_time_are_borne() {
    let mut hearing = Hearing::default();
    let mut state = 1_u64;
    for n in 0..3000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let payload: Vec<u8> = (0..state >> 56).map(|k| (k ^ state >> 24) as u8).collect();
        let (sequence, timestamp) = ((state >> 40) as u16 % 16, (state >> 20) as u32);
        let piece = Piece { sequence, timestamp, law: Law::A, payload: &payload };
        let age_ms = n * 20;
        hearing.push(&piece, age_ms, &mut |_| ());
        if state >> 60 == 3 {
            hearing.restart(age_ms, &mut |_| ());
        }
        hearing.on_time(age_ms, &mut |_| ());
    }
}
