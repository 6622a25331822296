//! When to report, and what the reports of the far end tell (RFC 3550 sections 6.2 to 6.4).

use crate::reception::Summary;
use crate::rtcp::{self, Block, CNAME_LEN, Compound, Item, RtcpError, SenderInfo};
use crate::time::{Nanos, Ntp};

/// Mean time between reports; the first comes after half of it.
const INTERVAL_MS: u64 = 5000;

/// A round trip longer than this is a peer that fills in its report wrongly.
const ROUND_TRIP_MAX: u32 = 60 << 16;

/// Sends and reads the reports of one stream.
#[derive(Debug)]
pub struct Reporter {
    ssrc: u32,
    cname: [u8; CNAME_LEN],
    random: u64,
    due: Option<Nanos>,
    reported_packets: u32,
    heard: Option<HeardReport>,
    round_trip: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct HeardReport {
    sent: u32,
    arrived: u32,
}

/// What was sent so far.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Packets.
    pub packets: u32,
    /// Payload bytes.
    pub octets: u32,
    /// The clock of the stream now.
    pub timestamp: u32,
}

impl Reporter {
    /// Reports for a source. `random` spreads the reports of many streams and must not be zero.
    #[must_use]
    pub const fn new(ssrc: u32, cname: [u8; CNAME_LEN], random: u64) -> Self {
        Self { ssrc, cname, random, due: None, reported_packets: 0, heard: None, round_trip: None }
    }

    /// Starts reporting, unless that has begun.
    pub fn start(&mut self, now: Nanos) {
        if self.due.is_none() {
            self.due = Some(now.plus(self.spread(INTERVAL_MS / 2)));
        }
    }

    /// Whether a report is due; if so, the next one is planned.
    pub fn is_due(&mut self, now: Nanos) -> bool {
        let due = self.due.is_some_and(|due| now >= due);
        if due {
            self.due = Some(now.plus(self.spread(INTERVAL_MS)));
        }
        due
    }

    /// Writes a report.
    pub fn write(&mut self, ntp: Ntp, sent: Sent, heard: Option<Summary>) -> Compound {
        // Who has sent nothing since the last report is only a receiver.
        let is_sender = sent.packets != self.reported_packets;
        self.reported_packets = sent.packets;
        let sender = is_sender.then_some(SenderInfo {
            ntp,
            rtp: sent.timestamp,
            packets: sent.packets,
            octets: sent.octets,
        });
        let mut compound = Compound::new(self.ssrc, sender, heard.map(|sum| self.block(ntp, sum)));
        compound.describe(self.ssrc, &self.cname);
        compound
    }

    /// Writes the last report.
    pub fn write_goodbye(&mut self, ntp: Ntp, sent: Sent, heard: Option<Summary>) -> Compound {
        let mut compound = self.write(ntp, sent, heard);
        compound.leave(self.ssrc);
        compound
    }

    /// Reads what the far end reports. Nothing is believed of a datagram that is broken.
    pub fn read(&mut self, datagram: &[u8], arrived: Ntp) -> Result<(), RtcpError> {
        if let Some(error) = rtcp::items(datagram).find_map(Result::err) {
            return Err(error);
        }
        for item in rtcp::items(datagram).flatten() {
            if let Item::Report { sender, mut blocks, .. } = item {
                if let Some(info) = sender {
                    let (sent, arrived) = (info.ntp.middle(), arrived.middle());
                    self.heard = Some(HeardReport { sent, arrived });
                }
                if let Some(block) = blocks.find(|block| block.summary.ssrc == self.ssrc) {
                    self.measure_round_trip(&block, arrived);
                }
            }
        }
        Ok(())
    }

    /// Time to the far end and back in microseconds, once it has reported on us.
    #[must_use]
    pub fn round_trip_us(&self) -> Option<u64> {
        self.round_trip.map(|units| (u64::from(units) * 1_000_000) >> 16)
    }

    fn measure_round_trip(&mut self, block: &Block, arrived: Ntp) {
        let trip = arrived.middle().wrapping_sub(block.last_report).wrapping_sub(block.delay);
        if block.last_report != 0 && trip <= ROUND_TRIP_MAX {
            self.round_trip = Some(trip);
        }
    }

    fn block(&self, now: Ntp, summary: Summary) -> Block {
        let (last_report, delay) = self
            .heard
            .map_or((0, 0), |heard| (heard.sent, now.middle().wrapping_sub(heard.arrived)));
        Block { summary, last_report, delay }
    }

    /// Half to one and a half of a time, so that streams begun together do not report together.
    fn spread(&mut self, mean_ms: u64) -> Nanos {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        Nanos::from_ms(mean_ms / 2 + self.random % mean_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: [u8; CNAME_LEN] = [b'x'; CNAME_LEN];
    const SENT: Sent = Sent { packets: 50, octets: 8000, timestamp: 8000 };

    fn second(n: u64) -> Ntp {
        Ntp(n << 32)
    }

    fn kinds(compound: &Compound) -> Vec<bool> {
        let items = rtcp::items(compound.as_bytes()).flatten();
        items
            .filter_map(|item| match item {
                Item::Report { sender, .. } => Some(sender.is_some()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn reports_come_about_every_five_seconds_and_the_first_sooner() {
        let mut reporter = Reporter::new(7, NAME, 12_345);
        reporter.start(Nanos(0));
        let due: Vec<u64> = (0..60_000).filter(|&ms| reporter.is_due(Nanos::from_ms(ms))).collect();

        assert!((1250..3750).contains(&due[0]), "{due:?}");
        assert!(due.windows(2).all(|pair| (2500..7500).contains(&(pair[1] - pair[0]))), "{due:?}");
    }

    #[test]
    fn who_sent_nothing_since_the_last_report_is_a_receiver() {
        let mut reporter = Reporter::new(7, NAME, 1);

        assert_eq!(kinds(&reporter.write(second(1), SENT, None)), [true]);
        assert_eq!(kinds(&reporter.write(second(6), SENT, None)), [false]);
    }

    #[test]
    fn two_reporters_measure_the_way_between_them() {
        let mut near = Reporter::new(1, NAME, 1);
        let mut far = Reporter::new(2, NAME, 1);
        let heard = |ssrc| Some(Summary { ssrc, ..Summary::default() });
        let quarter = 1 << 30;

        let question = near.write(second(10), SENT, heard(2));
        far.read(question.as_bytes(), Ntp(second(10).0 + quarter)).unwrap();
        let answer = far.write(second(13), SENT, heard(1));
        near.read(answer.as_bytes(), Ntp(second(13).0 + quarter)).unwrap();

        assert_eq!(near.round_trip_us(), Some(500_000));
        assert_eq!(far.round_trip_us(), None);
    }

    #[test]
    fn nothing_is_believed_of_a_broken_datagram() {
        let mut near = Reporter::new(1, NAME, 1);
        let mut far = Reporter::new(2, NAME, 1);
        let mut datagram = far.write(second(1), SENT, None).as_bytes().to_vec();
        datagram.push(0);

        assert_eq!(near.read(&datagram, second(1)), Err(RtcpError::Short));
        assert!(near.heard.is_none());
    }
}
