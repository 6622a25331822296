//! Turns packets that come when they come into sound on a steady beat.
//!
//! Packets are put where their time stamp says; the beat takes blocks from the front. How far the front is
//! behind the newest sample is the delay: it grows by itself when a packet is late, because the beat then
//! stands still, and shrinks again once a second has shown that less would do.

use crate::codec::Law;
use crate::codec::g711::PER_MS;

/// Samples kept: 256 ms, a power of two.
const RING: usize = 2048;
/// Sound further ahead than this after a block was taken is too late to be worth hearing.
const AHEAD_MAX: usize = 120 * PER_MS;
/// What a source that begins is held back, so that a packet may be that much late.
const MARGIN: usize = 20 * PER_MS;
/// A hole this long is filled from the sound before it; a longer one is a pause of the source.
const HOLE_MAX: usize = 60 * PER_MS;
/// How long the delay is watched before it is made shorter, and by how much at a time.
const WATCH: usize = 1000 * PER_MS;
const SHORTEN: usize = 10 * PER_MS;
/// The longest block taken at once.
pub const BLOCK_MAX: usize = 20 * PER_MS;

/// The sound of one source, in order and on time.
#[derive(Debug)]
pub struct Playout {
    ring: [i16; RING],
    /// Time stamps of the next sample to take, and of the one after the newest.
    front: u32,
    end: u32,
    running: bool,
    /// Blocks in a row for which nothing was there.
    dry: u32,
    margin: usize,
    least_ahead: usize,
    watched: usize,
}

impl Default for Playout {
    fn default() -> Self {
        Self {
            ring: [0; RING],
            front: 0,
            end: 0,
            running: false,
            dry: 0,
            margin: MARGIN,
            least_ahead: usize::MAX,
            watched: 0,
        }
    }
}

impl Playout {
    /// Forgets everything: the next packet is the first. `held_back` puts a margin before it.
    pub fn restart(&mut self, held_back: bool) {
        self.running = false;
        self.margin = if held_back { MARGIN } else { 0 };
    }

    /// Takes the sound of one packet. What comes after its turn is dropped, and so is the end of payloads
    /// longer than any telephone sends.
    pub fn push(&mut self, timestamp: u32, payload: &[u8], law: Law) {
        let payload = payload.get(..RING / 2).unwrap_or(payload);
        let ahead = timestamp.wrapping_sub(self.end).cast_signed();
        let since_front = timestamp.wrapping_sub(self.front).cast_signed();
        if !self.running || ahead > HOLE_MAX as i32 || since_front < -(RING as i32) {
            self.begin(timestamp);
        } else if since_front < 0 {
            return;
        } else if ahead > 0 {
            self.fill_hole(ahead as u32);
        }
        let table = law.table();
        let start = timestamp as usize % RING;
        let first = payload.len().min(RING - start);
        let (head, tail) = payload.split_at(first);
        for (sample, &byte) in self.ring[start..].iter_mut().zip(head) {
            *sample = table[usize::from(byte)];
        }
        for (sample, &byte) in self.ring.iter_mut().zip(tail) {
            *sample = table[usize::from(byte)];
        }
        let after = timestamp.wrapping_add(payload.len() as u32);
        if after.wrapping_sub(self.end).cast_signed() > 0 {
            self.end = after;
        }
        self.dry = 0;
    }

    /// Takes the next block. False when the source says nothing now: the block is silence then.
    pub fn pull(&mut self, block: &mut [i16]) -> bool {
        let mut ahead = self.ahead();
        if !self.running {
            block.fill(0);
            return false;
        }
        if ahead > AHEAD_MAX + block.len() {
            self.front = self.end.wrapping_sub((MARGIN + block.len()) as u32);
            ahead = self.ahead();
        }
        let there = ahead.min(block.len());
        let (present, missing) = block.split_at_mut(there);
        self.copy(self.front, present);
        self.front = self.front.wrapping_add(there as u32);
        if missing.is_empty() {
            self.watch_delay(ahead - there, block);
            return true;
        }
        self.conceal(missing);
        self.least_ahead = 0;
        self.dry += 1;
        self.dry == 1 || there > 0
    }

    fn ahead(&self) -> usize {
        self.end.wrapping_sub(self.front) as usize
    }

    fn begin(&mut self, timestamp: u32) {
        self.front = timestamp.wrapping_sub(self.margin as u32);
        self.end = timestamp;
        let (front, margin) = (self.front, self.margin);
        for n in 0..margin {
            self.ring[front.wrapping_add(n as u32) as usize % RING] = 0;
        }
        self.running = true;
        self.margin = MARGIN;
        self.dry = 0;
        self.least_ahead = usize::MAX;
        self.watched = 0;
    }

    /// Repeats the sound before a hole, half as loud, until what is missing comes after all.
    fn fill_hole(&mut self, length: u32) {
        for n in 0..length {
            let at = self.end.wrapping_add(n);
            self.ring[at as usize % RING] = self.ring[at.wrapping_sub(length) as usize % RING] / 2;
        }
    }

    /// The sound before, fading away; silence once that is over.
    fn conceal(&self, missing: &mut [i16]) {
        let length = missing.len();
        if self.dry > 0 {
            return missing.fill(0);
        }
        self.copy(self.end.wrapping_sub(length as u32), missing);
        for (n, sample) in missing.iter_mut().enumerate() {
            *sample = (i32::from(*sample) * (length - n) as i32 / length as i32) as i16;
        }
    }

