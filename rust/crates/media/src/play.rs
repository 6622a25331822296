//! Plays encoded sounds: one after the other without a gap, each as often as asked.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::codec::Law;
use crate::codec::g711::{PER_MS, RATE_HZ};
use crate::resample::resample;

/// A sound encoded once, shared by all streams that play it.
#[derive(Debug)]
pub struct Sound {
    law: Law,
    bytes: Box<[u8]>,
}

impl Sound {
    /// Encodes samples at any rate above zero. Not for the audio thread: it works through all of them.
    #[must_use]
    pub fn encode(samples: &[i16], rate_hz: u32, law: Law) -> Self {
        let bytes = if rate_hz == RATE_HZ {
            samples.iter().map(|&sample| law.encode(sample)).collect()
        } else {
            resample(samples, rate_hz, RATE_HZ).iter().map(|&sample| law.encode(sample)).collect()
        };
        Self { law, bytes }
    }

    /// Its length, one byte for each sample.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing to hear.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// One request to play a sound.
#[derive(Clone, Debug)]
pub struct Playback {
    id: u64,
    sound: Arc<Sound>,
    /// None plays for ever.
    loops_left: Option<u32>,
    position: usize,
    played: u64,
}

impl Playback {
    /// Plays `sound` `loops` times, zero meaning for ever; the first time from `offset_ms`.
    #[must_use]
    pub fn new(id: u64, sound: Arc<Sound>, loops: u32, offset_ms: u32) -> Self {
        let position = (offset_ms as usize * PER_MS).min(sound.len());
        // An empty sound looped for ever would never let the next one play.
        let loops_left = if sound.is_empty() { Some(1) } else { (loops > 0).then_some(loops) };
        Self { id, sound, loops_left, position, played: 0 }
    }

    fn finished(&self, cut: bool) -> Finished {
        Finished { id: self.id, played_ms: self.played / PER_MS as u64, cut }
    }

    /// Copies into `frame` what is left of this round and starts the next one; how much was copied, or
    /// nothing when all rounds are over.
    fn copy_to(&mut self, frame: &mut [u8], law: Law) -> Option<usize> {
        if self.position == self.sound.len() {
            match &mut self.loops_left {
                Some(0 | 1) => return None,
                Some(left) => *left -= 1,
                None => {}
            }
            self.position = 0;
        }
        let rest = &self.sound.bytes[self.position..];
        let count = rest.len().min(frame.len());
        let (from, to) = (&rest[..count], &mut frame[..count]);
        match self.sound.law.into_law(law) {
            None => to.copy_from_slice(from),
            Some(table) => {
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = table[usize::from(from)];
                }
            }
        }
        self.position += count;
        self.played += count as u64;
        Some(count)
    }
}

/// The end of a playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Which one.
    pub id: u64,
    /// How much of it went out, all rounds together.
    pub played_ms: u64,
    /// Whether it was ended before its end.
    pub cut: bool,
}

/// What plays on a stream, and what waits to play after it.
#[derive(Debug, Default)]
pub struct Player {
    playing: Option<Playback>,
    waiting: VecDeque<Playback>,
}

