//! The two clocks of the machine, read together.

use media::stream::Arrival;
use media::time::{Nanos, Ntp};

use crate::sys;

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The clock of the ticks; it never jumps.
    pub monotonic: Nanos,
    /// Nanoseconds since 1970.
    pub realtime: u64,
}

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self { monotonic: Nanos(sys::monotonic()), realtime: sys::realtime() }
    }

    /// The wall-clock time as RTCP writes it.
    #[must_use]
    pub const fn ntp(&self) -> Ntp {
        Ntp::from_unix_nanos(self.realtime)
    }

    /// The arrival of a datagram that the kernel stamped, or of one that arrived just now.
    #[must_use]
    pub fn arrival(&self, stamp: Option<u64>) -> Arrival {
        let stamp = stamp.unwrap_or(self.realtime);
        let age = Nanos(self.realtime.saturating_sub(stamp));
        Arrival {
            at: Nanos(self.monotonic.0.saturating_sub(age.0)),
            ntp: Ntp::from_unix_nanos(stamp),
        }
    }
}

/// Sleeps until a point on the clock of the ticks.
pub fn sleep_until(deadline: Nanos) {
    sys::sleep_until(deadline.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_of_the_kernel_is_put_on_the_clock_of_the_ticks() {
        let now = Moment { monotonic: Nanos(5_000), realtime: 1_000_000_000_000 };

        assert_eq!(now.arrival(Some(999_999_999_000)).at, Nanos(4_000));
        assert_eq!(now.arrival(None).at, Nanos(5_000));
        assert_eq!(now.arrival(Some(2_000_000_000_000)).at, Nanos(5_000));
    }
}
