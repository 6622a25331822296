//! Sounds under a call: a few players side by side, each with its own loudness.

use crate::codec::Law;
use crate::gain::Gain;
use crate::play::{Finished, Playback, Player};
use crate::playout::BLOCK_MAX;

/// Tracks one stream has.
pub const TRACKS_MAX: usize = 4;

/// What can be done with a track.
#[derive(Debug)]
pub enum TrackAction {
    /// Plays at once; what played on this track is cut.
    Play(Playback, Gain),
    /// Plays after what plays.
    Queue(Playback),
    /// Makes it louder or fainter.
    Gain(Gain),
    /// Cuts what plays and what waits.
    Silence,
}

/// The tracks of one stream.
#[derive(Debug, Default)]
pub struct Tracks {
    players: [Player; TRACKS_MAX],
    gains: [Gain; TRACKS_MAX],
}

impl Tracks {
    /// Does something with one track. There are [`TRACKS_MAX`]; others do nothing.
    pub fn act(&mut self, track: usize, action: TrackAction, told: impl FnMut(Finished)) {
        let (Some(player), Some(gain)) = (self.players.get_mut(track), self.gains.get_mut(track))
        else {
            return;
        };
        match action {
            TrackAction::Play(playback, louder) => {
                *gain = louder;
                player.play(playback, told);
            }
            TrackAction::Queue(playback) => player.queue(playback),
            TrackAction::Gain(louder) => *gain = louder,
            TrackAction::Silence => player.stop(told),
        }
    }

    /// Whether nothing plays on any track.
    #[must_use]
    pub fn are_idle(&self) -> bool {
        self.players.iter().all(Player::is_idle)
    }

    /// Adds what plays to `sum`, which is at most [`BLOCK_MAX`] long.
    pub fn mix_into(&mut self, sum: &mut [f32], mut told: impl FnMut(Finished)) {
        let mut bytes = [0; BLOCK_MAX];
        let Some(bytes) = bytes.get_mut(..sum.len()) else { return };
        for (player, gain) in self.players.iter_mut().zip(self.gains) {
            if !player.is_idle() && player.fill(bytes, Law::Mu, &mut told) {
                add(sum, bytes, Law::Mu, gain);
            }
        }
    }
}

/// Adds encoded sound to a sum.
pub fn add(sum: &mut [f32], bytes: &[u8], law: Law, gain: Gain) {
    let (table, factor) = (law.table(), gain.factor());
    for (sum, &byte) in sum.iter_mut().zip(bytes) {
        *sum += f32::from(table[usize::from(byte)]) * factor;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::play::Sound;

    fn playback(id: u64, level: i16, ms: usize, loops: u32) -> Playback {
        let sound = Sound::encode(&vec![level; ms * 8], 8000, Law::Mu);
        Playback::new(id, Arc::new(sound), loops, 0)
    }

    fn mixed(tracks: &mut Tracks) -> f32 {
        let mut sum = [0.0; 160];
        tracks.mix_into(&mut sum, |_| ());
        sum[80]
    }

    #[test]
    fn tracks_add_up_each_with_its_loudness() {
        let mut tracks = Tracks::default();
        let quiet = Gain::from_db(-20.0);
        tracks.act(0, TrackAction::Play(playback(1, 8031, 100, 0), Gain::UNITY), |_| ());
        tracks.act(3, TrackAction::Play(playback(2, 8031, 100, 0), quiet), |_| ());
        let both = mixed(&mut tracks);
        tracks.act(0, TrackAction::Silence, |_| ());
        let level = f32::from(Law::Mu.decode(Law::Mu.encode(8031)));

        assert!((both - level * 1.1).abs() < 1.0, "{both}");
        assert!((mixed(&mut tracks) - level * 0.1).abs() < 1.0);
    }

    #[test]
    fn an_unknown_track_plays_nothing() {
        let mut tracks = Tracks::default();
        tracks.act(4, TrackAction::Play(playback(1, 8031, 100, 0), Gain::UNITY), |_| ());

        assert!(tracks.are_idle());
    }

    #[test]
    fn the_end_of_a_track_is_told() {
        let mut tracks = Tracks::default();
        let mut ends = Vec::new();
        tracks.act(1, TrackAction::Play(playback(7, 8031, 20, 1), Gain::UNITY), |_| ());
        tracks.mix_into(&mut [0.0; 160], |end| ends.push(end));

        assert_eq!(ends, [Finished { id: 7, played_ms: 20, cut: false }]);
        assert!(tracks.are_idle());
    }
}
