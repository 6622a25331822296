//! Who hears whom: the seats of one room, and the sum of what is said in it.
//!
//! Each beat the owner hands in what every seat says, asks for the sum once, and takes for each seat the sum
//! without itself. Of many voices only the loudest are heard: what fifty quiet lines add up to is noise.
//!
//! Two seats that can hear each other as they are need no sum at all; see [`Room::passes`].

use crate::codec::Law;
use crate::gain::Gain;
use crate::play::{Finished, Playback, Player};
use crate::playout::BLOCK_MAX;
use crate::track::add;

/// Voices heard at once.
const VOICES_MAX: usize = 8;
/// What is left of a voice's level after a block without it: it keeps its turn for about half a second.
const LEVEL_KEPT: f32 = 0.85;
/// The loudest sum that is let through as it is.
const LOUDEST: f32 = 32_000.0;
/// How fast a sum that was too loud becomes itself again, in each block.
const RECOVERY: f32 = 1.05;

/// One stream's place in a room.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Seat {
    /// Names this stay in this room.
    pub id: u64,
    /// What the owner knows the stream by.
    pub stream: usize,
    /// Is not heard by anybody.
    pub muted: bool,
    /// Does not hear the room.
    pub deaf: bool,
    /// Is heard by these seats only.
    pub coached: Option<Box<[u64]>>,
    /// What this seat's far end presses is pressed for the other one.
    pub relays_digits: bool,
    block: [f32; BLOCK_MAX],
    /// Whether there is anything in the block.
    says: bool,
    level: f32,
    /// How much of it was in the last sum: a voice comes and goes within a block, not at once.
    share: f32,
}

impl Seat {
    /// A seat that nobody is muted or coached at.
    #[must_use]
    pub const fn new(id: u64, stream: usize, speaks: bool, hears: bool) -> Self {
        Self {
            id,
            stream,
            muted: !speaks,
            deaf: !hears,
            coached: None,
            relays_digits: false,
            block: [0.0; BLOCK_MAX],
            says: false,
            level: 0.0,
            share: 0.0,
        }
    }

    /// Takes what the far end said in this beat.
    pub fn say(&mut self, samples: Option<&[i16]>) {
        self.says = samples.is_some();
        let Some(samples) = samples else { return };
        for (to, &from) in self.block.iter_mut().zip(samples) {
            *to = f32::from(from);
        }
    }

    fn is_audible_to(&self, listener: &Self) -> bool {
        !self.muted && self.coached.as_ref().is_none_or(|few| few.contains(&listener.id))
    }

    fn measure(&mut self, length: usize) {
        let power: f32 = if self.says && !self.muted {
            self.block[..length].iter().map(|sample| sample * sample).sum()
        } else {
            0.0
        };
        self.level = power.max(self.level * LEVEL_KEPT);
    }

    /// Moves its share to what it is to be; whether anything is left to hear.
    fn blend(&mut self, length: usize, wanted: bool) {
        let target = f32::from(u8::from(wanted && self.says && !self.muted));
        let (from, step) = (self.share, (target - self.share) / length as f32);
        self.share = if self.says { target } else { 0.0 };
        if from + target == 0.0 {
            self.says = false;
        } else if (from - target).abs() > f32::EPSILON {
            for (n, sample) in (1..=length as u16).zip(&mut self.block[..length]) {
                *sample *= step.mul_add(f32::from(n), from);
            }
        }
    }
}

/// Some seats, and what is played to all of them.
#[derive(Debug)]
pub struct Room {
    seats: Vec<Seat>,
    music: Player,
    sum: [f32; BLOCK_MAX],
    length: usize,
    /// Seats in the sum, seats that only few hear, and whether music is in the sum.
    voices: usize,
    coaches: usize,
    plays: bool,
    /// What the last sum was multiplied with, and what this one is.
    louder: (f32, f32),
}

