//! Tells what a tone is: a mailbox's beep, ringing, busy, dialling or information tones, or a pressed key.
//!
//! Pairs of low tones are call progress. A single low tone may be a beep, or ringing or busy as most of the
//! world has them (425 Hz): its length decides, and whether it is repeated soon. Until then it is held back;
//! times are those of the sound, not of the telling.

use super::tone::{Burst, Shape};

/// What a tone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mailbox records from its end on.
    Beep,
    /// Another phone rings.
    Ringback,
    /// Busy or congestion.
    Busy,
    /// Dial tone.
    Dial,
    /// Three rising notes before an announcement of the network.
    Information,
}

/// What to tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// A tone began at this time that has no kind yet: a start and an end will follow.
    Heard(u64),
    /// A tone of this kind began, with the facts of its first part.
    Started(Kind, Burst),
    /// It ended: when, and how long it was.
    Stopped(Kind, u64, u64),
}

/// Single tones of call progress: 400 to 480 Hz, and their tolerances.
const LOW_HZ: std::ops::RangeInclusive<f32> = 380.0..=505.0;
/// The most frequent of them, whose ringing may be shorter than elsewhere.
const CEPT_HZ: std::ops::RangeInclusive<f32> = 412.0..=438.0;
/// A single low tone this long is ringing.
const RING_MS: u64 = 950;
const CEPT_RING_MS: u64 = 750;
/// Busy and congestion repeat within this time.
const BUSY_GAP_MS: u64 = 700;
/// Ringing repeats within this time.
const RING_GAP_MS: u64 = 6000;
/// Tones that follow closer than this are one: two-step beeps, information tones.
const STEP_GAP_MS: u64 = 60;
/// A tone is recognised this much after it began, at the latest.
const RECOGNISED_MS: u64 = 200;
/// First and second of the information tones, with the variants of North America.
const FIRST_NOTE_HZ: std::ops::RangeInclusive<f32> = 890.0..=995.0;
const SECOND_NOTE_HZ: std::ops::RangeInclusive<f32> = 1345.0..=1455.0;
const NOTE_MS_MAX: u64 = 420;
/// Dial tone has the only pair that begins this low.
const DIAL_HZ_MAX: f32 = 380.0;
/// Only pairs of busy tones reach this high.
const BUSY_HZ_MIN: f32 = 560.0;
const DTMF_LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const DTMF_HIGH_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const DTMF_TOLERANCE: f32 = 0.025;

/// What a burst may turn out to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Nature {
    Is(Kind),
    /// Beep, ringing or busy.
    Low,
    /// Beep, or the first of the information tones.
    FirstNote,
    Key,
}

#[derive(Clone, Copy, Debug)]
struct Present {
    burst: Burst,
    nature: Nature,
    ended: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Past {
    kind: Kind,
    shape: Shape,
    ended: u64,
}

/// Follows the tones of one line.
#[derive(Debug, Default)]
pub struct Cadence {
    present: Option<Present>,
    past: Option<Past>,
}

impl Nature {
    fn of(shape: Shape) -> Self {
        let hz = shape.hz;
        match shape.second_hz {
            Some(second) if shape.is_progress_pair() => Self::Is(if second >= BUSY_HZ_MIN {
                Kind::Busy
            } else if hz < DIAL_HZ_MAX {
                Kind::Dial
            } else {
                Kind::Ringback
            }),
            Some(second) if is_near(hz, &DTMF_LOW_HZ) && is_near(second, &DTMF_HIGH_HZ) => {
                Self::Key
            }
            None if LOW_HZ.contains(&hz) => Self::Low,
            None if FIRST_NOTE_HZ.contains(&hz) => Self::FirstNote,
            Some(_) | None => Self::Is(Kind::Beep),
        }
    }
}

fn is_near(hz: f32, nominal: &[f32]) -> bool {
    nominal.iter().any(|&exact| (hz - exact).abs() <= exact * DTMF_TOLERANCE)
}

impl Cadence {
    /// A tone began.
    pub fn begin(&mut self, burst: Burst, tell: &mut impl FnMut(Told)) {
        if let Some(present) = self.present.take() {
            let ended = present.ended.unwrap_or(burst.at_ms);
            let gap_ms = burst.at_ms.saturating_sub(ended);
            if let Some(one) = joined(&present, burst.shape, gap_ms) {
                if present.nature != Nature::Is(one) {
                    tell(Told::Started(one, present.burst));
                }
                let nature = Nature::Is(one);
                self.present = Some(Present { burst: present.burst, nature, ended: None });
                return;
            }
            let repeats = burst.shape.repeats(&present.burst.shape) && gap_ms <= BUSY_GAP_MS;
            let kind = if repeats { Kind::Busy } else { Kind::Beep };
            self.settle(&present, ended, kind, tell);
        }
        let mut nature = Nature::of(burst.shape);
        if let (Nature::Low, Some(kind)) = (nature, self.continued(&burst)) {
            nature = Nature::Is(kind);
        }
        match nature {
            Nature::Is(kind) => tell(Told::Started(kind, burst)),
            Nature::Low | Nature::FirstNote => tell(Told::Heard(burst.at_ms)),
            Nature::Key => {}
        }
        self.present = Some(Present { burst, nature, ended: None });
    }

