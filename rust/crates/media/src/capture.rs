//! Keeps what the far end says until somebody takes it.
//!
//! The stream writes and another thread takes, without a lock: the buffer is a ring of atomic samples with
//! one writer and one reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicU64, AtomicUsize, Ordering};

use crate::codec::g711::PER_MS;
use crate::jitter::{Piece, Reorder};

/// Silence put in for sound that did not arrive is never longer; beyond, the source began anew.
const GAP_MAX: u32 = 30_000 * PER_MS as u32;

/// The kept samples, shared by the stream that writes them and the owner who takes them.
#[derive(Debug)]
pub struct CaptureBuffer {
    samples: Box<[AtomicI16]>,
    written: AtomicUsize,
    taken: AtomicUsize,
    dropped: AtomicU64,
}

impl CaptureBuffer {
    /// Room for `limit_ms` of sound. What does not fit any more is dropped and counted.
    #[must_use]
    pub fn new(limit_ms: u32) -> Arc<Self> {
        let length = (limit_ms as usize * PER_MS).max(1);
        Arc::new(Self {
            samples: (0..length).map(|_| AtomicI16::new(0)).collect(),
            written: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        })
    }

    /// Everything kept so far, as little-endian bytes; the room is free again. One thread may take.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        let written = self.written.load(Ordering::Acquire);
        let taken = self.taken.load(Ordering::Relaxed);
        let length = self.samples.len();
        let mut bytes = Vec::with_capacity((written - taken) * 2);
        let (from, count) = (taken % length, written - taken);
        let to_end = count.min(length - from);
        let parts = [&self.samples[from..from + to_end], &self.samples[..count - to_end]];
        for sample in parts.into_iter().flatten() {
            bytes.extend_from_slice(&sample.load(Ordering::Relaxed).to_le_bytes());
        }
        self.taken.store(written, Ordering::Release);
        bytes
    }

    /// Milliseconds of sound that did not fit.
    #[must_use]
    pub fn dropped_ms(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed) / PER_MS as u64
    }

    fn write(&self, count: usize, samples: impl Iterator<Item = i16>) {
        let written = self.written.load(Ordering::Relaxed);
        let length = self.samples.len();
        let free = length - (written - self.taken.load(Ordering::Acquire));
        let fits = count.min(free);
        let mut place = written % length;
        for sample in samples.take(fits) {
            self.samples[place].store(sample, Ordering::Relaxed);
            place = if place + 1 == length { 0 } else { place + 1 };
        }
        self.written.store(written + fits, Ordering::Release);
        if fits < count {
            self.dropped.fetch_add((count - fits) as u64, Ordering::Relaxed);
        }
    }
}

/// Writes packets into a [`CaptureBuffer`] in order and on time: lost ones become silence.
#[derive(Debug)]
pub struct Recorder {
    buffer: Arc<CaptureBuffer>,
    reorder: Reorder,
    next_timestamp: Option<u32>,
}

impl Recorder {
    /// Starts with the next packet.
    #[must_use]
    pub fn new(buffer: Arc<CaptureBuffer>) -> Self {
        Self { buffer, reorder: Reorder::default(), next_timestamp: None }
    }

    /// Takes one packet's sound.
    pub fn push(&mut self, piece: &Piece<'_>) {
        let Self { buffer, reorder, next_timestamp } = self;
        reorder.push(piece, |piece| place(buffer, next_timestamp, piece));
    }

    /// Writes what still waits for a missing packet.
    pub fn flush(&mut self) {
        let Self { buffer, reorder, next_timestamp } = self;
        reorder.flush(|piece| place(buffer, next_timestamp, piece));
    }

    /// Goes on with another source, whose numbers mean nothing yet.
    pub fn restart(&mut self) {
        let Self { buffer, reorder, next_timestamp } = self;
        reorder.restart(|piece| place(buffer, next_timestamp, piece));
        *next_timestamp = None;
    }
}

fn place(buffer: &CaptureBuffer, next_timestamp: &mut Option<u32>, piece: &Piece<'_>) {
    let gap = next_timestamp.map_or(0, |next| piece.timestamp.wrapping_sub(next));
    if gap > 0 && gap <= GAP_MAX {
        buffer.write(gap as usize, std::iter::repeat(0));
    }
    let table = piece.law.table();
    let samples = piece.payload.iter().map(|&byte| table[usize::from(byte)]);
    buffer.write(piece.payload.len(), samples);
    *next_timestamp = Some(piece.timestamp.wrapping_add(piece.payload.len() as u32));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Law;

    const LOUD: u8 = 0x80;

    fn push(recorder: &mut Recorder, sequence: u16) {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        let payload = [LOUD; 160];
        recorder.push(&Piece { sequence, timestamp, law: Law::Mu, payload: &payload });
    }

    fn frames(bytes: &[u8]) -> String {
        bytes.chunks(320).map(|frame| if frame[0] == 0 { '.' } else { '#' }).collect()
    }

    #[test]
    fn a_lost_packet_becomes_silence_of_its_length() {
        let buffer = CaptureBuffer::new(1000);
        let mut recorder = Recorder::new(buffer.clone());
        for sequence in [10, 11, 13, 14, 15, 16] {
            push(&mut recorder, sequence);
        }

        let bytes = buffer.take();

        assert_eq!(frames(&bytes), "##.####");
        assert_eq!(i16::from_le_bytes([bytes[0], bytes[1]]), Law::Mu.decode(LOUD));
    }

    #[test]
    fn taking_empties_the_buffer_and_makes_room() {
        let buffer = CaptureBuffer::new(40);
        let mut recorder = Recorder::new(buffer.clone());
        let mut taken = 0;
        for sequence in 0..10 {
            push(&mut recorder, sequence);
            taken += buffer.take().len();
        }

        assert_eq!(taken, 10 * 320);
        assert_eq!(buffer.dropped_ms(), 0);
        assert!(buffer.take().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let buffer = CaptureBuffer::new(50);
        let mut recorder = Recorder::new(buffer.clone());
        for sequence in 0..5 {
            push(&mut recorder, sequence);
        }

        assert_eq!(buffer.take().len(), 50 * 16);
        assert_eq!(buffer.dropped_ms(), 50);
    }

    #[test]
    fn a_new_source_follows_without_a_gap() {
        let buffer = CaptureBuffer::new(1000);
        let mut recorder = Recorder::new(buffer.clone());
        push(&mut recorder, 1);
        recorder.restart();
        push(&mut recorder, 900);

        assert_eq!(frames(&buffer.take()), "##");
    }

    #[test]
    fn packets_that_wait_for_a_missing_one_can_be_flushed() {
        let buffer = CaptureBuffer::new(1000);
        let mut recorder = Recorder::new(buffer.clone());
        push(&mut recorder, 1);
        push(&mut recorder, 3);
        recorder.flush();

        assert_eq!(frames(&buffer.take()), "#.#");
    }
}