impl Default for Room {
    fn default() -> Self {
        Self {
            seats: Vec::new(),
            music: Player::default(),
            sum: [0.0; BLOCK_MAX],
            length: 0,
            voices: 0,
            coaches: 0,
            plays: false,
            louder: (1.0, 1.0),
        }
    }
}

impl Room {
    /// Takes a seat.
    pub fn sit(&mut self, seat: Seat) {
        self.seats.push(seat);
    }

    /// Leaves a seat.
    pub fn leave(&mut self, id: u64) {
        self.seats.retain(|seat| seat.id != id);
    }

    /// All seats.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// All seats, to be changed.
    pub fn seats_mut(&mut self) -> &mut [Seat] {
        &mut self.seats
    }

    /// The seat with this name.
    pub fn seat_mut(&mut self, id: u64) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.id == id)
    }

    /// Plays to all seats at once; everything before it is cut.
    pub fn play(&mut self, playback: Playback, told: impl FnMut(Finished)) {
        self.music.play(playback, told);
    }

    /// Plays after everything before it.
    pub fn queue(&mut self, playback: Playback) {
        self.music.queue(playback);
    }

    /// Cuts what plays and what waits.
    pub fn stop_playback(&mut self, told: impl FnMut(Finished)) {
        self.music.stop(told);
    }

    /// The other of two seats.
    #[must_use]
    pub fn other(&self, seat: usize) -> Option<&Seat> {
        match (self.seats.as_slice(), seat) {
            ([_, other], 0) | ([other, _], 1) => Some(other),
            _ => None,
        }
    }

    /// The only seat that hears this one, and nothing else: packets can pass as they are.
    #[must_use]
    pub fn passes(&self, seat: usize) -> Option<&Seat> {
        let from = self.seats.get(seat)?;
        let to = self.other(seat)?;
        (self.music.is_idle() && from.is_audible_to(to) && !to.deaf).then_some(to)
    }

    /// Adds up what all seats said in this beat, and the music.
    pub fn mix(&mut self, length: usize, told: impl FnMut(Finished)) {
        self.length = length.min(BLOCK_MAX);
        let length = self.length;
        self.seats.iter_mut().for_each(|seat| seat.measure(length));
        let faintest = self.faintest_voice();
        let louder = self.seats.iter().filter(|seat| seat.level > faintest).count();
        // Of those that are equally faint, the first ones.
        let mut places = VOICES_MAX.saturating_sub(louder);
        self.sum = [0.0; BLOCK_MAX];
        (self.voices, self.coaches) = (0, 0);
        for seat in &mut self.seats {
            let is_louder = seat.level > faintest;
            let takes_place = !is_louder && seat.level >= faintest && places > 0;
            places -= usize::from(takes_place);
            seat.blend(length, is_louder || takes_place);
            if !seat.says {
                continue;
            }
            if seat.coached.is_some() {
                self.coaches += 1;
            } else {
                self.voices += 1;
                add_block(&mut self.sum, &seat.block, 1.0);
            }
        }
        self.play_music(told);
        let peak = self.sum[..length].iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let allowed = if peak > LOUDEST { LOUDEST / peak } else { 1.0 };
        self.louder = (self.louder.1, (self.louder.1 * RECOVERY).min(allowed));
    }

    /// What one seat hears of this beat. False when that is nothing.
    pub fn hear(&self, seat: usize, block: &mut [i16; BLOCK_MAX]) -> bool {
        let Some(listener) = self.seats.get(seat).filter(|seat| !seat.deaf) else { return false };
        let own = listener.says && listener.coached.is_none();
        let mut sum = self.sum;
        let mut heard = self.plays || self.voices > usize::from(own);
        if own {
            add_block(&mut sum, &listener.block, -1.0);
        }
        if self.coaches > 0 {
            let few = self.seats.iter().filter(|seat| seat.says && seat.coached.is_some());
            for coach in few.filter(|seat| seat.id != listener.id && seat.is_audible_to(listener)) {
                heard = true;
                add_block(&mut sum, &coach.block, 1.0);
            }
        }
        if heard {
            let (from, to) = self.louder;
            let step = (to - from) / self.length.max(1) as f32;
            for (n, (sample, sum)) in (1..=BLOCK_MAX as u16).zip(block.iter_mut().zip(sum)) {
                *sample = (sum * step.mul_add(f32::from(n), from)) as i16;
            }
        }
        heard
    }

    fn play_music(&mut self, told: impl FnMut(Finished)) {
        let mut bytes = [0; BLOCK_MAX];
        let bytes = &mut bytes[..self.length];
        self.plays = !self.music.is_idle() && self.music.fill(bytes, Law::Mu, told);
        if self.plays {
            add(&mut self.sum[..self.length], bytes, Law::Mu, Gain::UNITY);
        }
    }

    /// The level of the last of the loudest voices.
    fn faintest_voice(&self) -> f32 {
        let mut loudest = [0.0_f32; VOICES_MAX];
        for seat in &self.seats {
            let mut level = seat.level;
            for place in &mut loudest {
                if level > *place {
                    std::mem::swap(&mut level, place);
                }
            }
        }
        loudest[VOICES_MAX - 1]
    }
}

