//! What a stream does with what its far end sends.

use std::net::SocketAddr;

use super::{Arrival, Session, SilenceWatch, Stream};
use crate::capture::Recorder;
use crate::codec::Law;
use crate::dtmf::{DigitListener, TelephoneEvent};
use crate::event::Event;
use crate::forward::{Heard, Sound};
use crate::hearing::Hearing;
use crate::jitter::Piece;
use crate::playout::Playout;
use crate::reception::Place;
use crate::rtp::{self, Header, Packet};
use crate::time::Nanos;
use crate::vad::Turn;

/// Comfort noise (RFC 3389): a sign of life without sound.
const COMFORT_NOISE: u8 = 13;

impl Stream {
    /// Gives it what [`Stream::listen`] needs. The first one is kept.
    pub fn set_playout(&mut self, playout: Box<Playout>) {
        self.playout.get_or_insert(playout);
    }

    /// Says whether somebody will [`Stream::listen`] in the coming beats.
    pub fn keep_sound(&mut self, wanted: bool) {
        if wanted
            && !self.wants_sound()
            && let Some(playout) = &mut self.playout
        {
            // Whoever heard forwarded packets until now waits for the next one, and no longer.
            playout.restart(false);
        }
        self.keeps_sound = wanted && self.playout.is_some();
    }

    /// What the far end says in this beat of `length` samples; nothing while it is silent. Asked once a
    /// beat, before [`Stream::tick`].
    pub fn listen(&mut self, length: usize) -> Option<&[i16]> {
        let wanted = self.wants_sound();
        let playout = self.playout.as_mut().filter(|_| wanted)?;
        let block = self.inbound.get_mut(..length)?;
        self.listened = true;
        if !playout.pull(block) {
            return None;
        }
        self.inbound_gain.apply(block);
        Some(block)
    }

    pub(super) fn wants_sound(&self) -> bool {
        self.keeps_sound || !self.taps.is_empty()
    }

    /// Hands sound to a recorder from now on, or to nobody.
    pub fn record(&mut self, recorder: Option<Box<Recorder>>) {
        if let Some(before) = &mut self.recorder {
            before.flush();
        }
        self.recorder = recorder;
    }

    /// Listens for speech, beeps and the tones of the network from now on, or no more.
    pub fn watch_tones(&mut self, hearing: Option<Box<Hearing>>) {
        self.hearing = hearing;
    }

    /// Tells when the far end has not spoken for `limit`, again after each time it spoke. Zero ends it.
    pub fn watch_silence(&mut self, limit: Nanos, now: Nanos) {
        let watch = SilenceWatch { limit, since: now, told: false };
        self.silence = (limit > Nanos(0)).then_some(watch);
    }

