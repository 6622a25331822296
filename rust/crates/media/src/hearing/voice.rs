//! Tells speech from tones and noise, later but more surely than [`crate::vad`].
//!
//! Speech is loud against the noise floor and holds vowels, whose spectrum is uneven. Every hop waits a
//! little, so that one that turns out to belong to a tone can be taken back before it counts.

use super::tone::HOP_MS;

/// Hops between hearing and deciding.
const DELAY: usize = 22;
/// Speech is this much above the noise floor.
const ABOVE_FLOOR_DB: f32 = 8.0;
/// Nothing below is speech. Relative to full scale.
const FAINTEST_DB: f32 = -48.0;
const FLOOR_START_DB: f32 = -58.0;
const FLOOR_LOWEST_DB: f32 = -70.0;
const FLOOR_HIGHEST_DB: f32 = -30.0;
/// The floor is the faintest moment of this many blocks of this many hops.
const BLOCKS: usize = 8;
const BLOCK_HOPS: u8 = 20;
/// Noise has a spectrum more even than this.
const EVENNESS_MAX: f32 = 0.3;
/// Vowels that make a sound speech.
const VOWEL_HOPS: u8 = 6;
/// What belongs to a word before its first and after its last vowel.
const BEFORE_MS: u64 = 100;
const AFTER_MS: u64 = 150;
/// A pause inside speech is shorter.
const PAUSE_MS: u64 = 300;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Speech began at this time.
    Started(u64),
    /// It ended at this time, after so many milliseconds.
    Stopped(u64, u64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Hop {
    is_loud: bool,
    is_vowel: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Quiet,
    Sound {
        since_ms: u64,
        until_ms: u64,
        vowels: u8,
        first_vowel_ms: u64,
    },
    Speech {
        since_ms: u64,
        vowel_ms: u64,
        until_ms: u64,
    },
}

/// Listens to one direction of one stream.
#[derive(Debug)]
pub struct Voice {
    line: [Hop; DELAY],
    floor_db: [f32; BLOCKS],
    block: usize,
    block_hops: u8,
    state: State,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            line: [Hop::default(); DELAY],
            floor_db: [FLOOR_START_DB; BLOCKS],
            block: 0,
            block_hops: 0,
            state: State::Quiet,
        }
    }
}

impl Voice {
    /// Takes a hop that ends at `end_ms`, of minus infinity if it is no speech for certain; `evenness` only of
    /// one that is loud enough for a picture.
    pub fn hear(&mut self, level_db: f32, evenness: Option<f32>, end_ms: u64) -> Option<Turn> {
        let floor_db = self.floor_db.iter().copied().fold(f32::INFINITY, f32::min);
        let floor_db = floor_db.clamp(FLOOR_LOWEST_DB, FLOOR_HIGHEST_DB);
        let is_loud = level_db > FAINTEST_DB.max(floor_db + ABOVE_FLOOR_DB);
        let is_vowel = is_loud && evenness.is_some_and(|evenness| evenness < EVENNESS_MAX);
        if level_db.is_finite() {
            self.follow_floor(level_db);
        }
        let due = self.line[0];
        self.line.copy_within(1.., 0);
        self.line[DELAY - 1] = Hop { is_loud, is_vowel };
        self.decide(due, end_ms.saturating_sub((DELAY as u64 + 1) * HOP_MS))
    }

    /// The newest hops, from `from_ms` to `end_ms`, were no speech.
    pub fn take_back(&mut self, from_ms: u64, end_ms: u64) {
        let hops = (end_ms.saturating_sub(from_ms) / HOP_MS) as usize;
        self.line[DELAY - hops.min(DELAY)..].fill(Hop::default());
        if matches!(self.state, State::Sound { since_ms, .. } if since_ms >= from_ms) {
            self.state = State::Quiet;
        }
    }

    fn follow_floor(&mut self, level_db: f32) {
        if self.block_hops >= BLOCK_HOPS {
            self.block = (self.block + 1) % BLOCKS;
            self.block_hops = 0;
            self.floor_db[self.block] = level_db;
        }
        let faintest = &mut self.floor_db[self.block];
        *faintest = faintest.min(level_db);
        self.block_hops += 1;
    }

    fn decide(&mut self, hop: Hop, at_ms: u64) -> Option<Turn> {
        let end_ms = at_ms + HOP_MS;
        match &mut self.state {
            State::Quiet => {
                if hop.is_loud {
                    let since_ms = at_ms;
                    self.state =
                        State::Sound { since_ms, until_ms: at_ms, vowels: 0, first_vowel_ms: 0 };
                    return self.decide(hop, at_ms);
                }
            }
            State::Sound { since_ms, until_ms, vowels, first_vowel_ms } => {
                if hop.is_vowel {
                    if *vowels == 0 {
                        *first_vowel_ms = at_ms;
                    }
                    *vowels += 1;
                }
                if *vowels >= VOWEL_HOPS {
                    let since_ms = (*since_ms).max(first_vowel_ms.saturating_sub(BEFORE_MS));
                    self.state = State::Speech { since_ms, vowel_ms: end_ms, until_ms: end_ms };
                    return Some(Turn::Started(since_ms));
                }
                if hop.is_loud {
                    *until_ms = end_ms;
                } else if end_ms >= *until_ms + AFTER_MS {
                    self.state = State::Quiet;
                }
            }
            State::Speech { since_ms, vowel_ms, until_ms } => {
                if hop.is_vowel {
                    *vowel_ms = end_ms;
                }
                if hop.is_loud && end_ms <= *vowel_ms + AFTER_MS {
                    *until_ms = end_ms;
                } else if end_ms >= *until_ms + PAUSE_MS {
                    let turn = Turn::Stopped(*until_ms, *until_ms - *since_ms);
                    self.state = State::Quiet;
                    return Some(turn);
                }
            }
        }
        None
    }
}
