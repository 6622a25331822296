//! Digits as telephone events (RFC 4733 section 2): told apart when heard, timed when sent.

#![deny(clippy::indexing_slicing)]

use std::fmt;

use crate::time::Nanos;

/// Length of a telephone-event payload.
pub const EVENT_LEN: usize = 4;
/// Digits one [`DigitSender`] holds.
pub const DIGITS_MAX: usize = 128;
/// An event whose end does not come is over after this silence: three packets lost, and a little more.
const END_LOST: Nanos = Nanos::from_ms(120);
/// Within this time a stray repetition of an end is not a new press.
const END_REPEATS: Nanos = Nanos::from_ms(100);
/// The end is sent three times (RFC 4733 section 2.5.1.4).
const END_PACKETS: u8 = 3;
/// -10 dBm0, what most telephones say.
const VOLUME: u8 = 10;

/// A key of the telephone: 0–9 * # A–D, or the hook flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u8);

impl Key {
    const NAMES: &'static [u8; 17] = b"0123456789*#ABCDF";

    /// The key of an event code (RFC 4733 section 3.2), if it is one.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        if code <= 16 { Some(Self(code)) } else { None }
    }

    /// The key named by a character; `F` is the flash, letters in either case.
    #[must_use]
    pub fn from_char(name: char) -> Option<Self> {
        let name = u8::try_from(name).ok()?.to_ascii_uppercase();
        let code = Self::NAMES.iter().position(|&known| known == name)?;
        Some(Self(code as u8))
    }

    /// Its event code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Its name.
    #[must_use]
    pub fn to_char(self) -> char {
        char::from(Self::NAMES.get(usize::from(self.0)).copied().unwrap_or(b'?'))
    }
}

/// One telephone-event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// What happened; codes above 16 are no keys.
    pub code: u8,
    /// Whether it is over.
    pub end: bool,
    /// Level in -dBm0, six bits.
    pub volume: u8,
    /// In timestamp units since the event began.
    pub duration: u16,
}

/// Why a payload is no telephone event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// Shorter than four bytes.
    Short,
}

impl fmt::Display for EventError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("shorter than a telephone event")
    }
}

impl std::error::Error for EventError {}

impl TelephoneEvent {
    /// Reads a payload; bytes after the first event are left alone.
    pub fn parse(payload: &[u8]) -> Result<Self, EventError> {
        let ([code, flags, d0, d1], _) =
            payload.split_first_chunk::<EVENT_LEN>().ok_or(EventError::Short)?;
        Ok(Self {
            code: *code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([*d0, *d1]),
        })
    }

    /// The payload as it goes on the wire.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; EVENT_LEN] {
        let [d0, d1] = self.duration.to_be_bytes();
        [self.code, (self.end as u8) << 7 | self.volume & 0x3F, d0, d1]
    }
}

/// A digit that was pressed and let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// Which key.
    pub key: Key,
    /// How long it was held.
    pub duration_ms: u32,
}

/// Makes one digit of the many packets of an event, whichever of them arrive.
#[derive(Debug, Default)]
pub struct DigitListener {
    pressed: Option<Press>,
    released: Option<Press>,
    begun: Option<Key>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    key: Key,
    timestamp: u32,
    /// Length of the segments of a long event that are over (RFC 4733 section 2.5.1.3).
    before: u32,
    duration: u16,
    seen: Nanos,
}

impl Press {
    fn digit(&self) -> Digit {
        let units = self.before + u32::from(self.duration);
        Digit { key: self.key, duration_ms: units / 8 }
    }

    /// Whether a packet belongs to this press. Odd peers move the timestamp along with the duration.
    fn continues(&self, event: TelephoneEvent, timestamp: u32, marker: bool) -> bool {
        event.code == self.key.code()
            && (timestamp == self.timestamp || (!marker && event.duration > self.duration))
    }

    fn is_next_segment(&self, event: TelephoneEvent, timestamp: u32) -> bool {
        event.code == self.key.code()
            && self.duration == u16::MAX
            && timestamp == self.timestamp.wrapping_add(u32::from(u16::MAX))
    }
}

