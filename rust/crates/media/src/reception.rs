//! What is known about the packets of one source: loss and jitter (RFC 3550 appendices A.1, A.3, A.8).

use crate::rtp::{Header, forward};
use crate::time::Nanos;

/// A jump forward further than this is a restart of the source, not loss.
const DROPOUT_MAX: u16 = 3000;
/// A jump back further than this is a restart of the source, not disorder.
const MISORDER_MAX: u16 = 100;
/// This many packets in a row make a new source believable while nothing comes from the old one.
const PROBATION: u8 = 3;

/// Where a packet stands among those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first one of its source: what was known about the one before no longer holds.
    First,
    /// The next one, possibly after some lost ones.
    Next,
    /// Late: a newer one came before it.
    Late,
    /// From a source not (yet) believed.
    Foreign,
}

/// What a reception report says about a source (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The source reported on.
    pub ssrc: u32,
    /// Share lost since the last summary, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the source began; duplicates can make it negative.
    pub cumulative_lost: i32,
    /// Highest sequence number, with the number of wraps above it.
    pub highest: u32,
    /// In timestamp units.
    pub jitter: u32,
}

/// Counts the packets of one source.
#[derive(Debug, Default)]
pub struct Reception {
    source: Option<Source>,
    pending: Option<Pending>,
    lost_before: i64,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    first: u32,
    highest: u32,
    received: u32,
    restart_at: Option<u16>,
    transit: Option<i64>,
    jitter_16ths: i64,
    expected_reported: u32,
    received_reported: u32,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    ssrc: u32,
    next: u16,
    seen: u8,
}

impl Reception {
    /// The source all this is about, once there is one.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }

    /// Takes one packet.
    ///
    /// Another SSRC is believed only after three packets in a row with none of the present source between:
    /// a far end that changes its source is followed, somebody who talks into a living one is not.
    pub fn take(&mut self, header: &Header, arrival: Nanos) -> Place {
        match &mut self.source {
            None => {
                self.begin(header, arrival);
                Place::First
            }
            Some(source) if source.ssrc == header.ssrc => {
                self.pending = None;
                if source.is_restart(header.sequence) {
                    self.begin(header, arrival);
                    return Place::First;
                }
                source.count(header, arrival)
            }
            Some(_) => self.on_probation(header, arrival),
        }
    }

    /// Packets that never came, all sources of this stream together.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let now = self.source.as_ref().map_or(0, Source::lost);
        u64::try_from(self.lost_before + now).unwrap_or(0)
    }

    /// Mean deviation of the packet spacing, in timestamp units.
    #[must_use]
    pub fn jitter(&self) -> u32 {
        self.source.as_ref().map_or(0, Source::jitter)
    }

    /// What to report now; the next summary counts its fraction from here.
    pub fn summarize(&mut self) -> Option<Summary> {
        self.source.as_mut().map(Source::summarize)
    }

    fn on_probation(&mut self, header: &Header, arrival: Nanos) -> Place {
        let seen = match self.pending {
            Some(p) if p.ssrc == header.ssrc && p.next == header.sequence => p.seen + 1,
            _ => 1,
        };
        if seen >= PROBATION {
            self.begin(header, arrival);
            return Place::First;
        }
        let next = header.sequence.wrapping_add(1);
        self.pending = Some(Pending { ssrc: header.ssrc, next, seen });
        Place::Foreign
    }

    fn begin(&mut self, header: &Header, arrival: Nanos) {
        self.lost_before += self.source.as_ref().map_or(0, Source::lost);
        self.pending = None;
        let mut source = Source {
            ssrc: header.ssrc,
            first: u32::from(header.sequence),
            highest: u32::from(header.sequence),
            received: 1,
            restart_at: None,
            transit: None,
            jitter_16ths: 0,
            expected_reported: 0,
            received_reported: 0,
        };
        source.measure_jitter(header, arrival);
        self.source = Some(source);
    }
}

impl Source {
    /// Whether the number is so far off that the source must have begun anew. One such packet may be a
    /// stray; a second that follows it is not.
    fn is_restart(&mut self, sequence: u16) -> bool {
        let step = forward(self.highest as u16, sequence);
        if !(DROPOUT_MAX..=u16::MAX - MISORDER_MAX).contains(&step) {
            self.restart_at = None;
            return false;
        }
        let restarted = self.restart_at == Some(sequence);
        self.restart_at = Some(sequence.wrapping_add(1));
        restarted
    }

    fn count(&mut self, header: &Header, arrival: Nanos) -> Place {
        let step = forward(self.highest as u16, header.sequence);
        if self.restart_at.is_some() {
            return Place::Foreign;
        }
        self.received = self.received.wrapping_add(1);
        if step == 0 || step >= DROPOUT_MAX {
            return Place::Late;
        }
        self.highest = self.highest.wrapping_add(u32::from(step));
        self.measure_jitter(header, arrival);
        Place::Next
    }

