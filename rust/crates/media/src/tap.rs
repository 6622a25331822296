//! Listens in on a stream: what its far end says, what it hears, or both, on the stream's own beat.
//!
//! The stream writes and another thread takes, without a lock: the buffer is a ring of atomic samples with
//! one writer and one reader. A reader that is too slow loses sound and can see how much; the stream never
//! notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI16, AtomicU64, AtomicUsize, Ordering};

use crate::codec::Law;
use crate::codec::g711::PER_MS;
use crate::event::Event;
use crate::playout::BLOCK_MAX;

/// Taps one stream can have.
pub const TAPS_MAX: usize = 8;
/// A reader that was told and has not come for this long is told again.
const REMIND: usize = 1000 * PER_MS;

/// What of a call is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// What the far end says.
    Mono,
    /// That and what it hears, added up.
    Mixed,
    /// What it says on the left, what it hears on the right.
    Stereo,
}

impl Mix {
    /// Samples for each moment.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Mono | Self::Mixed => 1,
            Self::Stereo => 2,
        }
    }
}

/// The kept samples, shared by the stream that writes them and the one thread that takes them.
#[derive(Debug)]
pub struct TapBuffer {
    mix: Mix,
    samples: Box<[AtomicI16]>,
    written: AtomicUsize,
    taken: AtomicUsize,
    dropped: AtomicU64,
    paused: AtomicBool,
    told: AtomicBool,
}

impl TapBuffer {
    /// Room for `limit_ms` of sound. What does not fit any more is dropped and counted.
    #[must_use]
    pub fn new(mix: Mix, limit_ms: u32) -> Arc<Self> {
        let length = (limit_ms as usize * PER_MS).max(BLOCK_MAX) * mix.channels();
        Arc::new(Self {
            mix,
            samples: (0..length).map(|_| AtomicI16::new(0)).collect(),
            written: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            paused: AtomicBool::new(false),
            told: AtomicBool::new(false),
        })
    }

    /// What it holds.
    #[must_use]
    pub const fn mix(&self) -> Mix {
        self.mix
    }

    /// Appends everything kept so far, channels interleaved; the room is free again. One thread may take.
    pub fn take(&self, output: &mut Vec<i16>) {
        self.told.store(false, Ordering::Release);
        let written = self.written.load(Ordering::Acquire);
        let taken = self.taken.load(Ordering::Relaxed);
        let length = self.samples.len();
        let (from, count) = (taken % length, written - taken);
        let to_end = count.min(length - from);
        let parts = [&self.samples[from..from + to_end], &self.samples[..count - to_end]];
        output.extend(parts.into_iter().flatten().map(|sample| sample.load(Ordering::Relaxed)));
        self.taken.store(written, Ordering::Release);
    }

    /// Lets sound pass by, or keeps it again.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Whether sound passes by.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Milliseconds of sound that did not fit.
    #[must_use]
    pub fn dropped_ms(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed) / PER_MS as u64
    }

    /// Keeps a block of what is said and heard; how much there is to take now, in samples of a channel.
    fn keep(&self, said: &[i16], heard: &[i16]) -> usize {
        let written = self.written.load(Ordering::Relaxed);
        let (length, channels) = (self.samples.len(), self.mix.channels());
        let kept = written - self.taken.load(Ordering::Acquire);
        let fits = said.len().min((length - kept) / channels);
        let mut place = written % length;
        let mut store = |sample: i16| {
            self.samples[place].store(sample, Ordering::Relaxed);
            place = if place + 1 == length { 0 } else { place + 1 };
        };
        for (&said, &heard) in said.iter().zip(heard).take(fits) {
            match self.mix {
                Mix::Mono => store(said),
                Mix::Mixed => store(said.saturating_add(heard)),
                Mix::Stereo => {
                    store(said);
                    store(heard);
                }
            }
        }
        self.written.store(written + fits * channels, Ordering::Release);
        if fits < said.len() {
            self.dropped.fetch_add((said.len() - fits) as u64, Ordering::Relaxed);
        }
        kept / channels + fits
    }
}

/// The stream's side of a tap.
#[derive(Debug)]
pub struct Tap {
    id: u64,
    buffer: Arc<TapBuffer>,
    /// The reader is told once there is this much, in samples; zero never.
    notice: usize,
    since_told: usize,
}

impl Tap {
    /// Writes into `buffer`, and tells whenever there are `notice_ms` to take; zero never tells.
    #[must_use]
    pub const fn new(id: u64, buffer: Arc<TapBuffer>, notice_ms: u32) -> Self {
        Self { id, buffer, notice: notice_ms as usize * PER_MS, since_told: 0 }
    }

    fn write(&mut self, said: &[i16], heard: &[i16], events: &mut impl FnMut(Event)) {
        if self.buffer.is_paused() {
            return;
        }
        let waiting = self.buffer.keep(said, heard);
        self.since_told += said.len();
        if self.notice == 0 || waiting < self.notice {
            return;
        }
        let told = self.buffer.told.swap(true, Ordering::AcqRel);
        if !told || self.since_told >= REMIND {
            self.since_told = 0;
            events(Event::TapReady { id: self.id });
        }
    }
}

