//! Numbers that a shard writes and everybody may read.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use media::stream::{Counters, Stream};
use media::time::Nanos;

/// Stands for "never" and "unknown".
const NONE: u64 = u64::MAX;

/// What a shard tells about one stream, a tick old at most.
#[derive(Debug)]
pub struct StreamGauge {
    /// Playbacks whose end was not told yet.
    pub playbacks: AtomicU64,
    packets_sent: AtomicU64,
    bytes_sent: AtomicU64,
    packets_received: AtomicU64,
    bytes_received: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
    jitter: AtomicU32,
    round_trip_us: AtomicU64,
    heard: AtomicU64,
    /// Written when it changes, which is a few times in a call.
    remote: Mutex<Option<SocketAddr>>,
}

/// One reading of a [`StreamGauge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamReading {
    /// What was counted.
    pub counters: Counters,
    /// Packets that never came.
    pub lost: u64,
    /// Deviation of the packet spacing, in timestamp units.
    pub jitter: u32,
    /// Time to the far end and back.
    pub round_trip_us: Option<u64>,
    /// When the last RTP packet arrived.
    pub heard: Option<Nanos>,
    /// Where RTP goes.
    pub remote: Option<SocketAddr>,
}

impl Default for StreamGauge {
    fn default() -> Self {
        Self {
            playbacks: AtomicU64::default(),
            packets_sent: AtomicU64::default(),
            bytes_sent: AtomicU64::default(),
            packets_received: AtomicU64::default(),
            bytes_received: AtomicU64::default(),
            refused: AtomicU64::default(),
            lost: AtomicU64::default(),
            jitter: AtomicU32::default(),
            round_trip_us: AtomicU64::new(NONE),
            heard: AtomicU64::new(NONE),
            remote: Mutex::default(),
        }
    }
}

impl StreamGauge {
    /// Writes what a stream knows now.
    pub fn write(&self, stream: &Stream) {
        let counters = stream.counters();
        self.packets_sent.store(counters.packets_sent, Ordering::Relaxed);
        self.bytes_sent.store(counters.bytes_sent, Ordering::Relaxed);
        self.packets_received.store(counters.packets_received, Ordering::Relaxed);
        self.bytes_received.store(counters.bytes_received, Ordering::Relaxed);
        self.refused.store(counters.refused, Ordering::Relaxed);
        self.lost.store(stream.reception().lost(), Ordering::Relaxed);
        self.jitter.store(stream.reception().jitter(), Ordering::Relaxed);
        self.round_trip_us.store(stream.round_trip_us().unwrap_or(NONE), Ordering::Relaxed);
        self.heard.store(stream.heard().map_or(NONE, |at| at.0), Ordering::Relaxed);
    }

    /// Writes where RTP goes.
    pub fn write_remote(&self, remote: Option<SocketAddr>) {
        *self.remote.lock().unwrap_or_else(PoisonError::into_inner) = remote;
    }

    /// Reads everything.
    #[must_use]
    pub fn read(&self) -> StreamReading {
        let known = |value| (value != NONE).then_some(value);
        StreamReading {
            counters: Counters {
                packets_sent: self.packets_sent.load(Ordering::Relaxed),
                bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
                packets_received: self.packets_received.load(Ordering::Relaxed),
                bytes_received: self.bytes_received.load(Ordering::Relaxed),
                refused: self.refused.load(Ordering::Relaxed),
            },
            lost: self.lost.load(Ordering::Relaxed),
            jitter: self.jitter.load(Ordering::Relaxed),
            round_trip_us: known(self.round_trip_us.load(Ordering::Relaxed)),
            heard: known(self.heard.load(Ordering::Relaxed)).map(Nanos),
            remote: *self.remote.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// What a shard tells about itself.
#[derive(Debug, Default)]
pub struct ShardGauge {
    /// Streams it was given and has not closed.
    pub streams: AtomicU64,
    /// Turns that began late or were left out.
    pub late_ticks: AtomicU64,
    /// RTP packets of all streams it ever had.
    pub packets_sent: AtomicU64,
    /// Likewise.
    pub packets_received: AtomicU64,
    /// Packets the system did not take.
    pub unsent: AtomicU64,
}
