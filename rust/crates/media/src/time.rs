//! Time as a number handed in.

/// A point in time, or a length of it, in nanoseconds. Only differences mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nanos(pub u64);

impl Nanos {
    /// `ms` milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time passed since `earlier`, zero if that lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// This time and `length` more.
    #[must_use]
    pub const fn plus(self, length: Self) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// The same on the 8 kHz clock of telephone audio.
    #[must_use]
    pub const fn rtp_units(self) -> u64 {
        self.0 / 125_000
    }
}

/// Wall-clock time as RTCP writes it: seconds since 1900 in 32.32 fixed point (RFC 3550 section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ntp(pub u64);

impl Ntp {
    const SECONDS_1900_TO_1970: u64 = 2_208_988_800;

    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        let seconds = nanos / 1_000_000_000 + Self::SECONDS_1900_TO_1970;
        let fraction = ((nanos % 1_000_000_000) << 32) / 1_000_000_000;
        Self(seconds << 32 | fraction)
    }

    /// The middle 32 bits, which reports carry: seconds in 16.16 fixed point.
    #[must_use]
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_time_becomes_ntp_time() {
        let half_second_past_1970 = Ntp::from_unix_nanos(500_000_000);

        assert_eq!(half_second_past_1970.0 >> 32, 2_208_988_800);
        assert_eq!(half_second_past_1970.0 & 0xFFFF_FFFF, 0x8000_0000);
        assert_eq!(half_second_past_1970.middle() & 0xFFFF, 0x8000);
    }

    #[test]
    fn time_that_lies_ahead_has_not_passed() {
        assert_eq!(Nanos(5).since(Nanos(9)), Nanos(0));
        assert_eq!(Nanos::from_ms(20).rtp_units(), 160);
    }
}
