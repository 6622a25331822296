//! The spectrum of the last 64 ms: a Hann window and a Fourier transform of 512 real samples.

use std::f32::consts::TAU;

/// Samples a spectrum is made of.
pub const WINDOW: usize = 512;
/// Lines of a spectrum, from 0 to 4000 Hz.
pub const LINES: usize = WINDOW / 2;
/// Distance of two lines.
pub const LINE_HZ: f32 = 8000.0 / WINDOW as f32;

/// A line and its neighbours on each side hold all of a steady tone that a Hann window sees.
const LOBE: usize = 2;
/// Mains hum and what a telephone filter lets through below it say nothing.
const LOWEST_LINE: usize = 10;
const HIGHEST_LINE: usize = 236;
/// No tone of a telephone network or of a mailbox lies outside.
const LOWEST_TONE: usize = 20;
const HIGHEST_TONE: usize = 192;
/// Bands of 750 Hz in which the spectrum is asked for its evenness.
const BANDS: [(usize, usize); 4] = [(12, 60), (60, 108), (108, 156), (156, 204)];

/// Works out spectra. Made once for each listener; nothing is allocated afterwards.
#[derive(Debug)]
pub struct Analyser {
    hann: [f32; WINDOW],
    /// Cosine and sine of each step of a full turn in `WINDOW` parts, half of it.
    turn: [(f32, f32); LINES],
    real: [f32; LINES],
    imaginary: [f32; LINES],
    power: [f32; LINES],
}

/// One steady part of a sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Where it is, between the lines.
    pub hz: f32,
    /// Its share of everything.
    pub share: f32,
}

/// What one spectrum looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// The strongest peak.
    pub first: Peak,
    /// The strongest besides it.
    pub second: Peak,
    /// 0 for pure tones and vowels, about 0.56 for noise: geometric over arithmetic mean in the
    /// strongest band.
    pub evenness: f32,
}

impl Default for Analyser {
    fn default() -> Self {
        let step = |n: usize| TAU * n as f32 / WINDOW as f32;
        Self {
            hann: std::array::from_fn(|n| 0.5 - 0.5 * step(n).cos()),
            turn: std::array::from_fn(|n| (step(n).cos(), step(n).sin())),
            real: [0.0; LINES],
            imaginary: [0.0; LINES],
            power: [0.0; LINES],
        }
    }
}

impl Analyser {
    /// Looks at the samples of one window.
    pub fn look(&mut self, samples: &[f32; WINDOW]) -> Picture {
        for pair in 0..LINES {
            let (even, odd) = (2 * pair, 2 * pair + 1);
            let place = pair.reverse_bits() >> (usize::BITS - LINES.trailing_zeros());
            self.real[place] = samples[even] * self.hann[even];
            self.imaginary[place] = samples[odd] * self.hann[odd];
        }
        self.transform();
        self.untangle();
        self.describe()
    }

    /// A complex transform of half the length, in place, from bit-reversed order.
    fn transform(&mut self) {
        let mut half = 1;
        while half < LINES {
            let stride = LINES / half;
            for start in (0..LINES).step_by(2 * half) {
                for n in 0..half {
                    let (cosine, sine) = self.turn[n * stride];
                    let (low, high) = (start + n, start + n + half);
                    let real = self.real[high] * cosine + self.imaginary[high] * sine;
                    let imaginary = self.imaginary[high] * cosine - self.real[high] * sine;
                    self.real[high] = self.real[low] - real;
                    self.imaginary[high] = self.imaginary[low] - imaginary;
                    self.real[low] += real;
                    self.imaginary[low] += imaginary;
                }
            }
            half *= 2;
        }
    }

    /// The real signal's lines out of the complex one's: even samples went in as real, odd ones as
    /// imaginary parts.
    fn untangle(&mut self) {
        self.power[0] = 0.0;
        for line in 1..LINES {
            let mirror = LINES - line;
            let even = (
                self.real[line] + self.real[mirror],
                self.imaginary[line] - self.imaginary[mirror],
            );
            let odd = (
                self.imaginary[line] + self.imaginary[mirror],
                self.real[mirror] - self.real[line],
            );
            let (cosine, sine) = self.turn[line];
            let real = even.0 + odd.0 * cosine + odd.1 * sine;
            let imaginary = even.1 + odd.1 * cosine - odd.0 * sine;
            self.power[line] = 0.25 * (real * real + imaginary * imaginary);
        }
    }

