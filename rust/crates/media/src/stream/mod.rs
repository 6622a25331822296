//! One RTP session with one far end: packets and time in, packets and events out.

mod inbound;
mod outbound;

use std::net::SocketAddr;

use crate::capture::Recorder;
use crate::codec::g711::PER_MS;
use crate::dtmf::{Beat, DigitListener, DigitSender};
use crate::event::Event;
use crate::forward::Span;
use crate::gain::Gain;
use crate::hearing::Hearing;
use crate::inject::Injections;
use crate::latch::Latch;
use crate::plan::Plan;
use crate::play::Player;
use crate::playout::{BLOCK_MAX, Playout};
use crate::reception::Reception;
use crate::report::{Reporter, Sent};
use crate::rtcp::{CNAME_LEN, Compound};
use crate::rtp::HEADER_LEN;
use crate::tap::{Tap, Taps};
use crate::time::{Nanos, Ntp};
use crate::track::Tracks;
use crate::vad::SpeechDetector;

/// Room for the longest packet a stream writes.
pub const PACKET_MAX: usize = HEADER_LEN + PAYLOAD_MAX;
const PAYLOAD_MAX: usize = 480;

/// The random numbers a stream begins with (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// Names the source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
    /// Canonical name.
    pub cname: [u8; CNAME_LEN],
    /// Spreads reports; not zero.
    pub random: u64,
}

/// When a packet arrived, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// On the clock of the ticks.
    pub at: Nanos,
    /// On the wall.
    pub ntp: Ntp,
}

/// What a stream counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// RTP packets accepted.
    pub packets_received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
    /// Datagrams refused: malformed, of an unknown type, or from a source that is not heard.
    pub refused: u64,
}

/// What a stream hears of its room in one beat.
#[derive(Clone, Copy, Debug)]
pub enum Hears<'a> {
    /// Nothing, or there is no room.
    Nothing,
    /// These samples, as many as the beat has.
    Mix(&'a [i16]),
    /// Packets that are forwarded as they come.
    Forwarded,
}

/// One stream.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else about the sound")]
pub struct Stream {
    session: Option<Session>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Sound begins anew with the next packet of it: after a hold, or after digits.
    interrupted: bool,
    /// The last packet had sound in it.
    sounded: bool,
    outgoing: Outgoing,
    /// The stretch of forwarded packets under way, and how long nothing came to forward.
    span: Option<Span>,
    fed: bool,
    unfed: u32,
    tracks: Option<Box<Tracks>>,
    /// Applied to what the far end says, and to what it hears.
    inbound_gain: Gain,
    outbound_gain: Gain,
    playout: Option<Box<Playout>>,
    /// The room wants what the far end says block by block.
    keeps_sound: bool,
    /// What it said in this beat, if somebody listened already.
    inbound: [i16; BLOCK_MAX],
    listened: bool,
    taps: Taps,
    injections: Injections,
    /// Length of the far end's packets.
    heard_len: usize,
    counters: Counters,
    player: Player,
    sender: DigitSender,
    listener: DigitListener,
    speech: SpeechDetector,
    silence: Option<SilenceWatch>,
    reception: Reception,
    recorder: Option<Box<Recorder>>,
    hearing: Option<Box<Hearing>>,
    reporter: Reporter,
    remote_rtcp: Option<SocketAddr>,
}

/// The packet that is being filled, beat by beat.
#[derive(Debug)]
struct Outgoing {
    beat: Beat,
    sounds: bool,
    filled: usize,
    frame: [u8; PAYLOAD_MAX],
}

/// What exists from the first connection on.
#[derive(Clone, Copy, Debug)]
struct Session {
    plan: Plan,
    latch: Latch,
    began: Nanos,
    /// The last sign of life, or what stands in for it.
    alive: Nanos,
    heard: Option<Nanos>,
    timed_out: bool,
}

#[derive(Clone, Copy, Debug)]
struct SilenceWatch {
    limit: Nanos,
    since: Nanos,
    told: bool,
}

