//! Listens closely to what answered: speech, beeps and the tones of the network, on the clock of the audio.
//!
//! Costs a small Fourier transform every 10 ms, so streams do it only while they are asked to. Packets are put
//! in order and lost ones become silence, so that what is told depends on the audio alone, and not on when
//! its packets came.

pub mod cadence;
pub mod spectrum;
pub mod tone;
pub mod voice;

use crate::codec::Law;
use crate::codec::g711::PER_MS;
use crate::event::Event;
use crate::jitter::{Piece, Reorder};

use cadence::{Cadence, Told};
use spectrum::Analyser;
use tone::{Change, HOP, HOP_MS, History, Tracker};
use voice::{Turn, Voice};

/// Nothing this faint is looked at. Relative to full scale.
const FAINTEST_DB: f32 = -50.0;
const FULL_SCALE_POWER: f32 = 32_768.0 * 32_768.0;
/// Sound that spills into a hop before the one in which a tone begins is not speech.
const ATTACK_MS: u64 = 20;
/// Hops whose mean level decides whether a spectrum is worth its while.
const LOUDNESS_HOPS: usize = 6;
/// Time that may pass without a packet before it counts as silence, and what stays open for a late one.
const PATIENCE_MS: u64 = 200;
const LATENESS_MS: u64 = 100;
/// A packet that says it is this far ahead of its arrival lies.
const EARLINESS_MS: u64 = 500;
/// Silence that is heard out; of a longer one the rest is only counted.
const SILENCE_MS: u64 = 1200;

/// Length of a packet of recorded sound.
const PACKET_MS: u64 = 20;

/// One direction of one stream.
#[derive(Debug)]
pub struct Hearing {
    reorder: Reorder,
    ear: Ear,
}

/// Recorded sound, heard as if it came in packets.
#[derive(Debug)]
pub struct Replay {
    hearing: Hearing,
    law: Law,
    packets: u32,
}

#[derive(Debug, Default)]
struct Ear {
    /// Where the audio heard so far ends, once there was some.
    position_ms: Option<u64>,
    next_timestamp: Option<u32>,
    hop: Vec<f32>,
    history: History,
    analyser: Analyser,
    tracker: Tracker,
    cadence: Cadence,
    voice: Voice,
}

impl Default for Hearing {
    fn default() -> Self {
        let ear = Ear { hop: Vec::with_capacity(HOP), ..Ear::default() };
        Self { reorder: Reorder::default(), ear }
    }
}

impl Hearing {
    /// Takes one packet's sound, which came `age_ms` after the stream began.
    pub fn push(&mut self, piece: &Piece<'_>, age_ms: u64, events: &mut impl FnMut(Event)) {
        let Self { reorder, ear } = self;
        reorder.push(piece, |piece| ear.hear(piece, age_ms, events));
    }

    /// Goes on with another source, whose numbers mean nothing yet.
    pub fn restart(&mut self, age_ms: u64, events: &mut impl FnMut(Event)) {
        let Self { reorder, ear } = self;
        reorder.restart(|piece| ear.hear(piece, age_ms, events));
        ear.next_timestamp = None;
    }

    /// Notices that nothing comes any more.
    pub fn on_time(&mut self, age_ms: u64, events: &mut impl FnMut(Event)) {
        let Self { reorder, ear } = self;
        let Some(position_ms) = ear.position_ms else { return };
        if age_ms < position_ms + PATIENCE_MS {
            return;
        }
        reorder.flush(|piece| ear.hear(piece, age_ms, events));
        ear.catch_up(age_ms.saturating_sub(LATENESS_MS), events);
    }
}

impl Replay {
    /// Nothing was heard yet.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self { hearing: Hearing::default(), law, packets: 0 }
    }

    /// Hears samples at 8 kHz, and says with each event when it would have been told. A last part of a
    /// packet is left out.
    pub fn hear(
        &mut self,
        mut samples: impl ExactSizeIterator<Item = i16>,
        tell: &mut impl FnMut(u64, Event),
    ) {
        let mut payload = [0; PACKET_MS as usize * PER_MS];
        while samples.len() >= payload.len() {
            for (byte, sample) in payload.iter_mut().zip(&mut samples) {
                *byte = self.law.encode(sample);
            }
            let timestamp = self.packets.wrapping_mul(payload.len() as u32);
            let sequence = self.packets as u16;
            let piece = Piece { sequence, timestamp, law: self.law, payload: &payload };
            let came_ms = u64::from(self.packets) * PACKET_MS;
            let mut tell = |event| tell(came_ms + PACKET_MS, event);
            self.hearing.push(&piece, came_ms, &mut tell);
            self.packets += 1;
        }
    }
}