    fn describe(&self) -> Picture {
        let total: f32 = self.power[LOWEST_LINE..HIGHEST_LINE].iter().sum::<f32>().max(1e-6);
        let first = self.strongest(None);
        let second = self.strongest(Some(first));
        Picture {
            first: self.peak(first, None, total),
            second: self.peak(second, Some(first), total),
            evenness: self.evenness(),
        }
    }

    /// The strongest line outside the lobe of `besides`.
    fn strongest(&self, besides: Option<usize>) -> usize {
        let outside = |line: &usize| besides.is_none_or(|other| line.abs_diff(other) > LOBE);
        let louder = |a: &usize, b: &usize| self.power[*a].total_cmp(&self.power[*b]);
        (LOWEST_TONE..HIGHEST_TONE).filter(outside).max_by(louder).unwrap_or(LOWEST_TONE)
    }

    fn peak(&self, line: usize, besides: Option<usize>, total: f32) -> Peak {
        let lobe = line.saturating_sub(LOBE)..=line + LOBE;
        // What belongs to the first peak's lobe is not counted again.
        let own = |n: &usize| besides.is_none_or(|other| n.abs_diff(other) > LOBE);
        let power: f32 = lobe.filter(own).map(|n| self.power[n]).sum();
        Peak { hz: self.between_lines(line) * LINE_HZ, share: power / total }
    }

    /// Where a steady tone lies, from how a Hann window spreads it over two neighbours.
    fn between_lines(&self, line: usize) -> f32 {
        let (below, above) = (self.power[line - 1], self.power[line + 1]);
        let (neighbour, side) = if above > below { (above, 1.0) } else { (below, -1.0) };
        let ratio = (neighbour / self.power[line].max(1e-9)).sqrt();
        line as f32 + side * ((2.0 * ratio - 1.0) / (ratio + 1.0)).clamp(0.0, 0.5)
    }

    fn evenness(&self) -> f32 {
        let sum = |&(low, high): &(usize, usize)| self.power[low..high].iter().sum::<f32>();
        let louder = |a: &&(usize, usize), b: &&(usize, usize)| sum(a).total_cmp(&sum(b));
        let Some(&(low, high)) = BANDS.iter().max_by(louder) else { return 1.0 };
        let lines = &self.power[low..high];
        let count = lines.len() as f32;
        let mean = lines.iter().sum::<f32>() / count;
        let log_mean = lines.iter().map(|power| power.max(1e-6).ln()).sum::<f32>() / count;
        log_mean.exp() / mean.max(1e-6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(sample: impl Fn(usize) -> f32) -> Picture {
        Analyser::default().look(&std::array::from_fn(sample))
    }

    fn sine(hz: f32, n: usize) -> f32 {
        1000.0 * (TAU * hz * n as f32 / 8000.0).sin()
    }

    #[test]
    fn a_tone_is_found_between_the_lines() {
        for hz in [402.0, 440.0, 999.5, 1003.0, 1407.0, 2104.0] {
            let picture = look(|n| sine(hz, n));

            assert!((picture.first.hz - hz).abs() < 1.0, "{hz}: {picture:?}");
            assert!(picture.first.share > 0.99, "{hz}: {picture:?}");
            assert!(picture.evenness < 0.01, "{hz}: {picture:?}");
        }
    }

    #[test]
    fn the_two_tones_of_ringing_are_told_apart() {
        let picture = look(|n| sine(440.0, n) + sine(480.0, n));

        let mut found = [picture.first.hz, picture.second.hz];
        found.sort_by(f32::total_cmp);
        assert!((found[0] - 440.0).abs() < 10.0 && (found[1] - 480.0).abs() < 10.0, "{found:?}");
        assert!(picture.first.share < 0.8, "{picture:?}");
    }

    #[test]
    fn noise_is_even() {
        let mut state = 1_u32;
        let mut noise = [0.0; WINDOW];
        for sample in &mut noise {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state >> 16) as f32 - 32_768.0;
        }

        let picture = look(|n| noise[n]);

        assert!(picture.evenness > 0.35, "{picture:?}");
        assert!(picture.first.share < 0.2, "{picture:?}");
    }
}
