//! Changes the sample rate, of a whole buffer or of a sound that goes on, with a windowed-sinc low-pass.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side: steep enough for speech, short enough for long prompts.
const CROSSINGS: f64 = 16.0;

/// The same sound at another rate. Both rates must be above zero; an unchanged rate gives a copy.
#[must_use]
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Vec<i16> {
    if from_hz == to_hz {
        return samples.to_vec();
    }
    let divisor = gcd(from_hz, to_hz);
    let (up, down) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
    let filter = Filter::new(up, down);
    let length = (samples.len() * up).div_ceil(down);
    (0..length).map(|n| filter.output(samples, n * down)).collect()
}

/// Changes the rate of a sound that comes in pieces; what comes out has no seams.
///
/// It is behind by the reach of the filter, two milliseconds when the rate goes up from 8 kHz.
#[derive(Debug)]
pub struct Resampler {
    filter: Filter,
    down: usize,
    /// What later output still needs.
    kept: Vec<i16>,
    /// Of the next output, counted in input samples times `up`, from the beginning of `kept`.
    position: usize,
}

impl Resampler {
    /// Both rates must be above zero.
    #[must_use]
    pub fn new(from_hz: u32, to_hz: u32) -> Self {
        let divisor = gcd(from_hz, to_hz);
        let (up, down) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
        let filter = Filter::new(up, down);
        // Silence before the first sample, so that every piece gives as much as it is long.
        let before = 2 * filter.reach - 1;
        let position = (filter.reach - 1) * up;
        Self { filter, down, kept: vec![0; before], position }
    }

    /// Appends to `output` what the next piece of the sound becomes.
    pub fn push(&mut self, samples: &[i16], output: &mut Vec<i16>) {
        let Self { filter, down, kept, position } = self;
        kept.extend_from_slice(samples);
        let end = kept.len().saturating_sub(filter.reach) * filter.up;
        while *position < end {
            output.push(filter.output(kept, *position));
            *position += *down;
        }
        let unneeded = (*position / filter.up + 1).saturating_sub(filter.reach).min(kept.len());
        kept.drain(..unneeded);
        *position -= unneeded * filter.up;
    }
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { if a == 0 { 1 } else { a } } else { gcd(b, a % b) }
}

/// The low-pass, cut into one row of weights for each position between two input samples.
#[derive(Debug)]
struct Filter {
    up: usize,
    reach: usize,
    rows: Vec<Vec<f32>>,
}

impl Filter {
    fn new(up: usize, down: usize) -> Self {
        let cutoff = (up as f64 / down as f64).min(1.0);
        let reach = (CROSSINGS / cutoff).ceil() as usize;
        let rows = (0..up)
            .map(|phase| {
                let shift = phase as f64 / up as f64;
                let row = (0..2 * reach)
                    .map(|tap| kernel(tap as f64 - (reach - 1) as f64 - shift, cutoff))
                    .collect();
                normalized(row)
            })
            .collect();
        Self { up, reach, rows }
    }

    /// The output at `position`, counted in input samples times `up`.
    fn output(&self, samples: &[i16], position: usize) -> i16 {
        let (base, phase) = (position / self.up, position % self.up);
        let row = &self.rows[phase];
        let first = (base + 1).checked_sub(self.reach);
        let skipped = if first.is_some() { 0 } else { self.reach - base - 1 };
        let heard = samples.iter().skip(first.unwrap_or(0));
        let sum: f32 =
            row[skipped..].iter().zip(heard).map(|(weight, &x)| weight * f32::from(x)).sum();
        sum.round().clamp(-32_768.0, 32_767.0) as i16
    }
}

fn kernel(distance: f64, cutoff: f64) -> f64 {
    let x = distance * cutoff;
    if x.abs() >= CROSSINGS {
        return 0.0;
    }
    let window = 0.5 + 0.5 * (PI * x / CROSSINGS).cos();
    let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) };
    sinc * window * cutoff
}

