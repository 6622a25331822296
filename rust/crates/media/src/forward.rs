//! Gives packets of one source a place among those of another.
//!
//! What a far end hears must be one source with one row of numbers, wherever the sound comes from at the
//! moment: forwarded packets keep their distances to each other, so that the far end still sees what was
//! lost or late, and begin where the stream's own packets ended.

use crate::codec::Law;
use crate::reception::Place;
use crate::rtp::{Header, forward};

/// One packet of sound that a stream heard.
#[derive(Clone, Copy, Debug)]
pub struct Sound<'a> {
    /// As it came.
    pub header: Header,
    /// Encoded.
    pub payload: &'a [u8],
    /// How.
    pub law: Law,
    /// Where it stands among those before it.
    pub place: Place,
}

/// What a stream accepted of a datagram.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// Nothing: it was refused, is not wanted now, or is a report.
    Nothing,
    /// A telephone event, or a sign of life without sound.
    Other,
    /// Sound.
    Sound(Sound<'a>),
}

/// A stretch of forwarded packets, from the one that began it.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// What the owner knows the stream by whose packets these are.
    pub source: u64,
    first: u16,
    sequence_shift: u16,
    timestamp_shift: u32,
}

impl Span {
    /// A stretch that begins with this packet, which gets these numbers.
    #[must_use]
    pub const fn beginning(source: u64, with: &Header, sequence: u16, timestamp: u32) -> Self {
        Self {
            source,
            first: with.sequence,
            sequence_shift: sequence.wrapping_sub(with.sequence),
            timestamp_shift: timestamp.wrapping_sub(with.timestamp),
        }
    }

    /// The numbers of a packet; none for one from before the stretch.
    #[must_use]
    pub const fn numbers(&self, header: &Header) -> Option<(u16, u32)> {
        if forward(self.first, header.sequence) >= 1 << 15 {
            return None;
        }
        let sequence = header.sequence.wrapping_add(self.sequence_shift);
        Some((sequence, header.timestamp.wrapping_add(self.timestamp_shift)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 1 }
    }

    #[test]
    fn distances_between_packets_are_kept() {
        let span = Span::beginning(3, &header(65_535, u32::MAX), 10, 1000);

        assert_eq!(span.numbers(&header(65_535, u32::MAX)), Some((10, 1000)));
        assert_eq!(span.numbers(&header(2, 479)), Some((13, 1480)));
    }

    #[test]
    fn packets_from_before_have_no_place() {
        let span = Span::beginning(3, &header(5, 800), 10, 1000);

        assert_eq!(span.numbers(&header(4, 640)), None);
    }
}
