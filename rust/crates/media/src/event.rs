//! What a stream tells its owner.

use std::net::SocketAddr;

use crate::dtmf::{Digit, Key};
use crate::hearing::cadence::Kind;
use crate::play::Finished;

/// Something that happened on a stream. Times count from its first connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The far end presses a key; a digit follows when it is let go.
    DigitStarted(Key),
    /// The far end pressed a key and let it go.
    Digit(Digit),
    /// A playback is over.
    PlaybackFinished(Finished),
    /// The far end began to speak.
    SpeechStarted {
        /// When.
        at_ms: u64,
    },
    /// The far end stopped speaking.
    SpeechStopped {
        /// When.
        at_ms: u64,
        /// How long it spoke.
        speech_ms: u64,
    },
    /// Speech that is certain to be neither a tone nor noise began. Only while tones are watched.
    VoiceStarted {
        /// When.
        at_ms: u64,
    },
    /// It ended.
    VoiceStopped {
        /// When.
        at_ms: u64,
        /// How long it was.
        ms: u64,
    },
    /// A tone began whose kind only its length and repetition will show. Only while tones are watched.
    ToneHeard {
        /// When.
        at_ms: u64,
    },
    /// A tone began. Only while tones are watched.
    ToneStarted {
        /// What it is.
        kind: Kind,
        /// Its frequency, of two the lower one.
        millihertz: u32,
        /// Mean square deviation of the frequency, in thousandths of a square hertz.
        variance: u32,
        /// When.
        at_ms: u64,
    },
    /// The tone ended.
    ToneStopped {
        /// As it began.
        kind: Kind,
        /// When.
        at_ms: u64,
        /// How long it was.
        ms: u64,
    },
    /// The far end has not spoken for as long as was asked.
    Silence {
        /// How long.
        ms: u64,
    },
    /// Nothing at all has come for as long as the plan allows.
    MediaTimeout {
        /// How long.
        ms: u64,
    },
    /// The first packet of the far end.
    FirstPacket {
        /// When.
        at_ms: u64,
    },
    /// The far end sends from another address than it said; it is answered there from now on.
    RemoteLatched {
        /// Where it is.
        source: SocketAddr,
    },
    /// The digits with this number have been sent.
    DigitsSent {
        /// As given with them.
        id: u64,
    },
    /// A tap has sound to take.
    TapReady {
        /// Which one.
        id: u64,
    },
    /// Everything before a mark was played.
    MarkPlayed {
        /// Of which injection.
        id: u64,
        /// Which one.
        mark: u64,
    },
    /// An injection has nothing left to play.
    InjectionDrained {
        /// Which one.
        id: u64,
    },
    /// A recording ended because its file could not be written.
    RecordingFailed {
        /// Which one.
        id: u64,
        /// What the system said: an error number, zero if it said none.
        error: i32,
    },
}
