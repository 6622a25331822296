//! Finds steady tones, one or two at a time: where each begins, where it ends, and its frequencies.
//!
//! Speech has strong partials too, but they glide and their level ripples. A tone keeps its frequency within
//! a few hertz and its level within a few decibels, and next to nothing is heard beside it.

use super::spectrum::Picture;

/// Samples of a hop: 10 ms.
pub const HOP: usize = 80;
/// Length of a hop.
pub const HOP_MS: u64 = 10;
/// Samples remembered, for finding where a tone began that is recognised only later.
pub const HISTORY: usize = 26 * HOP;
const HOPS: usize = HISTORY / HOP;

/// Share of the sound that is the tone, however noisy the line.
const SINGLE_SHARE: f32 = 0.80;
/// The same of both tones of a pair of call progress tones, and of any other pair.
const PROGRESS_SHARE: f32 = 0.88;
const PAIR_SHARE: f32 = 0.86;
/// A second tone weaker than this, relative to the first, is distortion or noise.
const SECOND_LEAST: f32 = 0.06;
/// Where tones are looked for.
const LOWEST_HZ: f32 = 385.0;
const LOWEST_PAIR_HZ: f32 = 335.0;
const HIGHEST_HZ: f32 = 2700.0;
/// Both tones of dialling, ringing and busy tones lie below.
const PROGRESS_HZ: f32 = 650.0;
/// Pairs of dialling, ringing and busy tones; any other pair this low is a voice.
const PROGRESS_HZ_PAIRS: [(f32, f32); 5] =
    [(350.0, 440.0), (350.0, 450.0), (400.0, 450.0), (440.0, 480.0), (480.0, 620.0)];
const PROGRESS_TOLERANCE: f32 = 0.022;
/// Two tones this close disturb each other's estimates.
const CLOSE_HZ: f32 = 70.0;
/// Largest swing of the level within a tone, as a power ratio: of a clean one, and what noise may add.
const LEVEL_SWING: f32 = 1.5;
const NOISE_SWING: f32 = 6.0;
/// Largest change of the frequency: of a clean tone, of one of a close pair, and what noise may add.
const GLIDE_HZ: f32 = 1.5;
const CLOSE_GLIDE_HZ: f32 = 10.0;
const NOISE_GLIDE_HZ: f32 = 25.0;
/// Hops whose level must be steady: those that a window looks at hardest.
const STEADY_HOPS: usize = 4;
/// Hops that are no voice any more.
const LIKELY_HOPS: u8 = 6;
/// Hops a candidate may miss in a row: a lost packet disturbs every window it is in.
const MISSES_MAX: u8 = 9;
/// Below this part of its power a tone is over, after so many hops.
const OVER_POWER: f32 = 0.16;
const OVER_HOPS: u8 = 4;
/// Hops without a tone in their spectrum that end it although its frequency is still heard.
const DROWNED_HOPS: u8 = 12;

/// One or two frequencies; the lower one first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The only one, or the lower.
    pub hz: f32,
    /// The higher one of two.
    pub second_hz: Option<f32>,
    /// Share of the sound that is neither.
    pub noise: f32,
}

/// A tone that has lasted long enough to be one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Mean frequencies so far.
    pub shape: Shape,
    /// Mean square deviation of the (lower) frequency.
    pub variance: f32,
    /// When it began.
    pub at_ms: u64,
}

/// What happened to the tone of the moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// It is one.
    Began(Burst),
    /// It ended at this time.
    Ended(u64),
}

/// The sound so far, newest last, in hops.
#[derive(Debug)]
pub struct History {
    samples: [f32; HISTORY],
    power: [f32; HOPS],
}

/// Follows one tone at a time.
#[derive(Debug, Default)]
pub struct Tracker {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Candidate {
        seen: Seen,
        misses: u8,
    },
    Sounding {
        shape: Shape,
        power: f32,
        weak: u8,
        drowned: u8,
    },
}

/// Frequencies of the hops that agree.
#[derive(Clone, Copy, Debug)]
struct Seen {
    first: Shape,
    hops: u8,
    sum: f32,
    squares: f32,
    second_sum: f32,
}

impl Default for History {
    fn default() -> Self {
        Self { samples: [0.0; HISTORY], power: [0.0; HOPS] }
    }
}

impl History {
    /// Takes the next hop.
    pub fn push(&mut self, hop: &[f32; HOP]) {
        self.samples.copy_within(HOP.., 0);
        self.samples[HISTORY - HOP..].copy_from_slice(hop);
        self.power.copy_within(1.., 0);
        self.power[HOPS - 1] = hop.iter().map(|sample| sample * sample).sum::<f32>() / HOP as f32;
    }

