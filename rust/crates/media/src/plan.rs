//! What was negotiated for a stream.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::codec::Law;
use crate::codec::g711::PER_MS;
use crate::time::Nanos;

/// Packet lengths the core can send.
pub const PTIMES_MS: [u8; 5] = [10, 20, 30, 40, 60];

/// How to talk to the far end, from an offer and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the far end said it receives RTP.
    pub remote: SocketAddr,
    /// Where it receives RTCP.
    pub remote_rtcp: SocketAddr,
    /// The codec.
    pub law: Law,
    /// Its payload type.
    pub payload_type: u8,
    /// That of telephone events sent, if they were negotiated.
    pub dtmf_payload_type: Option<u8>,
    /// That of telephone events received. A far end that uses the other number is understood too.
    pub dtmf_receive_payload_type: Option<u8>,
    /// Length of a packet sent, one of [`PTIMES_MS`].
    pub ptime_ms: u8,
    /// Whether the far end wants to hear us.
    pub send: bool,
    /// Whether we want to hear it.
    pub receive: bool,
    /// The far end is given up after this long without a packet; zero never.
    pub timeout: Nanos,
    /// Whether the far end may turn out to send from another address than it said.
    pub latch: bool,
    /// The only address it may then send from.
    pub expected_ip: Option<IpAddr>,
}

/// A field of a plan that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for PlanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// Checks what the types cannot say. `local_ip` is the address that will send.
    pub fn check(&self, local_ip: IpAddr) -> Result<(), PlanError> {
        let wrong = |field, problem| Err(PlanError { field, problem });
        if self.remote.is_ipv4() != local_ip.is_ipv4() {
            return wrong("remote_ip", "is of another address family than bind_ip");
        }
        if self.remote.port() == 0 {
            return wrong("remote_port", "must not be 0");
        }
        if self.remote_rtcp.port() == 0 {
            return wrong("remote_rtcp_port", "must not be 0");
        }
        if self.payload_type > 127 {
            return wrong("payload_type", "must be at most 127");
        }
        let is_wrong = |pt| pt > 127 || pt == self.payload_type;
        if self.dtmf_payload_type.is_some_and(is_wrong) {
            return wrong("dtmf_payload_type", "must be at most 127 and not that of the codec");
        }
        if self.dtmf_receive_payload_type.is_some_and(is_wrong) {
            let problem = "must be at most 127 and not that of the codec";
            return wrong("dtmf_receive_payload_type", problem);
        }
        if !PTIMES_MS.contains(&self.ptime_ms) {
            return wrong("ptime_ms", "must be 10, 20, 30, 40 or 60");
        }
        Ok(())
    }

    /// How often the stream wants a tick, in milliseconds.
    #[must_use]
    pub const fn beat_ms(&self) -> u8 {
        if self.ptime_ms.is_multiple_of(20) { 20 } else { 10 }
    }

    /// Whether packets of this type carry telephone events.
    #[must_use]
    pub fn is_event(&self, payload_type: u8) -> bool {
        let number = Some(payload_type);
        number == self.dtmf_receive_payload_type || number == self.dtmf_payload_type
    }

    /// Samples in a packet.
    #[must_use]
    pub const fn frame_len(&self) -> usize {
        self.ptime_ms as usize * PER_MS
    }

    /// Whether the far end is expected to send.
    #[must_use]
    pub const fn is_on_hold(&self) -> bool {
        !(self.send && self.receive)
    }
}