impl Player {
    /// Whether nothing plays.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.playing.is_none()
    }

    /// Plays at once; everything before it is cut.
    pub fn play(&mut self, playback: Playback, told: impl FnMut(Finished)) {
        self.stop(told);
        self.playing = Some(playback);
    }

    /// Plays after everything before it.
    pub fn queue(&mut self, playback: Playback) {
        if self.playing.is_none() {
            self.playing = Some(playback);
        } else {
            self.waiting.push_back(playback);
        }
    }

    /// Cuts what plays and what waits.
    pub fn stop(&mut self, mut told: impl FnMut(Finished)) {
        for playback in self.playing.take().into_iter().chain(self.waiting.drain(..)) {
            told(playback.finished(true));
        }
    }

    /// Fills a frame with what plays next and silence after it. Whether any of it is sound.
    pub fn fill(&mut self, frame: &mut [u8], law: Law, mut told: impl FnMut(Finished)) -> bool {
        let mut filled = 0;
        while let Some(playing) = &mut self.playing {
            if filled == frame.len() && playing.position < playing.sound.len() {
                return true;
            }
            if let Some(count) = playing.copy_to(&mut frame[filled..], law) {
                filled += count;
            } else {
                told(playing.finished(false));
                self.playing = self.waiting.pop_front();
            }
        }
        frame[filled..].fill(law.silence());
        filled > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound of `ms` milliseconds, each one a byte `first + n`.
    fn sound(first: u8, ms: u8) -> Arc<Sound> {
        let bytes = (0..ms).flat_map(|n| [first + n; PER_MS]).collect();
        Arc::new(Sound { law: Law::Mu, bytes })
    }

    /// The first byte of each millisecond of the next frames, and what finished meanwhile.
    fn run(player: &mut Player, frames: usize, frame_ms: usize) -> (Vec<u8>, Vec<Finished>) {
        let mut heard = Vec::new();
        let mut finished = Vec::new();
        for _ in 0..frames {
            let mut frame = vec![0; frame_ms * PER_MS];
            player.fill(&mut frame, Law::Mu, |end| finished.push(end));
            heard.extend(frame.iter().step_by(PER_MS));
        }
        (heard, finished)
    }

    const QUIET: u8 = 0xFF;

    #[test]
    fn a_sound_plays_to_its_end_and_silence_follows() {
        let mut player = Player::default();
        player.queue(Playback::new(1, sound(10, 3), 1, 0));

        let (heard, finished) = run(&mut player, 2, 2);

        assert_eq!(heard, [10, 11, 12, QUIET]);
        assert_eq!(finished, [Finished { id: 1, played_ms: 3, cut: false }]);
        assert!(player.is_idle());
    }

    #[test]
    fn the_end_is_told_with_its_last_frame() {
        let mut player = Player::default();
        player.queue(Playback::new(1, sound(10, 2), 1, 0));

        let (_, finished) = run(&mut player, 1, 2);

        assert_eq!(finished.len(), 1);
    }

    #[test]
    fn queued_sounds_follow_without_a_gap() {
        let mut player = Player::default();
        player.queue(Playback::new(1, sound(10, 3), 1, 0));
        player.queue(Playback::new(2, sound(20, 3), 1, 0));

        let (heard, finished) = run(&mut player, 3, 2);

        assert_eq!(heard, [10, 11, 12, 20, 21, 22]);
        assert_eq!(finished.iter().map(|end| end.id).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn loops_count_from_the_offset_of_the_first() {
        let mut player = Player::default();
        player.queue(Playback::new(1, sound(10, 3), 2, 2));

        let (heard, finished) = run(&mut player, 5, 1);

        assert_eq!(heard, [12, 10, 11, 12, QUIET]);
        assert_eq!(finished, [Finished { id: 1, played_ms: 4, cut: false }]);
    }

    #[test]
    fn a_short_sound_looped_for_ever_fills_every_frame() {
        let mut player = Player::default();
        player.queue(Playback::new(1, sound(10, 1), 0, 0));

        let (heard, finished) = run(&mut player, 2, 5);

        assert_eq!(heard, [10; 10]);
        assert_eq!(finished, []);
    }

    #[test]
    fn a_new_sound_cuts_what_plays_and_what_waits() {
        let mut player = Player::default();
        let mut finished = Vec::new();
        player.queue(Playback::new(1, sound(10, 9), 1, 0));
        player.queue(Playback::new(2, sound(20, 9), 1, 0));
        run(&mut player, 1, 4);

        player.play(Playback::new(3, sound(30, 2), 1, 0), |end| finished.push(end));

        assert_eq!(
            finished,
            [
                Finished { id: 1, played_ms: 4, cut: true },
                Finished { id: 2, played_ms: 0, cut: true }
            ]
        );
        assert_eq!(run(&mut player, 1, 2).0, [30, 31]);
    }

    #[test]
    fn empty_sounds_and_offsets_past_the_end_finish_at_once() {
        let mut player = Player::default();
        player.queue(Playback::new(1, sound(10, 0), 0, 0));
        player.queue(Playback::new(2, sound(10, 2), 1, 500));

        let (heard, finished) = run(&mut player, 1, 1);

        assert_eq!(heard, [QUIET]);
        assert_eq!(finished.len(), 2);
    }

    #[test]
    fn a_sound_of_the_other_law_is_translated() {
        let mut player = Player::default();
        let loud = Sound::encode(&[32_124; 80], 8000, Law::Mu);
        player.queue(Playback::new(1, Arc::new(loud), 1, 0));
        let mut frame = [0; 160];

        player.fill(&mut frame, Law::A, |_| ());

        assert_eq!(frame[0], Law::A.encode(32_124));
        assert_eq!(frame[159], Law::A.silence());
    }
}