    /// The tone ended.
    pub fn end(&mut self, at_ms: u64, tell: &mut impl FnMut(Told)) {
        let Some(present) = &mut self.present else { return };
        present.ended = Some(at_ms);
        let waits = match present.nature {
            Nature::Is(kind) => matches!(kind, Kind::Beep | Kind::Information),
            Nature::Low | Nature::FirstNote => true,
            Nature::Key => false,
        };
        if !waits && let Some(present) = self.present.take() {
            self.settle(&present, at_ms, Kind::Beep, tell);
        }
    }

    /// Time has come up to `now_ms`. `more_coming`: something that may be the next tone is heard.
    pub fn on_time(&mut self, now_ms: u64, more_coming: bool, tell: &mut impl FnMut(Told)) {
        let Some(present) = &mut self.present else { return };
        let Some(ended) = present.ended else {
            if let Some(kind) = outgrown(present, now_ms) {
                present.nature = Nature::Is(kind);
                tell(Told::Started(kind, present.burst));
            }
            return;
        };
        let step_ms = STEP_GAP_MS + if more_coming { RECOGNISED_MS } else { 0 };
        let wait_ms =
            if present.nature == Nature::Low { BUSY_GAP_MS + RECOGNISED_MS } else { step_ms };
        if now_ms >= ended + wait_ms
            && let Some(present) = self.present.take()
        {
            self.settle(&present, ended, Kind::Beep, tell);
        }
    }

    /// What is over is told, as `otherwise` when that was still open.
    fn settle(
        &mut self,
        present: &Present,
        ended: u64,
        otherwise: Kind,
        tell: &mut impl FnMut(Told),
    ) {
        let kind = match present.nature {
            Nature::Key => return,
            Nature::Is(kind) => kind,
            Nature::Low => {
                tell(Told::Started(otherwise, present.burst));
                otherwise
            }
            Nature::FirstNote => {
                tell(Told::Started(Kind::Beep, present.burst));
                Kind::Beep
            }
        };
        tell(Told::Stopped(kind, ended, ended.saturating_sub(present.burst.at_ms)));
        self.past = Some(Past { kind, shape: present.burst.shape, ended });
    }

    /// The ringing or busy that a single low tone goes on with.
    fn continued(&self, burst: &Burst) -> Option<Kind> {
        let past = self.past.filter(|past| past.shape.repeats(&burst.shape))?;
        let gap_ms = burst.at_ms.saturating_sub(past.ended);
        match past.kind {
            Kind::Busy => (gap_ms <= BUSY_GAP_MS).then_some(Kind::Busy),
            Kind::Ringback => (gap_ms <= RING_GAP_MS).then_some(Kind::Ringback),
            _ => None,
        }
    }
}

/// What a tone and the one right behind it are together.
fn joined(present: &Present, next: Shape, gap_ms: u64) -> Option<Kind> {
    if gap_ms > STEP_GAP_MS {
        return None;
    }
    let is_note = next.second_hz.is_none() && SECOND_NOTE_HZ.contains(&next.hz);
    let may_beep = !next.is_progress_pair() && !matches!(Nature::of(next), Nature::Key);
    match present.nature {
        Nature::FirstNote if is_note => Some(Kind::Information),
        Nature::Is(Kind::Information) => Some(Kind::Information),
        Nature::FirstNote | Nature::Is(Kind::Beep) if may_beep => Some(Kind::Beep),
        _ => None,
    }
}

/// What a tone is that has become longer than the others it may have been.
fn outgrown(present: &Present, now_ms: u64) -> Option<Kind> {
    let ms = now_ms.saturating_sub(present.burst.at_ms);
    match present.nature {
        Nature::Low => {
            let is_cept = CEPT_HZ.contains(&present.burst.shape.hz);
            let limit_ms = if is_cept { CEPT_RING_MS } else { RING_MS };
            (ms >= limit_ms).then_some(Kind::Ringback)
        }
        Nature::FirstNote => (ms > NOTE_MS_MAX).then_some(Kind::Beep),
        Nature::Is(_) | Nature::Key => None,
    }
}
