//! A room with the sockets of its streams: what one beat of it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use media::event::Event;
use media::play::Finished;
use media::playout::BLOCK_MAX;
use media::room::{Room, Seat};
use media::stream::Hears;

use crate::clock::Moment;
use crate::entry::{Desk, Entry};
use crate::mailbox::StreamEvent;
use crate::turns::Place;

/// A room of a shard.
#[derive(Debug)]
pub struct Gathering {
    pub id: u64,
    pub room: Room,
    /// Where it is ticked, once somebody is in it.
    pub place: Option<Place>,
    /// Playbacks whose end was not told yet.
    playbacks: Arc<AtomicU64>,
    /// For each seat whether its packets pass to the other as they are, in this beat.
    passes: Vec<bool>,
}

impl Gathering {
    /// An empty room.
    pub fn new(id: u64, playbacks: Arc<AtomicU64>) -> Self {
        Self { id, room: Room::default(), place: None, playbacks, passes: Vec::new() }
    }

    /// Takes a seat.
    pub fn sit(&mut self, seat: Seat) {
        self.room.sit(seat);
        self.passes.push(false);
    }

    /// Does something with the room that may end playbacks.
    pub fn with_music<T>(
        &mut self,
        events: &mut Vec<StreamEvent>,
        act: impl FnOnce(&mut Room, &mut dyn FnMut(Finished)) -> T,
    ) -> T {
        let (id, playbacks) = (self.id, &self.playbacks);
        let mut tell = |end| {
            playbacks.fetch_sub(1, Ordering::Relaxed);
            events.push((id, Event::PlaybackFinished(end)));
        };
        act(&mut self.room, &mut tell)
    }

    /// One beat: everybody is listened to, then everybody is told.
    pub fn tick(&mut self, entries: &mut [Option<Box<Entry>>], desk: &mut Desk, moment: &Moment) {
        let length =
            if self.place.is_some_and(|place| place.twice) { BLOCK_MAX / 2 } else { BLOCK_MAX };
        let told_before = desk.events.len();
        if self.receive(entries, desk, moment) {
            self.mix(length, entries, desk);
        }
        self.transmit(length, entries, desk, moment);
        self.relay_digits(entries, &desk.events[told_before..]);
    }

    /// Takes what has come and lets pass what can. Whether anything is left to be mixed.
    fn receive(
        &mut self,
        entries: &mut [Option<Box<Entry>>],
        desk: &mut Desk,
        moment: &Moment,
    ) -> bool {
        let mut mixes = false;
        for (seat, passes) in self.passes.iter_mut().enumerate() {
            let Some(from) = self.room.seats().get(seat).map(|seat| seat.stream) else { continue };
            let to = self.room.passes(seat).map(|to| to.stream);
            *passes = false;
            if let Some(to) = to
                && let Ok([Some(from), Some(to)]) = entries.get_disjoint_mut([from, to])
                && from.stream.can_pass_to(&to.stream)
            {
                *passes = true;
                from.stream.keep_sound(false);
                from.receive(Some(to), desk, moment);
            } else if let Some(entry) = connected(entries, from) {
                mixes = true;
                entry.stream.keep_sound(true);
                entry.receive(None, desk, moment);
            }
        }
        mixes
    }

    fn mix(&mut self, length: usize, entries: &mut [Option<Box<Entry>>], desk: &mut Desk) {
        for seat in self.room.seats_mut() {
            let said =
                connected(entries, seat.stream).and_then(|entry| entry.stream.listen(length));
            seat.say(said);
        }
        self.with_music(&mut desk.events, |room, tell| room.mix(length, tell));
    }

    fn transmit(
        &mut self,
        length: usize,
        entries: &mut [Option<Box<Entry>>],
        desk: &mut Desk,
        moment: &Moment,
    ) {
        let mut block = [0; BLOCK_MAX];
        let forwarded = match self.passes[..] {
            [first, second] => [second, first],
            _ => [false; 2],
        };
        let all_pass = forwarded == [true; 2];
        for (number, seat) in self.room.seats().iter().enumerate() {
            let Some(entry) = connected(entries, seat.stream) else { continue };
            let hears = if forwarded.get(number) == Some(&true) {
                Hears::Forwarded
            } else if !all_pass && self.room.hear(number, &mut block) {
                Hears::Mix(&block[..length])
            } else {
                Hears::Nothing
            };
            entry.transmit(length, hears, desk, moment);
        }
    }

    fn relay_digits(&self, entries: &mut [Option<Box<Entry>>], told: &[StreamEvent]) {
        for (id, event) in told {
            if !matches!(event, Event::DigitStarted(_) | Event::Digit(_)) {
                continue;
            }
            let is_from = |seat: &Seat| {
                entries.get(seat.stream).and_then(Option::as_ref).is_some_and(|e| e.id == *id)
            };
            let Some(number) = self.room.seats().iter().position(is_from) else { continue };
            if !self.room.seats()[number].relays_digits {
                continue;
            }
            if let Some(to) = self.room.other(number)
                && let Some(entry) = connected(entries, to.stream)
            {
                match event {
                    Event::DigitStarted(key) => entry.stream.relay_press(*key),
                    Event::Digit(digit) => entry.stream.relay_digit(*digit),
                    _ => {}
                }
            }
        }
    }

    /// Leaves a seat.
    pub fn leave(&mut self, seat: u64) {
        self.room.leave(seat);
        self.passes.truncate(self.room.seats().len());
    }
}

fn connected(entries: &mut [Option<Box<Entry>>], index: usize) -> Option<&mut Box<Entry>> {
    entries.get_mut(index)?.as_mut().filter(|entry| entry.stream.is_connected())
}
