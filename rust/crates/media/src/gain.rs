//! Louder and fainter, in decibels.

/// How much louder a sound is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain(f32);

impl Gain {
    /// As it is.
    pub const UNITY: Self = Self(1.0);

    /// By so many decibels; negative ones make it fainter.
    #[must_use]
    pub fn from_db(db: f32) -> Self {
        if db == 0.0 { Self::UNITY } else { Self(10_f32.powf(db / 20.0)) }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_unity(self) -> bool {
        self == Self::UNITY
    }

    /// The factor for each sample.
    #[must_use]
    pub const fn factor(self) -> f32 {
        self.0
    }

    /// Applies it; what is too loud for a sample is cut.
    pub fn apply(self, samples: &mut [i16]) {
        if self.is_unity() {
            return;
        }
        for sample in samples {
            *sample = (f32::from(*sample) * self.0) as i16;
        }
    }
}

impl Default for Gain {
    fn default() -> Self {
        Self::UNITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_decibels_are_about_twice_as_loud() {
        let mut samples = [1000, -1000];
        Gain::from_db(6.0).apply(&mut samples);

        assert_eq!(samples, [1995, -1995]);
    }

    #[test]
    fn nothing_is_louder_than_full_scale() {
        let mut samples = [i16::MAX, i16::MIN];
        Gain::from_db(30.0).apply(&mut samples);

        assert_eq!(samples, [i16::MAX, i16::MIN]);
    }

    #[test]
    fn zero_decibels_change_nothing() {
        assert!(Gain::from_db(0.0).is_unity());
    }
}