    /// The newest samples.
    #[must_use]
    pub fn newest<const N: usize>(&self) -> Option<&[f32; N]> {
        self.samples.last_chunk()
    }

    /// Mean power of the newest `hops`.
    #[must_use]
    pub fn power(&self, hops: usize) -> f32 {
        self.power[HOPS - hops..].iter().sum::<f32>() / hops as f32
    }

    /// Whether the level hardly changes where a window looks hardest, given this share of noise.
    fn is_steady(&self, noise: f32) -> bool {
        let middle = &self.power[HOPS - 1 - STEADY_HOPS..HOPS - 1];
        let loudest = middle.iter().copied().fold(0.0, f32::max);
        let faintest = middle.iter().copied().fold(f32::INFINITY, f32::min);
        loudest < faintest * (LEVEL_SWING + NOISE_SWING * noise)
    }

    /// Power at the frequencies of a tone in one hop. Two tones beat, so theirs is the mean of three
    /// hops, whatever the frequency.
    fn power_of(&self, shape: Shape, hop: usize) -> f32 {
        if shape.second_hz.is_some() {
            let around = &self.power[hop.saturating_sub(1)..(hop + 2).min(HOPS)];
            return around.iter().sum::<f32>() / around.len() as f32;
        }
        let step = std::f32::consts::TAU * shape.hz / 8000.0;
        let coefficient = 2.0 * step.cos();
        let (mut last, mut before) = (0.0_f32, 0.0_f32);
        for &sample in &self.samples[hop * HOP..(hop + 1) * HOP] {
            let next = sample + coefficient * last - before;
            before = last;
            last = next;
        }
        let energy = last * last + before * before - coefficient * last * before;
        2.0 * energy / (HOP * HOP) as f32
    }
}

impl Shape {
    fn of(picture: &Picture, history: &History) -> Option<Self> {
        let (first, second) = (picture.first, picture.second);
        let within = |hz: f32| (LOWEST_HZ..HIGHEST_HZ).contains(&hz);
        if second.share < SECOND_LEAST * first.share {
            let noise = 1.0 - first.share;
            let is_tone =
                within(first.hz) && first.share >= SINGLE_SHARE && history.is_steady(noise);
            return is_tone.then_some(Self { hz: first.hz, second_hz: None, noise });
        }
        let (low, high) = (first.hz.min(second.hz), first.hz.max(second.hz));
        let noise = 1.0 - first.share - second.share;
        let is_tone = if high < PROGRESS_HZ {
            noise <= 1.0 - PROGRESS_SHARE && low > LOWEST_PAIR_HZ && is_progress(low, high)
        } else {
            noise <= 1.0 - PAIR_SHARE && within(low) && within(high)
        };
        is_tone.then_some(Self { hz: low, second_hz: Some(high), noise })
    }

    /// Whether both are the same tone. A clean one keeps its frequency better than any voice.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let noisy_hz = GLIDE_HZ + NOISE_GLIDE_HZ * self.noise.max(other.noise);
        let near = |a: f32, b: f32, hz: f32| (a - b).abs() <= hz;
        match (self.second_hz, other.second_hz) {
            (None, None) => near(self.hz, other.hz, noisy_hz),
            (Some(a), Some(b)) => {
                let is_close = a - self.hz < CLOSE_HZ;
                let hz = if is_close { CLOSE_GLIDE_HZ } else { 2.0 * noisy_hz };
                near(self.hz, other.hz, hz) && near(a, b, hz)
            }
            _ => false,
        }
    }

    /// Whether both are tones of one network: heard apart, they may differ by more than a hertz.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        let near = |a: f32, b: f32| (a - b).abs() <= 10.0;
        match (self.second_hz, other.second_hz) {
            (None, None) => near(self.hz, other.hz),
            (Some(a), Some(b)) => near(self.hz, other.hz) && near(a, b),
            _ => false,
        }
    }

    /// Whether both tones are low, as those of dialling, ringing and busy are.
    #[must_use]
    pub fn is_progress_pair(&self) -> bool {
        self.second_hz.is_some_and(|hz| hz < PROGRESS_HZ)
    }

    /// Hops until it is believed: low ones are near the pitch of voices, pairs near their partials.
    fn hops_needed(&self) -> u8 {
        match self.second_hz {
            Some(_) => 14,
            None if self.hz < 700.0 => 12,
            None => 10,
        }
    }
}

fn is_progress(low: f32, high: f32) -> bool {
    let near = |hz: f32, exact: f32| (hz - exact).abs() <= PROGRESS_TOLERANCE * exact;
    PROGRESS_HZ_PAIRS.iter().any(|&(a, b)| near(low, a) && near(high, b))
}

