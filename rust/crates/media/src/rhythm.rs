//! When the next packet of a far end is due: it sends on a steady beat, and what is late now says nothing
//! about the packet after it.

use crate::time::Nanos;

/// A packet may be looked for this much before its time.
const EARLY: Nanos = Nanos::from_ms(1);
/// A packet that is later than this begins a new beat.
const LATE_MAX: Nanos = Nanos::from_ms(60);
/// A beat follows packets that get slower by this part of what they are late.
const FOLLOW: u64 = 32;

/// The beat of one far end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rhythm {
    next: Nanos,
}

impl Rhythm {
    /// Learns from a packet with so much sound when the next one is due.
    pub fn hear(&mut self, arrival: Nanos, length: Nanos) {
        let late = arrival.since(self.next);
        let due = if late > LATE_MAX || arrival < self.next {
            arrival
        } else {
            self.next.plus(Nanos(late.0 / FOLLOW))
        };
        self.next = due.plus(length);
    }

    /// Whether the next packet may have come.
    #[must_use]
    pub fn is_due(&self, now: Nanos) -> bool {
        now.plus(EARLY) >= self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Nanos = Nanos::from_ms(20);

    /// After packets at these times.
    fn after(arrivals_ms: impl IntoIterator<Item = u64>) -> Rhythm {
        let mut rhythm = Rhythm::default();
        for ms in arrivals_ms {
            rhythm.hear(Nanos::from_ms(ms), FRAME);
        }
        rhythm
    }

    /// The first millisecond at which the next packet is due.
    fn due_ms(rhythm: Rhythm) -> u64 {
        (0..60_000).find(|&ms| rhythm.is_due(Nanos::from_ms(ms))).unwrap_or(0)
    }

    #[test]
    fn a_steady_packet_is_due_after_its_length() {
        assert_eq!(due_ms(after([1000, 1020, 1040])), 1059);
    }

    #[test]
    fn a_late_packet_does_not_put_off_the_next() {
        assert_eq!(due_ms(after([1000, 1020, 1056])), 1060);
    }

    #[test]
    fn an_early_packet_shows_that_those_before_were_late() {
        assert_eq!(due_ms(after([1000, 1015])), 1034);
    }

    #[test]
    fn a_slower_clock_is_followed() {
        let mut rhythm = Rhythm::default();
        for n in 0..1000 {
            rhythm.hear(Nanos(1_000_000_000 + n * 20_020_000), FRAME);
        }

        assert!((21_018..=21_020).contains(&due_ms(rhythm)), "{}", due_ms(rhythm));
    }

    #[test]
    fn after_a_pause_the_beat_begins_anew() {
        assert_eq!(due_ms(after([1000, 1020, 5007])), 5026);
    }
}