impl DigitListener {
    /// Takes one event packet that arrived at `now`, and gives every digit that ends by it.
    ///
    /// That can be two: the one before, whose end was lost, and this one.
    pub fn hear(
        &mut self,
        event: TelephoneEvent,
        timestamp: u32,
        marker: bool,
        now: Nanos,
    ) -> [Option<Digit>; 2] {
        let Some(key) = Key::from_code(event.code) else { return [None, None] };
        if self.is_repetition(event, timestamp, marker, now) {
            return [None, None];
        }
        let mut unfinished = None;
        let press = match self.pressed {
            Some(press) if press.continues(event, timestamp, marker) => {
                Press { duration: press.duration.max(event.duration), seen: now, ..press }
            }
            Some(press) if press.is_next_segment(event, timestamp) => Press {
                timestamp,
                before: press.before + u32::from(u16::MAX),
                duration: event.duration,
                seen: now,
                ..press
            },
            other => {
                unfinished = other.map(|press| press.digit());
                self.begun = Some(key);
                Press { key, timestamp, before: 0, duration: event.duration, seen: now }
            }
        };
        if event.end {
            self.pressed = None;
            self.released = Some(press);
            return [unfinished, Some(press.digit())];
        }
        self.pressed = Some(press);
        [unfinished, None]
    }

    /// The key whose press began with the packet heard last; told once.
    pub fn take_begun(&mut self) -> Option<Key> {
        self.begun.take()
    }

    /// Gives the digit whose end has not come for too long.
    pub fn tick(&mut self, now: Nanos) -> Option<Digit> {
        let press = self.pressed.filter(|press| now.since(press.seen) >= END_LOST)?;
        self.pressed = None;
        self.released = Some(press);
        Some(press.digit())
    }

    /// Whether the packet belongs to a digit that was told already.
    fn is_repetition(
        &self,
        event: TelephoneEvent,
        timestamp: u32,
        marker: bool,
        now: Nanos,
    ) -> bool {
        self.released.is_some_and(|done| {
            let behind = done.timestamp.wrapping_sub(timestamp) < 1 << 31;
            let moved_end = event.end
                && !marker
                && event.code == done.key.code()
                && self.pressed.is_none()
                && event.duration == done.duration
                && now.since(done.seen) < END_REPEATS;
            behind || moved_end
        })
    }
}

/// What the sender wants to be sent in place of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// The payload.
    pub event: TelephoneEvent,
    /// Timestamp units since the event began; the packet carries the timestamp of the beginning.
    pub age: u32,
    /// Whether it is the first of its event.
    pub first: bool,
}

/// What one beat of a [`DigitSender`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// No digit is being sent: sound goes out.
    Idle,
    /// Send this packet.
    Event(EventPacket),
    /// Between two digits: send silence.
    Gap,
    /// The last gap is over: the batch with this number has been sent. Sound goes out.
    Sent(u64),
}

/// A batch of digits to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Told back when the batch is sent.
    pub id: u64,
    keys: [u8; DIGITS_MAX],
    length: usize,
    duration: u16,
    gap: u32,
    held: bool,
}

impl Batch {
    /// Digits of `duration_ms` each with `gap_ms` after each. More than [`DIGITS_MAX`] are refused.
    #[must_use]
    pub fn new(id: u64, digits: &[Key], duration_ms: u16, gap_ms: u16) -> Option<Self> {
        let mut keys = [0; DIGITS_MAX];
        for (place, key) in keys.get_mut(..digits.len())?.iter_mut().zip(digits) {
            *place = key.code();
        }
        let duration = duration_ms.saturating_mul(8);
        let gap = u32::from(gap_ms) * 8;
        Some(Self { id, keys, length: digits.len(), duration, gap, held: false })
    }
}

/// Sends batches of digits, one packet a beat.
#[derive(Debug, Default)]
pub struct DigitSender {
    batches: std::collections::VecDeque<Batch>,
    position: usize,
    stage: Stage,
    held: Option<Key>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    #[default]
    Next,
    Key {
        elapsed: u32,
    },
    Ending {
        elapsed: u32,
        left: u8,
    },
    Gap {
        left: u32,
    },
}

impl DigitSender {
    /// Adds a batch behind those that wait.
    pub fn push(&mut self, batch: Batch) {
        self.batches.push_back(batch);
    }

