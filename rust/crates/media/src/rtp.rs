//! RTP packets as values (RFC 3550 section 5.1).

#![deny(clippy::indexing_slicing)]

use std::fmt;

/// Length of the header this core writes: no contributing sources, no extension.
pub const HEADER_LEN: usize = 12;

/// One received packet; the payload borrows from the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The fields of the fixed header.
    pub header: Header,
    /// What is left without contributing sources, extension and padding.
    pub payload: &'a [u8],
}

/// The fixed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Marks the start of a talkspurt.
    pub marker: bool,
    /// Seven bits.
    pub payload_type: u8,
    /// Counts packets, modulo 2^16.
    pub sequence: u16,
    /// Counts samples, modulo 2^32.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpError {
    /// Shorter than the fixed header.
    Short,
    /// Not version 2.
    Version,
    /// The list of contributing sources runs past the end.
    Sources,
    /// The header extension runs past the end.
    Extension,
    /// The padding is empty or longer than the payload.
    Padding,
}

impl fmt::Display for RtpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Short => "shorter than an RTP header",
            Self::Version => "not RTP version 2",
            Self::Sources => "contributing sources run past the end",
            Self::Extension => "header extension runs past the end",
            Self::Padding => "padding does not fit the payload",
        })
    }
}

impl std::error::Error for RtpError {}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let (fixed, mut rest) =
            datagram.split_first_chunk::<HEADER_LEN>().ok_or(RtpError::Short)?;
        let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
        if first >> 6 != 2 {
            return Err(RtpError::Version);
        }
        rest = rest.get(usize::from(first & 0x0F) * 4..).ok_or(RtpError::Sources)?;
        if first & 0x10 != 0 {
            let ([_, _, l0, l1], after) =
                rest.split_first_chunk::<4>().ok_or(RtpError::Extension)?;
            let words = usize::from(u16::from_be_bytes([*l0, *l1]));
            rest = after.get(words * 4..).ok_or(RtpError::Extension)?;
        }
        if first & 0x20 != 0 {
            let padding = rest.last().copied().map_or(0, usize::from);
            let kept = rest.len().checked_sub(padding).filter(|_| padding > 0);
            rest = kept.and_then(|length| rest.get(..length)).ok_or(RtpError::Padding)?;
        }
        let header = Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
        };
        Ok(Self { header, payload: rest })
    }
}

impl Header {
    /// The header as it goes on the wire.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let second = (self.marker as u8) << 7 | self.payload_type & 0x7F;
        [0x80, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3]
    }
}

/// Whether a datagram on a shared port is RTCP (RFC 5761 section 4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == 2)
}

/// Distance from `a` forward to `b`, modulo 2^16 (RFC 3550 appendix A.1).
#[must_use]
pub const fn forward(a: u16, b: u16) -> u16 {
    b.wrapping_sub(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        marker: true,
        payload_type: 101,
        sequence: 0xFFFE,
        timestamp: 0x0102_0304,
        ssrc: 0xDEAD_BEEF,
    };

    fn datagram(first: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = HEADER.to_bytes().to_vec();
        bytes.splice(..1, [first]);
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn a_header_survives_the_wire() {
        let bytes = datagram(0x80, b"sound");

        let packet = Packet::parse(&bytes).unwrap();

        assert_eq!(packet, Packet { header: HEADER, payload: b"sound" });
    }

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let mut tail = vec![9; 8];
        tail.extend_from_slice(&[0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        tail.extend_from_slice(b"sound\0\0\x03");
        let bytes = datagram(0xB2, &tail);

        assert_eq!(Packet::parse(&bytes).unwrap().payload, b"sound");
    }

    #[test]
    fn each_broken_field_is_named() {
        let cases: [(u8, &[u8], RtpError); 6] = [
            (0x40, b"", RtpError::Version),
            (0x81, b"abc", RtpError::Sources),
            (0x90, b"abc", RtpError::Extension),
            (0x90, b"\0\0\0\x01abc", RtpError::Extension),
            (0xA0, b"\x02", RtpError::Padding),
            (0xA0, b"ab\0", RtpError::Padding),
        ];

        for (first, tail, error) in cases {
            assert_eq!(Packet::parse(&datagram(first, tail)), Err(error));
        }
        assert_eq!(Packet::parse(&[0x80; 11]), Err(RtpError::Short));
        assert_eq!(Packet::parse(&datagram(0xA0, b"")), Err(RtpError::Padding));
    }

    #[test]
    fn rtcp_on_the_same_port_is_told_apart() {
        assert!(is_rtcp(&[0x81, 200, 0, 6]));
        assert!(!is_rtcp(&[0x80, 0x80 | 0x65, 0, 6]));
        assert!(!is_rtcp(&[0x80]));
    }

    #[test]
    fn distance_wraps_around() {
        assert_eq!(forward(0xFFFF, 2), 3);
        assert_eq!(forward(2, 1), 0xFFFF);
    }
}