impl Ear {
    fn hear(&mut self, piece: &Piece<'_>, age_ms: u64, events: &mut impl FnMut(Event)) {
        match (self.position_ms, self.next_timestamp) {
            (None, _) => self.position_ms = Some(age_ms),
            (Some(_), None) => self.catch_up(age_ms, events),
            (Some(position_ms), Some(next)) => {
                // A packet for a time that was given up as silent is heard now, and time goes on from it.
                let gap = piece.timestamp.wrapping_sub(next) as i32;
                let gap_ms = u64::try_from(gap).unwrap_or(0) / PER_MS as u64;
                let latest_ms = position_ms.max(age_ms + EARLINESS_MS);
                self.catch_up((position_ms + gap_ms).min(latest_ms), events);
            }
        }
        let table = piece.law.table();
        for &byte in piece.payload {
            self.take(f32::from(table[usize::from(byte)]), events);
        }
        self.next_timestamp = Some(piece.timestamp.wrapping_add(piece.payload.len() as u32));
    }

    /// Silence up to this time.
    fn catch_up(&mut self, until_ms: u64, events: &mut impl FnMut(Event)) {
        let Some(position_ms) = self.position_ms else { return };
        let silent_ms = until_ms.saturating_sub(position_ms);
        let heard_ms = silent_ms.min(SILENCE_MS);
        for _ in 0..heard_ms * PER_MS as u64 {
            self.take(0.0, events);
        }
        self.position_ms = self.position_ms.map(|position_ms| position_ms + silent_ms - heard_ms);
        let skipped = silent_ms as u32 * PER_MS as u32;
        self.next_timestamp = self.next_timestamp.map(|next| next.wrapping_add(skipped));
    }

    fn take(&mut self, sample: f32, events: &mut impl FnMut(Event)) {
        self.hop.push(sample);
        if let Ok(hop) = <&[f32; HOP]>::try_from(self.hop.as_slice()) {
            self.history.push(hop);
            self.hop.clear();
            self.listen(events);
        }
    }

    fn listen(&mut self, events: &mut impl FnMut(Event)) {
        let Some(position_ms) = &mut self.position_ms else { return };
        *position_ms += HOP_MS;
        let now_ms = *position_ms;
        let picture = (level_db(self.history.power(LOUDNESS_HOPS)) > FAINTEST_DB)
            .then(|| self.history.newest())
            .flatten()
            .map(|window| self.analyser.look(window));
        let mut tell = |told| events(event_of(told));
        let was_busy = self.tracker.is_sounding();
        match self.tracker.follow(&self.history, picture.as_ref(), now_ms) {
            Some(Change::Began(burst)) => {
                self.voice.take_back(burst.at_ms.saturating_sub(ATTACK_MS), now_ms - HOP_MS);
                self.cadence.begin(burst, &mut tell);
            }
            Some(Change::Ended(at_ms)) => self.cadence.end(at_ms, &mut tell),
            None => {}
        }
        self.cadence.on_time(now_ms, self.tracker.is_busy(), &mut tell);
        let is_tone = was_busy || self.tracker.is_sounding() || self.tracker.is_likely();
        let level_db = if is_tone { f32::NEG_INFINITY } else { level_db(self.history.power(1)) };
        match self.voice.hear(level_db, picture.map(|picture| picture.evenness), now_ms) {
            Some(Turn::Started(at_ms)) => events(Event::VoiceStarted { at_ms }),
            Some(Turn::Stopped(at_ms, ms)) => events(Event::VoiceStopped { at_ms, ms }),
            None => {}
        }
    }
}

fn event_of(told: Told) -> Event {
    match told {
        Told::Heard(at_ms) => Event::ToneHeard { at_ms },
        Told::Started(kind, burst) => Event::ToneStarted {
            kind,
            millihertz: (burst.shape.hz * 1000.0) as u32,
            variance: (burst.variance * 1000.0) as u32,
            at_ms: burst.at_ms,
        },
        Told::Stopped(kind, at_ms, ms) => Event::ToneStopped { kind, at_ms, ms },
    }
}

fn level_db(power: f32) -> f32 {
    10.0 * (power / FULL_SCALE_POWER).max(1e-10).log10()
}