    /// Adds a batch of one key that lasts until it is let go, and no longer than the batch says.
    pub fn press(&mut self, key: Key, batch: Batch) {
        self.held = Some(key);
        self.batches.push_back(Batch { held: true, ..batch });
    }

    /// Lets go of the key that was pressed last, which then lasted `duration_ms`. False when that
    /// was another key or none; one that has ended by itself stays as it was sent.
    pub fn release(&mut self, key: Key, duration_ms: u16) -> bool {
        if self.held != Some(key) {
            return false;
        }
        self.held = None;
        let place = self.batches.iter().rposition(|batch| batch.held);
        let Some((place, batch)) = place.and_then(|p| Some((p, self.batches.get_mut(p)?))) else {
            return true;
        };
        batch.held = false;
        let duration = duration_ms.saturating_mul(8);
        match self.stage {
            Stage::Key { elapsed } if place == 0 => {
                // What was sent is said already: the duration in the packets never shrinks.
                batch.duration = duration.max(u16::try_from(elapsed).unwrap_or(u16::MAX));
            }
            Stage::Ending { .. } | Stage::Gap { .. } if place == 0 => {}
            _ => batch.duration = duration,
        }
        true
    }

    /// Whether nothing is being sent or waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.batches.is_empty()
    }

    /// Batches that are being sent or wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.batches.len()
    }

    /// Moves on by one packet of `frame` timestamp units.
    pub fn beat(&mut self, frame: u32) -> Beat {
        let Some(batch) = self.batches.front() else { return Beat::Idle };
        let (gap, duration) = (batch.gap, u32::from(batch.duration));
        let code = batch.keys.get(self.position).copied().unwrap_or(0);
        match self.stage {
            Stage::Next if self.position >= batch.length => {
                let id = batch.id;
                self.batches.pop_front();
                self.position = 0;
                Beat::Sent(id)
            }
            Stage::Next => self.key(code, 0, frame, duration),
            Stage::Key { elapsed } => self.key(code, elapsed, frame, duration),
            Stage::Ending { elapsed, left } => {
                let packet = event_packet(code, elapsed, duration, true);
                let after = elapsed + frame;
                self.stage = if left > 1 {
                    Stage::Ending { elapsed: after, left: left - 1 }
                } else {
                    Stage::Gap { left: gap.saturating_sub(u32::from(END_PACKETS - 1) * frame) }
                };
                Beat::Event(packet)
            }
            Stage::Gap { left: 0 } => {
                self.position += 1;
                self.stage = Stage::Next;
                self.beat(frame)
            }
            Stage::Gap { left } => {
                self.stage = Stage::Gap { left: left.saturating_sub(frame) };
                Beat::Gap
            }
        }
    }

    fn key(&mut self, code: u8, elapsed: u32, frame: u32, duration: u32) -> Beat {
        let reached = elapsed + frame;
        let end = reached >= duration;
        self.stage = if end {
            Stage::Ending { elapsed: reached, left: END_PACKETS - 1 }
        } else {
            Stage::Key { elapsed: reached }
        };
        Beat::Event(event_packet(code, elapsed, reached.min(duration), end))
    }
}