impl Stream {
    /// A stream that does nothing until it is connected.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            session: None,
            ssrc: seed.ssrc,
            sequence: seed.sequence,
            timestamp: seed.timestamp,
            interrupted: true,
            sounded: false,
            outgoing: Outgoing {
                beat: Beat::Idle,
                sounds: false,
                filled: 0,
                frame: [0; PAYLOAD_MAX],
            },
            span: None,
            fed: false,
            unfed: 0,
            tracks: None,
            inbound_gain: Gain::UNITY,
            outbound_gain: Gain::UNITY,
            playout: None,
            keeps_sound: false,
            inbound: [0; BLOCK_MAX],
            listened: false,
            taps: Taps::default(),
            injections: Injections::default(),
            heard_len: 0,
            counters: Counters::default(),
            player: Player::default(),
            sender: DigitSender::default(),
            listener: DigitListener::default(),
            speech: SpeechDetector::default(),
            silence: None,
            reception: Reception::default(),
            recorder: None,
            hearing: None,
            reporter: Reporter::new(seed.ssrc, seed.cname, seed.random),
            remote_rtcp: None,
        }
    }

    /// Begins to talk, or talks on under another plan.
    pub fn connect(&mut self, plan: Plan, now: Nanos) {
        let latch = Latch::new(plan.remote, plan.latch, plan.expected_ip);
        let (latch, began, heard) = match &self.session {
            Some(before) => (latch.after(&before.latch, now), before.began, before.heard),
            None => (latch, now, None),
        };
        self.session = Some(Session { plan, latch, began, alive: now, heard, timed_out: false });
        self.interrupted = true;
        self.outgoing.filled = 0;
        self.end_span();
        self.heard_len = plan.frame_len();
        self.remote_rtcp = None;
        self.reporter.start(now);
    }

    /// Makes what the far end says, and what it hears, louder or fainter.
    pub fn set_gain(&mut self, inbound: Gain, outbound: Gain) {
        (self.inbound_gain, self.outbound_gain) = (inbound, outbound);
    }

    /// Lets somebody listen in. The first time needs a playout; later ones are dropped.
    pub fn tap(&mut self, tap: Tap, playout: Box<Playout>) {
        self.set_playout(playout);
        if !self.wants_sound()
            && let Some(playout) = &mut self.playout
        {
            playout.restart(true);
        }
        self.taps.add(tap);
    }

    /// Ends a tap.
    pub fn untap(&mut self, id: u64) {
        self.taps.remove(id);
    }

    /// Writes one beat for whoever listens in: what the far end says, and what it hears.
    fn write_taps(&mut self, plan: &Plan, length: usize, events: &mut impl FnMut(Event)) {
        if self.taps.is_empty() {
            return;
        }
        if !self.listened {
            self.listen(length);
        }
        let is_sound = plan.send && !matches!(self.outgoing.beat, Beat::Event(_));
        let filled = self.outgoing.filled;
        let heard = self.outgoing.frame.get(filled.saturating_sub(length)..filled);
        let heard = heard.filter(|_| is_sound).unwrap_or_default();
        let said = self.inbound.get(..length).unwrap_or_default();
        self.taps.write(said, heard, plan.law, events);
    }

    /// Whether there is a plan, and so anything to tick for.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// Time between two ticks.
    #[must_use]
    pub fn beat_ms(&self) -> u8 {
        self.session.as_ref().map_or(20, |session| session.plan.beat_ms())
    }

    /// Where RTP goes.
    #[must_use]
    pub fn target(&self) -> Option<SocketAddr> {
        self.session.as_ref().map(|session| session.latch.target())
    }

    /// The only source heard, once that is decided.
    #[must_use]
    pub fn fixed_source(&self) -> Option<SocketAddr> {
        self.session.as_ref().and_then(|session| session.latch.fixed())
    }

    /// Where RTCP goes.
    #[must_use]
    pub fn rtcp_target(&self) -> Option<SocketAddr> {
        let session = self.session.as_ref()?;
        Some(self.remote_rtcp.unwrap_or_else(|| {
            let target = session.latch.target();
            match target.port().checked_add(1) {
                Some(next) if session.latch.is_elsewhere() => SocketAddr::new(target.ip(), next),
                _ => session.plan.remote_rtcp,
            }
        }))
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// What is known about the packets of the far end.
    #[must_use]
    pub const fn reception(&self) -> &Reception {
        &self.reception
    }

    /// Time to the far end and back.
    #[must_use]
    pub fn round_trip_us(&self) -> Option<u64> {
        self.reporter.round_trip_us()
    }

    /// How much sound the last packet of the far end held.
    #[must_use]
    pub const fn heard_ms(&self) -> u64 {
        (self.heard_len / PER_MS) as u64
    }

    /// When the last RTP packet of the far end arrived.
    #[must_use]
    pub fn heard(&self) -> Option<Nanos> {
        self.session.as_ref().and_then(|session| session.heard)
    }

    /// Moves on by one beat of `length` samples, 80 or 160. Gives the length of the packet it wrote, if one
    /// is to be sent.
    pub fn tick(
        &mut self,
        length: usize,
        hears: Hears<'_>,
        now: Nanos,
        out: &mut [u8; PACKET_MAX],
        events: &mut impl FnMut(Event),
    ) -> Option<usize> {
        let plan = self.session.as_ref()?.plan;
        self.watch(now, events);
        if self.is_fed(hears, length) {
            return None;
        }
        self.fill(&plan, length, hears, events);
        self.write_taps(&plan, length, events);
        self.listened = false;
        if self.outgoing.filled < plan.frame_len() {
            return None;
        }
        self.packet(&plan, out)
    }

    /// Writes a report when one is due.
    pub fn report(&mut self, now: Nanos, ntp: Ntp) -> Option<Compound> {
        if !self.reporter.is_due(now) {
            return None;
        }
        Some(self.reporter.write(ntp, self.sent(), self.reception.summarize()))
    }

    /// Writes the last report, if the stream was ever connected.
    pub fn goodbye(&mut self, ntp: Ntp) -> Option<Compound> {
        self.session.as_ref()?;
        Some(self.reporter.write_goodbye(ntp, self.sent(), self.reception.summarize()))
    }

    fn sent(&self) -> Sent {
        Sent {
            packets: self.counters.packets_sent as u32,
            octets: self.counters.bytes_sent as u32,
            timestamp: self.timestamp,
        }
    }
}
