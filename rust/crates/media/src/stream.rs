//! One RTP session with one far end: packets and time in, packets and events out.

use std::net::SocketAddr;

use crate::capture::Recorder;
use crate::codec::Law;
use crate::codec::g711::PER_MS;
use crate::dtmf::{Batch, Beat, Digit, DigitListener, DigitSender, EventPacket, TelephoneEvent};
use crate::event::Event;
use crate::forward::{Heard, Sound, Span};
use crate::gain::Gain;
use crate::hearing::Hearing;
use crate::inject::{InjectAction, Injection, Injections};
use crate::jitter::Piece;
use crate::latch::Latch;
use crate::plan::Plan;
use crate::play::{Playback, Player};
use crate::playout::{BLOCK_MAX, Playout};
use crate::reception::{Place, Reception};
use crate::report::{Reporter, Sent};
use crate::rtcp::{CNAME_LEN, Compound};
use crate::rtp::{self, HEADER_LEN, Header, Packet};
use crate::tap::{Tap, Taps};
use crate::time::{Nanos, Ntp};
use crate::track::{TrackAction, Tracks, add};
use crate::vad::{SpeechDetector, Turn};

/// Room for the longest packet a stream writes.
pub const PACKET_MAX: usize = HEADER_LEN + PAYLOAD_MAX;
const PAYLOAD_MAX: usize = 480;

/// Digit batches that may wait because a far end presses faster than its digits can be relayed.
const RELAYED_MAX: usize = 32;
/// The batch of a relayed digit; nobody waits for its end.
const RELAYED: u64 = 0;
/// How long a relayed digit lasts at least and at most, and the pause after it.
const RELAYED_SHORTEST_MS: u32 = 60;
const RELAYED_LONGEST_MS: u32 = 2000;
const RELAYED_GAP_MS: u16 = 60;