    /// Skips a little when a whole second never needed all of the delay.
    fn watch_delay(&mut self, ahead: usize, block: &mut [i16]) {
        self.least_ahead = self.least_ahead.min(ahead);
        self.watched += block.len();
        if self.watched < WATCH {
            return;
        }
        if self.least_ahead >= MARGIN + SHORTEN && ahead >= SHORTEN {
            let start = self.front.wrapping_sub(block.len() as u32).wrapping_add(SHORTEN as u32);
            let length = block.len() as i32;
            for (n, sample) in (0..).zip(block.iter_mut()) {
                let later = self.ring[start.wrapping_add(n) as usize % RING];
                let n = n as i32;
                let faded = i32::from(*sample) * (length - n) + i32::from(later) * n;
                *sample = (faded / length) as i16;
            }
            self.front = self.front.wrapping_add(SHORTEN as u32);
        }
        self.least_ahead = usize::MAX;
        self.watched = 0;
    }

    fn copy(&self, from: u32, to: &mut [i16]) {
        let start = from as usize % RING;
        let first = to.len().min(RING - start);
        let (head, tail) = to.split_at_mut(first);
        head.copy_from_slice(&self.ring[start..start + first]);
        tail.copy_from_slice(&self.ring[..tail.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = 160;

    /// A packet whose samples all decode to about `level`.
    fn packet(playout: &mut Playout, timestamp: u32, level: i16) {
        playout.push(timestamp, &[Law::Mu.encode(level); FRAME], Law::Mu);
    }

    fn pull(playout: &mut Playout) -> (bool, i16) {
        let mut block = [0; FRAME];
        let heard = playout.pull(&mut block);
        (heard, block[FRAME / 2])
    }

    fn level(level: i16) -> i16 {
        Law::Mu.decode(Law::Mu.encode(level))
    }

    #[test]
    fn nothing_comes_before_the_first_packet() {
        assert_eq!(pull(&mut Playout::default()), (false, 0));
    }

    #[test]
    fn packets_are_heard_in_order_after_a_margin() {
        let mut playout = Playout::default();
        let mut heard = Vec::new();
        for n in 0..5 {
            packet(&mut playout, (u32::MAX - 200).wrapping_add(n * 160), 1000 * (n as i16 + 1));
            heard.push(pull(&mut playout).1);
        }

        assert_eq!(heard, [0, level(1000), level(2000), level(3000), level(4000)]);
    }

    #[test]
    fn without_a_margin_the_first_packet_is_heard_at_once() {
        let mut playout = Playout::default();
        playout.restart(false);
        packet(&mut playout, 7, 1000);

        assert_eq!(pull(&mut playout), (true, level(1000)));
    }

    #[test]
    fn packets_that_swapped_places_are_put_right() {
        let mut playout = Playout::default();
        packet(&mut playout, 0, 1000);
        packet(&mut playout, 320, 3000);
        pull(&mut playout);
        packet(&mut playout, 160, 2000);
        let heard: Vec<_> = (0..3).map(|_| pull(&mut playout).1).collect();

        assert_eq!(heard, [level(1000), level(2000), level(3000)]);
    }

    #[test]
    fn a_lost_packet_sounds_like_the_one_before() {
        let mut playout = Playout::default();
        packet(&mut playout, 0, 1000);
        packet(&mut playout, 320, 3000);
        pull(&mut playout);
        pull(&mut playout);

        assert_eq!(pull(&mut playout), (true, level(1000) / 2));
        assert_eq!(pull(&mut playout), (true, level(3000)));
    }

    #[test]
    fn a_late_packet_makes_the_delay_longer_and_nothing_is_lost() {
        let mut playout = Playout::default();
        playout.restart(false);
        packet(&mut playout, 0, 1000);
        pull(&mut playout);
        let (heard, faded) = pull(&mut playout);
        assert!(heard && faded > 0 && faded < level(1000));
        assert_eq!(pull(&mut playout), (false, 0));
        packet(&mut playout, 160, 2000);
        packet(&mut playout, 320, 3000);

        assert_eq!(pull(&mut playout), (true, level(2000)));
        assert_eq!(pull(&mut playout), (true, level(3000)));
    }

    #[test]
    fn a_longer_delay_than_needed_shrinks_again() {
        let mut playout = Playout::default();
        for n in 0..5 {
            packet(&mut playout, n * 160, 1000);
        }
        for n in 5..600 {
            packet(&mut playout, n * 160, 1000);
            assert!(pull(&mut playout).0);
        }

        assert!(playout.ahead() <= MARGIN + SHORTEN, "{}", playout.ahead());
        assert!(playout.ahead() >= MARGIN, "{}", playout.ahead());
    }

    #[test]
    fn a_heap_of_old_packets_is_skipped() {
        let mut playout = Playout::default();
        for n in 0..11 {
            packet(&mut playout, n * 160, 100 * n as i16);
        }
        pull(&mut playout);

        assert!(playout.ahead() <= AHEAD_MAX, "{}", playout.ahead());
    }

    #[test]
    fn a_pause_of_the_source_is_not_made_up_for() {
        let mut playout = Playout::default();
        packet(&mut playout, 0, 1000);
        for _ in 0..50 {
            pull(&mut playout);
        }
        packet(&mut playout, 8000, 2000);

        assert_eq!(pull(&mut playout), (true, 0));
        assert_eq!(pull(&mut playout), (true, level(2000)));
    }

    #[test]
    fn any_time_stamp_and_length_is_taken() {
        let mut playout = Playout::default();
        let mut stamp = 1_u32;
        for n in 0..2000 {
            stamp = stamp.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let length = (stamp >> 20) as usize % 3000;
            let base = if n % 3 == 0 { stamp } else { n * 160 };
            playout.push(base, &vec![0x80; length], Law::A);
            pull(&mut playout);
        }
    }
}
