//! One RTP session with one far end: packets and time in, packets and events out.

use std::net::SocketAddr;

use crate::capture::Recorder;
use crate::codec::Law;
use crate::dtmf::{Batch, Beat, DigitListener, DigitSender, EventPacket, TelephoneEvent};
use crate::event::Event;
use crate::hearing::Hearing;
use crate::jitter::Piece;
use crate::latch::Latch;
use crate::plan::Plan;
use crate::play::{Playback, Player};
use crate::reception::{Place, Reception};
use crate::report::{Reporter, Sent};
use crate::rtcp::{CNAME_LEN, Compound};
use crate::rtp::{self, HEADER_LEN, Header, Packet};
use crate::time::{Nanos, Ntp};
use crate::vad::{SpeechDetector, Turn};

/// Room for the longest packet a stream writes.
pub const PACKET_MAX: usize = HEADER_LEN + 480;

/// Comfort noise (RFC 3389): a sign of life without sound.
const COMFORT_NOISE: u8 = 13;

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

/// One stream.
#[derive(Debug)]
pub struct Stream {
    session: Option<Session>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Sound begins anew with the next packet of it: after a hold, or after digits.
    interrupted: bool,
    /// The last packet had sound in it.
    sounded: bool,
    beats_left: u8,
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
            beats_left: 1,
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
        self.beats_left = 1;
        self.remote_rtcp = None;
        self.reporter.start(now);
    }

    /// Plays at once, once connected; everything before it is cut.
    pub fn play(&mut self, playback: Playback, events: &mut impl FnMut(Event)) {
        self.player.play(playback, |end| events(Event::PlaybackFinished(end)));
    }

    /// Plays after everything before it.
    pub fn queue(&mut self, playback: Playback) {
        self.player.queue(playback);
    }

    /// Cuts what plays and what waits.
    pub fn stop_playback(&mut self, events: &mut impl FnMut(Event)) {
        self.player.stop(|end| events(Event::PlaybackFinished(end)));
    }

    /// Sends digits after those that wait; sound pauses meanwhile.
    pub fn send_digits(&mut self, batch: Batch) {
        self.sender.push(batch);
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

    /// When the last RTP packet of the far end arrived.
    #[must_use]
    pub fn heard(&self) -> Option<Nanos> {
        self.session.as_ref().and_then(|session| session.heard)
    }

    /// Takes one datagram of the RTP port. Anything that is not for this stream is counted and dropped.
    pub fn on_rtp(
        &mut self,
        datagram: &[u8],
        source: SocketAddr,
        arrival: Arrival,
        events: &mut impl FnMut(Event),
    ) {
        if rtp::is_rtcp(datagram) {
            return self.on_rtcp(datagram, source, arrival);
        }
        match self.accept(datagram, source, arrival, events) {
            Some((packet, place)) => self.hear(&packet, place, arrival.at, events),
            None => self.counters.refused += 1,
        }
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

    /// Moves on by one beat. Gives the length of the packet it wrote, if one is to be sent.
    pub fn tick(
        &mut self,
        now: Nanos,
        out: &mut [u8; PACKET_MAX],
        events: &mut impl FnMut(Event),
    ) -> Option<usize> {
        let plan = self.session.as_ref()?.plan;
        self.watch(now, events);
        self.beats_left -= 1;
        if self.beats_left > 0 {
            return None;
        }
        self.beats_left = plan.ptime_ms / plan.beat_ms();
        self.packet(&plan, out, events)
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

    fn hear(
        &mut self,
        packet: &Packet<'_>,
        place: Place,
        now: Nanos,
        events: &mut impl FnMut(Event),
    ) {
        let Some(session) = &self.session else { return };
        if place == Place::First {
            self.listener = DigitListener::default();
            if let Some(recorder) = &mut self.recorder {
                recorder.restart();
            }
            if let Some(hearing) = &mut self.hearing {
                hearing.restart(session.age_ms(now), events);
            }
        }
        if !session.plan.receive {
            return;
        }
        let header = packet.header;
        if Some(header.payload_type) == session.plan.dtmf_payload_type {
            if let Ok(event) = TelephoneEvent::parse(packet.payload) {
                let digits = self.listener.hear(event, header.timestamp, header.marker, now);
                digits.into_iter().flatten().for_each(|digit| events(Event::Digit(digit)));
            }
        } else if let Some(law) = session.law_of(header.payload_type) {
            let age_ms = session.age_ms(now);
            self.hear_sound(packet, law, place, age_ms, events);
        }
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
            let turn = self.speech.hear(packet.payload, law, age_ms);
            self.tell_turn(turn, events);
        }
        let Header { sequence, timestamp, .. } = packet.header;
        let piece = Piece { sequence, timestamp, law, payload: packet.payload };
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
    fn watch(&mut self, now: Nanos, events: &mut impl FnMut(Event)) {
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

    fn packet(
        &mut self,
        plan: &Plan,
        out: &mut [u8; PACKET_MAX],
        events: &mut impl FnMut(Event),
    ) -> Option<usize> {
        let length = plan.frame_len();
        // Digits wait while nobody would hear them; sound does not, its caller waits for its end.
        let beat = if plan.send { self.sender.beat(length as u32) } else { Beat::Idle };
        let (start, frame) = out.split_at_mut(HEADER_LEN);
        let frame = &mut frame[..length];
        let mut header = Header {
            marker: false,
            payload_type: plan.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        self.timestamp = self.timestamp.wrapping_add(length as u32);
        let mut payload_len = length;
        match (beat, plan.dtmf_payload_type) {
            (Beat::Event(packet), Some(payload_type)) => {
                payload_len = write_event(packet, payload_type, &mut header, frame);
            }
            (Beat::Event(_) | Beat::Gap, _) => frame.fill(plan.law.silence()),
            (Beat::Idle | Beat::Sent(_), _) => {
                if let Beat::Sent(id) = beat {
                    events(Event::DigitsSent { id });
                }
                let told = |end| events(Event::PlaybackFinished(end));
                let sounds = self.player.fill(frame, plan.law, told);
                header.marker = self.interrupted || (sounds && !self.sounded);
                self.sounded = sounds;
            }
        }
        if !plan.send {
            self.interrupted = true;
            return None;
        }
        self.interrupted = matches!(beat, Beat::Event(_) | Beat::Gap);
        start.copy_from_slice(&header.to_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += payload_len as u64;
        Some(HEADER_LEN + payload_len)
    }
}

/// Turns a sound packet into an event packet; the length of its payload.
fn write_event(
    packet: EventPacket,
    payload_type: u8,
    header: &mut Header,
    frame: &mut [u8],
) -> usize {
    let bytes = packet.event.to_bytes();
    frame[..bytes.len()].copy_from_slice(&bytes);
    header.payload_type = payload_type;
    header.timestamp = header.timestamp.wrapping_sub(packet.age);
    header.marker = packet.first;
    bytes.len()
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
            || Some(payload_type) == self.plan.dtmf_payload_type
    }

    /// How to decode a payload type. The static ones are understood whatever was negotiated.
    fn law_of(&self, payload_type: u8) -> Option<Law> {
        if payload_type == self.plan.payload_type {
            return Some(self.plan.law);
        }
        Law::of_static_payload(payload_type)
    }
}
