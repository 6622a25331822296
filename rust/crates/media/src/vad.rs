//! Hears whether somebody speaks, from the level of the sound against the noise around it.
//!
//! The noise floor is the faintest moment of the last second and a half: a line that hums becomes quiet, and
//! the pauses between syllables keep a talker from becoming noise. Speech must last a little before it
//! counts, and pauses inside a sentence do not end it.

use crate::codec::Law;

/// Speech is this much above the noise floor.
const ABOVE_FLOOR_DB: f32 = 9.0;
/// Nothing below this is speech, however quiet the line. Relative to full scale.
const FAINTEST_DB: f32 = -50.0;
/// Where the floor starts, before anything was heard.
const FLOOR_START_DB: f32 = -58.0;
/// A floor below this is digital silence; it would make every click speech.
const FLOOR_LOWEST_DB: f32 = -70.0;
/// A floor never hides sound above this level.
const FLOOR_HIGHEST_DB: f32 = -30.0;
/// The floor is the faintest moment of this many blocks of this length.
const BLOCKS: usize = 8;
const BLOCK_MS: u32 = 200;
/// A click is shorter than this.
const ONSET_MS: u32 = 60;
/// A pause inside speech is shorter than this.
const HANGOVER_MS: u32 = 400;

const FULL_SCALE_POWER: f32 = 32_768.0 * 32_768.0;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Speech began at this time.
    Started {
        /// Milliseconds since the stream began.
        at_ms: u64,
    },
    /// Speech ended at this time; the pause that proved it is not part of it.
    Stopped {
        /// Milliseconds since the stream began.
        at_ms: u64,
        /// How long the speech was.
        speech_ms: u64,
    },
}

/// Listens to one direction of one stream.
#[derive(Debug)]
pub struct SpeechDetector {
    noise: NoiseFloor,
    state: State,
}

#[derive(Debug)]
struct NoiseFloor {
    faintest_db: [f32; BLOCKS],
    block: usize,
    block_ms: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Quiet,
    Onset { since_ms: u64, loud_ms: u32, quiet_ms: u32 },
    Speech { since_ms: u64, until_ms: u64 },
}

impl Default for SpeechDetector {
    fn default() -> Self {
        Self { noise: NoiseFloor::default(), state: State::Quiet }
    }
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { faintest_db: [FLOOR_START_DB; BLOCKS], block: 0, block_ms: 0 }
    }
}

impl NoiseFloor {
    fn level_db(&self) -> f32 {
        let faintest = self.faintest_db.iter().copied().fold(f32::INFINITY, f32::min);
        faintest.clamp(FLOOR_LOWEST_DB, FLOOR_HIGHEST_DB)
    }

    fn follow(&mut self, level_db: f32, length_ms: u32) {
        if self.block_ms >= BLOCK_MS {
            self.block = (self.block + 1) % BLOCKS;
            self.block_ms = 0;
            self.faintest_db[self.block] = level_db;
        }
        let faintest = &mut self.faintest_db[self.block];
        *faintest = faintest.min(level_db);
        self.block_ms += length_ms;
    }
}

impl SpeechDetector {
    /// Whether somebody speaks now, as far as is proven.
    #[must_use]
    pub const fn is_speech(&self) -> bool {
        matches!(self.state, State::Speech { .. })
    }

    /// Takes the payload that starts at `at_ms`. Empty payloads change nothing.
    pub fn hear(&mut self, payload: &[u8], law: Law, at_ms: u64) -> Option<Turn> {
        let length_ms = (payload.len() / crate::codec::g711::PER_MS) as u32;
        if length_ms == 0 {
            return None;
        }
        let level_db = level_db(payload, law);
        let loud = level_db > FAINTEST_DB.max(self.noise.level_db() + ABOVE_FLOOR_DB);
        self.noise.follow(level_db, length_ms);
        self.advance(loud, at_ms, length_ms)
    }

    /// Tells that nothing arrived up to `now_ms`: speech ends when its pause has been long enough.
    pub fn hear_nothing(&mut self, now_ms: u64) -> Option<Turn> {
        match self.state {
            State::Speech { since_ms, until_ms } if now_ms >= until_ms + u64::from(HANGOVER_MS) => {
                self.state = State::Quiet;
                Some(Turn::Stopped { at_ms: until_ms, speech_ms: until_ms - since_ms })
            }
            _ => None,
        }
    }

