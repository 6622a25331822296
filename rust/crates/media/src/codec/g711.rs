//! G.711: one byte a sample at 8 kHz, in the two laws of ITU-T G.711.

/// Samples a second of both laws.
pub const RATE_HZ: u32 = 8000;

/// How many samples, and so bytes, a millisecond has.
pub const PER_MS: usize = 8;

/// Which companding law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law, static payload type 0.
    Mu,
    /// A-law, static payload type 8.
    A,
}

impl Law {
    /// The byte of digital silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }

    /// The law that RFC 3551 ties to a static payload type.
    #[must_use]
    pub const fn of_static_payload(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Mu),
            8 => Some(Self::A),
            _ => None,
        }
    }

    /// The sample of a byte.
    #[must_use]
    pub fn decode(self, byte: u8) -> i16 {
        self.table()[usize::from(byte)]
    }

    /// The byte nearest to a sample.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_mu(sample),
            Self::A => encode_a(sample),
        }
    }

    /// All 256 samples in the order of their bytes.
    #[must_use]
    pub const fn table(self) -> &'static [i16; 256] {
        match self {
            Self::Mu => &MU_SAMPLES,
            Self::A => &A_SAMPLES,
        }
    }

    /// For each byte of this law the byte of `other` that sounds the same; nothing when they are one law.
    #[must_use]
    pub const fn into_law(self, other: Self) -> Option<&'static [u8; 256]> {
        match (self, other) {
            (Self::Mu, Self::A) => Some(&MU_TO_A),
            (Self::A, Self::Mu) => Some(&A_TO_MU),
            _ => None,
        }
    }

    /// For each byte its sample squared: what a level meter adds up.
    #[must_use]
    pub const fn power_table(self) -> &'static [f32; 256] {
        match self {
            Self::Mu => &MU_POWER,
            Self::A => &A_POWER,
        }
    }
}

static MU_SAMPLES: [i16; 256] = samples(Law::Mu);
static A_SAMPLES: [i16; 256] = samples(Law::A);
static MU_TO_A: [u8; 256] = translation(Law::Mu, Law::A);
static A_TO_MU: [u8; 256] = translation(Law::A, Law::Mu);
static MU_POWER: [f32; 256] = power(Law::Mu);
static A_POWER: [f32; 256] = power(Law::A);

const fn samples(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match law {
            Law::Mu => decode_mu(byte as u8),
            Law::A => decode_a(byte as u8),
        };
        byte += 1;
    }
    table
}

const fn translation(from: Law, to: Law) -> [u8; 256] {
    let samples = samples(from);
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = to.encode(samples[byte]);
        byte += 1;
    }
    table
}

const fn power(law: Law) -> [f32; 256] {
    let samples = samples(law);
    let mut table = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        let sample = samples[byte] as f32;
        table[byte] = sample * sample;
        byte += 1;
    }
    table
}

/// Added before the logarithm is taken, so that the first segment starts at a power of two.
const MU_BIAS: i32 = 0x84;
const MU_CLIP: i32 = 32_635;

const fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample as i32).abs();
    let biased = if magnitude > MU_CLIP { MU_CLIP } else { magnitude } + MU_BIAS;
    let segment = 24 - biased.leading_zeros();
    let mantissa = (biased >> (segment + 3)) & 0x0F;
    !(sign | (segment << 4) as u8 | mantissa as u8)
}

const fn decode_mu(byte: u8) -> i16 {
    let bits = !byte;
    let segment = (bits >> 4) & 0x07;
    let magnitude = ((((bits & 0x0F) as i32) << 3) + MU_BIAS) << segment;
    let sample = magnitude - MU_BIAS;
    (if bits & 0x80 == 0 { sample } else { -sample }) as i16
}

const fn encode_a(sample: i16) -> u8 {
    // Positive numbers carry the sign bit; every other bit is inverted on the line.
    let (sign, magnitude) =
        if sample >= 0 { (0x80, sample as i32) } else { (0, -1 - sample as i32) };
    let segment = if magnitude < 256 { 0 } else { 24 - magnitude.leading_zeros() };
    let shift = if segment < 2 { 4 } else { segment + 3 };
    let mantissa = (magnitude >> shift) & 0x0F;
    (sign | (segment << 4) as u8 | mantissa as u8) ^ 0x55
}

const fn decode_a(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let segment = (bits >> 4) & 0x07;
    let mantissa = ((bits & 0x0F) as i32) << 4;
    let magnitude = if segment == 0 { mantissa + 8 } else { (mantissa + 0x108) << (segment - 1) };
    (if bits & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest distance between a sample and what the far end hears, as the laws' step sizes give it.
    fn step(sample: i16) -> i32 {
        (i32::from(sample).abs() + 0x84) / 16 + 8
    }

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=255_u8 {
                let again = law.encode(law.decode(byte));

                // µ-law has two zeros; both sound the same.
                assert_eq!(law.decode(again), law.decode(byte), "{law:?} {byte:#04x}");
            }
        }
    }

    #[test]
    fn every_sample_comes_back_within_its_step() {
        for law in [Law::Mu, Law::A] {
            for sample in i16::MIN..=i16::MAX {
                let heard = law.decode(law.encode(sample));
                let clipped = sample.clamp(-32_635, 32_635);

                assert!(
                    (i32::from(heard) - i32::from(clipped)).abs() <= step(sample),
                    "{law:?}: {sample} is heard as {heard}"
                );
            }
        }
    }

    #[test]
    fn known_values_of_the_standard() {
        assert_eq!(Law::Mu.encode(0), 0xFF);
        assert_eq!(Law::Mu.decode(0x00), -32_124);
        assert_eq!(Law::Mu.decode(0x80), 32_124);
        assert_eq!(Law::A.encode(0), 0xD5);
        assert_eq!(Law::A.decode(0xD5), 8);
        assert_eq!(Law::A.decode(0x2A), -32_256);
        assert_eq!(Law::A.decode(0xAA), 32_256);
    }

    #[test]
    fn translation_sounds_like_decoding_and_encoding() {
        let table = Law::Mu.into_law(Law::A).unwrap();

        assert_eq!(table[usize::from(Law::Mu.silence())], Law::A.silence());
        assert_eq!(table[0x80], Law::A.encode(32_124));
        assert!(Law::A.into_law(Law::A).is_none());
    }

    #[test]
    fn power_is_the_sample_squared() {
        assert!((Law::Mu.power_table()[0x80] - 32_124.0_f32.powi(2)).abs() < 1.0);
        assert!(Law::Mu.power_table()[0xFF].abs() < f32::EPSILON);
    }
}
