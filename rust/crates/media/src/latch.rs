//! Decides whose packets are heard, and so where packets go.
//!
//! Behind address translation a far end sends from elsewhere than it said. The first valid packet may show
//! where; after that nobody else is heard until the stream is connected anew.

use std::net::{IpAddr, SocketAddr};

use crate::time::Nanos;

/// Packets that were under way to the last connection have arrived by then.
const UNDER_WAY: Nanos = Nanos::from_ms(1000);

/// The source check of one stream.
#[derive(Clone, Copy, Debug)]
pub struct Latch {
    negotiated: SocketAddr,
    /// Where packets go while nobody has been heard.
    assumed: SocketAddr,
    expected_ip: Option<IpAddr>,
    open: bool,
    fixed: Option<SocketAddr>,
    /// Where the far end was before it moved; not heard until this time.
    left: Option<(SocketAddr, Nanos)>,
}

impl Latch {
    /// Starts over. With `open` the first valid packet decides, else only `negotiated` is heard.
    #[must_use]
    pub fn new(negotiated: SocketAddr, open: bool, expected_ip: Option<IpAddr>) -> Self {
        let fixed = (!open).then_some(negotiated);
        Self { negotiated, assumed: negotiated, expected_ip, open, fixed, left: None }
    }

    /// Starts over after another latch at `now`. While the far end stays at the address it said, packets go
    /// where it was heard last until it is heard again; when it moved, what is still under way from there
    /// does not draw the stream back.
    #[must_use]
    pub fn after(self, previous: &Self, now: Nanos) -> Self {
        if self.negotiated != previous.negotiated {
            let until = now.plus(UNDER_WAY);
            return Self { left: Some((previous.target(), until)), ..self };
        }
        if self.open { Self { assumed: previous.target(), ..self } } else { self }
    }

    /// Whether packets from this source may be heard.
    #[must_use]
    pub fn admits(&self, source: SocketAddr, now: Nanos) -> bool {
        if let Some(fixed) = self.fixed {
            return source == fixed || self.comes_home(source, fixed);
        }
        if source == self.negotiated {
            return true;
        }
        let is_under_way = self.left.is_some_and(|(from, until)| source == from && now < until);
        !is_under_way && self.expected_ip.is_none_or(|ip| source.ip() == ip)
    }

    /// Decides for a source that was admitted and sent a valid packet. Whether packets went elsewhere
    /// until now.
    pub fn fix(&mut self, source: SocketAddr) -> bool {
        let before = self.target();
        if self.fixed.is_none_or(|fixed| self.comes_home(source, fixed)) {
            self.fixed = Some(source);
        }
        self.target() != before
    }

    /// Whether the far end is heard where it said, after another one that was there before it went on sending
    /// and was taken for it.
    fn comes_home(&self, source: SocketAddr, fixed: SocketAddr) -> bool {
        source == self.negotiated && self.left.is_some_and(|(from, _)| from == fixed)
    }

    /// The only source heard, once that is decided.
    #[must_use]
    pub const fn fixed(&self) -> Option<SocketAddr> {
        self.fixed
    }

    /// Where packets go.
    #[must_use]
    pub fn target(&self) -> SocketAddr {
        self.fixed.unwrap_or(self.assumed)
    }

    /// Whether the far end was found at another address than it said.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.target() != self.negotiated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_valid_source_is_the_only_one_heard() {
        let mut latch = Latch::new(address("10.0.0.1:4000"), true, None);

        assert!(latch.fix(address("203.0.113.9:5000")));

        assert_eq!(latch.target(), address("203.0.113.9:5000"));
        assert!(!latch.admits(address("10.0.0.1:4000"), Nanos(0)));
        assert!(!latch.admits(address("203.0.113.9:5002"), Nanos(0)));
        assert!(latch.is_elsewhere());
    }

    #[test]
    fn without_latching_only_the_negotiated_address_is_heard() {
        let latch = Latch::new(address("10.0.0.1:4000"), false, None);

        assert!(latch.admits(address("10.0.0.1:4000"), Nanos(0)));
        assert!(!latch.admits(address("10.0.0.1:4002"), Nanos(0)));
        assert_eq!(latch.fixed(), Some(address("10.0.0.1:4000")));
    }

    #[test]
    fn an_expected_address_bounds_who_may_be_latched() {
        let latch =
            Latch::new(address("10.0.0.1:4000"), true, Some("203.0.113.9".parse().unwrap()));

        assert!(latch.admits(address("203.0.113.9:61000"), Nanos(0)));
        assert!(latch.admits(address("10.0.0.1:4000"), Nanos(0)));
        assert!(!latch.admits(address("198.51.100.1:4000"), Nanos(0)));
    }

    #[test]
    fn connecting_anew_opens_the_latch_and_keeps_the_way_to_the_far_end() {
        let mut first = Latch::new(address("10.0.0.1:4000"), true, None);
        first.fix(address("203.0.113.9:5000"));

        let mut same = Latch::new(address("10.0.0.1:4000"), true, None).after(&first, Nanos(0));
        let moved = Latch::new(address("10.0.0.2:4000"), true, None).after(&first, Nanos(0));

        assert_eq!(same.target(), address("203.0.113.9:5000"));
        assert!(same.admits(address("203.0.113.9:7000"), Nanos(0)));
        assert!(!same.fix(address("203.0.113.9:5000")));
        assert_eq!(moved.target(), address("10.0.0.2:4000"));
        assert!(!moved.admits(address("203.0.113.9:5000"), Nanos::from_ms(999)));
        assert!(moved.admits(address("203.0.113.9:5000"), Nanos::from_ms(1000)));
        assert!(moved.admits(address("203.0.113.9:5002"), Nanos(0)));
    }

    #[test]
    fn one_that_was_not_heard_since_its_hold_does_not_draw_the_stream_back_either() {
        let mut first = Latch::new(address("10.0.0.1:4000"), true, None);
        first.fix(address("203.0.113.9:5000"));
        let held = Latch::new(address("10.0.0.1:4000"), true, None).after(&first, Nanos(0));

        let third = Latch::new(address("10.0.0.2:4000"), true, None).after(&held, Nanos(0));

        assert!(!third.admits(address("203.0.113.9:5000"), Nanos::from_ms(999)));
    }

    #[test]
    fn one_that_goes_on_sending_after_it_was_replaced_gives_way_to_the_one_that_was_announced() {
        let mut first = Latch::new(address("10.0.0.1:4000"), true, None);
        first.fix(address("10.0.0.1:4000"));
        let mut second = Latch::new(address("10.0.0.2:4000"), true, None).after(&first, Nanos(0));
        let late = Nanos::from_ms(1500);

        assert!(second.admits(address("10.0.0.1:4000"), late));
        assert!(second.fix(address("10.0.0.1:4000")));
        assert!(second.admits(address("10.0.0.2:4000"), late));
        assert!(second.fix(address("10.0.0.2:4000")));

        assert_eq!(second.target(), address("10.0.0.2:4000"));
        assert!(!second.admits(address("10.0.0.1:4000"), late));
        assert!(!second.admits(address("203.0.113.9:5000"), late));
    }
}