/// Weights that add up to one, so that a constant stays what it is.
fn normalized(row: Vec<f64>) -> Vec<f32> {
    let sum: f64 = row.iter().sum();
    row.into_iter().map(|weight| (weight / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency_hz: f64, rate_hz: u32, length: usize) -> Vec<i16> {
        (0..length)
            .map(|n| {
                let angle = 2.0 * PI * frequency_hz * n as f64 / f64::from(rate_hz);
                (10_000.0 * angle.sin()) as i16
            })
            .collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
        (sum / samples.len() as f64).sqrt()
    }

    /// What is left when the expected tone is taken away, away from the edges.
    fn error(output: &[i16], expected: &[i16]) -> f64 {
        let middle = 200..output.len() - 200;
        let rest: Vec<i16> = middle.map(|n| output[n] - expected[n]).collect();
        rms(&rest)
    }

    #[test]
    fn a_tone_of_speech_survives_every_usual_rate() {
        for rate_hz in [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let output = resample(&tone(1000.0, rate_hz, rate_hz as usize), rate_hz, 8000);

            assert_eq!(output.len(), 8000, "{rate_hz}");
            assert!(error(&output, &tone(1000.0, 8000, 8000)) < 30.0, "{rate_hz}");
        }
    }

    #[test]
    fn a_tone_above_the_new_band_is_gone() {
        let output = resample(&tone(6000.0, 48_000, 48_000), 48_000, 8000);

        assert!(rms(&output[200..7800]) < 20.0, "{}", rms(&output[200..7800]));
    }

    #[test]
    fn an_unchanged_rate_is_a_copy_and_nothing_stays_nothing() {
        assert_eq!(resample(&[1, -2, 3], 8000, 8000), [1, -2, 3]);
        assert!(resample(&[], 48_000, 8000).is_empty());
    }

    fn in_pieces(whole: &[i16], length: usize, from_hz: u32, to_hz: u32) -> Vec<i16> {
        let mut resampler = Resampler::new(from_hz, to_hz);
        let mut output = Vec::new();
        for piece in whole.chunks(length) {
            resampler.push(piece, &mut output);
        }
        output
    }

    #[test]
    fn pieces_become_what_the_whole_becomes() {
        for (from_hz, to_hz) in [(8000, 24_000), (48_000, 8000), (44_100, 8000), (8000, 8000)] {
            let whole = tone(700.0, from_hz, from_hz as usize / 2);

            let output = in_pieces(&whole, 160, from_hz, to_hz);

            assert_eq!(output, in_pieces(&whole, whole.len(), from_hz, to_hz), "{from_hz}");
            assert!(output.len().abs_diff(to_hz as usize / 2) <= 1, "{from_hz} {}", output.len());
        }
    }

    #[test]
    fn a_sound_in_pieces_is_late_by_the_reach_of_the_filter() {
        let whole = tone(700.0, 8000, 4000);
        let expected = resample(&whole, 8000, 16_000);

        let output = in_pieces(&whole, 160, 8000, 16_000);

        let delay = 2 * CROSSINGS as usize;
        let middle = 100..7000;
        assert_eq!(output[delay..][middle.clone()], expected[middle]);
    }

    #[test]
    fn every_piece_gives_as_much_as_it_is_long() {
        for to_hz in [16_000, 24_000, 32_000, 48_000, 64_000] {
            let mut resampler = Resampler::new(8000, to_hz);
            let mut output = Vec::new();
            for n in 1..=5 {
                resampler.push(&[0; 160], &mut output);
                assert_eq!(output.len(), n * to_hz as usize / 50);
            }
        }
    }

    #[test]
    fn a_constant_stays_what_it_is() {
        let output = resample(&[1000; 4800], 48_000, 8000);

        assert!(output[50..750].iter().all(|&sample| (sample - 1000).abs() <= 1));
    }
}
