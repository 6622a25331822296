//! A stream with its sockets, and what a shard works with whichever stream it is at.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use media::event::Event;
use media::forward::Heard;
use media::plan::Plan;
use media::rhythm::Rhythm;
use media::stream::{Hears, PACKET_MAX, Stream};
use media::time::Nanos;

use crate::clock::Moment;
use crate::mailbox::StreamEvent;
use crate::ports::PortPair;
use crate::statistics::StreamGauge;
use crate::sys::Inbox;
use crate::turns::Place;

/// Datagrams one stream may bring in one turn; a flood waits in its socket until the kernel drops it.
const RECEIVE_MAX: usize = 16;
/// The port of RTCP is looked at once in this many turns; arrivals are stamped by the kernel meanwhile.
const RTCP_TURNS: u8 = 50;

/// A stream with its sockets.
#[derive(Debug)]
pub struct Entry {
    pub(crate) id: u64,
    pub(crate) stream: Stream,
    ports: PortPair,
    pub(crate) gauge: Arc<StreamGauge>,
    /// Where it is ticked, unless a room does that.
    pub(crate) place: Option<Place>,
    /// The room it is in, and its seat there.
    pub(crate) seat: Option<(usize, u64)>,
    /// Packets that arrived before were looked for before.
    looked: Nanos,
    rhythm: Rhythm,
    rtcp_turns: u8,
}

/// What a shard works with, whichever stream it is at.
pub struct Desk {
    inbox: Inbox,
    packet: [u8; PACKET_MAX],
    pub events: Vec<StreamEvent>,
    pub sent: u64,
    pub received: u64,
    pub unsent: u64,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            inbox: Inbox::new(),
            packet: [0; PACKET_MAX],
            events: Vec::with_capacity(4096),
            sent: 0,
            received: 0,
            unsent: 0,
        }
    }
}

impl Entry {
    /// A stream that is not connected yet.
    #[must_use]
    pub fn new(id: u64, stream: Stream, ports: PortPair, gauge: Arc<StreamGauge>) -> Self {
        Self {
            id,
            stream,
            ports,
            gauge,
            place: None,
            seat: None,
            looked: Nanos(0),
            rhythm: Rhythm::default(),
            rtcp_turns: 0,
        }
    }

    /// One beat of a stream that is in no room.
    pub fn tick(&mut self, desk: &mut Desk, moment: &Moment) {
        self.receive(None, desk, moment);
        let length = usize::from(self.stream.beat_ms()) * 8;
        self.transmit(length, Hears::Nothing, desk, moment);
    }

    /// Takes what has come. Sound goes on to `to` at once.
    pub fn receive(&mut self, mut to: Option<&mut Self>, desk: &mut Desk, moment: &Moment) {
        for _ in 0..RECEIVE_MAX {
            let Some((datagram, source)) = self.ports.rtp.receive(&mut desk.inbox) else { break };
            let arrival = moment.arrival(datagram.stamp);
            let heard = {
                let mut tell = teller(self.id, &self.gauge, &mut desk.events);
                self.stream.on_rtp(datagram.datagram, source, arrival, &mut tell)
            };
            desk.received += 1;
            match (heard, &mut to) {
                (Heard::Sound(sound), Some(to)) => {
                    if let Some(length) = to.stream.forward(self.id, &sound, &mut desk.packet) {
                        let sent = to.send(&desk.packet[..length]);
                        desk.sent += u64::from(sent);
                        desk.unsent += u64::from(!sent);
                    }
                }
                (Heard::Other, Some(to)) => to.stream.forward_nothing(),
                _ => {}
            }
            if !self.ports.rtp.is_connected() {
                self.follow_source();
                continue;
            }
            self.rhythm.hear(arrival.at, Nanos::from_ms(self.stream.heard_ms()));
            if arrival.at > self.looked && !self.rhythm.is_due(moment.monotonic) {
                // It came since the last look, and the next one is not due yet: a look that finds nothing
                // costs as much as one that finds a packet.
                break;
            }
        }
        self.looked = moment.monotonic;
        self.receive_rtcp(desk, moment);
    }

    fn receive_rtcp(&mut self, desk: &mut Desk, moment: &Moment) {
        self.rtcp_turns += 1;
        if self.rtcp_turns < RTCP_TURNS {
            return;
        }
        self.rtcp_turns = 0;
        for _ in 0..RECEIVE_MAX {
            let Some((datagram, source)) = self.ports.rtcp.receive(&mut desk.inbox) else { break };
            self.stream.on_rtcp(datagram.datagram, source, moment.arrival(datagram.stamp));
        }
    }

    /// Sends what the stream has to say after a beat of `length` samples.
    pub fn transmit(&mut self, length: usize, hears: Hears<'_>, desk: &mut Desk, moment: &Moment) {
        let mut tell = teller(self.id, &self.gauge, &mut desk.events);
        let now = moment.monotonic;
        if let Some(length) = self.stream.tick(length, hears, now, &mut desk.packet, &mut tell) {
            let sent = self.send(&desk.packet[..length]);
            desk.sent += u64::from(sent);
            desk.unsent += u64::from(!sent);
        }
        if let Some(report) = self.stream.report(now, moment.ntp()) {
            self.send_report(report.as_bytes());
        }
        self.gauge.write(&self.stream);
    }

    /// Begins to talk, or talks on under another plan.
    pub fn connect(&mut self, plan: Plan, now: Nanos) {
        self.stream.connect(plan, now);
        self.looked = now;
        self.ports.rtp.connect(None);
        self.follow_source();
    }

    /// Says goodbye to the far end.
    pub fn take_leave(&mut self, moment: &Moment) {
        if let Some(goodbye) = self.stream.goodbye(moment.ntp()) {
            self.send_report(goodbye.as_bytes());
        }
    }

    fn send(&self, packet: &[u8]) -> bool {
        self.stream.target().is_some_and(|target| self.ports.rtp.send(packet, target).is_ok())
    }

    fn send_report(&self, report: &[u8]) {
        if let Some(target) = self.stream.rtcp_target() {
            // Reports are repeated; one that the system does not take is not missed.
            let _sent = self.ports.rtcp.send(report, target);
        }
    }

    fn follow_source(&mut self) {
        if let Some(source) = self.stream.fixed_source() {
            self.ports.rtp.connect(Some(source));
        }
        self.gauge.write_remote(self.stream.target());
    }
}

/// Collects the events of one stream.
pub fn teller<'a>(
    id: u64,
    gauge: &'a StreamGauge,
    events: &'a mut Vec<StreamEvent>,
) -> impl FnMut(Event) + 'a {
    move |event| {
        if matches!(event, Event::PlaybackFinished(_)) {
            gauge.playbacks.fetch_sub(1, Ordering::Relaxed);
        }
        events.push((id, event));
    }
}