fn event_packet(code: u8, age: u32, duration: u32, end: bool) -> EventPacket {
    let duration = u16::try_from(duration).unwrap_or(u16::MAX);
    let event = TelephoneEvent { code, end, volume: VOLUME, duration };
    EventPacket { event, age, first: age == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: char) -> Key {
        Key::from_char(name).unwrap()
    }

    fn event(name: char, duration: u16, end: bool) -> TelephoneEvent {
        TelephoneEvent { code: key(name).code(), end, volume: 10, duration }
    }

    /// Feeds (digit, duration, end, timestamp, marker) 20 ms apart and gives what is heard.
    fn hear(packets: &[(char, u16, bool, u32, bool)]) -> (DigitListener, Vec<Digit>) {
        let mut listener = DigitListener::default();
        let mut digits = Vec::new();
        for (n, &(name, duration, end, timestamp, marker)) in (1..).zip(packets) {
            let now = Nanos::from_ms(n * 20);
            let heard = listener.hear(event(name, duration, end), timestamp, marker, now);
            digits.extend(heard.into_iter().flatten());
        }
        (listener, digits)
    }

    fn digit(name: char, duration_ms: u32) -> Digit {
        Digit { key: key(name), duration_ms }
    }

    #[test]
    fn keys_are_named_by_their_codes() {
        let names: String = (0..=16).filter_map(Key::from_code).map(Key::to_char).collect();

        assert_eq!(names, "0123456789*#ABCDF");
        assert_eq!(Key::from_char('d'), Key::from_code(15));
        assert_eq!(Key::from_char('x'), None);
        assert_eq!(Key::from_code(17), None);
    }

    #[test]
    fn a_payload_survives_the_wire_and_a_short_one_is_refused() {
        let bytes = event('#', 1280, true).to_bytes();

        assert_eq!(TelephoneEvent::parse(&bytes), Ok(event('#', 1280, true)));
        assert_eq!(TelephoneEvent::parse(b"\x05\x8a\x05"), Err(EventError::Short));
    }

    #[test]
    fn an_event_is_one_digit_however_often_its_end_is_repeated() {
        let (_, digits) = hear(&[
            ('5', 160, false, 1000, true),
            ('5', 320, false, 1000, false),
            ('5', 480, true, 1000, false),
            ('5', 480, true, 1000, false),
            ('5', 480, true, 1000, false),
        ]);

        assert_eq!(digits, [digit('5', 60)]);
    }

    #[test]
    fn the_beginning_of_a_press_is_told_once_with_its_first_packet() {
        let mut listener = DigitListener::default();

        listener.hear(event('5', 160, false), 1000, true, Nanos::from_ms(20));
        assert_eq!(listener.take_begun(), Some(key('5')));
        listener.hear(event('5', 320, false), 1000, false, Nanos::from_ms(40));
        assert_eq!(listener.take_begun(), None);
        listener.hear(event('5', 480, true), 1000, false, Nanos::from_ms(60));
        listener.hear(event('5', 480, true), 1000, false, Nanos::from_ms(80));
        assert_eq!(listener.take_begun(), None);
    }

    #[test]
    fn the_same_key_pressed_twice_is_two_digits() {
        let (_, digits) = hear(&[
            ('5', 480, true, 1000, false),
            ('5', 160, false, 2600, true),
            ('5', 480, true, 2600, false),
        ]);

        assert_eq!(digits, [digit('5', 60), digit('5', 60)]);
    }

    #[test]
    fn a_digit_whose_end_is_lost_is_told_after_a_pause() {
        let (mut listener, digits) =
            hear(&[('7', 160, false, 1000, true), ('7', 320, false, 1000, false)]);

        assert_eq!(digits, []);
        assert_eq!(listener.tick(Nanos::from_ms(159)), None);
        assert_eq!(listener.tick(Nanos::from_ms(160)), Some(digit('7', 40)));
        assert_eq!(listener.tick(Nanos::from_ms(180)), None);
    }

    #[test]
    fn a_digit_whose_end_is_lost_is_told_when_the_next_begins() {
        let (_, digits) = hear(&[('7', 160, false, 1000, true), ('8', 160, true, 1800, true)]);

        assert_eq!(digits, [digit('7', 20), digit('8', 20)]);
    }

    #[test]
    fn late_packets_of_a_told_digit_are_ignored() {
        let (listener, digits) = hear(&[
            ('1', 480, true, 1000, false),
            ('2', 480, true, 2600, false),
            ('1', 320, false, 1000, false),
        ]);

        assert_eq!(digits, [digit('1', 60), digit('2', 60)]);
        assert!(listener.pressed.is_none());
    }

    #[test]
    fn a_peer_that_moves_the_timestamp_within_one_press_is_understood() {
        let (_, digits) = hear(&[
            ('9', 160, false, 1000, true),
            ('9', 320, false, 1160, false),
            ('9', 480, true, 1320, false),
            ('9', 480, true, 1480, false),
        ]);

        assert_eq!(digits, [digit('9', 60)]);
    }

    #[test]
    fn a_press_longer_than_one_segment_is_one_digit() {
        let (_, digits) = hear(&[
            ('0', u16::MAX, false, 1000, true),
            ('0', 800, true, 1000 + u32::from(u16::MAX), false),
        ]);

        assert_eq!(digits, [digit('0', (65_535 + 800) / 8)]);
    }

    #[test]
    fn codes_that_are_no_keys_are_no_digits() {
        let mut listener = DigitListener::default();
        let tone = TelephoneEvent { code: 66, end: true, volume: 0, duration: 100 };

        assert_eq!(listener.hear(tone, 1, true, Nanos(0)), [None, None]);
    }

    #[test]
    fn a_digit_is_sent_with_growing_duration_and_three_ends_then_its_gap() {
        let mut sender = DigitSender::default();
        sender.push(Batch::new(3, &[key('4')], 60, 80).unwrap());

        let beats: Vec<Beat> = (0..8).map(|_| sender.beat(160)).collect();

        let packet = |duration, end, age| {
            Beat::Event(EventPacket { event: event('4', duration, end), age, first: age == 0 })
        };
        assert_eq!(
            beats,
            [
                packet(160, false, 0),
                packet(320, false, 160),
                packet(480, true, 320),
                packet(480, true, 480),
                packet(480, true, 640),
                Beat::Gap,
                Beat::Gap,
                Beat::Sent(3),
            ]
        );
        assert_eq!(sender.beat(160), Beat::Idle);
    }

    #[test]
    fn a_pressed_key_is_sent_until_it_is_let_go() {
        let mut sender = DigitSender::default();
        sender.press(key('5'), Batch::new(0, &[key('5')], 2000, 60).unwrap());

        let packet = |duration, end, age| {
            Beat::Event(EventPacket { event: event('5', duration, end), age, first: age == 0 })
        };
        for n in 0..5 {
            assert_eq!(sender.beat(160), packet(160 * (n + 1), false, 160 * u32::from(n)));
        }
        assert!(sender.release(key('5'), 100));
        assert_eq!(sender.beat(160), packet(800, true, 800));
        assert!(!sender.release(key('5'), 100));
    }

    #[test]
    fn a_key_that_is_let_go_before_its_turn_lasts_as_long_as_it_was_pressed() {
        let mut sender = DigitSender::default();
        sender.push(Batch::new(1, &[key('1')], 60, 60).unwrap());
        sender.beat(160);
        sender.press(key('5'), Batch::new(0, &[key('5')], 2000, 60).unwrap());
        assert!(!sender.release(key('6'), 80));
        assert!(sender.release(key('5'), 80));

        let longest = (0..40)
            .filter_map(|_| match sender.beat(160) {
                Beat::Event(packet) if packet.event.code == 5 => Some(packet.event.duration),
                _ => None,
            })
            .max();

        assert_eq!(longest, Some(640));
        assert!(sender.is_idle());
    }

    #[test]
    fn a_key_that_ended_by_itself_is_not_sent_again_when_it_is_let_go() {
        let mut sender = DigitSender::default();
        sender.press(key('5'), Batch::new(0, &[key('5')], 60, 60).unwrap());
        while !sender.is_idle() {
            sender.beat(160);
        }

        assert!(sender.release(key('5'), 5000));
        assert!(sender.is_idle());
    }

    #[test]
    fn what_is_sent_is_heard() {
        let mut sender = DigitSender::default();
        let mut listener = DigitListener::default();
        let keys: Vec<Key> = "1*#D".chars().map(key).collect();
        sender.push(Batch::new(1, &keys, 100, 60).unwrap());
        let mut heard = String::new();
        for n in 0_u32..200 {
            if let Beat::Event(packet) = sender.beat(160) {
                let timestamp = (n * 160).wrapping_sub(packet.age);
                let now = Nanos::from_ms(u64::from(n) * 20);
                let digits = listener.hear(packet.event, timestamp, packet.first, now);
                heard.extend(digits.into_iter().flatten().map(|digit| digit.key.to_char()));
            }
        }

        assert_eq!(heard, "1*#D");
        assert!(sender.is_idle());
    }

    #[test]
    fn too_many_digits_are_refused() {
        assert!(Batch::new(1, &[key('1'); DIGITS_MAX + 1], 160, 80).is_none());
        assert!(Batch::new(1, &[key('1'); DIGITS_MAX], 160, 80).is_some());
    }
}