    fn advance(&mut self, loud: bool, at_ms: u64, length_ms: u32) -> Option<Turn> {
        let end_ms = at_ms + u64::from(length_ms);
        match (&mut self.state, loud) {
            (State::Quiet, true) => {
                self.state = State::Onset { since_ms: at_ms, loud_ms: 0, quiet_ms: 0 };
                self.advance(true, at_ms, length_ms)
            }
            (State::Quiet, false) => None,
            (State::Onset { since_ms, loud_ms, .. }, true) => {
                let since_ms = *since_ms;
                *loud_ms += length_ms;
                if *loud_ms < ONSET_MS {
                    return None;
                }
                self.state = State::Speech { since_ms, until_ms: end_ms };
                Some(Turn::Started { at_ms: since_ms })
            }
            (State::Onset { quiet_ms, .. }, false) => {
                *quiet_ms += length_ms;
                if *quiet_ms >= ONSET_MS {
                    self.state = State::Quiet;
                }
                None
            }
            (State::Speech { until_ms, .. }, true) => {
                *until_ms = end_ms.max(*until_ms);
                None
            }
            (State::Speech { .. }, false) => self.hear_nothing(end_ms),
        }
    }
}

/// Mean level of a payload relative to full scale.
fn level_db(payload: &[u8], law: Law) -> f32 {
    let table = law.power_table();
    // Eight sums side by side: one alone would wait for each addition before the next.
    let mut sums = [0.0; 8];
    let (rows, rest) = payload.as_chunks::<8>();
    for row in rows {
        for (sum, &byte) in sums.iter_mut().zip(row) {
            *sum += table[usize::from(byte)];
        }
    }
    let rest: f32 = rest.iter().map(|&byte| table[usize::from(byte)]).sum();
    let mean = (sums.iter().sum::<f32>() + rest) / payload.len() as f32;
    10.0 * (mean / FULL_SCALE_POWER).max(1e-10).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: u64 = 20;

    /// A tone of this level, one frame long, as µ-law.
    fn frame(level_db: f32) -> Vec<u8> {
        let peak = 32_768.0 * 10_f32.powf(level_db / 20.0) * std::f32::consts::SQRT_2;
        (0..160_u16)
            .map(|n| {
                let angle = f32::from(n) * std::f32::consts::TAU * 400.0 / 8000.0;
                Law::Mu.encode((peak * angle.sin()) as i16)
            })
            .collect()
    }

    /// What is said about stretches of (milliseconds, level).
    fn turns(stretches: &[(u64, f32)]) -> Vec<Turn> {
        let mut detector = SpeechDetector::default();
        let mut now_ms = 0;
        let mut turns = Vec::new();
        for &(length_ms, level_db) in stretches {
            for _ in 0..length_ms / FRAME_MS {
                turns.extend(detector.hear(&frame(level_db), Law::Mu, now_ms));
                now_ms += FRAME_MS;
            }
        }
        turns
    }

    #[test]
    fn speech_is_timed_from_its_first_sound_to_its_last() {
        let heard = turns(&[(1000, -60.0), (800, -20.0), (1000, -60.0)]);

        assert_eq!(
            heard,
            [Turn::Started { at_ms: 1000 }, Turn::Stopped { at_ms: 1800, speech_ms: 800 }]
        );
    }

    #[test]
    fn a_pause_between_words_does_not_end_speech() {
        let heard = turns(&[(400, -60.0), (400, -20.0), (300, -60.0), (400, -20.0), (800, -60.0)]);

        assert_eq!(
            heard,
            [Turn::Started { at_ms: 400 }, Turn::Stopped { at_ms: 1500, speech_ms: 1100 }]
        );
    }

    #[test]
    fn a_click_is_no_speech() {
        assert_eq!(turns(&[(400, -60.0), (40, -10.0), (800, -60.0)]), []);
    }

    #[test]
    fn steady_line_noise_becomes_the_floor_and_a_talker_above_it_is_heard() {
        let mut noisy = vec![(3000, -42.0)];
        let noise_alone = turns(&noisy);
        noisy.extend([(600, -22.0), (1000, -42.0)]);
        let with_talker = turns(&noisy);

        assert!(
            matches!(
                noise_alone[..],
                [Turn::Started { at_ms: 0 }, Turn::Stopped { at_ms: ..2000, .. }]
            ),
            "{noise_alone:?}"
        );
        assert!(with_talker.contains(&Turn::Started { at_ms: 3000 }), "{with_talker:?}");
    }

    #[test]
    fn speech_ends_when_packets_stop_coming() {
        let mut detector = SpeechDetector::default();
        for n in 0..10 {
            detector.hear(&frame(-20.0), Law::Mu, n * FRAME_MS);
        }

        assert_eq!(detector.hear_nothing(599), None);
        assert_eq!(detector.hear_nothing(600), Some(Turn::Stopped { at_ms: 200, speech_ms: 200 }));
        assert!(!detector.is_speech());
    }
}
