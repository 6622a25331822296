//! A UDP socket that is connected as soon as it is known who is on the other side.
//!
//! A connected socket is cheaper to send on, and the kernel drops what others send before it costs anything.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::AsFd;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::sys::{self, Inbox, Received};

/// Expedited forwarding (RFC 3246), in the bits of the type-of-service byte.
const EXPEDITED: u32 = 0xB8;

/// One port of a stream.
#[derive(Debug)]
pub struct Port {
    socket: Socket,
    local: SocketAddr,
    peer: Option<SocketAddr>,
    /// Datagrams of others may still wait from the time before the socket was connected.
    unsorted: bool,
}

impl Port {
    /// Binds a socket that does not block.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
        socket.bind(&address.into())?;
        sys::stamp_arrivals(socket.as_fd())?;
        // Marking is a wish: some networks and containers forbid it, and calls work without.
        let _marked = match address {
            SocketAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
            SocketAddr::V6(_) => socket.set_tclass_v6(EXPEDITED),
        };
        Ok(Self { socket, local: address, peer: None, unsorted: true })
    }

    /// Where it is bound.
    #[must_use]
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether only one peer is heard.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.peer.is_some()
    }

    /// Hears only this peer from now on, or everybody.
    pub fn connect(&mut self, peer: Option<SocketAddr>) {
        if self.peer == peer {
            return;
        }
        let done = match peer {
            Some(address) => self.socket.connect(&address.into()),
            None => sys::disconnect(self.socket.as_fd()),
        };
        // An unreachable address cannot be connected to; sending there fails the same way.
        self.peer = if done.is_ok() { peer } else { None };
        self.unsorted = true;
    }

    /// Takes the next datagram, if one is there, and who sent it.
    pub(crate) fn receive<'a>(
        &mut self,
        inbox: &'a mut Inbox,
    ) -> Option<(Received<'a>, SocketAddr)> {
        let wants_source = self.unsorted || self.peer.is_none();
        match inbox.receive(self.socket.as_fd(), wants_source) {
            Ok(received) => {
                let source = received.source.or(self.peer)?;
                Some((received, source))
            }
            Err(error) => {
                // Once nothing waits, the kernel has sorted everything that comes after.
                self.unsorted &= error.kind() != ErrorKind::WouldBlock;
                None
            }
        }
    }

    /// Sends to the peer, or to `target` when not connected.
    pub fn send(&self, datagram: &[u8], target: SocketAddr) -> io::Result<()> {
        let send = || {
            if self.peer.is_some() {
                self.socket.send(datagram)
            } else {
                self.socket.send_to(datagram, &SockAddr::from(target))
            }
        };
        match send() {
            // The complaint is about an earlier datagram and took the place of this one.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => send(),
            result => result,
        }
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn local() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    /// A port and where it is. Bound by number, as the kernel may change one it chose itself.
    fn port() -> (Port, SocketAddr) {
        let address = UdpSocket::bind(local()).unwrap().local_addr().unwrap();
        (Port::bind(address).unwrap(), address)
    }

    fn heard(port: &mut Port) -> Vec<Vec<u8>> {
        let mut inbox = Inbox::new();
        std::iter::from_fn(|| port.receive(&mut inbox).map(|(r, _)| r.datagram.to_vec())).collect()
    }

    #[test]
    fn datagrams_come_with_their_sender_and_time() {
        let (mut port, address) = port();
        let peer = UdpSocket::bind(local()).unwrap();
        peer.send_to(b"hello", address).unwrap();
        let mut inbox = Inbox::new();

        let (received, source) = port.receive(&mut inbox).unwrap();

        assert_eq!(received.datagram, b"hello");
        assert!(received.stamp.unwrap() > 1_500_000_000_000_000_000);
        assert_eq!(source, peer.local_addr().unwrap());
    }

    #[test]
    fn a_connected_port_hears_one_peer_and_after_release_everybody() {
        let (mut port, address) = port();
        let peer = UdpSocket::bind(local()).unwrap();
        let stranger = UdpSocket::bind(local()).unwrap();
        port.connect(Some(peer.local_addr().unwrap()));
        let _refused = stranger.send_to(b"stranger", address);
        peer.send_to(b"peer", address).unwrap();
        assert_eq!(heard(&mut port), [b"peer"]);

        port.connect(None);
        stranger.send_to(b"stranger", address).unwrap();
        assert_eq!(heard(&mut port), [b"stranger"]);
    }

    #[test]
    fn what_strangers_sent_before_the_connection_is_told_apart() {
        let (mut port, address) = port();
        let peer = UdpSocket::bind(local()).unwrap();
        let stranger = UdpSocket::bind(local()).unwrap();
        stranger.send_to(b"stranger", address).unwrap();
        port.connect(Some(peer.local_addr().unwrap()));
        let mut inbox = Inbox::new();

        let (_, source) = port.receive(&mut inbox).unwrap();

        assert_eq!(source, stranger.local_addr().unwrap());
    }

    #[test]
    fn a_peer_that_went_away_does_not_stop_sending() {
        let (mut port, _) = port();
        let peer = UdpSocket::bind(local()).unwrap();
        let address = peer.local_addr().unwrap();
        port.connect(Some(address));
        drop(peer);
        port.send(b"lost", address).unwrap();
        let back = UdpSocket::bind(address).unwrap();

        port.send(b"found", address).unwrap();

        let mut bytes = [0; 16];
        assert_eq!(back.recv(&mut bytes).unwrap(), 5);
    }
}