    fn measure_jitter(&mut self, header: &Header, arrival: Nanos) {
        let transit = (arrival.rtp_units() as u32).wrapping_sub(header.timestamp) as i32;
        let transit = i64::from(transit);
        if let Some(before) = self.transit {
            let difference = (transit - before).abs();
            self.jitter_16ths += difference - ((self.jitter_16ths + 8) >> 4);
        }
        self.transit = Some(transit);
    }

    const fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.first).wrapping_add(1)
    }

    fn lost(&self) -> i64 {
        i64::from(self.expected()) - i64::from(self.received)
    }

    fn jitter(&self) -> u32 {
        u32::try_from(self.jitter_16ths >> 4).unwrap_or(u32::MAX)
    }

    fn summarize(&mut self) -> Summary {
        let expected = self.expected().wrapping_sub(self.expected_reported);
        let received = self.received.wrapping_sub(self.received_reported);
        self.expected_reported = self.expected();
        self.received_reported = self.received;
        let lost = u64::from(expected.saturating_sub(received));
        let fraction = if expected == 0 { 0 } else { (lost << 8) / u64::from(expected) };
        Summary {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: self.lost().clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest: self.highest,
            jitter: self.jitter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place::{First, Foreign, Late, Next};
    use super::*;

    fn packet(ssrc: u32, sequence: u16) -> Header {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc }
    }

    fn at(sequence: u16) -> Nanos {
        Nanos::from_ms(u64::from(sequence) * 20)
    }

    fn take_all(reception: &mut Reception, ssrc: u32, numbers: &[u16]) -> Vec<Place> {
        numbers.iter().map(|&n| reception.take(&packet(ssrc, n), at(n))).collect()
    }

    #[test]
    fn lost_packets_are_counted_and_late_ones_are_not_lost() {
        let mut reception = Reception::default();

        let places = take_all(&mut reception, 7, &[10, 11, 13, 12, 16]);

        assert_eq!(places, [First, Next, Next, Late, Next]);
        assert_eq!(reception.lost(), 2);
    }

    #[test]
    fn the_sequence_number_wraps_without_loss() {
        let mut reception = Reception::default();

        take_all(&mut reception, 7, &[0xFFFE, 0xFFFF, 0, 1]);

        assert_eq!(reception.lost(), 0);
        assert_eq!(reception.summarize().unwrap().highest, 0x1_0001);
    }

    #[test]
    fn even_spacing_has_no_jitter_and_uneven_spacing_has() {
        let mut even = Reception::default();
        take_all(&mut even, 7, &[1, 2, 3, 4, 5, 6]);
        let mut uneven = Reception::default();
        for n in 1..200_u16 {
            let late = Nanos::from_ms(u64::from(n % 2) * 8);
            uneven.take(&packet(7, n), at(n).plus(late));
        }

        assert_eq!(even.jitter(), 0);
        assert!((50..=66).contains(&uneven.jitter()), "{}", uneven.jitter());
    }

    #[test]
    fn a_summary_speaks_of_the_time_since_the_last_one() {
        let mut reception = Reception::default();
        take_all(&mut reception, 7, &[1, 2, 4]);
        let first = reception.summarize().unwrap();
        take_all(&mut reception, 7, &[5, 6, 7, 8]);
        let second = reception.summarize().unwrap();

        assert_eq!((first.fraction_lost, first.cumulative_lost), (64, 1));
        assert_eq!((second.fraction_lost, second.cumulative_lost), (0, 1));
    }

    #[test]
    fn somebody_who_talks_into_a_living_source_is_never_believed() {
        let mut reception = Reception::default();
        for n in 1..100 {
            reception.take(&packet(7, n), at(n));
            assert_eq!(reception.take(&packet(666, n), at(n)), Place::Foreign);
        }

        assert_eq!(reception.ssrc(), Some(7));
    }

    #[test]
    fn a_far_end_that_changes_its_source_is_followed() {
        let mut reception = Reception::default();
        take_all(&mut reception, 7, &[1, 2]);

        let places = take_all(&mut reception, 8, &[500, 501, 502, 503]);

        assert_eq!(places, [Foreign, Foreign, First, Next]);
        assert_eq!(reception.ssrc(), Some(8));
    }

    #[test]
    fn a_restarted_sequence_is_followed_at_its_second_packet_and_is_no_loss() {
        let mut reception = Reception::default();
        take_all(&mut reception, 7, &[1, 2]);

        let places = take_all(&mut reception, 7, &[30_000, 30_001, 30_002]);

        assert_eq!(places, [Foreign, First, Next]);
        assert_eq!(reception.lost(), 0);
    }
}