    /// Takes one datagram of the RTP port and gives what was in it for others to hear. Anything that is
    /// not for this stream is counted and dropped.
    pub fn on_rtp<'a>(
        &mut self,
        datagram: &'a [u8],
        source: SocketAddr,
        arrival: Arrival,
        events: &mut impl FnMut(Event),
    ) -> Heard<'a> {
        if rtp::is_rtcp(datagram) {
            self.on_rtcp(datagram, source, arrival);
            return Heard::Nothing;
        }
        if let Some((packet, place)) = self.accept(datagram, source, arrival, events) {
            return self.hear(packet, place, arrival.at, events);
        }
        self.counters.refused += 1;
        Heard::Nothing
    }

    /// Takes one datagram of the RTCP port.
    pub fn on_rtcp(&mut self, datagram: &[u8], source: SocketAddr, arrival: Arrival) {
        let Some(session) = &mut self.session else { return };
        let known = session.latch.target().ip() == source.ip();
        if !known || self.reporter.read(datagram, arrival.ntp).is_err() {
            self.counters.refused += 1;
            return;
        }
        session.is_alive(arrival.at);
        self.remote_rtcp = Some(source);
    }

    /// The packet and its place, if it is one that this stream hears.
    fn accept<'a>(
        &mut self,
        datagram: &'a [u8],
        source: SocketAddr,
        arrival: Arrival,
        events: &mut impl FnMut(Event),
    ) -> Option<(Packet<'a>, Place)> {
        let session = self.session.as_mut()?;
        let packet = Packet::parse(datagram).ok()?;
        if !session.latch.admits(source, arrival.at) || !session.knows(packet.header.payload_type) {
            return None;
        }
        let place = self.reception.take(&packet.header, arrival.at);
        if place == Place::Foreign {
            return None;
        }
        if session.latch.fix(source) {
            events(Event::RemoteLatched { source });
        }
        if session.heard.is_none() {
            events(Event::FirstPacket { at_ms: session.age_ms(arrival.at) });
        }
        session.is_alive(arrival.at);
        session.heard = Some(arrival.at);
        self.counters.packets_received += 1;
        self.counters.bytes_received += packet.payload.len() as u64;
        Some((packet, place))
    }

    fn hear<'a>(
        &mut self,
        packet: Packet<'a>,
        place: Place,
        now: Nanos,
        events: &mut impl FnMut(Event),
    ) -> Heard<'a> {
        let Some(session) = &self.session else { return Heard::Nothing };
        if place == Place::First {
            self.listener = DigitListener::default();
            if let Some(recorder) = &mut self.recorder {
                recorder.restart();
            }
            if let Some(hearing) = &mut self.hearing {
                hearing.restart(session.age_ms(now), events);
            }
            if let Some(playout) = &mut self.playout {
                playout.restart(true);
            }
        }
        if !session.plan.receive {
            return Heard::Nothing;
        }
        let Packet { header, payload } = packet;
        if session.plan.is_event(header.payload_type) {
            if let Ok(event) = TelephoneEvent::parse(payload) {
                let [before, digit] =
                    self.listener.hear(event, header.timestamp, header.marker, now);
                let told = [
                    before.map(Event::Digit),
                    self.listener.take_begun().map(Event::DigitStarted),
                    digit.map(Event::Digit),
                ];
                told.into_iter().flatten().for_each(events);
            }
            return Heard::Other;
        }
        let Some(law) = session.law_of(header.payload_type) else { return Heard::Other };
        let age_ms = session.age_ms(now);
        self.hear_sound(&packet, law, place, age_ms, events);
        Heard::Sound(Sound { header, payload, law, place })
    }

    fn hear_sound(
        &mut self,
        packet: &Packet<'_>,
        law: Law,
        place: Place,
        age_ms: u64,
        events: &mut impl FnMut(Event),
    ) {
        if place != Place::Late {
            self.heard_len = packet.payload.len();
            let turn = self.speech.hear(packet.payload, law, age_ms);
            self.tell_turn(turn, events);
        }
        let Header { sequence, timestamp, .. } = packet.header;
        let piece = Piece { sequence, timestamp, law, payload: packet.payload };
        let wanted = self.wants_sound();
        if let Some(playout) = self.playout.as_mut().filter(|_| wanted) {
            playout.push(timestamp, packet.payload, law);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.push(&piece);
        }
        if let Some(hearing) = &mut self.hearing {
            hearing.push(&piece, age_ms, events);
        }
    }

    fn tell_turn(&mut self, turn: Option<Turn>, events: &mut impl FnMut(Event)) {
        match turn {
            Some(Turn::Started { at_ms }) => events(Event::SpeechStarted { at_ms }),
            Some(Turn::Stopped { at_ms, speech_ms }) => {
                if let (Some(watch), Some(session)) = (&mut self.silence, &self.session) {
                    let stopped = session.began.plus(Nanos::from_ms(at_ms));
                    watch.since = stopped.max(watch.since);
                    watch.told = false;
                }
                events(Event::SpeechStopped { at_ms, speech_ms });
            }
            None => {}
        }
    }

    /// Notices what has not come.
    pub(super) fn watch(&mut self, now: Nanos, events: &mut impl FnMut(Event)) {
        let Some(session) = &mut self.session else { return };
        let silent = now.since(session.alive);
        let plan = &session.plan;
        if !session.timed_out
            && plan.timeout > Nanos(0)
            && silent >= plan.timeout
            && !plan.is_on_hold()
        {
            session.timed_out = true;
            events(Event::MediaTimeout { ms: silent.ms() });
        }
        let age_ms = session.age_ms(now);
        if let Some(digit) = self.listener.tick(now) {
            events(Event::Digit(digit));
        }
        if let Some(hearing) = &mut self.hearing {
            hearing.on_time(age_ms, events);
        }
        let turn = self.speech.hear_nothing(age_ms);
        self.tell_turn(turn, events);
        self.watch_for_silence(now, events);
    }

    fn watch_for_silence(&mut self, now: Nanos, events: &mut impl FnMut(Event)) {
        let Some(watch) = &mut self.silence else { return };
        if self.session.as_ref().is_some_and(|session| session.plan.is_on_hold()) {
            watch.since = now;
        }
        let silent = now.since(watch.since);
        if !watch.told && !self.speech.is_speech() && silent >= watch.limit {
            watch.told = true;
            events(Event::Silence { ms: silent.ms() });
        }
    }
}

impl Session {
    fn is_alive(&mut self, now: Nanos) {
        self.alive = self.alive.max(now);
        self.timed_out = false;
    }

    const fn age_ms(&self, now: Nanos) -> u64 {
        now.since(self.began).ms()
    }

    fn knows(&self, payload_type: u8) -> bool {
        payload_type == COMFORT_NOISE
            || self.law_of(payload_type).is_some()
            || self.plan.is_event(payload_type)
    }

    /// How to decode a payload type. The static ones are understood whatever was negotiated.
    fn law_of(&self, payload_type: u8) -> Option<Law> {
        if payload_type == self.plan.payload_type {
            return Some(self.plan.law);
        }
        Law::of_static_payload(payload_type)
    }
}
