//! Hands out pairs of ports: an even one for RTP and the next for RTCP (RFC 3550 section 11).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::socket::Port;

/// The range of one engine.
#[derive(Debug)]
pub struct Ports {
    ip: IpAddr,
    first: u16,
    taken: Box<[AtomicBool]>,
    next: AtomicUsize,
}

/// Two bound ports. They are free again when this is dropped.
#[derive(Debug)]
pub struct PortPair {
    /// The even one.
    pub rtp: Port,
    /// The one after it.
    pub rtcp: Port,
    lease: Lease,
}

#[derive(Debug)]
struct Lease {
    ports: Arc<Ports>,
    index: usize,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ports.taken[self.index].store(false, Ordering::Release);
    }
}

impl PortPair {
    /// The even port.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.lease.ports.number(self.lease.index)
    }
}

impl Ports {
    /// All whole pairs from `low` to `high`.
    #[must_use]
    pub fn new(ip: IpAddr, low: u16, high: u16) -> Arc<Self> {
        let first = u32::from(low).next_multiple_of(2);
        let count = (u32::from(high) + 1).saturating_sub(first) / 2;
        Arc::new(Self {
            ip,
            first: first as u16,
            taken: (0..count).map(|_| AtomicBool::new(false)).collect(),
            next: AtomicUsize::new(0),
        })
    }

    /// The address they are bound to.
    #[must_use]
    pub const fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Binds the pair that was free for the longest time, as late packets of an ended call may still come.
    /// None when all are taken, by us or by other programs.
    pub fn bind(self: &Arc<Self>) -> io::Result<Option<PortPair>> {
        for _ in 0..self.taken.len() {
            let index = self.next.fetch_add(1, Ordering::Relaxed) % self.taken.len();
            if self.taken[index].swap(true, Ordering::Acquire) {
                continue;
            }
            let lease = Lease { ports: Arc::clone(self), index };
            let even = self.number(index);
            match self.bind_one(even).and_then(|rtp| Ok((rtp, self.bind_one(even + 1)?))) {
                Ok((rtp, rtcp)) => return Ok(Some(PortPair { rtp, rtcp, lease })),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn bind_one(&self, port: u16) -> io::Result<Port> {
        Port::bind(SocketAddr::new(self.ip, port))
    }

    const fn number(&self, index: usize) -> u16 {
        self.first + 2 * index as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn range(low: u16, high: u16) -> Arc<Ports> {
        Ports::new(IpAddr::from([127, 0, 0, 1]), low, high)
    }

    #[test]
    fn pairs_are_even_and_whole() {
        let pairs = |low, high| {
            let ports = range(low, high);
            (0..ports.taken.len()).map(|index| ports.number(index)).collect::<Vec<_>>()
        };

        assert_eq!(pairs(40_001, 40_006), [40_002, 40_004]);
        assert_eq!(pairs(40_000, 40_001), [40_000]);
        assert!(pairs(40_001, 40_002).is_empty());
        assert_eq!(pairs(65_534, 65_535), [65_534]);
    }

    #[test]
    fn a_range_runs_out_and_dropped_pairs_are_free_again() {
        let ports = range(30_870, 30_873);
        let first = ports.bind().unwrap().unwrap();
        let second = ports.bind().unwrap().unwrap();
        let number = first.number();
        assert!(ports.bind().unwrap().is_none());
        drop(first);

        assert_eq!(ports.bind().unwrap().unwrap().number(), number);
        assert_ne!(second.number(), number);
    }

    #[test]
    fn a_pair_that_another_program_half_holds_is_passed_over() {
        let _other = UdpSocket::bind(("127.0.0.1", 30_881)).unwrap();
        let ports = range(30_880, 30_883);

        let pair = ports.bind().unwrap().unwrap();

        assert_eq!(pair.number(), 30_882);
        assert!(ports.bind().unwrap().is_none());
    }
}