/// Time stamps of forwarded packets never step further: a pause is filled long before.
const STEP_MAX: u32 = 1000 * PER_MS as u32;
/// When no packet was there to be forwarded for this long, silence is sent instead.
const UNFED_MAX: u32 = 100 * PER_MS as u32;

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

    /// Presses a digit of another stream's far end here, if that was negotiated. When too many wait
    /// already, it is dropped.
    pub fn relay_digit(&mut self, digit: Digit) {
        let negotiated = self.session.as_ref().and_then(|session| session.plan.dtmf_payload_type);
        if negotiated.is_none() || self.sender.waiting() >= RELAYED_MAX {
            return;
        }
        let duration_ms = digit.duration_ms.clamp(RELAYED_SHORTEST_MS, RELAYED_LONGEST_MS) as u16;
        if let Some(batch) = Batch::new(RELAYED, &[digit.key], duration_ms, RELAYED_GAP_MS) {
            self.sender.push(batch);
        }
    }

    /// Makes what the far end says, and what it hears, louder or fainter.
    pub fn set_gain(&mut self, inbound: Gain, outbound: Gain) {
        (self.inbound_gain, self.outbound_gain) = (inbound, outbound);
    }

    /// Does something with one of the tracks under everything else; they are made the first time.
    pub fn act_on_track(
        &mut self,
        track: usize,
        action: TrackAction,
        events: &mut impl FnMut(Event),
    ) {
        let tracks = self.tracks.get_or_insert_default();
        tracks.act(track, action, |end| events(Event::PlaybackFinished(end)));
    }

    /// Whether [`Stream::listen`] is to give what the far end says from now on. The first time needs a
    /// playout; later ones are dropped.
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

    fn wants_sound(&self) -> bool {
        self.keeps_sound || !self.taps.is_empty()
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

    /// Lets somebody play what it delivers piece by piece.
    pub fn inject(&mut self, injection: Injection) {
        self.injections.add(injection);
    }

    /// Ends an injection.
    pub fn end_injection(&mut self, id: u64) {
        self.injections.remove(id);
    }

    /// Does something with an injection.
    pub fn act_on_injection(
        &mut self,
        id: u64,
        action: InjectAction,
        events: &mut impl FnMut(Event),
    ) {
        self.injections.act(id, action, events);
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

    /// Whether packets of this stream may pass to `other` as they are, or byte by byte.
    #[must_use]
    pub fn can_pass_to(&self, other: &Self) -> bool {
        let (Some(from), Some(to)) = (&self.session, &other.session) else { return false };
        from.plan.receive
            && self.heard_len == to.plan.frame_len()
            && self.inbound_gain.is_unity()
            && other.outbound_gain.is_unity()
            && other.player.is_idle()
            && other.taps.is_empty()
            && other.injections.are_idle()
            && other.tracks.as_ref().is_none_or(|tracks| tracks.are_idle())
    }

    /// Turns sound that another stream heard into this one's next packet; its length, if it is to be sent.
    pub fn forward(&mut self, sound: &Sound<'_>, out: &mut [u8; PACKET_MAX]) -> Option<usize> {
        let plan = self.session.as_ref()?.plan;
        if !plan.send || !self.sender.is_idle() {
            self.end_span();
            return None;
        }
        let length = sound.payload.len();
        let (start, rest) = out.split_at_mut(HEADER_LEN);
        let payload = rest.get_mut(..length)?;
        if sound.place == Place::First || self.has_jumped(sound) {
            self.end_span();
        }
        let begins = self.span.is_none();
        if begins && sound.place == Place::Late {
            return None;
        }
        let (own_sequence, own_timestamp) = (self.sequence, self.timestamp);
        let beginning = || Span::beginning(&sound.header, own_sequence, own_timestamp);
        let span = self.span.get_or_insert_with(beginning);
        let (sequence, timestamp) = span.numbers(&sound.header)?;
        let header = Header {
            marker: sound.header.marker || begins || self.interrupted,
            payload_type: plan.payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        start.copy_from_slice(&header.to_bytes());
        translate(sound.payload, sound.law, payload, plan.law);
        if sound.place != Place::Late {
            self.sequence = sequence.wrapping_add(1);
            self.timestamp = timestamp.wrapping_add(length as u32);
            self.fed = true;
        }
        self.interrupted = false;
        self.sounded = true;
        self.outgoing.filled = 0;
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += length as u64;
        Some(HEADER_LEN + length)
    }

    /// Whether the source's clock was set anew while its packets went on.
    fn has_jumped(&self, sound: &Sound<'_>) -> bool {
        let Some((_, timestamp)) = self.span.and_then(|span| span.numbers(&sound.header)) else {
            return false;
        };
        let step = timestamp.wrapping_sub(self.timestamp).cast_signed();
        sound.place == Place::Next && step.unsigned_abs() > STEP_MAX
    }

    /// The other stream heard something that is not forwarded; its place in the numbers stays unused.
    pub fn forward_nothing(&mut self) {
        self.end_span();
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

    /// Whether forwarded packets take the place of this beat's sound.
    fn is_fed(&mut self, hears: Hears<'_>, length: usize) -> bool {
        let fed = std::mem::take(&mut self.fed);
        if self.span.is_none() {
            return false;
        }
        if !matches!(hears, Hears::Forwarded) || !self.sender.is_idle() {
            self.end_span();
            return false;
        }
        self.unfed = if fed { 0 } else { self.unfed + length as u32 };
        if self.unfed < UNFED_MAX {
            return true;
        }
        self.unfed -= length as u32;
        self.end_span();
        false
    }

    /// Forwards no more in this row: own packets follow, at the time it is now.
    fn end_span(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(std::mem::take(&mut self.unfed));
        self.span = None;
    }

    /// Adds one beat of sound to the packet that is being filled.
    fn fill(
        &mut self,
        plan: &Plan,
        length: usize,
        hears: Hears<'_>,
        events: &mut impl FnMut(Event),
    ) {
        let frame_len = plan.frame_len();
        let filled = if self.outgoing.filled == 0 {
            // Digits wait while nobody would hear them; sound does not, its caller waits for its end.
            let beat = if plan.send { self.sender.beat(frame_len as u32) } else { Beat::Idle };
            if let Beat::Sent(id) = beat
                && id != RELAYED
            {
                events(Event::DigitsSent { id });
            }
            self.outgoing.beat = beat;
            self.outgoing.sounds = false;
            0
        } else {
            // After a change from short beats to long ones, a packet is never half a beat off.
            self.outgoing.filled - self.outgoing.filled % length
        };
        let after = (filled + length).min(frame_len);
        self.outgoing.filled = after;
        if matches!(self.outgoing.beat, Beat::Event(_) | Beat::Gap) {
            self.outgoing.frame[filled..after].fill(plan.law.silence());
        } else {
            let sounds = self.compose(filled, after, plan.law, hears, events);
            self.outgoing.sounds |= sounds;
        }
    }

    /// Puts together what the far end hears. Whether any of it is sound.
    fn compose(
        &mut self,
        from: usize,
        to: usize,
        law: Law,
        hears: Hears<'_>,
        events: &mut impl FnMut(Event),
    ) -> bool {
        let frame = &mut self.outgoing.frame[from..to];
        let mut told = |end| events(Event::PlaybackFinished(end));
        let plays = self.player.fill(frame, law, &mut told);
        let tracks = self.tracks.as_mut().filter(|tracks| !tracks.are_idle());
        let mixed = match hears {
            Hears::Mix(samples) => Some(samples),
            Hears::Nothing | Hears::Forwarded => None,
        };
        let injects = !self.injections.are_idle();
        if mixed.is_none() && tracks.is_none() && !injects && self.outbound_gain.is_unity() {
            return plays;
        }
        let mut sum = [0.0; BLOCK_MAX];
        let Some(sum) = sum.get_mut(..frame.len()) else { return plays };
        if plays {
            add(sum, frame, law, Gain::UNITY);
        }
        for (sum, &sample) in sum.iter_mut().zip(mixed.unwrap_or_default()) {
            *sum += f32::from(sample);
        }
        let under = tracks.is_some();
        if let Some(tracks) = tracks {
            tracks.mix_into(sum, told);
        }
        let injected = injects && self.injections.add_to(sum, events);
        let factor = self.outbound_gain.factor();
        for (byte, sum) in frame.iter_mut().zip(sum) {
            *byte = law.encode((*sum * factor) as i16);
        }
        plays || mixed.is_some() || under || injected
    }

    /// Writes the packet that is full.
    fn packet(&mut self, plan: &Plan, out: &mut [u8; PACKET_MAX]) -> Option<usize> {
        let length = self.outgoing.filled;
        self.outgoing.filled = 0;
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(length as u32);
        if !plan.send {
            self.interrupted = true;
            self.sounded = self.outgoing.sounds;
            return None;
        }
        let (start, frame) = out.split_at_mut(HEADER_LEN);
        let mut header = Header {
            marker: false,
            payload_type: plan.payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        let beat = self.outgoing.beat;
        let is_sound = !matches!(beat, Beat::Event(_) | Beat::Gap);
        let event = if let Beat::Event(packet) = beat { Some(packet) } else { None };
        let payload_len = if let (Some(packet), Some(number)) = (event, plan.dtmf_payload_type) {
            write_event(packet, number, &mut header, frame)
        } else {
            frame[..length].copy_from_slice(&self.outgoing.frame[..length]);
            length
        };
        if is_sound {
            header.marker = self.interrupted || (self.outgoing.sounds && !self.sounded);
            self.sounded = self.outgoing.sounds;
        }
        self.interrupted = !is_sound;
        start.copy_from_slice(&header.to_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += payload_len as u64;
        Some(HEADER_LEN + payload_len)
    }
}

/// Writes encoded sound in another law, or the same.
fn translate(from: &[u8], from_law: Law, to: &mut [u8], to_law: Law) {
    match from_law.into_law(to_law) {
        None => to.copy_from_slice(from),
        Some(table) => {
            for (to, &from) in to.iter_mut().zip(from) {
                *to = table[usize::from(from)];
            }
        }
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