fn add_block(sum: &mut [f32; BLOCK_MAX], block: &[f32; BLOCK_MAX], factor: f32) {
    for (sum, sample) in sum.iter_mut().zip(block) {
        *sum += sample * factor;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::play::Sound;

    const BLOCK: usize = BLOCK_MAX;

    fn room(seats: usize) -> Room {
        let mut room = Room::default();
        for number in 0..seats {
            room.sit(Seat::new(number as u64, number, true, true));
        }
        room
    }

    /// One beat in which every seat says a constant, zero being nothing.
    fn beat(room: &mut Room, said: &[i16]) {
        for (seat, &level) in room.seats_mut().iter_mut().zip(said) {
            seat.say((level != 0).then_some(&[level; BLOCK][..]));
        }
        room.mix(BLOCK, |_| ());
    }

    /// The same often enough that nobody is still coming or going.
    fn settle(room: &mut Room, said: &[i16]) {
        for _ in 0..40 {
            beat(room, said);
        }
    }

    /// The last sample each seat hears; none when it hears nothing.
    fn heard(room: &Room) -> Vec<Option<i16>> {
        let last = |seat| {
            let mut block = [0; BLOCK];
            room.hear(seat, &mut block).then(|| block[BLOCK - 1])
        };
        (0..room.seats().len()).map(last).collect()
    }

    fn music(level: i16, loops: u32) -> Playback {
        let sound = Sound::encode(&[level; BLOCK], 8000, Law::Mu);
        Playback::new(1, Arc::new(sound), loops, 0)
    }

    #[test]
    fn everybody_hears_all_but_themselves() {
        let mut room = room(3);
        settle(&mut room, &[100, 20, 3]);

        assert_eq!(heard(&room), [Some(23), Some(103), Some(120)]);
    }

    #[test]
    fn nobody_hears_anything_while_nobody_speaks() {
        let mut room = room(3);
        settle(&mut room, &[0, 0, 0]);
        assert_eq!(heard(&room), [None; 3]);

        settle(&mut room, &[7, 0, 0]);
        assert_eq!(heard(&room), [None, Some(7), Some(7)]);
    }

    #[test]
    fn a_voice_comes_and_goes_within_a_block_and_not_at_once() {
        let mut room = room(2);
        let mut block = [0; BLOCK];
        beat(&mut room, &[1600, 0]);
        room.hear(1, &mut block);
        assert_eq!((block[0], block[79], block[159]), (10, 800, 1600));

        room.seats_mut()[0].muted = true;
        beat(&mut room, &[1600, 0]);
        room.hear(1, &mut block);
        assert_eq!((block[0], block[79], block[159]), (1590, 800, 0));
        beat(&mut room, &[1600, 0]);
        assert_eq!(heard(&room), [None, None]);
    }

    #[test]
    fn a_deaf_seat_hears_nothing_and_is_heard() {
        let mut room = room(2);
        room.seats_mut()[0].deaf = true;
        settle(&mut room, &[100, 20]);

        assert_eq!(heard(&room), [None, Some(100)]);
    }

    #[test]
    fn a_coach_is_heard_by_few_and_hears_all() {
        let mut room = room(3);
        room.seats_mut()[0].coached = Some(Box::new([1]));
        settle(&mut room, &[100, 20, 3]);

        assert_eq!(heard(&room), [Some(23), Some(103), Some(20)]);
    }

    #[test]
    fn the_loudest_of_many_are_heard_and_the_noise_of_the_rest_is_not() {
        let mut room = room(50);
        let mut said = [5; 50];
        said[3] = 1000;
        said[40] = 2000;
        settle(&mut room, &said);

        let heard = heard(&room);
        // Two voices, and six of the quiet ones, which are all the same.
        let rest = heard[10].unwrap() - 3000;
        assert!((0..=5 * 48).contains(&rest), "{rest}");
        assert_eq!(heard[3].unwrap() - rest, 2000);
        assert_eq!(heard[40].unwrap() - rest, 1000);
    }

    #[test]
    fn at_most_eight_voices_are_heard_at_once() {
        let mut room = room(12);
        let said: Vec<i16> = (1..=12).map(|n| n * 100).collect();
        settle(&mut room, &said);

        // 500 to 1200; who is not among them hears all of them.
        assert_eq!(heard(&room)[0], Some(6800));
        assert_eq!(heard(&room)[11], Some(5600));
    }

    #[test]
    fn a_talker_keeps_its_turn_over_a_short_pause() {
        let mut room = room(12);
        let mut said = [0; 12];
        said[0] = 3000;
        settle(&mut room, &said);
        said = [100; 12];
        beat(&mut room, &said);

        assert!(room.seats()[0].share > 0.99);
    }

    #[test]
    fn many_loud_voices_are_made_fainter_and_not_cut() {
        let mut room = room(4);
        settle(&mut room, &[20_000, 20_000, 20_000, 0]);
        let loud = heard(&room)[3].unwrap();
        assert!((31_900..=32_000).contains(&loud), "{loud}");

        settle(&mut room, &[1000, 0, 0, 0]);
        assert_eq!(heard(&room)[3], Some(1000));
    }

    #[test]
    fn music_is_heard_by_all_with_what_is_said_and_its_end_is_told() {
        let mut room = room(2);
        room.play(music(8031, 0), |_| ());
        settle(&mut room, &[100, 0]);
        let level = Law::Mu.decode(Law::Mu.encode(8031));
        assert_eq!(heard(&room), [Some(level), Some(level + 100)]);

        let mut ends = Vec::new();
        room.play(music(8031, 1), |end| ends.push(end));
        room.mix(BLOCK, |end| ends.push(end));
        assert_eq!(ends.iter().map(|end| end.cut).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn packets_pass_between_two_that_hear_each_other_and_nothing_else() {
        let mut room = room(2);
        assert_eq!(room.passes(0).map(|to| to.stream), Some(1));
        assert_eq!(room.passes(1).map(|to| to.stream), Some(0));

        room.seats_mut()[0].muted = true;
        assert!(room.passes(0).is_none());
        assert!(room.passes(1).is_some());

        room.seats_mut()[0].deaf = true;
        assert!(room.passes(1).is_none());
    }

    #[test]
    fn no_packets_pass_beside_music_among_three_or_alone() {
        let mut two = room(2);
        two.play(music(100, 0), |_| ());
        assert!(two.passes(0).is_none());

        assert!(room(3).passes(0).is_none());
        assert!(room(1).passes(0).is_none());
    }

    #[test]
    fn short_beats_mix_as_long_ones_do() {
        let mut room = room(2);
        for _ in 0..3 {
            room.seats_mut()[0].say(Some(&[500; 80]));
            room.mix(80, |_| ());
        }
        let mut block = [0; BLOCK];

        assert!(room.hear(1, &mut block));
        assert_eq!(block[..80], [500; 80]);
    }
}
