//! The reader's side of a tap and the deliverer's side of an injection.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use media::codec::g711::RATE_HZ;
use media::inject::{InjectAction, Progress};
use media::resample::Resampler;
use media::tap::TapBuffer;

use crate::engine::{EngineError, Reach, Slot, locked};
use crate::shard::Action;

/// Rates a tap or an injection can have.
pub const RATES_HZ: [u32; 6] = [8000, 16_000, 24_000, 32_000, 48_000, 64_000];

/// Listens in on a stream. Dropping it ends it.
#[derive(Debug)]
pub struct TapHandle {
    id: u64,
    reach: Reach,
    slot: Slot,
    buffer: Arc<TapBuffer>,
    reader: Mutex<Reader>,
}

/// Gives whole frames of 20 ms at the rate asked for.
#[derive(Debug)]
struct Reader {
    raw: Vec<i16>,
    lane: Vec<i16>,
    resamplers: Vec<Resampler>,
    /// What is ready, by channel.
    ready: Vec<Vec<i16>>,
    frame_len: usize,
}

impl TapHandle {
    pub(crate) fn new(
        id: u64,
        reach: Reach,
        slot: Slot,
        buffer: Arc<TapBuffer>,
        rate_hz: u32,
    ) -> Self {
        let channels = buffer.mix().channels();
        let resamplers = if rate_hz == RATE_HZ {
            Vec::new()
        } else {
            (0..channels).map(|_| Resampler::new(RATE_HZ, rate_hz)).collect()
        };
        let reader = Reader {
            raw: Vec::new(),
            lane: Vec::new(),
            resamplers,
            ready: vec![Vec::new(); channels],
            frame_len: rate_hz as usize / 50,
        };
        Self { id, reach, slot, buffer, reader: Mutex::new(reader) }
    }

    /// Its number, which its events carry.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// All whole frames of 20 ms that are there: little-endian samples, channels interleaved.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        locked(&self.reader).take(&self.buffer)
    }

    /// Lets sound pass by, or takes it again.
    pub fn pause(&self, paused: bool) {
        self.buffer.pause(paused);
    }

    /// Milliseconds that were lost because nobody took them in time.
    #[must_use]
    pub fn dropped_ms(&self) -> u64 {
        self.buffer.dropped_ms()
    }

    /// Ends it. Safe to call again.
    pub fn close(&self) {
        // A stream that is gone has no taps.
        let _closed = self.reach.act(Action::Untap(self.id));
        self.slot.free();
    }
}

impl Drop for TapHandle {
    fn drop(&mut self) {
        self.close();
    }
}

impl Reader {
    fn take(&mut self, buffer: &TapBuffer) -> Vec<u8> {
        self.raw.clear();
        buffer.take(&mut self.raw);
        let channels = self.ready.len();
        for (channel, ready) in self.ready.iter_mut().enumerate() {
            let samples = self.raw.iter().skip(channel).step_by(channels).copied();
            if let Some(resampler) = self.resamplers.get_mut(channel) {
                self.lane.clear();
                self.lane.extend(samples);
                resampler.push(&self.lane, ready);
            } else {
                ready.extend(samples);
            }
        }
        let length = self.ready.iter().map(Vec::len).min().unwrap_or(0);
        let whole = length - length % self.frame_len;
        let mut bytes = Vec::with_capacity(whole * channels * 2);
        for n in 0..whole {
            for ready in &self.ready {
                bytes.extend_from_slice(&ready[n].to_le_bytes());
            }
        }
        for ready in &mut self.ready {
            ready.drain(..whole);
        }
        bytes
    }
}

/// Plays on a stream what is delivered piece by piece. Dropping it ends it.
#[derive(Debug)]
pub struct InjectHandle {
    id: u64,
    reach: Reach,
    slot: Slot,
    progress: Arc<Progress>,
    limit: u64,
    delivered: AtomicU64,
    resampler: Mutex<Option<Resampler>>,
    rate_hz: u32,
    closed: AtomicBool,
}

impl InjectHandle {
    pub(crate) fn new(
        id: u64,
        reach: Reach,
        slot: Slot,
        progress: Arc<Progress>,
        rate_hz: u32,
        limit_ms: u32,
    ) -> Self {
        Self {
            id,
            reach,
            slot,
            progress,
            limit: u64::from(limit_ms) * u64::from(RATE_HZ) / 1000,
            delivered: AtomicU64::new(0),
            resampler: Mutex::new(resampler(rate_hz)),
            rate_hz,
            closed: AtomicBool::new(false),
        }
    }

    /// Its number, which its events carry.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Delivers the next samples at its rate. Everything, or nothing when that is too much.
    pub fn write(&self, samples: &[i16]) -> Result<(), EngineError> {
        if samples.is_empty() {
            return Ok(());
        }
        let length = samples.len() as u64 * u64::from(RATE_HZ) / u64::from(self.rate_hz);
        if self.waiting() + length > self.limit {
            return Err(EngineError::Full("milliseconds of sound"));
        }
        let piece = match locked(&self.resampler).as_mut() {
            Some(resampler) => {
                let mut piece = Vec::with_capacity(length as usize + 1);
                resampler.push(samples, &mut piece);
                piece
            }
            None => samples.to_vec(),
        };
        if piece.is_empty() {
            return Ok(());
        }
        let count = piece.len() as u64;
        self.act(InjectAction::Write(piece.into()))?;
        self.delivered.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// Tells when everything delivered so far was played.
    pub fn mark(&self, mark: u64) -> Result<(), EngineError> {
        self.act(InjectAction::Mark(mark))
    }

    /// Drops everything that was not played yet, and the marks.
    pub fn clear(&self) -> Result<(), EngineError> {
        *locked(&self.resampler) = resampler(self.rate_hz);
        self.act(InjectAction::Clear)
    }

    /// Milliseconds that wait to be played, as they were a tick ago.
    #[must_use]
    pub fn waiting_ms(&self) -> u64 {
        self.waiting() * 1000 / u64::from(RATE_HZ)
    }

    /// Ends it; what was not played is dropped. Safe to call again.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::Relaxed) {
            // A stream that is gone has no injections.
            let _closed = self.reach.act(Action::EndInjection(self.id));
            self.slot.free();
        }
    }

    fn waiting(&self) -> u64 {
        let passed = self.progress.passed.load(Ordering::Acquire);
        self.delivered.load(Ordering::Relaxed).saturating_sub(passed)
    }

    fn act(&self, action: InjectAction) -> Result<(), EngineError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(EngineError::Closed);
        }
        self.reach.act(Action::ActOnInjection(self.id, action))
    }
}

impl Drop for InjectHandle {
    fn drop(&mut self) {
        self.close();
    }
}

fn resampler(rate_hz: u32) -> Option<Resampler> {
    (rate_hz != RATE_HZ).then(|| Resampler::new(rate_hz, RATE_HZ))
}
