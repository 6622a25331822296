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
        self.sum = [0.0; BLOCK_MAX];
        (self.voices, self.coaches) = (0, 0);
        for seat in &mut self.seats {
            seat.blend(length, seat.level >= faintest);
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

    /// The level that a voice needs to be among the loudest.
    fn faintest_voice(&self) -> f32 {
        if self.seats.len() <= VOICES_MAX {
            return 0.0;
        }
        let mut loudest = [0.0_f32; VOICES_MAX];
        for seat in &self.seats {
            let mut level = seat.level;
            for place in &mut loudest {
                if level > *place {
                    std::mem::swap(&mut level, place);
                }
            }
        }
        loudest[VOICES_MAX - 1].max(f32::MIN_POSITIVE)
    }
}

fn add_block(sum: &mut [f32; BLOCK_MAX], block: &[f32; BLOCK_MAX], factor: f32) {
    for (sum, sample) in sum.iter_mut().zip(block) {
        *sum += sample * factor;
    }
}
