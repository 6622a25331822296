//! Puts a few packets back in the order they were sent.
//!
//! Made for keeping audio, where order matters and a little delay does not: a missing packet is waited for
//! until three newer ones are there.

use crate::codec::Law;
use crate::rtp::forward;

/// Newer packets kept while one is missing.
const SLOTS: usize = 3;
/// Longest payload kept: 60 ms of G.711, and then some. Longer ones are cut.
const PAYLOAD_MAX: usize = 640;

/// One packet's sound.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Its sequence number.
    pub sequence: u16,
    /// Of its first sample.
    pub timestamp: u32,
    /// How to decode it.
    pub law: Law,
    /// G.711 bytes.
    pub payload: &'a [u8],
}

/// Gives pieces back in order.
#[derive(Debug)]
pub struct Reorder {
    next: Option<u16>,
    kept: [Kept; SLOTS],
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    waits: bool,
    sequence: u16,
    timestamp: u32,
    law: Law,
    length: usize,
    bytes: [u8; PAYLOAD_MAX],
}

impl Kept {
    const EMPTY: Self = Self {
        waits: false,
        sequence: 0,
        timestamp: 0,
        law: Law::Mu,
        length: 0,
        bytes: [0; PAYLOAD_MAX],
    };

    fn keep(&mut self, piece: &Piece<'_>) {
        self.length = piece.payload.len().min(PAYLOAD_MAX);
        self.bytes[..self.length].copy_from_slice(&piece.payload[..self.length]);
        self.sequence = piece.sequence;
        self.timestamp = piece.timestamp;
        self.law = piece.law;
        self.waits = true;
    }

    fn piece(&self) -> Piece<'_> {
        Piece {
            sequence: self.sequence,
            timestamp: self.timestamp,
            law: self.law,
            payload: &self.bytes[..self.length],
        }
    }
}

impl Default for Reorder {
    fn default() -> Self {
        Self { next: None, kept: [Kept::EMPTY; SLOTS] }
    }
}

impl Reorder {
    /// Takes a piece and hands on everything that is in order now. Pieces that come after their turn, or
    /// twice, are dropped.
    pub fn push(&mut self, piece: &Piece<'_>, mut hand_on: impl FnMut(&Piece<'_>)) {
        loop {
            let ahead = self.next.map_or(0, |next| forward(next, piece.sequence));
            if ahead == 0 {
                self.next = Some(piece.sequence.wrapping_add(1));
                hand_on(piece);
                return self.release(&mut hand_on);
            }
            if ahead >= 1 << 15 || self.holds(piece.sequence) {
                return;
            }
            if let Some(free) = self.kept.iter_mut().find(|kept| !kept.waits) {
                return free.keep(piece);
            }
            self.skip_missing(&mut hand_on);
        }
    }

    /// Hands on what waits, since the missing will not come any more.
    pub fn flush(&mut self, mut hand_on: impl FnMut(&Piece<'_>)) {
        while self.kept.iter().any(|kept| kept.waits) {
            self.skip_missing(&mut hand_on);
        }
    }

    /// Forgets everything: the next piece is the first.
    pub fn restart(&mut self, hand_on: impl FnMut(&Piece<'_>)) {
        self.flush(hand_on);
        self.next = None;
    }

    fn holds(&self, sequence: u16) -> bool {
        self.kept.iter().any(|kept| kept.waits && kept.sequence == sequence)
    }

    fn skip_missing(&mut self, hand_on: &mut impl FnMut(&Piece<'_>)) {
        let from = self.next.unwrap_or(0);
        let waiting = self.kept.iter().filter(|kept| kept.waits);
        self.next = waiting.map(|kept| kept.sequence).min_by_key(|&n| forward(from, n));
        self.release(hand_on);
    }

    fn release(&mut self, hand_on: &mut impl FnMut(&Piece<'_>)) {
        while let Some(next) = self.next {
            let due = self.kept.iter_mut().find(|kept| kept.waits && kept.sequence == next);
            let Some(kept) = due else { return };
            kept.waits = false;
            hand_on(&kept.piece());
            self.next = Some(next.wrapping_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(numbers: &[u16]) -> (Reorder, Vec<u16>) {
        let mut reorder = Reorder::default();
        let mut out = Vec::new();
        for &sequence in numbers {
            let piece = Piece { sequence, timestamp: 0, law: Law::Mu, payload: b"abc" };
            reorder.push(&piece, |piece| {
                assert_eq!(piece.payload, b"abc");
                out.push(piece.sequence);
            });
        }
        (reorder, out)
    }

    #[test]
    fn pieces_in_order_pass_at_once() {
        assert_eq!(order(&[65_534, 65_535, 0, 1]).1, [65_534, 65_535, 0, 1]);
    }

    #[test]
    fn swapped_pieces_are_put_right() {
        assert_eq!(order(&[1, 3, 2, 6, 5, 4, 7]).1, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_lost_piece_is_given_up_when_three_newer_ones_wait() {
        assert_eq!(order(&[1, 3, 4, 5]).1, [1]);
        assert_eq!(order(&[1, 3, 4, 5, 6]).1, [1, 3, 4, 5, 6]);
    }

    #[test]
    fn pieces_after_their_turn_or_twice_are_dropped() {
        assert_eq!(order(&[1, 2, 2, 1, 4, 4, 3]).1, [1, 2, 3, 4]);
    }

    #[test]
    fn flushing_hands_on_what_waits_in_order() {
        let (mut reorder, mut out) = order(&[1, 5, 3]);

        reorder.flush(|piece| out.push(piece.sequence));

        assert_eq!(out, [1, 3, 5]);
    }
}