impl Seen {
    fn new(first: Shape) -> Self {
        let seen = Self { first, hops: 0, sum: 0.0, squares: 0.0, second_sum: 0.0 };
        seen.with(first)
    }

    fn with(self, shape: Shape) -> Self {
        let off = shape.hz - self.first.hz;
        Self {
            hops: self.hops + 1,
            sum: self.sum + off,
            squares: self.squares + off * off,
            second_sum: self.second_sum + shape.second_hz.unwrap_or(0.0),
            ..self
        }
    }

    fn shape(&self) -> Shape {
        let count = f32::from(self.hops);
        let second_hz = self.first.second_hz.map(|_| self.second_sum / count);
        Shape { hz: self.first.hz + self.sum / count, second_hz, noise: self.first.noise }
    }

    fn variance(&self) -> f32 {
        let count = f32::from(self.hops);
        (self.squares / count - (self.sum / count).powi(2)).max(0.0)
    }
}

impl Tracker {
    /// Whether something that may become a tone is heard, or one that is.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// Whether a tone is heard that was recognised.
    #[must_use]
    pub const fn is_sounding(&self) -> bool {
        matches!(self.state, State::Sounding { .. })
    }

    /// Whether what is heard looks like a tone, though not for long enough yet to be certain.
    #[must_use]
    pub const fn is_likely(&self) -> bool {
        matches!(&self.state, State::Candidate { seen, .. } if seen.hops >= LIKELY_HOPS)
    }

    /// Takes a hop that ends at `end_ms`; no picture when it is too faint for one.
    pub fn follow(
        &mut self,
        history: &History,
        picture: Option<&Picture>,
        end_ms: u64,
    ) -> Option<Change> {
        let shape = picture.and_then(|picture| Shape::of(picture, history));
        if matches!(self.state, State::Sounding { .. }) {
            return self.follow_sounding(history, shape, end_ms);
        }
        self.follow_candidate(shape);
        let State::Candidate { seen, misses: 0 } = &self.state else { return None };
        if seen.hops < seen.first.hops_needed() {
            return None;
        }
        let (shape, variance) = (seen.shape(), seen.variance());
        let (hop, power) = onset(history, shape);
        self.state = State::Sounding { shape, power, weak: 0, drowned: 0 };
        let at_ms = end_ms.saturating_sub((HOPS - hop) as u64 * HOP_MS);
        Some(Change::Began(Burst { shape, variance, at_ms }))
    }

    fn follow_candidate(&mut self, shape: Option<Shape>) {
        self.state = match (&self.state, shape) {
            (State::Candidate { seen, .. }, Some(shape)) if seen.first.agrees(&shape) => {
                State::Candidate { seen: seen.with(shape), misses: 0 }
            }
            (State::Candidate { seen, misses }, other)
                if *misses < MISSES_MAX && seen.hops > 2 && other.is_none() =>
            {
                State::Candidate { seen: *seen, misses: misses + 1 }
            }
            (_, Some(shape)) => State::Candidate { seen: Seen::new(shape), misses: 0 },
            (_, None) => State::Idle,
        };
    }

    fn follow_sounding(
        &mut self,
        history: &History,
        heard: Option<Shape>,
        end_ms: u64,
    ) -> Option<Change> {
        let State::Sounding { shape, power, weak, drowned } = &mut self.state else { return None };
        let is_heard = heard.is_some_and(|heard| heard.agrees(shape));
        *drowned = if is_heard { 0 } else { *drowned + 1 };
        let is_weak = history.power_of(*shape, HOPS - 1) < OVER_POWER * *power;
        *weak = if is_weak { *weak + 1 } else { 0 };
        let hops = match (*weak, *drowned) {
            (OVER_HOPS.., _) => *weak,
            (_, DROWNED_HOPS..) => *drowned,
            _ => return None,
        };
        self.state = State::Idle;
        Some(Change::Ended(end_ms.saturating_sub(u64::from(hops) * HOP_MS)))
    }
}

/// The hop in which a tone began, and its power. A lost packet on the way is passed over.
fn onset(history: &History, shape: Shape) -> (usize, f32) {
    let level = |hop: usize| history.power_of(shape, hop);
    let mut recent: [f32; 7] = std::array::from_fn(|n| level(HOPS - 1 - n));
    recent.sort_by(f32::total_cmp);
    let power = recent[3];
    let mut first = HOPS - 1;
    for hop in (0..HOPS - 1).rev() {
        if level(hop) >= 0.25 * power {
            first = hop;
        } else if first - hop > usize::from(OVER_HOPS) {
            break;
        }
    }
    (first, power)
}
