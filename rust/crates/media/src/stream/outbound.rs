//! What a stream sends to its far end.

use super::{Hears, PACKET_MAX, Stream};
use crate::codec::Law;
use crate::codec::g711::PER_MS;
use crate::dtmf::{Batch, Beat, Digit, EventPacket, Key};
use crate::event::Event;
use crate::forward::{Sound, Span};
use crate::gain::Gain;
use crate::inject::{InjectAction, Injection};
use crate::plan::Plan;
use crate::play::Playback;
use crate::playout::BLOCK_MAX;
use crate::reception::Place;
use crate::rtp::{HEADER_LEN, Header};
use crate::track::{TrackAction, add};

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

impl Stream {
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

    /// Begins to press a key that another stream's far end presses, if that was negotiated. When
    /// too many wait already, it is dropped.
    pub fn relay_press(&mut self, key: Key) {
        if let Some(batch) = self.relayed(key, RELAYED_LONGEST_MS) {
            self.sender.press(key, batch);
        }
    }

    /// Lets go of the key of another stream's far end. One whose beginning was not relayed is
    /// pressed and let go.
    pub fn relay_digit(&mut self, digit: Digit) {
        let duration_ms = digit.duration_ms.clamp(RELAYED_SHORTEST_MS, RELAYED_LONGEST_MS);
        if !self.sender.release(digit.key, duration_ms as u16)
            && let Some(batch) = self.relayed(digit.key, duration_ms)
        {
            self.sender.push(batch);
        }
    }

    fn relayed(&self, key: Key, duration_ms: u32) -> Option<Batch> {
        self.session.as_ref().and_then(|session| session.plan.dtmf_payload_type)?;
        if self.sender.waiting() >= RELAYED_MAX {
            return None;
        }
        Batch::new(RELAYED, &[key], duration_ms as u16, RELAYED_GAP_MS)
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

    /// Turns sound that another stream, `source`, heard into this one's next packet; its length, if it is
    /// to be sent.
    pub fn forward(
        &mut self,
        source: u64,
        sound: &Sound<'_>,
        out: &mut [u8; PACKET_MAX],
    ) -> Option<usize> {
        let plan = self.session.as_ref()?.plan;
        if !plan.send || !self.sender.is_idle() {
            self.end_span();
            return None;
        }
        let length = sound.payload.len();
        let (start, rest) = out.split_at_mut(HEADER_LEN);
        let payload = rest.get_mut(..length)?;
        let is_other = self.span.is_some_and(|span| span.source != source);
        if is_other || sound.place == Place::First || self.has_jumped(sound) {
            self.end_span();
        }
        let begins = self.span.is_none();
        if begins && sound.place == Place::Late {
            return None;
        }
        let (own_sequence, own_timestamp) = (self.sequence, self.timestamp);
        let beginning = || Span::beginning(source, &sound.header, own_sequence, own_timestamp);
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

    /// Whether forwarded packets take the place of this beat's sound.
    pub(super) fn is_fed(&mut self, hears: Hears<'_>, length: usize) -> bool {
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
    pub(super) fn end_span(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(std::mem::take(&mut self.unfed));
        self.span = None;
    }

    /// Adds one beat of sound to the packet that is being filled.
    pub(super) fn fill(
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
    pub(super) fn packet(&mut self, plan: &Plan, out: &mut [u8; PACKET_MAX]) -> Option<usize> {
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