/// The taps of one stream.
#[derive(Debug, Default)]
pub struct Taps {
    taps: Vec<Tap>,
}

impl Taps {
    /// Whether nobody listens in.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    /// Adds one, as long as there are fewer than [`TAPS_MAX`].
    pub fn add(&mut self, tap: Tap) {
        if self.taps.len() < TAPS_MAX {
            self.taps.push(tap);
        }
    }

    /// Removes one.
    pub fn remove(&mut self, id: u64) {
        self.taps.retain(|tap| tap.id != id);
    }

    /// Writes a block of what the far end says, at most [`BLOCK_MAX`], and of what it hears meanwhile: as
    /// much encoded sound, or less, silence following.
    pub fn write(&mut self, said: &[i16], heard: &[u8], law: Law, events: &mut impl FnMut(Event)) {
        let table = law.table();
        let mut hears = [0; BLOCK_MAX];
        for (sample, &byte) in hears.iter_mut().zip(heard) {
            *sample = table[usize::from(byte)];
        }
        for tap in &mut self.taps {
            tap.write(said, &hears, events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: Law = Law::Mu;

    fn level(level: i16) -> i16 {
        LAW.decode(LAW.encode(level))
    }

    /// Beats of 20 ms in which the far end says one level and hears another.
    fn run(taps: &mut Taps, beats: u32, said: i16, heard: i16) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..beats {
            let heard = [LAW.encode(heard); 160];
            taps.write(&[said; 160], &heard, LAW, &mut |event| events.push(event));
        }
        events
    }

    fn taken(buffer: &TapBuffer) -> Vec<i16> {
        let mut samples = Vec::new();
        buffer.take(&mut samples);
        samples
    }

    fn tapped(mix: Mix, limit_ms: u32) -> (Taps, Arc<TapBuffer>) {
        let buffer = TapBuffer::new(mix, limit_ms);
        let mut taps = Taps::default();
        taps.add(Tap::new(7, Arc::clone(&buffer), 20));
        (taps, buffer)
    }

    #[test]
    fn mono_is_what_the_far_end_says() {
        let (mut taps, buffer) = tapped(Mix::Mono, 1000);
        run(&mut taps, 5, 1000, 5000);

        let samples = taken(&buffer);

        assert_eq!(samples, [1000; 5 * 160]);
    }

    #[test]
    fn stereo_has_both_sides_at_the_same_moment() {
        let (mut taps, buffer) = tapped(Mix::Stereo, 1000);
        run(&mut taps, 5, 1000, 5000);

        let samples = taken(&buffer);

        assert_eq!(samples.len(), 2 * 5 * 160);
        assert_eq!(samples[8 * 160..8 * 160 + 2], [1000, level(5000)]);
    }

    #[test]
    fn mixed_adds_up_and_stays_within_a_sample() {
        let (mut taps, buffer) = tapped(Mix::Mixed, 1000);
        run(&mut taps, 5, 30_000, 30_000);

        assert_eq!(taken(&buffer)[4 * 160], i16::MAX);
    }

    #[test]
    fn a_reader_is_told_once_until_it_takes() {
        let (mut taps, buffer) = tapped(Mix::Mono, 1000);

        assert_eq!(run(&mut taps, 3, 1, 1), [Event::TapReady { id: 7 }]);
        taken(&buffer);
        assert_eq!(run(&mut taps, 3, 1, 1), [Event::TapReady { id: 7 }]);
    }

    #[test]
    fn a_reader_that_does_not_come_is_reminded_and_loses_what_does_not_fit() {
        let (mut taps, buffer) = tapped(Mix::Stereo, 100);

        let events = run(&mut taps, 60, 1, 1);

        assert_eq!(events.len(), 2);
        assert_eq!(taken(&buffer).len(), 2 * 800);
        assert_eq!(buffer.dropped_ms(), 1100);
    }

    #[test]
    fn nothing_is_kept_during_a_pause() {
        let (mut taps, buffer) = tapped(Mix::Mono, 1000);
        buffer.pause(true);
        assert_eq!(run(&mut taps, 3, 1, 1), []);
        buffer.pause(false);
        run(&mut taps, 2, 1, 1);

        assert_eq!(taken(&buffer).len(), 2 * 160);
        assert_eq!(buffer.dropped_ms(), 0);
    }

    #[test]
    fn where_nothing_is_heard_there_is_silence() {
        let (mut taps, buffer) = tapped(Mix::Stereo, 1000);
        taps.write(&[7; 4], &[LAW.encode(5000); 2], LAW, &mut |_| ());

        assert_eq!(taken(&buffer), [7, level(5000), 7, level(5000), 7, 0, 7, 0]);
    }

    #[test]
    fn a_tap_that_was_removed_gets_nothing_more() {
        let (mut taps, buffer) = tapped(Mix::Mono, 1000);
        taps.remove(7);
        run(&mut taps, 2, 1, 1);

        assert!(taps.is_empty());
        assert!(taken(&buffer).is_empty());
    }
}
